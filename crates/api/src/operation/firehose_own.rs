//! The operations that Millstream adds to Firehose's.

use super::{CONTROL_BYTES_MAX, Operation, Service};
use crate::ErrorCode::*;
use crate::firehose::*;

/// The operations, in the order of their names.
pub(super) static OPERATIONS: &[&Operation] = &[&FLUSH_DELIVERY_STREAM, &GET_DELIVERY_LOGS];

static FLUSH_DELIVERY_STREAM: Operation = Operation {
    service: Service::FirehoseOwn,
    name: "FlushDeliveryStream",
    input: FlushDeliveryStreamInput::SHAPE,
    output: Some(FlushDeliveryStreamOutput::SHAPE),
    errors: &[
        InvalidArgumentException,
        ResourceInUseException,
        ResourceNotFoundException,
        ServiceUnavailableException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

static GET_DELIVERY_LOGS: Operation = Operation {
    service: Service::FirehoseOwn,
    name: "GetDeliveryLogs",
    input: GetDeliveryLogsInput::SHAPE,
    output: Some(GetDeliveryLogsOutput::SHAPE),
    errors: &[InvalidArgumentException, ResourceNotFoundException, ServiceUnavailableException],
    body_bytes_max: CONTROL_BYTES_MAX,
};
