//! Which queue a request means.

use std::sync::Arc;

use millstream_api::Error;
use millstream_catalog::Queue;
use millstream_types::QueueArn;

use super::faults::QueueFault;
use crate::caller::Caller;
use crate::errors::Refusal;
use crate::service::Streams;

impl Caller {
    /// Whether the caller may do `action` to the queue, as [`Caller::may`] for streams.
    pub fn may_on_queue(&self, _action: &'static str, _queue: &QueueArn) -> Result<(), Error> {
        Ok(())
    }
}

impl Streams {
    /// The queue of an ARN, in the caller's account and region.
    pub(crate) async fn queue_of(&self, caller: &Caller, arn: &str) -> Result<Arc<Queue>, Error> {
        let parsed: QueueArn = arn.parse().map_err(|_| QueueFault::InvalidArn(arn.to_owned()))?;
        if parsed.region != caller.region {
            return Err(QueueFault::InvalidArn(arn.to_owned()).into());
        }
        if parsed.account != caller.account {
            return Err(QueueFault::OtherAccount(arn.to_owned()).into());
        }
        let known = || self.catalog.read(|state| state.queues().by_arn(&parsed).cloned());
        if let Some(queue) = known() {
            return Ok(queue);
        }
        // "Not found" is said only after everything that others have written is known.
        self.catalog.barrier().await.map_err(|error| Refusal::Catalog(error.to_string()))?;
        known().ok_or_else(|| QueueFault::NotFound(arn.to_owned()).into())
    }
}
