//! What a pipeline is at, for those who measure.

use millstream_types::Millis;

use super::Session;
use crate::lane::Lane;
use crate::machine::LaneId;

impl Session {
    /// Shows the state to those who measure.
    pub(super) fn show(&self) {
        let counters = &self.ctx.counters;
        let lanes = [&self.main, &self.backup, &self.errors];
        let waiting = lanes.map(Lane::waiting);
        counters.waiting_records.set(waiting.iter().map(|it| it.0).sum());
        counters.waiting_bytes.set(waiting.iter().map(|it| it.1).sum());
        let processed = self.main.blocks_waiting() + self.errors.blocks_waiting();
        counters.waiting_processed_records.set(processed);
        counters.open_plans.set(self.state(|state| state.plans.len() as u64));
        counters.partitions.set(self.main.partitions().count() as u64);
        let mut planned = [None::<Millis>; 3];
        self.state(|state| {
            for plan in state.plans.values() {
                let oldest = &mut planned[plan.lane as usize];
                *oldest = Some(oldest.unwrap_or(Millis(u64::MAX)).min(Millis(plan.oldest)));
            }
        });
        for lane in lanes {
            let working = self.working.filter(|_| lane.id == LaneId::Main);
            let oldest = [planned[lane.id as usize], lane.oldest(), working];
            let oldest = oldest.into_iter().flatten().min();
            counters.lane(lane.id).oldest_ms.set(oldest.map_or(0, |oldest| oldest.0));
        }
    }
}
