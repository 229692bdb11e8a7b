//! Limits of the service, with their units and sources. Each is a key of `[limits]`.

use std::time::Duration;

/// Records in one PutRecords (botocore, `PutRecordsRequestEntryList`).
pub const PUT_RECORDS_MAX: usize = 500;
/// Bytes of data and keys in one PutRecords (botocore, `PutRecords`: 10 MiB with keys).
pub const PUT_REQUEST_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Bytes of one reply of GetRecords (botocore, `GetRecords`).
pub const GET_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Records of one reply of GetRecords (botocore, `GetRecordsInputLimit`).
pub const GET_RECORDS_MAX: usize = 10_000;
/// How long a shard iterator is good for (developer guide, "Using shard iterators").
pub const ITERATOR_LIFE_MS: u64 = 300_000;
/// How long a NextToken is good for (botocore, `ListShards`: 300 s).
pub const NEXT_TOKEN_LIFE_MS: u64 = 300_000;
/// Largest payload of a log batch of more than one record (the log's contract).
pub const BATCH_BYTES_MAX: usize = 256 * 1024;
/// How often a put that raced a seal looks for the children before it gives up.
pub const RESHARD_RETRIES_MAX: usize = 100;
/// How much a read of the log asks for at a time.
pub const READ_STEP_BYTES: usize = 1024 * 1024;
/// Most call rates that are kept track of at once: accounts and streams with calls in the last second.
pub const CALL_BUCKETS_MAX: usize = 4096;
/// Shards in a page of DescribeStream (botocore, `DescribeStreamInput`).
pub const DESCRIBE_SHARDS_MAX: usize = 100;
/// Streams in a page of ListStreams (botocore, `ListStreamsInput`).
pub const LIST_STREAMS_MAX: usize = 100;
/// Shards in a page of ListShards (botocore, `ListShardsInput`).
pub const LIST_SHARDS_MAX: usize = 1000;
/// Consumers in a page of ListStreamConsumers (botocore, `ListStreamConsumersInput`).
pub const LIST_CONSUMERS_MAX: usize = 100;
/// Tags in a page of ListTagsForStream (botocore, `ListTagsForStreamInputLimit`).
pub const LIST_TAGS_MAX: usize = 50;
/// Shortest retention, in hours (botocore, `DecreaseStreamRetentionPeriod`).
pub const RETENTION_HOURS_MIN: u32 = 24;
/// Queues in a page of ListQueues; the model allows 10,000 to be asked for.
pub const LIST_QUEUES_MAX: usize = 1000;
/// Queues in a page of ListQueues that names no number.
pub const LIST_QUEUES_DEFAULT: usize = 100;
/// Queues that one call of ListQueues looks at.
pub const LIST_QUEUES_SCAN_MAX: usize = 10_000;
/// Records of one receive (botocore, `ReceiveQueueRecordsInputLimit`).
pub const RECEIVE_RECORDS_MAX: u8 = 10;
/// How long a receive waits that does not say, in seconds (botocore, `ReceiveQueueRecordsInput`).
pub const RECEIVE_WAIT_SECONDS_DEFAULT: u64 = 9;
/// Bytes of one reply of a receive; a record that is larger comes alone.
pub const RECEIVE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// How long a received record is hidden, unless the queue or the request says otherwise (botocore, `QueueAttributes`).
pub const VISIBILITY_SECONDS_DEFAULT: u32 = 30;
/// After how many receives a record is a dead letter, unless the queue says otherwise (botocore, `CreateQueue`).
pub const RECEIVES_MAX_DEFAULT: u32 = 6;
/// Longest retention, in hours (botocore, `IncreaseStreamRetentionPeriod`).
pub const RETENTION_HOURS_MAX: u32 = 8760;
/// Largest record of a stream that names no size, in KiB (botocore, `CreateStreamInput`).
pub const RECORD_KIB_DEFAULT: u32 = 1024;
/// Freshness of a channel that names none, in seconds (botocore, `S3DestinationConfiguration`).
pub const FRESHNESS_SECONDS_DEFAULT: u32 = 300;
/// Least freshness of a channel, in seconds (AWS, Kinesis channels: 300 to 900).
pub const FRESHNESS_SECONDS_MIN: u32 = 300;
/// Most freshness of a channel, in seconds.
pub const FRESHNESS_SECONDS_MAX: u32 = 900;
/// Longest key of an object, in bytes (S3).
pub const OBJECT_KEY_BYTES_MAX: usize = 1024;
/// Room that a channel's unique suffix and extension need in a key, in bytes.
pub const OBJECT_SUFFIX_BYTES: usize = 64;
/// Channels in a page of ListChannels (botocore, `ListChannels`).
pub const LIST_CHANNELS_MAX: usize = 100;
/// Minutes that the series of a shard-level metric goes back: three hours.
pub const SERIES_MINUTES_KEPT: u64 = 180;
/// Minutes that the series of all shards of a node hold together: about 50 MB.
pub const SERIES_MINUTES_MAX: u64 = 200_000;
/// Shards whose metrics are shown to Prometheus.
pub const SHARDS_SHOWN_MAX: usize = 1000;
/// Idle buffers kept for frames.
pub const FRAME_POOL_BYTES_MAX: usize = 24 * 1024 * 1024;

