//! Reads: from memory on the caller's thread where the page cache has everything, else on the read threads.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use bytes::Bytes;
use crc32c::crc32c;
use millstream_types::Millis;

use crate::block::{BlockHeader, Kind};
use crate::contract::{Batch, End, LogError, LogId, Position, Read, ReadBatch};
use crate::disk::read_exact;
use crate::frame::HEADER_ROOM;
use crate::limits::{READ_AHEAD_BLOCKS, READ_BYTES_MAX, READ_QUEUE_MAX};
use crate::locate::Plan;
use crate::segment::Segment;
use crate::shared::Shared;
use crate::tables::{Entry, LogState};

/// Work for a read thread.
type Job = Box<dyn FnOnce() + Send>;

/// What waits for the read threads.
#[derive(Default)]
pub(crate) struct ReadQueue {
    state: Mutex<(VecDeque<Job>, bool)>,
    filled: Condvar,
}

impl ReadQueue {
    pub(crate) fn push(&self, job: Job) -> Result<(), LogError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0.len() >= READ_QUEUE_MAX {
            return Err(LogError::Busy);
        }
        state.0.push_back(job);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    pub(crate) fn stop(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.filled.notify_all();
    }

    /// A read thread: works until it is stopped.
    pub(crate) fn run(&self) {
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let job = loop {
                match state.0.pop_front() {
                    Some(job) => break job,
                    None if state.1 => return,
                    None => {
                        state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
                    }
                }
            };
            drop(state);
            job();
        }
    }
}

/// Where a read begins and what it may find, as of one moment.
pub(crate) struct View {
    pub(crate) first: u64,
    pub(crate) end: u64,
    pub(crate) sealed: bool,
}

/// A plan of the blocks in memory's index, or the need to ask the footers.
enum Planned {
    Done(Result<Read, LogError>),
    Open(Plan, View),
    Sealed(View),
}

/// Tries of a read whose segments were replaced while it was under way.
const TRIES: usize = 5;

impl Shared {
    /// Reads without asking the disk; `None` if it would have to be asked.
    pub(crate) fn read_in_memory(
        &self,
        log: &LogState,
        from: Position,
        bytes_max: usize,
    ) -> Option<Result<Read, LogError>> {
        match self.plan(log, from, bytes_max) {
            Planned::Done(read) => Some(read),
            Planned::Sealed(_) => None,
            Planned::Open(plan, view) => {
                let buffer = read_cached(&plan)?;
                self.counters.reads_cached.add(1);
                Some(self.batches(log.id, from, &plan, buffer, &view))
            }
        }
    }

    /// Reads, asking the disk where needed.
    pub(crate) fn read_from_disk(
        &self,
        log: &LogState,
        from: Position,
        bytes_max: usize,
    ) -> Result<Read, LogError> {
        self.counters.reads_cold.add(1);
        let mut last = LogError::Unavailable("the log's segments keep changing".into());
        for _ in 0..TRIES {
            let (plan, view) = match self.plan(log, from, bytes_max) {
                Planned::Done(read) => return read,
                Planned::Open(plan, view) => (plan, view),
                Planned::Sealed(view) => {
                    let mut plan = Plan::new();
                    let most = bytes_max.min(READ_BYTES_MAX) as u64;
                    self.plan_sealed(log.id, from.0, most, &mut plan)?;
                    (plan, view)
                }
            };
            let read = self
                .read_blocks(&plan)
                .and_then(|buffer| self.batches(log.id, from, &plan, buffer, &view));
            match read {
                // Between looking and reading, the blocks may have moved or been freed.
                Err(LogError::Damaged(what)) if !self.still_there(&plan) => {
                    last = LogError::Damaged(what);
                }
                done => return done,
            }
        }
        Err(last)
    }

    /// Whether all segments of a plan still hold data.
    fn still_there(&self, plan: &Plan) -> bool {
        let set = self.set();
        !plan.is_empty() && plan.iter().all(|(segment, _)| set.get(segment.number).is_some())
    }

