//! Receives: what is visible is handed out by one command, then read where it lies; what is not there is waited for.

use std::sync::Arc;
use std::time::Duration;

use millstream_api::Error;
use millstream_catalog::Queue;
use millstream_replica::ReplicaError;
use millstream_types::Millis;
use tokio::task::JoinError;
use tokio::time::{Instant, sleep};

use super::faults::QueueFault;
use super::fetch::HeldQueueRecords;
use super::handed::Handed;
use super::machine::{Op, Outcome, Outlook, Receive, Refusal};
use super::slots::InUse;
use crate::caller::Caller;
use crate::limits::{RECEIVE_RECORDS_MAX, RECEIVE_WAIT_SECONDS_DEFAULT};
use crate::service::Streams;

/// Longest sleep of a receive before it looks at the service clock again, which a test may have moved.
const SLEEP_MAX: Duration = Duration::from_millis(500);
const SLEEP_MIN: Duration = Duration::from_millis(1);

/// What a receive asks for.
pub struct Wanted {
    /// Whether dead letters are meant.
    pub dead: bool,
    /// Records at most.
    pub limit: Option<i32>,
    /// How long to wait for the first record, in seconds.
    pub wait_seconds: Option<i32>,
    /// How long records are hidden, in seconds.
    pub visibility_seconds: Option<i32>,
}

/// Until when a receive waits: by service time, and by the runtime's too, so that a clock that stands still holds
/// nobody for ever.
struct Patience {
    deadline: Millis,
    began: Instant,
    wait: Duration,
}

impl Patience {
    /// What is left; `None` once nothing is.
    fn left(&self, now: Millis) -> Option<Duration> {
        let by_runtime = self.wait.checked_sub(self.began.elapsed())?;
        let left = by_runtime.min(self.deadline.since(now));
        (!left.is_zero()).then_some(left)
    }
}

impl Streams {
    /// Receives records, or dead letters.
    pub(crate) async fn receive(
        &self,
        caller: &Caller,
        arn: &str,
        action: &'static str,
        wanted: Wanted,
    ) -> Result<HeldQueueRecords, Error> {
        let queue = self.queue_of(caller, arn).await?;
        caller.may_on_queue(action, &queue.arn())?;
        QueueFault::unless_delivering(&queue)?;
        let open = Arc::new(self.open_queue(&queue).await?);
        if !open.receives.take(1, self.now()) {
            return Err(QueueFault::Rate.into());
        }
        let seconds = wanted.wait_seconds.map_or(RECEIVE_WAIT_SECONDS_DEFAULT, |s| s as u64);
        let wait = Duration::from_secs(seconds);
        let patience = Patience { deadline: self.now().plus(wait), began: Instant::now(), wait };
        let mut ended = self.queues.ended();
        let (mut news, mut jumps) = (open.news.subscribe(), self.jumps());
        loop {
            news.mark_unchanged();
            jumps.mark_unchanged();
            let now = self.now();
            let queue = self.still(&queue)?;
            let look = open.look(now, wanted.dead);
            if look.outlook == Outlook::Now {
                let handed = self.hand_out(&queue, &open, &wanted, look.news, now).await?;
                let none = handed.grants().is_empty();
                let held = self.fetch(&queue, &open, handed).await?;
                if !held.is_empty() {
                    open.counters.received.add(held.len() as u64);
                    return Ok(held);
                }
                if !none && patience.left(self.now()).is_some() {
                    // All of them had expired: there may be others.
                    continue;
                }
            }
            let Some(left) = patience.left(self.now()) else { break };
            let due = match open.look(self.now(), wanted.dead).outlook {
                // Others were faster a moment ago.
                Outlook::Now => SLEEP_MIN,
                Outlook::At(due) => Millis(due).since(self.now()).max(SLEEP_MIN),
                Outlook::Unknown => SLEEP_MAX,
            };
            tokio::select! {
                _ = news.changed() => {}
                // The service clock was moved: something may be due.
                Ok(()) = jumps.changed() => {}
                _ = ended.wait_for(|ended| *ended) => break,
                () = sleep(due.min(left).min(SLEEP_MAX)) => {}
            }
        }
        open.counters.empty_receives.add(1);
        Ok(HeldQueueRecords::default())
    }

    /// The queue as the catalog has it now, if it still delivers.
    fn still(&self, queue: &Queue) -> Result<Arc<Queue>, QueueFault> {
        let now = self.catalog.read(|state| state.queues().by_group(queue.group).cloned());
        let now = now.ok_or_else(|| QueueFault::NotFound(queue.arn().to_string()))?;
        QueueFault::unless_delivering(&now)?;
        Ok(now)
    }

    /// Hands out what is visible. The command goes on when nobody waits for it any more, and what it handed out goes
    /// back.
    async fn hand_out(
        &self,
        queue: &Arc<Queue>,
        open: &Arc<InUse>,
        wanted: &Wanted,
        ends: Vec<(u32, u64)>,
        now: Millis,
    ) -> Result<Handed, QueueFault> {
        let visibility = wanted.visibility_seconds.map_or(queue.visibility_seconds, |s| s as u32);
        let receive = Receive {
            dead: wanted.dead,
            limit: wanted.limit.map_or(RECEIVE_RECORDS_MAX, |limit| limit as u8),
            hidden_ms: u64::from(visibility) * 1000,
            in_flight_max: self.limits.queue_in_flight_max,
            tracked_max: self.limits.queue_tracked_max,
            ends,
        };
        let (open, queue, clock) = (open.clone(), queue.clone(), self.clock.clone());
        let command = tokio::spawn(async move {
            let outcome = open.submit(&queue, now, Op::Receive(receive)).await?;
            let (grants, refused) = match outcome {
                Outcome::Granted(grants) => (grants, None),
                Outcome::Refused(why) => (Vec::new(), Some(why)),
                Outcome::Done | Outcome::Verdicts(_) => (Vec::new(), None),
            };
            Ok((Handed::new(open, queue, clock, grants), refused))
        });
        let ended = |why: JoinError| QueueFault::State(ReplicaError::Unknown(why.to_string()));
        match command.await.map_err(ended)?? {
            (handed, None) => Ok(handed),
            (_, Some(why @ Refusal::InFlight)) => {
                Err(QueueFault::Refused(why, self.limits.queue_in_flight_max))
            }
            (_, Some(why @ Refusal::Tracked)) => {
                Err(QueueFault::Refused(why, self.limits.queue_tracked_max))
            }
        }
    }
}
