//! CreateStream: the stream is there, CREATING; the lifecycle makes its logs and then it is ACTIVE.

use millstream_api::Error;
use millstream_api::ops::CreateStreamInput;
use millstream_api::shapes::{RecordDistributionStrategy, StreamMode};
use millstream_catalog::Command;
use millstream_types::{StreamArn, StreamName};

use crate::caller::Caller;
use crate::limits::RECORD_KIB_DEFAULT;
use crate::rates::Call;
use crate::service::Streams;
use crate::tags::check_tags;

impl Streams {
    /// Makes a stream of provisioned capacity.
    pub async fn create_stream(
        &self,
        caller: &Caller,
        input: CreateStreamInput,
    ) -> Result<(), Error> {
        let name: StreamName = input.stream_name.parse().map_err(|_| {
            Error::validation(format!("The stream name {} is not valid.", input.stream_name))
        })?;
        let (region, account) = (caller.region.clone(), caller.account);
        caller.may("kinesis:CreateStream", &StreamArn { region, account, name: name.clone() })?;
        let tags = input.tags.clone().unwrap_or_default();
        if !tags.is_empty() {
            let (region, account) = (caller.region.clone(), caller.account);
            caller.may(
                "kinesis:AddTagsToStream",
                &StreamArn { region, account, name: name.clone() },
            )?;
        }
        self.admit_call(Call::CreateStream, caller, None)?;
        let shard_count = shard_count(&input)?;
        check_tags(&tags, self.limits.tags_max)?;
        self.await_release(caller, &name).await;
        let command = Command::CreateStream {
            account: caller.account.as_u64(),
            region: caller.region.to_string(),
            name: name.to_string(),
            shard_count,
            max_record_size_kib: input
                .max_record_size_in_kib
                .map_or(RECORD_KIB_DEFAULT, |kib| kib as u32),
            tags,
            at: self.now().0,
            shards_max: self.limits.shards_max,
            streams_max: self.limits.streams_max,
            creating_max: self.limits.creating_streams_max,
        };
        self.submit(&name, caller.account, &command).await?;
        Ok(())
    }
}

/// How many shards, once it is clear that the stream is one that can be made.
fn shard_count(input: &CreateStreamInput) -> Result<u32, Error> {
    let mode = input.stream_mode_details.as_ref().map(|details| details.stream_mode);
    match mode {
        Some(StreamMode::OnDemand) => {
            return Err(Error::invalid_argument(
                "StreamModeDetails: ON_DEMAND is not implemented; use PROVISIONED and ShardCount.",
            ));
        }
        Some(StreamMode::Provisioned) | None => {}
    }
    match input.record_distribution_strategy {
        // botocore, UpdateRecordDistributionStrategy: AUTO on a provisioned stream is an InvalidArgumentException.
        Some(RecordDistributionStrategy::Auto) => {
            return Err(Error::invalid_argument(
                "RecordDistributionStrategy: AUTO is only possible for on-demand streams, which are not implemented.",
            ));
        }
        Some(RecordDistributionStrategy::UserPartitionKey) | None => {}
    }
    let count =
        input.shard_count.and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
    count.ok_or_else(|| {
        Error::invalid_argument("ShardCount must be specified for a stream in PROVISIONED mode.")
    })
}
