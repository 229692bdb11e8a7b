//! Large writes around the page cache.
//!
//! A large commit through the page cache costs a copy into pages that have to be found first; on machines whose memory
//! is given to them only when it is touched that is slower than the disk. So a write of [`DIRECT_BYTES_MIN`] or more is
//! copied into one aligned buffer, used again and again, and goes to the disk from there (O_DIRECT). Errors of such a
//! write are told at once, by the write itself, so the sync that follows may use the file's other descriptor.

use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, TryLockError};
use std::time::Duration;

use crate::limits::{DIRECT_BYTES_MIN, DIRECT_STAGING_BYTES};

/// Offsets, lengths and memory of direct writes are multiples of this: the logical block of the usual device. A device
/// that wants more refuses the write, which then goes through the page cache.
const ALIGNMENT: usize = 512;
/// Alignment of the buffer: a page serves every device.
const BUFFER_ALIGNMENT: usize = 4096;
/// Large writes of an ephemeral disk after which the slower way is tried again.
const TRY_EVERY: u64 = 64;

/// The direct descriptor of the file that was written last, and the buffer that all files share.
#[derive(Default)]
pub(super) struct DirectWrites(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// The file's number, and its descriptor if the file system gives one.
    open: Option<(u64, Option<File>)>,
    staging: Vec<u8>,
}

impl DirectWrites {
    /// Writes as much of the buffers as one go takes; `None` if the write should go through the page cache.
    pub(super) fn write(
        &self,
        (number, file): (u64, &File),
        buffers: &[IoSlice<'_>],
        offset: u64,
    ) -> Option<usize> {
        let total: usize = buffers.iter().map(|buffer| buffer.len()).sum();
        if total < DIRECT_BYTES_MIN || !offset.is_multiple_of(ALIGNMENT as u64) {
            return None;
        }
        // Who finds the buffer in use does not wait for it: a commit never waits for a segment that is prepared.
        let mut inner = match self.0.try_lock() {
            Ok(inner) => inner,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let inner = &mut *inner;
        if inner.open.as_ref().is_none_or(|(open, _)| *open != number) {
            inner.open = Some((number, reopen(file).ok()));
        }
        let (_, direct) = inner.open.as_mut()?;
        let bytes = stage(&mut inner.staging, buffers);
        let written = direct.as_ref().map(|direct| write_at(direct, bytes, offset))?;
        match written {
            Ok(written) => Some(written),
            Err(_) => {
                // Whatever the reason, the page cache's way tells it properly; this file is not tried again.
                *direct = None;
                None
            }
        }
    }
}

/// Chooses between the page cache and the way around it where nothing is ever synced: whichever took less time per
/// byte lately. A slow disk must not be waited for while there is memory, and memory that is given only when it is
/// touched must not be waited for while the disk is faster.
#[derive(Default)]
pub(super) struct Faster {
    /// Nanoseconds per MiB, smoothed; 0 before the first write.
    direct: AtomicU64,
    cached: AtomicU64,
    writes: AtomicU64,
}

impl Faster {
    /// Whether the next large write should go around the page cache. Now and then the slower way is tried, since both
    /// change: memory fills, and a disk has good and bad hours.
    pub(super) fn goes_direct(&self) -> bool {
        let (direct, cached) =
            (self.direct.load(Ordering::Relaxed), self.cached.load(Ordering::Relaxed));
        let faster = direct < cached;
        let tried_again = self.writes.fetch_add(1, Ordering::Relaxed) % TRY_EVERY == TRY_EVERY - 1;
        faster != tried_again
    }

    /// Notes how long a large write took.
    pub(super) fn note(&self, direct: bool, bytes: usize, took: Duration) {
        let figure = if direct { &self.direct } else { &self.cached };
        let now = (took.as_nanos() as u64).saturating_mul(1 << 20) / (bytes as u64).max(1);
        let before = figure.load(Ordering::Relaxed);
        let smoothed = if before == 0 { now } else { before - before / 4 + now / 4 };
        figure.store(smoothed.max(1), Ordering::Relaxed);
    }
}

/// Whether a write is one of those that may go around the page cache.
pub(super) fn is_large(buffers: &[IoSlice<'_>]) -> bool {
    buffers.iter().map(|buffer| buffer.len()).sum::<usize>() >= DIRECT_BYTES_MIN
}

/// Copies the buffers into the staging buffer: a whole number of blocks, as many as there is room for.
fn stage<'s>(staging: &'s mut Vec<u8>, buffers: &[IoSlice<'_>]) -> &'s [u8] {
    if staging.is_empty() {
        staging.resize(DIRECT_STAGING_BYTES + BUFFER_ALIGNMENT, 0);
    }
    let start = staging.as_ptr().align_offset(BUFFER_ALIGNMENT).min(BUFFER_ALIGNMENT);
    let room = &mut staging[start..start + DIRECT_STAGING_BYTES];
    let mut filled = 0;
    for buffer in buffers {
        let some = buffer.len().min(room.len() - filled);
        room[filled..filled + some].copy_from_slice(&buffer[..some]);
        filled += some;
    }
    &room[..filled / ALIGNMENT * ALIGNMENT]
}

#[cfg(target_os = "linux")]
fn reopen(file: &File) -> io::Result<File> {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::DIRECT.bits() as i32;
    // By descriptor, since an ephemeral file has no name.
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    std::fs::OpenOptions::new().write(true).custom_flags(flags).open(path)
}

#[cfg(not(target_os = "linux"))]
fn reopen(_file: &File) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    use std::os::unix::fs::FileExt;
    loop {
        match file.write_at(bytes, offset) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Disk, EphemeralDisk, read_exact, sync, write_all};
    use super::*;

    #[test]
    fn the_faster_way_is_taken_and_the_other_tried_now_and_then() {
        let faster = Faster::default();
        let mib = 1 << 20;
        assert!(!faster.goes_direct(), "the page cache comes first");
        faster.note(false, mib, Duration::from_millis(2));
        assert!(faster.goes_direct(), "then the other way is measured");
        faster.note(true, mib, Duration::from_millis(20));
        let direct = (0..2 * TRY_EVERY).filter(|_| faster.goes_direct()).count();
        assert_eq!(direct, 2);
        for _ in 0..40 {
            faster.note(false, 2 * mib, Duration::from_millis(100));
        }
        assert!((0..3).all(|_| faster.goes_direct()), "memory has become the slower one");
    }

    #[test]
    fn large_writes_read_back_whatever_their_pieces() {
        let disk = EphemeralDisk::new(std::env::temp_dir());
        let file = disk.create("x").unwrap();
        let piece = |n: usize| (0..n).map(|i| (i * 7 + n) as u8).collect::<Vec<u8>>();
        let pieces: Vec<Vec<u8>> =
            [100_000, 3, DIRECT_STAGING_BYTES, 511, 70_001].map(piece).into();
        let whole = pieces.concat();
        for offset in [0, 512, 4096, 100] {
            let mut slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
            write_all(&*file, &mut slices, offset).unwrap();
            sync(&*file).unwrap();
            let mut read = vec![0; whole.len()];
            read_exact(&*file, &mut read, offset).unwrap();
            assert!(read == whole, "offset {offset}");
        }
    }
}
