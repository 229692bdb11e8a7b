//! Facts that operations meet, and the one table from them to AWS's codes and texts.
//!
//! Sources of the texts: replies of the service quoted in client trackers, see the facts in each variant.

use std::fmt;

use millstream_api::{Error, ErrorCode};
use millstream_catalog::{Stream, StreamStatus};
use millstream_log::LogError;
use millstream_types::{AccountId, Region, ShardId, StreamName};

/// Why an operation was refused.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// No stream of this name; the regions of the account in which there is one.
    StreamNotFound {
        /// The name.
        name: StreamName,
        /// The account that was looked in.
        account: AccountId,
        /// Where else the name exists.
        elsewhere: Vec<Region>,
    },
    /// No shard of this id, or one that has expired.
    ShardNotFound {
        /// The id as it was given.
        shard: String,
        /// The stream's name.
        stream: StreamName,
        /// Its account.
        account: AccountId,
    },
    /// Too many calls of GetRecords or GetShardIterator, or too many bytes, for the shard.
    ReadThroughput {
        /// The shard.
        shard: ShardId,
        /// The stream's name.
        stream: StreamName,
        /// Its account.
        account: AccountId,
    },
    /// Neither StreamName nor StreamARN was given.
    NoStreamNamed,
    /// StreamName and StreamARN name two streams.
    NameAndArnDisagree,
    /// The ARN names another account's stream.
    OtherAccount {
        /// The ARN.
        arn: String,
    },
    /// The ARN names a stream of another region, or not a stream.
    InvalidArn {
        /// The ARN.
        arn: String,
    },
    /// The dry run would have succeeded.
    DryRun,
    /// Too many calls of one kind by the account, or on the stream.
    CallRate {
        /// The stream, where the call named one.
        stream: Option<StreamName>,
        /// The account.
        account: AccountId,
    },
    /// The stream's status forbids the call.
    NotActive {
        /// The stream's name.
        stream: StreamName,
        /// Its account.
        account: AccountId,
        /// Its status.
        status: StreamStatus,
    },
    /// The catalog refused a change of a stream of this name and account.
    Change {
        /// The stream's name.
        stream: StreamName,
        /// Its account.
        account: AccountId,
        /// Why.
        why: millstream_catalog::Refusal,
    },
    /// The catalog refused a change of a queue of this account.
    QueueChange {
        /// The account.
        account: AccountId,
        /// Why.
        why: millstream_catalog::Refusal,
    },
    /// Whether a change was made is not known.
    ChangeUnknown(String),
    /// The log could not answer.
    Log(LogError),
    /// The catalog could not answer.
    Catalog(String),
}

