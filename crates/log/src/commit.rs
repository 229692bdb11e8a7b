//! The committer: gathers what waits, writes it once, syncs once, and answers everyone. One commit is in flight at a
//! time, and nothing of it can be read before its sync.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::task::Waker;

use millstream_types::Millis;

use crate::block::{COMMIT_HEADER_BYTES, padded};
use crate::commit_build::{Built, Placed};
use crate::contract::{Class, LogError};
use crate::disk::{is_full, sync, write_all};
use crate::footer::footer_bytes_max;
use crate::gather::Gather;
use crate::open_index::{Linked, Place};
use crate::queue::Item;
use crate::sealing::Ended;
use crate::segment::{DATA_START, Role, Segment, SegmentHeader};
use crate::shared::Shared;
use crate::tables::{LogState, NEAR_AT_A_TIME, Tables, bring_near};

/// The end of the chain of commits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Chain {
    /// The number of the last commit.
    pub(crate) number: u64,
    /// Its checksum.
    pub(crate) crc: u32,
    /// The latest arrival.
    pub(crate) last_arrival: Millis,
}

/// The segment that is being written.
pub(crate) struct Active {
    pub(crate) segment: Arc<Segment>,
    pub(crate) header: SegmentHeader,
    /// Where the next commit begins.
    pub(crate) at: u64,
    /// Blocks written so far.
    pub(crate) blocks: usize,
    bytes: u64,
    /// Its space was taken out of what the disk keeps in reserve: nothing but what may help to free space goes in.
    reserved: bool,
    /// Nothing more goes in, as a write into it failed.
    closed: bool,
}

/// The one writer of the chain.
pub(crate) struct Committer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) chain: Chain,
    pub(crate) active: Option<Active>,
    waiting: VecDeque<Item>,
    built: Built,
    woken: Vec<Waker>,
    /// Bytes of a footer of the groups, logs and segments of now, without entries.
    footer_base: u64,
    gather: Gather,
}

/// Segments by which the table may grow between the check of a footer's size and its writing.
const SEGMENTS_SLACK: usize = 64;

impl Committer {
    pub(crate) fn new(shared: Arc<Shared>, chain: Chain) -> Self {
        let mut committer = Committer {
            shared,
            chain,
            active: None,
            waiting: VecDeque::new(),
            built: Built::default(),
            woken: Vec::new(),
            footer_base: 0,
            gather: Gather::default(),
        };
        committer.measure_footer();
        committer
    }

    /// Commits until the engine stops, then says where the chain ends.
    pub(crate) fn run(mut self) -> Self {
        while self.turn() {}
        self
    }

    /// One commit. False once the engine stops and nothing is left.
    fn turn(&mut self) -> bool {
        let shared = self.shared.clone();
        if self.waiting.is_empty()
            && let Some((wanted, limit)) = self.gather.wish()
        {
            let (requests, took) = shared.queue.gather(wanted, limit);
            self.gather.gathered(requests, took);
        }
        if !shared.queue.take(&mut self.waiting, &shared.counters) {
            return false;
        }
        if let Some(why) = shared.broken() {
            self.refuse_all(&why);
            return true;
        }
        if let Err(why) = self.make_room() {
            self.refuse_first(&why);
            return true;
        }
        self.commit();
        true
    }

    fn refuse_all(&mut self, why: &LogError) {
        while !self.waiting.is_empty() {
            self.refuse_first(why);
        }
    }

    fn refuse_first(&mut self, why: &LogError) {
        let Some(item) = self.waiting.pop_front() else { return };
        let bytes = item.block_bytes();
        item.refuse(why);
        self.shared.queue.done(bytes, &self.shared.counters);
    }

    /// Computes anew what a footer takes; after changes of the groups, and for each segment.
    fn measure_footer(&mut self) {
        let tables = self.shared.tables();
        let segments = self.shared.set().len() + SEGMENTS_SLACK;
        let (groups, deleted) = (tables.groups.len() + 1, tables.deleted.0.len() + SEGMENTS_SLACK);
        self.footer_base = footer_bytes_max(groups, tables.logs(), deleted, segments, 0);
    }