    fn plan(&self, log: &LogState, from: Position, bytes_max: usize) -> Planned {
        let index = self.open_index.read();
        let mut inner = log.lock();
        if inner.gone {
            return Planned::Done(Err(LogError::Gone));
        }
        if from.0 < inner.first {
            return Planned::Done(Err(LogError::Trimmed(Position(inner.first))));
        }
        let view = View { first: inner.first, end: inner.end, sealed: inner.sealed };
        if from.0 >= inner.end {
            let end = end_of(&view, from.0);
            return Planned::Done(Ok(Read { batches: Vec::new(), next: from, end }));
        }
        let open = inner.read_runs(&index);
        let begins = open.first().and_then(|run| run.entries.first()).map(|e| e.base);
        if begins.is_none_or(|base| base > from.0) {
            return Planned::Sealed(view);
        }
        let mut entries: Vec<(u64, Entry)> = Vec::new();
        let mut bytes = 0;
        let bytes_max = bytes_max.min(READ_BYTES_MAX);
        'runs: for (at, run) in open.iter().enumerate() {
            let next = open.get(at + 1).and_then(|run| run.entries.first());
            if next.is_some_and(|next| next.base <= from.0) {
                continue;
            }
            let start = run.entries.partition_point(|e| e.base <= from.0).saturating_sub(1);
            for entry in &run.entries[start..] {
                if bytes >= bytes_max && !entries.is_empty() {
                    break 'runs;
                }
                bytes += entry.payload_bytes as usize;
                entries.push((run.segment, *entry));
            }
        }
        drop(inner);
        drop(index);
        let set = self.set();
        let pinned = entries.into_iter().map(|(number, entry)| Some((set.get(number)?, entry)));
        match pinned.collect() {
            Some(plan) => Planned::Open(plan, view),
            None => Planned::Sealed(view),
        }
    }

    /// The blocks of a plan, one after another, from the disk.
    pub(crate) fn read_blocks(&self, plan: &Plan) -> Result<Vec<u8>, LogError> {
        let mut buffer = vec![0; plan_bytes(plan)];
        let spans = spans(plan);
        let mut at = 0;
        let mut asked = 0;
        for (number, (segment, offset, bytes)) in spans.iter().enumerate() {
            while asked < spans.len().min(number + READ_AHEAD_BLOCKS) {
                let (segment, offset, bytes) = spans[asked];
                segment.file.prefetch(offset, bytes as u64);
                asked += 1;
            }
            let span = &mut buffer[at..at + bytes];
            read_exact(&*segment.file, span, *offset)
                .map_err(|e| self.unreadable_at(segment, *offset, &e))?;
            at += bytes;
        }
        Ok(buffer)
    }

    /// Checks blocks and makes them batches.
    fn batches(
        &self,
        log: LogId,
        from: Position,
        plan: &Plan,
        buffer: Vec<u8>,
        view: &View,
    ) -> Result<Read, LogError> {
        let buffer = Bytes::from(buffer);
        let mut batches = Vec::with_capacity(plan.len());
        let mut next = from.0;
        let mut at = 0;
        for (segment, entry) in plan {
            let block = buffer.slice(at..at + block_bytes(entry));
            at += block.len();
            let header = self.checked(log, segment, entry, &block)?;
            let end = entry.base + u64::from(header.count);
            if end <= from.0 {
                continue;
            }
            if entry.base > next {
                let what = format!("positions {next} to {} of {log} are missing", entry.base);
                return Err(self.damaged(segment, u64::from(entry.offset), &what));
            }
            next = end;
            let payload = block.slice(HEADER_ROOM..);
            self.counters.read_bytes.add(payload.len() as u64);
            batches.push(ReadBatch {
                first: Position(entry.base),
                arrival: header.arrival,
                batch: Batch { count: header.count, payload },
            });
        }
        if batches.is_empty() {
            let what = format!("no segment holds position {} of {log}", from.0);
            return Err(LogError::Damaged(what));
        }
        let end = if next < view.end { End::More } else { end_of(view, next) };
        debug_assert!(view.first <= from.0);
        Ok(Read { batches, next: Position(next), end })
    }

    pub(crate) fn checked(
        &self,
        log: LogId,
        segment: &Segment,
        entry: &Entry,
        block: &[u8],
    ) -> Result<BlockHeader, LogError> {
        let offset = u64::from(entry.offset);
        let wrong = |what: &str| {
            let what = format!("the block at byte {offset} of {log} {what}");
            self.damaged(segment, offset, &what)
        };
        let header = BlockHeader::decode(block, segment.number, offset)
            .ok_or_else(|| wrong("has no sound header"))?;
        if !is_of(&header, log, entry) {
            return Err(wrong("is another one than the index says"));
        }
        if crc32c(&block[HEADER_ROOM..]) != header.payload_crc {
            return Err(wrong("has a wrong checksum"));
        }
        Ok(header)
    }

    /// The first position that arrived at or after `at`.
    pub(crate) fn find_position(&self, log: &LogState, at: Millis) -> Result<Position, LogError> {
        let view = match self.find_in_memory(log, at) {
            Ok(found) => return found,
            Err(view) => view,
        };
        let found = self.find_sealed(log.id, at)?;
        match found {
            Some(base) => Ok(Position(base.clamp(view.first, view.end))),
            // It may have gone from the open index to a footer meanwhile.
            None => match self.find_in_memory(log, at) {
                Ok(found) => found,
                Err(view) => Ok(Position(view.open)),
            },
        }
    }

    /// The answer from memory, or what to look for in the footers.
    pub(crate) fn find_in_memory(
        &self,
        log: &LogState,
        at: Millis,
    ) -> Result<Result<Position, LogError>, FindView> {
        let index = self.open_index.read();
        let mut inner = log.lock();
        if inner.gone {
            return Ok(Err(LogError::Gone));
        }
        if inner.last_arrival.is_none_or(|last| last < at) {
            return Ok(Ok(Position(inner.end)));
        }
        let last_arrival = inner.last_arrival;
        let open = inner.read_runs(&index);
        let before = open.first().map_or(last_arrival, |run| run.before);
        let found = open.iter().find_map(|run| {
            let first = run.entries.partition_point(|entry| entry.arrival < at);
            run.entries.get(first).map(|entry| entry.base)
        });
        if before.is_some_and(|before| before >= at) {
            let open = found.unwrap_or(inner.end);
            return Err(FindView { first: inner.first, end: inner.end, open });
        }
        Ok(Ok(Position(found.unwrap_or(inner.end).max(inner.first))))
    }
}

