//! Facts about consumers and subscriptions, and the one table from them to AWS's codes and texts.
//!
//! Sources of the texts: replies of the service quoted in client trackers, where they are known; else ours.

use std::fmt;

use millstream_api::{Error, ErrorCode};
use millstream_types::{AccountId, ConsumerName, ShardId, StreamName};

use crate::errors::Refusal;

/// Why a consumer's operation was refused, or its subscription ended.
#[derive(Clone, Debug)]
pub enum ConsumerRefusal {
    /// No consumer of this name, or another registration of it.
    NotFound {
        /// The consumer's name.
        consumer: ConsumerName,
        /// The stream's name.
        stream: StreamName,
        /// Its account.
        account: AccountId,
    },
    /// Neither ConsumerARN nor StreamARN and ConsumerName were given.
    NoneNamed,
    /// What names the consumer names two.
    NamesDisagree,
    /// The ARN names a consumer of another region, or not a consumer.
    InvalidArn {
        /// The ARN.
        arn: String,
    },
    /// The consumer's status forbids a subscription.
    NotActive {
        /// The consumer's name.
        consumer: ConsumerName,
        /// The second of its registration.
        created_second: u64,
        /// The stream's name.
        stream: StreamName,
        /// Its account.
        account: AccountId,
    },
    /// Another subscription of the consumer to the shard is active.
    ActiveSubscription(SubscriptionName),
    /// Too many calls of SubscribeToShard by the consumer on the shard.
    SubscriptionRate(SubscriptionName),
    /// Too many subscriptions at once.
    SubscriptionQuota {
        /// The quota.
        max: u64,
    },
}

/// A subscription as AWS names it: account, stream, shard, consumer.
#[derive(Clone, Debug)]
pub struct SubscriptionName {
    /// The account.
    pub account: AccountId,
    /// The stream.
    pub stream: StreamName,
    /// The shard.
    pub shard: ShardId,
    /// The consumer.
    pub consumer: ConsumerName,
}

impl fmt::Display for SubscriptionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SubscriptionName { account, stream, shard, consumer } = self;
        write!(f, "{account}:{stream}:{shard}:{consumer}")
    }
}

impl From<ConsumerRefusal> for Refusal {
    fn from(refusal: ConsumerRefusal) -> Self {
        Refusal::Consumer(Box::new(refusal))
    }
}

impl From<ConsumerRefusal> for Error {
    fn from(refusal: ConsumerRefusal) -> Error {
        use ErrorCode::*;
        match refusal {
            ConsumerRefusal::NotFound { consumer, stream, account } => Error::new(
                ResourceNotFoundException,
                format!(
                    "Consumer {consumer} under stream {stream} under account {account} not found."
                ),
            ),
            ConsumerRefusal::NoneNamed => Error::invalid_argument(
                "Either ConsumerARN, or StreamARN and ConsumerName must be specified.",
            ),
            ConsumerRefusal::NamesDisagree => Error::invalid_argument(
                "ConsumerARN, StreamARN and ConsumerName do not name the same consumer.",
            ),
            ConsumerRefusal::InvalidArn { arn } => Error::invalid_argument(format!(
                "The ARN {arn} does not name a consumer of this region."
            )),
            ConsumerRefusal::NotActive { consumer, created_second, stream, account } => Error::new(
                ResourceInUseException,
                format!(
                    "Consumer {consumer} with creation timestamp {created_second} under stream: {stream} , account \
                     {account} is not in ACTIVE status."
                ),
            ),
            ConsumerRefusal::ActiveSubscription(name) => Error::new(
                ResourceInUseException,
                format!("Another active subscription exists for this consumer: {name}"),
            ),
            ConsumerRefusal::SubscriptionRate(name) => Error::new(
                LimitExceededException,
                format!("Rate exceeded for subscription {name}."),
            ),
            ConsumerRefusal::SubscriptionQuota { max } => Error::new(
                LimitExceededException,
                format!("Too many subscriptions are active at once. Limit: {max}."),
            ),
        }
    }
}

/// Why the catalog refused a change of a stream's consumers; `None` if it refused something else.
pub(crate) fn change_refused(
    stream: &StreamName,
    account: AccountId,
    why: &millstream_catalog::Refusal,
) -> Option<Error> {
    use millstream_catalog::Refusal as Why;
    let limit = |text: String| Error::new(ErrorCode::LimitExceededException, text);
    let of = format!("stream {stream} under account {account}");
    Some(match why {
        Why::ConsumerNameTaken(consumer) => Error::new(
            ErrorCode::ResourceInUseException,
            format!(
                "Consumer {consumer} under stream {stream} already exists for account {account}."
            ),
        ),
        Why::NoConsumer(consumer) => {
            let (consumer, stream) = (consumer.clone(), stream.clone());
            ConsumerRefusal::NotFound { consumer, stream, account }.into()
        }
        Why::HasConsumers => Error::new(
            ErrorCode::ResourceInUseException,
            format!(
                "Stream {stream} under account {account} has registered consumers; deregister them, or set \
                 EnforceConsumerDeletion."
            ),
        ),
        Why::ConsumerQuota { max } => {
            limit(format!("This request would exceed the consumer limit for {of}. Limit: {max}."))
        }
        Why::CreatingConsumerQuota { max } => {
            limit(format!("Too many consumers of {of} are in state CREATING. Limit: {max}."))
        }
        _ => return None,
    })
}
