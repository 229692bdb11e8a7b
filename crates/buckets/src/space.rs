//! Room for objects: what stays free on the disk, and the limit of a store that keeps nothing.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::disk;
use crate::error::{Error, Result};

/// What may still be written.
pub(crate) struct Space {
    directory: PathBuf,
    /// Bytes of the disk that stay free.
    reserved: u64,
    /// Bytes that all files may have together, and have.
    bytes_max: Option<u64>,
    used: AtomicU64,
}

impl Space {
    pub(crate) fn new(directory: PathBuf, reserved: u64, bytes_max: Option<u64>) -> Self {
        Space { directory, reserved, bytes_max, used: AtomicU64::new(0) }
    }

    /// Takes room for so many bytes, before they are written.
    pub(crate) fn take(&self, bytes: u64) -> Result<()> {
        let free = disk::free_bytes(&self.directory).map_err(Error::io("asking for free space"))?;
        if free < self.reserved.saturating_add(bytes) {
            return Err(Error::NoSpace);
        }
        let bytes_max = self.bytes_max.unwrap_or(u64::MAX);
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= bytes_max);
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.map(|_| ()).map_err(|_| Error::NoSpace)
    }

    /// Gives back what a file had. A store that began with files gives back more than it took: it has no limit.
    pub(crate) fn give(&self, bytes: u64) {
        let less = |used: u64| Some(used.saturating_sub(bytes));
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}
