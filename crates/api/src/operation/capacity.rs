//! The operations of shards, of capacity and of what the account may have.

use super::{CONTROL_BYTES_MAX, Operation, Service};
use crate::ErrorCode::*;
use crate::ops::*;

pub(super) static DESCRIBE_ACCOUNT_SETTINGS: Operation = Operation {
    service: Service::Kinesis,
    name: "DescribeAccountSettings",
    input: DescribeAccountSettingsInput::SHAPE,
    output: Some(DescribeAccountSettingsOutput::SHAPE),
    errors: &[LimitExceededException],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static DESCRIBE_LIMITS: Operation = Operation {
    service: Service::Kinesis,
    name: "DescribeLimits",
    input: DescribeLimitsInput::SHAPE,
    output: Some(DescribeLimitsOutput::SHAPE),
    errors: &[LimitExceededException],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static LIST_SHARDS: Operation = Operation {
    service: Service::Kinesis,
    name: "ListShards",
    input: ListShardsInput::SHAPE,
    output: Some(ListShardsOutput::SHAPE),
    errors: &[
        ResourceNotFoundException,
        InvalidArgumentException,
        LimitExceededException,
        ExpiredNextTokenException,
        ResourceInUseException,
        AccessDeniedException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static MERGE_SHARDS: Operation = Operation {
    service: Service::Kinesis,
    name: "MergeShards",
    input: MergeShardsInput::SHAPE,
    output: None,
    errors: &[
        ResourceNotFoundException,
        ResourceInUseException,
        InvalidArgumentException,
        LimitExceededException,
        ValidationException,
        AccessDeniedException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static SPLIT_SHARD: Operation = Operation {
    service: Service::Kinesis,
    name: "SplitShard",
    input: SplitShardInput::SHAPE,
    output: None,
    errors: &[
        ResourceNotFoundException,
        ResourceInUseException,
        InvalidArgumentException,
        LimitExceededException,
        ValidationException,
        AccessDeniedException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static UPDATE_ACCOUNT_SETTINGS: Operation = Operation {
    service: Service::Kinesis,
    name: "UpdateAccountSettings",
    input: UpdateAccountSettingsInput::SHAPE,
    output: Some(UpdateAccountSettingsOutput::SHAPE),
    errors: &[InvalidArgumentException, ValidationException, LimitExceededException],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static UPDATE_SHARD_COUNT: Operation = Operation {
    service: Service::Kinesis,
    name: "UpdateShardCount",
    input: UpdateShardCountInput::SHAPE,
    output: Some(UpdateShardCountOutput::SHAPE),
    errors: &[
        InvalidArgumentException,
        LimitExceededException,
        ResourceInUseException,
        ResourceNotFoundException,
        ValidationException,
        AccessDeniedException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static UPDATE_STREAM_MODE: Operation = Operation {
    service: Service::Kinesis,
    name: "UpdateStreamMode",
    input: UpdateStreamModeInput::SHAPE,
    output: None,
    errors: &[
        InvalidArgumentException,
        LimitExceededException,
        ResourceInUseException,
        ResourceNotFoundException,
        ValidationException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static UPDATE_STREAM_RECORD_DISTRIBUTION_STRATEGY: Operation = Operation {
    service: Service::Kinesis,
    name: "UpdateStreamRecordDistributionStrategy",
    input: UpdateStreamRecordDistributionStrategyInput::SHAPE,
    output: None,
    errors: &[
        ResourceNotFoundException,
        InvalidArgumentException,
        ResourceInUseException,
        LimitExceededException,
        AccessDeniedException,
        ValidationException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static UPDATE_STREAM_WARM_THROUGHPUT: Operation = Operation {
    service: Service::Kinesis,
    name: "UpdateStreamWarmThroughput",
    input: UpdateStreamWarmThroughputInput::SHAPE,
    output: Some(UpdateStreamWarmThroughputOutput::SHAPE),
    errors: &[
        AccessDeniedException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
        ResourceInUseException,
        ValidationException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};