/// Shards with which an on-demand stream starts, and its least (developer guide, quotas: 4 MB/s at first).
pub const ON_DEMAND_SHARDS_MIN: u32 = 4;
/// Largest warm throughput, in MiB/s (botocore, `UpdateStreamWarmThroughput`: 10 GiB/s).
pub const WARM_MIBPS_MAX: u32 = 10_240;

/// Bytes of keys and data in one event of a subscription, unless one record is larger: as much as a batch holds, so
/// that a client that does not read costs little.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;
/// What a subscription that reads alone reserves before it reads: an event of `EVENT_BYTES_MAX` in base64 and framing.
pub const EVENT_RESERVE_BYTES: usize = EVENT_BYTES_MAX / 2 * 3;
/// Bytes of keys and data in an event for which there is no memory, unless one record is larger: nobody has to wait for
/// others to read.
pub const SMALL_EVENT_BYTES: usize = 4 * 1024;
/// Records in such an event.
pub const SMALL_EVENT_RECORDS: usize = 8;
/// What such an event may come to; beyond it memory is waited for. With `subscriptions_max` at most 160 MB.
pub const SMALL_EVENT_RESERVE_BYTES: usize = 8 * 1024;
/// Subscriptions that read by themselves at once.
pub const READERS_MAX: usize = 8;
/// Events that a node hands to subscribers per second before shards let batches gather: puts need the processor too.
pub const DELIVERIES_PER_SECOND: u64 = 32_000;
/// Longest time for which a shard lets batches gather.
pub const GATHER_MAX: Duration = Duration::from_millis(50);
/// How often is looked for subscriptions whose clients do not read.
pub const STALLED_LOOK: Duration = Duration::from_secs(1);
/// The same for short write time-outs.
pub const STALLED_LOOK_LEAST: Duration = Duration::from_millis(10);
/// How long a client may not read while others wait for memory, or after its subscription's end.
pub const STALLED_GRACE: Duration = Duration::from_secs(1);
/// Subscriptions that are ended at once because others wait for memory.
pub const STALLED_CUT_AT_ONCE: usize = 64;
/// Records in one event of a subscription: as many as GetRecords returns.
pub const EVENT_RECORDS_MAX: usize = GET_RECORDS_MAX;
/// How long a subscription may be silent, in I/O time: the SDK for Java gives up after 10 seconds.
pub const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// How often a subscription that was sent too much looks whether it may go on.
pub const PACE_LOOK: Duration = Duration::from_millis(20);
/// Most call rates of SubscribeToShard that are kept track of: consumers and shards with calls in the last second.
pub const SUBSCRIPTION_CALL_BUCKETS_MAX: usize = 65_536;

/// Declares the `Limits` of a service: each a quota or a rate with its default, and the key of `[limits]` that sets it.
#[macro_export]
macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident: $kind:ident = $default:expr;)*) => {
        /// Quotas and rates, adjustable; the defaults are AWS's.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits { $($(#[$doc])* pub $name: u64),* }

        impl Default for Limits {
            fn default() -> Self {
                Limits { $($name: $default),* }
            }
        }

        impl Limits {
            /// Every key, in order.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Sets the limit called `key`; `false` if there is none of this name.
            pub fn set(&mut self, key: &str, value: u64) -> bool {
                match key {
                    $(stringify!($name) => self.$name = value,)*
                    _ => return false,
                }
                true
            }

            /// No throughput or call rates: what `--limits off` means. Quotas stay.
            pub fn without_rates(mut self) -> Self {
                $($crate::limits!(@lift $kind self.$name);)*
                self
            }
        }
    };
    (@lift rate $field:expr) => { $field = $crate::limits::UNLIMITED };
    (@lift quota $field:expr) => {};
}

