//! RestoreDeadLetterQueueRecords.

use millstream_api::Error;
use millstream_api::ops::{QueueRecordsOutcome, RestoreDeadLetterQueueRecordsInput};

use crate::caller::Caller;
use crate::queue::Change;
use crate::service::Streams;

impl Streams {
    /// Makes dead letters records again that were never received.
    pub async fn restore_dead_letter_queue_records(
        &self,
        caller: &Caller,
        input: RestoreDeadLetterQueueRecordsInput,
    ) -> Result<QueueRecordsOutcome, Error> {
        let action = "kinesis:RestoreDeadLetterQueueRecords";
        self.change_records(caller, &input.queue_arn, action, Change::Restore, input.entries).await
    }
}
