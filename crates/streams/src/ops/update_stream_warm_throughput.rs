//! UpdateStreamWarmThroughput, and what else belongs to warm throughput: a shard for each MiB/s.

use millstream_api::ops::{
    UpdateStreamWarmThroughputInput, UpdateStreamWarmThroughputOutput, WarmThroughputObject,
};
use millstream_api::{Error, ErrorCode};
use millstream_catalog::{CapacityCommand, Stream, StreamMode, StreamStatus};

use crate::caller::Caller;
use crate::limits::{ON_DEMAND_SHARDS_MIN, WARM_MIBPS_MAX};
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Makes an on-demand stream ready for a write throughput, or releases what it has above it.
    pub async fn update_stream_warm_throughput(
        &self,
        caller: &Caller,
        input: UpdateStreamWarmThroughputInput,
    ) -> Result<UpdateStreamWarmThroughputOutput, Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:UpdateStreamWarmThroughput", &stream.arn())?;
        self.admit_call(Call::UpdateWarmThroughput, caller, Some(&stream))?;
        self.require_mode(&stream, StreamMode::OnDemand)?;
        // The wire keeps it from being negative.
        let mibps = input.warm_throughput_mibps.max(0) as u32;
        self.checked_warm_shards(caller, Some(mibps))?;
        self.require_active(&stream)?;
        let current = stream.open_shards().count() as i32;
        // What the traffic needs is not released.
        let target = self.needed_shards(&stream, mibps);
        let plan = self.plan_scaling(&stream, target).await?;
        let command = CapacityCommand::SetWarmThroughput {
            group: stream.group.0,
            mibps,
            target,
            at: self.now().0,
            shards_max: self.limits.shards_max,
            plan: Some(plan),
        }
        .into();
        self.change(&stream, &command).await?;
        Ok(UpdateStreamWarmThroughputOutput {
            stream_arn: Some(stream.arn().to_string()),
            stream_name: Some(stream.name.to_string()),
            warm_throughput: Some(WarmThroughputObject {
                target_mibps: Some(mibps as i32),
                current_mibps: Some(current),
            }),
        })
    }

    /// The shards that a warm throughput needs, if the account may have it.
    pub(crate) fn checked_warm_shards(
        &self,
        caller: &Caller,
        warm_mibps: Option<u32>,
    ) -> Result<u32, Error> {
        let Some(mibps) = warm_mibps else { return Ok(ON_DEMAND_SHARDS_MIN) };
        let (account, region, now) = (caller.account, &caller.region, self.now());
        if !self.catalog.read(|state| state.is_committed(account, region, now)) {
            return Err(Error::validation(format!(
                "WarmThroughputMiBps needs MinimumThroughputBillingCommitment to be enabled for the account {account}."
            )));
        }
        if mibps > WARM_MIBPS_MAX {
            return Err(Error::new(
                ErrorCode::LimitExceededException,
                format!(
                    "The warm throughput of an on-demand stream cannot be more than {WARM_MIBPS_MAX} MiBps. Requested: \
                     {mibps}."
                ),
            ));
        }
        Ok(mibps.max(ON_DEMAND_SHARDS_MIN))
    }

    /// The warm throughput as it is shown: of on-demand streams, while the account is committed (botocore,
    /// `WarmThroughputObject`).
    pub(crate) fn warm_throughput_of(&self, stream: &Stream) -> Option<WarmThroughputObject> {
        if stream.mode == StreamMode::Provisioned || !self.is_committed(stream) {
            return None;
        }
        let ready = match stream.status {
            StreamStatus::Creating => 0,
            StreamStatus::Active | StreamStatus::Updating | StreamStatus::Deleting => {
                stream.open_shards().count()
            }
        };
        Some(WarmThroughputObject {
            target_mibps: stream.capacity.warm_mibps.map(|mibps| mibps as i32),
            current_mibps: Some(ready as i32),
        })
    }

    /// How many consumers and queues a stream of the caller may have.
    pub(crate) fn stream_readers_max(&self, caller: &Caller) -> u64 {
        let now = self.now();
        let committed =
            self.catalog.read(|state| state.is_committed(caller.account, &caller.region, now));
        if committed {
            self.limits.stream_readers_committed_max.max(self.limits.stream_readers_max)
        } else {
            self.limits.stream_readers_max
        }
    }

    /// Whether the stream's account is committed now.
    pub(crate) fn is_committed(&self, stream: &Stream) -> bool {
        let now = self.now();
        self.catalog.read(|state| state.is_committed(stream.account, &stream.region, now))
    }
}
