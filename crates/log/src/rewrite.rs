//! The rewriter: takes sealed segments that follow each other and writes what is alive in them anew, sorted by expiry
//! day, log and position, so that a log reads in one sweep and a segment dies at once.
//!
//! The new segments and their footers are synced before one `Replace` in the chain puts them in the place of the old.
//! A crash before it leaves files that nothing names; a crash after it finds them named.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::block::{BlockHeader, padded};
use crate::change::Change;
use crate::contract::{LogError, LogId};
use crate::damages::FOOTER;
use crate::disk::{is_full, read_exact, write_all_of};
use crate::footer::{Footer, FooterBuilder, FooterState, Row, footer_bytes_max};
use crate::frame::HEADER_ROOM;
use crate::limits::{
    PREPARE_STEP_BYTES, REWRITE_BLOCKS_MAX, REWRITE_BYTES_PER_SECOND, REWRITE_LOOKS_MAX,
    REWRITE_RUN_BYTES, REWRITE_SET_BYTES_MAX, REWRITE_SMALL_SEGMENTS,
};
use crate::segment::{DATA_START, Role, Segment, SegmentHeader, Shape};
use crate::set::Unit;
use crate::shared::Shared;
use crate::tables::Entry;

const DAY_MS: u64 = 86_400_000;

/// A block to be moved.
struct Moving {
    /// The day on which it expires; the last for what is kept until it is trimmed.
    day: u64,
    log: LogId,
    entry: Entry,
    source: u32,
}

/// What the last source's footer says of all logs.
struct Extents {
    footer: Arc<Footer>,
    state: FooterState,
    rows: Vec<(LogId, Row)>,
}

impl Extents {
    fn footer_bytes(&self, segments: usize, entries: usize) -> u64 {
        footer_bytes_max(self.state.groups.len(), self.rows.len(), 0, segments, entries)
    }
}

/// A sorted segment that is being written.
struct Output {
    segment: Arc<Segment>,
    header: SegmentHeader,
    at: u64,
    buffer: Vec<u8>,
    entries: usize,
    runs: BTreeMap<LogId, Vec<Entry>>,
}

impl Shared {
    /// Rewrites one set of segments that `wanted` says yes to and of which `least` follow each other. Returns how
    /// many it
    /// replaced.
    pub(crate) fn rewrite(
        &self,
        least: usize,
        mut wanted: impl FnMut(&Segment, &Footer) -> bool,
    ) -> Result<usize, LogError> {
        let _one = self.reclaiming.lock().unwrap_or_else(PoisonError::into_inner);
        let sources = self.choose(&mut wanted)?;
        let Some(last) = sources.last().filter(|_| sources.len() >= least) else { return Ok(0) };
        let extents = self.extents(last)?;
        let moving = self.collect(&sources)?;
        let covers = (sources[0].covers.0, last.covers.1);
        let mut outputs = Vec::new();
        if let Err(e) = self.write_outputs(&sources, moving, covers, &extents, &mut outputs) {
            self.pool.retire(outputs);
            return Err(e);
        }
        let numbers = |segments: &[Arc<Segment>]| segments.iter().map(|s| s.number).collect();
        let (sources, outputs_of): (Vec<u64>, Vec<u64>) = (numbers(&sources), numbers(&outputs));
        let mut ready = self.sorted.lock().unwrap_or_else(PoisonError::into_inner);
        ready.extend(outputs.iter().map(|segment| (segment.number, segment.clone())));
        drop(ready);
        let count = sources.len();
        let change = Change::Replace { sources, outputs: outputs_of.clone(), firsts: Vec::new() };
        let done = self.commit_change(change);
        if let Err(e) = done {
            let mut ready = self.sorted.lock().unwrap_or_else(PoisonError::into_inner);
            outputs_of.iter().for_each(|number| drop(ready.remove(number)));
            // Only what is certainly not in the chain may be written over.
            if !matches!(e, LogError::Unknown(_)) {
                self.pool.retire(outputs);
            }
            return Err(e);
        }
        self.counters.segments_rewritten.add(count as u64);
        Ok(count)
    }

