//! Many shards change at once: the way to a number of equal ones, and the splits and merges of an on-demand stream.

use millstream_replica::GroupId;
use millstream_types::{HashKey, HashKeyRange, Millis, ShardId};

use super::Scaling;
use super::apply::{left_of_day, of_mode, take_of_day};
use crate::apply::{active, change, set_status};
use crate::command::{Reshard, ScalingPlan};
use crate::outcome::{CapacityRefusal, Outcome, Refusal};
use crate::reshard::{merge, reserve, shard_quota, split};
use crate::scaling::{
    Change, OpenShard, STEPS_WITHOUT_PLAN_MAX, is_even, next_step, peak, steps_max,
};
use crate::state::State;
use crate::stream::{ReshardUnderWay, Stream, StreamMode, StreamStatus};

/// How many shards of the stream may be open within the quota.
pub(super) fn room(state: &State, group: u64, shards_max: u64) -> Result<usize, Refusal> {
    let stream = state.by_group(GroupId(group)).ok_or(Refusal::NoStream)?;
    Ok(state.room(stream, shards_max))
}

impl State {
    /// How many shards of a stream may be open within the quota of its account and region.
    pub fn room(&self, stream: &Stream, shards_max: u64) -> usize {
        let all = self.usage(stream.account, &stream.region).claimed;
        let others = all.saturating_sub(crate::state::Usage::of(stream).claimed);
        usize::try_from(shards_max.saturating_sub(others)).unwrap_or(usize::MAX)
    }
}

fn open_by_key(stream: &Stream) -> Vec<OpenShard> {
    let mut open: Vec<OpenShard> =
        stream.open_shards().map(|shard| (shard.id, shard.range)).collect();
    open.sort_unstable_by_key(|(_, range)| range.start);
    open
}

/// A number of equal shards, and the plan of the way to them; none in what was sent before there were plans.
pub(super) type Way = (u32, Option<ScalingPlan>);

/// Whether UpdateShardCount may give a stream `target` shards, as far as the stream itself says.
pub fn may_scale(
    stream: &Stream,
    target: u32,
    at: Millis,
    per_day_max: u64,
) -> Result<(), Refusal> {
    of_mode(stream, StreamMode::Provisioned)?;
    active(stream)?;
    let shards = open_by_key(stream);
    let open = shards.len() as u32;
    if target > open.saturating_mul(2) || target < open.div_ceil(2) {
        return Err(Refusal::Capacity(CapacityRefusal::ShardCountBounds { open, target }));
    }
    if is_even(&shards, target) {
        return Err(Refusal::Capacity(CapacityRefusal::ShardCountSame { open }));
    }
    left_of_day(&stream.capacity.scaled, at, per_day_max)
}

/// Follows the way to `target` equal shards in advance, with the room that [`State::room`] says, for the command that
/// begins it. With thousands of shards it takes a good part of a second: it is for the sender, off its runtime.
pub fn plan_scaling(
    stream: &Stream,
    target: u32,
    room: usize,
    shards_max: u64,
) -> Result<ScalingPlan, Refusal> {
    let shards = open_by_key(stream);
    let open = shards.len() as u32;
    let known = stream.shards.len() as u32;
    if is_even(&shards, target) {
        return Ok(ScalingPlan { shards: known, open_max: open });
    }
    if target as usize > room {
        return Err(Refusal::ShardQuota { max: shards_max, open: u64::from(open) });
    }
    let steps = steps_max(shards.len(), target);
    let peak = peak(&shards, target, room.max(shards.len()), steps)
        .ok_or(no_room(shards_max, open, target))?;
    Ok(ScalingPlan { shards: stream.shards.len() as u32, open_max: peak as u32 })
}

fn no_room(max: u64, open: u32, target: u32) -> Refusal {
    Refusal::Capacity(CapacityRefusal::ScalingRoom { max, open, target })
}

/// Begins to change a provisioned stream to `target` equal shards; UPDATING.
pub(super) fn begin_scaling(
    state: &mut State,
    group: u64,
    way: Way,
    at: u64,
    per_day_max: u64,
    shards_max: u64,
) -> Result<Outcome, Refusal> {
    let room = room(state, group, shards_max)?;
    change(state, group, |stream| {
        may_scale(stream, way.0, Millis(at), per_day_max)?;
        take_of_day(&mut stream.capacity.scaled, Millis(at), per_day_max)?;
        scale_to(stream, way, room, shards_max)?;
        set_status(stream, StreamStatus::Updating, at);
        Ok(())
    })
}

