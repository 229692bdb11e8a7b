//! A directory of this machine. Linux is what is tested; elsewhere the same calls fall back to what every Unix has.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FlockOperation, flock};

use super::direct::{DirectWrites, Faster, is_large};
use super::{Disk, DiskFile};

/// A directory on a file system.
pub struct RealDisk {
    directory: PathBuf,
    direct: Arc<DirectWrites>,
}

/// The file whose lock is the directory's lock.
const LOCK_FILE: &str = "lock";

impl RealDisk {
    /// The directory, made if it does not exist (parents too; readable by the owner alone).
    pub fn create(directory: impl Into<PathBuf>) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let directory = directory.into();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        Ok(RealDisk { directory, direct: Arc::default() })
    }

    /// A directory that exists; nothing is changed.
    pub fn existing(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let directory = directory.into();
        if !fs::metadata(&directory)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(RealDisk { directory, direct: Arc::default() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.directory
    }
}

impl Disk for RealDisk {
    fn name(&self) -> String {
        self.directory.display().to_string()
    }

    fn lock(&self) -> io::Result<Box<dyn Send + Sync>> {
        let path = self.directory.join(LOCK_FILE);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Box::new(file))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(self.directory.join(name))?;
        Ok(Arc::new(RealFile::new(file, self.direct.clone())))
    }

    fn open_to_read(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = File::open(self.directory.join(name))?;
        Ok(Arc::new(RealFile::new(file, self.direct.clone())))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.directory.join(name);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Arc::new(RealFile::new(file, self.direct.clone())))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.directory.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.directory.join(from), self.directory.join(to))
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        free_bytes(&self.directory)
    }
}

/// Bytes that this process may still write to the file system of `directory`.
pub(super) fn free_bytes(directory: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(directory)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// A file of a [`RealDisk`], or an unlinked one.
pub(super) struct RealFile {
    file: File,
    /// Tells the files of one process apart.
    number: u64,
    direct: Arc<DirectWrites>,
    /// Chooses the way of large writes; none where they always go around the page cache.
    faster: Option<Arc<Faster>>,
}

static FILES: AtomicU64 = AtomicU64::new(0);

impl RealFile {
    pub(super) fn new(file: File, direct: Arc<DirectWrites>) -> Self {
        RealFile { file, number: FILES.fetch_add(1, Ordering::Relaxed), direct, faster: None }
    }

    /// A file whose large writes go whichever way is the faster one.
    pub(super) fn choosing(file: File, direct: Arc<DirectWrites>, faster: Arc<Faster>) -> Self {
        RealFile { faster: Some(faster), ..RealFile::new(file, direct) }
    }

    fn write_direct(&self, buffers: &[IoSlice<'_>], offset: u64) -> Option<usize> {
        self.direct.write((self.number, &self.file), buffers, offset)
    }

    fn write_cached(&self, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        #[cfg(target_os = "linux")]
        return Ok(rustix::io::pwritev(&self.file, buffers, offset)?);
        #[cfg(not(target_os = "linux"))]
        return match buffers.iter().find(|b| !b.is_empty()) {
            Some(buffer) => self.file.write_at(buffer, offset),
            None => Ok(0),
        };
    }

    #[allow(clippy::disallowed_methods)] // the disk owns the times of its own I/O
    fn write_faster(
        &self,
        faster: &Faster,
        buffers: &[IoSlice<'_>],
        offset: u64,
    ) -> io::Result<usize> {
        let begun = std::time::Instant::now();
        let direct = match faster.goes_direct() {
            true => self.write_direct(buffers, offset),
            false => None,
        };
        let written = match direct {
            Some(written) => written,
            None => self.write_cached(buffers, offset)?,
        };
        faster.note(direct.is_some(), written, begun.elapsed());
        Ok(written)
    }
}

impl DiskFile for RealFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    #[cfg(target_os = "linux")]
    fn read_cached(&self, buffer: &mut [u8], offset: u64) -> io::Result<Option<usize>> {
        use rustix::io::{Errno, ReadWriteFlags, preadv2};
        let mut slices = [io::IoSliceMut::new(buffer)];
        match preadv2(&self.file, &mut slices, offset, ReadWriteFlags::NOWAIT) {
            Ok(read) => Ok(Some(read)),
            Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn read_cached(&self, _buffer: &mut [u8], _offset: u64) -> io::Result<Option<usize>> {
        Ok(None)
    }

    fn prefetch(&self, offset: u64, bytes: u64) {
        #[cfg(target_os = "linux")]
        {
            let bytes = std::num::NonZeroU64::new(bytes);
            let _ = rustix::fs::fadvise(&self.file, offset, bytes, rustix::fs::Advice::WillNeed);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (offset, bytes);
    }

    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        match &self.faster {
            Some(faster) if is_large(buffers) => self.write_faster(faster, buffers, offset),
            _ => match self.write_direct(buffers, offset) {
                Some(written) => Ok(written),
                None => self.write_cached(buffers, offset),
            },
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        // On macOS the standard library does this by F_FULLFSYNC.
        self.file.sync_data()
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{FallocateFlags, fallocate};
            match fallocate(&self.file, FallocateFlags::empty(), 0, bytes) {
                Err(rustix::io::Errno::OPNOTSUPP) => self.set_size(self.size()?.max(bytes)),
                done => Ok(done?),
            }
        }
        #[cfg(not(target_os = "linux"))]
        self.set_size(self.size()?.max(bytes))
    }

    fn set_size(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    fn drop_cached(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        rustix::fs::fadvise(&self.file, 0, None, rustix::fs::Advice::DontNeed)?;
        Ok(())
    }
}
