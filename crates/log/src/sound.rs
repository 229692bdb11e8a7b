//! Reading around damage: what is sound before a damaged place, then the place, then what follows it. The index is
//! walked along the chain, one segment after another: a search that halves what is left fails for all of a log where
//! one footer is damaged.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use crate::block::BlockHeader;
use crate::contract::{Batch, End, Log, LogError, LogId, Position, Read, ReadBatch};
use crate::disk::read_exact;
use crate::footer::Row;
use crate::frame::HEADER_ROOM;
use crate::limits::READ_BYTES_MAX;
use crate::reader::{View, end_of, is_of};
use crate::segment::Segment;
use crate::shared::Shared;
use crate::tables::{Entry, LogState};

/// Damaged batches behind each other that are one place; what follows is the next.
const BATCHES_MAX: usize = 10_000;
/// About how many bytes a position has at most, where the index does not tell.
const POSITION_BYTES: u64 = 1 << 20;
/// Tries of a walk whose segments were replaced while it was under way.
const TRIES: usize = 5;

/// A place in a log where nothing can be read, though it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedPlace {
    /// The position after it; never beyond the log's end.
    pub next: Position,
    /// How many bytes of payload it has about, if it is put right.
    pub bytes: u64,
    /// What is wrong, and where.
    pub what: String,
}

/// Reads as [`Log::read`] does, but a damaged batch keeps nobody from what lies before it, and where `from` itself is
/// damaged the place is told. That it is damaged may pass: a file may be put back.
pub async fn read_sound(
    log: &dyn Log,
    id: LogId,
    from: Position,
    bytes_max: usize,
) -> Result<Result<Read, DamagedPlace>, LogError> {
    let read = match log.read(id, from, bytes_max).await {
        Err(LogError::Damaged(_)) => log.read_around(id, from, bytes_max).await?,
        read => return read.map(Ok),
    };
    if let Err(DamagedPlace { next, what, .. }) = &read {
        let end = log.bounds(id).await?.end;
        if *next <= from || *next > end {
            // To stand still is better than to lose what is put there later.
            let what =
                format!("{what}; the place would end at {next:?}, and the log ends at {end:?}");
            return Err(LogError::Damaged(what));
        }
    }
    Ok(read)
}

/// A walk along the index of a log from a position on.
struct Walk<'a> {
    shared: &'a Shared,
    log: LogId,
    from: u64,
    bytes_max: u64,
    batches: Vec<ReadBatch>,
    /// The position after what was read.
    next: u64,
    /// Bytes of payload of the batches, or of the place.
    bytes: u64,
    /// The last entry that counted begins here.
    last: Option<u64>,
    /// The place that begins at `from`: what is wrong with its first batch.
    place: Option<String>,
    /// Bytes of segments of which the index cannot be read, and what is wrong with it: what lies between entries.
    unreadable: u64,
    missing: Option<String>,
    blocks: usize,
    /// Segments that were asked.
    used: Vec<u64>,
}

impl<'a> Walk<'a> {
    fn new(shared: &'a Shared, log: LogId, from: u64, bytes_max: u64) -> Self {
        Walk {
            shared,
            log,
            from,
            bytes_max,
            batches: Vec::new(),
            next: from,
            bytes: 0,
            last: None,
            place: None,
            unreadable: 0,
            missing: None,
            blocks: 0,
            used: Vec::new(),
        }
    }

    fn misses(&mut self, segment: &Segment, what: String) {
        self.unreadable += segment.bytes.load(Ordering::Relaxed);
        self.missing.get_or_insert(what);
    }

    /// What lies before is none of what is looked for.
    fn misses_nothing(&mut self) {
        (self.unreadable, self.missing) = (0, None);
    }

    /// Goes on in a segment with a footer. Whether that is enough.
    fn member(&mut self, segment: &Arc<Segment>) -> Result<bool, LogError> {
        self.used.push(segment.number);
        let row = match self.shared.row_of(segment, self.log) {
            Err(LogError::Damaged(what)) => {
                self.misses(segment, what);
                return Ok(false);
            }
            row => row?,
        };
        let Some(row) = row.filter(|row| row.extent.end > self.from) else {
            self.misses_nothing();
            return Ok(false);
        };
        if row.run.1 == 0 {
            return Ok(false);
        }
        let (entries, is_checked) = match self.run(segment, &row) {
            Err(LogError::Damaged(what)) => {
                self.misses(segment, what);
                return Ok(false);
            }
            run => run?,
        };
        // What is not checked counts if a block says the same.
        let (shared, log) = (self.shared, self.log);
        let counts = |entry: &Entry| Ok(is_checked || shared.is_header_of(log, segment, entry)?);
        let behind = entries.partition_point(|entry| entry.base <= self.from);
        for entry in entries[..behind].iter().rev() {
            if counts(entry)? {
                self.entry(segment, entry)?;
                break;
            }
        }
        if !is_checked {
            let what = format!("the index of blocks in {} is not sound", segment.describe());
            self.misses(segment, what);
        }
        for entry in &entries[behind..] {
            if counts(entry)? && self.entry(segment, entry)? {
                return Ok(true);
            }
        }
        Ok(self.is_enough())
    }