/// Begins the way to `target` equal shards, unless they are there.
pub(super) fn scale_to(
    stream: &mut Stream,
    (target, plan): Way,
    room: usize,
    shards_max: u64,
) -> Result<(), Refusal> {
    let shards = open_by_key(stream);
    if target == 0 {
        return Err(Refusal::Malformed("a stream has shards"));
    }
    if is_even(&shards, target) {
        return Ok(());
    }
    let from = shards.len() as u32;
    let quota = Refusal::ShardQuota { max: shards_max, open: u64::from(from) };
    if target as usize > room {
        return Err(quota);
    }
    let room = room.max(shards.len());
    let open_max = match plan {
        Some(plan) if plan.shards as usize != stream.shards.len() => {
            return Err(Refusal::Capacity(CapacityRefusal::ShardsChanged));
        }
        Some(plan) if plan.open_max as usize > room => {
            return Err(no_room(shards_max, from, target));
        }
        Some(plan) => plan.open_max,
        // As it was decided when it was sent.
        None => peak(&shards, target, room, STEPS_WITHOUT_PLAN_MAX).ok_or(quota)? as u32,
    };
    stream.capacity.scaling = Some(Scaling { from, target, open_max });
    continue_scaling(stream)
}

/// Reserves the shards of the next step, or ends the scaling if there is none.
pub(super) fn continue_scaling(stream: &mut Stream) -> Result<(), Refusal> {
    let Some(scaling) = stream.capacity.scaling.filter(|_| stream.reshard.is_none()) else {
        return Ok(());
    };
    let shards = open_by_key(stream);
    let step = next_step(&shards, scaling.target, scaling.open_max as usize);
    if step.is_empty() {
        stream.capacity.scaling = None;
        return Ok(());
    }
    let ranges: std::collections::HashMap<ShardId, _> = shards.into_iter().collect();
    let next = stream.shards.len() as u32;
    let mut families = Vec::with_capacity(step.len());
    for change in &step {
        let parents = match *change {
            Change::Split(id, _) => vec![id],
            Change::Merge(low, high) => vec![low, high],
        };
        let open: Vec<OpenShard> = parents.iter().map(|id| (*id, ranges[id])).collect();
        let children = crate::scaling::after(&open, &[*change], next);
        families.push((parents, children.into_iter().map(|(_, range)| range).collect()));
    }
    reserve_all(stream, &families);
    Ok(())
}

type Family = (Vec<ShardId>, Vec<HashKeyRange>);

/// Reserves the children of several families as one change.
fn reserve_all(stream: &mut Stream, families: &[Family]) {
    let mut all = ReshardUnderWay { parents: Vec::new(), children: Vec::new() };
    for (parents, ranges) in families {
        reserve(stream, parents, ranges);
        if let Some(one) = stream.reshard.take() {
            all.parents.extend(one.parents);
            all.children.extend(one.children);
        }
    }
    stream.reshard = Some(all);
}

/// Begins several changes of shards of an on-demand stream; UPDATING.
pub(super) fn begin_reshards(
    state: &mut State,
    group: u64,
    reshards: &[Reshard],
    at: u64,
    shards_max: u64,
) -> Result<Outcome, Refusal> {
    let room = room(state, group, shards_max)?;
    change(state, group, |stream| {
        reserve_reshards(stream, reshards, room, shards_max)?;
        set_status(stream, StreamStatus::Updating, at);
        Ok(())
    })
}

fn reserve_reshards(
    stream: &mut Stream,
    reshards: &[Reshard],
    room: usize,
    shards_max: u64,
) -> Result<(), Refusal> {
    active(stream)?;
    of_mode(stream, StreamMode::OnDemand)?;
    let mut families: Vec<Family> = Vec::with_capacity(reshards.len());
    let mut taken = std::collections::BTreeSet::new();
    for reshard in reshards {
        let family = match *reshard {
            Reshard::Split { shard, new_start } => {
                let key = HashKey(u128::from_be_bytes(new_start));
                let (lower, upper) = split(stream, ShardId(shard), key)?;
                (vec![ShardId(shard)], vec![lower, upper])
            }
            Reshard::Merge { shard, adjacent } => {
                let (shard, adjacent) = (ShardId(shard), ShardId(adjacent));
                (vec![shard, adjacent], vec![merge(stream, shard, adjacent)?])
            }
        };
        if let Some(twice) = family.0.iter().find(|id| !taken.insert(**id)) {
            return Err(Refusal::ShardClosed(*twice));
        }
        families.push(family);
    }
    if families.is_empty() {
        return Err(Refusal::Malformed("no change of shards"));
    }
    let more: usize = families.iter().map(|(_, children)| children.len()).sum();
    let open = stream.open_shards().count();
    let extra = more.saturating_sub(taken.len());
    shard_quota(open as u64, extra as u64, room as u64)
        .map_err(|_| Refusal::ShardQuota { max: shards_max, open: open as u64 })?;
    reserve_all(stream, &families);
    Ok(())
}