    /// Bytes left for blocks after `blocks` more of them and a footer of `footer` bytes without entries.
    fn room(&self, blocks: usize, footer: u64) -> u64 {
        let Some(active) = self.active.as_ref().filter(|a| !a.closed) else { return 0 };
        let entries = footer_bytes_max(0, 0, 0, 0, active.blocks + blocks);
        let used = active.at + COMMIT_HEADER_BYTES as u64 + footer + entries;
        active.bytes.saturating_sub(used)
    }

    /// Whether `item` fits the active segment behind `bytes` and `blocks` that are gathered already.
    fn fits(&self, item: &Item, bytes: usize, blocks: usize) -> bool {
        let blocks = blocks + item.blocks();
        let active_blocks = self.active.as_ref().map_or(0, |a| a.blocks);
        // A segment takes any one item, so that a frame of many parts is not refused for ever.
        let few =
            active_blocks == 0 || active_blocks + blocks <= self.shared.options.segment_blocks_max;
        let room = self.room(blocks, self.footer_base + item.footer_growth());
        let left = room.checked_sub(padded((bytes + item.block_bytes()) as u64));
        let Some(left) = left.filter(|_| few) else { return false };
        let reserved = self.active.as_ref().is_some_and(|active| active.reserved);
        let kept = self.shared.options.control_bytes_reserved();
        let ample = !reserved && left >= kept;
        // State leaves room for the trims and deletes that follow from it.
        ample || item.frees_space() || (left >= kept / 2 && self.may_use_reserve(item))
    }

    /// Whether what is kept in reserve, of a segment and of the disk, is kept for `item`: it frees space itself, or is
    /// the state of a machine, which must take the command to delete before anything is deleted.
    fn may_use_reserve(&self, item: &Item) -> bool {
        let Item::Frame(frame, _) = item else { return item.frees_space() };
        let tables = self.shared.tables();
        let is_state = |part: &crate::frame::Part| {
            tables.group(part.log.group).is_ok_and(|group| group.spec().class == Class::State)
        };
        frame.parts().iter().all(is_state)
    }

    /// Sees that the first request that waits fits the active segment, going on in another if need be.
    fn make_room(&mut self) -> Result<(), LogError> {
        let Some(first) = self.waiting.front() else { return Ok(()) };
        if self.fits(first, 0, 0) {
            return Ok(());
        }
        let kept = self.shared.options.control_bytes_reserved();
        let needed = padded((COMMIT_HEADER_BYTES + first.block_bytes()) as u64) + 2 * kept + 4096;
        let entries = footer_bytes_max(0, 0, 0, 0, first.blocks());
        let footer = self.footer_base + first.footer_growth() + entries;
        let mut rolled = self.roll(needed, footer, false);
        let for_reserve = |first| self.may_use_reserve(first);
        if matches!(&rolled, Err(e) if is_full(e)) && self.waiting.front().is_some_and(for_reserve)
        {
            self.shared.set_full(true);
            rolled = self.roll(needed, footer, true);
            if rolled.is_ok() {
                return Ok(());
            }
        }
        match rolled {
            Ok(()) => {
                self.shared.set_full(false);
                Ok(())
            }
            Err(e) if is_full(&e) => {
                self.shared.set_full(true);
                self.shared.counters.full.add(1);
                self.shared.signal.raise();
                Err(LogError::Full)
            }
            Err(e) => {
                self.shared.counters.failures.add(1);
                let why =
                    format!("no segment could be made in {}: {e}", self.shared.options.disk.name());
                Err(LogError::Unavailable(why))
            }
        }
    }

