//! What each command does: pure functions of state and command.

use std::sync::Arc;

use millstream_replica::{GroupId, Position};
use millstream_types::{HashKey, HashKeyRange, Millis, ShardId};

use crate::capacity::Capacity;
use crate::command::{Command, Reshard};
use crate::consumers::{self, Consumers};
use crate::encryption::{self, SealedSecrets};
use crate::outcome::{Outcome, Refusal};
use crate::resources::ResourceId;
use crate::settings::{set_max_record_size, set_monitoring};
use crate::shard_metrics::ShardMetrics;
use crate::state::State;
use crate::stream::{ReshardUnderWay, Shard, ShardState, Stream, StreamMode, StreamStatus};

/// Retention of a new stream (botocore, `IncreaseStreamRetentionPeriod`: the default is 24 hours).
const RETENTION_HOURS_DEFAULT: u32 = 24;

/// Names of deleted streams whose seconds are remembered.
const RETIRED_NAMES_MAX: usize = 1000;

/// Changes the state.
pub fn apply(state: &mut State, command: &Command) -> Outcome {
    if let Some(result) = crate::queues::apply(state, command) {
        return result.unwrap_or_else(Outcome::Refused);
    }
    let result = match command {
        Command::InitSecrets { token_key } => init_secrets(state, token_key),
        Command::CreateStream { .. } => create_stream(state, command),
        Command::Activate { group, at } => change(state, *group, |stream| activate(stream, *at)),
        Command::DeleteStream { group, at } => delete_stream(state, *group, *at, false),
        Command::DeleteStreamWithConsumers { group, at } => delete_stream(state, *group, *at, true),
        Command::RegisterConsumer { group, .. }
        | Command::ActivateConsumer { group, .. }
        | Command::DeregisterConsumer { group, .. }
        | Command::RemoveConsumer { group, .. } => {
            let queues = state.queues.count_of(GroupId(*group));
            change(state, *group, |stream| consumers::apply(stream, command, queues))
        }
        Command::RemoveStream { group } => remove_stream(state, *group),
        Command::SetRetention { group, hours, at, from_hours } => {
            change(state, *group, |stream| set_retention(stream, *hours, *at, *from_hours))
        }
        Command::AddTags { group, tags, tags_max } => {
            crate::resources::tag(state, &ResourceId::Stream { group: *group }, tags, *tags_max)
        }
        Command::RemoveTags { group, keys } => {
            crate::resources::untag(state, &ResourceId::Stream { group: *group }, keys)
        }
        Command::BeginReshard { group, reshard, at, shards_max } => {
            begin_reshard(state, *group, reshard, *at, *shards_max)
        }
        Command::FinishReshard { group, ends, at } => {
            change(state, *group, |stream| finish_reshard(stream, ends, *at))
        }
        Command::ExpireShards { group, before } => change(state, *group, |stream| {
            expire(stream, Millis(*before));
            Ok(())
        }),
        Command::CreateOnDemandStream { .. }
        | Command::SetMode { .. }
        | Command::SetDistribution { .. }
        | Command::BeginScaling { .. }
        | Command::ContinueScaling { .. }
        | Command::SetWarmThroughput { .. }
        | Command::BeginReshards { .. }
        | Command::NotePeak { .. }
        | Command::SetCommitment { .. } => crate::capacity::apply(state, command),
        Command::SetMonitoring { .. }
        | Command::SetMaxRecordSize { .. }
        | Command::TagResource { .. }
        | Command::UntagResource { .. }
        | Command::SetPolicy { .. } => apply_settings(state, command),
        Command::CreateChannel { .. }
        | Command::SettleChannel { .. }
        | Command::UpdateChannel { .. }
        | Command::DeleteChannel { .. }
        | Command::RemoveChannel { .. } => crate::channels::apply(state, command),
        Command::StartEncryption { group, key, at, starts_max } => {
            change(state, *group, |stream| {
                active(stream)?;
                encryption::start(stream, key, *at, *starts_max)?;
                set_status(stream, StreamStatus::Updating, *at);
                Ok(())
            })
        }
        Command::StopEncryption { group, from, at, stops_max } => change(state, *group, |stream| {
            active(stream)?;
            encryption::stop(stream, *from, *at, *stops_max)?;
            set_status(stream, StreamStatus::Updating, *at);
            Ok(())
        }),
        Command::SealSecrets { master, wrapped, token_key } => {
            let (master, wrapped, token_key) = (master.clone(), wrapped.clone(), token_key.clone());
            let secrets = SealedSecrets { master, wrapped, token_key };
            Ok(encryption::seal_secrets(state, &secrets))
        }
        Command::CreateQueue { .. }
        | Command::ActivateQueue { .. }
        | Command::UpdateQueue { .. }
        | Command::DeleteQueue { .. }
        | Command::RemoveQueue { .. } => Err(Refusal::Malformed("a command about a queue")),
    };
    result.unwrap_or_else(Outcome::Refused)
}