/// What a search in the footers needs to know.
pub(crate) struct FindView {
    first: u64,
    end: u64,
    /// The first position in the open index that arrived late enough.
    open: u64,
}

/// Whether a block is the one that the index tells of.
pub(crate) fn is_of(header: &BlockHeader, log: LogId, entry: &Entry) -> bool {
    header.log == log
        && header.kind == Kind::Data
        && header.base == entry.base
        && header.payload_bytes == entry.payload_bytes
}

pub(crate) fn end_of(view: &View, at: u64) -> End {
    match view.sealed {
        true if at >= view.end => End::Sealed(Position(view.end)),
        true | false => End::Tail,
    }
}

fn block_bytes(entry: &Entry) -> usize {
    HEADER_ROOM + entry.payload_bytes as usize
}

fn plan_bytes(plan: &Plan) -> usize {
    plan.iter().map(|(_, entry)| block_bytes(entry)).sum()
}

/// The blocks of a plan, those that lie one behind another joined: segment, offset, bytes.
fn spans(plan: &Plan) -> Vec<(&Segment, u64, usize)> {
    let mut spans: Vec<(&Segment, u64, usize)> = Vec::with_capacity(plan.len());
    for (segment, entry) in plan {
        let (offset, bytes) = (u64::from(entry.offset), block_bytes(entry));
        match spans.last_mut() {
            Some((last, start, length))
                if last.number == segment.number && *start + *length as u64 == offset =>
            {
                *length += bytes;
            }
            _ => spans.push((segment, offset, bytes)),
        }
    }
    spans
}

/// The blocks of a plan, if the page cache has all of them.
fn read_cached(plan: &Plan) -> Option<Vec<u8>> {
    let mut buffer = vec![0; plan_bytes(plan)];
    let mut at = 0;
    for (segment, offset, bytes) in spans(plan) {
        let span = &mut buffer[at..at + bytes];
        at += bytes;
        match segment.file.read_cached(span, offset) {
            Ok(Some(read)) if read == span.len() => {}
            Ok(_) | Err(_) => return None,
        }
    }
    Some(buffer)
}

/// Runs `work` on a read thread and hands its value over.
pub(crate) async fn on_read_thread<T: Send + 'static>(
    queue: &Arc<ReadQueue>,
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    let (to, from) = tokio::sync::oneshot::channel();
    queue.push(Box::new(move || drop(to.send(work()))))?;
    let stopped = || Err(LogError::Unavailable("the engine stopped".into()));
    from.await.unwrap_or_else(|_| stopped())
}
