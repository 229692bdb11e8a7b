//! Rates of control-plane calls: token buckets by account and region, or by stream, made when they are needed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use millstream_catalog::Stream;
use millstream_log::GroupId;
use millstream_types::{AccountId, ConsumerName, Millis, Region, ShardId};

use crate::bucket::Bucket;
use crate::caller::Caller;
use crate::errors::Refusal;
use crate::limits::{CALL_BUCKETS_MAX, Limits};
use crate::service::Streams;

/// A kind of call with a rate of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Call {
    CreateStream,
    DeleteStream,
    DescribeStream,
    DescribeStreamSummary,
    DescribeLimits,
    ListStreams,
    ListShards,
    SplitShard,
    MergeShards,
    IncreaseRetention,
    DecreaseRetention,
    AddTags,
    RemoveTags,
    ListTags,
    UpdateShardCount,
    UpdateMode,
    UpdateWarmThroughput,
    UpdateDistribution,
    DescribeAccountSettings,
    UpdateAccountSettings,
    TagResource,
    UntagResource,
    ListTagsForResource,
    EnableMonitoring,
    DisableMonitoring,
    UpdateMaxRecordSize,
    PutResourcePolicy,
    GetResourcePolicy,
    DeleteResourcePolicy,
    CreateChannel,
    DescribeChannel,
    ListChannels,
    UpdateChannel,
    DeleteChannel,
    StartEncryption,
    StopEncryption,
    RegisterStreamConsumer,
    DeregisterStreamConsumer,
    DescribeStreamConsumer,
    ListStreamConsumers,
    CreateQueue,
    UpdateQueue,
    DeleteQueue,
    DescribeQueue,
    ListQueues,
}

