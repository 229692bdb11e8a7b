//! Why the catalog refused a change of a stream or of a queue, in the service's words where they are known (quoted in
//! client trackers), else in ours.

use millstream_api::{Error, ErrorCode};
use millstream_catalog::{CapacityRefusal, Refusal as Why};
use millstream_types::{AccountId, ShardId, StreamName};

use crate::errors::{Refusal, not_active};
use crate::resource_errors::{self, channel_refused};
use crate::{consumer_errors, describe};

fn limit(text: String) -> Error {
    Error::new(ErrorCode::LimitExceededException, text)
}

fn in_use(text: String) -> Error {
    Error::new(ErrorCode::ResourceInUseException, text)
}

fn absent(text: String) -> Error {
    Error::new(ErrorCode::ResourceNotFoundException, text)
}

fn internal() -> Error {
    Error::new(ErrorCode::InternalFailureException, "Internal service failure.")
}

fn not_eligible(shard: ShardId, of: &str) -> Error {
    Error::invalid_argument(format!(
        "Shard {shard} in {of} has already been merged or split, and thus is not eligible for merging or splitting."
    ))
}

fn outside_of_shard(shard: ShardId, of: &str) -> Error {
    Error::invalid_argument(format!(
        "The NewStartingHashKey does not split shard {shard} in {of}: it must be above the shard's StartingHashKey and \
         at most its EndingHashKey."
    ))
}

/// Why a change of a queue was refused: for its own state, or for its stream's.
pub(crate) fn queue_change_refused(account: AccountId, why: Why) -> Error {
    match why {
        Why::Queue(why) => crate::queue::refused(why, account),
        Why::NoStream => absent(format!("The queue's stream under account {account} not found.")),
        Why::Status(status) => in_use(format!(
            "The queue's stream under account {account} not ACTIVE, instead in state {}",
            describe::status_of(status).as_str()
        )),
        other => {
            tracing::error!(?other, "the catalog refused a command about a queue");
            internal()
        }
    }
}

/// Why a change was refused, in the service's words where they are known (quoted in client trackers), else in ours.
pub(crate) fn change_refused(stream: &StreamName, account: AccountId, why: Why) -> Error {
    let of = format!("stream {stream} under account {account}");
    match why {
        Why::NameTaken => {
            in_use(format!("Stream {stream} under account {account} already exists."))
        }
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
            refused.unwrap_or_else(internal)
        }
        Why::NoShard(shard) => {
            Refusal::ShardNotFound { shard: shard.to_string(), stream: stream.clone(), account }
                .into()
        }
        Why::ShardClosed(shard) => not_eligible(shard, &of),
        Why::KeyOutside(shard) => outside_of_shard(shard, &of),
        Why::NotAdjacent(one, other) => Error::invalid_argument(format!(
            "Shards {one} and {other} in {of} are not an adjacent pair of shards eligible for merging"
        )),
        Why::Retention { hours } => in_use(format!(
            "The retention period of {of} was changed to {hours} hours by another request."
        )),
        Why::Capacity(why) => capacity_refused(&of, account, why),
        Why::Monitoring => {
            in_use(format!("The shard-level metrics of {of} were changed by another request."))
        }
        Why::NoResource => resource_errors::not_found(&of),
        Why::NoPolicy => absent(format!("No resource policy found for {of}.")),
        Why::Channel(why) => channel_refused(&of, why),
        Why::EncryptionQuota { max } => limit(format!(
            "The encryption of {of} can be started and stopped {max} times each in a rolling 24-hour period."
        )),
        Why::OtherEncryption => {
            in_use(format!("The encryption of {of} was changed by another request."))
        }
        Why::HasQueues { count } => in_use(format!(
            "Stream {stream} under account {account} has {count} queues: delete them first."
        )),
        Why::Queue(why) => crate::queue::refused(why, account),
        Why::DeliveryStream(why) => {
            tracing::error!(?why, "the catalog answered with another service's refusal");
            internal()
        }
        Why::Malformed(what) => {
            tracing::error!(what, "the catalog refused a malformed command");
            internal()
        }
    }
}

/// Why a change of mode, capacity or settings was refused. Which code each has: docs/decisions/0030.
pub fn capacity_refused(of: &str, account: AccountId, why: CapacityRefusal) -> Error {
    match why {
        CapacityRefusal::Mode(mode) => Error::validation(format!(
            "The request is not supported for {of}, which is in {} mode.",
            describe::mode_name(mode)
        )),
        CapacityRefusal::ShardCountBounds { open, target } if target > open => limit(format!(
            "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: \
             {open} Target shard count: {target}"
        )),
        CapacityRefusal::ShardCountBounds { open, target } => limit(format!(
            "UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: \
             {open} Target shard count: {target}"
        )),
        CapacityRefusal::ShardCountSame { open } => Error::invalid_argument(format!(
            "TargetShardCount of {of} is its current shard count, {open}, and the shards are of equal size."
        )),
        CapacityRefusal::ScalingRoom { max, open, target } => limit(format!(
            "The way from {open} to {target} equal shards of {of} needs more room for short-lived shards than the \
             shard limit of the account {account} leaves. Limit: {max}."
        )),
        CapacityRefusal::ShardsChanged => Error::new(
            ErrorCode::ResourceInUseException,
            format!("The shards of {of} were changed by another request."),
        ),
        CapacityRefusal::ChangesPerDay { max } => limit(format!(
            "The request would exceed the limit of {max} such changes of {of} in a rolling 24-hour period."
        )),
        CapacityRefusal::OnDemandQuota { max } => limit(format!(
            "This request would exceed the on-demand stream limit for the account {account}. Limit: {max}."
        )),
        CapacityRefusal::HasQueues => in_use(format!(
            "The {of} has queues: delete them before its mode is changed to PROVISIONED."
        )),
        CapacityRefusal::SettingsQuota { max } => limit(format!(
            "This request would exceed the limit of accounts and regions with settings. Limit: {max}."
        )),
    }
}
