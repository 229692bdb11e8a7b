//! Places among the clients that are sent an object. A client that takes nothing loses its place to one that waits.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use super::TURN_TIMEOUT;
use crate::connection::RequestGuard;
use crate::stream_task::StreamTask;

/// How long a client may leave a piece untaken while others wait for its place.
const STALLED: Duration = Duration::from_secs(5);
/// How often one that waits looks for such a client.
const LOOK: Duration = Duration::from_millis(500);

/// The places, and who has them.
pub struct Places {
    free: Arc<Semaphore>,
    taken: Mutex<BTreeMap<u64, Arc<Holder>>>,
    next: AtomicU64,
    began: Instant,
}

/// A client that is sent an object.
struct Holder {
    permit: Mutex<Option<OwnedSemaphorePermit>>,
    /// Since when it has had something to take, in milliseconds since the places are there, plus one; 0 while it waits
    /// for the disk, or for the key to the object.
    untaken_since: AtomicU64,
    ended: AtomicBool,
    /// Its stream of HTTP/2.
    task: Option<StreamTask>,
    /// The connection is in use until all is sent.
    guard: Mutex<Option<RequestGuard>>,
}

/// A place; it is free again when this is dropped.
pub struct PlaceHeld {
    places: Arc<Places>,
    number: u64,
    holder: Arc<Holder>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Places {
    /// So many places.
    pub fn new(count: usize) -> Arc<Self> {
        Arc::new(Places {
            free: Arc::new(Semaphore::new(count)),
            taken: Mutex::default(),
            next: AtomicU64::new(0),
            began: Instant::now(),
        })
    }

    /// Waits for a place; `None` if there was none in time. While it waits, whoever has not taken anything for longest
    /// is let go, one at a time. Belongs into the task that answers.
    pub async fn take(self: &Arc<Self>) -> Option<PlaceHeld> {
        let mut free = pin!(self.free.clone().acquire_owned());
        let waits = async {
            loop {
                tokio::select! {
                    biased;
                    permit = &mut free => return permit.ok(),
                    () = sleep(LOOK) => self.end_stalled(),
                }
            }
        };
        let permit = timeout(TURN_TIMEOUT, waits).await.ok().flatten()?;
        Some(self.hold(permit))
    }

    fn hold(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> PlaceHeld {
        let holder = Arc::new(Holder {
            permit: Mutex::new(Some(permit)),
            untaken_since: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            task: StreamTask::current(),
            guard: Mutex::default(),
        });
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.taken).insert(number, holder.clone());
        PlaceHeld { places: self.clone(), number, holder }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64 + 1
    }

    /// Lets the client go that has left a piece untaken for longest, if that is too long.
    fn end_stalled(&self) {
        let late = self.now().saturating_sub(STALLED.as_millis() as u64);
        let mut taken = lock(&self.taken);
        let since = |holder: &Holder| holder.untaken_since.load(Ordering::Relaxed);
        let stalled = taken.iter().map(|(number, holder)| (since(holder), *number));
        let stalled = stalled.filter(|(since, _)| (1..=late).contains(since)).min();
        let holder = stalled.and_then(|(_, number)| taken.remove(&number));
        drop(taken);
        if let Some(holder) = holder {
            tracing::debug!("a client that does not read lost its place to one that waits");
            holder.end();
        }
    }
}

impl Holder {
    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        let guard = lock(&self.guard).take();
        match (&self.task, &guard) {
            (Some(task), _) => task.end(),
            (None, Some(guard)) => guard.activity().end(),
            // Its head is not sent yet: the body's first piece ends it.
            (None, None) => {}
        }
        drop(lock(&self.permit).take());
    }
}

impl PlaceHeld {
    /// Keeps the request's guard as long as this is held.
    pub fn hold(&self, guard: RequestGuard) {
        *lock(&self.holder.guard) = Some(guard);
    }

    /// Whether the place was lost: nothing more is sent.
    pub fn is_lost(&self) -> bool {
        self.holder.ended.load(Ordering::Acquire)
    }

    /// The client waits for the disk.
    pub fn reads(&self) {
        self.holder.untaken_since.store(0, Ordering::Relaxed);
    }

    /// The client has a piece to take.
    pub fn hands_over(&self) {
        self.holder.untaken_since.store(self.places.now(), Ordering::Relaxed);
    }
}

impl Drop for PlaceHeld {
    fn drop(&mut self) {
        lock(&self.places.taken).remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Activity;
    use crate::limits::HttpLimits;

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_for_longest_loses_its_place_to_one_that_waits() {
        let places = Places::new(2);
        let first = places.take().await.unwrap();
        first.hands_over();
        let activity = Activity::new(std::net::Ipv4Addr::LOCALHOST.into(), false);
        first.hold(activity.begin_request());
        tokio::time::advance(Duration::from_secs(1)).await;
        let second = places.take().await.unwrap();
        second.hands_over();
        let began = Instant::now();
        let third = places.take().await.unwrap();
        assert!(began.elapsed() < TURN_TIMEOUT, "{:?}", began.elapsed());
        assert!(first.is_lost() && !second.is_lost() && !third.is_lost());
        // Its connection ends long before any of its limits.
        let began = Instant::now();
        activity.too_slow(&HttpLimits::default()).await;
        assert!(began.elapsed() < Duration::from_millis(10));
        // What it still has is dropped later, and frees nothing twice.
        drop(first);
        assert_eq!(places.free.available_permits(), 0);
        drop((second, third));
        assert_eq!(places.free.available_permits(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_handed_nothing_yet_keeps_its_place() {
        let places = Places::new(1);
        let waits_for_its_key = places.take().await.unwrap();
        assert!(places.take().await.is_none());
        assert!(!waits_for_its_key.is_lost());
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_on_or_waits_for_the_disk_keeps_its_place() {
        let places = Places::new(2);
        let (goes_on, reads) = (places.take().await.unwrap(), places.take().await.unwrap());
        reads.reads();
        let goes_on = async {
            loop {
                goes_on.hands_over();
                sleep(STALLED / 2).await;
                assert!(!goes_on.is_lost());
            }
        };
        tokio::select! {
            place = places.take() => assert!(place.is_none()),
            () = goes_on => {}
        }
        assert!(!reads.is_lost());
    }
}
