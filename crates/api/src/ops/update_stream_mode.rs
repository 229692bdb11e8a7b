//! UpdateStreamMode.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{NATURAL_INTEGER, STREAM_ARN, STREAM_ID, StreamModeDetails};

record! {
    /// What UpdateStreamMode takes.
    pub struct UpdateStreamModeInput {
        /// The stream's ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
        /// The mode.
        stream_mode_details: StreamModeDetails = "StreamModeDetails", required,
            Shape::Structure(StreamModeDetails::SHAPE);
        /// The throughput that the stream is to be ready for, in MiB/s.
        warm_throughput_mibps: Option<i32> = "WarmThroughputMiBps", optional, NATURAL_INTEGER;
    }
}