    /// Ends the active segment and goes on in another. The new one's header is durable before its first commit, so a
    /// header that is not sound on a segment with commits is damage and nothing else. A `reserved` one takes its space
    /// out of the disk's reserve and is as small as it can be.
    fn roll(&mut self, needed: u64, footer: u64, reserved: bool) -> io::Result<()> {
        // At most one segment waits for its footer, so that a start scans two at most.
        self.shared.seal_ended()?;
        let free = match reserved {
            false => self.shared.next_segment(self.shared.segment_bytes(needed, footer))?,
            true => {
                self.shared.reserved_segment(self.shared.segment_bytes_least(needed, footer))?
            }
        };
        let number = self.shared.new_number();
        let header = SegmentHeader {
            role: Role::Chain,
            number,
            bytes: free.bytes,
            first_commit: self.chain.number + 1,
            previous: self.chain.crc,
            covers: (number, number),
            ordinal: 0,
        };
        let synced = header.write(&*free.file).and_then(|()| match self.shared.options.sync {
            true => sync(&*free.file),
            false => Ok(()),
        });
        if let Err(e) = synced {
            self.shared.remove_file(free.file_id);
            return Err(e);
        }
        self.end_active();
        let segment = Arc::new(Segment::new(&header, free.file_id, free.file));
        self.shared.set_mut().add_open(segment.clone());
        let (at, bytes) = (DATA_START, free.bytes);
        self.active =
            Some(Active { segment, header, at, blocks: 0, bytes, reserved, closed: false });
        self.measure_footer();
        Ok(())
    }

    /// Hands the active segment over to have its footer written.
    pub(crate) fn end_active(&mut self) {
        let Some(active) = self.active.take() else { return };
        if active.blocks == 0 {
            // It has no commit: its file goes back.
            let number = [active.segment.number];
            let removed = self.shared.set_mut().remove(&number);
            self.shared.pool.retire(removed);
            return;
        }
        self.shared.ended().push_back(Ended {
            segment: active.segment,
            header: active.header,
            data_end: active.at,
            chain: self.chain,
        });
        self.shared.signal.raise();
    }

    /// Takes as many requests as fit, builds their commit, writes it and answers.
    fn commit(&mut self) {
        let (mut bytes, mut blocks) = (0, 0);
        let mut built = std::mem::take(&mut self.built);
        let mut growth = 0;
        while let Some(item) = self.waiting.front() {
            let more = bytes + item.block_bytes();
            let many = !built.items.is_empty() && more > self.shared.options.commit_bytes_max;
            // Changes that make the footer grow end a commit, so that its size is known again.
            if many || growth > 0 || !self.fits(item, bytes, blocks) {
                break;
            }
            (bytes, blocks) = (more, blocks + item.blocks());
            growth = item.footer_growth();
            built.items.extend(self.waiting.pop_front());
        }
        if let Some(active) = &self.active {
            let tables = self.shared.tables();
            let arrival = self.shared.arrival(self.chain.last_arrival);
            let place = (active.segment.number, active.at);
            built.build(&tables, (self.chain.number, self.chain.crc), place, arrival);
        }
        let requests = built.items.len();
        self.write_and_answer(&mut built);
        let waiting = self.waiting.len() + self.shared.queue.waiting();
        self.gather.committed(requests, waiting, bytes);
        self.shared.queue.done(bytes, &self.shared.counters);
        built.clear();
        self.built = built;
    }

    fn write_and_answer(&mut self, built: &mut Built) {
        if built.placed_blocks() == 0 {
            built.answer();
            return;
        }
        match self.write(built) {
            Ok(()) => self.publish(built),
            // Nothing was synced and the write was cut short, so no reader and no start will ever find the commit
            // whole: it is certainly absent, as long as nothing is written behind it here.
            Err(e) if is_full(&e) => {
                self.shared.counters.full.add(1);
                self.shared.set_full(true);
                if let Some(active) = &mut self.active {
                    active.closed = true;
                }
                built.roll_back();
                built.answer_all(&LogError::Full);
            }
            Err(e) => {
                let disk = self.shared.options.disk.name();
                let segment = self.active.as_ref().map(|a| a.segment.describe());
                let why = format!(
                    "writing {} in {disk} failed: {e}; restart once the disk is in order",
                    segment.unwrap_or_default()
                );
                self.shared.counters.failures.add(1);
                self.shared.break_down(why.clone());
                built.answer_all(&LogError::Unknown(why));
            }
        }
    }

