//! Segments that wait to be written: prepared ahead while the disk is quiet, or freed by what died in them.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::disk::{DiskFile, is_full, sync, write_all_of};
use crate::limits::{PREPARE_STEP_BYTES, SEGMENTS_OF_DATA};
use crate::segment::{DATA_START, Segment, SegmentHeader, file_name};
use crate::shared::Shared;

/// A file that waits for its next life.
pub(crate) struct FreeSegment {
    pub(crate) file_id: u64,
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) bytes: u64,
    /// Whether its blocks were written before, so that a sync into them is cheap.
    pub(crate) written: bool,
}

/// The free segments.
#[derive(Default)]
pub(crate) struct Pool(Mutex<State>);

#[derive(Default)]
struct State {
    free: Vec<FreeSegment>,
    /// Out of the set, but perhaps still read.
    retiring: Vec<Arc<Segment>>,
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, segment: FreeSegment) {
        self.lock().free.push(segment);
    }

    /// Segments that left the set; they become free when nobody reads them any more.
    pub(crate) fn retire(&self, segments: Vec<Arc<Segment>>) {
        self.lock().retiring.extend(segments);
    }

    /// The best free segment of at least `bytes`: a written one first.
    fn take(&self, bytes: u64) -> Option<FreeSegment> {
        let mut state = self.lock();
        let fits = state.free.iter().enumerate().filter(|(_, s)| s.bytes >= bytes);
        let (at, _) = fits.max_by_key(|(_, s)| (s.written, std::cmp::Reverse(s.bytes)))?;
        Some(state.free.swap_remove(at))
    }

    /// A free segment to remove: the smallest.
    fn take_to_remove(&self) -> Option<FreeSegment> {
        let mut state = self.lock();
        let (at, _) = state.free.iter().enumerate().min_by_key(|(_, s)| s.bytes)?;
        Some(state.free.swap_remove(at))
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().free.len()
    }

    /// Written segments of at least `bytes`.
    pub(crate) fn ready(&self, bytes: u64) -> usize {
        self.lock().free.iter().filter(|s| s.written && s.bytes >= bytes).count()
    }

    /// Whether it has a segment of at least `bytes`.
    pub(crate) fn has(&self, bytes: u64) -> bool {
        self.lock().free.iter().any(|s| s.bytes >= bytes)
    }

    /// Bytes of all files in it.
    pub(crate) fn bytes(&self) -> u64 {
        let state = self.lock();
        let retiring: u64 = state.retiring.iter().map(|s| s.bytes.load(Ordering::Relaxed)).sum();
        state.free.iter().map(|s| s.bytes).sum::<u64>() + retiring
    }

    /// Those retired segments that nobody reads any more.
    fn take_unread(&self) -> Vec<Arc<Segment>> {
        let mut state = self.lock();
        let unread = |s: &mut Arc<Segment>| Arc::strong_count(s) == 1;
        state.retiring.extract_if(.., unread).collect()
    }
}

/// `bytes`, doubled until `needed` bytes and a footer of `footer_bytes` fit.
fn grown(mut bytes: u64, needed: u64, footer_bytes: u64) -> u64 {
    let required = DATA_START + needed + footer_bytes + 4096;
    let required = required.max(footer_bytes * 4);
    while bytes < required {
        bytes *= 2;
    }
    bytes
}

impl Shared {
    /// How large the next segment should be so that `needed` bytes and a footer of `footer_bytes` fit.
    pub(crate) fn segment_bytes(&self, needed: u64, footer_bytes: u64) -> u64 {
        let options = &self.options;
        let (least, mut most) = (options.segment_bytes_min, options.segment_bytes_max);
        if let Some(capacity) = options.capacity_bytes {
            most = most.min(capacity / SEGMENTS_OF_DATA).max(least);
        }
        let by_data = (self.set().data_bytes() / SEGMENTS_OF_DATA).next_power_of_two();
        grown(by_data.clamp(least, most), needed, footer_bytes)
    }

    /// The smallest segment that `needed` bytes and a footer of `footer_bytes` fit.
    pub(crate) fn segment_bytes_least(&self, needed: u64, footer_bytes: u64) -> u64 {
        grown(self.options.segment_bytes_min, needed, footer_bytes)
    }

    /// A segment to be written next, of at least `bytes`. An error of which [`is_full`] is true means that there is no
    /// room for one.
    pub(crate) fn next_segment(&self, bytes: u64) -> io::Result<FreeSegment> {
        self.reclaim_unread();
        if let Some(free) = self.pool.take(bytes) {
            return Ok(free);
        }
        self.counters.segments_made_late.add(1);
        self.make_segment(bytes, self.options.disk_bytes_reserved)
    }

    /// A segment whose space comes out of what the disk keeps in reserve.
    pub(crate) fn reserved_segment(&self, bytes: u64) -> io::Result<FreeSegment> {
        self.counters.segments_made_late.add(1);
        self.make_segment(bytes, 0)
    }

    /// Whether another segment can be had, nothing changed for it.
    pub(crate) fn has_room(&self) -> io::Result<bool> {
        let bytes = self.segment_bytes(0, 0);
        if self.pool.has(bytes) {
            return Ok(true);
        }
        let (in_use, idle) = (self.set().disk_bytes(), self.pool.bytes());
        let capped = self.options.capacity_bytes.is_some_and(|most| in_use + bytes > most);
        let free = self.options.disk.free_bytes()?.saturating_add(idle);
        Ok(!capped && free >= bytes.saturating_add(self.options.disk_bytes_reserved))
    }

