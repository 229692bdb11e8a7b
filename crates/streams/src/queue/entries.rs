//! Changes of records that were received: acknowledged, hidden for longer, restored. All that one request changes is
//! one command, and commands that arrive together are one commit.

use millstream_api::ops::{
    DoneEntry, FailedEntry, HandleEntry, QueueRecordsOutcome, VisibilityEntry,
};
use millstream_api::{Error, ErrorCode};
use millstream_catalog::Queue;

use super::faults::{QueueFault, of_verdict};
use super::handle;
use super::machine::{Op, Outcome, Ticket, Verdict};
use crate::caller::Caller;
use crate::service::Streams;

/// What is to become of records.
pub enum Change {
    /// They are done.
    Acknowledge {
        /// Whether they are dead letters.
        dead: bool,
    },
    /// They are hidden for a time from now.
    Hide {
        /// Whether they are dead letters.
        dead: bool,
    },
    /// Dead letters are records again.
    Restore,
}

/// A record of a request, and for how many seconds it is to be hidden if that is the change.
pub struct Asked {
    handle: String,
    hidden_seconds: i32,
}

impl From<HandleEntry> for Asked {
    fn from(entry: HandleEntry) -> Self {
        Asked { handle: entry.receipt_handle, hidden_seconds: 0 }
    }
}

impl From<VisibilityEntry> for Asked {
    fn from(entry: VisibilityEntry) -> Self {
        let hidden_seconds = entry.visibility_timeout_seconds;
        Asked { handle: entry.receipt_handle, hidden_seconds }
    }
}

/// The code and text of an entry that failed.
type Failure = (ErrorCode, &'static str);

const NO_HANDLE: Failure =
    (ErrorCode::InvalidArgumentException, "The receipt handle is not one of this queue.");
const RATE: Failure = (ErrorCode::ThrottlingException, "Rate exceeded for the queue.");

impl Streams {
    /// Changes records, each for itself.
    pub(crate) async fn change_records<E: Into<Asked>>(
        &self,
        caller: &Caller,
        arn: &str,
        action: &'static str,
        change: Change,
        entries: Vec<E>,
    ) -> Result<QueueRecordsOutcome, Error> {
        let queue = self.queue_of(caller, arn).await?;
        caller.may_on_queue(action, &queue.arn())?;
        QueueFault::unless_delivering(&queue)?;
        let open = self.open_queue(&queue).await?;
        let now = self.now();
        let asked: Vec<Asked> = entries.into_iter().map(Into::into).collect();
        let mut failures: Vec<Option<Failure>> = Vec::with_capacity(asked.len());
        let mut tickets = Vec::with_capacity(asked.len());
        for entry in &asked {
            let ticket = self.ticket(&queue, &entry.handle);
            let admitted = ticket
                .and_then(|ticket| if open.entries.take(1, now) { Ok(ticket) } else { Err(RATE) });
            failures.push(admitted.err());
            tickets.extend(admitted.ok().map(|ticket| (ticket, entry.hidden_seconds)));
        }
        let acknowledging = matches!(change, Change::Acknowledge { .. });
        if !tickets.is_empty() {
            let verdicts = match open.submit(&queue, now, op_of(&change, &tickets)).await? {
                Outcome::Verdicts(verdicts) => verdicts,
                Outcome::Done | Outcome::Granted(_) | Outcome::Refused(_) => Vec::new(),
            };
            let done = verdicts.iter().filter(|verdict| **verdict == Verdict::Done).count();
            let mut verdicts = verdicts.into_iter();
            for failure in failures.iter_mut().filter(|failure| failure.is_none()) {
                *failure = verdicts.next().and_then(|v| of_verdict(v, acknowledging));
            }
            if acknowledging {
                open.counters.acknowledged.add(done as u64);
            } else {
                // Records may be visible now that were not before.
                open.tell();
            }
        }
        Ok(outcome_of(asked, failures))
    }

    fn ticket(&self, queue: &Queue, text: &str) -> Result<Ticket, Failure> {
        let (group, ticket) = handle::open(&self.sealer, text).map_err(|_| NO_HANDLE)?;
        if group == queue.group { Ok(ticket) } else { Err(NO_HANDLE) }
    }
}

fn op_of(change: &Change, tickets: &[(Ticket, i32)]) -> Op {
    let plain = || tickets.iter().map(|(ticket, _)| *ticket).collect();
    match change {
        Change::Acknowledge { dead } => Op::Acknowledge { dead: *dead, tickets: plain() },
        Change::Restore => Op::Restore { tickets: plain() },
        Change::Hide { dead } => {
            let timed = tickets.iter().map(|(ticket, seconds)| (*ticket, *seconds as u64 * 1000));
            Op::Hide { dead: *dead, tickets: timed.collect() }
        }
    }
}

fn outcome_of(asked: Vec<Asked>, failures: Vec<Option<Failure>>) -> QueueRecordsOutcome {
    let mut outcome = QueueRecordsOutcome { successful: Vec::new(), failed: Vec::new() };
    for (Asked { handle, .. }, failure) in asked.into_iter().zip(failures) {
        match failure {
            None => outcome.successful.push(DoneEntry { receipt_handle: handle }),
            Some((code, message)) => outcome.failed.push(FailedEntry {
                receipt_handle: handle,
                error_code: code.as_str().to_owned(),
                error_message: Some(message.to_owned()),
            }),
        }
    }
    outcome
}
