//! PutRecord.

use std::borrow::Cow;

use crate::Blob;
use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{
    DATA, EncryptionType, HASH_KEY, PARTITION_KEY, SEQUENCE_NUMBER, SHARD_ID, STREAM_ARN,
    STREAM_ID, STREAM_NAME,
};

record! {
    /// What PutRecord takes.
    pub struct PutRecordInput<'a> {
        /// The stream's name.
        stream_name: Option<Cow<'a, str>> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// The record.
        data: Blob<'a> = "Data", required, DATA;
        /// Its hash chooses the shard.
        partition_key: Option<Cow<'a, str>> = "PartitionKey", optional, Shape::Text(&PARTITION_KEY);
        /// Chooses the shard instead.
        explicit_hash_key: Option<Cow<'a, str>> = "ExplicitHashKey", optional, Shape::Text(&HASH_KEY);
        /// A number that the record's own will exceed.
        sequence_number_for_ordering: Option<Cow<'a, str>> = "SequenceNumberForOrdering", optional,
            Shape::Text(&SEQUENCE_NUMBER);
        /// The stream's ARN.
        stream_arn: Option<Cow<'a, str>> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<Cow<'a, str>> = "StreamId", optional, Shape::Text(&STREAM_ID);
        /// Whether to check only.
        dry_run: Option<bool> = "DryRun", optional, Shape::Boolean;
    }
}

record! {
    /// What PutRecord returns.
    pub struct PutRecordOutput {
        /// The record's shard.
        shard_id: String = "ShardId", required, Shape::Text(&SHARD_ID);
        /// The record's number.
        sequence_number: String = "SequenceNumber", required, Shape::Text(&SEQUENCE_NUMBER);
        /// How the record is encrypted.
        encryption_type: Option<EncryptionType> = "EncryptionType", optional, EncryptionType::SHAPE;
    }
}
