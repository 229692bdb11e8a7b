//! What is done to a data directory while no server has it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use millstream_log::{Disk, RealDisk};

use crate::serve::LOG_DIRECTORY;

/// Checks a data directory without changing it; 1 on damage.
pub fn fsck(data_dir: &Path) -> ExitCode {
    let _ = data_dir;
    ExitCode::FAILURE
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
