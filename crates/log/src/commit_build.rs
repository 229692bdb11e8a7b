//! A commit in the making: headers filled into the frames' own buffers, nothing copied.

mod stages;

use std::io::IoSlice;
use std::sync::Arc;

use millstream_types::Millis;

use crate::block::{
    BlockHeader, COMMIT_HEADER_BYTES, CommitHeader, Kind, SECTOR_BYTES, chain_block, padded,
    payload_crc, put_payload_crc,
};
use crate::change::Change;
use crate::commit::{Chain, check_change};
use crate::contract::{Appended, GroupId, LogError, LogId, Position};
use crate::frame::{Frame, HEADER_ROOM, Part};
use crate::limits::{DIRECT_BYTES_MIN, POSITION_MAX, batch_fits};
use crate::queue::Item;
use crate::tables::{Entry, LogState, NEAR_AT_A_TIME, Tables, Tail, bring_near};

#[doc(hidden)]
pub use stages::CommitStages;

/// A block of the commit, to be made readable after the sync.
pub(crate) enum Placed {
    Data { log: Arc<LogState>, entry: Entry, count: u32 },
    Seal { log: Arc<LogState> },
    Trim { log: Arc<LogState>, before: u64 },
    Change { change: Change },
}

impl Placed {
    pub(crate) fn is_change(&self) -> bool {
        matches!(self, Placed::Change { .. })
    }

    /// The log, if it is one log's block.
    pub(crate) fn log(&self) -> Option<&LogState> {
        match self {
            Placed::Data { log, .. } | Placed::Seal { log } | Placed::Trim { log, .. } => Some(log),
            Placed::Change { .. } => None,
        }
    }
}

/// Bytes to write: of a request's buffer, or of the extra blocks.
enum Source {
    Frame { item: usize, start: usize, end: usize },
    Extra { start: usize, end: usize },
}

type Outcome = Result<Appended, LogError>;

/// The requests of one commit, their blocks and their answers. Kept and reused by the committer.
#[derive(Default)]
pub(crate) struct Built {
    pub(crate) items: Vec<Item>,
    pub(crate) placed: Vec<Placed>,
    /// For each frame among the items, in order: an outcome for each part.
    outcomes: Vec<Vec<Outcome>>,
    /// For each other item, in order: what to answer.
    answers: Vec<Result<Position, LogError>>,
    sources: Vec<Source>,
    extra: Vec<u8>,
    header: Vec<u8>,
    writing: Option<Writing>,
}

/// Where the next block goes.
#[derive(Clone, Copy)]
struct Writing {
    segment: u64,
    /// Where the commit begins.
    start: u64,
    /// Bytes so far, the commit's header included.
    bytes: u64,
    blocks: u32,
    blocks_crc: u32,
    arrival: Millis,
    chain: Chain,
    changed_tables: bool,
}

static PADDING: [u8; SECTOR_BYTES + PAGE_BYTES] = [0; SECTOR_BYTES + PAGE_BYTES];

/// The page cache's unit. A small write that ends inside a page which is not cached makes the kernel read that page
/// first; it is filled with zeros instead, which the next commit overwrites.
const PAGE_BYTES: usize = 4096;

/// The log id of control blocks.
pub(crate) const CONTROL_LOG: LogId = LogId { group: GroupId(u64::MAX), index: u32::MAX };

impl Writing {
    /// Zeros behind the commit: up to the next sector, and for a write through the page cache to the end of the page.
    fn filling(&self) -> usize {
        let end = self.start + padded(self.bytes);
        let to = match (self.bytes as usize) < DIRECT_BYTES_MIN {
            true => end.next_multiple_of(PAGE_BYTES as u64),
            false => end,
        };
        (to - self.start - self.bytes) as usize
    }

    /// Fills a block's header; the payload's checksum is in place.
    fn place(
        &mut self,
        header: &mut [u8],
        kind: Kind,
        log: LogId,
        at: (u64, u32),
        bytes: usize,
    ) -> u32 {
        let offset = (self.start + self.bytes) as u32;
        let block = BlockHeader {
            kind,
            log,
            base: at.0,
            count: at.1,
            arrival: self.arrival,
            payload_bytes: bytes as u32,
            payload_crc: payload_crc(header),
            segment: self.segment,
            offset,
        };
        self.blocks_crc = chain_block(self.blocks_crc, block.encode(header));
        self.blocks += 1;
        self.bytes += block.block_bytes();
        offset
    }
}

