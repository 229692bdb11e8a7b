//! The operations of channels.

use super::{CONTROL_BYTES_MAX, Operation, Service};
use crate::ErrorCode::*;
use crate::ops::*;

pub(super) static CREATE_CHANNEL: Operation = Operation {
    service: Service::Kinesis,
    name: "CreateChannel",
    input: CreateChannelInput::SHAPE,
    output: Some(CreateChannelOutput::SHAPE),
    errors: &[
        ValidationException,
        ResourceInUseException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
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

pub(super) static DELETE_CHANNEL: Operation = Operation {
    service: Service::Kinesis,
    name: "DeleteChannel",
    input: DeleteChannelInput::SHAPE,
    output: None,
    errors: &[
        ValidationException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
        AccessDeniedException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static DESCRIBE_CHANNEL: Operation = Operation {
    service: Service::Kinesis,
    name: "DescribeChannel",
    input: DescribeChannelInput::SHAPE,
    output: Some(DescribeChannelOutput::SHAPE),
    errors: &[
        ValidationException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
        AccessDeniedException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static LIST_CHANNELS: Operation = Operation {
    service: Service::Kinesis,
    name: "ListChannels",
    input: ListChannelsInput::SHAPE,
    output: Some(ListChannelsOutput::SHAPE),
    errors: &[
        ValidationException,
        ExpiredNextTokenException,
        LimitExceededException,
        InvalidArgumentException,
        AccessDeniedException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static UPDATE_CHANNEL: Operation = Operation {
    service: Service::Kinesis,
    name: "UpdateChannel",
    input: UpdateChannelInput::SHAPE,
    output: Some(UpdateChannelOutput::SHAPE),
    errors: &[
        ValidationException,
        ResourceInUseException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
        AccessDeniedException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};