    /// Makes a file of `bytes` whose space is reserved and whose directory entry is durable.
    fn make_segment(&self, bytes: u64, reserve: u64) -> io::Result<FreeSegment> {
        self.make_room(bytes, reserve)?;
        let file_id = self.new_file();
        let name = file_name(file_id);
        let disk = &self.options.disk;
        let file = disk.create(&name)?;
        let made = file.allocate(bytes).and_then(|()| match self.options.sync {
            true => sync(&*file).and_then(|()| disk.sync_directory()),
            false => Ok(()),
        });
        if let Err(e) = made {
            // Nothing is in it: whether its removal succeeds does not matter.
            let _ = disk.remove(&name);
            return Err(e);
        }
        Ok(FreeSegment { file_id, file, bytes, written: false })
    }

    /// Sees that `bytes` more may be used and `reserve` stay free, giving up free segments if need be.
    fn make_room(&self, bytes: u64, reserve: u64) -> io::Result<()> {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        loop {
            let used = self.set().disk_bytes() + self.pool.bytes();
            let capped = self.options.capacity_bytes.is_some_and(|most| used + bytes > most);
            let free = self.options.disk.free_bytes()?;
            if !capped && free >= bytes.saturating_add(reserve) {
                return Ok(());
            }
            if let Some(idle) = self.pool.take_to_remove() {
                self.remove_file(idle.file_id);
            } else if self.removed.swap(false, Ordering::Relaxed) {
                self.options.disk.sync_directory()?;
            } else {
                return Err(full());
            }
        }
    }

    /// Removes a file that holds nothing. A failure is harmless: the next start finds it.
    pub(crate) fn remove_file(&self, file_id: u64) {
        match self.options.disk.remove(&file_name(file_id)) {
            Ok(()) => self.removed.store(true, Ordering::Relaxed),
            Err(_) => self.counters.failures.add(1),
        }
    }

    /// Moves retired segments that nobody reads any more into the pool, or removes them if it has enough.
    pub(crate) fn reclaim_unread(&self) {
        let wanted = self.segment_bytes(0, 0) / 2;
        let most = self.pool_bytes_max();
        for segment in self.pool.take_unread() {
            let bytes = segment.bytes.load(Ordering::Relaxed);
            if bytes < wanted || self.pool.bytes() + bytes > most || self.owes_reserve() {
                self.remove_file(segment.file_id);
                continue;
            }
            let (file_id, file) = (segment.file_id, segment.file.clone());
            self.pool.add(FreeSegment { file_id, file, bytes, written: true });
        }
    }

    /// Whether the disk is full and less than its reserve is left of it: what is freed fills the reserve first.
    fn owes_reserve(&self) -> bool {
        let reserve = self.options.disk_bytes_reserved;
        self.is_full() && self.options.disk.free_bytes().is_ok_and(|free| free < reserve)
    }

    /// The pool holds at most this much: what was written in the last minutes, and some segments ahead.
    fn pool_bytes_max(&self) -> u64 {
        let ahead = self.options.pool_segments_ahead as u64 * self.segment_bytes(0, 0);
        let recent = self.signal.recently_written().max(ahead);
        self.options.pool_bytes_max.min(recent)
    }

    /// Removes free segments beyond what the pool may hold.
    pub(crate) fn shrink_pool(&self) {
        while self.pool.bytes() > self.pool_bytes_max() {
            let Some(idle) = self.pool.take_to_remove() else { return };
            self.remove_file(idle.file_id);
        }
    }

    /// Writes one segment through and adds it to the pool, as long as `go_on` says so; it is asked after each step, and
    /// told how long that took. A failure only discards the segment.
    pub(crate) fn prepare_segment(&self, go_on: impl Fn(Duration) -> bool) -> io::Result<bool> {
        let bytes = self.segment_bytes(0, 0);
        let used = self.set().disk_bytes() + self.pool.bytes();
        let free = self.options.disk.free_bytes()?;
        let capped = self.options.capacity_bytes.is_some_and(|most| used + 2 * bytes > most);
        if capped || free < 2 * bytes + self.options.disk_bytes_reserved {
            return Ok(false);
        }
        let made = self.make_segment(bytes, self.options.disk_bytes_reserved)?;
        let done = self.write_through(&*made.file, bytes, &go_on);
        match done {
            Ok(written) => {
                self.pool.add(FreeSegment { written, ..made });
                Ok(written)
            }
            Err(e) => {
                self.remove_file(made.file_id);
                if is_full(&e) { Ok(false) } else { Err(e) }
            }
        }
    }

    /// Writes every block of a file once. False if it stopped early.
    #[allow(clippy::disallowed_methods)] // the engine owns the times of its own I/O
    fn write_through(
        &self,
        file: &dyn DiskFile,
        bytes: u64,
        go_on: &impl Fn(Duration) -> bool,
    ) -> io::Result<bool> {
        let zeroes = vec![0; PREPARE_STEP_BYTES.min(bytes as usize)];
        let mut at = 0;
        while at < bytes {
            let begun = std::time::Instant::now();
            let step = (bytes - at).min(zeroes.len() as u64);
            write_all_of(file, &zeroes[..step as usize], at)?;
            sync(file)?;
            at += step;
            if !go_on(begun.elapsed()) {
                return Ok(false);
            }
        }
        SegmentHeader::free(bytes).write(file)?;
        sync(file)?;
        Ok(true)
    }
}
