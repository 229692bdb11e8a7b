//! The operations of tags and of resource policies.

use super::{CONTROL_BYTES_MAX, Operation, Service};
use crate::ErrorCode::*;
use crate::ops::*;

pub(super) static ADD_TAGS_TO_STREAM: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static DELETE_RESOURCE_POLICY: Operation = Operation {
    service: Service::Kinesis,
    name: "DeleteResourcePolicy",
    input: DeleteResourcePolicyInput::SHAPE,
    output: None,
    errors: &[
        ValidationException,
        AccessDeniedException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
        ResourceInUseException,
        InternalFailureException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static GET_RESOURCE_POLICY: Operation = Operation {
    service: Service::Kinesis,
    name: "GetResourcePolicy",
    input: GetResourcePolicyInput::SHAPE,
    output: Some(GetResourcePolicyOutput::SHAPE),
    errors: &[
        ValidationException,
        AccessDeniedException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
        ResourceInUseException,
        InternalFailureException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static LIST_TAGS_FOR_RESOURCE: Operation = Operation {
    service: Service::Kinesis,
    name: "ListTagsForResource",
    input: ListTagsForResourceInput::SHAPE,
    output: Some(ListTagsForResourceOutput::SHAPE),
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

pub(super) static LIST_TAGS_FOR_STREAM: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static PUT_RESOURCE_POLICY: Operation = Operation {
    service: Service::Kinesis,
    name: "PutResourcePolicy",
    input: PutResourcePolicyInput::SHAPE,
    output: None,
    errors: &[
        ValidationException,
        AccessDeniedException,
        ResourceNotFoundException,
        LimitExceededException,
        InvalidArgumentException,
        ResourceInUseException,
        InternalFailureException,
    ],
    body_bytes_max: CONTROL_BYTES_MAX,
};

pub(super) static REMOVE_TAGS_FROM_STREAM: Operation = Operation {
    service: Service::Kinesis,
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
};

pub(super) static TAG_RESOURCE: Operation = Operation {
    service: Service::Kinesis,
    name: "TagResource",
    input: TagResourceInput::SHAPE,
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
