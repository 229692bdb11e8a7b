//! GetShardIterator.

use millstream_types::Millis;

use crate::record::{record, text_enum};
use crate::shape::Shape;
use crate::shapes::{
    SEQUENCE_NUMBER, SHARD_ID, SHARD_ITERATOR, STREAM_ARN, STREAM_ID, STREAM_NAME,
};

text_enum! {
    /// Where an iterator begins.
    pub enum ShardIteratorType {
        /// At a sequence number.
        AtSequenceNumber = "AT_SEQUENCE_NUMBER",
        /// After a sequence number.
        AfterSequenceNumber = "AFTER_SEQUENCE_NUMBER",
        /// At the oldest record kept.
        TrimHorizon = "TRIM_HORIZON",
        /// After the newest record.
        Latest = "LATEST",
        /// At the first record that arrived at or after a time.
        AtTimestamp = "AT_TIMESTAMP",
    }
}

record! {
    /// What GetShardIterator takes.
    pub struct GetShardIteratorInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// The shard.
        shard_id: String = "ShardId", required, Shape::Text(&SHARD_ID);
        /// Where to begin.
        shard_iterator_type: ShardIteratorType = "ShardIteratorType", required, ShardIteratorType::SHAPE;
        /// For `AT_SEQUENCE_NUMBER` and `AFTER_SEQUENCE_NUMBER`.
        starting_sequence_number: Option<String> = "StartingSequenceNumber", optional, Shape::Text(&SEQUENCE_NUMBER);
        /// For `AT_TIMESTAMP`.
        timestamp: Option<Millis> = "Timestamp", optional, Shape::Timestamp;
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
        /// Whether to check only.
        dry_run: Option<bool> = "DryRun", optional, Shape::Boolean;
    }
}

record! {
    /// What GetShardIterator returns.
    pub struct GetShardIteratorOutput {
        /// The iterator, good for five minutes.
        shard_iterator: Option<String> = "ShardIterator", optional, Shape::Text(&SHARD_ITERATOR);
    }
}
