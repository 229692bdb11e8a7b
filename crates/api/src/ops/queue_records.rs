//! The operations on the records of a queue and of its dead letters.

use millstream_types::Millis;

use crate::record::record;
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::{ANY_TEXT, DATA, PARTITION_KEY, text};
use crate::{Blob, pattern};

record! {
    /// What ReceiveQueueRecords takes.
    pub struct ReceiveQueueRecordsInput {
        /// Its ARN.
        queue_arn: String = "QueueARN", required, Shape::Text(&QUEUE_ARN);
        /// How many records at most; 10 if absent.
        limit: Option<i32> = "Limit", optional, Shape::Integer(Range::of(1, 10));
        /// How long to wait for the first record, in seconds; 9 if absent.
        wait_time_seconds: Option<i32> = "WaitTimeSeconds", optional, Shape::Integer(Range::of(1, 20));
        /// How long a record is hidden once it is received, in seconds.
        visibility_timeout_seconds: Option<i32> = "VisibilityTimeoutSeconds", optional,
            Shape::Integer(Range::of(0, 43_200));
    }
}

record! {
    /// A record of a queue.
    pub struct QueueRecord<'a> {
        /// The handle of this receive.
        receipt_handle: String = "ReceiptHandle", required, Shape::Text(&RECEIPT_HANDLE);
        /// The record's id, the same in all queues.
        record_id: String = "RecordId", required, Shape::Text(&RECORD_ID);
        /// The key it was put with.
        partition_key: Option<String> = "PartitionKey", optional, Shape::Text(&PARTITION_KEY);
        /// What was put.
        data: Blob<'a> = "Data", required, DATA;
        /// When it arrived.
        approximate_arrival_timestamp: Millis = "ApproximateArrivalTimestamp", required, Shape::Timestamp;
        /// When it was first received.
        first_receive_timestamp: Millis = "FirstReceiveTimestamp", required, Shape::Timestamp;
        /// How often it was received.
        receive_count: i32 = "ReceiveCount", required, Shape::Integer(Range::from(0));
    }
}

record! {
    /// Records that were received.
    pub struct ReceivedQueueRecords<'a> {
        /// The records, in no order.
        queue_records: Vec<QueueRecord<'a>> = "QueueRecords", required, Shape::List(&QUEUE_RECORD_LIST);
    }
}

record! {
    /// What ReceiveDeadLetterQueueRecords takes.
    pub struct ReceiveDeadLetterQueueRecordsInput {
        /// Its ARN.
        queue_arn: String = "QueueARN", required, Shape::Text(&QUEUE_ARN);
        /// How many records at most; 10 if absent.
        limit: Option<i32> = "Limit", optional, Shape::Integer(Range::of(1, 10));
        /// How long to wait for the first record, in seconds; 9 if absent.
        wait_time_seconds: Option<i32> = "WaitTimeSeconds", optional, Shape::Integer(Range::of(1, 20));
        /// How long a record is hidden once it is received, in seconds.
        visibility_timeout_seconds: Option<i32> = "VisibilityTimeoutSeconds", optional,
            Shape::Integer(Range::of(0, 43_200));
    }
}

record! {
    /// A record by its handle.
    pub struct HandleEntry {
        /// The handle of this receive.
        receipt_handle: String = "ReceiptHandle", required, Shape::Text(&RECEIPT_HANDLE);
    }
}

record! {
    /// What AcknowledgeQueueRecords takes.
    pub struct AcknowledgeQueueRecordsInput {
        /// Its ARN.
        queue_arn: String = "QueueARN", required, Shape::Text(&QUEUE_ARN);
        /// The records, by the handles of their last receive.
        entries: Vec<HandleEntry> = "Entries", required, Shape::List(&HANDLE_ENTRY_LIST);
    }
}

record! {
    /// A record for which it was done.
    pub struct DoneEntry {
        /// The handle of this receive.
        receipt_handle: String = "ReceiptHandle", required, Shape::Text(&RECEIPT_HANDLE);
    }
}

