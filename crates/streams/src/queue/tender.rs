//! What keeps an open queue up with its stream: new shards, ends of shards, records that expire; and closes it when
//! nobody uses it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use millstream_catalog::{Catalog, Queue, ShardState, Stream};
use millstream_log::{Bounds, Log, LogError, LogId, Position};
use millstream_types::{Clock, Millis};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::faults::QueueFault;
use super::machine::{Op, State};
use super::open::OpenQueue;
use super::slots::Slots;
use crate::service::Streams;

/// How often idleness and expiry are looked at.
const TICK: Duration = Duration::from_secs(1);
/// How often, in service time, records that have expired are taken out; a receive never returns one in any case.
const TRIM_EVERY: Duration = Duration::from_secs(10);
/// Shards in one command.
const SHARDS_PER_COMMAND: usize = 4000;

/// How far a shard reaches, as it was learnt.
type Learnt = (u32, Result<Bounds, LogError>);

/// Waits until a watched value is so, or nobody sets it any more.
async fn becomes<T>(watched: &mut watch::Receiver<T>, is_so: impl FnMut(&T) -> bool) {
    let _ = watched.wait_for(is_so).await;
}

/// The task beside an open queue.
pub struct Tender {
    log: Arc<dyn Log>,
    catalog: Arc<Catalog>,
    clock: Arc<dyn Clock>,
    open: Arc<OpenQueue>,
    slots: Arc<Slots>,
    /// The version of the stream that the queue is up with.
    version: u64,
    waits: JoinSet<Learnt>,
    waiting: BTreeSet<u32>,
    trimmed: Millis,
}

impl Tender {
    pub fn new(streams: &Streams, open: Arc<OpenQueue>, slots: Arc<Slots>) -> Self {
        Tender {
            log: streams.log.clone(),
            catalog: streams.catalog.clone(),
            clock: streams.clock.clone(),
            open,
            slots,
            version: 0,
            waits: JoinSet::new(),
            waiting: BTreeSet::new(),
            trimmed: Millis(0),
        }
    }

