//! Looking at the source: what lanes take of it, and how far.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::{End, Session};
use crate::lane::{Full, Lane};
use crate::limits::{
    DAMAGE_PAUSE, DAMAGED_JOINED_MAX, DAMAGED_PLANS_MAX, READ_BYTES, WINDOW_COMPRESSED_BYTES_MAX,
    WINDOW_RECORDS_MAX,
};
use crate::machine::LaneId;
use crate::source::{Damaged, Extent, Scan, SourceError};

impl Session {
    /// Whether a lane takes more of the source now. What is full is sealed first, and a lane that has as many plans
    /// open as it may leaves the backlog in the log.
    pub(super) fn takes_source(&self, id: LaneId) -> bool {
        let lane = self.lane(id);
        let aligning = self.next.is_some() && self.aligns();
        if !self.shape().lane_reads_source(id) || aligning || !lane.source_full.is_empty() {
            return false;
        }
        if self.stands(id) {
            return false;
        }
        match id == LaneId::Main && self.shape().worker {
            true => !self.is_crowded(),
            false => lane.open < self.open_max(id),
        }
    }

    /// Whether the worker is to wait until deliveries have caught up.
    pub(super) fn is_crowded(&self) -> bool {
        let waits = |lane: &Lane| lane.is_crowded() || lane.full() > 256;
        waits(&self.main) || waits(&self.errors) || waits(&self.backup)
    }

    /// When a buffer of the source is full.
    pub(super) fn source_full(&self, id: LaneId) -> Full {
        if id != LaneId::Main || !self.shape().worker {
            return self.current.full(id);
        }
        let processing = &self.current.settings.processing;
        let bytes = match (processing.decompress, &processing.deaggregate) {
            (true, _) => self.current.window().bytes,
            // Most of a large one would be left for the next, and looked at again.
            (false, Some(_)) => self.current.window_bytes_max().min(WINDOW_COMPRESSED_BYTES_MAX),
            (false, None) => self.current.window_bytes_max(),
        };
        Full { bytes, records: WINDOW_RECORDS_MAX }
    }

    /// Whether a log's parents are read to their ends.
    pub(super) fn may_read(&self, lane: &Lane, log: u32) -> bool {
        let parents = self.logs.get(&log);
        let is_done = |parent: &u32| match (self.logs.contains_key(parent), self.ended.get(parent))
        {
            (true, Some(end)) => lane.seen(*parent) >= *end,
            (true, None) => false,
            (false, _) => true,
        };
        parents.is_none_or(|parents| parents.iter().all(is_done))
    }

    /// The logs that lanes wait for, and from where.
    pub(super) fn wanted(&self) -> Vec<(u32, u64)> {
        let mut wanted: BTreeMap<u32, u64> = BTreeMap::new();
        for id in [LaneId::Main, LaneId::Backup] {
            if !self.takes_source(id) {
                continue;
            }
            let lane = self.lane(id);
            for log in self.logs.keys().filter(|log| self.may_read(lane, **log)) {
                let seen = lane.seen(*log);
                if self.ended.get(log).is_none_or(|end| seen < *end) {
                    let from = wanted.entry(*log).or_insert(seen);
                    *from = seen.min(*from);
                }
            }
        }
        wanted.into_iter().collect()
    }

    /// Looks at what is new in the source. Whether there was anything.
    pub(super) async fn scan(&mut self, id: LaneId) -> Result<bool, End> {
        if !self.takes_source(id) {
            return Ok(false);
        }
        let (full, mut found) = (self.source_full(id), false);
        let logs: Vec<u32> = self.logs.keys().copied().collect();
        for log in logs {
            let lane = self.lane(id);
            let from = lane.seen(log);
            if !self.may_read(lane, log) || self.ended.get(&log).is_some_and(|end| from >= *end) {
                continue;
            }
            let scan = match self.ctx.source.scan(log, from, READ_BYTES).await {
                Ok(scan) => scan,
                Err(SourceError::Gone) => {
                    self.ended.insert(log, from);
                    continue;
                }
                Err(SourceError::Damaged(damaged)) => {
                    found |= self.take_damaged(id, log, from, u64::MAX, damaged).await?;
                    continue;
                }
                Err(SourceError::Failed(why)) => return Err(End::Again(why)),
            };
            if scan.ended {
                self.ended.insert(log, scan.next);
            }
            if scan.lost > 0 {
                let (name, lost) = (&self.ctx.sender.name, scan.lost);
                tracing::warn!(%name, lane = ?id, log, lost, "records expired undelivered");
                // What the worker cannot read it counts itself.
                if id != LaneId::Main || !self.shape().worker {
                    self.ctx.counters.lost_records.add(scan.lost);
                }
            }
            self.count_read(id, log, from, &scan).await;
            found |= scan.next > from;
            let newest = scan.extents.last().map(|last| last.newest);
            let lane = self.lane_mut(id);
            for extent in &scan.extents {
                lane.take(log, extent, full);
            }
            lane.pass(log, scan.next);
            let behind = newest.map_or(0, |newest| self.ctx.now().since(newest).as_millis() as u64);
            self.ctx.counters.millis_behind_latest.set(behind);
        }
        Ok(found)
    }

