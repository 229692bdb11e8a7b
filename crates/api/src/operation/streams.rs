//! The operations of streams and of their settings.

use super::{CONTROL_BYTES_MAX, Operation, Service};
use crate::ErrorCode::*;
use crate::ops::*;

pub(super) static CREATE_STREAM: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static DECREASE_STREAM_RETENTION_PERIOD: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static DELETE_STREAM: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static DESCRIBE_STREAM: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static DESCRIBE_STREAM_SUMMARY: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static DISABLE_ENHANCED_MONITORING: Operation = Operation {
    service: Service::Kinesis,
    name: "DisableEnhancedMonitoring",
    input: DisableEnhancedMonitoringInput::SHAPE,
    output: Some(EnhancedMonitoringOutput::SHAPE),
    errors: &[
        InvalidArgumentException,
        LimitExceededException,
        ResourceInUseException,
        ResourceNotFoundException,
        AccessDeniedException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static ENABLE_ENHANCED_MONITORING: Operation = Operation {
    service: Service::Kinesis,
    name: "EnableEnhancedMonitoring",
    input: EnableEnhancedMonitoringInput::SHAPE,
    output: Some(EnhancedMonitoringOutput::SHAPE),
    errors: &[
        InvalidArgumentException,
        LimitExceededException,
        ResourceInUseException,
        ResourceNotFoundException,
        AccessDeniedException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static INCREASE_STREAM_RETENTION_PERIOD: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static LIST_STREAMS: Operation = Operation {
    service: Service::Kinesis,
    name: "ListStreams",
    input: ListStreamsInput::SHAPE,
    output: Some(ListStreamsOutput::SHAPE),
    errors: &[LimitExceededException, ExpiredNextTokenException, InvalidArgumentException],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static START_STREAM_ENCRYPTION: Operation = Operation {
    service: Service::Kinesis,
    name: "StartStreamEncryption",
    input: StartStreamEncryptionInput::SHAPE,
    output: None,
    errors: &[
        InvalidArgumentException,
        LimitExceededException,
        ResourceInUseException,
        ResourceNotFoundException,
        KMSDisabledException,
        KMSInvalidStateException,
        KMSAccessDeniedException,
        KMSNotFoundException,
        KMSOptInRequired,
        KMSThrottlingException,
        AccessDeniedException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static STOP_STREAM_ENCRYPTION: Operation = Operation {
    service: Service::Kinesis,
    name: "StopStreamEncryption",
    input: StopStreamEncryptionInput::SHAPE,
    output: None,
    errors: &[
        InvalidArgumentException,
        LimitExceededException,
        ResourceInUseException,
        ResourceNotFoundException,
        AccessDeniedException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static UNTAG_RESOURCE: Operation = Operation {
    service: Service::Kinesis,
    name: "UntagResource",
    input: UntagResourceInput::SHAPE,
    output: None,
    errors: &[
        ValidationException,
        ResourceNotFoundException,
        ResourceInUseException,
        InvalidArgumentException,
        LimitExceededException,
        AccessDeniedException,
        InternalFailureException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static UPDATE_MAX_RECORD_SIZE: Operation = Operation {
    service: Service::Kinesis,
    name: "UpdateMaxRecordSize",
    input: UpdateMaxRecordSizeInput::SHAPE,
    output: None,
    errors: &[
        ResourceInUseException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
        AccessDeniedException,
        ValidationException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};
