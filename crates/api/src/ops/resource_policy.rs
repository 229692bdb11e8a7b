//! PutResourcePolicy, GetResourcePolicy and DeleteResourcePolicy.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{ANY_TEXT, RESOURCE_ARN, STREAM_ID};

record! {
    /// What PutResourcePolicy takes.
    pub struct PutResourcePolicyInput {
        /// The resource.
        resource_arn: String = "ResourceARN", required, Shape::Text(&RESOURCE_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
        /// The policy document, in JSON.
        policy: String = "Policy", required, Shape::Text(&ANY_TEXT);
    }
}

record! {
    /// What GetResourcePolicy takes.
    pub struct GetResourcePolicyInput {
        /// The resource.
        resource_arn: String = "ResourceARN", required, Shape::Text(&RESOURCE_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What GetResourcePolicy returns.
    pub struct GetResourcePolicyOutput {
        /// The policy document, in JSON.
        policy: String = "Policy", required, Shape::Text(&ANY_TEXT);
    }
}

record! {
    /// What DeleteResourcePolicy takes.
    pub struct DeleteResourcePolicyInput {
        /// The resource.
        resource_arn: String = "ResourceARN", required, Shape::Text(&RESOURCE_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}
