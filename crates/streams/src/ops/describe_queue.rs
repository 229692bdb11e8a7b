//! DescribeQueue.

use millstream_api::Error;
use millstream_api::ops::{DescribeQueueInput, DescribeQueueOutput};

use crate::caller::Caller;
use crate::describe::queue_of;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Describes a queue.
    pub async fn describe_queue(
        &self,
        caller: &Caller,
        input: DescribeQueueInput,
    ) -> Result<DescribeQueueOutput, Error> {
        let queue = self.queue_of(caller, &input.queue_arn).await?;
        caller.may_on_queue("kinesis:DescribeQueue", &queue.arn())?;
        self.admit_call(Call::DescribeQueue, caller, None)?;
        Ok(DescribeQueueOutput { queue_description: queue_of(&queue) })
    }
}