/// Commands about monitoring, sizes, tags and policies.
fn apply_settings(state: &mut State, command: &Command) -> Result<Outcome, Refusal> {
    match command {
        Command::SetMonitoring { group, metrics, from, at } => {
            change(state, *group, |stream| set_monitoring(stream, *metrics, *from, *at))
        }
        Command::SetMaxRecordSize { group, kib, at } => {
            change(state, *group, |stream| set_max_record_size(stream, *kib, *at))
        }
        Command::TagResource { resource, tags, tags_max } => {
            crate::resources::tag(state, resource, tags, *tags_max)
        }
        Command::UntagResource { resource, keys } => crate::resources::untag(state, resource, keys),
        Command::SetPolicy { resource, policy } => {
            crate::resources::set_policy(state, resource, policy.as_deref())
        }
        _ => Err(Refusal::Malformed("not about settings")),
    }
}

fn init_secrets(state: &mut State, token_key: &[u8]) -> Result<Outcome, Refusal> {
    let key = token_key.try_into().map_err(|_| Refusal::Malformed("a token key has 32 bytes"))?;
    if state.sealed_secrets.is_none() {
        state.token_key.get_or_insert(key);
    }
    Ok(Outcome::Done)
}

/// Runs `act` on a copy of the stream and keeps the copy if it succeeds and differs.
pub(crate) fn change(
    state: &mut State,
    group: u64,
    act: impl FnOnce(&mut Stream) -> Result<(), Refusal>,
) -> Result<Outcome, Refusal> {
    let before = state.by_group(GroupId(group)).ok_or(Refusal::NoStream)?.clone();
    let mut stream = (*before).clone();
    act(&mut stream)?;
    if stream == *before {
        return Ok(Outcome::Stream(before));
    }
    Ok(Outcome::Stream(state.put(stream)))
}

pub(crate) fn create_stream(state: &mut State, command: &Command) -> Result<Outcome, Refusal> {
    let Command::CreateStream {
        account,
        region,
        name,
        shard_count,
        max_record_size_kib,
        tags,
        at,
        shards_max,
        streams_max,
        creating_max,
    } = command
    else {
        return Err(Refusal::Malformed("not a CreateStream"));
    };
    let account = millstream_types::AccountId::from_u64(*account)
        .map_err(|_| Refusal::Malformed("account"))?;
    let region: millstream_types::Region =
        region.parse().map_err(|_| Refusal::Malformed("region"))?;
    let name: millstream_types::StreamName =
        name.parse().map_err(|_| Refusal::Malformed("name"))?;
    if state.lookup(account, &region, &name).is_some() {
        return Err(Refusal::NameTaken);
    }
    let usage = state.usage(account, &region);
    if usage.streams >= *streams_max {
        return Err(Refusal::StreamQuota { max: *streams_max });
    }
    if usage.creating >= *creating_max {
        return Err(Refusal::CreatingQuota { max: *creating_max });
    }
    shard_quota(usage.claimed, u64::from(*shard_count), *shards_max)?;
    let second =
        creation_second(state, (account, region.clone(), name.clone()), Millis(*at).seconds());
    let created = Millis::from_seconds(second);
    let group = GroupId(state.next_group);
    state.next_group += 1;
    let stream = Stream {
        group,
        version: 0,
        account,
        region,
        name,
        created,
        status: StreamStatus::Creating,
        status_since: Millis(*at),
        mode: StreamMode::Provisioned,
        retention_hours: RETENTION_HOURS_DEFAULT,
        expired_before: Millis(0),
        max_record_size_kib: *max_record_size_kib,
        tags: tags.clone(),
        shard_metrics: ShardMetrics::NONE,
        policy: None,
        shards: (0..*shard_count).map(|index| first_shard(index, *shard_count, created)).collect(),
        reshard: None,
        capacity: Capacity::default(),
        encryption: Default::default(),
        consumers: Consumers::default(),
    };
    Ok(Outcome::Stream(state.put(stream)))
}

/// The second of creation: above that of a stream of the same name that was deleted a moment ago.
fn creation_second(
    state: &mut State,
    name: (millstream_types::AccountId, millstream_types::Region, millstream_types::StreamName),
    now: u64,
) -> u64 {
    let retired = state.retired.remove(&name);
    state.retired.retain(|_, second| *second >= now);
    retired.map_or(now, |second| now.max(second + 1))
}

fn first_shard(index: u32, count: u32, created: Millis) -> Shard {
    Shard {
        id: ShardId(index),
        range: HashKeyRange::uniform(index, count),
        parent: None,
        adjacent_parent: None,
        created,
        state: ShardState::Open,
    }
}

