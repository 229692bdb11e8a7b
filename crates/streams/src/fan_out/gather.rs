//! Under load, several batches make one event: each event costs every subscriber a wake and a write, and puts need the
//! processor too.
//!
//! While the node hands out fewer events than [`DELIVERIES_PER_SECOND`], each batch goes out at once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{DELIVERIES_PER_SECOND, GATHER_MAX};

/// When all events so far are paid for, at the rate of deliveries.
#[derive(Default)]
pub(super) struct Gather(Mutex<Option<Instant>>);

impl Gather {
    /// Counts an event for so many subscribers. For how long the shard lets batches gather before the next, if at all;
    /// `subscriptions` are the node's.
    pub fn delivered(
        &self,
        subscribers: usize,
        subscriptions: u64,
        now: Instant,
    ) -> Option<Duration> {
        let cost = |events: u64| Duration::from_micros(events * 1_000_000 / DELIVERIES_PER_SECOND);
        let mut paid = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = paid.map_or(now, |paid| paid.max(now));
        // What was not paid for within the longest time is forgotten: nobody waits longer for it.
        let until = (begin + cost(subscribers as u64)).min(now + 2 * GATHER_MAX);
        *paid = Some(until);
        // A burst that is over before the next put comes costs nobody anything.
        (until.duration_since(now) > GATHER_MAX).then(|| cost(subscriptions).min(GATHER_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_exceeds_the_rate_gathers() {
        let (gather, mut now) = (Gather::default(), Instant::now());
        for _ in 0..2000 {
            now += Duration::from_millis(1);
            assert_eq!(gather.delivered(20, 20, now), None);
        }
        let waits: Vec<_> = (0..200).map(|_| gather.delivered(20, 1280, now)).collect();
        assert_eq!((waits[0], waits[199]), (None, Some(Duration::from_millis(40))));
        assert_eq!(gather.delivered(20, 1280, now + 2 * GATHER_MAX), None);
    }
}
