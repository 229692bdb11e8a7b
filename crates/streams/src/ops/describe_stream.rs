//! DescribeStream: a stream with a page of its shards.

use millstream_api::Error;
use millstream_api::ops::{DescribeStreamInput, DescribeStreamOutput, StreamDescription};

use crate::caller::Caller;
use crate::describe::{creation_of, mode_of, shard_of, shown_shards, status_of};
use crate::encryption::described;
use crate::limits::DESCRIBE_SHARDS_MAX;
use crate::ops::enhanced_monitoring::monitoring_of;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Describes a stream, with the shards after `ExclusiveStartShardId`.
    pub async fn describe_stream(
        &self,
        caller: &Caller,
        input: DescribeStreamInput,
    ) -> Result<DescribeStreamOutput, Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:DescribeStream", &stream.arn())?;
        self.admit_call(Call::DescribeStream, caller, Some(&stream))?;
        let limit = input
            .limit
            .map_or(DESCRIBE_SHARDS_MAX, |limit| limit as usize)
            .min(DESCRIBE_SHARDS_MAX);
        let after = input.exclusive_start_shard_id.as_deref();
        let mut rest = shown_shards(&stream, self.now())
            .into_iter()
            .map(shard_of)
            .filter(|shard| after.is_none_or(|after| shard.shard_id.as_str() > after));
        let shards = rest.by_ref().take(limit).collect();
        let (encryption_type, key_id) = described(&stream);
        let stream_description = StreamDescription {
            stream_name: stream.name.to_string(),
            stream_arn: stream.arn().to_string(),
            stream_status: status_of(stream.status),
            stream_mode_details: Some(mode_of(&stream)),
            shards,
            has_more_shards: rest.next().is_some(),
            retention_period_hours: stream.retention_hours as i32,
            stream_creation_timestamp: creation_of(&stream),
            enhanced_monitoring: monitoring_of(&stream),
            encryption_type: Some(encryption_type),
            key_id,
        };
        Ok(DescribeStreamOutput { stream_description })
    }
}
