//! The operations of a stream's consumers.

use super::{CONTROL_BYTES_MAX, Operation, Service};
use crate::ErrorCode::*;
use crate::ops::*;

pub(super) static DEREGISTER_STREAM_CONSUMER: Operation = Operation {
    service: Service::Kinesis,
    name: "DeregisterStreamConsumer",
    input: DeregisterStreamConsumerInput::SHAPE,
    output: None,
    errors: &[LimitExceededException, ResourceNotFoundException, InvalidArgumentException],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static DESCRIBE_STREAM_CONSUMER: Operation = Operation {
    service: Service::Kinesis,
    name: "DescribeStreamConsumer",
    input: DescribeStreamConsumerInput::SHAPE,
    output: Some(DescribeStreamConsumerOutput::SHAPE),
    errors: &[LimitExceededException, ResourceNotFoundException, InvalidArgumentException],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static LIST_STREAM_CONSUMERS: Operation = Operation {
    service: Service::Kinesis,
    name: "ListStreamConsumers",
    input: ListStreamConsumersInput::SHAPE,
    output: Some(ListStreamConsumersOutput::SHAPE),
    errors: &[
        ResourceNotFoundException,
        InvalidArgumentException,
        LimitExceededException,
        ExpiredNextTokenException,
        ResourceInUseException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static REGISTER_STREAM_CONSUMER: Operation = Operation {
    service: Service::Kinesis,
    name: "RegisterStreamConsumer",
    input: RegisterStreamConsumerInput::SHAPE,
    output: Some(RegisterStreamConsumerOutput::SHAPE),
    errors: &[
        InvalidArgumentException,
        LimitExceededException,
        ResourceInUseException,
        ResourceNotFoundException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};