/// A rate that limits nothing.
pub const UNLIMITED: u64 = u64::MAX;

limits! {
    /// Bytes a shard takes per second (botocore, `PutRecords`).
    shard_write_bytes_per_second: rate = 1024 * 1024;
    /// Records a shard takes per second (botocore, `PutRecords`).
    shard_write_records_per_second: rate = 1000;
    /// Bytes GetRecords returns of a shard per second (botocore, `GetRecords`).
    shard_read_bytes_per_second: rate = 2 * 1024 * 1024;
    /// Calls of GetRecords on a shard per second (developer guide, quotas).
    shard_reads_per_second: rate = 5;
    /// Calls of GetShardIterator on an open shard per second (botocore, `GetShardIterator`).
    get_shard_iterator_per_second: rate = 5;
    /// Calls of CreateStream per second and account.
    create_stream_per_second: rate = 5;
    /// Calls of DeleteStream per second and account.
    delete_stream_per_second: rate = 5;
    /// Calls of DescribeStream per second and account.
    describe_stream_per_second: rate = 10;
    /// Calls of DescribeStreamSummary per second and account.
    describe_stream_summary_per_second: rate = 20;
    /// Calls of DescribeLimits per second and account.
    describe_limits_per_second: rate = 1;
    /// Calls of ListStreams per second and account.
    list_streams_per_second: rate = 5;
    /// Calls of ListShards per second and stream (botocore, `ListShards`; the developer guide says 100).
    list_shards_per_second: rate = 1000;
    /// Calls of SplitShard and of MergeShards per second and account.
    reshard_per_second: rate = 5;
    /// Calls that change the retention per second and account.
    retention_per_second: rate = 5;
    /// Calls about tags per second and account.
    tags_per_second: rate = 5;
    /// Calls of UpdateShardCount per second and account (botocore, `UpdateShardCount`: 10).
    update_shard_count_per_second: rate = 10;
    /// Calls of UpdateStreamWarmThroughput per second and account (botocore: 5), and of UpdateStreamMode and
    /// UpdateStreamRecordDistributionStrategy, whose rates are not published.
    capacity_per_second: rate = 5;
    /// Calls of DescribeAccountSettings and of UpdateAccountSettings per second and account (botocore: 5).
    account_settings_per_second: rate = 5;
    /// Calls of UpdateShardCount on a stream in 24 hours (botocore, `UpdateShardCount`).
    update_shard_count_per_day: rate = 10;
    /// Changes of a stream's mode in 24 hours (developer guide, quotas).
    update_stream_mode_per_day: rate = 2;
    /// Shards that UpdateShardCount may give a stream (botocore, `UpdateShardCount`).
    stream_shards_max: quota = 10_000;
    /// Write throughput of an on-demand stream in MiB/s: where its shards stop growing (developer guide, quotas: 10
    /// GB/s in the largest regions).
    on_demand_mibps_max: quota = 10_240;
    /// Calls that switch shard-level metrics on or off per second and account.
    monitoring_per_second: rate = 5;
    /// Calls of UpdateMaxRecordSize per second and account (a rate of ours; AWS names none).
    max_record_size_per_second: rate = 5;
    /// Calls about resource policies per second and account (a rate of ours; AWS names none).
    resource_policy_per_second: rate = 5;
    /// Calls of each operation about channels per second and account (botocore, `CreateChannel`).
    channels_per_second: rate = 5;
    /// Channels of an account and region (a quota of ours).
    channels_max: quota = 100;
    /// Calls of StartStreamEncryption and of StopStreamEncryption per second and account.
    encryption_per_second: rate = 5;
    /// Starts of a stream's encryption in 24 hours (botocore, `StartStreamEncryption`).
    encryption_starts_per_day: rate = 25;
    /// Stops of a stream's encryption in 24 hours (botocore, `StopStreamEncryption`).
    encryption_stops_per_day: rate = 25;
    /// Calls of RegisterStreamConsumer per second and account (botocore, `RegisterStreamConsumer`).
    register_stream_consumer_per_second: rate = 5;
    /// Calls of DeregisterStreamConsumer per second and stream (botocore, `DeregisterStreamConsumer`).
    deregister_stream_consumer_per_second: rate = 5;
    /// Calls of DescribeStreamConsumer per second and stream (botocore, `DescribeStreamConsumer`).
    describe_stream_consumer_per_second: rate = 20;
    /// Calls of ListStreamConsumers per second and stream (botocore, `ListStreamConsumers`).
    list_stream_consumers_per_second: rate = 5;
    /// Calls of SubscribeToShard per second, consumer and shard (botocore, `SubscribeToShard`).
    subscribe_to_shard_per_second: rate = 1;
    /// Bytes that a consumer is sent of a shard per second (botocore, `RegisterStreamConsumer`).
    consumer_read_bytes_per_second: rate = 2 * 1024 * 1024;
    /// Consumers and queues of a stream (botocore, `RegisterStreamConsumer`, `CreateQueue`).
    stream_readers_max: quota = 20;
    /// The same while the account is committed to a least throughput (botocore, `RegisterStreamConsumer`).
    stream_readers_committed_max: quota = 50;
    /// Consumers of a stream that are being created at once (botocore, `RegisterStreamConsumer`).
    creating_consumers_max: quota = 5;
    /// How long a subscription lives, in milliseconds of service time (botocore, `SubscribeToShard`).
    subscription_life_ms: quota = 300_000;
    /// How old a subscription must be before another takes over, in milliseconds of service time (botocore,
    /// `SubscribeToShard`).
    subscription_take_over_ms: quota = 5000;
    /// Subscriptions at once; AWS sets no quota, the memory of a node does.
    subscriptions_max: quota = 20_000;
    /// Bytes of events of subscriptions that are under way at once.
    subscription_bytes_max: quota = 64 * 1024 * 1024;
    /// Shards of an account and region (developer guide, quotas: 20,000 in the largest regions).
    shards_max: quota = 20_000;
    /// Streams of an account and region; AWS sets no quota, the memory of a node does.
    streams_max: quota = 50_000;
    /// Streams of an account that are being created at once (botocore, `CreateStream`).
    creating_streams_max: quota = 5;
    /// On-demand streams of an account and region (developer guide, quotas).
    on_demand_streams_max: quota = 50;
    /// Tags of a stream (botocore, `AddTagsToStream`).
    tags_max: quota = 50;
    /// Calls of CreateQueue per second and account; AWS's rate is not known.
    create_queue_per_second: rate = 5;
    /// Calls of UpdateQueue per second and account; AWS's rate is not known.
    update_queue_per_second: rate = 5;
    /// Calls of DeleteQueue per second and account; AWS's rate is not known.
    delete_queue_per_second: rate = 5;
    /// Calls of DescribeQueue per second and account; AWS's rate is not known.
    describe_queue_per_second: rate = 20;
    /// Calls of ListQueues per second and account; AWS's rate is not known.
    list_queues_per_second: rate = 5;
    /// Calls that receive records per second and queue; AWS's rate is not known.
    queue_receives_per_second: rate = 10_000;
    /// Records that are acknowledged, hidden or restored per second and queue; AWS's rate is not known.
    queue_entries_per_second: rate = 100_000;
    /// Queues of an account that are being created, and that are being deleted, at once (developer guide, quotas).
    changing_queues_max: quota = 5;
    /// Records of a queue in flight at once, dead letters too (developer guide, quotas).
    queue_in_flight_max: quota = 120_000;
    /// Records of a queue that were received and are neither acknowledged nor expired, dead letters too: memory.
    queue_tracked_max: quota = 4_000_000;
    /// Queues whose state is in memory at once.
    open_queues_max: quota = 1000;
    /// How long a stream stays CREATING, UPDATING or DELETING, in milliseconds of service time.
    transition_delay_ms: quota = 0;
    /// Bytes of replies of GetRecords that are under way at once.
    reply_bytes_max: quota = 32 * 1024 * 1024;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_lifts_rates_and_keeps_quotas() {
        let off = Limits::default().without_rates();
        assert_eq!(off.shard_write_bytes_per_second, UNLIMITED);
        assert_eq!(off.create_stream_per_second, UNLIMITED);
        assert_eq!(off.encryption_starts_per_day, UNLIMITED);
        assert_eq!(off.encryption_stops_per_day, UNLIMITED);
        assert_eq!(off.shards_max, 20_000);
    }

    #[test]
    fn every_key_can_be_set() {
        let mut limits = Limits::default();
        assert!(Limits::KEYS.iter().all(|key| limits.set(key, 7)));
        assert!(!limits.set("no_such_limit", 7));
        assert_eq!(limits.tags_max, 7);
    }
}
