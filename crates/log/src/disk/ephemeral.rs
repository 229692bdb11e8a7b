//! Files that vanish with the process: they have no name on the file system from the moment they are made.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::direct::{DirectWrites, Faster};
use super::real::{RealFile, free_bytes};
use super::{Disk, DiskFile};

/// Unlinked temporary files in a directory.
pub struct EphemeralDisk {
    directory: PathBuf,
    files: Mutex<BTreeMap<String, Arc<RealFile>>>,
    direct: Arc<DirectWrites>,
    faster: Arc<Faster>,
}

/// Tells the temporary files of one process apart for the moment that they have a name.
static MADE: AtomicU64 = AtomicU64::new(0);

impl EphemeralDisk {
    /// Files in `directory`, which must exist.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        EphemeralDisk {
            directory: directory.into(),
            files: Mutex::default(),
            direct: Arc::default(),
            faster: Arc::default(),
        }
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Arc<RealFile>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for EphemeralDisk {
    fn name(&self) -> String {
        format!("unlinked files in {}", self.directory.display())
    }

    fn lock(&self) -> io::Result<Box<dyn Send + Sync>> {
        Ok(Box::new(()))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files().keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        match self.files().get(name) {
            Some(file) => Ok(file.clone()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn open_to_read(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.open(name)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let unique = format!(".millstream-{}-{made}", std::process::id());
        let path = self.directory.join(unique);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path)?;
        let file = Arc::new(RealFile::choosing(file, self.direct.clone(), self.faster.clone()));
        self.files().insert(name.to_owned(), file.clone());
        Ok(file)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.files().remove(name);
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.files();
        let file = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        free_bytes(&self.directory)
    }
}
