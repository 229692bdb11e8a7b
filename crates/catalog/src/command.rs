//! Commands: everything that changes the catalog. Times and ids are in them; limits too, so that a replay decides the
//! same whatever the configuration says by then.
//!
//! The encoding is CBOR with numbered fields: new fields get new numbers, old ones are never reused.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::channel_settings::{ChannelLogs, ChannelSettings};
use crate::resources::ResourceId;

/// A change. Times are milliseconds of service time; `group` names a stream.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Command {
    /// Makes the secrets, once; a second one changes nothing.
    #[n(0)]
    InitSecrets {
        /// Key of iterators and tokens.
        #[cbor(n(0), with = "minicbor::bytes")]
        token_key: Vec<u8>,
    },
    /// Makes a stream, CREATING.
    #[n(1)]
    CreateStream {
        /// Account, as a number.
        #[n(0)]
        account: u64,
        /// Region.
        #[n(1)]
        region: String,
        /// Name.
        #[n(2)]
        name: String,
        /// How many shards.
        #[n(3)]
        shard_count: u32,
        /// Largest record.
        #[n(4)]
        max_record_size_kib: u32,
        /// Tags.
        #[n(5)]
        tags: BTreeMap<String, String>,
        /// When.
        #[n(6)]
        at: u64,
        /// Quota: open shards of the account and region.
        #[n(7)]
        shards_max: u64,
        /// Quota: streams of the account and region.
        #[n(8)]
        streams_max: u64,
        /// Quota: streams being created at once in the account and region.
        #[n(9)]
        creating_max: u64,
    },
    /// CREATING or UPDATING becomes ACTIVE. Does nothing while shards are being changed.
    #[n(2)]
    Activate {
        /// The stream.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// ACTIVE becomes DELETING.
    #[n(3)]
    DeleteStream {
        /// The stream.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// A stream that is DELETING is gone.
    #[n(4)]
    RemoveStream {
        /// The stream.
        #[n(0)]
        group: u64,
    },
    /// Changes the retention; UPDATING.
    #[n(5)]
    SetRetention {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Hours.
        #[n(1)]
        hours: u32,
        /// When.
        #[n(2)]
        at: u64,
        /// The retention that the sender knew, in hours: if it is another by now, the direction may be wrong.
        #[n(3)]
        from_hours: u32,
    },
    /// Adds or replaces tags.
    #[n(6)]
    AddTags {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Tags.
        #[n(1)]
        tags: BTreeMap<String, String>,
        /// Quota: tags of a stream.
        #[n(2)]
        tags_max: u64,
    },
    /// Removes tags; those that are not there are no error.
    #[n(7)]
    RemoveTags {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Keys.
        #[n(1)]
        keys: Vec<String>,
    },
    /// Begins to change shards: parents are closing, children are reserved; UPDATING.
    #[n(8)]
    BeginReshard {
        /// The stream.
        #[n(0)]
        group: u64,
        /// What is changed.
        #[n(1)]
        reshard: Reshard,
        /// When.
        #[n(2)]
        at: u64,
        /// Quota: open shards of the account and region.
        #[n(3)]
        shards_max: u64,
    },
    /// The parents are sealed: their ends, in the order of `BeginReshard`. The children open.
    #[n(9)]
    FinishReshard {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Positions after the parents' last records.
        #[n(1)]
        ends: Vec<u64>,
        /// When.
        #[n(2)]
        at: u64,
    },
    /// Closed shards whose children started at or before `before` hold nothing any more.
    #[n(10)]
    ExpireShards {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The oldest time that the retention still shows.
        #[n(1)]
        before: u64,
    },
    /// Registers a consumer, CREATING.
    #[n(20)]
    RegisterConsumer {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Name.
        #[n(1)]
        name: String,
        /// Tags.
        #[n(2)]
        tags: BTreeMap<String, String>,
        /// When.
        #[n(3)]
        at: u64,
        /// Quota: consumers of the stream.
        #[n(4)]
        consumers_max: u64,
        /// Quota: consumers of the stream being created at once.
        #[n(5)]
        creating_max: u64,
    },
    /// A consumer that is CREATING becomes ACTIVE.
    #[n(21)]
    ActivateConsumer {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Name.
        #[n(1)]
        name: String,
        /// The second of its registration.
        #[n(2)]
        created_second: u64,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// A consumer becomes DELETING.
    #[n(22)]
    DeregisterConsumer {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Name.
        #[n(1)]
        name: String,
        /// The second of its registration.
        #[n(2)]
        created_second: u64,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// A consumer that is DELETING is gone.
    #[n(23)]
    RemoveConsumer {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Name.
        #[n(1)]
        name: String,
        /// The second of its registration.
        #[n(2)]
        created_second: u64,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// ACTIVE becomes DELETING, and all consumers with it.
    #[n(24)]
    DeleteStreamWithConsumers {
        /// The stream.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// Makes an on-demand stream, CREATING.
    #[n(30)]
    CreateOnDemandStream {
        /// Account, as a number.
        #[n(0)]
        account: u64,
        /// Region.
        #[n(1)]
        region: String,
        /// Name.
        #[n(2)]
        name: String,
        /// How many shards it starts with.
        #[n(3)]
        shard_count: u32,
        /// Largest record.
        #[n(4)]
        max_record_size_kib: u32,
        /// Tags.
        #[n(5)]
        tags: BTreeMap<String, String>,
        /// When.
        #[n(6)]
        at: u64,
        /// Quota: open shards of the account and region.
        #[n(7)]
        shards_max: u64,
        /// Quota: streams of the account and region.
        #[n(8)]
        streams_max: u64,
        /// Quota: streams being created at once in the account and region.
        #[n(9)]
        creating_max: u64,
        /// Quota: on-demand streams of the account and region.
        #[n(10)]
        on_demand_max: u64,
        /// Warm throughput in MiB/s, if one was asked for.
        #[n(11)]
        warm_mibps: Option<u32>,
        /// Whether the service chooses the shards of records.
        #[n(12)]
        auto: bool,
    },
    /// Changes the mode; the shards stay; UPDATING.
    #[n(31)]
    SetMode {
        /// The stream.
        #[n(0)]
        group: u64,
        /// On-demand, or provisioned.
        #[n(1)]
        on_demand: bool,
        /// Warm throughput in MiB/s, if one was asked for; the shards for it come with it.
        #[n(2)]
        warm_mibps: Option<u32>,
        /// When.
        #[n(3)]
        at: u64,
        /// Quota: changes of the mode in 24 hours.
        #[n(4)]
        per_day_max: u64,
        /// Quota: on-demand streams of the account and region.
        #[n(5)]
        on_demand_max: u64,
        /// Quota: open shards of the account and region.
        #[n(6)]
        shards_max: u64,
    },
    /// Says who chooses the shards of records, at once.
    #[n(32)]
    SetDistribution {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The service, or the partition key.
        #[n(1)]
        auto: bool,
    },
    /// Begins to change a provisioned stream to a number of equal shards; UPDATING.
    #[n(33)]
    BeginScaling {
        /// The stream.
        #[n(0)]
        group: u64,
        /// How many shards there are to be.
        #[n(1)]
        target: u32,
        /// When.
        #[n(2)]
        at: u64,
        /// Quota: such changes in 24 hours.
        #[n(3)]
        per_day_max: u64,
        /// Quota: open shards of the account and region.
        #[n(4)]
        shards_max: u64,
    },
    /// The next step to the number of shards that is under way, or its end. Does nothing while a step is under way.
    #[n(34)]
    ContinueScaling {
        /// The stream.
        #[n(0)]
        group: u64,
    },
    /// Sets the throughput that an on-demand stream is to be ready for; UPDATING until the shards are there.
    #[n(35)]
    SetWarmThroughput {
        /// The stream.
        #[n(0)]
        group: u64,
        /// In MiB/s.
        #[n(1)]
        mibps: u32,
        /// How many shards there are to be.
        #[n(2)]
        target: u32,
        /// When.
        #[n(3)]
        at: u64,
        /// Quota: open shards of the account and region.
        #[n(4)]
        shards_max: u64,
    },
    /// Begins several changes of shards of an on-demand stream at once; UPDATING.
    #[n(36)]
    BeginReshards {
        /// The stream.
        #[n(0)]
        group: u64,
        /// What is changed; no shard twice.
        #[n(1)]
        reshards: Vec<Reshard>,
        /// When.
        #[n(2)]
        at: u64,
        /// Quota: open shards of the account and region.
        #[n(3)]
        shards_max: u64,
    },
    /// Remembers the peak of an on-demand stream's write throughput on a day.
    #[n(37)]
    NotePeak {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Days since 1970.
        #[n(1)]
        day: u32,
        /// In KiB/s.
        #[n(2)]
        kibps: u32,
    },
    /// Enables or disables the account's commitment to a least throughput in a region.
    #[n(38)]
    SetCommitment {
        /// Account, as a number.
        #[n(0)]
        account: u64,
        /// Region.
        #[n(1)]
        region: String,
        /// Enabled, or disabled.
        #[n(2)]
        enabled: bool,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// Writes a stream's records with a new data key; UPDATING.
    #[n(40)]
    StartEncryption {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The data key.
        #[n(1)]
        key: WrappedKey,
        /// When.
        #[n(2)]
        at: u64,
        /// Quota: starts in 24 hours.
        #[n(3)]
        starts_max: u64,
    },
    /// Writes a stream's records in the clear; UPDATING.
    #[n(41)]
    StopEncryption {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The number of the data key that the sender knew to be in use.
        #[n(1)]
        from: u32,
        /// When.
        #[n(2)]
        at: u64,
        /// Quota: stops in 24 hours.
        #[n(3)]
        stops_max: u64,
    },
    /// Keeps the secrets, sealed, in place of those in the clear; a second one changes nothing.
    #[n(42)]
    SealSecrets {
        /// The master key as the vault knows it.
        #[n(0)]
        master: String,
        /// A data key, wrapped by it.
        #[cbor(n(1), with = "minicbor::bytes")]
        wrapped: Vec<u8>,
        /// The key of iterators and tokens, encrypted with the data key.
        #[cbor(n(2), with = "minicbor::bytes")]
        token_key: Vec<u8>,
    },
    /// Makes a queue on a stream of on-demand mode, CREATING.
    #[n(50)]
    CreateQueue {
        /// Account, as a number.
        #[n(0)]
        account: u64,
        /// Region.
        #[n(1)]
        region: String,
        /// Name.
        #[n(2)]
        name: String,
        /// Generated id.
        #[n(3)]
        id: String,
        /// The stream's group.
        #[n(4)]
        stream: u64,
        /// Where to begin: 0 LATEST, 1 TRIM_HORIZON, 2 AT_TIMESTAMP; the time.
        #[n(5)]
        start: (u8, u64),
        /// How long a record is hidden once it is received.
        #[n(6)]
        visibility_seconds: u32,
        /// After how many receives a record is a dead letter; 0 for never.
        #[n(7)]
        receives_max: u32,
        /// Tags.
        #[n(8)]
        tags: BTreeMap<String, String>,
        /// When.
        #[n(9)]
        at: u64,
        /// Quota: consumers and queues of the stream.
        #[n(10)]
        readers_max: u64,
        /// Quota: queues being created at once in the account and region.
        #[n(11)]
        creating_max: u64,
    },
    /// A queue's CREATING or UPDATING becomes ACTIVE.
    #[n(51)]
    ActivateQueue {
        /// The queue's group.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
        /// The time from which it delivers, when it becomes ACTIVE for the first time.
        #[n(2)]
        effective_start: Option<u64>,
    },
    /// Changes an ACTIVE queue; UPDATING.
    #[n(52)]
    UpdateQueue {
        /// The queue's group.
        #[n(0)]
        group: u64,
        /// How long a record is hidden; unchanged if absent.
        #[n(1)]
        visibility_seconds: Option<u32>,
        /// After how many receives a record is a dead letter, 0 for never; unchanged if absent.
        #[n(2)]
        dead_letters: Option<u32>,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// DELETING.
    #[n(53)]
    DeleteQueue {
        /// The queue's group.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
        /// Quota: queues being deleted at once in the account and region.
        #[n(2)]
        deleting_max: u64,
    },
    /// A queue that is DELETING is gone.
    #[n(54)]
    RemoveQueue {
        /// The queue's group.
        #[n(0)]
        group: u64,
    },
    /// Switches shard-level metrics on and off; UPDATING.
    #[n(60)]
    SetMonitoring {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The metrics that are on afterwards, a bit for each.
        #[n(1)]
        metrics: u8,
        /// The metrics that the sender knew to be on: if they are others by now, its reply would be wrong.
        #[n(2)]
        from: u8,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// Changes the size of the largest record; UPDATING.
    #[n(61)]
    SetMaxRecordSize {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The size.
        #[n(1)]
        kib: u32,
        /// When.
        #[n(2)]
        at: u64,
    },
    /// Adds or replaces tags.
    #[n(62)]
    TagResource {
        /// Whose.
        #[n(0)]
        resource: ResourceId,
        /// Tags.
        #[n(1)]
        tags: BTreeMap<String, String>,
        /// Quota: tags of a resource.
        #[n(2)]
        tags_max: u64,
    },
    /// Removes tags; those that are not there are no error.
    #[n(63)]
    UntagResource {
        /// Whose.
        #[n(0)]
        resource: ResourceId,
        /// Keys.
        #[n(1)]
        keys: Vec<String>,
    },
    /// Sets a policy, or takes it away.
    #[n(64)]
    SetPolicy {
        /// Whose.
        #[n(0)]
        resource: ResourceId,
        /// The document in JSON; absent to take it away.
        #[n(1)]
        policy: Option<String>,
    },
    /// Makes a channel, CREATING.
    #[n(65)]
    CreateChannel {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The channel's id.
        #[n(1)]
        id: String,
        /// Its name.
        #[n(2)]
        name: String,
        /// How it delivers.
        #[n(3)]
        settings: Box<ChannelSettings>,
        /// Tags.
        #[n(4)]
        tags: BTreeMap<String, String>,
        /// When.
        #[n(5)]
        at: u64,
        /// Quota: channels of the account and region.
        #[n(6)]
        channels_max: u64,
    },
    /// A channel that is CREATING or UPDATING becomes ACTIVE; or it fails.
    #[n(66)]
    SettleChannel {
        /// The channel.
        #[n(0)]
        id: String,
        /// Why it cannot go on; absent if it can.
        #[n(1)]
        failed: Option<String>,
        /// When.
        #[n(2)]
        at: u64,
    },
    /// Changes an ACTIVE channel; UPDATING.
    #[n(67)]
    UpdateChannel {
        /// The channel.
        #[n(0)]
        id: String,
        /// How old records may be when they are delivered; absent to leave it.
        #[n(1)]
        freshness_seconds: Option<u32>,
        /// Where errors are logged; absent to leave it.
        #[n(2)]
        logs: Option<ChannelLogs>,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// A channel becomes DELETING.
    #[n(68)]
    DeleteChannel {
        /// The channel.
        #[n(0)]
        id: String,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// A channel that is DELETING is gone.
    #[n(69)]
    RemoveChannel {
        /// The channel.
        #[n(0)]
        id: String,
    },
}

/// A data key wrapped by a master key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WrappedKey {
    /// The master key as the user named it.
    #[n(0)]
    pub key_id: String,
    /// The master key as the vault knows it.
    #[n(1)]
    pub master: String,
    /// The data key, wrapped.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub wrapped: Vec<u8>,
}

/// A change of shards.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reshard {
    /// One becomes two.
    #[n(0)]
    Split {
        /// The shard.
        #[n(0)]
        shard: u32,
        /// Where the upper child begins: big-endian.
        #[cbor(n(1), with = "minicbor::bytes")]
        new_start: [u8; 16],
    },
    /// Two become one.
    #[n(1)]
    Merge {
        /// One.
        #[n(0)]
        shard: u32,
        /// The one beside it.
        #[n(1)]
        adjacent: u32,
    },
}
