//! What a command came to.

use std::sync::Arc;

use millstream_types::ShardId;

use crate::queues::{Queue, QueueRefusal};
use crate::stream::{Stream, StreamStatus};

/// What a command came to. Refusals are outcomes too: every replica comes to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The stream as it is now.
    Stream(Arc<Stream>),
    /// The queue as it is now.
    Queue(Arc<Queue>),
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
    /// The retention is another by now, in hours.
    Retention {
        /// How long records are kept, in hours.
        hours: u32,
    },
    /// The stream still has queues.
    HasQueues {
        /// How many.
        count: u64,
    },
    /// A command about a queue was not done.
    Queue(QueueRefusal),
    /// The command itself makes no sense; only a fault of ours sends one.
    Malformed(&'static str),
}
