//! Which plans are at work, and the trimming of what nobody needs any more.

use std::collections::BTreeMap;

use millstream_log::Position;

use super::{End, Session};
use crate::deliver::Work;
use crate::limits::{LANE_DELIVERIES_MAX, OLDER_DELIVERIES_MAX, REPLACED_DELIVERIES_MAX};
use crate::machine::{Command, LANES, LaneId, PROCESSED, Seal};
use crate::source::SourceError;

/// Bytes of settled plans after which the logs are trimmed.
const TRIM_BYTES: u64 = 16 * 1024 * 1024;
/// Full buffers of error documents beyond which the main lane delivers nothing more.
const ERRORS_WAITING_MAX: usize = 256;

impl Session {
    /// Sets plans to work that can be delivered, in order, as many as a lane may.
    pub(super) fn launch(&mut self) -> Result<(), End> {
        let now = tokio::time::Instant::now();
        while let Some(((at, plan), lane)) = self.resting.pop_first() {
            if at > now {
                self.resting.insert((at, plan), lane);
                break;
            }
            self.ready[lane as usize].push_front(plan);
        }
        for lane in LANES {
            if lane == LaneId::Main && self.errors.full() > ERRORS_WAITING_MAX {
                continue;
            }
            while let Some(id) = self.next_ready(lane) {
                self.launch_one(id, lane)?;
            }
        }
        Ok(())
    }

    /// The plan that a lane delivers next, if it may have one more at work: the first, but for those of a replaced
    /// configuration, which leave turns to those of the one that holds. Where they had all turns already when they were
    /// replaced, there are more turns for the others: what is replaced may hang.
    fn next_ready(&mut self, lane: LaneId) -> Option<u64> {
        let version = self.current.settings.version;
        let of_lane = || self.at_work.values().filter(|(of, _)| *of == lane);
        let at_work = of_lane().count();
        let older = of_lane().filter(|(_, sealed)| *sealed != version).count();
        let is_current = |id: &u64| {
            self.state(|state| state.plans.get(id).is_none_or(|it| it.version == version))
        };
        let ready = &self.ready[lane as usize];
        let next = if at_work < LANE_DELIVERIES_MAX {
            match older < OLDER_DELIVERIES_MAX {
                true => 0,
                false => ready.iter().position(is_current).unwrap_or(0),
            }
        } else {
            let has_more = at_work - older < LANE_DELIVERIES_MAX - OLDER_DELIVERIES_MAX;
            if !has_more || at_work >= REPLACED_DELIVERIES_MAX {
                return None;
            }
            ready.iter().position(is_current)?
        };
        self.ready[lane as usize].remove(next)
    }

    fn launch_one(&mut self, id: u64, lane: LaneId) -> Result<(), End> {
        let Some(plan) = self.state(|state| state.plans.get(&id).cloned()) else { return Ok(()) };
        let compiled = self.compiled.get(&plan.version).cloned();
        let compiled =
            compiled.ok_or_else(|| End::Again(format!("no version {} is known", plan.version)))?;
        self.at_work.insert(id, (lane, plan.version));
        let work = Work { ctx: self.ctx.clone(), compiled, plan };
        self.deliveries.spawn(async move { (id, lane, work.attempt().await) });
        Ok(())
    }

    /// Trims the logs now and then: after so many bytes, and when nothing is left to do.
    pub(super) async fn trim(&mut self) -> Result<(), End> {
        let idle = self.settled_bytes > 0
            && self.worker.is_empty()
            && [&self.main, &self.backup, &self.errors].iter().all(|lane| lane.waiting().0 == 0)
            && self.state(|state| state.plans.is_empty());
        if !idle && self.settled_bytes < TRIM_BYTES {
            return Ok(());
        }
        self.settled_bytes = 0;
        self.raise_floors().await?;
        let mut inputs: Vec<u32> = self.logs.keys().copied().collect();
        inputs.push(PROCESSED);
        for input in inputs {
            let needed = self.state(|state| state.needed_from(input));
            if needed <= self.trimmed.get(&input).copied().unwrap_or(0) {
                continue;
            }
            self.trimmed.insert(input, needed);
            let trimmed = match input {
                PROCESSED => {
                    let trimmed = self.ctx.log.trim(self.ctx.processed(), Position(needed)).await;
                    trimmed.map_err(|error| SourceError::Failed(error.to_string()))
                }
                log => self.ctx.source.trim(log, needed).await,
            };
            if let Err(why) = trimmed {
                tracing::debug!(name = %self.ctx.sender.name, %why, "a log cannot be trimmed now");
            }
        }
        let named: BTreeMap<u64, ()> =
            self.state(|state| state.configs.keys().map(|version| (*version, ())).collect());
        self.compiled.retain(|version, _| named.contains_key(version));
        let places = self.compiled.values().flat_map(|compiled| {
            let of_lanes = LANES.into_iter().map(|lane| compiled.place(lane));
            of_lanes.chain([compiled.worker_place()])
        });
        self.ctx.ways.keep(&places.collect());
        Ok(())
    }

    /// Writes down how far lanes have come that have nothing to seal.
    pub(super) async fn raise_floors(&mut self) -> Result<(), End> {
        for lane in LANES {
            let floors = self.floors(lane);
            if floors.is_empty() {
                continue;
            }
            self.submit(&Command::Seal(Seal { plans: Vec::new(), lane, floors })).await?;
            let planned = self.state(|state| state.lane(lane));
            self.lane_mut(lane).planned = planned;
        }
        Ok(())
    }
}
