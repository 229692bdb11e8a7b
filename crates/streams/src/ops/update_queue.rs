//! UpdateQueue: the attributes change at once; the queue is UPDATING until the lifecycle has seen it.

use millstream_api::Error;
use millstream_api::ops::{UpdateQueueInput, UpdateQueueOutput};
use millstream_catalog::QueueCommand;

use super::create_queue::receives_max;
use crate::caller::Caller;
use crate::describe::queue_of;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Changes attributes; those that are absent stay.
    pub async fn update_queue(
        &self,
        caller: &Caller,
        input: UpdateQueueInput,
    ) -> Result<UpdateQueueOutput, Error> {
        let queue = self.queue_of(caller, &input.queue_arn).await?;
        caller.may_on_queue("kinesis:UpdateQueue", &queue.arn())?;
        self.admit_call(Call::UpdateQueue, caller, None)?;
        let attributes = input.queue_attributes;
        let dead_letters = attributes.dead_letter_configuration.as_ref();
        let command = QueueCommand::Update {
            group: queue.group.0,
            visibility_seconds: attributes.visibility_timeout_seconds.map(|s| s as u32),
            dead_letters: dead_letters.map(receives_max).transpose()?,
            at: self.now().0,
        }
        .into();
        let queue = self.change_queue(caller.account, &command).await?;
        Ok(UpdateQueueOutput { queue_description: queue_of(&queue) })
    }
}
