//! GetRecords.

use std::borrow::Cow;

use millstream_types::Millis;

use crate::Blob;
use crate::record::record;
use crate::shape::{List, Range, Shape};
use crate::shapes::{
    DATA, EncryptionType, HashKeyRange, PAGE_LIMIT, PARTITION_KEY, SEQUENCE_NUMBER, SHARD_ID,
    SHARD_ITERATOR, STREAM_ARN, STREAM_ID,
};

record! {
    /// What GetRecords takes.
    pub struct GetRecordsInput {
        /// Where to read.
        shard_iterator: String = "ShardIterator", required, Shape::Text(&SHARD_ITERATOR);
        /// How many records at most; 10,000 if absent.
        limit: Option<i32> = "Limit", optional, PAGE_LIMIT;
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
        /// Whether to check only.
        dry_run: Option<bool> = "DryRun", optional, Shape::Boolean;
    }
}

record! {
    /// What GetRecords returns.
    pub struct GetRecordsOutput<'a> {
        /// The records, in order.
        records: Vec<Record<'a>> = "Records", required, Shape::List(&RECORD_LIST);
        /// Where to read on; absent at the end of a closed shard.
        next_shard_iterator: Option<String> = "NextShardIterator", optional, Shape::Text(&SHARD_ITERATOR);
        /// How far behind the tip the reply is, in milliseconds.
        millis_behind_latest: Option<i64> = "MillisBehindLatest", optional, Shape::Long(Range::from(0));
        /// The shards that follow, at the end of a closed shard.
        child_shards: Option<Vec<ChildShard>> = "ChildShards", optional, Shape::List(&CHILD_SHARD_LIST);
    }
}

record! {
    /// A record.
    pub struct Record<'a> {
        /// Its number.
        sequence_number: Cow<'a, str> = "SequenceNumber", required, Shape::Text(&SEQUENCE_NUMBER);
        /// When it arrived.
        approximate_arrival_timestamp: Option<Millis> = "ApproximateArrivalTimestamp", optional, Shape::Timestamp;
        /// What was put.
        data: Blob<'a> = "Data", required, DATA;
        /// The key it was put with.
        partition_key: Option<Cow<'a, str>> = "PartitionKey", optional, Shape::Text(&PARTITION_KEY);
        /// How it is encrypted.
        encryption_type: Option<EncryptionType> = "EncryptionType", optional, EncryptionType::SHAPE;
    }
}

record! {
    /// A shard that follows a closed one.
    pub struct ChildShard {
        /// Its id.
        shard_id: String = "ShardId", required, Shape::Text(&SHARD_ID);
        /// The shards it came from.
        parent_shards: Vec<String> = "ParentShards", required, Shape::List(&SHARD_ID_LIST);
        /// Its hash keys.
        hash_key_range: HashKeyRange = "HashKeyRange", required, Shape::Structure(HashKeyRange::SHAPE);
    }
}

static RECORD_LIST: List = List { element: Shape::Structure(Record::SHAPE), length: Range::ANY };
static CHILD_SHARD_LIST: List =
    List { element: Shape::Structure(ChildShard::SHAPE), length: Range::ANY };
static SHARD_ID_LIST: List = List { element: Shape::Text(&SHARD_ID), length: Range::ANY };