    fn is_enough(&self) -> bool {
        !self.batches.is_empty() && self.bytes >= self.bytes_max
    }

    /// The log's blocks in a segment, in order, and whether they are known to be what was written.
    fn run(&self, segment: &Segment, row: &Row) -> Result<(Vec<Entry>, bool), LogError> {
        let footer = self.shared.footer_of(segment)?;
        let (start, count) = (row.run.0 as usize, row.run.1 as usize);
        let run = match footer.read_entries(&*segment.file) {
            Ok(all) => all.get(start..start.saturating_add(count)).map(<[Entry]>::to_vec),
            Err(_) => None,
        };
        let is_sound = |run: &Vec<Entry>| {
            let is_sorted = run.is_sorted_by(|a, b| a.base < b.base);
            is_sorted && run.last().is_some_and(|last| last.base < row.extent.end)
        };
        if let Some(run) = run.filter(is_sound) {
            return Ok((run, true));
        }
        let run = footer.read_run(&*segment.file, row.run);
        let mut run = run.map_err(|e| self.shared.unreadable(segment, &e))?;
        run.retain(|entry| entry.base < row.extent.end);
        run.sort_by_key(|entry| entry.base);
        run.dedup();
        Ok((run, false))
    }

    /// The next entry. Whether that is enough: of what was read, or since the place ends at `next`.
    fn entry(&mut self, segment: &Arc<Segment>, entry: &Entry) -> Result<bool, LogError> {
        let (base, has_read) = (entry.base, !self.batches.is_empty());
        if self.last.is_some_and(|last| base <= last) || has_read && base < self.next {
            return Ok(false);
        }
        if has_read && (base > self.next || self.is_enough()) {
            return Ok(true);
        }
        if base <= self.from {
            // Only the last one of those that begin before `from` can hold it.
            (self.place, self.bytes) = (None, 0);
            self.misses_nothing();
        }
        let is_full = self.bytes >= self.bytes_max || self.blocks >= BATCHES_MAX;
        if self.place.is_some() && is_full {
            self.next = base;
            return Ok(true);
        }
        self.blocks += 1;
        match self.shared.sound_block(self.log, segment, entry) {
            Ok(batch) => {
                let end = base + u64::from(batch.batch.count);
                if end <= self.from {
                    return Ok(false);
                }
                self.last = Some(base);
                if self.place.is_some() || base > self.next {
                    self.next = base;
                    return Ok(true);
                }
                (self.next, self.bytes) = (end, self.bytes + u64::from(entry.payload_bytes));
                self.batches.push(batch);
                Ok(self.is_enough())
            }
            Err(LogError::Damaged(_)) if has_read => Ok(true),
            Err(LogError::Damaged(what)) => {
                self.last = Some(base);
                if base > self.from && self.place.is_none() {
                    // Nothing holds `from`; that is the first to be told.
                    self.place = Some(self.missing.clone().unwrap_or(what));
                } else {
                    self.place.get_or_insert(what);
                }
                self.bytes += u64::from(entry.payload_bytes);
                Ok(false)
            }
            Err(other) => Err(other),
        }
    }

    /// The place that begins at `from`; `to` is where the next block that is known begins, or the end.
    fn place(self, to: u64) -> DamagedPlace {
        let span = to - self.from;
        let (mut next, mut bytes) = (to, self.bytes);
        let is_gap = self.place.is_none() || self.missing.is_some();
        if is_gap {
            let most = match self.unreadable {
                0 => self.shared.options.segment_bytes_max,
                unreadable => unreadable,
            };
            bytes = bytes.saturating_add(most.min(span.saturating_mul(POSITION_BYTES)));
            if bytes > self.bytes_max {
                let part = u128::from(span) * u128::from(self.bytes_max) / u128::from(bytes);
                let part = (part as u64).clamp(1, span);
                bytes = (u128::from(bytes) * u128::from(part) / u128::from(span)) as u64;
                next = self.from + part;
            }
        }
        let missing = || format!("no segment holds position {} of {}", self.from, self.log);
        let what = self.place.or(self.missing).unwrap_or_else(missing);
        DamagedPlace { next: Position(next), bytes, what }
    }
}