impl Refusal {
    /// A shard that `stream` does not have.
    pub fn shard_not_found(stream: &Stream, shard: impl fmt::Display) -> Self {
        Refusal::ShardNotFound {
            shard: shard.to_string(),
            stream: stream.name.clone(),
            account: stream.account,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        use ErrorCode::*;
        match refusal {
            Refusal::StreamNotFound { name, account, elsewhere } => {
                let mut text = format!("Stream {name} under account {account} not found.");
                if !elsewhere.is_empty() {
                    let regions: Vec<_> = elsewhere.iter().map(Region::as_str).collect();
                    text.push_str(&format!(
                        " (The account has a stream of this name in {}.)",
                        regions.join(", ")
                    ));
                }
                Error::new(ResourceNotFoundException, text)
            }
            Refusal::ShardNotFound { shard, stream, account } => Error::new(
                ResourceNotFoundException,
                format!("Shard {shard} in stream {stream} under account {account} does not exist"),
            ),
            Refusal::ReadThroughput { shard, stream, account } => Error::new(
                ProvisionedThroughputExceededException,
                format!(
                    "Rate exceeded for shard {shard} in stream {stream} under account {account}."
                ),
            ),
            Refusal::NoStreamNamed => {
                Error::invalid_argument("Either StreamName or StreamARN must be specified.")
            }
            Refusal::NameAndArnDisagree => {
                Error::invalid_argument("StreamName and StreamARN do not name the same stream.")
            }
            Refusal::OtherAccount { arn } => Error::new(
                AccessDeniedException,
                format!("The resource {arn} belongs to another account."),
            ),
            Refusal::InvalidArn { arn } => Error::invalid_argument(format!(
                "The ARN {arn} does not name a stream of this region."
            )),
            Refusal::CallRate { stream: Some(stream), account } => Error::new(
                LimitExceededException,
                format!("Rate exceeded for stream {stream} under account {account}."),
            ),
            Refusal::CallRate { stream: None, account } => {
                Error::new(LimitExceededException, format!("Rate exceeded for account {account}."))
            }
            Refusal::NotActive { stream, account, status } => not_active(&stream, account, status),
            Refusal::Change { stream, account, why } => change_refused(&stream, account, why),
            Refusal::QueueChange { account, why } => queue_change_refused(account, why),
            Refusal::ChangeUnknown(error) => {
                tracing::error!(%error, "the outcome of a change is unknown");
                Error::new(
                    InternalFailureException,
                    "Internal service failure: the change may have been made.",
                )
            }
            Refusal::DryRun => Error::new(
                DryRunOperationException,
                "Request would have succeeded, but the DryRun parameter is set.",
            ),
            Refusal::Log(error) => {
                tracing::error!(%error, "the log could not answer");
                Error::new(InternalFailureException, format!("Internal service failure: {error}."))
            }
            Refusal::Catalog(error) => {
                tracing::error!(%error, "the catalog could not answer");
                Error::new(InternalFailureException, format!("Internal service failure: {error}."))
            }
        }
    }
}

impl From<LogError> for Refusal {
    fn from(error: LogError) -> Self {
        Refusal::Log(error)
    }
}

fn not_active(stream: &StreamName, account: AccountId, status: StreamStatus) -> Error {
    let status = crate::describe::status_of(status).as_str();
    Error::new(
        ErrorCode::ResourceInUseException,
        format!("Stream {stream} under account {account} not ACTIVE, instead in state {status}"),
    )
}

/// Why a change of a queue was refused: for its own state, or for its stream's.
fn queue_change_refused(account: AccountId, why: millstream_catalog::Refusal) -> Error {
    use millstream_catalog::Refusal as Why;
    match why {
        Why::Queue(why) => crate::queue::refused(why, account),
        Why::NoStream => Error::new(
            ErrorCode::ResourceNotFoundException,
            format!("The queue's stream under account {account} not found."),
        ),
        Why::Status(status) => Error::new(
            ErrorCode::ResourceInUseException,
            format!(
                "The queue's stream under account {account} not ACTIVE, instead in state {}",
                crate::describe::status_of(status).as_str()
            ),
        ),
        other => {
            tracing::error!(?other, "the catalog refused a command about a queue");
            Error::new(ErrorCode::InternalFailureException, "Internal service failure.")
        }
    }
}

/// Why a change was refused, in the service's words where they are known (quoted in client trackers), else in ours.
fn change_refused(
    stream: &StreamName,
    account: AccountId,
    why: millstream_catalog::Refusal,
) -> Error {
    use millstream_catalog::Refusal as Why;
    let limit = |text: String| Error::new(ErrorCode::LimitExceededException, text);
    let of = format!("stream {stream} under account {account}");
    match why {
        Why::NameTaken => Error::new(
            ErrorCode::ResourceInUseException,
            format!("Stream {stream} under account {account} already exists."),
        ),
        Why::NoStream => {
            Refusal::StreamNotFound { name: stream.clone(), account, elsewhere: vec![] }.into()
        }
        Why::Status(status) => not_active(stream, account, status),
        Why::ShardQuota { max, open } => limit(format!(
            "This request would exceed the shard limit for the account {account}. Current shard count for the \
             account: {open}. Limit: {max}."
        )),
        Why::StreamQuota { max } => limit(format!(
            "This request would exceed the stream limit for the account {account}. Limit: {max}."
        )),
        Why::CreatingQuota { max } => limit(format!(
            "The account {account} has too many streams in state CREATING. Limit: {max}."
        )),
        Why::TagQuota { max } => Error::invalid_argument(format!(
            "Failed to add tags to {of} because a given stream cannot have more than {max} tags associated with it."
        )),
        Why::NoShard(shard) => {
            Refusal::ShardNotFound { shard: shard.to_string(), stream: stream.clone(), account }
                .into()
        }
        Why::ShardClosed(shard) => Error::invalid_argument(format!(
            "Shard {shard} in {of} has already been merged or split, and thus is not eligible for merging or \
             splitting."
        )),
        Why::KeyOutside(shard) => Error::invalid_argument(format!(
            "The NewStartingHashKey does not split shard {shard} in {of}: it must be above the shard's \
             StartingHashKey and at most its EndingHashKey."
        )),
        Why::NotAdjacent(one, other) => Error::invalid_argument(format!(
            "Shards {one} and {other} in {of} are not an adjacent pair of shards eligible for merging"
        )),
        Why::Retention { hours } => Error::new(
            ErrorCode::ResourceInUseException,
            format!(
                "The retention period of {of} was changed to {hours} hours by another request."
            ),
        ),
        Why::HasQueues { count } => Error::new(
            ErrorCode::ResourceInUseException,
            format!(
                "Stream {stream} under account {account} has {count} queues: delete them first."
            ),
        ),
        Why::Queue(why) => crate::queue::refused(why, account),
        Why::Malformed(what) => {
            tracing::error!(what, "the catalog refused a malformed command");
            Error::new(ErrorCode::InternalFailureException, "Internal service failure.")
        }
    }
}
