//! DescribeLimits: the account's quotas and what it uses of them.

use millstream_api::Error;
use millstream_api::ops::{DescribeLimitsInput, DescribeLimitsOutput};

use crate::caller::Caller;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Describes the quotas of the caller's account in its region.
    pub async fn describe_limits(
        &self,
        caller: &Caller,
        _: DescribeLimitsInput,
    ) -> Result<DescribeLimitsOutput, Error> {
        self.admit_call(Call::DescribeLimits, caller, None)?;
        let (open_shards, on_demand_streams, channels) = self.catalog.read(|state| {
            let (account, region) = (caller.account, &caller.region);
            let streams = state.on_demand_streams(account, region);
            (state.open_shards(account, region), streams, state.channel_count(account, region))
        });
        Ok(DescribeLimitsOutput {
            shard_limit: count(self.limits.shards_max),
            open_shard_count: count(open_shards),
            on_demand_stream_count: count(on_demand_streams),
            on_demand_stream_count_limit: count(self.limits.on_demand_streams_max),
            channel_count: Some(count(channels)),
            channel_count_limit: Some(count(self.limits.channels_max)),
        })
    }
}

/// A count as the model allows it: at most a million.
fn count(number: u64) -> i32 {
    number.min(1_000_000) as i32
}