/// Consumers go with their stream if that is wanted; what else hangs on it has to be deleted first.
fn delete_stream(
    state: &mut State,
    group: u64,
    at: u64,
    with_consumers: bool,
) -> Result<Outcome, Refusal> {
    crate::channels::none_at_work(state, group)?;
    let queues = state.queues.count_of(GroupId(group));
    change(state, group, |stream| {
        active(stream)?;
        // botocore, `DeleteQueue`: every queue goes before its stream.
        if queues > 0 {
            return Err(Refusal::HasQueues { count: queues });
        }
        if !with_consumers {
            consumers::none(stream)?;
        }
        set_status(stream, StreamStatus::Deleting, at);
        consumers::deregister_all(stream, at);
        Ok(())
    })
}

fn remove_stream(state: &mut State, group: u64) -> Result<Outcome, Refusal> {
    let group = GroupId(group);
    let stream = state.by_group(group).ok_or(Refusal::NoStream)?;
    if stream.status != StreamStatus::Deleting {
        return Err(Refusal::Status(stream.status));
    }
    if let Some(stream) = state.remove(group) {
        let latest = stream.shards.iter().map(|shard| shard.created.seconds()).max();
        let second = latest.unwrap_or(0).max(stream.created.seconds());
        state.retired.insert((stream.account, stream.region.clone(), stream.name.clone()), second);
    }
    // They travel in the first slice of a snapshot, which is bounded; the earliest are the least likely to matter.
    while state.retired.len() > RETIRED_NAMES_MAX {
        let earliest = state.retired.iter().min_by_key(|(_, second)| **second);
        let Some(name) = earliest.map(|(name, _)| name.clone()) else { break };
        state.retired.remove(&name);
    }
    Ok(Outcome::Done)
}

pub(crate) fn active(stream: &Stream) -> Result<(), Refusal> {
    match stream.status {
        StreamStatus::Active => Ok(()),
        status => Err(Refusal::Status(status)),
    }
}

pub(crate) fn not_deleting(stream: &Stream) -> Result<(), Refusal> {
    match stream.status {
        StreamStatus::Deleting => Err(Refusal::Status(StreamStatus::Deleting)),
        StreamStatus::Creating | StreamStatus::Active | StreamStatus::Updating => Ok(()),
    }
}

pub(crate) fn set_status(stream: &mut Stream, status: StreamStatus, at: u64) {
    if stream.status != status {
        stream.status = status;
        stream.status_since = Millis(at);
    }
}

fn activate(stream: &mut Stream, at: u64) -> Result<(), Refusal> {
    not_deleting(stream)?;
    if stream.reshard.is_none() && stream.capacity.scaling.is_none() {
        if stream.encryption.turn.is_some() {
            Arc::make_mut(&mut stream.encryption).settle(Millis(at));
        }
        set_status(stream, StreamStatus::Active, at);
    }
    Ok(())
}

fn set_retention(stream: &mut Stream, hours: u32, at: u64, from_hours: u32) -> Result<(), Refusal> {
    active(stream)?;
    if stream.retention_hours != from_hours {
        return Err(Refusal::Retention { hours: stream.retention_hours });
    }
    // What is beyond the shorter of the two retentions now does not come back.
    let before = stream.horizon(Millis(at));
    stream.retention_hours = hours;
    stream.expired_before = before.max(stream.horizon(Millis(at)));
    set_status(stream, StreamStatus::Updating, at);
    Ok(())
}

/// botocore, `CreateStream`: no updates to the tags until the stream is ACTIVE.
pub(crate) fn tags_may_change(stream: &Stream) -> Result<(), Refusal> {
    match stream.status {
        StreamStatus::Active | StreamStatus::Updating => Ok(()),
        status @ (StreamStatus::Creating | StreamStatus::Deleting) => Err(Refusal::Status(status)),
    }
}

pub(crate) fn shard_quota(open: u64, more: u64, max: u64) -> Result<(), Refusal> {
    if open + more > max { Err(Refusal::ShardQuota { max, open }) } else { Ok(()) }
}

fn begin_reshard(
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

fn finish_reshard(stream: &mut Stream, ends: &[u64], at: u64) -> Result<(), Refusal> {
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
/// holds
/// the parent and not yet its children.
fn expire(stream: &mut Stream, before: Millis) {
    let ends = stream.ends();
    stream.expired_before = stream.expired_before.max(before);
    for shard in &mut stream.shards {
        let over = ends.get(&shard.id).is_some_and(|end| *end <= before);
        if over && matches!(shard.state, ShardState::Closed { .. }) {
            shard.state = ShardState::Expired;
        }
    }
}