    /// Serves until it is told to close, the queue is idle, or its state cannot go on.
    pub async fn run(mut self, mut close: watch::Receiver<bool>) {
        let mut changes = self.catalog.changes();
        let mut failed = self.open.replica.failed();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            changes.mark_unchanged();
            self.follow().await;
            tokio::select! {
                () = becomes(&mut close, |close| *close) => break,
                () = becomes(&mut failed, Option::is_some) => break,
                changed = changes.changed() => {
                    if changed.is_err() {
                        break;
                    }
                }
                Some(learnt) = self.waits.join_next() => {
                    if let Ok((shard, bounds)) = learnt {
                        self.learn(shard, bounds);
                    }
                }
                _ = tick.tick() => {
                    if !self.has_backlog() && self.slots.take_out_if_idle(self.open.group) {
                        break;
                    }
                    self.wait_for_shards();
                    self.trim_if_due().await;
                }
            }
        }
        self.waits.abort_all();
        self.slots.take_out(self.open.group, &self.open);
        self.open.replica.stop().await;
        // Whoever still waits learns that the queue is gone.
        self.open.tell();
    }

    /// Learns of new and closed shards.
    async fn follow(&mut self) {
        let Some((stream, queue)) = self.known() else { return };
        let begun = self.open.replica.read(State::begun);
        if !begun || stream.version <= self.version {
            return;
        }
        match self.send_changes(&stream, &queue).await {
            Ok(()) => self.version = stream.version,
            Err(why) => {
                tracing::warn!(?why, queue = %queue.name, "a queue does not know the stream's shards yet");
            }
        }
        self.open.replica.read(|state| self.open.forget_ends(|shard| state.is_live(shard)));
        self.wait_for_shards();
    }

    fn known(&self) -> Option<(Arc<Stream>, Arc<Queue>)> {
        self.catalog.read(|state| {
            let stream = state.by_group(self.open.stream)?.clone();
            Some((stream, state.queues().by_group(self.open.group)?.clone()))
        })
    }

    async fn send_changes(&self, stream: &Stream, queue: &Queue) -> Result<(), QueueFault> {
        for shards in stream.shards.chunks(SHARDS_PER_COMMAND) {
            let (mut new, mut ended, mut gone) = (Vec::new(), Vec::new(), Vec::new());
            self.open.replica.read(|state| {
                for shard in shards {
                    let number = shard.id.0;
                    let is_new = !state.has_met(number);
                    match shard.state {
                        ShardState::Reserved => {}
                        ShardState::Open | ShardState::Closing if is_new => new.push(number),
                        ShardState::Open | ShardState::Closing => {}
                        ShardState::Closed { end, .. } => {
                            if is_new {
                                new.push(number);
                            }
                            if is_new || state.is_unended(number) {
                                ended.push((number, end.0));
                            }
                        }
                        ShardState::Expired if is_new || state.is_live(number) => gone.push(number),
                        ShardState::Expired => {}
                    }
                }
            });
            if !(new.is_empty() && ended.is_empty() && gone.is_empty()) {
                let op = Op::Shards { new, ended, gone };
                self.open.submit(queue, self.clock.now(), op).await?;
                self.open.tell();
            }
        }
        Ok(())
    }

    fn log_of(&self, shard: u32) -> LogId {
        LogId { group: self.open.stream, index: shard }
    }

    /// Waits at the end of each shard that may still grow, if it does not already.
    fn wait_for_shards(&mut self) {
        let live: Vec<u32> = self.open.replica.read(|state| {
            let open =
                state.live().map(|(shard, _)| shard).filter(|shard| state.is_unended(*shard));
            open.filter(|shard| !self.waiting.contains(shard)).collect()
        });
        for shard in live {
            self.wait(shard, None);
        }
    }

    /// Waits until a shard reaches further than `after`, or learns at once how far it reaches.
    fn wait(&mut self, shard: u32, after: Option<Position>) {
        let (log, id) = (self.log.clone(), self.log_of(shard));
        self.waiting.insert(shard);
        self.waits.spawn(async move {
            if let Some(after) = after
                && let Err(why) = log.wait(id, after).await
            {
                return (shard, Err(why));
            }
            (shard, log.bounds(id).await)
        });
    }

    fn learn(&mut self, shard: u32, bounds: Result<Bounds, LogError>) {
        match bounds {
            Ok(bounds) => {
                self.open.reaches(shard, bounds.end.0);
                // A sealed shard stays in `waiting`, so that nobody waits for it again.
                if !bounds.sealed {
                    self.wait(shard, Some(bounds.end));
                }
            }
            // The next tick tries again.
            Err(_) => drop(self.waiting.remove(&shard)),
        }
    }

    /// Whether the queue has records to deliver, or records in flight.
    fn has_backlog(&self) -> bool {
        let tracked = self.open.replica.read(|state| state.counts().tracked());
        tracked > 0 || self.open.never_received() > 0
    }

    /// Takes out what is beyond the stream's retention.
    async fn trim_if_due(&mut self) {
        let now = self.clock.now();
        if now.since(self.trimmed) < TRIM_EVERY {
            return;
        }
        self.trimmed = now;
        let Some((stream, queue)) = self.known() else { return };
        let horizon = stream.horizon(now);
        if horizon <= stream.created {
            return;
        }
        let live: Vec<u32> =
            self.open.replica.read(|state| state.live().map(|(shard, _)| shard).collect());
        let mut ranges = Vec::new();
        for shard in live {
            let Ok(kept) = self.log.find(self.log_of(shard), horizon).await else { continue };
            let floor = self.open.replica.read(|state| state.floor(shard));
            if floor.is_some_and(|floor| floor < kept.0) {
                ranges.push((shard, 0, kept.0));
            }
        }
        for ranges in ranges.chunks(SHARDS_PER_COMMAND) {
            let op = Op::Discard { ranges: ranges.to_vec() };
            if let Err(why) = self.open.submit(&queue, now, op).await {
                tracing::warn!(?why, queue = %queue.name, "expired records are not taken out of a queue yet");
            }
        }
    }
}
