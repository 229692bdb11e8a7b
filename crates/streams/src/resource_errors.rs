//! Why a change of a resource was refused, in the service's words.

use millstream_api::{Error, ErrorCode};
use millstream_catalog::{ChannelRefusal, Refusal as Why};
use millstream_types::{AccountId, ResourceArn, StreamName};

use crate::errors::Refusal;

/// What a change is about, for the texts of errors.
#[derive(Clone, Debug)]
pub enum ChangeOf {
    /// A stream.
    Stream {
        /// Its name.
        name: StreamName,
        /// Its account.
        account: AccountId,
    },
    /// A consumer, a queue or a channel: its ARN, or its name where it has no ARN yet.
    Other(String),
}

impl ChangeOf {
    /// Of a stream.
    pub fn stream(name: &StreamName, account: AccountId) -> Self {
        ChangeOf::Stream { name: name.clone(), account }
    }

    /// The refusal of a change.
    pub fn refused(&self, why: Why) -> Refusal {
        match self.clone() {
            ChangeOf::Stream { name: stream, account } => Refusal::Change { stream, account, why },
            ChangeOf::Other(resource) => Refusal::ResourceChange { resource, why },
        }
    }
}

impl From<ResourceArn> for ChangeOf {
    fn from(arn: ResourceArn) -> Self {
        match arn {
            ResourceArn::Stream(arn) => ChangeOf::stream(&arn.name, arn.account),
            ResourceArn::Consumer(_) | ResourceArn::Queue(_) | ResourceArn::Channel(_) => {
                ChangeOf::Other(arn.to_string())
            }
        }
    }
}

/// Why a change of a consumer, a queue or a channel was refused.
pub fn resource_refused(resource: &str, why: Why) -> Error {
    match why {
        Why::NoResource => not_found(resource),
        Why::TagQuota { max } => too_many_tags(resource, max),
        Why::NoPolicy => no_policy(resource),
        Why::Channel(why) => channel_refused(resource, why),
        _ => {
            tracing::error!(resource, ?why, "the catalog refused a change for a stream's reason");
            Error::new(ErrorCode::InternalFailureException, "Internal service failure.")
        }
    }
}

/// Why a change of a channel, or of a stream with channels, was refused.
pub fn channel_refused(of: &str, why: ChannelRefusal) -> Error {
    let in_use = |text: String| Error::new(ErrorCode::ResourceInUseException, text);
    match why {
        ChannelRefusal::NoChannel => not_found(of),
        ChannelRefusal::NameTaken => in_use(format!("Channel {of} already exists.")),
        ChannelRefusal::Status(status) => in_use(format!(
            "Channel {of} does not allow this in state {}.",
            crate::channels::status_of(status).as_str()
        )),
        ChannelRefusal::StreamHasOne(other) => Error::new(
            ErrorCode::LimitExceededException,
            format!(
                "Channel {of} was not made: the stream has the channel {other} already, and a stream has one channel \
                 to a general purpose bucket."
            ),
        ),
        ChannelRefusal::NotOnDemand => Error::invalid_argument(format!(
            "Channel {of} was not made: channels need a stream in ON_DEMAND mode."
        )),
        ChannelRefusal::AtWork(channel) => {
            in_use(format!("{of} has active channels, such as {channel}. Delete them first."))
        }
        ChannelRefusal::Quota { max } => Error::new(
            ErrorCode::LimitExceededException,
            format!("Channel {of} would exceed the channel limit of the account. Limit: {max}."),
        ),
    }
}

/// A resource that is not there.
pub fn not_found(resource: &str) -> Error {
    Error::new(
        ErrorCode::ResourceNotFoundException,
        format!("The resource {resource} does not exist."),
    )
}

/// A resource without a policy (a reply of the service quoted by several of its clients' tests).
pub fn no_policy(resource: &str) -> Error {
    Error::new(
        ErrorCode::ResourceNotFoundException,
        format!("No resource policy found for resource ARN {resource}."),
    )
}

/// Too many tags.
pub fn too_many_tags(of: &str, max: u64) -> Error {
    Error::invalid_argument(format!(
        "Failed to add tags to {of} because a given resource cannot have more than {max} tags associated with it."
    ))
}
