//! UpdateStreamWarmThroughput.

use crate::ops::WarmThroughputObject;
use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{NATURAL_INTEGER, STREAM_ARN, STREAM_ID, STREAM_NAME};

record! {
    /// What UpdateStreamWarmThroughput takes.
    pub struct UpdateStreamWarmThroughputInput {
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
        /// The throughput that the stream is to be ready for, in MiB/s.
        warm_throughput_mibps: i32 = "WarmThroughputMiBps", required, NATURAL_INTEGER;
    }
}

record! {
    /// What UpdateStreamWarmThroughput returns.
    pub struct UpdateStreamWarmThroughputOutput {
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// The throughput that the stream is ready for.
        warm_throughput: Option<WarmThroughputObject> = "WarmThroughput", optional,
            Shape::Structure(WarmThroughputObject::SHAPE);
    }
}