impl Built {
    /// Builds the commit after the chain's end `(number, checksum)` at `(segment, offset)`.
    pub(crate) fn build(
        &mut self,
        tables: &Tables,
        previous: (u64, u32),
        place: (u64, u64),
        arrival: Millis,
    ) {
        let mut writing = Writing {
            segment: place.0,
            start: place.1,
            bytes: COMMIT_HEADER_BYTES as u64,
            blocks: 0,
            blocks_crc: 0,
            arrival,
            chain: Chain { number: previous.0 + 1, crc: 0, last_arrival: arrival },
            changed_tables: false,
        };
        let mut items = std::mem::take(&mut self.items);
        for (number, item) in items.iter_mut().enumerate() {
            match item {
                Item::Frame(frame, _) => self.place_frame(tables, &mut writing, frame, number),
                Item::Seal(log, _) => self.place_seal(tables, &mut writing, *log),
                Item::Trim(log, before, _) => self.place_trim(tables, &mut writing, *log, *before),
                Item::Change(change, _) => self.place_change(tables, &mut writing, change),
            }
        }
        self.items = items;
        let header = CommitHeader {
            number: writing.chain.number,
            bytes: writing.bytes as u32,
            blocks: writing.blocks,
            blocks_crc: writing.blocks_crc,
            previous: previous.1,
            segment: writing.segment,
            offset: writing.start as u32,
            arrival,
        };
        let (bytes, crc) = header.encode();
        self.header = bytes.to_vec();
        writing.chain.crc = crc;
        self.writing = Some(writing);
    }

    fn place_frame(
        &mut self,
        tables: &Tables,
        writing: &mut Writing,
        frame: &mut Frame,
        item: usize,
    ) {
        let (parts, bytes) = frame.split_mut();
        let mut outcomes = Vec::with_capacity(parts.len());
        let mut refused: Vec<LogId> = Vec::new();
        let mut whole = 0..0;
        for run in parts.chunk_by(|a, b| a.log.group == b.log.group) {
            let Ok(group) = tables.group(run[0].log.group) else {
                outcomes.extend(run.iter().map(|_| Err(LogError::Gone)));
                continue;
            };
            let (logs, record_bytes_max) = (group.logs(), group.spec().record_bytes_max);
            let log_of = |part: &Part| logs.get(part.log.index as usize);
            for some in run.chunks(NEAR_AT_A_TIME) {
                let header = |part: &Part| u64::from(bytes[part.payload.start - HEADER_ROOM]);
                let tail = |part: &Part| log_of(part).map_or(0, |log| log.near());
                bring_near(some.iter().map(|part| header(part) | tail(part)));
                for part in some {
                    let header = part.payload.start - HEADER_ROOM;
                    let outcome = match (refused.contains(&part.log), log_of(part)) {
                        (true, _) => Err(LogError::TooLarge),
                        (false, None) => Err(LogError::Gone),
                        (false, Some(log)) => {
                            let header = &mut bytes[header..];
                            self.place_part(writing, log, part, record_bytes_max, header)
                        }
                    };
                    match &outcome {
                        Ok(_) if whole.end == header => whole.end = part.payload.end,
                        Ok(_) => {
                            let next = header..part.payload.end;
                            self.add_source(item, std::mem::replace(&mut whole, next));
                        }
                        // Gone and Sealed refuse what follows by themselves.
                        Err(LogError::TooLarge) => refused.push(part.log),
                        Err(_) => {}
                    }
                    outcomes.push(outcome);
                }
            }
        }
        self.add_source(item, whole);
        self.outcomes.push(outcomes);
    }

    fn add_source(&mut self, item: usize, range: std::ops::Range<usize>) {
        if !range.is_empty() {
            self.sources.push(Source::Frame { item, start: range.start, end: range.end });
        }
    }

    fn place_part(
        &mut self,
        writing: &mut Writing,
        log: &Arc<LogState>,
        part: &Part,
        record_bytes_max: u32,
        header: &mut [u8],
    ) -> Outcome {
        let tail = log.tail();
        if tail.sealed {
            return Err(LogError::Sealed(Position(tail.end)));
        }
        let base = tail.end;
        let end = base + u64::from(part.count);
        if !batch_fits(part.count, part.payload.len(), record_bytes_max) || end >= POSITION_MAX {
            return Err(LogError::TooLarge);
        }
        log.set_tail(Tail { end, ..tail });
        let bytes = part.payload.len();
        let offset = writing.place(header, Kind::Data, part.log, (base, part.count), bytes);
        let arrival = writing.arrival;
        let entry = Entry { base, arrival, offset, payload_bytes: bytes as u32 };
        self.placed.push(Placed::Data { log: log.clone(), entry, count: part.count });
        Ok(Appended { at: Position(base)..Position(end), prev: Position(base), arrival })
    }

