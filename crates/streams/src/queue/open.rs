//! A queue that is in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use millstream_catalog::Queue;
use millstream_counters::Counter;
use millstream_log::GroupId;
use millstream_replica::{Replica, ReplicaSetup, Settings, SingleNode};
use millstream_types::Millis;
use tokio::sync::watch;

use super::faults::QueueFault;
use super::machine::{Command, Counts, Op, Outcome, Outlook, QueueMachine};
use crate::bucket::Bucket;
use crate::service::Streams;

/// Bytes of commands after which a snapshot is begun: less than the catalog's, since there are many queues and each is
/// replayed while someone waits.
const SNAPSHOT_LOG_BYTES_MIN: u64 = 4 * 1024 * 1024;
/// Shards of which one receive tells the state how far they reach: it hands out ten records at most.
const NEWS_SHARDS_MAX: usize = 16;

/// What is counted for a queue (developer guide, "Monitoring queues"), in the metrics' own terms.
#[derive(Debug, Default)]
pub struct QueueCounters {
    /// `ReceivedQueueRecords`.
    pub received: Counter,
    /// `AcknowledgedQueueRecords`.
    pub acknowledged: Counter,
    /// `EmptyReceives`.
    pub empty_receives: Counter,
}

/// A queue that is in memory.
pub struct OpenQueue {
    /// Its own group.
    pub group: GroupId,
    /// The group of its stream.
    pub stream: GroupId,
    /// What it has delivered.
    pub replica: Replica<QueueMachine>,
    /// How far the stream's shards reach, as the tender sees it.
    ends: Mutex<BTreeMap<u32, u64>>,
    /// Changes whenever a receive may find something that was not there before.
    pub news: watch::Sender<()>,
    /// Calls that receive.
    pub receives: Bucket,
    /// Records that are changed.
    pub entries: Bucket,
    /// Counts, kept when the queue leaves memory.
    pub counters: Arc<QueueCounters>,
}

/// What a receive may find.
pub struct Look {
    /// When.
    pub outlook: Outlook,
    /// What the state does not know of the shards' ends.
    pub news: Vec<(u32, u64)>,
}

impl OpenQueue {
    /// Replays the queue's log.
    pub async fn open(
        streams: &Streams,
        queue: &Queue,
        counters: Arc<QueueCounters>,
    ) -> Result<Self, QueueFault> {
        let setup = ReplicaSetup {
            log: streams.log.clone(),
            group: queue.group,
            placement: Arc::new(SingleNode),
            clock: streams.clock.clone(),
            random: streams.random.clone(),
            settings: Settings {
                snapshot_log_bytes_min: SNAPSHOT_LOG_BYTES_MIN,
                ..Settings::default()
            },
        };
        let now = streams.now();
        Ok(OpenQueue {
            group: queue.group,
            stream: queue.stream,
            replica: Replica::open(setup).await.map_err(QueueFault::State)?,
            ends: Mutex::default(),
            news: watch::Sender::new(()),
            receives: Bucket::new(streams.limits.queue_receives_per_second, now),
            entries: Bucket::new(streams.limits.queue_entries_per_second, now),
            counters,
        })
    }

    /// Changes the state, under the rules of the queue as it is now.
    pub async fn submit(&self, queue: &Queue, now: Millis, op: Op) -> Result<Outcome, QueueFault> {
        let receives_max = queue.receives_max.unwrap_or(0);
        let command = Command { now: now.0, receives_max, op };
        self.replica.submit(&command).await.map_err(QueueFault::State)
    }

    /// What a receive may find now.
    pub fn look(&self, now: Millis, dead: bool) -> Look {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        self.replica.read(|state| {
            let news = if dead { Vec::new() } else { state.news(&ends, NEWS_SHARDS_MAX) };
            let outlook = match state.outlook(now.0, dead) {
                _ if !news.is_empty() => Outlook::Now,
                outlook => outlook,
            };
            Look { outlook, news }
        })
    }

    /// A shard reaches as far as `end`; those who wait look again if that is further than before.
    pub fn reaches(&self, shard: u32, end: u64) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = ends.insert(shard, end).is_none_or(|before| before < end);
        drop(ends);
        if moved {
            self.news.send_replace(());
        }
    }

    /// Records may be visible that were not before.
    pub fn tell(&self) {
        self.news.send_replace(());
    }

    /// Forgets ends of shards that have nothing for the queue any more.
    pub fn forget_ends(&self, is_live: impl Fn(u32) -> bool) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.retain(|shard, _| is_live(*shard));
    }

    /// How many records there are in each phase now.
    pub fn counts(&self, queue: &Queue, now: Millis) -> Counts {
        self.replica.read(|state| state.counts_at(now.0, queue.receives_max.unwrap_or(0)))
    }

    /// Records that were never received, as far as is known.
    pub fn never_received(&self) -> u64 {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        self.replica.read(|state| {
            let known = state.never_received();
            let news = state.news(&ends, usize::MAX);
            let further = |(shard, end): &(u32, u64)| end - state.end_of(*shard).unwrap_or(*end);
            known + news.iter().map(further).sum::<u64>()
        })
    }
}
