//! PutRecord and PutRecordBatch.

use std::borrow::Cow;

use super::texts::DELIVERY_STREAM_NAME;
use crate::Blob;
use crate::record::record;
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::{ANY_TEXT, text};

record! {
    /// What PutRecord takes.
    pub struct PutRecordInput<'a> {
        /// The name of the delivery stream.
        delivery_stream_name: Cow<'a, str> = "DeliveryStreamName", required,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// The record.
        record: Record<'a> = "Record", required, Shape::Structure(Record::SHAPE);
    }
}

record! {
    /// What PutRecord returns.
    pub struct PutRecordOutput {
        /// The id that it was given.
        record_id: String = "RecordId", required, Shape::Text(&PUT_RESPONSE_RECORD_ID);
        /// Whether it was encrypted.
        encrypted: Option<bool> = "Encrypted", optional, Shape::Boolean;
    }
}

record! {
    /// What PutRecordBatch takes.
    pub struct PutRecordBatchInput<'a> {
        /// The name of the delivery stream.
        delivery_stream_name: Cow<'a, str> = "DeliveryStreamName", required,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// The records.
        records: Vec<Record<'a>> = "Records", required,
            Shape::List(&PUT_RECORD_BATCH_REQUEST_ENTRY_LIST);
    }
}

record! {
    /// A record.
    pub struct Record<'a> {
        /// The record.
        data: Blob<'a> = "Data", required, DATA;
    }
}

record! {
    /// What PutRecordBatch returns.
    pub struct PutRecordBatchOutput {
        /// How many records were not taken.
        failed_put_count: i32 = "FailedPutCount", required, Shape::Integer(Range::from(0));
        /// Whether they were encrypted.
        encrypted: Option<bool> = "Encrypted", optional, Shape::Boolean;
        /// An entry for each record, in the order of the request.
        request_responses: Vec<PutRecordBatchResponseEntry> = "RequestResponses", required,
            Shape::List(&PUT_RECORD_BATCH_RESPONSE_ENTRY_LIST);
    }
}

record! {
    /// What became of a record of a PutRecordBatch.
    pub struct PutRecordBatchResponseEntry {
        /// Its id, if it was taken.
        record_id: Option<String> = "RecordId", optional, Shape::Text(&PUT_RESPONSE_RECORD_ID);
        /// `ServiceUnavailableException` or `InternalFailure`, if it was not.
        error_code: Option<String> = "ErrorCode", optional, Shape::Text(&ANY_TEXT);
        /// Why it was not taken.
        error_message: Option<String> = "ErrorMessage", optional, Shape::Text(&ANY_TEXT);
    }
}

/// `Data`.
pub const DATA: Shape = Shape::Blob(Range::of(0, 1_024_000));
static PUT_RESPONSE_RECORD_ID: Text = text(Range::from(1), None);
static PUT_RECORD_BATCH_REQUEST_ENTRY_LIST: List =
    List { element: Shape::Structure(Record::SHAPE), length: Range::of(1, 500) };
static PUT_RECORD_BATCH_RESPONSE_ENTRY_LIST: List = List {
    element: Shape::Structure(PutRecordBatchResponseEntry::SHAPE),
    length: Range::of(1, 500),
};
