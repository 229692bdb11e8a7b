//! What is done to a data directory while no server has it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use millstream_log::{Disk, FsckReport, RealDisk};

use crate::fsck_encryption;
use crate::master_key::MASTER_KEY_FILE;
use crate::serve::LOG_DIRECTORY;

/// Checks a data directory without changing it; 1 on damage.
pub fn fsck(data_dir: &Path, master_key_file: Option<PathBuf>) -> ExitCode {
    let report = RealDisk::existing(data_dir.join(LOG_DIRECTORY))
        .map_err(|error| error.to_string())
        .and_then(|disk| {
            let disk: Arc<dyn Disk> = Arc::new(disk);
            millstream_log::fsck(&disk).map_err(|error| error.to_string())
        });
    match report {
        Ok(report) => {
            print_report(&report);
            let sound = report.damage.is_empty() && encryption_is_sound(data_dir, master_key_file);
            if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("millstream: {}: {error}", data_dir.display());
            ExitCode::FAILURE
        }
    }
}

/// Says what there is of encrypted blocks. The blocks themselves were checked before.
fn encryption_is_sound(data_dir: &Path, master_key_file: Option<PathBuf>) -> bool {
    let file = master_key_file.unwrap_or_else(|| data_dir.join(MASTER_KEY_FILE));
    let checked = RealDisk::existing(data_dir.join(LOG_DIRECTORY))
        .map_err(|error| error.to_string())
        .and_then(|disk| {
            let disk: Arc<dyn Disk> = Arc::new(disk);
            fsck_encryption::check(&disk, &file)
        });
    checked.unwrap_or_else(|error| {
        println!("encrypted blocks could not be checked: {error}");
        false
    })
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
