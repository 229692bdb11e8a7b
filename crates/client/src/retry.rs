//! How long to wait before the next attempt: exponential, with full jitter.

use std::time::Duration;

use millstream_types::Random;

use crate::Error;

/// First wait, at most, after a failure that passes.
const BASE: Duration = Duration::from_millis(100);
/// First wait, at most, after the service asked to be called less.
const THROTTLED_BASE: Duration = Duration::from_millis(400);
/// Longest wait.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Counts failures in a row.
#[derive(Debug, Default, Clone)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// No failure yet.
    pub fn new() -> Self {
        Backoff::default()
    }

    /// How many failures there were in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// A call succeeded.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// A call failed: how long to wait before the next one. Between half and all of a time that doubles.
    pub fn wait_after(&mut self, error: &Error, random: &dyn Random) -> Duration {
        let base = if error.is_throttling() { THROTTLED_BASE } else { BASE };
        let most = base.saturating_mul(1 << self.failures.min(16)).min(WAIT_MAX);
        self.failures = self.failures.saturating_add(1);
        let half_ms = (most / 2).as_millis() as u64;
        Duration::from_millis(half_ms + random.next_u64() % (half_ms + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_types::SeededRandom;

    #[test]
    fn waits_grow_to_their_most() {
        let random = SeededRandom::new(1);
        let fault = Error::Transport { endpoint: String::new(), reason: String::new() };
        let mut backoff = Backoff::new();
        let mut most = BASE;
        for _ in 0..40 {
            let wait = backoff.wait_after(&fault, &random);
            assert!(most / 2 <= wait && wait <= most, "{wait:?} of {most:?}");
            most = (most * 2).min(WAIT_MAX);
        }
    }
}