    #[allow(clippy::disallowed_methods)] // the engine owns the times of its own I/O
    fn write(&mut self, built: &Built) -> io::Result<()> {
        let Some(active) = &self.active else { return Err(io::ErrorKind::NotFound.into()) };
        let counters = &self.shared.counters;
        let file = &*active.segment.file;
        let begun = std::time::Instant::now();
        write_all(file, &mut built.slices(), active.at)?;
        let written = std::time::Instant::now();
        counters.write_ns.record((written - begun).as_nanos() as u64);
        if self.shared.options.sync {
            sync(file).map_err(|e| io::Error::other(format!("sync: {e}")))?;
            let took = written.elapsed();
            counters.sync_ns.record(took.as_nanos() as u64);
            self.gather.synced(took);
        }
        Ok(())
    }

    /// Makes a durable commit readable, answers, and has who waits woken.
    fn publish(&mut self, built: &mut Built) {
        let Some(active) = &mut self.active else { return };
        let counters = &self.shared.counters;
        let number = active.segment.number;
        active.at += built.padded_bytes();
        active.blocks += built.placed_blocks();
        let data = active.at - DATA_START;
        active.segment.data_bytes.store(data, std::sync::atomic::Ordering::Relaxed);
        counters.commits.add(1);
        counters.blocks.add(built.placed_blocks() as u64);
        counters.written_bytes.add(built.padded_bytes());
        counters.commit_bytes.record(built.padded_bytes());
        self.chain = built.chain();
        self.shared.signal.committed(built.padded_bytes());
        for placed in built.placed.chunk_by(|a, b| !a.is_change() && !b.is_change()) {
            match placed {
                [Placed::Change { change }] => self.shared.apply(change, number, &mut self.woken),
                blocks => self.shared.publish(number, blocks, &mut self.woken),
            }
        }
        built.placed.clear();
        if built.changed_tables() {
            self.measure_footer();
        }
        built.answer();
        self.shared.notifier.wake(&mut self.woken);
    }
}

impl Shared {
    /// Makes durable blocks of `segment` readable.
    fn publish(&self, segment: u64, blocks: &[Placed], woken: &mut Vec<Waker>) {
        let mut index = self.open_index.write();
        let batches = index.extend(segment);
        let known = batches.len();
        for some in blocks.chunks(NEAR_AT_A_TIME) {
            bring_near(some.iter().map(|placed| placed.log().map_or(0, LogState::near)));
            for placed in some {
                match placed {
                    Placed::Data { log, entry, count } => {
                        let mut inner = log.lock();
                        if !inner.gone {
                            let place = batches.len() as Place;
                            let previous = inner.publish(segment, *entry, *count, place);
                            batches.push(Linked { entry: *entry, previous });
                            inner.take_waiters(woken);
                        }
                    }
                    Placed::Seal { log } => {
                        let mut inner = log.lock();
                        inner.sealed = true;
                        inner.take_waiters(woken);
                    }
                    Placed::Trim { log, before } => {
                        let mut inner = log.lock();
                        inner.first = inner.first.max(*before);
                        self.counters.trims.add(1);
                    }
                    // Whoever calls sees to it that changes are applied by themselves.
                    Placed::Change { .. } => {}
                }
            }
        }
        let bytes = (batches.len() - known) * size_of::<Linked>();
        self.counters.index_memory_bytes.add(bytes as u64);
    }
}

/// Whether a change may be written at all.
pub(crate) fn check_change(
    tables: &Tables,
    change: &crate::change::Change,
) -> Result<(), LogError> {
    use crate::change::Change;
    match change {
        Change::Create { group, .. } if tables.deleted.contains(group.0) => Err(LogError::Gone),
        Change::Grow { group, .. } | Change::Configure { group, .. } => {
            tables.group(*group).map(|_| ())
        }
        Change::Create { .. }
        | Change::Delete { .. }
        | Change::Free { .. }
        | Change::Replace { .. } => Ok(()),
    }
}
