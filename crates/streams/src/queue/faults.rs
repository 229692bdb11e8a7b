//! Facts that operations on queues meet, and the table from them to AWS's codes. The texts are ours: none of the
//! service's is known.

use millstream_api::{Error, ErrorCode};
use millstream_catalog::{Queue, QueueRefusal, QueueStatus};
use millstream_replica::ReplicaError;
use millstream_types::AccountId;

use super::machine::{Refusal, Verdict};
use crate::describe::queue_status_of;

/// Why an operation on a queue was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueFault {
    /// The ARN is not one of a queue of this region.
    InvalidArn(String),
    /// The ARN names another account's queue.
    OtherAccount(String),
    /// There is no such queue.
    NotFound(String),
    /// The queue delivers nothing in this status.
    NotActive(QueueStatus),
    /// Nothing may be handed out.
    Refused(Refusal, u64),
    /// Too many calls on the queue.
    Rate,
    /// More queues are in use than may be in memory.
    TooManyOpen,
    /// The queue's state cannot answer.
    State(ReplicaError),
}

impl From<QueueFault> for Error {
    fn from(fault: QueueFault) -> Error {
        use ErrorCode::*;
        match fault {
            QueueFault::InvalidArn(arn) => Error::invalid_argument(format!(
                "The ARN {arn} does not name a queue of this region."
            )),
            QueueFault::OtherAccount(arn) => Error::new(
                AccessDeniedException,
                format!("The resource {arn} belongs to another account."),
            ),
            QueueFault::NotFound(arn) => {
                Error::new(ResourceNotFoundException, format!("Queue {arn} not found."))
            }
            QueueFault::NotActive(QueueStatus::Deleting) => {
                Error::new(ResourceNotFoundException, "The queue is being deleted.")
            }
            QueueFault::NotActive(status) => Error::invalid_argument(format!(
                "The queue is not ACTIVE, instead in state {}.",
                queue_status_of(status).as_str()
            )),
            QueueFault::Refused(Refusal::InFlight, max) => Error::new(
                ThrottlingException,
                format!("The queue has {max} records in flight, as many as it may have."),
            ),
            QueueFault::Refused(Refusal::Tracked, max) => Error::new(
                ThrottlingException,
                format!(
                    "The queue has {max} records that were received and not acknowledged, as many as it may have: \
                     acknowledge or restore dead letters."
                ),
            ),
            QueueFault::Rate => Error::new(ThrottlingException, "Rate exceeded for the queue."),
            QueueFault::TooManyOpen => {
                Error::new(ThrottlingException, "Too many queues are in use at once.")
            }
            QueueFault::State(ReplicaError::Busy) => {
                Error::new(ThrottlingException, "Too many requests wait for the queue.")
            }
            QueueFault::State(error) => {
                tracing::error!(%error, "a queue's state could not answer");
                Error::new(InternalFailureException, format!("Internal service failure: {error}."))
            }
        }
    }
}

/// Why the catalog refused a command about a queue.
pub fn refused(why: QueueRefusal, account: AccountId) -> Error {
    let limit = |text: String| Error::new(ErrorCode::LimitExceededException, text);
    match why {
        QueueRefusal::NameTaken => Error::new(
            ErrorCode::ResourceInUseException,
            format!("A queue of this name already exists under account {account}."),
        ),
        QueueRefusal::NoQueue => {
            Error::new(ErrorCode::ResourceNotFoundException, "The queue does not exist.")
        }
        QueueRefusal::Status(status) => Error::new(
            ErrorCode::ResourceInUseException,
            format!(
                "The queue is not ACTIVE, instead in state {}.",
                queue_status_of(status).as_str()
            ),
        ),
        QueueRefusal::NotOnDemand => Error::invalid_argument(
            "Queues are supported only on data streams in on-demand capacity mode.",
        ),
        QueueRefusal::ReaderQuota { max } => limit(format!(
            "The stream has as many registered consumers and queues as it may have. Limit: {max}."
        )),
        QueueRefusal::TransitionQuota { status, max } => limit(format!(
            "The account {account} has too many queues in state {}. Limit: {max}.",
            queue_status_of(status).as_str()
        )),
    }
}

/// The code and text of a failed entry; `None` if it was done.
///
/// An acknowledgement of what is acknowledged already is done: a client that heard no answer may ask again.
pub fn of_verdict(verdict: Verdict, acknowledging: bool) -> Option<(ErrorCode, &'static str)> {
    use ErrorCode::{InvalidArgumentException, ResourceNotFoundException};
    match verdict {
        Verdict::Done => None,
        Verdict::Gone if acknowledging => None,
        Verdict::Gone => Some((
            ResourceNotFoundException,
            "The record is not in the queue any more: it was acknowledged, or has expired.",
        )),
        Verdict::Stale => Some((
            InvalidArgumentException,
            "The receipt handle has expired: the record was received again.",
        )),
        Verdict::DeadLetter => {
            Some((ResourceNotFoundException, "The record has become a dead-letter record."))
        }
        Verdict::NotDeadLetter => {
            Some((ResourceNotFoundException, "The record is not a dead-letter record."))
        }
        Verdict::Visible => Some((
            InvalidArgumentException,
            "The record is not in flight: its visibility timeout has expired.",
        )),
    }
}

impl QueueFault {
    /// Whether a queue delivers; `NotActive` if not. It does so while it is UPDATING too (botocore, `UpdateQueue`).
    pub fn unless_delivering(queue: &Queue) -> Result<(), QueueFault> {
        match queue.status {
            QueueStatus::Active | QueueStatus::Updating => Ok(()),
            status @ (QueueStatus::Creating | QueueStatus::Deleting) => {
                Err(QueueFault::NotActive(status))
            }
        }
    }
}
