//! Enhanced fan-out: subscriptions of consumers to shards.
//!
//! A subscription is a future that its own reply polls (`feed`, `outbox`): a client that does not read costs one event,
//! and not for long (`stalled`). At the tail of a shard one task reads and encodes each event once for all who are
//! there (`shard`, `tail`); who falls behind reads the log by itself until it catches up (`alone`).

mod alone;
mod counters;
mod event;
mod feed;
mod gather;
mod outbox;
mod shard;
mod stalled;
mod tail;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use millstream_catalog::{Consumer, Stream};
use millstream_counters::{Collect, Collector, Counter, Sample};
use millstream_log::{GroupId, LogId};
use millstream_types::{ConsumerName, Millis};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

pub use event::{EventEncoder, PushEvent};
pub(crate) use feed::FeedStart;
pub use outbox::{Stalled, Subscription};

use self::counters::ConsumerCounters;
use self::shard::{ConsumerKey, Place, ShardFan};
use crate::consumer_errors::ConsumerRefusal;
use crate::errors::Refusal;
use crate::limits::{Limits, READERS_MAX, SUBSCRIPTION_CALL_BUCKETS_MAX};
use crate::rates::Rates;

/// The unit in which memory for events is reserved.
const EVENT_PERMIT_BYTES: u64 = 1024;

/// What `enter` would say.
enum MayEnter {
    Yes,
    /// The node has as many as it may.
    TooMany,
    /// Another subscription has the consumer's place.
    Taken,
}

/// What came of an attempt to reserve memory.
enum Reserved {
    Taken(OwnedSemaphorePermit),
    /// There is too little now.
    Short,
}

/// All subscriptions of the node.
pub(crate) struct FanOut {
    shards: Mutex<HashMap<LogId, Arc<ShardFan>>>,
    budget: Arc<Semaphore>,
    budget_permits: u32,
    active: AtomicU64,
    next_id: AtomicU64,
    /// Turns at reading alone.
    readers: Semaphore,
    /// Somebody wanted memory that was not there, since it was last looked.
    short: AtomicBool,
    watched: Mutex<stalled::Watched>,
    gather: gather::Gather,
    /// Subscriptions that were ended because their clients did not read.
    stalled: Counter,
    /// Calls of SubscribeToShard, by consumer and shard.
    pub(crate) calls: Rates,
    counters: Mutex<HashMap<(GroupId, ConsumerName), Arc<ConsumerCounters>>>,
}

impl FanOut {
    /// With a budget of `bytes_max` for events that are kept for sharing or under way to clients.
    pub(crate) fn new(bytes_max: u64) -> Self {
        let budget_permits = (bytes_max / EVENT_PERMIT_BYTES).clamp(1, 1 << 28) as u32;
        FanOut {
            shards: Mutex::default(),
            budget: Arc::new(Semaphore::new(budget_permits as usize)),
            budget_permits,
            active: AtomicU64::new(0),
            next_id: AtomicU64::new(1),
            readers: Semaphore::new(READERS_MAX),
            short: AtomicBool::new(false),
            watched: Mutex::default(),
            gather: gather::Gather::default(),
            stalled: Counter::new(),
            calls: Rates::of_at_most(SUBSCRIPTION_CALL_BUCKETS_MAX),
            counters: Mutex::default(),
        }
    }

