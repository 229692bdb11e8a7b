//! Service time: arrival, retention, iterators, limits. I/O time-outs use the runtime's own clock.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in service time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub u64);

impl Millis {
    /// Whole seconds since the epoch, rounded down.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// The start of second `seconds` since the epoch; saturates.
    pub fn from_seconds(seconds: u64) -> Self {
        Millis(seconds.saturating_mul(1000))
    }

    /// This point, `by` later; saturates.
    pub fn plus(self, by: Duration) -> Self {
        Millis(self.0.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }

    /// This point, `by` earlier; stops at the epoch.
    pub fn minus(self, by: Duration) -> Self {
        Millis(self.0.saturating_sub(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Millis) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

/// Where service time comes from. It never goes back.
pub trait Clock: Send + Sync + 'static {
    /// The time now, never before an earlier answer.
    fn now(&self) -> Millis;

    /// Has `hook` called whenever the time was moved by hand: whoever waits in real time for a moment of service time
    /// looks at the time again. A hook is short, never calls the clock's controls, and stays as long as the clock. A
    /// clock that is never moved calls none.
    fn on_jump(&self, _hook: JumpHook) {}
}

/// What is called after a jump of a [`Clock`].
pub type JumpHook = Box<dyn Fn() + Send + Sync>;

/// The hooks of a clock that can be moved.
#[derive(Default)]
pub(crate) struct Jumps(Mutex<Vec<JumpHook>>);

impl Jumps {
    pub(crate) fn add(&self, hook: JumpHook) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(hook);
    }

    pub(crate) fn tell(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|hook| hook());
    }
}

impl fmt::Debug for Jumps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jumps")
    }
}

/// The machine's wall clock, held still when the machine sets it back.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest_ms: AtomicU64,
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place that reads the wall clock
    fn now(&self) -> Millis {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall_ms = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
        Millis(self.latest_ms.fetch_max(wall_ms, Ordering::Relaxed).max(wall_ms))
    }
}

/// A clock that stands still until it is moved forward: for tests and simulations.
#[derive(Debug)]
pub struct ManualClock {
    now_ms: AtomicU64,
    jumps: Jumps,
}

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: Millis) -> Self {
        ManualClock { now_ms: AtomicU64::new(start.0), jumps: Jumps::default() }
    }

    /// Moves the clock forward and returns the new time.
    pub fn advance(&self, by: Duration) -> Millis {
        let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let now = Millis(self.now_ms.fetch_add(by_ms, Ordering::SeqCst) + by_ms);
        self.jumps.tell();
        now
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        Millis(self.now_ms.load(Ordering::SeqCst))
    }

    fn on_jump(&self, hook: JumpHook) {
        self.jumps.add(hook);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_clock_never_goes_back() {
        let clock = SystemClock::default();
        clock.latest_ms.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(clock.now(), Millis(u64::MAX));
    }

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(Millis(5).minus(Duration::from_millis(9)), Millis(0));
        assert_eq!(Millis(u64::MAX).plus(Duration::from_secs(1)), Millis(u64::MAX));
        assert_eq!(Millis(5).since(Millis(9)), Duration::ZERO);
    }
}
