//! DescribeStreamSummary.

use millstream_types::Millis;

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{
    COUNT, ENHANCED_MONITORING_LIST, EncryptionType, EnhancedMetrics, KEY_ID,
    MAX_RECORD_SIZE_IN_KIB, NATURAL_INTEGER, RETENTION_PERIOD_HOURS, RecordDistributionStrategy,
    STREAM_ARN, STREAM_ID, STREAM_NAME, StreamModeDetails, StreamStatus,
};

record! {
    /// What DescribeStreamSummary takes.
    pub struct DescribeStreamSummaryInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What DescribeStreamSummary returns.
    pub struct DescribeStreamSummaryOutput {
        /// The stream.
        stream_description_summary: StreamDescriptionSummary = "StreamDescriptionSummary", required,
            Shape::Structure(StreamDescriptionSummary::SHAPE);
    }
}

record! {
    /// Throughput that an on-demand stream is ready for.
    pub struct WarmThroughputObject {
        /// What was asked for, in MiB/s.
        target_mibps: Option<i32> = "TargetMiBps", optional, NATURAL_INTEGER;
        /// What is there, in MiB/s.
        current_mibps: Option<i32> = "CurrentMiBps", optional, NATURAL_INTEGER;
    }
}

record! {
    /// A stream without its shards.
    pub struct StreamDescriptionSummary {
        /// Its name.
        stream_name: String = "StreamName", required, Shape::Text(&STREAM_NAME);
        /// Its ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Never returned: clients would call AWS's own hosts with it.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
        /// Its status.
        stream_status: StreamStatus = "StreamStatus", required, StreamStatus::SHAPE;
        /// Its mode.
        stream_mode_details: Option<StreamModeDetails> = "StreamModeDetails", optional,
            Shape::Structure(StreamModeDetails::SHAPE);
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
        /// How many shards are open.
        open_shard_count: i32 = "OpenShardCount", required, COUNT;
        /// How many consumers are registered.
        consumer_count: Option<i32> = "ConsumerCount", optional, COUNT;
        /// Warm throughput of an on-demand stream.
        warm_throughput: Option<WarmThroughputObject> = "WarmThroughput", optional,
            Shape::Structure(WarmThroughputObject::SHAPE);
        /// The largest record, in KiB.
        max_record_size_in_kib: Option<i32> = "MaxRecordSizeInKiB", optional, MAX_RECORD_SIZE_IN_KIB;
        /// How many channels read it.
        channel_count: Option<i32> = "ChannelCount", optional, COUNT;
        /// Who chooses a record's shard.
        record_distribution_strategy: Option<RecordDistributionStrategy> = "RecordDistributionStrategy", optional,
            RecordDistributionStrategy::SHAPE;
        /// How many queues read it.
        queue_count: Option<i32> = "QueueCount", optional, COUNT;
    }
}
