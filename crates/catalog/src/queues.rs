//! Queues as the catalog knows them: what was asked for and what becomes of it. What each queue has delivered is a
//! machine of its own, in a log of the queue's own group.

mod apply;
mod index;
pub(crate) mod slices;
mod stored;

use std::collections::BTreeMap;

use millstream_replica::GroupId;
use millstream_types::{
    AccountId, Millis, QueueArn, QueueId, QueueName, Region, StreamArn, StreamName,
};

pub(crate) use apply::{apply, change, not_deleting};
pub use index::Queues;
pub use stored::StoredQueue;

/// A queue. Handed out as an `Arc` that never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its own logs' group; its identity, never reused.
    pub group: GroupId,
    /// The owner.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The name, unique in account and region.
    pub name: QueueName,
    /// The generated id.
    pub id: QueueId,
    /// When it was created.
    pub created: Millis,
    /// Its status.
    pub status: QueueStatus,
    /// When the status was reached.
    pub status_since: Millis,
    /// The stream that it reads.
    pub stream: GroupId,
    /// The stream's name.
    pub stream_name: StreamName,
    /// When the stream was created.
    pub stream_created: Millis,
    /// Where it was asked to begin.
    pub start: QueueStart,
    /// The time from which it delivers, once it is ACTIVE.
    pub effective_start: Option<Millis>,
    /// How long a record is hidden once it is received.
    pub visibility_seconds: u32,
    /// After how many receives a record is a dead letter; never if absent.
    pub receives_max: Option<u32>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its resource policy.
    pub policy: Option<String>,
}

impl Queue {
    /// Its ARN.
    pub fn arn(&self) -> QueueArn {
        QueueArn { region: self.region.clone(), account: self.account, id: self.id.clone() }
    }

    /// The ARN of the stream that it reads.
    pub fn stream_arn(&self) -> StreamArn {
        let (region, account) = (self.region.clone(), self.account);
        StreamArn { region, account, name: self.stream_name.clone() }
    }
}

/// Where a queue begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueStart {
    /// After the newest record.
    Latest,
    /// At the oldest record that is kept.
    TrimHorizon,
    /// At the first record that arrived at or after a time.
    AtTimestamp(Millis),
}

/// A queue's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueStatus {
    /// Being made; delivers nothing yet.
    Creating,
    /// At work.
    Active,
    /// At work while a change is under way.
    Updating,
    /// Being deleted; delivers nothing any more.
    Deleting,
}

/// Why a command about a queue was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueRefusal {
    /// The name is taken.
    NameTaken,
    /// There is no such queue (any more).
    NoQueue,
    /// The queue's status forbids it.
    Status(QueueStatus),
    /// The stream is not of on-demand mode.
    NotOnDemand,
    /// The stream would have more readers than allowed.
    ReaderQuota {
        /// The quota.
        max: u64,
    },
    /// Too many queues are being created, or deleted, at once.
    TransitionQuota {
        /// Which of the two.
        status: QueueStatus,
        /// The quota.
        max: u64,
    },
}
