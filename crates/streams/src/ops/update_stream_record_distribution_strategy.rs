//! UpdateStreamRecordDistributionStrategy: who chooses the shard of a record, from the next record on.

use millstream_api::Error;
use millstream_api::ops::UpdateStreamRecordDistributionStrategyInput;
use millstream_api::shapes::RecordDistributionStrategy;
use millstream_catalog::{CapacityCommand, StreamMode};

use crate::caller::Caller;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Sets who chooses the shard of a record. It may be set while the stream is UPDATING: an on-demand stream is that
    /// whenever it scales by itself, and the change takes effect at any time (botocore).
    pub async fn update_stream_record_distribution_strategy(
        &self,
        caller: &Caller,
        input: UpdateStreamRecordDistributionStrategyInput,
    ) -> Result<(), Error> {
        let stream = self.resolve(caller, None, Some(&input.stream_arn)).await?;
        caller.may("kinesis:UpdateStreamRecordDistributionStrategy", &stream.arn())?;
        self.admit_call(Call::UpdateDistribution, caller, Some(&stream))?;
        let auto = match input.record_distribution_strategy {
            RecordDistributionStrategy::Auto => true,
            RecordDistributionStrategy::UserPartitionKey => false,
        };
        if auto && stream.mode == StreamMode::Provisioned {
            return Err(Error::invalid_argument(format!(
                "RecordDistributionStrategy AUTO is not supported for stream {} under account {}, which is in \
                 PROVISIONED mode.",
                stream.name, stream.account
            )));
        }
        let command = CapacityCommand::SetDistribution { group: stream.group.0, auto }.into();
        self.change(&stream, &command).await?;
        Ok(())
    }
}
