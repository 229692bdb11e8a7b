//! PutRecords.

use std::borrow::Cow;

use crate::Blob;
use crate::record::record;
use crate::shape::{List, Range, Shape};
use crate::shapes::{
    ANY_TEXT, DATA, EncryptionType, HASH_KEY, PARTITION_KEY, SEQUENCE_NUMBER, SHARD_ID, STREAM_ARN,
    STREAM_ID, STREAM_NAME,
};

record! {
    /// What PutRecords takes.
    pub struct PutRecordsInput<'a> {
        /// The records.
        records: Vec<PutRecordsRequestEntry<'a>> = "Records", required, Shape::List(&REQUEST_ENTRY_LIST);
        /// The stream's name.
        stream_name: Option<Cow<'a, str>> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// The stream's ARN.
        stream_arn: Option<Cow<'a, str>> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<Cow<'a, str>> = "StreamId", optional, Shape::Text(&STREAM_ID);
        /// Whether to check only.
        dry_run: Option<bool> = "DryRun", optional, Shape::Boolean;
    }
}

record! {
    /// A record of a PutRecords.
    pub struct PutRecordsRequestEntry<'a> {
        /// The record.
        data: Blob<'a> = "Data", required, DATA;
        /// Chooses the shard instead of the key.
        explicit_hash_key: Option<Cow<'a, str>> = "ExplicitHashKey", optional, Shape::Text(&HASH_KEY);
        /// Its hash chooses the shard.
        partition_key: Option<Cow<'a, str>> = "PartitionKey", optional, Shape::Text(&PARTITION_KEY);
    }
}

record! {
    /// What PutRecords returns.
    pub struct PutRecordsOutput {
        /// How many records were not taken; sent when 0 too.
        failed_record_count: Option<i32> = "FailedRecordCount", optional, Shape::Integer(Range::from(1));
        /// An entry for each record, in the order of the request.
        records: Vec<PutRecordsResultEntry> = "Records", required, Shape::List(&RESULT_ENTRY_LIST);
        /// How the records are encrypted.
        encryption_type: Option<EncryptionType> = "EncryptionType", optional, EncryptionType::SHAPE;
    }
}

record! {
    /// What became of a record of a PutRecords.
    pub struct PutRecordsResultEntry {
        /// Its number, if it was taken.
        sequence_number: Option<String> = "SequenceNumber", optional, Shape::Text(&SEQUENCE_NUMBER);
        /// Its shard, if it was taken.
        shard_id: Option<String> = "ShardId", optional, Shape::Text(&SHARD_ID);
        /// `ProvisionedThroughputExceededException` or `InternalFailure`, if it was not.
        error_code: Option<String> = "ErrorCode", optional, Shape::Text(&ANY_TEXT);
        /// Why it was not taken.
        error_message: Option<String> = "ErrorMessage", optional, Shape::Text(&ANY_TEXT);
    }
}

static REQUEST_ENTRY_LIST: List =
    List { element: Shape::Structure(PutRecordsRequestEntry::SHAPE), length: Range::of(1, 500) };
static RESULT_ENTRY_LIST: List =
    List { element: Shape::Structure(PutRecordsResultEntry::SHAPE), length: Range::of(1, 500) };