    /// Rewrites what is worth it: many small segments, those of which less than half is alive, and old ones in which
    /// the
    /// logs lie scattered. Returns whether it did something.
    pub(crate) fn rewrite_what_is_worth_it(&self) -> bool {
        if self.broken().is_some() {
            return false;
        }
        let small_bytes = self.options.segment_bytes_min / 4;
        let small = |_: &Segment, footer: &Footer| footer.data_end < small_bytes;
        let mut evaluated = 0;
        let mut shape = |segment: &Segment| {
            let epoch = self.epoch.load(Ordering::SeqCst);
            if segment.shape().is_none_or(|shape| shape.epoch != epoch)
                && evaluated < REWRITE_LOOKS_MAX
            {
                evaluated += 1;
                segment.set_shape(self.shape_of(segment, epoch).ok());
            }
            segment.shape()
        };
        let dying = |segment: &Segment, _: &Footer| shape(segment).is_some_and(|s| s.mostly_dead);
        let old = self.options.clock.now().minus(self.options.sort_after);
        let scattered = |segment: &Segment, footer: &Footer| {
            footer.last_arrival < old && segment.shape().is_some_and(|s| s.scattered)
        };
        let mut done = matches!(self.rewrite(REWRITE_SMALL_SEGMENTS, small), Ok(1..));
        done |= matches!(self.rewrite(1, dying), Ok(1..));
        if self.signal.is_quiet() {
            done |= matches!(self.rewrite(1, scattered), Ok(1..));
        }
        done
    }

    /// How much of a segment is alive, and how its logs lie.
    fn shape_of(&self, segment: &Segment, epoch: u64) -> Result<Shape, LogError> {
        let Extents { footer, rows, .. } = self.extents(segment)?;
        let tables = self.tables();
        let (mut logs, mut alive) = (0, 0);
        for (log, row) in rows.into_iter().filter(|(_, row)| row.run.1 > 0) {
            logs += 1;
            let state = tables.log(log);
            if state.is_ok_and(|state| state.lock().first < row.extent.end) {
                alive += u64::from(row.run.1);
            }
        }
        let mostly_dead = alive > 0 && alive * 2 < footer.entries;
        let scattered = logs > 1 && footer.data_end / logs < REWRITE_RUN_BYTES;
        Ok(Shape { epoch, mostly_dead, scattered })
    }

    /// The first stretch of the chain that is wanted, within the rewriter's memory.
    fn choose(
        &self,
        wanted: &mut impl FnMut(&Segment, &Footer) -> bool,
    ) -> Result<Vec<Arc<Segment>>, LogError> {
        let (units, newest): (Arc<Vec<Unit>>, _) = {
            let set = self.set();
            (set.sealed(), set.newest_footer())
        };
        let mut chosen: Vec<Arc<Segment>> = Vec::new();
        let (mut bytes, mut blocks) = (0, 0);
        for unit in units.iter() {
            let segment = match unit.members.as_slice() {
                [one] if one.role == Role::Chain => one,
                _ if chosen.is_empty() => continue,
                _ => break,
            };
            let footer = self.footer_of(segment)?;
            bytes += footer.data_end;
            blocks += footer.entries as usize;
            let fits = bytes <= REWRITE_SET_BYTES_MAX && blocks <= REWRITE_BLOCKS_MAX;
            let may = Some(segment.number) != newest && wanted(segment, &footer);
            let takes = may && (fits || chosen.is_empty());
            match takes {
                true => chosen.push(segment.clone()),
                false if chosen.is_empty() => (bytes, blocks) = (0, 0),
                false => break,
            }
        }
        Ok(chosen)
    }

    fn extents(&self, last: &Segment) -> Result<Extents, LogError> {
        let footer = self.footer_of(last)?;
        let unreadable = |e| self.unreadable(last, &e);
        let state = footer.read_state(&*last.file).map_err(unreadable)?;
        let rows = footer.read_rows(&*last.file, &state).map_err(unreadable)?;
        Ok(Extents { footer, state, rows })
    }

