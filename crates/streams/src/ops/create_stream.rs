//! CreateStream: the stream is there, CREATING; the lifecycle makes its logs and then it is ACTIVE.

use millstream_api::Error;
use millstream_api::ops::CreateStreamInput;
use millstream_api::shapes::{RecordDistributionStrategy, StreamMode};
use millstream_catalog::{CapacityCommand, Command};
use millstream_types::{StreamArn, StreamName};

use crate::caller::Caller;
use crate::limits::RECORD_KIB_DEFAULT;
use crate::rates::Call;
use crate::service::Streams;
use crate::tags::check_tags;

impl Streams {
    /// Makes a stream, provisioned or on-demand.
    pub async fn create_stream(
        &self,
        caller: &Caller,
        input: CreateStreamInput,
    ) -> Result<(), Error> {
        self.create_stream_keeping(caller, input, None).await
    }

    /// Makes a stream whose records are kept for so many hours, or as long as the default says.
    pub(crate) async fn create_stream_keeping(
        &self,
        caller: &Caller,
        input: CreateStreamInput,
        retention_hours: Option<u32>,
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
        let kind = kind_of(&input)?;
        check_tags(&tags, self.limits.tags_max)?;
        self.await_release(caller, &name).await;
        let account = caller.account.as_u64();
        let region = caller.region.to_string();
        let max_record_size_kib =
            input.max_record_size_in_kib.map_or(RECORD_KIB_DEFAULT, |kib| kib as u32);
        let (at, shards_max) = (self.now().0, self.limits.shards_max);
        let (streams_max, creating_max) =
            (self.limits.streams_max, self.limits.creating_streams_max);
        let stream = name.to_string();
        let command = match kind {
            Kind::Provisioned { shard_count } => Command::CreateStream {
                account,
                region,
                name: stream,
                shard_count,
                max_record_size_kib,
                tags,
                at,
                shards_max,
                streams_max,
                creating_max,
                retention_hours,
            },
            Kind::OnDemand { warm_mibps, auto } => CapacityCommand::CreateOnDemandStream {
                account,
                region,
                name: stream,
                shard_count: self.checked_warm_shards(caller, warm_mibps)?,
                max_record_size_kib,
                tags,
                at,
                shards_max,
                streams_max,
                creating_max,
                on_demand_max: self.limits.on_demand_streams_max,
                warm_mibps,
                auto,
                retention_hours,
            }
            .into(),
        };
        self.submit(&name, caller.account, &command).await?;
        Ok(())
    }
}

/// What is to be made.
enum Kind {
    Provisioned { shard_count: u32 },
    OnDemand { warm_mibps: Option<u32>, auto: bool },
}

/// What is to be made, once it is clear that the members fit the mode.
fn kind_of(input: &CreateStreamInput) -> Result<Kind, Error> {
    let auto = match input.record_distribution_strategy {
        Some(RecordDistributionStrategy::Auto) => true,
        Some(RecordDistributionStrategy::UserPartitionKey) | None => false,
    };
    let mode = input.stream_mode_details.as_ref().map(|details| details.stream_mode);
    match mode {
        Some(StreamMode::OnDemand) if input.shard_count.is_some() => Err(Error::invalid_argument(
            "ShardCount cannot be specified for a stream in ON_DEMAND mode.",
        )),
        // The wire keeps it from being negative.
        Some(StreamMode::OnDemand) => Ok(Kind::OnDemand {
            warm_mibps: input.warm_throughput_mibps.map(|mibps| mibps.max(0) as u32),
            auto,
        }),
        // botocore, UpdateStreamRecordDistributionStrategy: AUTO on a provisioned stream is an
        // InvalidArgumentException.
        Some(StreamMode::Provisioned) | None if auto => Err(Error::invalid_argument(
            "RecordDistributionStrategy AUTO cannot be specified for a stream in PROVISIONED mode.",
        )),
        Some(StreamMode::Provisioned) | None if input.warm_throughput_mibps.is_some() => {
            Err(Error::validation(
                "WarmThroughputMiBps cannot be specified for a stream in PROVISIONED mode.",
            ))
        }
        Some(StreamMode::Provisioned) | None => {
            let count = input.shard_count.and_then(|count| u32::try_from(count).ok());
            let shard_count = count.filter(|count| *count > 0).ok_or_else(|| {
                Error::invalid_argument(
                    "ShardCount must be specified for a stream in PROVISIONED mode.",
                )
            })?;
            Ok(Kind::Provisioned { shard_count })
        }
    }
}
