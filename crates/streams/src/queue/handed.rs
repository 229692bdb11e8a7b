//! What was handed out and has not reached its consumer yet.

use std::sync::Arc;

use millstream_catalog::Queue;
use millstream_types::Clock;
use tokio::runtime::Handle;

use super::machine::{Grant, Op, Ticket};
use super::slots::InUse;

/// Records that were handed out. Unless their delivery is told, they go back into the queue when this is dropped, and
/// the receive is not counted: whoever was to get them is gone.
pub struct Handed {
    open: Arc<InUse>,
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
    grants: Vec<Grant>,
}

impl Handed {
    pub fn new(
        open: Arc<InUse>,
        queue: Arc<Queue>,
        clock: Arc<dyn Clock>,
        grants: Vec<Grant>,
    ) -> Self {
        Handed { open, queue, clock, grants }
    }

    /// What was handed out.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Looks after these alone from now on.
    pub fn keep(&mut self, kept: impl Fn(&Ticket) -> bool) {
        self.grants.retain(|grant| kept(&grant.ticket));
    }

    /// The consumer has them.
    pub fn delivered(mut self) {
        self.grants.clear();
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        if self.grants.is_empty() {
            return;
        }
        // Without a runtime the server is going down: the visibility timeout brings them back.
        let Ok(runtime) = Handle::try_current() else { return };
        let tickets = self.grants.drain(..).map(|grant| grant.ticket).collect();
        let (open, queue, now) = (self.open.clone(), self.queue.clone(), self.clock.now());
        runtime.spawn(async move {
            match open.submit(&queue, now, Op::Release { tickets }).await {
                Ok(_) => open.tell(),
                Err(why) => {
                    tracing::debug!(?why, queue = %queue.name, "undelivered records stay hidden");
                }
            }
        });
    }
}
