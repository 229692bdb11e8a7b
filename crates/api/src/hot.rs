//! Replies of the data plane, kept compact: encoders write them without a string for each record.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use millstream_types::{Millis, SequenceDigits, ShardId};

use crate::ErrorCode;
use crate::ops::ChildShard;
use crate::shapes::EncryptionType;

/// What became of one record of a put.
#[derive(Clone, Debug, PartialEq)]
pub enum PutEntry {
    /// It was taken.
    Put {
        /// Its shard.
        shard: ShardId,
        /// Its number.
        sequence: SequenceDigits,
    },
    /// It was not taken.
    Failed {
        /// `ProvisionedThroughputExceededException` or `InternalFailure`.
        code: ErrorCode,
        /// Why.
        message: Cow<'static, str>,
    },
}

/// The reply of PutRecords. Encodes as `PutRecordsOutput`.
#[derive(Clone, Debug, PartialEq)]
pub struct PutRecordsReply {
    /// An entry for each record, in the order of the request.
    pub entries: Vec<PutEntry>,
    /// How the records are encrypted; left out if `None`.
    pub encryption: Option<EncryptionType>,
}

/// The reply of PutRecord. Encodes as `PutRecordOutput`.
#[derive(Clone, Debug, PartialEq)]
pub struct PutRecordReply {
    /// The record's shard.
    pub shard: ShardId,
    /// Its number.
    pub sequence: SequenceDigits,
    /// How it is encrypted; left out if `None`.
    pub encryption: Option<EncryptionType>,
}

/// Where a record lies in the blocks of a [`GetRecordsReply`].
#[derive(Clone, Debug, PartialEq)]
pub struct RecordAt {
    /// Index into `blocks`.
    pub block: u32,
    /// The data, within the block.
    pub data: Range<u32>,
    /// The partition key (UTF-8), within the block; `None` if it was put without one.
    pub partition_key: Option<Range<u32>>,
    /// Its number.
    pub sequence: SequenceDigits,
    /// When it arrived.
    pub arrival: Millis,
}

/// The reply of GetRecords. Encodes as `GetRecordsOutput`, from the blocks as they were read.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct GetRecordsReply {
    /// Blocks that the records lie in.
    pub blocks: Vec<Bytes>,
    /// The records, in order.
    pub records: Vec<RecordAt>,
    /// Where to read on; `None` at the end of a closed shard.
    pub next_shard_iterator: Option<String>,
    /// How far behind the tip the reply is, in milliseconds.
    pub millis_behind_latest: i64,
    /// The shards that follow, at the end of a closed shard.
    pub child_shards: Option<Vec<ChildShard>>,
    /// How the records are encrypted; left out if `None`.
    pub encryption: Option<EncryptionType>,
}
