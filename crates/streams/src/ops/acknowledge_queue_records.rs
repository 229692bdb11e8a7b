//! AcknowledgeQueueRecords and AcknowledgeDeadLetterQueueRecords.

use millstream_api::Error;
use millstream_api::ops::{
    AcknowledgeDeadLetterQueueRecordsInput, AcknowledgeQueueRecordsInput, QueueRecordsOutcome,
};

use crate::caller::Caller;
use crate::queue::Change;
use crate::service::Streams;

impl Streams {
    /// Ends records for this queue.
    pub async fn acknowledge_queue_records(
        &self,
        caller: &Caller,
        input: AcknowledgeQueueRecordsInput,
    ) -> Result<QueueRecordsOutcome, Error> {
        let action = "kinesis:AcknowledgeQueueRecords";
        let change = Change::Acknowledge { dead: false };
        self.change_records(caller, &input.queue_arn, action, change, input.entries).await
    }

    /// Ends dead letters.
    pub async fn acknowledge_dead_letter_queue_records(
        &self,
        caller: &Caller,
        input: AcknowledgeDeadLetterQueueRecordsInput,
    ) -> Result<QueueRecordsOutcome, Error> {
        let action = "kinesis:AcknowledgeDeadLetterQueueRecords";
        let change = Change::Acknowledge { dead: true };
        self.change_records(caller, &input.queue_arn, action, change, input.entries).await
    }
}
