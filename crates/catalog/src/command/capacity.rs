//! Commands about modes, numbers of shards and throughput.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::{Command, Reshard};

/// A change of what a stream or an account has room for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum CapacityCommand {
    /// Makes an on-demand stream, CREATING.
    #[n(0)]
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
        /// How long records are kept, in hours; the default if absent.
        #[n(13)]
        retention_hours: Option<u32>,
    },
    /// Changes the mode; the shards stay; UPDATING.
    #[n(1)]
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
        /// The way to the shards for it, as the sender planned it.
        #[n(7)]
        plan: Option<ScalingPlan>,
    },
    /// Says who chooses the shards of records, at once.
    #[n(2)]
    SetDistribution {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The service, or the partition key.
        #[n(1)]
        auto: bool,
    },
    /// Begins to change a provisioned stream to a number of equal shards; UPDATING.
    #[n(3)]
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
        /// The way to them, as the sender planned it.
        #[n(5)]
        plan: Option<ScalingPlan>,
    },
    /// The next step to the number of shards that is under way, or its end. Does nothing while a step is under way.
    #[n(4)]
    ContinueScaling {
        /// The stream.
        #[n(0)]
        group: u64,
    },
    /// Sets the throughput that an on-demand stream is to be ready for; UPDATING until the shards are there.
    #[n(5)]
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
        /// The way to them, as the sender planned it.
        #[n(5)]
        plan: Option<ScalingPlan>,
    },
    /// Begins several changes of shards of an on-demand stream at once; UPDATING.
    #[n(6)]
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
    #[n(7)]
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
    #[n(8)]
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
    /// Forgets the commitments of all accounts and regions, as if none had ever been made.
    #[n(9)]
    ForgetCommitments,
}

/// How far a change to a number of equal shards was followed in advance. What it is made from is a function of the
/// shards, so a number of shards that has not grown says that the plan still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ScalingPlan {
    /// How many shards the stream had, those that are closed too.
    #[n(0)]
    pub shards: u32,
    /// How many are open at most on the way.
    #[n(1)]
    pub open_max: u32,
}

impl From<CapacityCommand> for Command {
    fn from(command: CapacityCommand) -> Self {
        Command::Capacity(command)
    }
}
