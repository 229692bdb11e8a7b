//! The queues that are in memory: opened at first use, closed when nobody has used them for a while.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use millstream_catalog::Queue;
use millstream_log::GroupId;
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::faults::QueueFault;
use super::open::{OpenQueue, QueueCounters};
use super::tender::Tender;
use crate::service::Streams;

/// A queue that nobody has used for so long, and that has nothing to deliver, gives its memory back and its gauges end
/// (developer guide, "Monitoring queues": silent after six idle hours).
const IDLE_MAX: Duration = Duration::from_secs(6 * 3600);

/// The queues that are in memory.
#[derive(Default)]
pub struct OpenQueues {
    slots: Arc<Slots>,
    counters: Mutex<HashMap<GroupId, Arc<QueueCounters>>>,
    /// Whether receives still wait for records.
    ended: watch::Sender<bool>,
}

/// A place for each queue that is in memory or on its way there.
#[derive(Default)]
pub struct Slots(Mutex<HashMap<GroupId, Arc<Slot>>>);

/// A queue's place.
pub struct Slot {
    queue: OnceCell<Arc<OpenQueue>>,
    users: AtomicUsize,
    used: Mutex<Instant>,
    /// Tells the tender to close the queue.
    close: watch::Sender<bool>,
    tender: Mutex<Option<JoinHandle<()>>>,
}

/// A queue in use: it stays in memory as long as this lives.
pub struct InUse {
    _taken: Taken,
    queue: Arc<OpenQueue>,
}

/// A slot that is counted as in use as long as this lives, whatever becomes of whoever took it.
struct Taken {
    slots: Arc<Slots>,
    slot: Arc<Slot>,
    group: GroupId,
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut slots = lock(&self.slots.0);
        *lock(&self.slot.used) = Instant::now();
        let was_last = self.slot.users.fetch_sub(1, Ordering::SeqCst) == 1;
        // A queue that could not be opened leaves its place to others.
        let same = |slot: &Arc<Slot>| Arc::ptr_eq(slot, &self.slot);
        if was_last && self.slot.queue.get().is_none() && slots.get(&self.group).is_some_and(same) {
            slots.remove(&self.group);
        }
    }
}

impl Deref for InUse {
    type Target = OpenQueue;

    fn deref(&self) -> &OpenQueue {
        &self.queue
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slot {
    fn new() -> Self {
        Slot {
            queue: OnceCell::new(),
            users: AtomicUsize::new(0),
            used: Mutex::new(Instant::now()),
            close: watch::Sender::new(false),
            tender: Mutex::default(),
        }
    }
}

impl Slots {
    /// The queue's slot, counted as in use. If there are as many as there may be, the queue that nobody has used for
    /// the longest time makes way.
    fn take(self: &Arc<Self>, group: GroupId, max: u64) -> Result<Taken, QueueFault> {
        let mut slots = lock(&self.0);
        if slots.len() as u64 >= max && !slots.contains_key(&group) {
            let unused = slots.iter().filter(|(_, it)| it.users.load(Ordering::SeqCst) == 0);
            let oldest = unused.min_by_key(|(_, slot)| *lock(&slot.used)).map(|(group, _)| *group);
            let evicted = oldest.and_then(|oldest| slots.remove(&oldest));
            let evicted = evicted.ok_or(QueueFault::TooManyOpen)?;
            evicted.close.send_replace(true);
        }
        let slot = slots.entry(group).or_insert_with(|| Arc::new(Slot::new())).clone();
        slot.users.fetch_add(1, Ordering::SeqCst);
        Ok(Taken { slots: self.clone(), slot, group })
    }

    /// Takes out a queue that has been idle for long. Users come in under the same lock, so none can come between.
    pub fn take_out_if_idle(&self, group: GroupId) -> bool {
        let mut slots = lock(&self.0);
        let idle = slots.get(&group).is_some_and(|slot| {
            slot.users.load(Ordering::SeqCst) == 0 && lock(&slot.used).elapsed() >= IDLE_MAX
        });
        if idle {
            slots.remove(&group);
        }
        idle
    }

    /// Takes out a queue that cannot go on; the next use opens it again.
    pub fn take_out(&self, group: GroupId, queue: &Arc<OpenQueue>) {
        let mut slots = lock(&self.0);
        let same = |slot: &Arc<Slot>| slot.queue.get().is_some_and(|it| Arc::ptr_eq(it, queue));
        if slots.get(&group).is_some_and(same) {
            slots.remove(&group);
        }
    }
}

impl OpenQueues {
    /// The queues that are open now, by group.
    pub fn all(&self) -> Vec<Arc<OpenQueue>> {
        let slots = lock(&self.slots.0);
        let mut all: Vec<_> = slots.values().filter_map(|slot| slot.queue.get().cloned()).collect();
        all.sort_by_key(|queue| queue.group);
        all
    }

    /// Becomes `true` when receives must not wait any more.
    pub fn ended(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }

    /// The counts of a queue, which outlive its stay in memory.
    pub fn counters_of(&self, group: GroupId) -> Arc<QueueCounters> {
        lock(&self.counters).entry(group).or_default().clone()
    }

    /// Closes a queue and waits until nothing of it runs any more.
    pub async fn close(&self, group: GroupId) {
        let slot = lock(&self.slots.0).remove(&group);
        if let Some(slot) = slot {
            let _ = slot.close.send_replace(true);
            let tender = lock(&slot.tender).take();
            if let Some(tender) = tender {
                let _ = tender.await;
            }
        }
    }

    /// Closes a queue that is deleted.
    pub async fn forget(&self, group: GroupId) {
        self.close(group).await;
        lock(&self.counters).remove(&group);
    }
}

impl Streams {
    /// Ends receives that wait, as the server stops.
    pub fn end_waits(&self) {
        self.queues.ended.send_replace(true);
    }

    /// Closes all queues.
    pub(crate) async fn close_queues(&self) {
        self.end_waits();
        let groups: Vec<GroupId> = lock(&self.queues.slots.0).keys().copied().collect();
        for group in groups {
            self.queues.close(group).await;
        }
    }

    /// Opens the queues that there are, as far as there is room: their gauges show what waits for their consumers.
    pub(crate) async fn open_known_queues(self: Arc<Self>) {
        let queues: Vec<Arc<Queue>> =
            self.catalog.read(|state| state.queues().all().cloned().collect());
        for queue in queues {
            if lock(&self.queues.slots.0).len() as u64 >= self.limits.open_queues_max {
                return;
            }
            let is_delivering = QueueFault::unless_delivering(&queue).is_ok();
            if is_delivering && let Err(why) = self.open_queue(&queue).await {
                tracing::warn!(?why, queue = %queue.name, "a queue is not open yet");
            }
        }
    }

    /// The queue in memory; it is replayed if it is not there yet.
    pub(super) async fn open_queue(&self, queue: &Queue) -> Result<InUse, QueueFault> {
        let taken = self.queues.slots.take(queue.group, self.limits.open_queues_max)?;
        let slot = &taken.slot;
        let opened = slot.queue.get_or_try_init(|| async {
            let counters = self.queues.counters_of(queue.group);
            let open = Arc::new(OpenQueue::open(self, queue, counters).await?);
            let tender = Tender::new(self, open.clone(), self.queues.slots.clone());
            *lock(&slot.tender) = Some(tokio::spawn(tender.run(slot.close.subscribe())));
            Ok(open)
        });
        let queue = opened.await?.clone();
        Ok(InUse { _taken: taken, queue })
    }
}
