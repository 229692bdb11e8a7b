//! When the committer waits for more requests before it commits: a common commit costs one sync instead of several.

use std::time::Duration;

use crate::limits::{
    GATHER_CLIENTS_MIN, GATHER_COMMIT_BYTES_MAX, GATHER_MAX, GATHER_SHARE_MAX, GATHER_WITHOUT_SYNC,
};

/// What the last commits tell of those who are likely to come again.
#[derive(Default)]
pub(crate) struct Gather {
    /// Clients at work, on average, in 1/[`WEIGHT`]: who was answered by a commit, and who had come meanwhile.
    clients: usize,
    /// How long a sync takes, on average.
    sync: Duration,
    /// How long it takes from one request to the next while the processors do nothing else, on average.
    pace: Duration,
}

/// Commits over which averages are taken.
const WEIGHT: usize = 8;

fn average(before: Duration, now: Duration) -> Duration {
    if before.is_zero() { now } else { (before * (WEIGHT as u32 - 1) + now) / WEIGHT as u32 }
}

impl Gather {
    /// A sync took so long.
    pub(crate) fn synced(&mut self, took: Duration) {
        self.sync = average(self.sync, took);
    }

    /// While the committer waited, so many requests came in such a time.
    pub(crate) fn gathered(&mut self, requests: usize, took: Duration) {
        if requests > 0 {
            self.pace = average(self.pace, took / requests as u32);
        }
    }

    /// A commit of `bytes` answered `requests`, and `waiting` had come before it was done. Commits that are worth a
    /// sync of their own ask for no company.
    pub(crate) fn committed(&mut self, requests: usize, waiting: usize, bytes: usize) {
        let clients = if bytes < GATHER_COMMIT_BYTES_MAX { requests + waiting } else { 0 };
        self.clients = self.clients * (WEIGHT - 1) / WEIGHT + clients;
    }

    /// For how many requests to wait before the next commit, and how long; `None` to commit what there is.
    ///
    /// As many clients are left out as the processors can serve while the others' requests are synced: neither the
    /// disk nor the processors should wait for the other. Where a sync takes longer than half of the clients need, the
    /// two halves take turns by themselves. Who comes alone never waits.
    pub(crate) fn wish(&self) -> Option<(usize, Duration)> {
        let clients = self.clients / WEIGHT;
        if clients < GATHER_CLIENTS_MIN {
            return None;
        }
        let meanwhile = self.sync.as_nanos().checked_div(self.pace.as_nanos()).unwrap_or(0);
        let left = clients.saturating_sub(usize::try_from(meanwhile).unwrap_or(usize::MAX));
        let (share, of) = GATHER_SHARE_MAX;
        let wanted = left.min(clients * share / of);
        let limit = if self.sync.is_zero() { GATHER_WITHOUT_SYNC } else { self.sync };
        (wanted > clients / 2).then(|| (wanted, limit.min(GATHER_MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(sync_us: u64, pace_us: u64, clients: usize, bytes: usize) -> Option<(usize, u128)> {
        let mut gather = Gather::default();
        for _ in 0..100 {
            gather.synced(Duration::from_micros(sync_us));
            gather.gathered(10, Duration::from_micros(pace_us) * 10);
            gather.committed(clients / 2, clients - clients / 2, bytes);
        }
        gather.wish().map(|(wanted, limit)| (wanted, limit.as_micros()))
    }

    #[test]
    fn as_many_are_left_out_as_are_served_during_a_sync() {
        assert_eq!(after(100, 10, 32, 1000), Some((22 - 1, 100)));
        assert_eq!(after(20, 10, 32, 1000), Some((24 - 1, 20)));
        assert_eq!(after(0, 10, 32, 1000).map(|(wanted, _)| wanted), Some(23));
    }

    #[test]
    fn nobody_waits_where_waiting_gains_nothing() {
        assert_eq!(
            after(500, 10, 32, 1000),
            None,
            "the sync takes longer than half of the clients"
        );
        assert_eq!(after(100, 10, 2, 1000), None, "few come");
        assert_eq!(after(100, 10, 32, GATHER_COMMIT_BYTES_MAX), None, "commits are large");
        assert_eq!(Gather::default().wish(), None);
    }
}
