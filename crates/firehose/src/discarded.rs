//! What a deleted delivery stream throws away.

use crate::context::Context;
use crate::machine::{LaneId, State};

/// Records that are thrown away, by how far they had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discarded {
    /// In the intake, and nobody had looked at them in earnest. Those of a stream that is the source stay there and
    /// are none.
    pub unread: u64,
    /// Processed, and in no plan.
    pub processed: u64,
    /// In plans that are not settled.
    pub planned: u64,
}

impl Discarded {
    /// What there is once the pilot has ended. What only the backup had not got was delivered, and does not count.
    pub async fn of(ctx: &Context) -> Self {
        let is_lost = |lane| matches!(lane, LaneId::Main | LaneId::Errors);
        let planned = ctx.replica.read(|state| {
            let open = state.plans.values().filter(|plan| is_lost(plan.lane));
            open.map(|plan| plan.records).sum()
        });
        let processed = ctx.counters.waiting_processed_records.get();
        Discarded { unread: unread(ctx).await, processed, planned }
    }

    /// All of them.
    pub fn records(&self) -> u64 {
        self.unread + self.processed + self.planned
    }
}

/// Records of the intake between what is planned or processed and its end: a position is a record there.
async fn unread(ctx: &Context) -> u64 {
    if ctx.source_arn.is_some() {
        return 0;
    }
    let mut unread = 0;
    for (log, _) in ctx.replica.read(|state| state.logs.clone()) {
        // A log that cannot be read any more has nothing to throw away.
        let end = ctx.source.end(log).await.unwrap_or(0);
        unread += ctx.replica.read(|state| not_taken(state, log, end));
    }
    unread
}

/// Positions before the end of a log that are not the main lane's yet.
fn not_taken(state: &State, log: u32, end: u64) -> u64 {
    let main = state.lane(LaneId::Main);
    let covered = main.covered.get(&log);
    let beyond: u64 = covered.map_or(0, |ranges| ranges.iter().map(|(from, to)| to - from).sum());
    let began = state.logs.get(&log).copied().unwrap_or(0);
    end.saturating_sub(main.floor(log).max(began)).saturating_sub(beyond)
}
