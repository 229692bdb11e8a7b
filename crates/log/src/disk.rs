//! The one door to the disk: everything that the engine does to files goes through these two traits.
//!
//! A disk is one flat directory. Calls may do less than asked (short reads and writes) and may be interrupted; the
//! functions at the end of this module repeat them until they are done.

use std::io::{self, IoSlice};
use std::sync::Arc;

mod direct;
mod ephemeral;
mod real;

pub use ephemeral::EphemeralDisk;
pub use real::RealDisk;

/// A directory of files.
pub trait Disk: Send + Sync + 'static {
    /// What to call the directory in messages.
    fn name(&self) -> String;
    /// Takes the directory for this process; `WouldBlock` if another has it. Held until the guard is dropped.
    fn lock(&self) -> io::Result<Box<dyn Send + Sync>>;
    /// The names of the files.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Opens a file that exists for reading and writing.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens a file that exists for reading only, without changing anything.
    fn open_to_read(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes a file that must not exist.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Gives a file another name, replacing what had it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Makes creations, removals and renames durable.
    fn sync_directory(&self) -> io::Result<()>;
    /// Bytes that may still be written to the disk.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Its size in bytes.
    fn size(&self) -> io::Result<u64>;
    /// Reads at `offset`; 0 at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Reads what is in memory already; `None` if the disk would have to be asked.
    fn read_cached(&self, buffer: &mut [u8], offset: u64) -> io::Result<Option<usize>>;
    /// Says that these bytes will be read soon. A hint.
    fn prefetch(&self, offset: u64, bytes: u64);
    /// Writes the buffers one after another at `offset`.
    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize>;
    /// Makes what was written durable, and the size. After a failure what was written may be lost even though it
    /// can be read: never retry.
    fn sync_data(&self) -> io::Result<()>;
    /// Reserves the bytes from 0 to `bytes` and makes the file at least that large.
    fn allocate(&self, bytes: u64) -> io::Result<()>;
    /// Makes the file this large.
    fn set_size(&self, bytes: u64) -> io::Result<()>;
    /// Forgets what is in memory of the file, so that reads come from the disk. Only after `sync_data`.
    fn drop_cached(&self) -> io::Result<()>;
}

/// Buffers per system call (`IOV_MAX` is 1024).
const BUFFERS_MAX: usize = 1000;

/// Writes everything at `offset`, however many calls it takes. Advances the slices.
pub fn write_all(
    file: &dyn DiskFile,
    buffers: &mut [IoSlice<'_>],
    mut offset: u64,
) -> io::Result<()> {
    let mut rest = buffers;
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        let some = rest.len().min(BUFFERS_MAX);
        match file.write_at(&rest[..some], offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                offset += written as u64;
                IoSlice::advance_slices(&mut rest, written);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Writes one buffer at `offset`, however many calls it takes.
pub fn write_all_of(file: &dyn DiskFile, bytes: &[u8], offset: u64) -> io::Result<()> {
    write_all(file, &mut [IoSlice::new(bytes)], offset)
}

/// Reads until the buffer is full or the file ends, and says how much it read.
pub fn read_full(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// Reads exactly the buffer; `UnexpectedEof` if the file ends before.
pub fn read_exact(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    if read_full(file, buffer, offset)? < buffer.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// Makes a file durable, repeating only what was interrupted before it began.
pub fn sync(file: &dyn DiskFile) -> io::Result<()> {
    loop {
        match file.sync_data() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Whether an error means that there is no room: the disk's, the quota's or the engine's own cap.
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