impl Call {
    fn per_second(self, limits: &Limits) -> u64 {
        match self {
            Call::CreateStream => limits.create_stream_per_second,
            Call::DeleteStream => limits.delete_stream_per_second,
            Call::DescribeStream => limits.describe_stream_per_second,
            Call::DescribeStreamSummary => limits.describe_stream_summary_per_second,
            Call::DescribeLimits => limits.describe_limits_per_second,
            Call::ListStreams => limits.list_streams_per_second,
            Call::ListShards => limits.list_shards_per_second,
            Call::SplitShard | Call::MergeShards => limits.reshard_per_second,
            Call::IncreaseRetention | Call::DecreaseRetention => limits.retention_per_second,
            Call::AddTags
            | Call::RemoveTags
            | Call::ListTags
            | Call::TagResource
            | Call::UntagResource
            | Call::ListTagsForResource => limits.tags_per_second,
            Call::UpdateShardCount => limits.update_shard_count_per_second,
            Call::UpdateMode | Call::UpdateWarmThroughput | Call::UpdateDistribution => {
                limits.capacity_per_second
            }
            Call::DescribeAccountSettings | Call::UpdateAccountSettings => {
                limits.account_settings_per_second
            }
            Call::EnableMonitoring | Call::DisableMonitoring => limits.monitoring_per_second,
            Call::UpdateMaxRecordSize => limits.max_record_size_per_second,
            Call::PutResourcePolicy | Call::GetResourcePolicy | Call::DeleteResourcePolicy => {
                limits.resource_policy_per_second
            }
            Call::CreateChannel
            | Call::DescribeChannel
            | Call::ListChannels
            | Call::UpdateChannel
            | Call::DeleteChannel => limits.channels_per_second,
            Call::StartEncryption | Call::StopEncryption => limits.encryption_per_second,
            Call::RegisterStreamConsumer => limits.register_stream_consumer_per_second,
            Call::DeregisterStreamConsumer => limits.deregister_stream_consumer_per_second,
            Call::DescribeStreamConsumer => limits.describe_stream_consumer_per_second,
            Call::ListStreamConsumers => limits.list_stream_consumers_per_second,
            Call::CreateQueue => limits.create_queue_per_second,
            Call::UpdateQueue => limits.update_queue_per_second,
            Call::DeleteQueue => limits.delete_queue_per_second,
            Call::DescribeQueue => limits.describe_queue_per_second,
            Call::ListQueues => limits.list_queues_per_second,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Key {
    Account(Call, AccountId, Region),
    Stream(Call, GroupId),
    Subscription(GroupId, ShardId, ConsumerName),
}

/// The buckets in use. A bucket that was not touched for a second is full, so forgetting it changes nothing.
pub struct Rates {
    buckets: Mutex<HashMap<Key, (Bucket, Millis)>>,
    buckets_max: usize,
}

impl Default for Rates {
    fn default() -> Self {
        Rates::of_at_most(CALL_BUCKETS_MAX)
    }
}

impl Rates {
    /// As if no call had been made.
    pub fn clear(&self) {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// At most so many buckets.
    pub fn of_at_most(buckets_max: usize) -> Self {
        Rates { buckets: Mutex::default(), buckets_max }
    }

    fn admit(&self, key: Key, per_second: u64, now: Millis) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.buckets_max && !buckets.contains_key(&key) {
            buckets.retain(|_, (_, used)| now.0 < used.0 + 1000);
            if buckets.len() >= self.buckets_max {
                // More callers in one second than buckets: the rate would be unknown, so the call is refused.
                return false;
            }
        }
        let (bucket, used) =
            buckets.entry(key).or_insert_with(|| (Bucket::new(per_second, now), now));
        *used = now;
        bucket.take(1, now)
    }
}

impl Streams {
    /// Takes a call of the caller's account.
    pub(crate) fn admit_call(
        &self,
        call: Call,
        caller: &Caller,
        stream: Option<&Stream>,
    ) -> Result<(), Refusal> {
        let key = Key::Account(call, caller.account, caller.region.clone());
        self.admit(call, key, caller, stream)
    }

    /// Takes a call on a stream.
    pub(crate) fn admit_call_on(
        &self,
        call: Call,
        caller: &Caller,
        stream: &Stream,
    ) -> Result<(), Refusal> {
        self.admit(call, Key::Stream(call, stream.group), caller, Some(stream))
    }

    /// Takes a call of SubscribeToShard.
    pub(crate) fn admit_subscribe_call(
        &self,
        stream: &Stream,
        shard: ShardId,
        consumer: &ConsumerName,
    ) -> bool {
        let per_second = self.limits.subscribe_to_shard_per_second;
        let key = Key::Subscription(stream.group, shard, consumer.clone());
        per_second == crate::limits::UNLIMITED
            || self.fan_out.calls.admit(key, per_second, self.now())
    }

    fn admit(
        &self,
        call: Call,
        key: Key,
        caller: &Caller,
        stream: Option<&Stream>,
    ) -> Result<(), Refusal> {
        if caller.is_internal() {
            return Ok(());
        }
        let per_second = call.per_second(&self.limits);
        if per_second == crate::limits::UNLIMITED || self.rates.admit(key, per_second, self.now()) {
            return Ok(());
        }
        let stream = stream.map(|stream| stream.name.clone());
        Err(Refusal::CallRate { stream, account: caller.account })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(account: u64) -> Key {
        let region = "us-east-1".parse().unwrap();
        Key::Account(Call::CreateStream, AccountId::from_u64(account).unwrap(), region)
    }

    #[test]
    fn each_account_has_its_own_rate() {
        let rates = Rates::default();
        let admitted = (0..10).filter(|i| rates.admit(key(i % 2), 2, Millis(0))).count();
        assert_eq!(admitted, 4);
        assert!(rates.admit(key(0), 2, Millis(500)));
    }

    #[test]
    fn buckets_are_bounded_and_forgotten_once_they_are_full() {
        let rates = Rates::default();
        let max = CALL_BUCKETS_MAX as u64;
        assert!((0..max).all(|account| rates.admit(key(account), 5, Millis(0))));
        assert!(!rates.admit(key(max), 5, Millis(999)));
        assert!(rates.admit(key(max), 5, Millis(1000)));
        assert_eq!(rates.buckets.lock().unwrap().len(), 1);
    }
}