    /// Every block of the sources that somebody may still read, sorted.
    fn collect(&self, sources: &[Arc<Segment>]) -> Result<Vec<Moving>, LogError> {
        let mut moving = Vec::new();
        for (number, source) in sources.iter().enumerate() {
            let Extents { footer, rows, .. } = self.extents(source)?;
            let unreadable = |e| self.unreadable(source, &e);
            let entries = footer.read_entries(&*source.file).map_err(unreadable)?;
            source.file.prefetch(0, footer.data_end);
            let tables = self.tables();
            for (log, row) in rows.into_iter().filter(|(_, row)| row.run.1 > 0) {
                let Ok(group) = tables.group(log.group) else { continue };
                let Some(state) = group.log(log.index) else { continue };
                let (first, keep) = (state.lock().first, group.spec().keep);
                let run = row.run.0 as usize..(row.run.0 + row.run.1) as usize;
                let Some(run) = entries.get(run) else {
                    let what = "the footer's runs contradict its entries";
                    return Err(self.damaged(source, FOOTER, what));
                };
                for (at, entry) in run.iter().enumerate() {
                    let end = run.get(at + 1).map_or(row.extent.end, |next| next.base);
                    if end <= first {
                        continue;
                    }
                    let day = keep.map_or(u64::MAX, |keep| entry.arrival.plus(keep).0 / DAY_MS);
                    moving.push(Moving { day, log, entry: *entry, source: number as u32 });
                }
            }
        }
        moving.sort_unstable_by_key(|m| (m.day, m.log, m.entry.base));
        Ok(moving)
    }

    fn write_outputs(
        &self,
        sources: &[Arc<Segment>],
        moving: Vec<Moving>,
        covers: (u64, u64),
        extents: &Extents,
        outputs: &mut Vec<Arc<Segment>>,
    ) -> Result<(), LogError> {
        let segments = self.set().len() + sources.len();
        let mut left: u64 = moving.iter().map(|m| block_bytes(&m.entry)).sum();
        let mut current: Option<Output> = None;
        let mut block = Vec::new();
        for moved in moving {
            let bytes = block_bytes(&moved.entry);
            let entries = current.as_ref().map_or(0, |o| o.entries) + 1;
            let footer = extents.footer_bytes(segments, entries);
            if let Some(output) = current.take_if(|output| !output.fits(bytes + footer)) {
                self.finish_output(output, extents)?;
            }
            let output = match &mut current {
                Some(output) => output,
                None => {
                    let ordinal = outputs.len() as u32;
                    let output = self.new_output(covers, ordinal, left, extents)?;
                    outputs.push(output.segment.clone());
                    current.insert(output)
                }
            };
            let header = self.read_moving(&sources[moved.source as usize], &moved, &mut block)?;
            output.add(&moved, header, &mut block);
            left -= bytes;
            if output.buffer.len() >= PREPARE_STEP_BYTES {
                self.flush(output)?;
                self.pace(PREPARE_STEP_BYTES as u64)?;
            }
        }
        current.map_or(Ok(()), |output| self.finish_output(output, extents))
    }

    /// Keeps to the rewriter's rate, where it works in the background.
    fn pace(&self, bytes: u64) -> Result<(), LogError> {
        if let Some(why) = self.broken() {
            return Err(why);
        }
        let pause = Duration::from_micros(bytes * 1_000_000 / REWRITE_BYTES_PER_SECOND);
        if self.options.background && !self.signal.rest(pause) {
            return Err(LogError::Unavailable("the engine is stopping".into()));
        }
        Ok(())
    }

