//! Facts that operations meet, and the one table from them to AWS's codes and texts.
//!
//! Sources of the texts: replies of the service quoted in client trackers, see the facts in each variant.

use std::fmt;

use millstream_api::{Error, ErrorCode};
use millstream_catalog::{CapacityRefusal, Stream, StreamStatus};
use millstream_log::LogError;
use millstream_types::{AccountId, Region, ShardId, StreamName};
use millstream_vault::{KeyError, KeyFault};

use crate::resource_errors::{self, channel_refused, resource_refused};

pub use crate::resource_errors::ChangeOf;

use crate::consumer_errors::{self, ConsumerRefusal};

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
        why @ (Why::ConsumerNameTaken(_)
        | Why::NoConsumer(_)
        | Why::HasConsumers
        | Why::ConsumerQuota { .. }
        | Why::CreatingConsumerQuota { .. }) => {
            let refused = consumer_errors::change_refused(stream, account, &why);
            refused.unwrap_or_else(|| Error::new(ErrorCode::InternalFailureException, ""))
        }
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
        Why::Capacity(why) => capacity_refused(&of, account, why),
        Why::Monitoring => Error::new(
            ErrorCode::ResourceInUseException,
            format!("The shard-level metrics of {of} were changed by another request."),
        ),
        Why::NoResource => resource_errors::not_found(&of),
        Why::NoPolicy => Error::new(
            ErrorCode::ResourceNotFoundException,
            format!("No resource policy found for {of}."),
        ),
        Why::Channel(why) => channel_refused(&of, why),
        Why::EncryptionQuota { max } => limit(format!(
            "The encryption of {of} can be started and stopped {max} times each in a rolling 24-hour period."
        )),
        Why::OtherEncryption => Error::new(
            ErrorCode::ResourceInUseException,
            format!("The encryption of {of} was changed by another request."),
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

/// Why a change of mode, capacity or settings was refused. Which code each has: docs/decisions/0030.
pub fn capacity_refused(of: &str, account: AccountId, why: CapacityRefusal) -> Error {
    use CapacityRefusal as Why;
    let limit = |text: String| Error::new(ErrorCode::LimitExceededException, text);
    match why {
        Why::Mode(mode) => Error::validation(format!(
            "The request is not supported for {of}, which is in {} mode.",
            crate::describe::mode_name(mode)
        )),
        Why::ShardCountBounds { open, target } if target > open => limit(format!(
            "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: \
             {open} Target shard count: {target}"
        )),
        Why::ShardCountBounds { open, target } => limit(format!(
            "UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: \
             {open} Target shard count: {target}"
        )),
        Why::ShardCountSame { open } => Error::invalid_argument(format!(
            "TargetShardCount of {of} is its current shard count, {open}, and the shards are of equal size."
        )),
        Why::ScalingRoom { max, open, target } => limit(format!(
            "The way from {open} to {target} equal shards of {of} needs more room for short-lived shards than the shard \
             limit of the account {account} leaves. Limit: {max}."
        )),
        Why::ShardsChanged => Error::new(
            ErrorCode::ResourceInUseException,
            format!("The shards of {of} were changed by another request."),
        ),
        Why::ChangesPerDay { max } => limit(format!(
            "The request would exceed the limit of {max} such changes of {of} in a rolling 24-hour period."
        )),
        Why::OnDemandQuota { max } => limit(format!(
            "This request would exceed the on-demand stream limit for the account {account}. Limit: {max}."
        )),
        Why::HasQueues => Error::new(
            ErrorCode::ResourceInUseException,
            format!("The {of} has queues: delete them before its mode is changed to PROVISIONED."),
        ),
        Why::SettingsQuota { max } => limit(format!(
            "This request would exceed the limit of accounts and regions with settings. Limit: {max}."
        )),
    }
}
