//! UpdateMaxRecordSize.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{MAX_RECORD_SIZE_IN_KIB, STREAM_ARN, STREAM_ID};

record! {
    /// What UpdateMaxRecordSize takes.
    pub struct UpdateMaxRecordSizeInput {
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
        /// The largest record, key and data together, in KiB.
        max_record_size_in_kib: i32 = "MaxRecordSizeInKiB", required, MAX_RECORD_SIZE_IN_KIB;
    }
}