    /// Adds a block that no frame holds.
    fn place_extra(
        &mut self,
        writing: &mut Writing,
        kind: Kind,
        log: LogId,
        base: u64,
        payload: &[u8],
    ) {
        let start = self.extra.len();
        self.extra.resize(start + HEADER_ROOM, 0);
        self.extra.extend_from_slice(payload);
        let header = &mut self.extra[start..start + HEADER_ROOM];
        put_payload_crc(header, payload);
        writing.place(header, kind, log, (base, 0), payload.len());
        self.sources.push(Source::Extra { start, end: self.extra.len() });
    }

    fn place_seal(&mut self, tables: &Tables, writing: &mut Writing, log: LogId) {
        let answer = tables.log(log).map(|log| {
            let Tail { end, sealed } = log.tail();
            if !sealed {
                log.set_tail(Tail { end, sealed: true });
                self.place_extra(writing, Kind::Seal, log.id, end, &[]);
                self.placed.push(Placed::Seal { log });
            }
            Position(end)
        });
        self.answers.push(answer);
    }

    fn place_trim(&mut self, tables: &Tables, writing: &mut Writing, log: LogId, before: Position) {
        let answer = tables.log(log).map(|log| {
            let inner = log.lock();
            let (first, before) = (inner.first, before.0.min(inner.end));
            drop(inner);
            if before > first {
                self.place_extra(writing, Kind::Trim, log.id, before, &[]);
                self.placed.push(Placed::Trim { log, before });
            }
            Position(before)
        });
        self.answers.push(answer);
    }

    fn place_change(&mut self, tables: &Tables, writing: &mut Writing, change: &Change) {
        let answer = check_change(tables, change).map(|()| {
            self.place_extra(writing, Kind::Control, CONTROL_LOG, 0, &change.encode());
            self.placed.push(Placed::Change { change: change.clone() });
            writing.changed_tables = true;
            Position(0)
        });
        self.answers.push(answer);
    }

    /// Blocks in the commit.
    pub(crate) fn placed_blocks(&self) -> usize {
        self.writing.map_or(0, |w| w.blocks as usize)
    }

    /// Bytes of the commit, padding included.
    pub(crate) fn padded_bytes(&self) -> u64 {
        self.writing.map_or(0, |w| padded(w.bytes))
    }

    /// The chain's end after this commit.
    pub(crate) fn chain(&self) -> Chain {
        self.writing.map(|w| w.chain).unwrap_or_default()
    }

    /// Whether groups or segments change with it.
    pub(crate) fn changed_tables(&self) -> bool {
        self.writing.is_some_and(|w| w.changed_tables)
    }

    /// All bytes of the commit, in order.
    pub(crate) fn slices(&self) -> Vec<IoSlice<'_>> {
        let mut slices = Vec::with_capacity(self.sources.len() + 2);
        slices.push(IoSlice::new(&self.header));
        for source in &self.sources {
            match source {
                Source::Extra { start, end } => {
                    slices.push(IoSlice::new(&self.extra[*start..*end]))
                }
                Source::Frame { item, start, end } => {
                    if let Item::Frame(frame, _) = &self.items[*item] {
                        slices.push(IoSlice::new(&frame.bytes()[*start..*end]));
                    }
                }
            }
        }
        slices.push(IoSlice::new(&PADDING[..self.writing.map_or(0, |w| w.filling())]));
        slices
    }

    /// Takes back what the commit gave away, as it is certainly not in any log.
    pub(crate) fn roll_back(&mut self) {
        for placed in self.placed.drain(..) {
            match placed {
                Placed::Data { log, .. } | Placed::Seal { log } => {
                    log.reset_tail(&log.lock());
                }
                Placed::Trim { .. } | Placed::Change { .. } => {}
            }
        }
    }

    /// Gives everyone their own answer.
    pub(crate) fn answer(&mut self) {
        let mut outcomes = self.outcomes.drain(..);
        let mut answers = self.answers.drain(..);
        let none = || Err(LogError::Unknown("the engine gave no outcome".into()));
        for item in self.items.drain(..) {
            match item {
                Item::Frame(_, to) => to.send(outcomes.next().unwrap_or_default()),
                Item::Seal(_, to) => drop(to.send(answers.next().unwrap_or_else(none))),
                Item::Trim(_, _, to) | Item::Change(_, to) => {
                    drop(to.send(answers.next().unwrap_or_else(none).map(|_| ())));
                }
            }
        }
    }

    /// Gives everyone the same answer.
    pub(crate) fn answer_all(&mut self, error: &LogError) {
        self.items.drain(..).for_each(|item| item.refuse(error));
    }

    /// Makes it empty, keeping its room.
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.placed.clear();
        self.outcomes.clear();
        self.answers.clear();
        self.sources.clear();
        self.extra.clear();
        self.writing = None;
    }
}
