//! Ways out: memory for what is on its way to places that may hang.
//!
//! A request that hangs costs the records that it holds, and little else: a task, a socket. So it is memory that is
//! given out, and each attempt counts for [`ATTEMPT_BYTES_MIN`] at least. A way out whose destination is silent for too
//! long is *slow*: what goes there takes from a part that all slow ones share, one attempt at a time but for what finds
//! room in the first half of that part, and keeps it until its time-out. What a destination holds that falls silent
//! while that part is used up, it has to give back as soon as others wait for memory. So the rest is for destinations
//! that answer, and for those of which nothing is known.

mod ways;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::budget::{Budget, Reserved, Share, units};
use crate::limits::{ATTEMPT_BYTES_MIN, PRESS_EVERY, SLOW_PART};
use crate::sink::Pulse;

pub use ways::{Place, Ways};

/// Memory for what is on its way out, of all pipelines.
pub struct Outward {
    budget: Budget,
    /// What slow ones have together.
    slow: Arc<Semaphore>,
    slow_max: u32,
    /// Had by the one that gets memory next: it alone presses.
    front: Arc<Semaphore>,
    /// Whether it waits.
    waits: AtomicBool,
    /// Somebody waits: the silent one that was silent first gives way.
    pressed: Notify,
}

/// One way out of a pipeline: to a destination of a lane's, or to a function. One to another place is another one: it
/// begins with nothing known of it.
pub struct Outlet {
    outward: Arc<Outward>,
    share: Share,
    standing: AtomicU8,
    /// Had by an attempt on a way that is not proven.
    turn: Arc<Semaphore>,
}

/// Nothing is known: one attempt at a time.
const NEW: u8 = 0;
/// The last attempt was taken in time.
const PROVEN: u8 = 1;
/// The destination was silent for too long, and nothing came of it.
const SLOW: u8 = 2;
/// The destination was silent for too long, and took the attempt in the end.
const TARDY: u8 = 3;

/// Memory of an attempt, until it is dropped.
pub struct Hold<'o> {
    outlet: &'o Outlet,
    entered_as: u8,
    reserved: Reserved,
    slow: Option<OwnedSemaphorePermit>,
    _turn: Option<OwnedSemaphorePermit>,
    was_silent: bool,
    was_taken: bool,
}

/// The attempt was ended for others, who waited for its memory while its destination was silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GaveWay;

impl Outward {
    /// So many bytes.
    pub fn new(bytes: u64) -> Arc<Self> {
        let slow_max = (units(bytes) / SLOW_PART).max(1);
        Arc::new(Outward {
            budget: Budget::new(bytes),
            slow: Arc::new(Semaphore::new(slow_max as usize)),
            slow_max,
            front: Arc::new(Semaphore::new(1)),
            waits: AtomicBool::new(false),
            pressed: Notify::new(),
        })
    }

    /// A way out that may take half of it.
    pub fn outlet(self: &Arc<Self>) -> Outlet {
        Outlet {
            outward: self.clone(),
            share: self.budget.share(),
            standing: AtomicU8::new(NEW),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Waits for memory. Those that are silent give way, one after another, until there is enough.
    async fn reserve(&self, share: &Share, bytes: u64) -> Reserved {
        let own = share.own(bytes).await;
        // It is never closed.
        let _front = self.front.acquire().await;
        let mut rest = std::pin::pin!(share.complete(own));
        tokio::select! {
            biased;
            reserved = &mut rest => return reserved,
            () = std::future::ready(()) => {}
        }
        let _waits = Waits::new(&self.waits);
        loop {
            self.pressed.notify_one();
            tokio::select! {
                reserved = &mut rest => return reserved,
                () = sleep(PRESS_EVERY) => {}
            }
        }
    }

    /// What of the slow ones' part is there now, if it is enough.
    fn slow_part_now(&self, units: u32) -> Option<OwnedSemaphorePermit> {
        self.slow.clone().try_acquire_many_owned(units.min(self.slow_max)).ok()
    }

    /// As [`Outward::slow_part_now`], for one that hangs: as long as half of it is left to others.
    fn slow_half_now(&self, units: u32) -> Option<OwnedSemaphorePermit> {
        let part = self.slow_part_now(units);
        part.filter(|_| self.slow.available_permits() * 2 >= self.slow_max as usize)
    }

    async fn slow_part(&self, units: u32) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        self.slow.clone().acquire_many_owned(units.min(self.slow_max)).await.ok()
    }
}

/// Says that somebody waits, for as long as it is there.
struct Waits<'a>(&'a AtomicBool);

