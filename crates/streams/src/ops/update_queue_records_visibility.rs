//! UpdateQueueRecordsVisibility and UpdateDeadLetterQueueRecordsVisibility.

use millstream_api::Error;
use millstream_api::ops::{
    QueueRecordsOutcome, UpdateDeadLetterQueueRecordsVisibilityInput,
    UpdateQueueRecordsVisibilityInput,
};

use crate::caller::Caller;
use crate::queue::Change;
use crate::service::Streams;

impl Streams {
    /// Hides records in flight for a time from now; 0 makes them visible.
    pub async fn update_queue_records_visibility(
        &self,
        caller: &Caller,
        input: UpdateQueueRecordsVisibilityInput,
    ) -> Result<QueueRecordsOutcome, Error> {
        let action = "kinesis:UpdateQueueRecordsVisibility";
        let change = Change::Hide { dead: false };
        self.change_records(caller, &input.queue_arn, action, change, input.entries).await
    }

    /// Hides dead letters in flight for a time from now; 0 makes them visible.
    pub async fn update_dead_letter_queue_records_visibility(
        &self,
        caller: &Caller,
        input: UpdateDeadLetterQueueRecordsVisibilityInput,
    ) -> Result<QueueRecordsOutcome, Error> {
        let action = "kinesis:UpdateDeadLetterQueueRecordsVisibility";
        let change = Change::Hide { dead: true };
        self.change_records(caller, &input.queue_arn, action, change, input.entries).await
    }
}
