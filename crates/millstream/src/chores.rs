//! What is done to a data directory while no server has it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use millstream_catalog::CATALOG_GROUP;
use millstream_log::{Disk, FsckReport, RealDisk, was_used};

use crate::fsck_encryption;
use crate::master_key::MASTER_KEY_FILE;
use crate::serve::LOG_DIRECTORY;

/// What `fsck` exits with on damage; whatever else keeps it from an answer is [`UNANSWERED`].
const DAMAGED: u8 = 1;
const UNANSWERED: u8 = 2;

/// The log of a data directory that is one.
fn log_of(data_dir: &Path) -> Result<Arc<dyn Disk>, String> {
    let name = data_dir.display();
    let none = || format!("{name} is no Millstream data directory (no {LOG_DIRECTORY}/FORMAT)");
    let directory = data_dir.join(LOG_DIRECTORY);
    if !directory.is_dir() {
        return Err(none());
    }
    let disk = RealDisk::existing(directory).map_err(|error| format!("{name}: {error}"))?;
    match was_used(&disk) {
        Ok(true) => Ok(Arc::new(disk)),
        Ok(false) => Err(none()),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

/// Checks a data directory without changing it; exits with 1 on damage and with 2 where it cannot say.
pub fn fsck(data_dir: &Path, master_key_file: Option<PathBuf>) -> ExitCode {
    let checked = log_of(data_dir).and_then(|disk| {
        let report = millstream_log::fsck(&disk)
            .map_err(|error| format!("{}: {error}", data_dir.display()))?;
        Ok((disk, report))
    });
    let (disk, report) = match checked {
        Ok(checked) => checked,
        Err(error) => {
            eprintln!("millstream: {error}");
            return ExitCode::from(UNANSWERED);
        }
    };
    print_report(&report);
    if !report.damage.is_empty() {
        tell_what_to_do(&disk, &report);
        return ExitCode::from(DAMAGED);
    }
    let file = master_key_file.unwrap_or_else(|| data_dir.join(MASTER_KEY_FILE));
    match fsck_encryption::check(&disk, &file) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(DAMAGED),
        Err(error) => {
            println!("encrypted blocks could not be checked: {error}");
            ExitCode::from(UNANSWERED)
        }
    }
}

/// Whose records are damaged, as far as the catalog can be read, and what comes next.
fn tell_what_to_do(disk: &Arc<dyn Disk>, report: &FsckReport) {
    let streams = match report.damaged_logs.is_empty() {
        true => BTreeMap::new(),
        // Without the catalog groups have no names; the damage itself was told.
        false => fsck_encryption::stream_names(disk).unwrap_or_default(),
    };
    for log in &report.damaged_logs {
        match streams.get(&log.group) {
            Some(stream) => println!("{log} is {stream}"),
            None if log.group == CATALOG_GROUP => println!("{log} is the catalog"),
            None => println!("{log} belongs to no stream that could be found"),
        }
    }
    println!(
        "next: copy the directory, look after its disk, and bring back the files named above from a copy; until then a \
         server on it answers reads of what is whole and refuses writes"
    );
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
    let disk = log_of(data_dir)?;
    let (before, now) = millstream_log::finalize(&disk).map_err(|error| error.to_string())?;
    if before == now {
        println!("{} writes format {now} already", disk.name());
    } else {
        println!("{} wrote format {before} and writes format {now} from now on", disk.name());
    }
    Ok(())
}
