//! What came of deliveries and of the worker, written down.

use std::time::Duration;

use tokio::time::Instant;

use super::{End, Session};
use crate::deliver::{Came, Settled};
use crate::limits::{BACK_OFF_FIRST, BACK_OFF_MAX};
use crate::machine::{Closing, Command, Group, LaneId, Ranges};
use crate::processed::Header;
use crate::sink::{SinkError, Then};
use crate::worker::{Done, jittered};

impl Session {
    /// Writes down what came of an attempt.
    pub(super) async fn settle(&mut self, plan: u64, lane: LaneId, came: Came) -> Result<(), End> {
        self.at_work.remove(&plan);
        match came {
            Came::Settled(settled) => self.close(plan, lane, settled).await,
            Came::Failed(error) => self.rest(plan, lane, error).await,
            // It waits its turn as a slow one.
            Came::GaveWay => {
                self.ready[lane as usize].push_front(plan);
                Ok(())
            }
        }
    }

    async fn close(&mut self, id: u64, lane: LaneId, settled: Settled) -> Result<(), End> {
        let Some(plan) = self.state(|state| state.plans.get(&id).cloned()) else { return Ok(()) };
        let errors = ranges_of(&settled.blocks);
        let (how, failed) = (settled.how, settled.failed);
        let lost = (settled.lost > 0).then_some(settled.lost);
        self.submit(&Command::Close { plan: id, how, errors, failed, lost }).await?;
        self.ctx.taken.forget(id);
        self.ctx.tried.forget(id);
        self.take_blocks(&settled.blocks);
        drop(settled.held);
        let counters = &self.ctx.counters;
        let of_lane = counters.lane(lane);
        of_lane.records.add(settled.records);
        of_lane.bytes.add(settled.bytes);
        of_lane.objects.add(settled.objects);
        let (converted, unconverted) = (settled.conversions.converted, settled.conversions.failed);
        counters.converted_records.add(converted.records);
        counters.converted_bytes.add(converted.bytes);
        counters.conversion_failed_records.add(unconverted.records);
        counters.conversion_failed_bytes.add(unconverted.bytes);
        if how != Closing::Lost {
            counters.lost_records.add(settled.lost);
        } else {
            counters.lost_records.add(plan.records);
            counters.lost_bytes.add(plan.bytes);
            let (name, records, key) = (&self.ctx.sender.name, plan.records, &plan.key);
            tracing::error!(%name, plan = id, ?lane, records, %key, "records are lost");
        }
        self.settled_bytes += plan.bytes.max(1);
        if plan.version == self.current.settings.version {
            let lane = self.lane_mut(lane);
            lane.open = lane.open.saturating_sub(1);
        }
        Ok(())
    }

    /// Lets a plan rest that failed: a second at first, then longer and longer.
    async fn rest(&mut self, id: u64, lane: LaneId, error: SinkError) -> Result<(), End> {
        let SinkError { code, message, then } = error;
        let command = Command::Attempted { plan: id, at: self.ctx.now().0, code, message };
        self.submit(&command).await?;
        let attempts = self.state(|state| {
            let failure = state.plans.get(&id).and_then(|plan| plan.failure.as_ref());
            failure.map_or(1, |failure| failure.attempts)
        });
        let mut wait = jittered(&self.ctx, back_off(attempts));
        if let Then::RetryAfter(at_least) = then {
            wait = wait.max(at_least);
        }
        self.resting.insert((Instant::now() + wait, id), lane);
        Ok(())
    }

    /// Writes down what the worker made.
    pub(super) async fn take_worked(&mut self, done: Result<Done, String>) -> Result<(), End> {
        let Done { source, written, counts, cut } = done.map_err(End::Again)?;
        self.working = None;
        let blocks = ranges_of(&written.blocks);
        self.submit(&Command::Group(Group { source, blocks })).await?;
        counts.add_to(&self.ctx.counters);
        self.main.planned = self.state(|state| state.lane(LaneId::Main));
        self.take_blocks(&written.blocks);
        drop(written.held);
        if cut {
            // What the window left is looked at again.
            self.main.forget_source();
        }
        // A window from which nothing came leaves nothing to settle, and its records in the source.
        self.settled_bytes += 1;
        Ok(())
    }

    /// Blocks count from now on.
    fn take_blocks(&mut self, blocks: &[(u64, Header)]) {
        for (position, header) in blocks {
            self.take_block(*position, header);
        }
        if let Some(end) = blocks.iter().map(|(position, _)| position + 1).max() {
            self.see_processed(end);
        }
    }
}

fn ranges_of(blocks: &[(u64, Header)]) -> Ranges {
    let mut ranges = Ranges::default();
    blocks.iter().for_each(|(position, _)| ranges.insert(*position, position + 1));
    ranges
}

/// How long a plan rests after so many failed attempts.
fn back_off(attempts: u32) -> Duration {
    let doubled = BACK_OFF_FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    doubled.min(BACK_OFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_two_minutes() {
        let waits: Vec<u64> = (1..=10).map(|attempts| back_off(attempts).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 120, 120, 120]);
        assert_eq!(back_off(u32::MAX), BACK_OFF_MAX);
    }
}
