//! Shapes that several operations share, with the model's constraints (botocore 1.44.5, kinesis 2013-12-02).

use std::collections::BTreeMap;

use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{List, Map, Range, Shape, Text};

pub(crate) const fn text(length: Range, pattern: Option<&'static crate::Pattern>) -> Text {
    Text { length, pattern, values: &[], sensitive: false }
}

/// As `text`, for what errors may not show.
pub(crate) const fn sensitive(length: Range, pattern: Option<&'static crate::Pattern>) -> Text {
    Text { length, pattern, values: &[], sensitive: true }
}

/// `StreamName`.
pub static STREAM_NAME: Text = text(Range::of(1, 128), Some(&pattern::NAME));
/// `StreamARN`.
pub static STREAM_ARN: Text = text(Range::of(1, 2048), Some(&pattern::STREAM_ARN));
/// `ResourceARN`.
pub static RESOURCE_ARN: Text = text(Range::of(1, 2048), Some(&pattern::RESOURCE_ARN));
/// `StreamId`: in the model, but reserved by AWS; never returned.
pub static STREAM_ID: Text = text(Range::of(1, 24), Some(&pattern::STREAM_ID));
/// `ShardId`.
pub static SHARD_ID: Text = text(Range::of(1, 128), Some(&pattern::NAME));
/// `HashKey`.
pub static HASH_KEY: Text = text(Range::ANY, Some(&pattern::HASH_KEY));
/// `SequenceNumber`.
pub static SEQUENCE_NUMBER: Text = text(Range::ANY, Some(&pattern::SEQUENCE_NUMBER));
/// `PartitionKey`.
pub static PARTITION_KEY: Text = text(Range::of(1, 256), None);
/// `ShardIterator`.
pub static SHARD_ITERATOR: Text = text(Range::of(1, 512), None);
/// `NextToken`.
pub static NEXT_TOKEN: Text = text(Range::of(1, 1_048_576), None);
/// `TagKey`.
pub static TAG_KEY: Text = text(Range::of(1, 128), None);
/// `TagValue`.
pub static TAG_VALUE: Text = text(Range::of(0, 256), None);
/// `KeyId`.
pub static KEY_ID: Text = text(Range::of(1, 2048), None);
/// Text without constraints.
pub static ANY_TEXT: Text = text(Range::ANY, None);

/// `Data`.
pub const DATA: Shape = Shape::Blob(Range::of(0, 10_485_760));
/// `PositiveIntegerObject`.
pub const POSITIVE_INTEGER: Shape = Shape::Integer(Range::from(1));
/// `NaturalIntegerObject`.
pub const NATURAL_INTEGER: Shape = Shape::Integer(Range::from(0));
/// `RetentionPeriodHours`.
pub const RETENTION_PERIOD_HOURS: Shape = Shape::Integer(Range::ANY);
/// `MaxRecordSizeInKiB`.
pub const MAX_RECORD_SIZE_IN_KIB: Shape = Shape::Integer(Range::of(1024, 10_240));
/// Limits of pages that go to 10,000: `DescribeStreamInputLimit` and others.
pub const PAGE_LIMIT: Shape = Shape::Integer(Range::of(1, 10_000));
/// `ShardCountObject` and other counts.
pub const COUNT: Shape = Shape::Integer(Range::of(0, 1_000_000));
/// `TagMap`.
pub static TAG_MAP: Map =
    Map { key: &TAG_KEY, value: Shape::Text(&TAG_VALUE), length: Range::of(1, 200) };
/// Tags by key.
pub type Tags = BTreeMap<String, String>;

text_enum! {
    /// `StreamStatus`.
    pub enum StreamStatus {
        /// Being made; records are not taken yet.
        Creating = "CREATING",
        /// Being deleted.
        Deleting = "DELETING",
        /// At work.
        Active = "ACTIVE",
        /// At work while a change is under way.
        Updating = "UPDATING",
    }
}

text_enum! {
    /// `StreamMode`.
    pub enum StreamMode {
        /// A number of shards that the user sets.
        Provisioned = "PROVISIONED",
        /// Shards follow the traffic.
        OnDemand = "ON_DEMAND",
    }
}

