//! Facts that operations meet, and the one table from them to AWS's codes and texts.
//!
//! Sources of the texts: replies of the service quoted in client trackers, see the facts in each variant.

use std::fmt;

use millstream_api::{Error, ErrorCode};
use millstream_catalog::Stream;
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
                    text.push_str(&format!(" (The account has a stream of this name in {}.)", regions.join(", ")));
                }
                Error::new(ResourceNotFoundException, text)
            }
            Refusal::ShardNotFound { shard, stream, account } => Error::new(
                ResourceNotFoundException,
                format!("Shard {shard} in stream {stream} under account {account} does not exist"),
            ),
            Refusal::ReadThroughput { shard, stream, account } => Error::new(
                ProvisionedThroughputExceededException,
                format!("Rate exceeded for shard {shard} in stream {stream} under account {account}."),
            ),
            Refusal::NoStreamNamed => Error::invalid_argument("Either StreamName or StreamARN must be specified."),
            Refusal::NameAndArnDisagree => {
                Error::invalid_argument("StreamName and StreamARN do not name the same stream.")
            }
            Refusal::OtherAccount { arn } => Error::new(
                AccessDeniedException,
                format!("The resource {arn} belongs to another account."),
            ),
            Refusal::InvalidArn { arn } => {
                Error::invalid_argument(format!("The ARN {arn} does not name a stream of this region."))
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
