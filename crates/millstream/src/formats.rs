//! The formats of a data directory: which versions its parts are written in.

use std::path::Path;
use std::sync::Arc;

use millstream_log::{Disk, RealDisk, was_used};

use crate::s3_config::BUCKETS_DIRECTORY;
use crate::serve::LOG_DIRECTORY;

/// Refuses a data directory that has a part of a version that this release does not know, or that was lost. Nothing is
/// opened or written before this was asked.
pub fn check(data_dir: &Path) -> Result<(), String> {
    let log = data_dir.join(LOG_DIRECTORY);
    if log.is_dir() {
        let disk = RealDisk::existing(log);
        let disk = disk.map_err(|error| format!("{}: {error}", data_dir.display()))?;
        millstream_log::format_of(&disk).map_err(|error| error.to_string())?;
    }
    let buckets = millstream_buckets::format_of(&data_dir.join(BUCKETS_DIRECTORY));
    buckets.map(drop).map_err(|error| error.to_string())
}

/// The log of a data directory that is one.
pub fn log_of(data_dir: &Path) -> Result<Arc<dyn Disk>, String> {
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

/// Lets this release write its newest formats into a data directory.
pub fn finalize(data_dir: &Path) -> Result<(), String> {
    let disk = log_of(data_dir)?;
    // All are known before one is changed.
    check(data_dir)?;
    let (before, now) = millstream_log::finalize(&disk).map_err(|error| error.to_string())?;
    tell(&disk.name(), before, now);
    let buckets = data_dir.join(BUCKETS_DIRECTORY);
    let finalized = millstream_buckets::finalize(&buckets).map_err(|error| error.to_string())?;
    if let Some((before, now)) = finalized {
        tell(&buckets.display().to_string(), before, now);
    }
    Ok(())
}

fn tell(directory: &str, before: u32, now: u32) {
    if before == now {
        println!("{directory} writes format {now} already");
    } else {
        println!("{directory} wrote format {before} and writes format {now} from now on");
    }
}
