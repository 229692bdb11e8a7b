//! What a command came to.

use std::sync::Arc;

use millstream_types::{ConsumerName, ShardId};

use crate::channels::{Channel, ChannelRefusal};
use crate::delivery_streams::{DeliveryStream, DeliveryStreamRefusal};
use crate::queues::{Queue, QueueRefusal};
use crate::stream::{Stream, StreamMode, StreamStatus};

/// What a command came to. Refusals are outcomes too: every replica comes to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The stream as it is now.
    Stream(Arc<Stream>),
    /// The channel as it is now.
    Channel(Arc<Channel>),
    /// The queue as it is now.
    Queue(Arc<Queue>),
    /// The delivery stream as it is now.
    DeliveryStream(Arc<DeliveryStream>),
    /// Done; there is nothing to show.
    Done,
    /// Not done.
    Refused(Refusal),
}

/// Why a command was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The name is taken.
    NameTaken,
    /// There is no such stream (any more).
    NoStream,
    /// The stream's status forbids it.
    Status(StreamStatus),
    /// The open shards of the account would be more than allowed.
    ShardQuota {
        /// The quota.
        max: u64,
        /// How many are open.
        open: u64,
    },
    /// The streams of the account would be more than allowed.
    StreamQuota {
        /// The quota.
        max: u64,
    },
    /// Too many streams are being created at once.
    CreatingQuota {
        /// The quota.
        max: u64,
    },
    /// There would be too many tags.
    TagQuota {
        /// The quota.
        max: u64,
    },
    /// The stream has no such shard, or it has expired.
    NoShard(ShardId),
    /// The shard was split or merged before.
    ShardClosed(ShardId),
    /// The hash key does not lie inside the shard, above its start.
    KeyOutside(ShardId),
    /// The two shards do not lie beside each other.
    NotAdjacent(ShardId, ShardId),
    /// A consumer of this name is there already.
    ConsumerNameTaken(ConsumerName),
    /// The stream has no such consumer (any more).
    NoConsumer(ConsumerName),
    /// The stream still has consumers.
    HasConsumers,
    /// The stream would have too many consumers.
    ConsumerQuota {
        /// The quota.
        max: u64,
    },
    /// Too many consumers of the stream are being created at once.
    CreatingConsumerQuota {
        /// The quota.
        max: u64,
    },
    /// The retention is another by now, in hours.
    Retention {
        /// How long records are kept, in hours.
        hours: u32,
    },
    /// A change of mode, number of shards or settings is not possible.
    Capacity(CapacityRefusal),
    /// The shard-level metrics are others by now.
    Monitoring,
    /// There is no such consumer or queue (any more).
    NoResource,
    /// The resource has no policy.
    NoPolicy,
    /// Of a command about channels.
    Channel(ChannelRefusal),
    /// Encryption would be started or stopped more often than allowed in 24 hours.
    EncryptionQuota {
        /// The quota.
        max: u64,
    },
    /// The stream is not encrypted with this data key (any more).
    OtherEncryption,
    /// The stream still has queues.
    HasQueues {
        /// How many.
        count: u64,
    },
    /// A command about a queue was not done.
    Queue(QueueRefusal),
    /// A command about a delivery stream was not done.
    DeliveryStream(DeliveryStreamRefusal),
    /// The command itself makes no sense; only a fault of ours sends one.
    Malformed(&'static str),
}

/// Why a change of mode, number of shards or settings was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CapacityRefusal {
    /// The change is not for streams of this mode.
    Mode(StreamMode),
    /// The number of shards is more than double, or less than half, of what is open.
    ShardCountBounds {
        /// How many are open.
        open: u32,
        /// How many there were to be.
        target: u32,
    },
    /// The open shards are as many and as equal as was asked for.
    ShardCountSame {
        /// How many are open.
        open: u32,
    },
    /// The quota leaves too little room for the shards that are open on the way, if it is to end in bounded time.
    ScalingRoom {
        /// The quota.
        max: u64,
        /// How many are open.
        open: u32,
        /// How many there were to be.
        target: u32,
    },
    /// The shards are others by now than those that the change was planned for.
    ShardsChanged,
    /// The change was made too often in 24 hours.
    ChangesPerDay {
        /// The quota.
        max: u64,
    },
    /// The on-demand streams of the account would be more than allowed.
    OnDemandQuota {
        /// The quota.
        max: u64,
    },
    /// The stream has queues, which only on-demand streams have.
    HasQueues,
    /// More accounts and regions have settings than are kept.
    SettingsQuota {
        /// The quota.
        max: u64,
    },
}
