//! DescribeStream.

use millstream_types::Millis;

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{
    ENHANCED_MONITORING_LIST, EncryptionType, EnhancedMetrics, KEY_ID, PAGE_LIMIT,
    RETENTION_PERIOD_HOURS, SHARD_ID, SHARD_LIST, STREAM_ARN, STREAM_ID, STREAM_NAME, Shard,
    StreamModeDetails, StreamStatus,
};

record! {
    /// What DescribeStream takes.
    pub struct DescribeStreamInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// How many shards; 100 if absent or more.
        limit: Option<i32> = "Limit", optional, PAGE_LIMIT;
        /// Shards after this one.
        exclusive_start_shard_id: Option<String> = "ExclusiveStartShardId", optional, Shape::Text(&SHARD_ID);
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What DescribeStream returns.
    pub struct DescribeStreamOutput {
        /// The stream.
        stream_description: StreamDescription = "StreamDescription", required,
            Shape::Structure(StreamDescription::SHAPE);
    }
}

record! {
    /// A stream with a page of its shards.
    pub struct StreamDescription {
        /// Its name.
        stream_name: String = "StreamName", required, Shape::Text(&STREAM_NAME);
        /// Its ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Its status.
        stream_status: StreamStatus = "StreamStatus", required, StreamStatus::SHAPE;
        /// Its mode.
        stream_mode_details: Option<StreamModeDetails> = "StreamModeDetails", optional,
            Shape::Structure(StreamModeDetails::SHAPE);
        /// A page of its shards.
        shards: Vec<Shard> = "Shards", required, Shape::List(&SHARD_LIST);
        /// Whether there are more.
        has_more_shards: bool = "HasMoreShards", required, Shape::Boolean;
        /// How long records are kept, in hours.
        retention_period_hours: i32 = "RetentionPeriodHours", required, RETENTION_PERIOD_HOURS;
        /// When it was created, in whole seconds.
        stream_creation_timestamp: Millis = "StreamCreationTimestamp", required, Shape::Timestamp;
        /// The shard-level metrics.
        enhanced_monitoring: Vec<EnhancedMetrics> = "EnhancedMonitoring", required,
            Shape::List(&ENHANCED_MONITORING_LIST);
        /// Its encryption.
        encryption_type: Option<EncryptionType> = "EncryptionType", optional, EncryptionType::SHAPE;
        /// Its master key.
        key_id: Option<String> = "KeyId", optional, Shape::Text(&KEY_ID);
    }
}
