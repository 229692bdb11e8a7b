//! CreateStream.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{
    MAX_RECORD_SIZE_IN_KIB, NATURAL_INTEGER, POSITIVE_INTEGER, RecordDistributionStrategy,
    STREAM_NAME, StreamModeDetails, TAG_MAP, Tags,
};

record! {
    /// What CreateStream takes.
    pub struct CreateStreamInput {
        /// The name, unique in the account and region.
        stream_name: String = "StreamName", required, Shape::Text(&STREAM_NAME);
        /// How many shards, for provisioned streams.
        shard_count: Option<i32> = "ShardCount", optional, POSITIVE_INTEGER;
        /// The mode; provisioned if absent.
        stream_mode_details: Option<StreamModeDetails> = "StreamModeDetails", optional,
            Shape::Structure(StreamModeDetails::SHAPE);
        /// Tags to begin with.
        tags: Option<Tags> = "Tags", optional, Shape::Map(&TAG_MAP);
        /// Warm throughput of on-demand streams, in MiB/s.
        warm_throughput_mibps: Option<i32> = "WarmThroughputMiBps", optional, NATURAL_INTEGER;
        /// The largest record, in KiB; 1024 if absent.
        max_record_size_in_kib: Option<i32> = "MaxRecordSizeInKiB", optional, MAX_RECORD_SIZE_IN_KIB;
        /// Who chooses a record's shard; the partition key if absent.
        record_distribution_strategy: Option<RecordDistributionStrategy> = "RecordDistributionStrategy", optional,
            RecordDistributionStrategy::SHAPE;
    }
}