text_enum! {
    /// `EncryptionType`.
    pub enum EncryptionType {
        /// Not encrypted by the service.
        None = "NONE",
        /// Encrypted with a key of the key service.
        Kms = "KMS",
    }
}

text_enum! {
    /// `RecordDistributionStrategy`.
    pub enum RecordDistributionStrategy {
        /// The service chooses the shard.
        Auto = "AUTO",
        /// The partition key chooses the shard.
        UserPartitionKey = "USER_PARTITION_KEY",
    }
}

text_enum! {
    /// `MetricsName`.
    pub enum MetricsName {
        /// Bytes put.
        IncomingBytes = "IncomingBytes",
        /// Records put.
        IncomingRecords = "IncomingRecords",
        /// Bytes read.
        OutgoingBytes = "OutgoingBytes",
        /// Records read.
        OutgoingRecords = "OutgoingRecords",
        /// Records refused for throughput.
        WriteProvisionedThroughputExceeded = "WriteProvisionedThroughputExceeded",
        /// Reads refused for throughput.
        ReadProvisionedThroughputExceeded = "ReadProvisionedThroughputExceeded",
        /// Age of the last record read.
        IteratorAgeMilliseconds = "IteratorAgeMilliseconds",
        /// Each of the seven.
        All = "ALL",
    }
}

record! {
    /// The mode of a stream.
    pub struct StreamModeDetails {
        /// The mode.
        stream_mode: StreamMode = "StreamMode", required, StreamMode::SHAPE;
    }
}

record! {
    /// A range of hash keys, both ends included.
    pub struct HashKeyRange {
        /// The lowest key.
        starting_hash_key: String = "StartingHashKey", required, Shape::Text(&HASH_KEY);
        /// The highest key.
        ending_hash_key: String = "EndingHashKey", required, Shape::Text(&HASH_KEY);
    }
}

impl From<millstream_types::HashKeyRange> for HashKeyRange {
    fn from(range: millstream_types::HashKeyRange) -> Self {
        HashKeyRange {
            starting_hash_key: range.start.to_string(),
            ending_hash_key: range.end.to_string(),
        }
    }
}

record! {
    /// Where a shard starts and, once it is closed, ends.
    pub struct SequenceNumberRange {
        /// The start.
        starting_sequence_number: String = "StartingSequenceNumber", required, Shape::Text(&SEQUENCE_NUMBER);
        /// The end, absent while the shard is open.
        ending_sequence_number: Option<String> = "EndingSequenceNumber", optional, Shape::Text(&SEQUENCE_NUMBER);
    }
}

record! {
    /// A shard as it is described.
    pub struct Shard {
        /// Its id.
        shard_id: String = "ShardId", required, Shape::Text(&SHARD_ID);
        /// The shard it came from.
        parent_shard_id: Option<String> = "ParentShardId", optional, Shape::Text(&SHARD_ID);
        /// The other shard it came from, after a merge.
        adjacent_parent_shard_id: Option<String> = "AdjacentParentShardId", optional, Shape::Text(&SHARD_ID);
        /// Its hash keys.
        hash_key_range: HashKeyRange = "HashKeyRange", required, Shape::Structure(HashKeyRange::SHAPE);
        /// Its sequence numbers.
        sequence_number_range: SequenceNumberRange = "SequenceNumberRange", required,
            Shape::Structure(SequenceNumberRange::SHAPE);
    }
}

/// `ShardList`.
pub static SHARD_LIST: List = List { element: Shape::Structure(Shard::SHAPE), length: Range::ANY };

record! {
    /// The shard-level metrics that are switched on.
    pub struct EnhancedMetrics {
        /// Their names.
        shard_level_metrics: Option<Vec<MetricsName>> = "ShardLevelMetrics", optional, Shape::List(&METRICS_NAME_LIST);
    }
}

/// `MetricsNameList`.
pub static METRICS_NAME_LIST: List = List { element: MetricsName::SHAPE, length: Range::of(1, 7) };
/// `EnhancedMonitoringList`.
pub static ENHANCED_MONITORING_LIST: List =
    List { element: Shape::Structure(EnhancedMetrics::SHAPE), length: Range::ANY };
