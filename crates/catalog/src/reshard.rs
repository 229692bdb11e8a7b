//! Shards split, merge and expire.

use millstream_replica::{GroupId, Position};
use millstream_types::{HashKey, HashKeyRange, Millis, ShardId};

use crate::apply::{active, change, set_status};
use crate::command::Reshard;
use crate::outcome::{Outcome, Refusal};
use crate::state::State;
use crate::stream::{ReshardUnderWay, Shard, ShardState, Stream, StreamMode, StreamStatus};

/// Parents are closing, children are reserved.
pub(crate) fn begin_reshard(
    state: &mut State,
    group: u64,
    reshard: &Reshard,
    at: u64,
    shards_max: u64,
) -> Result<Outcome, Refusal> {
    let stream = state.by_group(GroupId(group)).ok_or(Refusal::NoStream)?;
    let open = state.usage(stream.account, &stream.region).claimed;
    change(state, group, |stream| {
        active(stream)?;
        crate::capacity::of_mode(stream, StreamMode::Provisioned)?;
        match *reshard {
            Reshard::Split { shard, new_start } => {
                let (lower, upper) =
                    split(stream, ShardId(shard), HashKey(u128::from_be_bytes(new_start)))?;
                shard_quota(open, 1, shards_max)?;
                reserve(stream, &[ShardId(shard)], &[lower, upper]);
            }
            Reshard::Merge { shard, adjacent } => {
                let range = merge(stream, ShardId(shard), ShardId(adjacent))?;
                reserve(stream, &[ShardId(shard), ShardId(adjacent)], &[range]);
            }
        }
        set_status(stream, StreamStatus::Updating, at);
        Ok(())
    })
}

fn open_shard(stream: &Stream, id: ShardId) -> Result<&Shard, Refusal> {
    let shard = stream.shards.get(id.0 as usize).ok_or(Refusal::NoShard(id))?;
    match shard.state {
        ShardState::Open => Ok(shard),
        ShardState::Closing | ShardState::Closed { .. } => Err(Refusal::ShardClosed(id)),
        ShardState::Reserved | ShardState::Expired => Err(Refusal::NoShard(id)),
    }
}

/// The ranges of the two children: the key and above to one, the rest to the other; the lower half has the lower id.
pub(crate) fn split(
    stream: &Stream,
    id: ShardId,
    key: HashKey,
) -> Result<(HashKeyRange, HashKeyRange), Refusal> {
    let HashKeyRange { start, end } = open_shard(stream, id)?.range;
    if key <= start || key > end {
        return Err(Refusal::KeyOutside(id));
    }
    let below = HashKey(key.0 - 1);
    Ok((HashKeyRange { start, end: below }, HashKeyRange { start: key, end }))
}

pub(crate) fn merge(
    stream: &Stream,
    id: ShardId,
    adjacent: ShardId,
) -> Result<HashKeyRange, Refusal> {
    let (one, other) = (open_shard(stream, id)?.range, open_shard(stream, adjacent)?.range);
    let (low, high) = if one.start < other.start { (one, other) } else { (other, one) };
    if low.end.0.checked_add(1) != Some(high.start.0) {
        return Err(Refusal::NotAdjacent(id, adjacent));
    }
    Ok(HashKeyRange { start: low.start, end: high.end })
}

pub(crate) fn reserve(stream: &mut Stream, parents: &[ShardId], ranges: &[HashKeyRange]) {
    let first = stream.shards.len() as u32;
    let created = stream.created;
    let children: Vec<ShardId> =
        (0..ranges.len() as u32).map(|index| ShardId(first + index)).collect();
    for (id, range) in children.iter().zip(ranges) {
        stream.shards.push(Shard {
            id: *id,
            range: *range,
            parent: parents.first().copied(),
            adjacent_parent: parents.get(1).copied(),
            created,
            state: ShardState::Reserved,
        });
    }
    for parent in parents {
        stream.shards[parent.0 as usize].state = ShardState::Closing;
    }
    stream.reshard = Some(ReshardUnderWay { parents: parents.to_vec(), children });
}

/// The parents are closed, the children open.
pub(crate) fn finish_reshard(stream: &mut Stream, ends: &[u64], at: u64) -> Result<(), Refusal> {
    // A second finish, after a crash between the command and its answer, finds nothing to do.
    let Some(under_way) = stream.reshard.take() else { return Ok(()) };
    if under_way.parents.len() != ends.len() {
        return Err(Refusal::Malformed("an end for each parent"));
    }
    let mut second = Millis(at).seconds();
    for (parent, end) in under_way.parents.iter().zip(ends) {
        let parent = &mut stream.shards[parent.0 as usize];
        second = second.max(parent.created.seconds());
        parent.state = ShardState::Closed { at: Millis(at), end: Position(*end) };
    }
    // Children are created a second later, so that all their numbers are above their parents'.
    for child in &under_way.children {
        let child = &mut stream.shards[child.0 as usize];
        child.created = Millis::from_seconds(second + 1);
        child.state = ShardState::Open;
    }
    Ok(())
}

/// A shard is over once its children had started by the horizon: until then a list of what was open at the horizon
/// holds the parent and not yet its children.
pub(crate) fn expire(stream: &mut Stream, before: Millis) {
    let ends = stream.ends();
    stream.expired_before = stream.expired_before.max(before);
    for shard in &mut stream.shards {
        let over = ends.get(&shard.id).is_some_and(|end| *end <= before);
        if over && matches!(shard.state, ShardState::Closed { .. }) {
            shard.state = ShardState::Expired;
        }
    }
}

pub(crate) fn shard_quota(open: u64, more: u64, max: u64) -> Result<(), Refusal> {
    if open + more > max { Err(Refusal::ShardQuota { max, open }) } else { Ok(()) }
}
