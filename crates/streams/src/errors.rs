//! Facts that operations meet, and the one table from them to AWS's codes and texts.
//!
//! Sources of the texts: replies of the service quoted in client trackers, see the facts in each variant.

use std::fmt;

use millstream_api::{Error, ErrorCode};
use millstream_catalog::{Stream, StreamStatus};
use millstream_log::LogError;
use millstream_types::{AccountId, Region, ShardId, StreamName};
use millstream_vault::{KeyError, KeyFault};

use crate::change_errors::{change_refused, queue_change_refused};
use crate::consumer_errors::ConsumerRefusal;
use crate::resource_errors::{self, resource_refused};

pub use crate::change_errors::capacity_refused;
pub use crate::resource_errors::ChangeOf;

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
    /// About a consumer or a subscription.
    Consumer(Box<ConsumerRefusal>),
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
    /// The catalog refused a change of a consumer, a queue or a channel.
    ResourceChange {
        /// Its ARN or name.
        resource: String,
        /// Why.
        why: millstream_catalog::Refusal,
    },
    /// The ARN names a resource of another region, or none of the service.
    InvalidResourceArn {
        /// The ARN.
        arn: String,
    },
    /// No resource of this ARN.
    ResourceNotFound {
        /// The ARN.
        arn: String,
    },
    /// Resources of this kind have no policies.
    NoPolicies {
        /// The ARN.
        arn: String,
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
    /// A master key cannot be used.
    Key(KeyError),
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
                stream_not_found(&name, account, &elsewhere)
            }
            Refusal::ShardNotFound { shard, stream, account } => Error::new(
                ResourceNotFoundException,
                format!("Shard {shard} in stream {stream} under account {account} does not exist"),
            ),
            Refusal::ReadThroughput { shard, stream, account } => Error::new(
                ProvisionedThroughputExceededException,
                format!("Rate exceeded for Shard - {account}/{stream}/{shard}"),
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
            Refusal::Consumer(refusal) => (*refusal).into(),
            Refusal::CallRate { stream: Some(stream), account } => Error::new(
                LimitExceededException,
                format!("Rate exceeded for stream {stream} under account {account}."),
            ),
            Refusal::CallRate { stream: None, account } => {
                Error::new(LimitExceededException, format!("Rate exceeded for account {account}."))
            }
            Refusal::NotActive { stream, account, status } => not_active(&stream, account, status),
            Refusal::Change { stream, account, why } => change_refused(&stream, account, why),
            Refusal::ResourceChange { resource, why } => resource_refused(&resource, why),
            Refusal::InvalidResourceArn { arn } => Error::invalid_argument(format!(
                "The ARN {arn} does not name a resource of this kind and region."
            )),
            Refusal::ResourceNotFound { arn } => resource_errors::not_found(&arn),
            Refusal::NoPolicies { arn } => Error::invalid_argument(format!(
                "The resource {arn} cannot have a policy: only streams, queues and consumers can."
            )),
            Refusal::QueueChange { account, why } => queue_change_refused(account, why),
            Refusal::ChangeUnknown(error) => {
                tracing::error!(%error, "the outcome of a change is unknown");
                Error::new(
                    InternalFailureException,
                    "Internal service failure: the change may have been made.",
                )
            }
            Refusal::Key(error) => key_refused(error),
            Refusal::DryRun => Error::new(
                DryRunOperationException,
                "Request would have succeeded, but the DryRun parameter is set.",
            ),
            // The log tells of a full disk when it becomes full, not at each call.
            Refusal::Log(LogError::Full) => disk_full(),
            Refusal::Log(error @ LogError::Damaged(_)) => {
                no_answer("log", &format!("{error}. {WHAT_TO_DO_ABOUT_DAMAGE}"))
            }
            Refusal::Log(error) => no_answer("log", &error),
            Refusal::Catalog(error) => no_answer("catalog", &error),
        }
    }
}

fn stream_not_found(name: &StreamName, account: AccountId, elsewhere: &[Region]) -> Error {
    let mut text = format!("Stream {name} under account {account} not found.");
    if !elsewhere.is_empty() {
        let regions: Vec<_> = elsewhere.iter().map(Region::as_str).collect();
        text.push_str(&format!(
            " (The account has a stream of this name in {}.)",
            regions.join(", ")
        ));
    }
    Error::new(ErrorCode::ResourceNotFoundException, text)
}

const WHAT_TO_DO_ABOUT_DAMAGE: &str =
    "Run `millstream fsck` on the data directory of the server and bring back the file from a copy";

/// The disk has no room for a write.
pub(crate) fn disk_full() -> Error {
    Error::new(
        ErrorCode::InternalFailureException,
        "Internal service failure: the server's disk is full. Reads go on.",
    )
}

/// A part of ours, by its name, that failed.
fn no_answer(part: &str, error: &dyn fmt::Display) -> Error {
    tracing::error!(%error, part, "a part could not answer");
    Error::new(ErrorCode::InternalFailureException, format!("Internal service failure: {error}."))
}

/// The key service's failures under their names in the model. One that gave no answer is a fault of ours.
fn key_refused(error: KeyError) -> Error {
    let code = match error.fault {
        KeyFault::NotFound => ErrorCode::KMSNotFoundException,
        KeyFault::Disabled => ErrorCode::KMSDisabledException,
        KeyFault::InvalidState => ErrorCode::KMSInvalidStateException,
        KeyFault::AccessDenied => ErrorCode::KMSAccessDeniedException,
        KeyFault::OptInRequired => ErrorCode::KMSOptInRequired,
        KeyFault::Throttled => ErrorCode::KMSThrottlingException,
        KeyFault::Unavailable => {
            tracing::error!(%error, "the key service could not answer");
            ErrorCode::InternalFailureException
        }
    };
    Error::new(code, error.text)
}

impl From<LogError> for Refusal {
    fn from(error: LogError) -> Self {
        Refusal::Log(error)
    }
}

/// A stream whose status forbids the call.
pub(crate) fn not_active(stream: &StreamName, account: AccountId, status: StreamStatus) -> Error {
    let status = crate::describe::status_of(status).as_str();
    Error::new(
        ErrorCode::ResourceInUseException,
        format!("Stream {stream} under account {account} not ACTIVE, instead in state {status}"),
    )
}
