//! A queue as it is written into a snapshot.

use std::collections::BTreeMap;

use millstream_replica::GroupId;
use millstream_types::{AccountId, Millis};
use minicbor::{Decode, Encode};

use super::apply::start_of;
use super::{Queue, QueueStatus};

/// A queue.
#[derive(Encode, Decode)]
pub struct StoredQueue {
    #[n(0)]
    group: u64,
    #[n(1)]
    account: u64,
    #[n(2)]
    region: String,
    #[n(3)]
    name: String,
    #[n(4)]
    id: String,
    #[n(5)]
    created: u64,
    #[n(6)]
    status: u8,
    #[n(7)]
    status_since: u64,
    #[n(8)]
    stream: u64,
    #[n(9)]
    stream_name: String,
    #[n(10)]
    stream_created: u64,
    /// Kind and time.
    #[n(11)]
    start: (u8, u64),
    #[n(12)]
    effective_start: Option<u64>,
    #[n(13)]
    visibility_seconds: u32,
    #[n(14)]
    receives_max: Option<u32>,
    #[n(15)]
    tags: BTreeMap<String, String>,
    #[n(16)]
    policy: Option<String>,
}

const STATUSES: [QueueStatus; 4] =
    [QueueStatus::Creating, QueueStatus::Active, QueueStatus::Updating, QueueStatus::Deleting];

impl From<&Queue> for StoredQueue {
    fn from(queue: &Queue) -> Self {
        let status = STATUSES.iter().position(|status| *status == queue.status).unwrap_or(0) as u8;
        StoredQueue {
            group: queue.group.0,
            account: queue.account.as_u64(),
            region: queue.region.to_string(),
            name: queue.name.to_string(),
            id: queue.id.to_string(),
            created: queue.created.0,
            status,
            status_since: queue.status_since.0,
            stream: queue.stream.0,
            stream_name: queue.stream_name.to_string(),
            stream_created: queue.stream_created.0,
            start: queue.start.stored(),
            effective_start: queue.effective_start.map(|at| at.0),
            visibility_seconds: queue.visibility_seconds,
            receives_max: queue.receives_max,
            tags: queue.tags.clone(),
            policy: queue.policy.clone(),
        }
    }
}

impl StoredQueue {
    /// The queue; the text says what is wrong with it.
    pub fn restore(self) -> Result<Queue, String> {
        let wrong = |what: &str| format!("queue of group {}: {what}", self.group);
        Ok(Queue {
            group: GroupId(self.group),
            account: AccountId::from_u64(self.account).map_err(|_| wrong("account"))?,
            region: self.region.parse().map_err(|_| wrong("region"))?,
            name: self.name.parse().map_err(|_| wrong("name"))?,
            id: self.id.parse().map_err(|_| wrong("id"))?,
            created: Millis(self.created),
            status: *STATUSES.get(usize::from(self.status)).ok_or_else(|| wrong("status"))?,
            status_since: Millis(self.status_since),
            stream: GroupId(self.stream),
            stream_name: self.stream_name.parse().map_err(|_| wrong("stream"))?,
            stream_created: Millis(self.stream_created),
            start: start_of(self.start),
            effective_start: self.effective_start.map(Millis),
            visibility_seconds: self.visibility_seconds,
            receives_max: self.receives_max,
            tags: self.tags,
            policy: self.policy,
        })
    }
}
