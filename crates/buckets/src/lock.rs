//! Who has a store's directory: one process at a time.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use millstream_types::Random;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::names::UploadId;

/// Locked as long as a store is open.
const LOCK: &str = "lock";
/// What directories of temporary stores begin with.
const TEMPORARY: &str = "millstream-buckets-";
/// Directories made until a temporary store has one for itself.
const TEMPORARY_ATTEMPTS: usize = 16;

/// Takes a directory that is looked at, making nothing: one without a lock file was never used.
pub(crate) fn take(root: &Path) -> Result<Option<File>> {
    let taken = match File::open(root.join(LOCK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.and_then(lock),
    };
    let taken = taken.and_then(|taken| taken.ok_or_else(in_use));
    taken.map(Some).map_err(Error::io("locking the buckets"))
}

fn in_use() -> io::Error {
    io::Error::other("another process has it open")
}

/// Takes the lock of a store for as long as the file is open. `None`: another has it.
fn lock(file: File) -> io::Result<Option<File>> {
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes the directory of a store, for this user's eyes only, and takes its lock.
pub(crate) fn make_and_lock(root: &Path) -> io::Result<File> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(root)?;
    let file = File::options().create(true).append(true).open(root.join(LOCK))?;
    lock(file)?.ok_or_else(in_use)
}

/// Makes a directory that no other store has. One that starts beside this may take it for an
/// orphan until its lock is held; then another is made.
pub(crate) fn make_temporary(parent: &Path, random: &dyn Random) -> io::Result<(PathBuf, File)> {
    let attempt = || {
        let root = parent.join(format!("{TEMPORARY}{}", UploadId::draw(random)));
        let lock = make_and_lock(&root)?;
        if lock.metadata()?.nlink() == 0 {
            return Err(io::Error::other("it was removed as an orphan"));
        }
        Ok((root, lock))
    };
    (1..TEMPORARY_ATTEMPTS).find_map(|_| attempt().ok()).map_or_else(attempt, Ok)
}

/// Removes the directories of temporary stores that were killed.
pub(crate) fn remove_orphans(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries {
        if !entry.file_name().to_str().is_some_and(|name| name.starts_with(TEMPORARY)) {
            continue;
        }
        // One that has no lock yet is being made. The lock is kept until all is removed, so that
        // nobody takes what is half removed.
        let file = File::options().append(true).open(entry.path().join(LOCK));
        if let Ok(Some(_held)) = file.and_then(lock) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