    /// A new sorted segment for `left` bytes or as many as fit.
    fn new_output(
        &self,
        covers: (u64, u64),
        ordinal: u32,
        left: u64,
        extents: &Extents,
    ) -> Result<Output, LogError> {
        let most = self.options.segment_bytes_max;
        let footer = extents.footer_bytes(self.set().len() + 1, 1);
        let bytes = self.segment_bytes(left.min(most / 2), footer);
        let free = self.next_segment(bytes).map_err(|e| self.unwritable(&e))?;
        let header = SegmentHeader {
            role: Role::Sorted,
            number: self.new_number(),
            bytes: free.bytes,
            first_commit: 0,
            previous: 0,
            covers,
            ordinal,
        };
        if let Err(e) = header.write(&*free.file) {
            self.remove_file(free.file_id);
            return Err(self.unwritable(&e));
        }
        let segment = Arc::new(Segment::new(&header, free.file_id, free.file));
        let (buffer, runs) = (Vec::new(), BTreeMap::new());
        Ok(Output { segment, header, at: DATA_START, buffer, entries: 0, runs })
    }

    /// A failure while sorting only discards the outputs.
    fn unwritable(&self, error: &io::Error) -> LogError {
        if is_full(error) {
            return LogError::Full;
        }
        self.counters.failures.add(1);
        LogError::Unavailable(format!("sorting segments failed: {error}"))
    }

    /// Reads one block and checks it, so that damage is never copied as if it were sound.
    fn read_moving(
        &self,
        source: &Segment,
        moved: &Moving,
        block: &mut Vec<u8>,
    ) -> Result<BlockHeader, LogError> {
        block.clear();
        block.resize(block_bytes(&moved.entry) as usize, 0);
        let offset = u64::from(moved.entry.offset);
        read_exact(&*source.file, block, offset)
            .map_err(|e| self.unreadable_at(source, offset, &e))?;
        self.checked(moved.log, source, &moved.entry, block)
    }

    fn flush(&self, output: &mut Output) -> Result<(), LogError> {
        let at = output.at - output.buffer.len() as u64;
        write_all_of(&*output.segment.file, &output.buffer, at).map_err(|e| self.unwritable(&e))?;
        self.counters.rewritten_bytes.add(output.buffer.len() as u64);
        output.buffer.clear();
        Ok(())
    }

    fn finish_output(&self, mut output: Output, extents: &Extents) -> Result<(), LogError> {
        output.pad();
        self.flush(&mut output)?;
        let commit = (extents.footer.commit, extents.footer.commit_crc);
        let arrival = extents.footer.last_arrival;
        let mut builder = FooterBuilder::new(&output.header, output.at, commit, arrival);
        let mut rows = extents.rows.iter();
        for (id, spec, logs) in &extents.state.groups {
            builder.group(*id, spec, *logs);
            for (log, row) in rows.by_ref().take(*logs as usize) {
                let run = output.runs.get(log).map_or(&[][..], Vec::as_slice);
                builder.row(*log, row.first, row.extent, row.sealed, run);
            }
        }
        let (bytes, footer) = builder.finish(&extents.state.deleted, &[]);
        let written = self.write_footer(&output.segment, &bytes, &footer);
        written.map_err(|e| self.unwritable(&e))?;
        output.segment.set_footer(Arc::new(footer));
        Ok(())
    }
}

fn block_bytes(entry: &Entry) -> u64 {
    (HEADER_ROOM + entry.payload_bytes as usize) as u64
}

impl Output {
    /// Whether `bytes` more fit; an empty segment takes any one block.
    fn fits(&self, bytes: u64) -> bool {
        self.entries == 0 || self.at + bytes + 512 <= self.header.bytes
    }

    /// Adds a block under a header for its new place.
    fn add(&mut self, moved: &Moving, header: BlockHeader, block: &mut [u8]) {
        let (segment, offset) = (self.header.number, self.at as u32);
        BlockHeader { segment, offset, ..header }.encode(block);
        self.buffer.extend_from_slice(block);
        self.at += block.len() as u64;
        self.entries += 1;
        self.runs.entry(moved.log).or_default().push(Entry { offset, ..moved.entry });
    }

    /// Ends the data on a sector.
    fn pad(&mut self) {
        let padding = padded(self.at) - self.at;
        self.buffer.resize(self.buffer.len() + padding as usize, 0);
        self.at += padding;
    }
}
