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

/// A queue that nobody has used for so long gives its memory back.
const IDLE_MAX: Duration = Duration::from_secs(300);

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
    slot: Arc<Slot>,
    queue: Arc<OpenQueue>,
}

impl Deref for InUse {
    type Target = OpenQueue;

    fn deref(&self) -> &OpenQueue {
        &self.queue
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.slot.release();
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

    fn release(&self) {
        *lock(&self.used) = Instant::now();
        self.users.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Slots {
    /// The queue's slot, counted as in use.
    fn take(&self, group: GroupId, max: u64) -> Result<Arc<Slot>, QueueFault> {
        let mut slots = lock(&self.0);
        if slots.len() as u64 >= max && !slots.contains_key(&group) {
            return Err(QueueFault::TooManyOpen);
        }
        let slot = slots.entry(group).or_insert_with(|| Arc::new(Slot::new())).clone();
        slot.users.fetch_add(1, Ordering::SeqCst);
        Ok(slot)
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

    /// The queue in memory; it is replayed if it is not there yet.
    pub(super) async fn open_queue(&self, queue: &Queue) -> Result<InUse, QueueFault> {
        let slot = self.queues.slots.take(queue.group, self.limits.open_queues_max)?;
        let opened = slot.queue.get_or_try_init(|| async {
            let counters = self.queues.counters_of(queue.group);
            let open = Arc::new(OpenQueue::open(self, queue, counters).await?);
            let tender = Tender::new(self, open.clone(), self.queues.slots.clone());
            *lock(&slot.tender) = Some(tokio::spawn(tender.run(slot.close.subscribe())));
            Ok(open)
        });
        match opened.await {
            Ok(open) => {
                let queue = open.clone();
                Ok(InUse { slot, queue })
            }
            Err(why) => {
                slot.release();
                Err(why)
            }
        }
    }
}
