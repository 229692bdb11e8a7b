//! What is done to a data directory while no server has it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use millstream_log::{Disk, FsckReport, RealDisk};

use crate::serve::LOG_DIRECTORY;

/// Checks a data directory without changing it; 1 on damage.
pub fn fsck(data_dir: &Path) -> ExitCode {
    let report = RealDisk::existing(data_dir.join(LOG_DIRECTORY))
        .map_err(|error| error.to_string())
        .and_then(|disk| {
            let disk: Arc<dyn Disk> = Arc::new(disk);
            millstream_log::fsck(&disk).map_err(|error| error.to_string())
        });
    match report {
        Ok(report) => {
            print_report(&report);
            if report.damage.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("millstream: {}: {error}", data_dir.display());
            ExitCode::FAILURE
        }
    }
}

fn print_report(report: &FsckReport) {
    println!(
        "format {}: {} segments, {} groups, {} logs, {} commits, {} blocks, {} bytes",
        report.format,
        report.segments,
        report.groups,
        report.logs,
        report.commits,
        report.blocks,
        report.bytes
    );
    for (file, offset) in &report.cuts {
        println!("torn, never acknowledged: {file} at byte {offset}");
    }
    report.notes.iter().for_each(|note| println!("note: {note}"));
    report.damage.iter().for_each(|damage| println!("DAMAGE: {damage}"));
    println!(
        "{}",
        if report.damage.is_empty() { "no damage" } else { "acknowledged data is damaged" }
    );
}

/// Lets this release write its newest formats into a data directory.
pub fn finalize(data_dir: &Path) -> Result<(), String> {
    let disk = RealDisk::existing(data_dir.join(LOG_DIRECTORY))
        .map_err(|error| format!("{}: {error}", data_dir.display()))?;
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let (before, now) = millstream_log::finalize(&disk).map_err(|error| error.to_string())?;
    if before == now {
        println!("{} writes format {now} already", disk.name());
    } else {
        println!("{} wrote format {before} and writes format {now} from now on", disk.name());
    }
    Ok(())
}
