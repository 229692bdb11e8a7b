//! DeleteQueue: the queue is DELETING; the lifecycle deletes its state and then it is gone.

use millstream_api::Error;
use millstream_api::ops::DeleteQueueInput;
use millstream_catalog::QueueCommand;

use crate::caller::Caller;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Deletes a queue, whatever its status. The stream's records stay.
    pub async fn delete_queue(
        &self,
        caller: &Caller,
        input: DeleteQueueInput,
    ) -> Result<(), Error> {
        let queue = self.queue_of(caller, &input.queue_arn).await?;
        caller.may_on_queue("kinesis:DeleteQueue", &queue.arn())?;
        self.admit_call(Call::DeleteQueue, caller, None)?;
        let command = QueueCommand::Delete {
            group: queue.group.0,
            at: self.now().0,
            deleting_max: self.limits.changing_queues_max,
        }
        .into();
        self.change_queue(caller.account, &command).await?;
        Ok(())
    }
}
