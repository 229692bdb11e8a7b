//! Firehose's operations.

use super::{CONTROL_BYTES_MAX, KIB, MIB, Operation, Service};
use crate::ErrorCode::*;
use crate::firehose::*;

/// A record of 1,024,000 bytes in base64, some of it escaped, and the framing.
const PUT_RECORD_BYTES_MAX: usize = 1_024_000 / 3 * 4 + 128 * KIB;
/// 4 MiB of data in base64, some of it escaped, and the framing of 500 records.
const PUT_RECORD_BATCH_BYTES_MAX: usize = 4 * MIB / 3 * 4 + 512 * KIB;

/// The operations, in the order of their names.
pub(super) static OPERATIONS: &[&Operation] = &[
    &CREATE_DELIVERY_STREAM,
    &DELETE_DELIVERY_STREAM,
    &DESCRIBE_DELIVERY_STREAM,
    &LIST_DELIVERY_STREAMS,
    &LIST_TAGS_FOR_DELIVERY_STREAM,
    &PUT_RECORD,
    &PUT_RECORD_BATCH,
    &START_DELIVERY_STREAM_ENCRYPTION,
    &STOP_DELIVERY_STREAM_ENCRYPTION,
    &TAG_DELIVERY_STREAM,
    &UNTAG_DELIVERY_STREAM,
    &UPDATE_DESTINATION,
];

static CREATE_DELIVERY_STREAM: Operation = Operation {
    service: Service::Firehose,
    name: "CreateDeliveryStream",
    input: CreateDeliveryStreamInput::SHAPE,
    output: Some(CreateDeliveryStreamOutput::SHAPE),
    errors: &[
        InvalidArgumentException,
        LimitExceededException,
        ResourceInUseException,
        InvalidKMSResourceException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

static DELETE_DELIVERY_STREAM: Operation = Operation {
    service: Service::Firehose,
    name: "DeleteDeliveryStream",
    input: DeleteDeliveryStreamInput::SHAPE,
    output: Some(DeleteDeliveryStreamOutput::SHAPE),
    errors: &[ResourceInUseException, ResourceNotFoundException],
    body_bytes_max: CONTROL_BYTES_MAX,
};

static DESCRIBE_DELIVERY_STREAM: Operation = Operation {
    service: Service::Firehose,
    name: "DescribeDeliveryStream",
    input: DescribeDeliveryStreamInput::SHAPE,
    output: Some(DescribeDeliveryStreamOutput::SHAPE),
    errors: &[ResourceNotFoundException],
    body_bytes_max: CONTROL_BYTES_MAX,
};

static LIST_DELIVERY_STREAMS: Operation = Operation {
    service: Service::Firehose,
    name: "ListDeliveryStreams",
    input: ListDeliveryStreamsInput::SHAPE,
    output: Some(ListDeliveryStreamsOutput::SHAPE),
    errors: &[],
    body_bytes_max: CONTROL_BYTES_MAX,
};

static LIST_TAGS_FOR_DELIVERY_STREAM: Operation = Operation {
    service: Service::Firehose,
    name: "ListTagsForDeliveryStream",
    input: ListTagsForDeliveryStreamInput::SHAPE,
    output: Some(ListTagsForDeliveryStreamOutput::SHAPE),
    errors: &[ResourceNotFoundException, InvalidArgumentException, LimitExceededException],
    body_bytes_max: CONTROL_BYTES_MAX,
};

static PUT_RECORD: Operation = Operation {
    service: Service::Firehose,
    name: "PutRecord",
    input: PutRecordInput::SHAPE,
    output: Some(PutRecordOutput::SHAPE),
    errors: &[
        ResourceNotFoundException,
        InvalidArgumentException,
        InvalidKMSResourceException,
        InvalidSourceException,
        ServiceUnavailableException,
    ],
    body_bytes_max: PUT_RECORD_BYTES_MAX,
};

static PUT_RECORD_BATCH: Operation = Operation {
    service: Service::Firehose,
    name: "PutRecordBatch",
    input: PutRecordBatchInput::SHAPE,
    output: Some(PutRecordBatchOutput::SHAPE),
    errors: &[
        ResourceNotFoundException,
        InvalidArgumentException,
        InvalidKMSResourceException,
        InvalidSourceException,
        ServiceUnavailableException,
    ],
    body_bytes_max: PUT_RECORD_BATCH_BYTES_MAX,
};

static START_DELIVERY_STREAM_ENCRYPTION: Operation = Operation {
    service: Service::Firehose,
    name: "StartDeliveryStreamEncryption",
    input: StartDeliveryStreamEncryptionInput::SHAPE,
    output: Some(StartDeliveryStreamEncryptionOutput::SHAPE),
    errors: &[
        ResourceNotFoundException,
        ResourceInUseException,
        InvalidArgumentException,
        LimitExceededException,
        InvalidKMSResourceException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

static STOP_DELIVERY_STREAM_ENCRYPTION: Operation = Operation {
    service: Service::Firehose,
    name: "StopDeliveryStreamEncryption",
    input: StopDeliveryStreamEncryptionInput::SHAPE,
    output: Some(StopDeliveryStreamEncryptionOutput::SHAPE),
    errors: &[
        ResourceNotFoundException,
        ResourceInUseException,
        InvalidArgumentException,
        LimitExceededException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

static TAG_DELIVERY_STREAM: Operation = Operation {
    service: Service::Firehose,
    name: "TagDeliveryStream",
    input: TagDeliveryStreamInput::SHAPE,
    output: Some(TagDeliveryStreamOutput::SHAPE),
    errors: &[
        ResourceNotFoundException,
        ResourceInUseException,
        InvalidArgumentException,
        LimitExceededException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

static UNTAG_DELIVERY_STREAM: Operation = Operation {
    service: Service::Firehose,
    name: "UntagDeliveryStream",
    input: UntagDeliveryStreamInput::SHAPE,
    output: Some(UntagDeliveryStreamOutput::SHAPE),
    errors: &[
        ResourceNotFoundException,
        ResourceInUseException,
        InvalidArgumentException,
        LimitExceededException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

static UPDATE_DESTINATION: Operation = Operation {
    service: Service::Firehose,
    name: "UpdateDestination",
    input: UpdateDestinationInput::SHAPE,
    output: Some(UpdateDestinationOutput::SHAPE),
    errors: &[
        InvalidArgumentException,
        ResourceInUseException,
        ResourceNotFoundException,
        ConcurrentModificationException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};
