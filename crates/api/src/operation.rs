//! The operations: which shapes each has and which errors it may give.

use crate::ErrorCode;
use crate::ErrorCode::*;
use crate::ops::*;
use crate::shape::Structure;

/// The service's name in a signature's scope.
pub const SERVICE: &str = "kinesis";
/// What comes before the operation's name in `X-Amz-Target`.
pub const TARGET_PREFIX: &str = "Kinesis_20131202.";

/// An operation that is done.
#[derive(Debug)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub input: &'static Structure,
    /// What it returns; `None` for an empty reply.
    pub output: Option<&'static Structure>,
    /// The errors that the model gives it.
    pub errors: &'static [ErrorCode],
    /// Largest body in bytes: the largest legal request in base64 plus its framing.
    pub body_bytes_max: usize,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// Control calls: 1 MiB is more than any legal one but a long NextToken needs.
const CONTROL_BYTES_MAX: usize = MIB + 64 * KIB;
/// 10 MiB of data in base64, 500 keys that are escaped to six bytes a byte, and the framing.
const PUT_BYTES_MAX: usize = 10 * MIB / 3 * 4 + 2 * MIB;

/// The operation of a name, if it is done.
pub fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}

/// Operations of the model that are not done.
pub static NOT_IMPLEMENTED: &[&str] = &[
    "AcknowledgeDeadLetterQueueRecords",
    "AcknowledgeQueueRecords",
    "CreateChannel",
    "CreateQueue",
    "DeleteChannel",
    "DeleteQueue",
    "DeleteResourcePolicy",
    "DeregisterStreamConsumer",
    "DescribeAccountSettings",
    "DescribeChannel",
    "DescribeQueue",
    "DescribeStreamConsumer",
    "DisableEnhancedMonitoring",
    "EnableEnhancedMonitoring",
    "GetResourcePolicy",
    "ListChannels",
    "ListQueues",
    "ListStreamConsumers",
    "ListTagsForResource",
    "PutResourcePolicy",
    "ReceiveDeadLetterQueueRecords",
    "ReceiveQueueRecords",
    "RegisterStreamConsumer",
    "RestoreDeadLetterQueueRecords",
    "StartStreamEncryption",
    "StopStreamEncryption",
    "SubscribeToShard",
    "TagResource",
    "UntagResource",
    "UpdateAccountSettings",
    "UpdateChannel",
    "UpdateDeadLetterQueueRecordsVisibility",
    "UpdateMaxRecordSize",
    "UpdateQueue",
    "UpdateQueueRecordsVisibility",
    "UpdateShardCount",
    "UpdateStreamMode",
    "UpdateStreamRecordDistributionStrategy",
    "UpdateStreamWarmThroughput",
];

