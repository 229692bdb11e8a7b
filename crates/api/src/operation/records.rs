//! The operations that put and read records.

use super::{CONTROL_BYTES_MAX, Operation, PUT_BYTES_MAX, Service};
use crate::ErrorCode::*;
use crate::ops::*;

pub(super) static GET_RECORDS: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static GET_SHARD_ITERATOR: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static PUT_RECORD: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static PUT_RECORDS: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static SUBSCRIBE_TO_SHARD: Operation = Operation {
    service: Service::Kinesis,
    name: "SubscribeToShard",
    input: SubscribeToShardInput::SHAPE,
    output: Some(SubscribeToShardOutput::SHAPE),
    errors: &[
        ResourceNotFoundException,
        InvalidArgumentException,
        ResourceInUseException,
        LimitExceededException,
        AccessDeniedException,
        DryRunOperationException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};
