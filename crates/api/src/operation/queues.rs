//! The operations of queues and of their records.

use super::{CONTROL_BYTES_MAX, Operation, Service};
use crate::ErrorCode;
use crate::ErrorCode::*;
use crate::ops::*;

/// Of the operations on records that were received.
const ENTRIES_ERRORS: &[ErrorCode] = &[
    AccessDeniedException,
    InternalFailureException,
    InvalidArgumentException,
    ResourceNotFoundException,
    ThrottlingException,
];
/// Of the operations that receive records.
const RECEIVE_ERRORS: &[ErrorCode] = &[
    AccessDeniedException,
    InternalFailureException,
    InvalidArgumentException,
    ResourceNotFoundException,
    KMSAccessDeniedException,
    KMSDisabledException,
    KMSInvalidStateException,
    KMSNotFoundException,
    KMSOptInRequired,
    KMSThrottlingException,
    ThrottlingException,
];

pub(super) static ACKNOWLEDGE_DEAD_LETTER_QUEUE_RECORDS: Operation = Operation {
    service: Service::Kinesis,
    name: "AcknowledgeDeadLetterQueueRecords",
    input: AcknowledgeDeadLetterQueueRecordsInput::SHAPE,
    output: Some(QueueRecordsOutcome::SHAPE),
    errors: ENTRIES_ERRORS,
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static ACKNOWLEDGE_QUEUE_RECORDS: Operation = Operation {
    service: Service::Kinesis,
    name: "AcknowledgeQueueRecords",
    input: AcknowledgeQueueRecordsInput::SHAPE,
    output: Some(QueueRecordsOutcome::SHAPE),
    errors: ENTRIES_ERRORS,
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static CREATE_QUEUE: Operation = Operation {
    service: Service::Kinesis,
    name: "CreateQueue",
    input: CreateQueueInput::SHAPE,
    output: Some(CreateQueueOutput::SHAPE),
    errors: &[
        ValidationException,
        ResourceInUseException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
        AccessDeniedException,
        InternalFailureException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static DELETE_QUEUE: Operation = Operation {
    service: Service::Kinesis,
    name: "DeleteQueue",
    input: DeleteQueueInput::SHAPE,
    output: None,
    errors: &[
        ValidationException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
        AccessDeniedException,
        InternalFailureException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static DESCRIBE_QUEUE: Operation = Operation {
    service: Service::Kinesis,
    name: "DescribeQueue",
    input: DescribeQueueInput::SHAPE,
    output: Some(DescribeQueueOutput::SHAPE),
    errors: &[
        ValidationException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
        AccessDeniedException,
        InternalFailureException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static LIST_QUEUES: Operation = Operation {
    service: Service::Kinesis,
    name: "ListQueues",
    input: ListQueuesInput::SHAPE,
    output: Some(ListQueuesOutput::SHAPE),
    errors: &[
        ValidationException,
        ExpiredNextTokenException,
        LimitExceededException,
        InvalidArgumentException,
        AccessDeniedException,
        InternalFailureException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static RECEIVE_DEAD_LETTER_QUEUE_RECORDS: Operation = Operation {
    service: Service::Kinesis,
    name: "ReceiveDeadLetterQueueRecords",
    input: ReceiveDeadLetterQueueRecordsInput::SHAPE,
    output: Some(ReceivedQueueRecords::SHAPE),
    errors: RECEIVE_ERRORS,
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static RECEIVE_QUEUE_RECORDS: Operation = Operation {
    service: Service::Kinesis,
    name: "ReceiveQueueRecords",
    input: ReceiveQueueRecordsInput::SHAPE,
    output: Some(ReceivedQueueRecords::SHAPE),
    errors: RECEIVE_ERRORS,
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static RESTORE_DEAD_LETTER_QUEUE_RECORDS: Operation = Operation {
    service: Service::Kinesis,
    name: "RestoreDeadLetterQueueRecords",
    input: RestoreDeadLetterQueueRecordsInput::SHAPE,
    output: Some(QueueRecordsOutcome::SHAPE),
    errors: ENTRIES_ERRORS,
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static UPDATE_DEAD_LETTER_QUEUE_RECORDS_VISIBILITY: Operation = Operation {
    service: Service::Kinesis,
    name: "UpdateDeadLetterQueueRecordsVisibility",
    input: UpdateDeadLetterQueueRecordsVisibilityInput::SHAPE,
    output: Some(QueueRecordsOutcome::SHAPE),
    errors: ENTRIES_ERRORS,
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static UPDATE_QUEUE: Operation = Operation {
    service: Service::Kinesis,
    name: "UpdateQueue",
    input: UpdateQueueInput::SHAPE,
    output: Some(UpdateQueueOutput::SHAPE),
    errors: &[
        ValidationException,
        ResourceInUseException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
        AccessDeniedException,
        InternalFailureException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static UPDATE_QUEUE_RECORDS_VISIBILITY: Operation = Operation {
    service: Service::Kinesis,
    name: "UpdateQueueRecordsVisibility",
    input: UpdateQueueRecordsVisibilityInput::SHAPE,
    output: Some(QueueRecordsOutcome::SHAPE),
    errors: ENTRIES_ERRORS,
    body_bytes_max: CONTROL_BYTES_MAX,
};