/// Operations that are done, by name.
pub static OPERATIONS: &[Operation] = &[
    Operation {
        name: "AddTagsToStream",
        input: AddTagsToStreamInput::SHAPE,
        output: None,
        errors: &[
            ResourceNotFoundException,
            ResourceInUseException,
            InvalidArgumentException,
            LimitExceededException,
            AccessDeniedException,
        ],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
        name: "CreateStream",
        input: CreateStreamInput::SHAPE,
        output: None,
        errors: &[
            ResourceInUseException,
            LimitExceededException,
            InvalidArgumentException,
            ValidationException,
        ],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
        name: "DecreaseStreamRetentionPeriod",
        input: DecreaseStreamRetentionPeriodInput::SHAPE,
        output: None,
        errors: &[
            ResourceInUseException,
            ResourceNotFoundException,
            LimitExceededException,
            InvalidArgumentException,
            AccessDeniedException,
        ],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
        name: "DeleteStream",
        input: DeleteStreamInput::SHAPE,
        output: None,
        errors: &[
            ResourceNotFoundException,
            LimitExceededException,
            ResourceInUseException,
            InvalidArgumentException,
            AccessDeniedException,
        ],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
        name: "DescribeLimits",
        input: DescribeLimitsInput::SHAPE,
        output: Some(DescribeLimitsOutput::SHAPE),
        errors: &[LimitExceededException],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
        name: "DescribeStream",
        input: DescribeStreamInput::SHAPE,
        output: Some(DescribeStreamOutput::SHAPE),
        errors: &[
            ResourceNotFoundException,
            LimitExceededException,
            InvalidArgumentException,
            AccessDeniedException,
        ],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
        name: "DescribeStreamSummary",
        input: DescribeStreamSummaryInput::SHAPE,
        output: Some(DescribeStreamSummaryOutput::SHAPE),
        errors: &[
            ResourceNotFoundException,
            LimitExceededException,
            InvalidArgumentException,
            AccessDeniedException,
        ],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
        name: "GetRecords",
        input: GetRecordsInput::SHAPE,
        output: Some(GetRecordsOutput::SHAPE),
        errors: &[
            ResourceNotFoundException,
            InvalidArgumentException,
            ProvisionedThroughputExceededException,
            ExpiredIteratorException,
            KMSDisabledException,
            KMSInvalidStateException,
            KMSAccessDeniedException,
            KMSNotFoundException,
            KMSOptInRequired,
            KMSThrottlingException,
            AccessDeniedException,
            InternalFailureException,
            DryRunOperationException,
        ],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
        name: "GetShardIterator",
        input: GetShardIteratorInput::SHAPE,
        output: Some(GetShardIteratorOutput::SHAPE),
        errors: &[
            ResourceNotFoundException,
            InvalidArgumentException,
            ProvisionedThroughputExceededException,
            AccessDeniedException,
            InternalFailureException,
            DryRunOperationException,
        ],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
        name: "IncreaseStreamRetentionPeriod",
        input: IncreaseStreamRetentionPeriodInput::SHAPE,
        output: None,
        errors: &[
            ResourceInUseException,
            ResourceNotFoundException,
            LimitExceededException,
            InvalidArgumentException,
            AccessDeniedException,
        ],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
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
    },
    Operation {
        name: "ListStreams",
        input: ListStreamsInput::SHAPE,
        output: Some(ListStreamsOutput::SHAPE),
        errors: &[LimitExceededException, ExpiredNextTokenException, InvalidArgumentException],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
        name: "ListTagsForStream",
        input: ListTagsForStreamInput::SHAPE,
        output: Some(ListTagsForStreamOutput::SHAPE),
        errors: &[
            ResourceNotFoundException,
            InvalidArgumentException,
            LimitExceededException,
            AccessDeniedException,
        ],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
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
    },
    Operation {
        name: "PutRecord",
        input: PutRecordInput::SHAPE,
        output: Some(PutRecordOutput::SHAPE),
        errors: &[
            ResourceNotFoundException,
            InvalidArgumentException,
            ProvisionedThroughputExceededException,
            KMSDisabledException,
            KMSInvalidStateException,
            KMSAccessDeniedException,
            KMSNotFoundException,
            KMSOptInRequired,
            KMSThrottlingException,
            AccessDeniedException,
            InternalFailureException,
            DryRunOperationException,
        ],
        body_bytes_max: PUT_BYTES_MAX,
    },
    Operation {
        name: "PutRecords",
        input: PutRecordsInput::SHAPE,
        output: Some(PutRecordsOutput::SHAPE),
        errors: &[
            ResourceNotFoundException,
            InvalidArgumentException,
            ProvisionedThroughputExceededException,
            KMSDisabledException,
            KMSInvalidStateException,
            KMSAccessDeniedException,
            KMSNotFoundException,
            KMSOptInRequired,
            KMSThrottlingException,
            AccessDeniedException,
            InternalFailureException,
            DryRunOperationException,
        ],
        body_bytes_max: PUT_BYTES_MAX,
    },
    Operation {
        name: "RemoveTagsFromStream",
        input: RemoveTagsFromStreamInput::SHAPE,
        output: None,
        errors: &[
            ResourceNotFoundException,
            ResourceInUseException,
            InvalidArgumentException,
            LimitExceededException,
            AccessDeniedException,
        ],
        body_bytes_max: CONTROL_BYTES_MAX,
    },
    Operation {
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
    },
];
