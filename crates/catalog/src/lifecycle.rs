//! Streams come and go.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_replica::GroupId;
use millstream_types::{AccountId, HashKeyRange, Millis, Region, ShardId, StreamName};

use crate::apply::{active, change, set_status};
use crate::capacity::Capacity;
use crate::consumers::{self, Consumers};
use crate::outcome::{Outcome, Refusal};
use crate::reshard::shard_quota;
use crate::shard_metrics::ShardMetrics;
use crate::state::State;
use crate::stream::{Shard, ShardState, Stream, StreamMode, StreamStatus};

/// Retention of a new stream (botocore, `IncreaseStreamRetentionPeriod`: the default is 24 hours).
const RETENTION_HOURS_DEFAULT: u32 = 24;

/// Names of deleted streams whose seconds are remembered.
const RETIRED_NAMES_MAX: usize = 1000;

/// What a stream is to be, as commands say it.
pub(crate) struct NewStream<'a> {
    pub account: u64,
    pub region: &'a str,
    pub name: &'a str,
    pub shard_count: u32,
    pub max_record_size_kib: u32,
    pub tags: &'a BTreeMap<String, String>,
    pub retention_hours: Option<u32>,
}

/// How many streams and shards an account may have in a region.
#[derive(Clone, Copy)]
pub(crate) struct StreamQuotas {
    pub shards_max: u64,
    pub streams_max: u64,
    pub creating_max: u64,
}

/// Makes a provisioned stream, CREATING.
pub(crate) fn create_stream(
    state: &mut State,
    new: &NewStream<'_>,
    at: u64,
    quotas: StreamQuotas,
) -> Result<Arc<Stream>, Refusal> {
    let StreamQuotas { shards_max, streams_max, creating_max } = quotas;
    let account = AccountId::from_u64(new.account).map_err(|_| Refusal::Malformed("account"))?;
    let region: Region = new.region.parse().map_err(|_| Refusal::Malformed("region"))?;
    let name: StreamName = new.name.parse().map_err(|_| Refusal::Malformed("name"))?;
    if state.lookup(account, &region, &name).is_some() {
        return Err(Refusal::NameTaken);
    }
    let usage = state.usage(account, &region);
    if usage.streams >= streams_max {
        return Err(Refusal::StreamQuota { max: streams_max });
    }
    if usage.creating >= creating_max {
        return Err(Refusal::CreatingQuota { max: creating_max });
    }
    shard_quota(usage.claimed, u64::from(new.shard_count), shards_max)?;
    let second =
        creation_second(state, (account, region.clone(), name.clone()), Millis(at).seconds());
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
        status_since: Millis(at),
        mode: StreamMode::Provisioned,
        retention_hours: new.retention_hours.unwrap_or(RETENTION_HOURS_DEFAULT),
        expired_before: Millis(0),
        max_record_size_kib: new.max_record_size_kib,
        tags: new.tags.clone(),
        shard_metrics: ShardMetrics::NONE,
        policy: None,
        shards: (0..new.shard_count)
            .map(|index| first_shard(index, new.shard_count, created))
            .collect(),
        reshard: None,
        capacity: Capacity::default(),
        encryption: Default::default(),
        consumers: Consumers::default(),
    };
    Ok(state.put(stream))
}

/// The second of creation: above that of a stream of the same name that was deleted a moment ago.
fn creation_second(state: &mut State, name: (AccountId, Region, StreamName), now: u64) -> u64 {
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
pub(crate) fn delete_stream(
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

/// A stream that is DELETING is gone.
pub(crate) fn remove_stream(state: &mut State, group: u64) -> Result<Outcome, Refusal> {
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
