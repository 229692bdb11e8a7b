//! What one thread has counted inside the measured window.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::histogram::Histogram;
use crate::lanes::Reply;
use crate::limits::FAULTS_MAX;
use crate::{Error, clock};

/// Which replies are measured, and when a lane sends no more.
#[derive(Clone)]
pub struct Window {
    /// Replies before it are warm-up.
    pub from: Instant,
    /// No request is begun and no reply measured after it.
    pub until: Option<Instant>,
    /// Requests that may still be begun, over all threads.
    pub budget: Option<Arc<AtomicU64>>,
}

impl Window {
    /// Whether one more request may be begun; takes it from the budget.
    pub fn admits(&self) -> bool {
        if self.until.is_some_and(|until| clock::now() >= until) {
            return false;
        }
        let Some(budget) = &self.budget else { return true };
        budget
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }

    fn measures(&self, ended: Instant) -> bool {
        ended >= self.from && self.until.is_none_or(|until| ended <= until)
    }
}

/// Counts of one thread, or of all once merged.
#[derive(Default)]
pub struct Tally {
    /// Latencies of the measured requests.
    pub latencies: Histogram,
    /// Measured requests that were answered with 200.
    pub requests: u64,
    /// Records that they put or got.
    pub records: u64,
    /// Bytes of those records' data.
    pub payload_bytes: u64,
    /// Records that the server refused inside a reply of 200, in the whole run.
    pub failed_records: u64,
    /// Requests without an answer of 200, in the whole run.
    pub faults: u64,
    /// What the first of them was answered.
    pub first_fault: Option<String>,
}

impl Tally {
    /// Counts a reply of 200 with that many records.
    pub fn count(&mut self, window: &Window, reply: &Reply<'_>, records: u64, payload_bytes: u64) {
        if window.measures(reply.ended) {
            self.requests += 1;
            self.records += records;
            self.payload_bytes += payload_bytes;
            let latency = reply.ended.duration_since(reply.begun);
            self.latencies.record(latency.as_nanos().try_into().unwrap_or(u64::MAX));
        }
    }

    /// Counts a request that failed; an error once they are too many.
    pub fn fault(&mut self, what: impl FnOnce() -> String) -> Result<(), Error> {
        self.faults += 1;
        let first = self.first_fault.get_or_insert_with(what);
        if self.faults > FAULTS_MAX { Err(Error::TooManyFaults(first.clone())) } else { Ok(()) }
    }

    /// Adds what another thread has counted.
    pub fn merge(&mut self, other: Tally) {
        self.latencies.merge(&other.latencies);
        self.requests += other.requests;
        self.records += other.records;
        self.payload_bytes += other.payload_bytes;
        self.failed_records += other.failed_records;
        self.faults += other.faults;
        self.first_fault = self.first_fault.take().or(other.first_fault);
    }
}