impl<'a> Waits<'a> {
    fn new(waits: &'a AtomicBool) -> Self {
        waits.store(true, Ordering::SeqCst);
        Waits(waits)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Outlet {
    /// Waits for so many bytes of memory, and for its turn where the way is not proven. Where an attempt at the same
    /// thing gave way already this one takes from the slow ones' part, whatever is known of the way by now: so it never
    /// gives way a second time.
    pub async fn enter(&self, bytes: u64, gave_way: bool) -> Hold<'_> {
        let bytes = bytes.max(ATTEMPT_BYTES_MIN);
        let units = self.share.units_of(bytes);
        let (mut turn, mut slow) = (None, None);
        let entered_as = loop {
            let standing = self.standing();
            match standing {
                TARDY => slow = self.outward.slow_part_now(units),
                SLOW => slow = self.outward.slow_half_now(units),
                _ => {}
            }
            if standing == PROVEN || slow.is_some() {
                turn = None;
                break standing;
            }
            if turn.is_some() {
                break standing;
            }
            // Never closed. The attempt before may have shown what the way is like: it is looked at once more.
            turn = self.turn.clone().acquire_owned().await.ok();
        };
        if slow.is_none() && (gave_way || matches!(entered_as, SLOW | TARDY)) {
            slow = self.outward.slow_part(units).await;
        }
        let reserved = self.outward.reserve(&self.share, bytes).await;
        let (was_silent, was_taken) = (false, false);
        Hold { outlet: self, entered_as, reserved, slow, _turn: turn, was_silent, was_taken }
    }

    fn stand(&self, standing: u8) {
        self.standing.store(standing, Ordering::SeqCst);
    }

    fn standing(&self) -> u8 {
        self.standing.load(Ordering::SeqCst)
    }
}

impl Hold<'_> {
    /// Gives back all but so many bytes.
    pub fn shrink(&mut self, bytes: u64) {
        self.reserved.shrink(bytes.max(ATTEMPT_BYTES_MIN));
        let kept = self.reserved.units() as usize;
        if let Some(slow) = &mut self.slow {
            drop(slow.split(slow.num_permits().saturating_sub(kept)));
        }
    }

    /// Waits for what is outside, for as long as it takes, or until it has to give way.
    pub async fn outside<T>(
        &mut self,
        pulse: &Pulse,
        work: impl Future<Output = T>,
    ) -> Result<T, GaveWay> {
        let mut work = std::pin::pin!(work);
        pulse.beat();
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            () = pulse.silence() => {}
        }
        self.was_silent = true;
        // Of one that is tardy it is expected.
        if self.entered_as != TARDY {
            self.outlet.stand(SLOW);
        }
        if self.slow.is_some() {
            return Ok(work.await);
        }
        let outward = &self.outlet.outward;
        let mut slow = std::pin::pin!(outward.slow_part(self.reserved.units()));
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                part = &mut slow => {
                    self.slow = part;
                    break;
                }
                () = outward.pressed.notified() => {
                    if outward.waits.load(Ordering::SeqCst) && pulse.is_silent() {
                        return Err(GaveWay);
                    }
                }
            }
        }
        Ok(work.await)
    }

    /// The destination took what it was given; in time if it was never silent for too long.
    pub fn was_taken(&mut self) {
        self.was_taken = true;
        self.outlet.stand(if self.was_silent { TARDY } else { PROVEN });
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if self.was_silent && !self.was_taken {
            self.outlet.stand(SLOW);
        }
    }
}

#[cfg(test)]
mod tests;