impl Shared {
    /// See [`Log::read_around`].
    pub(crate) fn find_around(
        &self,
        log: &LogState,
        from: Position,
        bytes_max: usize,
    ) -> Result<Result<Read, DamagedPlace>, LogError> {
        for _ in 0..TRIES {
            if let Some(found) = self.walk(log, from, bytes_max)? {
                return Ok(found);
            }
        }
        Err(LogError::Unavailable("the log's segments keep changing".into()))
    }

    /// One walk; `None` if what it went along was replaced meanwhile.
    fn walk(
        &self,
        log: &LogState,
        from: Position,
        bytes_max: usize,
    ) -> Result<Option<Result<Read, DamagedPlace>>, LogError> {
        let (open, view) = match self.view(log, from)? {
            (_, view) if from.0 >= view.end => {
                let end = end_of(&view, from.0);
                return Ok(Some(Ok(Read { batches: Vec::new(), next: from, end })));
            }
            found => found,
        };
        let mut walk = Walk::new(self, log.id, from.0, bytes_max.min(READ_BYTES_MAX) as u64);
        // Asked last: what goes from the open index to a footer meanwhile is found there.
        let units = self.set().sealed();
        let start = self.first_unit(&units, log.id, |row| row.extent.end > from.0)?;
        let mut is_enough = false;
        for member in units[start..].iter().flat_map(|unit| &unit.members) {
            is_enough = is_enough || walk.member(member)?;
        }
        let behind = open.partition_point(|(_, entry)| entry.base <= from.0).saturating_sub(1);
        for (number, entry) in open.iter().skip(behind) {
            if is_enough {
                break;
            }
            walk.used.push(*number);
            let Some(segment) = self.set().get(*number) else { return Ok(None) };
            is_enough = walk.entry(&segment, entry)?;
        }
        if !walk.batches.is_empty() {
            let next = walk.next;
            let end = if next < view.end { End::More } else { end_of(&view, next) };
            return Ok(Some(Ok(Read { batches: walk.batches, next: Position(next), end })));
        }
        // Between looking and reading, blocks may have moved or been freed.
        let set = self.set();
        let is_moved = walk.used.iter().any(|number| set.get(*number).is_none());
        drop(set);
        self.view(log, from)?;
        let to = if is_enough { walk.next.min(view.end) } else { view.end };
        Ok((!is_moved && to > from.0).then(|| Err(walk.place(to))))
    }

    /// What the open index has of a log.
    fn view(&self, log: &LogState, from: Position) -> Result<(Vec<(u64, Entry)>, View), LogError> {
        let index = self.open_index.read();
        let mut inner = log.lock();
        if inner.gone {
            return Err(LogError::Gone);
        }
        if from.0 < inner.first {
            return Err(LogError::Trimmed(Position(inner.first)));
        }
        let view = View { first: inner.first, end: inner.end, sealed: inner.sealed };
        let runs = inner.read_runs(&index).iter();
        let entries = runs.flat_map(|run| run.entries.iter().map(|entry| (run.segment, *entry)));
        Ok((entries.collect(), view))
    }

    /// The batch that an entry tells of.
    fn sound_block(
        &self,
        log: LogId,
        segment: &Arc<Segment>,
        entry: &Entry,
    ) -> Result<ReadBatch, LogError> {
        let block = Bytes::from(self.read_blocks(&vec![(segment.clone(), *entry)])?);
        let header = self.checked(log, segment, entry, &block)?;
        let payload = block.slice(HEADER_ROOM..);
        self.counters.read_bytes.add(payload.len() as u64);
        let batch = Batch { count: header.count, payload };
        Ok(ReadBatch { first: Position(entry.base), arrival: header.arrival, batch })
    }

    /// Whether the header of a block says what an entry says.
    fn is_header_of(&self, log: LogId, segment: &Segment, entry: &Entry) -> Result<bool, LogError> {
        let mut header = [0; HEADER_ROOM];
        let offset = u64::from(entry.offset);
        if let Err(error) = read_exact(&*segment.file, &mut header, offset) {
            return match self.unreadable_at(segment, offset, &error) {
                LogError::Damaged(_) => Ok(false),
                other => Err(other),
            };
        }
        let header = BlockHeader::decode(&header, segment.number, offset);
        Ok(header.is_some_and(|header| is_of(&header, log, entry)))
    }
}