    fn shards(&self) -> MutexGuard<'_, HashMap<LogId, Arc<ShardFan>>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a consumer's place at a shard, and whether the shard's task is to be started.
    fn enter(
        &self,
        place: Place,
        now: Millis,
        max: u64,
    ) -> Result<(Arc<ShardFan>, u64, bool), Refusal> {
        if self.active.fetch_add(1, Ordering::Relaxed) >= max {
            self.active.fetch_sub(1, Ordering::Relaxed);
            return Err(ConsumerRefusal::SubscriptionQuota { max }.into());
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut shards = self.shards();
        let known = shards.get(&place.log).cloned();
        let fan = known.clone().unwrap_or_else(|| Arc::new(ShardFan::new(place.log)));
        match fan.enter(place, id, now) {
            Ok(()) => {
                shards.insert(fan.log, fan.clone());
                Ok((fan, id, known.is_none()))
            }
            Err(refusal) => {
                self.active.fetch_sub(1, Ordering::Relaxed);
                Err(refusal)
            }
        }
    }

    /// Whether `enter` would let the consumer in.
    fn may_enter(
        &self,
        shard: LogId,
        consumer: &ConsumerKey,
        limits: &Limits,
        now: Millis,
    ) -> MayEnter {
        if self.active.load(Ordering::Relaxed) >= limits.subscriptions_max {
            return MayEnter::TooMany;
        }
        let take_over_after = Duration::from_millis(limits.subscription_take_over_ms);
        let shards = self.shards();
        match shards.get(&shard).is_none_or(|fan| fan.is_free(consumer, take_over_after, now)) {
            true => MayEnter::Yes,
            false => MayEnter::Taken,
        }
    }

    /// Takes a shard out if nobody is subscribed to it: its task ends.
    fn close_if_empty(&self, fan: &ShardFan) -> bool {
        let mut shards = self.shards();
        let empty = fan.is_empty();
        if empty {
            shards.remove(&fan.log);
        }
        empty
    }

    /// How many bytes the events that one shard keeps for sharing may have: half of the budget over all shards.
    fn ring_permits_max(&self) -> u32 {
        let shards = self.shards().len().max(1) as u32;
        self.budget_permits / 2 / shards
    }

    fn permits_of(&self, bytes: usize) -> u32 {
        // One event may be larger than a small budget; it is then sent alone.
        (bytes as u64).div_ceil(EVENT_PERMIT_BYTES).min(u64::from(self.budget_permits)) as u32
    }

    /// Memory for an event, if it is there now.
    fn try_reserve(&self, bytes: usize) -> Reserved {
        match self.budget.clone().try_acquire_many_owned(self.permits_of(bytes)) {
            Ok(permit) => Reserved::Taken(permit),
            Err(_) => {
                self.short.store(true, Ordering::Relaxed);
                Reserved::Short
            }
        }
    }

    /// Memory for an event, in turn.
    fn reserve(
        &self,
        bytes: usize,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + use<> {
        self.budget.clone().acquire_many_owned(self.permits_of(bytes))
    }

    /// The counters of a consumer.
    pub(crate) fn counters_of(
        &self,
        stream: &Stream,
        consumer: &Consumer,
    ) -> Arc<ConsumerCounters> {
        let mut all = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (stream.group, consumer.name.clone());
        let fresh = || {
            let (region, name) = (stream.region.clone(), stream.name.clone());
            Arc::new(ConsumerCounters::new(stream.account, region, name, consumer.name.clone()))
        };
        all.entry(key).or_insert_with(fresh).clone()
    }

    /// Forgets a stream that was deleted.
    pub(crate) fn forget(&self, stream: GroupId) {
        let mut all = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(group, _), _| *group != stream);
    }

    /// Forgets a consumer that was removed.
    pub(crate) fn forget_consumer(&self, stream: GroupId, consumer: &ConsumerName) {
        let mut all = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&(stream, consumer.clone()));
    }
}

impl Collect for FanOut {
    fn collect(&self, to: &mut dyn Collector) {
        let mut gauge = |name, help, value| to.sample(name, help, &[], Sample::Gauge(value));
        gauge(
            "millstream_subscriptions",
            "Open subscriptions.",
            self.active.load(Ordering::Relaxed),
        );
        let used = (self.budget_permits as usize).saturating_sub(self.budget.available_permits());
        gauge(
            "millstream_memory_subscriptions_bytes",
            "Events of subscriptions in memory.",
            used as u64 * EVENT_PERMIT_BYTES,
        );
        gauge(
            "millstream_memory_subscriptions_limit_bytes",
            "What events of subscriptions may take.",
            u64::from(self.budget_permits) * EVENT_PERMIT_BYTES,
        );
        to.sample(
            "millstream_subscriptions_stalled_total",
            "Subscriptions that were ended because their clients did not read.",
            &[],
            Sample::Counter(self.stalled.get()),
        );
        let all = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = all.values().cloned().collect();
        all.sort_by(|a, b| a.name().cmp(&b.name()));
        counters::collect(&all, to);
    }
}
