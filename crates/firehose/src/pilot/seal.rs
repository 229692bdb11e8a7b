//! Sealing: buffers that are due become plans, written down before anything of them is delivered.

use millstream_types::Millis;
use uuid::Uuid;

use super::{End, Session};
use crate::deliver::ENCODER;
use crate::lane::{Buffer, Due};
use crate::limits::{OPEN_PLANS_MAX, OPEN_PLANS_PARTITIONED_MAX, SEAL_BYTES_MAX};
use crate::machine::{Command, LaneId, PROCESSED, Plan, Seal};
use crate::names::KeyOf;

impl Session {
    /// Plans that a lane may have open.
    pub(super) fn open_max(&self, lane: LaneId) -> usize {
        match self.current.settings.processing.partitioned && lane == LaneId::Main {
            true => OPEN_PLANS_PARTITIONED_MAX.max(self.ctx.partitions_max.saturating_mul(2)),
            false => OPEN_PLANS_MAX,
        }
    }

    /// Seals what is due in a lane, as far as it may have plans open. Whether there was anything.
    pub(super) async fn seal(&mut self, id: LaneId) -> Result<bool, End> {
        let room = self.open_max(id).saturating_sub(self.lane(id).open);
        if room == 0 {
            return Ok(false);
        }
        let (hints, now) = (self.current.hints(id), self.ctx.now());
        let from_source =
            self.shape().lane_reads_source(id) && !(id == LaneId::Main && self.shape().worker);
        let lane = self.lane_mut(id);
        let mut due: Vec<Due> = Vec::new();
        if from_source {
            due.extend(lane.source_due(hints, now).map(|buffer| (String::new(), buffer)));
        }
        due.extend(lane.blocks_due(hints, now, room.saturating_sub(due.len())));
        if due.is_empty() {
            return Ok(false);
        }
        let first = self.state(|state| state.next_plan);
        let plans = (first..)
            .zip(due)
            .map(|(number, (name, buffer))| self.plan(number, id, name, buffer, now));
        let mut plans: Vec<Plan> = plans.collect();
        // All buffers are taken out already: the floors hold for all plans together, so the last command has them.
        while !plans.is_empty() {
            let batch = first_that_fit(&mut plans);
            let floors = if plans.is_empty() { self.floors(id) } else { Vec::new() };
            self.write_plans(id, batch, floors).await?;
        }
        Ok(true)
    }

    async fn write_plans(
        &mut self,
        lane: LaneId,
        plans: Vec<Plan>,
        floors: Vec<(u32, u64)>,
    ) -> Result<(), End> {
        let ids: Vec<u64> = plans.iter().map(|plan| plan.id).collect();
        self.submit(&Command::Seal(Seal { plans, lane, floors })).await?;
        let planned = self.state(|state| state.lane(lane));
        let sealed = self.lane_mut(lane);
        sealed.planned = planned;
        sealed.open += ids.len();
        self.ready[lane as usize].extend(ids);
        Ok(())
    }

    /// How far a lane's inputs are planned now, where that is further than written down.
    pub(super) fn floors(&self, id: LaneId) -> Vec<(u32, u64)> {
        let lane = self.lane(id);
        let works = id == LaneId::Main && self.shape().worker;
        let mut floors = Vec::new();
        // The worker's place in the source is moved by what it writes.
        if self.shape().lane_reads_source(id) && (!works || self.worker.is_empty()) {
            floors.extend(self.logs.keys().map(|log| (*log, lane.floor(*log))));
        }
        if self.shape().lane_reads_processed(id) {
            floors.push((PROCESSED, lane.floor(PROCESSED).min(self.ctx.appending.floor())));
        }
        floors.retain(|(input, floor)| *floor > lane.planned.floor(*input));
        floors
    }

    fn plan(&self, id: u64, lane: LaneId, name: String, buffer: Buffer, now: Millis) -> Plan {
        let uuid = self.ctx.uuid();
        if lane == LaneId::Main && self.current.settings.processing.partitioned {
            let gathered_ms = now.since(buffer.oldest).as_millis().max(1000) as u64;
            self.ctx.counters.partition_throughput.record(buffer.bytes * 1000 / gathered_ms);
        }
        let error_type = (lane == LaneId::Errors).then_some(name);
        Plan {
            id,
            lane,
            version: self.current.settings.version,
            uuid: *uuid.as_bytes(),
            oldest: buffer.oldest.0,
            records: buffer.records,
            bytes: buffer.bytes,
            created: now.0,
            encoder: ENCODER,
            key: self.key(lane, error_type.as_deref(), &buffer, uuid),
            error_type,
            failure: None,
            newest: buffer.newest.0,
            cover: buffer.cover,
        }
    }

    /// The key of a plan's object. A prefix that cannot be evaluated, which a checked one does not come to, leaves the
    /// name alone: nothing is lost for a name.
    fn key(&self, lane: LaneId, error_type: Option<&str>, buffer: &Buffer, uuid: Uuid) -> String {
        let Some(namer) = self.current.namer(lane) else { return String::new() };
        let of = KeyOf { at: buffer.oldest, error_type, values: &buffer.values, uuid };
        namer.key(&of, &*self.ctx.random).unwrap_or_else(|why| {
            tracing::error!(name = %self.ctx.sender.name, %why, "a key cannot be made");
            format!("{}-{uuid}", self.ctx.sender.name)
        })
    }
}

/// Takes out as many plans as one command may hold; at least one.
fn first_that_fit(plans: &mut Vec<Plan>) -> Vec<Plan> {
    let mut bytes = 0;
    let fits = |plan: &&Plan| {
        let first = bytes == 0;
        bytes += 512 + plan.key.len() + plan.cover.ranges() * 20;
        first || bytes <= SEAL_BYTES_MAX
    };
    let count = plans.iter().take_while(fits).count();
    plans.drain(..count).collect()
}
