//! DeleteStream.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{STREAM_ARN, STREAM_ID, STREAM_NAME};

record! {
    /// What DeleteStream takes.
    pub struct DeleteStreamInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// Whether registered consumers are deleted with the stream.
        enforce_consumer_deletion: Option<bool> = "EnforceConsumerDeletion", optional, Shape::Boolean;
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}