    /// Counts what a stream had for the main lane, once however often it is looked at.
    pub(super) async fn count_read(&self, id: LaneId, log: u32, from: u64, scan: &Scan) {
        if id != LaneId::Main {
            return;
        }
        let counted = self.ctx.counted(log, from);
        if scan.next <= counted {
            return;
        }
        let (next, records, bytes) = match from >= counted {
            true => (scan.next, scan.records, scan.bytes),
            // Some of it was counted before the pipeline began again. What cannot be read now comes with a later scan.
            false => match self.ctx.source.scan(log, counted, READ_BYTES).await {
                Ok(more) => (more.next, more.records, more.bytes),
                Err(_) => return,
            },
        };
        self.ctx.count_up_to(log, next);
        self.ctx.counters.read_records.add(records);
        self.ctx.counters.read_bytes.add(bytes);
    }

    /// Whether a lane waits at a damaged place.
    pub(super) fn stands(&self, id: LaneId) -> bool {
        self.stands[id as usize].is_some_and(|(_, until)| until > Instant::now())
    }

    /// When a lane that waits at a damaged place looks at it again.
    pub(super) fn looks_again_at(&self) -> Option<Instant> {
        self.stands
            .iter()
            .flatten()
            .map(|(_, until)| *until)
            .filter(|at| *at > Instant::now())
            .min()
    }

    /// A damaged place waits by itself, and delivery goes on behind it. Nobody knows how old its records are: their
    /// time begins now. Each is an open plan, of which a lane may not have many: where there are too many, the lane
    /// waits for a while, and then they are lost. None is longer than a plan may be. Whether it was passed.
    pub(super) async fn take_damaged(
        &mut self,
        id: LaneId,
        log: u32,
        from: u64,
        to: u64,
        damaged: Damaged,
    ) -> Result<bool, End> {
        let end = self.ctx.source.end(log).await.map_err(|it| End::Again(it.to_string()))?;
        if damaged.next <= from || damaged.next > end {
            // What is put later would be taken for damaged.
            let Damaged { next, what, .. } = damaged;
            let why = format!("{what} (a place from {from} to {next} of a log that ends at {end})");
            return Err(End::Again(why));
        }
        let works = id == LaneId::Main && self.shape().worker;
        let is_crowded = !works && self.damaged[id as usize] >= DAMAGED_PLANS_MAX;
        let full = self.source_full(id);
        let damaged = damaged.cut(from, to, full.bytes, full.records);
        let damaged = self.join_damaged(log, from, to, damaged, full).await;
        let Damaged { next, bytes, what } = &damaged;
        let (name, records, next, bytes) = (&self.ctx.sender.name, next - from, *next, *bytes);
        let known = self.stands[id as usize].take();
        let is_new = known.is_none_or(|(at, _)| at != from);
        if is_new {
            tracing::error!(%name, lane = ?id, log, from, next, %what, "a place in the source is damaged");
            self.ctx.counters.damaged_places.add(1);
        }
        if is_crowded && !self.ctx.patience.is_over() {
            self.stands[id as usize] = Some((from, Instant::now() + DAMAGE_PAUSE));
            if is_new {
                let message = format!("Records are damaged and waited for: {what}");
                self.ctx.tell(&self.current, id, "InternalFailure", &message).await;
            }
            return Ok(false);
        }
        if is_crowded {
            self.ctx.counters.lost_records.add(records);
            let message = format!("{records} records are damaged and lost: {what}");
            self.ctx.tell(&self.current, id, "InternalFailure", &message).await;
            self.lane_mut(id).pass(log, next);
            return Ok(true);
        }
        self.damaged[id as usize] += 1;
        let now = self.ctx.now();
        let extent = Extent { from, to: next, records, bytes, oldest: now, newest: now };
        self.lane_mut(id).take_alone(log, &extent);
        Ok(true)
    }

    /// Adds the places behind a damaged one, for as long as they fit into one plan with it.
    async fn join_damaged(
        &self,
        log: u32,
        from: u64,
        to: u64,
        mut damaged: Damaged,
        full: Full,
    ) -> Damaged {
        for _ in 0..DAMAGED_JOINED_MAX {
            let (next, bytes) = (damaged.next, damaged.bytes);
            if next >= to || bytes >= full.bytes || next - from >= full.records {
                break;
            }
            let scan = self.ctx.source.scan(log, next, READ_BYTES).await;
            let Err(SourceError::Damaged(more)) = scan else { break };
            let is_more = more.next > next && more.next <= to;
            let fits = bytes.saturating_add(more.bytes) <= full.bytes
                && more.next.saturating_sub(from) <= full.records;
            if !is_more || !fits {
                break;
            }
            (damaged.next, damaged.bytes) = (more.next, bytes + more.bytes);
        }
        damaged
    }
}
