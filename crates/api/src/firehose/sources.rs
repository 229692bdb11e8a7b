//! Where a delivery stream takes its records from.

use millstream_types::Millis;

use super::refused::{DatabaseSourceDescription, MSKSourceDescription};
use super::texts::ROLE_ARN;
use crate::pattern;
use crate::record::record;
use crate::shape::{Range, Shape, Text};
use crate::shapes::text;

record! {
    /// Records that producers put, as it is set up.
    pub struct DirectPutSourceConfiguration {
        /// The throughput expected, in MiB/s: recorded, means nothing here.
        throughput_hint_in_mbs: i32 = "ThroughputHintInMBs", required,
            Shape::Integer(Range::of(1, 100));
    }
}

record! {
    /// Records that producers put, as it is described.
    pub struct DirectPutSourceDescription {
        /// The throughput expected, in MiB/s: recorded, means nothing here.
        throughput_hint_in_mbs: Option<i32> = "ThroughputHintInMBs", optional,
            Shape::Integer(Range::of(1, 100));
    }
}

record! {
    /// A Kinesis stream as source, as it is set up.
    pub struct KinesisStreamSourceConfiguration {
        /// The stream.
        kinesis_stream_arn: String = "KinesisStreamARN", required, Shape::Text(&KINESIS_STREAM_ARN);
        /// The role that reads: recorded, not evaluated.
        role_arn: String = "RoleARN", required, Shape::Text(&ROLE_ARN);
    }
}

record! {
    /// A Kinesis stream as source, as it is described.
    pub struct KinesisStreamSourceDescription {
        /// The stream.
        kinesis_stream_arn: Option<String> = "KinesisStreamARN", optional,
            Shape::Text(&KINESIS_STREAM_ARN);
        /// The role that reads: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional, Shape::Text(&ROLE_ARN);
        /// From when on records are delivered.
        delivery_start_timestamp: Option<Millis> = "DeliveryStartTimestamp", optional,
            Shape::Timestamp;
    }
}

record! {
    /// A source: one of the descriptions is there.
    pub struct SourceDescription {
        /// What producers are expected to put.
        direct_put_source_description: Option<DirectPutSourceDescription> =
            "DirectPutSourceDescription", optional,
            Shape::Structure(DirectPutSourceDescription::SHAPE);
        /// The Kinesis stream that is read.
        kinesis_stream_source_description: Option<KinesisStreamSourceDescription> =
            "KinesisStreamSourceDescription", optional,
            Shape::Structure(KinesisStreamSourceDescription::SHAPE);
        /// A Kafka topic: never there.
        msk_source_description: Option<MSKSourceDescription> = "MSKSourceDescription", optional,
            Shape::Structure(MSKSourceDescription::SHAPE);
        /// A database: never there.
        database_source_description: Option<DatabaseSourceDescription> =
            "DatabaseSourceDescription", optional,
            Shape::Structure(DatabaseSourceDescription::SHAPE);
    }
}

static KINESIS_STREAM_ARN: Text = text(Range::of(1, 512), Some(&pattern::KINESIS_STREAM_ARN));