record! {
    /// A record for which it was not done.
    pub struct FailedEntry {
        /// The handle of this receive.
        receipt_handle: String = "ReceiptHandle", required, Shape::Text(&RECEIPT_HANDLE);
        /// The code of the error.
        error_code: String = "ErrorCode", required, Shape::Text(&ANY_TEXT);
        /// Why it was not done.
        error_message: Option<String> = "ErrorMessage", optional, Shape::Text(&ANY_TEXT);
    }
}

record! {
    /// What became of each record.
    pub struct QueueRecordsOutcome {
        /// What was done.
        successful: Vec<DoneEntry> = "Successful", required, Shape::List(&DONE_ENTRY_LIST);
        /// What was not done, and why.
        failed: Vec<FailedEntry> = "Failed", required, Shape::List(&FAILED_ENTRY_LIST);
    }
}

record! {
    /// What AcknowledgeDeadLetterQueueRecords takes.
    pub struct AcknowledgeDeadLetterQueueRecordsInput {
        /// Its ARN.
        queue_arn: String = "QueueARN", required, Shape::Text(&QUEUE_ARN);
        /// The records, by the handles of their last receive.
        entries: Vec<HandleEntry> = "Entries", required, Shape::List(&HANDLE_ENTRY_LIST);
    }
}

record! {
    /// What RestoreDeadLetterQueueRecords takes.
    pub struct RestoreDeadLetterQueueRecordsInput {
        /// Its ARN.
        queue_arn: String = "QueueARN", required, Shape::Text(&QUEUE_ARN);
        /// The records, by the handles of their last receive.
        entries: Vec<HandleEntry> = "Entries", required, Shape::List(&HANDLE_ENTRY_LIST);
    }
}

record! {
    /// A record and how long it is to be hidden from now.
    pub struct VisibilityEntry {
        /// The handle of this receive.
        receipt_handle: String = "ReceiptHandle", required, Shape::Text(&RECEIPT_HANDLE);
        /// How long a record is hidden once it is received, in seconds.
        visibility_timeout_seconds: i32 = "VisibilityTimeoutSeconds", required,
            Shape::Integer(Range::of(0, 43_200));
    }
}

record! {
    /// What UpdateQueueRecordsVisibility takes.
    pub struct UpdateQueueRecordsVisibilityInput {
        /// Its ARN.
        queue_arn: String = "QueueARN", required, Shape::Text(&QUEUE_ARN);
        /// The records, by the handles of their last receive.
        entries: Vec<VisibilityEntry> = "Entries", required, Shape::List(&VISIBILITY_ENTRY_LIST);
    }
}

record! {
    /// What UpdateDeadLetterQueueRecordsVisibility takes.
    pub struct UpdateDeadLetterQueueRecordsVisibilityInput {
        /// Its ARN.
        queue_arn: String = "QueueARN", required, Shape::Text(&QUEUE_ARN);
        /// The records, by the handles of their last receive.
        entries: Vec<VisibilityEntry> = "Entries", required, Shape::List(&VISIBILITY_ENTRY_LIST);
    }
}

static QUEUE_ARN: Text = text(Range::of(1, 2048), Some(&pattern::QUEUE_ARN));
static RECEIPT_HANDLE: Text = text(Range::of(1, 1024), None);
static RECORD_ID: Text = text(Range::of(1, 64), Some(&pattern::RECORD_ID));
static QUEUE_RECORD_LIST: List =
    List { element: Shape::Structure(QueueRecord::SHAPE), length: Range::ANY };
static HANDLE_ENTRY_LIST: List =
    List { element: Shape::Structure(HandleEntry::SHAPE), length: Range::of(1, 10) };
static DONE_ENTRY_LIST: List =
    List { element: Shape::Structure(DoneEntry::SHAPE), length: Range::ANY };
static FAILED_ENTRY_LIST: List =
    List { element: Shape::Structure(FailedEntry::SHAPE), length: Range::ANY };
static VISIBILITY_ENTRY_LIST: List =
    List { element: Shape::Structure(VisibilityEntry::SHAPE), length: Range::of(1, 10) };
