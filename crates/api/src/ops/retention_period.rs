//! IncreaseStreamRetentionPeriod and DecreaseStreamRetentionPeriod.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{
    RETENTION_PERIOD_HOURS, STREAM_ARN, STREAM_ID, STREAM_ID_REFUSED, STREAM_NAME,
};

record! {
    /// What IncreaseStreamRetentionPeriod takes.
    pub struct IncreaseStreamRetentionPeriodInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// How long records are to be kept, in hours.
        retention_period_hours: i32 = "RetentionPeriodHours", required, RETENTION_PERIOD_HOURS;
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service.
        stream_id: Option<String> = "StreamId", refused(STREAM_ID_REFUSED), Shape::Text(&STREAM_ID);
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
        /// Reserved by the service.
        stream_id: Option<String> = "StreamId", refused(STREAM_ID_REFUSED), Shape::Text(&STREAM_ID);
    }
}
