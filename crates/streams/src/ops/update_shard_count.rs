//! UpdateShardCount: the way to equal shards begins; the lifecycle goes it, step by step.

use millstream_api::ops::{UpdateShardCountInput, UpdateShardCountOutput};
use millstream_api::{Error, ErrorCode};
use millstream_catalog::{CapacityCommand, StreamMode, may_scale};

use crate::caller::Caller;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Gives a provisioned stream another number of shards, all of equal size.
    pub async fn update_shard_count(
        &self,
        caller: &Caller,
        input: UpdateShardCountInput,
    ) -> Result<UpdateShardCountOutput, Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:UpdateShardCount", &stream.arn())?;
        self.admit_call(Call::UpdateShardCount, caller, Some(&stream))?;
        self.require_mode(&stream, StreamMode::Provisioned)?;
        self.require_active(&stream)?;
        // The wire keeps it above 0.
        let target = input.target_shard_count.max(1) as u32;
        if u64::from(target) > self.limits.stream_shards_max {
            return Err(Error::new(
                ErrorCode::LimitExceededException,
                format!(
                    "UpdateShardCount cannot scale a stream to more than {} shards. Target shard count: {target}",
                    self.limits.stream_shards_max
                ),
            ));
        }
        let per_day_max = self.limits.update_shard_count_per_day;
        may_scale(&stream, target, self.now(), per_day_max)
            .map_err(|why| self.refused(&stream, why))?;
        let plan = self.plan_scaling(&stream, target).await?;
        let command = CapacityCommand::BeginScaling {
            group: stream.group.0,
            target,
            at: self.now().0,
            per_day_max,
            shards_max: self.limits.shards_max,
            plan: Some(plan),
        }
        .into();
        let changed = self.change(&stream, &command).await?;
        let before = changed.capacity.scaling.map(|scaling| scaling.from as i32);
        Ok(UpdateShardCountOutput {
            stream_name: Some(stream.name.to_string()),
            current_shard_count: before,
            target_shard_count: Some(target as i32),
            stream_arn: Some(stream.arn().to_string()),
        })
    }
}
