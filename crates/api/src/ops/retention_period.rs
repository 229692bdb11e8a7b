//! IncreaseStreamRetentionPeriod and DecreaseStreamRetentionPeriod.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{RETENTION_PERIOD_HOURS, STREAM_ARN, STREAM_ID, STREAM_NAME};

record! {
    /// What IncreaseStreamRetentionPeriod takes.
    pub struct IncreaseStreamRetentionPeriodInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// How long records are to be kept, in hours.
        retention_period_hours: i32 = "RetentionPeriodHours", required, RETENTION_PERIOD_HOURS;
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What DecreaseStreamRetentionPeriod takes.
    pub struct DecreaseStreamRetentionPeriodInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// How long records are to be kept, in hours.
        retention_period_hours: i32 = "RetentionPeriodHours", required, RETENTION_PERIOD_HOURS;
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}
