//! DescribeStreamSummary: a stream without its shards.

use millstream_api::Error;
use millstream_api::ops::{
    DescribeStreamSummaryInput, DescribeStreamSummaryOutput, StreamDescriptionSummary,
};
use millstream_catalog::StreamStatus;

use crate::caller::Caller;
use crate::describe::{creation_of, distribution_of, mode_of, status_of};
use crate::encryption::described;
use crate::ops::enhanced_monitoring::monitoring_of;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Describes a stream in few words.
    pub async fn describe_stream_summary(
        &self,
        caller: &Caller,
        input: DescribeStreamSummaryInput,
    ) -> Result<DescribeStreamSummaryOutput, Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:DescribeStreamSummary", &stream.arn())?;
        self.admit_call(Call::DescribeStreamSummary, caller, Some(&stream))?;
        let open_shards = match stream.status {
            StreamStatus::Creating => 0,
            StreamStatus::Active | StreamStatus::Updating | StreamStatus::Deleting => {
                stream.open_shards().count()
            }
        };
        let channel_count = self.catalog.read(|state| state.channels_of(stream.group).count());
        let (encryption_type, key_id) = described(&stream);
        let queues = self.catalog.read(|state| state.queues().count_of(stream.group));
        let stream_description_summary = StreamDescriptionSummary {
            stream_name: stream.name.to_string(),
            stream_arn: stream.arn().to_string(),
            stream_id: None,
            stream_status: status_of(stream.status),
            stream_mode_details: Some(mode_of(&stream)),
            retention_period_hours: stream.retention_hours as i32,
            stream_creation_timestamp: creation_of(&stream),
            enhanced_monitoring: monitoring_of(&stream),
            encryption_type: Some(encryption_type),
            key_id,
            open_shard_count: open_shards as i32,
            consumer_count: Some(stream.consumers.len() as i32),
            warm_throughput: self.warm_throughput_of(&stream),
            max_record_size_in_kib: Some(stream.max_record_size_kib as i32),
            channel_count: Some(channel_count as i32),
            record_distribution_strategy: Some(distribution_of(&stream)),
            queue_count: Some(queues as i32),
        };
        Ok(DescribeStreamSummaryOutput { stream_description_summary })
    }
}
