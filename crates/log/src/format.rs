//! The `FORMAT` file: which version a directory is written in.

use std::io;
use std::sync::Arc;

use crate::disk::{Disk, read_full, sync, write_all_of};
use crate::options::{OpenError, doing};
use crate::segment::file_number;

/// The newest format that this release reads and writes.
pub const FORMAT_NEWEST: u32 = 1;

/// The oldest format that this release reads.
pub const FORMAT_OLDEST: u32 = 1;

pub(crate) const FILE: &str = "FORMAT";
const NEW_FILE: &str = "FORMAT.new";
const PREFIX: &str = "millstream log ";

/// Whether a directory was ever written by an engine: it has a format, or segments whose format was lost.
pub fn was_used(disk: &dyn Disk) -> io::Result<bool> {
    Ok(disk.list()?.iter().any(|name| name == FILE || file_number(name).is_some()))
}

/// The format that a directory is written in; `None` if it has none yet. Changes nothing, and fails for one that this
/// release does not know, and where there are segments and nothing says how they are written.
pub fn format_of(disk: &dyn Disk) -> Result<Option<u32>, OpenError> {
    match read_format(disk)? {
        None if has_segments(disk)? => Err(OpenError::LostFormat { directory: disk.name() }),
        format => Ok(format),
    }
}

/// A first start that was cut short left no segment: the format is durable before the first is made.
fn has_segments(disk: &dyn Disk) -> Result<bool, OpenError> {
    let names = disk.list().map_err(doing(format!("listing {}", disk.name())))?;
    Ok(names.iter().any(|name| file_number(name).is_some()))
}

/// What a directory says of its format; `None` if it says nothing.
pub(crate) fn read_format(disk: &dyn Disk) -> Result<Option<u32>, OpenError> {
    let file = match disk.open_to_read(FILE) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(doing(format!("opening {FILE} in {}", disk.name()))(e)),
    };
    let mut bytes = [0; 64];
    let read = read_full(&*file, &mut bytes, 0)
        .map_err(doing(format!("reading {FILE} in {}", disk.name())))?;
    let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
    if PREFIX.starts_with(&text) {
        return Ok(None);
    }
    let version = text.strip_prefix(PREFIX).and_then(|rest| rest.trim_end().parse().ok());
    match version {
        Some(version) if (FORMAT_OLDEST..=FORMAT_NEWEST).contains(&version) => Ok(Some(version)),
        _ => Err(OpenError::UnknownFormat {
            directory: disk.name(),
            found: version.map_or_else(|| format!("{:?}", text.trim_end()), |v| v.to_string()),
            known: FORMAT_NEWEST,
        }),
    }
}

/// Writes the format, durably and at once.
pub(crate) fn write_format(disk: &dyn Disk, version: u32) -> Result<(), OpenError> {
    let text = format!("{PREFIX}{version}\n");
    let write = || {
        match disk.remove(NEW_FILE) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            Ok(()) | Err(_) => {}
        }
        let file = disk.create(NEW_FILE)?;
        write_all_of(&*file, text.as_bytes(), 0)?;
        sync(&*file)?;
        disk.rename(NEW_FILE, FILE)?;
        disk.sync_directory()
    };
    write().map_err(doing(format!("writing {FILE} in {}", disk.name())))
}

/// From now on the directory is written in this release's format: the release before cannot open it any more. Returns
/// the format before and the one now. The directory must not be in use.
pub fn finalize(disk: &Arc<dyn Disk>) -> Result<(u32, u32), OpenError> {
    let before = format_of(&**disk)?.unwrap_or(FORMAT_NEWEST);
    let _lock = lock(&**disk)?;
    if before != FORMAT_NEWEST {
        write_format(&**disk, FORMAT_NEWEST)?;
    }
    Ok((before, FORMAT_NEWEST))
}

/// Takes the directory for this process.
pub(crate) fn lock(disk: &dyn Disk) -> Result<Box<dyn Send + Sync>, OpenError> {
    disk.lock().map_err(|e| match e.kind() {
        io::ErrorKind::WouldBlock => OpenError::InUse { directory: disk.name() },
        _ => doing(format!("locking {}", disk.name()))(e),
    })
}
