//! ReceiveQueueRecords and ReceiveDeadLetterQueueRecords.

use millstream_api::Error;
use millstream_api::ops::{ReceiveDeadLetterQueueRecordsInput, ReceiveQueueRecordsInput};

use crate::caller::Caller;
use crate::queue::{HeldQueueRecords, Wanted};
use crate::service::Streams;

impl Streams {
    /// Receives records that are visible, and waits for the first if there are none.
    pub async fn receive_queue_records(
        &self,
        caller: &Caller,
        input: ReceiveQueueRecordsInput,
    ) -> Result<HeldQueueRecords, Error> {
        let wanted = Wanted {
            dead: false,
            limit: input.limit,
            wait_seconds: input.wait_time_seconds,
            visibility_seconds: input.visibility_timeout_seconds,
        };
        self.receive(caller, &input.queue_arn, "kinesis:ReceiveQueueRecords", wanted).await
    }

    /// Receives dead letters that are visible, and waits for the first if there are none.
    pub async fn receive_dead_letter_queue_records(
        &self,
        caller: &Caller,
        input: ReceiveDeadLetterQueueRecordsInput,
    ) -> Result<HeldQueueRecords, Error> {
        let wanted = Wanted {
            dead: true,
            limit: input.limit,
            wait_seconds: input.wait_time_seconds,
            visibility_seconds: input.visibility_timeout_seconds,
        };
        self.receive(caller, &input.queue_arn, "kinesis:ReceiveDeadLetterQueueRecords", wanted)
            .await
    }
}
