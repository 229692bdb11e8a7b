//! DescribeLimits.

use crate::record::record;
use crate::shapes::COUNT;

record! {
    /// What DescribeLimits takes.
    pub struct DescribeLimitsInput {}
}

record! {
    /// What DescribeLimits returns.
    pub struct DescribeLimitsOutput {
        /// How many shards the account may have.
        shard_limit: i32 = "ShardLimit", required, COUNT;
        /// How many shards are open.
        open_shard_count: i32 = "OpenShardCount", required, COUNT;
        /// How many on-demand streams there are.
        on_demand_stream_count: i32 = "OnDemandStreamCount", required, COUNT;
        /// How many on-demand streams the account may have.
        on_demand_stream_count_limit: i32 = "OnDemandStreamCountLimit", required, COUNT;
        /// How many channels there are.
        channel_count: Option<i32> = "ChannelCount", optional, COUNT;
        /// How many channels the account may have.
        channel_count_limit: Option<i32> = "ChannelCountLimit", optional, COUNT;
    }
}
