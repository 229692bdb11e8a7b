//! Flushing: what was put before is sealed now, and waited for.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::oneshot;

use super::gone::gone_text;
use super::{End, Session, Unflushed};
use crate::machine::{LANES, LaneId, PROCESSED, State};
use crate::source::SourceError;

/// How often error documents that a flush brings about are flushed too: those of the source, of the worker, of
/// deliveries.
const ROUNDS_MAX: u32 = 4;

/// A flush under way.
pub struct Flush {
    done: oneshot::Sender<Result<(), Unflushed>>,
    /// Logs of the source and how far they have to be planned.
    source: BTreeMap<u32, u64>,
    /// How far the processed log has to be planned, once it is known.
    processed: Option<u64>,
    /// Plans that have to be settled, once they are known.
    plans: Option<BTreeSet<u64>>,
    rounds: u32,
}

impl Session {
    /// Begins a flush: everything that was put is sealed as soon as possible, and what rests is tried again at once.
    pub(super) async fn begin_flush(
        &mut self,
        done: oneshot::Sender<Result<(), Unflushed>>,
    ) -> Result<(), End> {
        self.discover().await?;
        let mut source = BTreeMap::new();
        for log in self.logs.keys() {
            match self.ctx.source.end(*log).await {
                Ok(end) => drop(source.insert(*log, end)),
                Err(SourceError::Gone) => {}
                Err(error) => return Err(End::Again(error.to_string())),
            }
        }
        for id in [LaneId::Main, LaneId::Backup] {
            if !self.shape().lane_reads_source(id) {
                continue;
            }
            for (log, end) in &source {
                force(&mut self.lane_mut(id).forced, *log, *end);
            }
        }
        for ((_, plan), lane) in std::mem::take(&mut self.resting) {
            self.ready[lane as usize].push_back(plan);
        }
        self.flushes.push(Flush { done, source, processed: None, plans: None, rounds: 0 });
        Ok(())
    }

    /// Answers flushes that have come to their end. Whether one of them forced something that is to be sealed.
    pub(super) async fn advance_flushes(&mut self) -> Result<bool, End> {
        if self.flushes.is_empty() {
            return Ok(false);
        }
        self.raise_floors().await?;
        let flushes = std::mem::take(&mut self.flushes);
        let mut forced = false;
        for mut flush in flushes {
            if flush.done.is_closed() {
                continue;
            }
            let before = flush.processed;
            let ended = self.advance(&mut flush);
            forced |= flush.processed != before;
            match ended {
                true => drop(flush.done.send(self.flushed())),
                false => self.flushes.push(flush),
            }
        }
        Ok(forced)
    }

    /// How a flush ends.
    fn flushed(&self) -> Result<(), Unflushed> {
        match self.state(|state| state.source.gone) {
            true => Err(Unflushed::SourceDeleted(gone_text(&self.ctx))),
            false => Ok(()),
        }
    }

    /// What a source that is gone still had is not waited for.
    pub(super) fn forget_targets(&mut self) {
        self.flushes.iter_mut().for_each(|flush| flush.source.clear());
    }

    /// Whether a flush has come to its end.
    fn advance(&mut self, flush: &mut Flush) -> bool {
        loop {
            let planned = [LaneId::Main, LaneId::Backup].into_iter().all(|id| {
                let planned = &self.lane(id).planned;
                let reads = self.shape().lane_reads_source(id);
                !reads || flush.source.iter().all(|(log, end)| planned.floor(*log) >= *end)
            });
            if !planned {
                return false;
            }
            let Some(target) = flush.processed else {
                let target = self.errors.seen(PROCESSED);
                for id in LANES {
                    force(&mut self.lane_mut(id).forced, PROCESSED, target);
                }
                flush.processed = Some(target);
                // What is forced is sealed with the next turn.
                continue;
            };
            let waits = |id: &LaneId| self.lane(*id).floor(PROCESSED) < target;
            if LANES.iter().any(|id| self.shape().lane_reads_processed(*id) && waits(id)) {
                return false;
            }
            let open = || self.state(|state| state.plans.keys().copied().collect::<BTreeSet<_>>());
            let plans = flush.plans.get_or_insert_with(open);
            let settled = self.state(|state| !plans.iter().any(|id| state.plans.contains_key(id)));
            if !settled {
                return false;
            }
            flush.rounds += 1;
            // What was sealed at once since it was full is waited for as what is still to be sealed.
            let of_errors =
                |state: &State| state.plans.values().any(|it| it.lane == LaneId::Errors);
            let are_left = self.errors.waiting().0 > 0 || self.state(of_errors);
            if !are_left || flush.rounds >= ROUNDS_MAX {
                return true;
            }
            (flush.processed, flush.plans) = (None, None);
        }
    }
}

fn force(forced: &mut BTreeMap<u32, u64>, input: u32, target: u64) {
    let known = forced.entry(input).or_default();
    *known = target.max(*known);
}
