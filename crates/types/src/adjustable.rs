//! A clock that can be held still and moved forward by hand, over one that runs.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, JumpHook, Jumps, Millis};

/// Service time that a person may hold still and move forward, never back. Until then it is the time of the clock
/// underneath.
pub struct AdjustableClock {
    base: Arc<dyn Clock>,
    /// How far service time is ahead of the clock underneath while it runs; it is behind after it was held.
    offset_ms: AtomicI64,
    /// Where it stands still; 0 while it runs.
    held_ms: AtomicU64,
    /// The latest answer: none is ever below it.
    latest_ms: AtomicU64,
    /// One change at a time.
    changing: Mutex<()>,
    jumps: Jumps,
}

/// What an [`AdjustableClock`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// Service time.
    pub now: Millis,
    /// Whether it stands still.
    pub held: bool,
    /// How far it is ahead of the clock underneath, in milliseconds; negative if it is behind.
    pub ahead_ms: i64,
}

/// The time asked for is before the present one, or beyond [`AdjustableClock::LATEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotForward {
    /// The time asked for.
    pub asked: Millis,
    /// Service time.
    pub now: Millis,
}

impl AdjustableClock {
    /// The latest time that it can be set to, 4000-01-01T00:00:00Z: sequence numbers have room for seconds up to the
    /// year 4147.
    pub const LATEST: Millis = Millis(64_060_588_800_000);

    /// A clock that runs with `base`.
    pub fn new(base: Arc<dyn Clock>) -> Self {
        AdjustableClock {
            base,
            offset_ms: AtomicI64::new(0),
            held_ms: AtomicU64::new(0),
            latest_ms: AtomicU64::new(0),
            changing: Mutex::default(),
            jumps: Jumps::default(),
        }
    }

    /// What it shows.
    pub fn read(&self) -> ClockReading {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        let held = self.held_ms.load(Ordering::Acquire) != 0;
        let ahead_ms = if held {
            now.0 as i64 - self.base.now().0 as i64
        } else {
            self.offset_ms.load(Ordering::Acquire)
        };
        ClockReading { now, held, ahead_ms }
    }

    /// It stands still from now on.
    pub fn hold(&self) {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.held_ms.store(self.now().0, Ordering::Release);
    }

    /// It runs again, on from where it stands.
    pub fn run(&self) {
        let one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.held_ms.load(Ordering::Acquire) != 0 {
            self.run_from(self.now());
            self.held_ms.store(0, Ordering::Release);
        }
        drop(one);
        self.jumps.tell();
    }

    /// Moves it to `to`, where it stands still or from where it runs, as before.
    pub fn set(&self, to: Millis) -> Result<(), NotForward> {
        self.forward(|_| to)
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) -> Result<(), NotForward> {
        self.forward(|now| now.plus(by))
    }

    fn forward(&self, to: impl FnOnce(Millis) -> Millis) -> Result<(), NotForward> {
        let one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        let asked = to(now);
        if asked < now || asked > Self::LATEST {
            return Err(NotForward { asked, now });
        }
        if self.held_ms.load(Ordering::Acquire) != 0 {
            self.held_ms.store(asked.0, Ordering::Release);
        } else {
            self.run_from(asked);
        }
        drop(one);
        self.jumps.tell();
        Ok(())
    }

    fn run_from(&self, now: Millis) {
        self.offset_ms.store(now.0 as i64 - self.base.now().0 as i64, Ordering::Release);
    }
}

impl Clock for AdjustableClock {
    fn now(&self) -> Millis {
        let now = match self.held_ms.load(Ordering::Acquire) {
            0 => self.base.now().0.saturating_add_signed(self.offset_ms.load(Ordering::Acquire)),
            held => held,
        };
        // A look at the clock that began before a change may end after it.
        Millis(self.latest_ms.fetch_max(now, Ordering::AcqRel).max(now))
    }

    fn on_jump(&self, hook: JumpHook) {
        self.jumps.add(hook);
    }
}

impl fmt::Debug for AdjustableClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::ManualClock;

    const START: Millis = Millis(1_700_000_000_000);
    const SECOND: Duration = Duration::from_secs(1);

    fn clocks() -> (Arc<ManualClock>, AdjustableClock) {
        let base = Arc::new(ManualClock::new(START));
        (base.clone(), AdjustableClock::new(base))
    }

    #[test]
    fn it_runs_with_its_base_until_it_is_held_and_goes_on_from_where_it_stood() {
        let (base, clock) = clocks();
        base.advance(SECOND);
        assert_eq!(clock.now(), START.plus(SECOND));
        clock.hold();
        base.advance(10 * SECOND);
        let held = ClockReading { now: START.plus(SECOND), held: true, ahead_ms: -10_000 };
        assert_eq!(clock.read(), held);
        assert_eq!(clock.advance(60 * SECOND), Ok(()));
        assert_eq!(clock.now(), START.plus(61 * SECOND));
        clock.run();
        base.advance(SECOND);
        let running = ClockReading { now: START.plus(62 * SECOND), held: false, ahead_ms: 50_000 };
        assert_eq!(clock.read(), running);
        assert_eq!(clock.set(START.plus(100 * SECOND)), Ok(()));
        base.advance(SECOND);
        assert_eq!(clock.now(), START.plus(101 * SECOND));
    }

    #[test]
    fn it_never_goes_back_nor_beyond_what_sequence_numbers_can_say() {
        let (base, clock) = clocks();
        let before = Millis(START.0 - 1);
        assert_eq!(clock.set(before), Err(NotForward { asked: before, now: START }));
        assert!(clock.set(AdjustableClock::LATEST.plus(SECOND)).is_err());
        assert!(clock.advance(Duration::MAX).is_err());
        assert_eq!(clock.set(START), Ok(()));
        clock.hold();
        base.advance(SECOND);
        assert_eq!(clock.set(START), Ok(()), "where it stands is not back");
        assert_eq!(clock.now(), START);
    }

    #[test]
    fn whoever_waits_is_told_of_each_jump() {
        let (_base, clock) = clocks();
        let told = Arc::new(AtomicUsize::new(0));
        let count = told.clone();
        clock.on_jump(Box::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        }));
        clock.hold();
        assert_eq!(told.load(Ordering::SeqCst), 0, "nothing has moved");
        assert!(clock.set(Millis(0)).is_err());
        assert_eq!(told.load(Ordering::SeqCst), 0);
        clock.advance(SECOND).unwrap();
        clock.run();
        assert_eq!(told.load(Ordering::SeqCst), 2);
    }
}
