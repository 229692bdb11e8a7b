//! Frees segments in which nothing is alive any more: trimmed, expired or deleted.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use millstream_types::Millis;
use tokio::sync::oneshot;

use crate::block::BlockHeader;
use crate::change::Change;
use crate::contract::{LogError, LogId};
use crate::disk::read_exact;
use crate::footer::Row;
use crate::frame::HEADER_ROOM;
use crate::queue::Item;
use crate::segment::{Segment, Witness};
use crate::shared::Shared;

/// Logs named by one `Free`: keeps its block small. A segment with more is freed in several steps.
const FIRSTS_MAX: usize = 4_000;

/// Whether a segment is alive.
enum Life {
    Alive,
    /// Dead once these logs begin at these positions.
    Dead(Vec<(LogId, u64)>),
}

impl Shared {
    /// Frees what died. Returns how many segments.
    pub(crate) fn free_dead_segments(&self) -> usize {
        let _one = self.reclaiming.lock().unwrap_or_else(PoisonError::into_inner);
        let (units, newest) = {
            let set = self.set();
            (set.sealed(), set.newest_footer())
        };
        let mut freed = 0;
        let members = units.iter().flat_map(|unit| &unit.members);
        for segment in members.filter(|segment| Some(segment.number) != newest) {
            let now = self.options.clock.now();
            if !self.witness_is_dead(segment, now) {
                continue;
            }
            match self.life_of(segment, now) {
                Ok(Life::Dead(firsts)) => {
                    if self.free(segment, firsts).is_err() {
                        return freed;
                    }
                    freed += 1;
                    self.counters.segments_freed.add(1);
                }
                // Damage keeps a segment: a person decides.
                Ok(Life::Alive) | Err(_) => {}
            }
        }
        freed
    }

    fn witness_is_dead(&self, segment: &Segment, now: Millis) -> bool {
        segment.witness().is_none_or(|w| !self.is_alive(w.log, w.end, w.last_arrival, now))
    }

    /// Whether a log still needs blocks that end at `end` and of which the last arrived at `last_arrival`.
    fn is_alive(&self, log: LogId, end: u64, last_arrival: Millis, now: Millis) -> bool {
        let tables = self.tables();
        let Ok(group) = tables.group(log.group) else { return false };
        let Some(state) = group.log(log.index) else { return false };
        let expired = group.spec().keep.is_some_and(|keep| last_arrival.plus(keep) < now);
        !expired && state.lock().first < end
    }

    fn life_of(&self, segment: &Segment, now: Millis) -> Result<Life, LogError> {
        let footer = self.footer_of(segment)?;
        let unreadable = |e| self.unreadable(segment, &e);
        let state = footer.read_state(&*segment.file).map_err(unreadable)?;
        let rows = footer.read_rows(&*segment.file, &state).map_err(unreadable)?;
        let mut firsts = Vec::new();
        for (log, row) in rows {
            if row.run.1 == 0 {
                continue;
            }
            let (end, last_arrival) = match self.last_of_run(segment, &row, log)? {
                Some(last) => last,
                None => continue,
            };
            if self.is_alive(log, end, last_arrival, now) {
                segment.set_witness(Some(Witness { log, end, last_arrival }));
                return Ok(Life::Alive);
            }
            firsts.push((log, end));
        }
        Ok(Life::Dead(firsts))
    }

    /// Where a run ends and when its last block arrived. In a segment of the chain the row says it; a sorted segment
    /// may
    /// hold less than the row's stretch, so its own entries do.
    fn last_of_run(
        &self,
        segment: &Segment,
        row: &Row,
        log: LogId,
    ) -> Result<Option<(u64, Millis)>, LogError> {
        if segment.covers == (segment.number, segment.number) {
            return Ok(row.extent.last_arrival.map(|at| (row.extent.end, at)));
        }
        let run = self.run_of(segment, log, row)?;
        let Some(last) = run.last() else { return Ok(None) };
        let mut header = [0; HEADER_ROOM];
        let offset = u64::from(last.offset);
        read_exact(&*segment.file, &mut header, offset)
            .map_err(|e| self.unreadable_at(segment, offset, &e))?;
        let header = BlockHeader::decode(&header, segment.number, offset)
            .ok_or_else(|| self.damaged(segment, offset, "a block has no sound header"))?;
        Ok(Some((last.base + u64::from(header.count), last.arrival)))
    }

    /// Writes down that a segment is free, and then lets it go.
    fn free(&self, segment: &Arc<Segment>, firsts: Vec<(LogId, u64)>) -> Result<(), LogError> {
        let firsts: Vec<_> = {
            let tables = self.tables();
            let behind = |(log, first): &(LogId, u64)| {
                tables.log(*log).is_ok_and(|log| log.lock().first < *first)
            };
            firsts.into_iter().filter(behind).collect()
        };
        let mut chunks = firsts.chunks(FIRSTS_MAX).peekable();
        while let Some(chunk) = chunks.next() {
            if chunks.peek().is_some() {
                let change = Change::Free { segments: Vec::new(), firsts: chunk.to_vec() };
                self.commit_change(change)?;
            }
        }
        let last = firsts.chunks(FIRSTS_MAX).next_back().unwrap_or_default().to_vec();
        self.commit_change(Change::Free { segments: vec![segment.number], firsts: last })
    }

    /// Has a change committed and waits for it. Never from the committer's thread.
    pub(crate) fn commit_change(&self, change: Change) -> Result<(), LogError> {
        let (reply, answer) = oneshot::channel();
        let item = Item::Change(change, reply);
        self.queue.push(item, self.options.queue_bytes_max, &self.counters)?;
        let stopped = || Err(LogError::Unavailable("the engine stopped".into()));
        crate::wait::block_on(answer).unwrap_or_else(|_| stopped())
    }

    /// A hint that something may have died.
    pub(crate) fn something_died(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.signal.raise();
    }
}
