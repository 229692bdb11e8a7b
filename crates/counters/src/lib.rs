//! Counters, gauges and histograms that the hot path may touch: atomics only, no strings and no locks.
//!
//! Owns: the primitives and the way to walk them (`Collect`). Each crate keeps a struct of its own counters.
//! Must never: format, allocate or lock while something is counted.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Zero.
    pub const fn new() -> Self {
        Counter(AtomicU64::new(0))
    }

    /// Adds `by`.
    pub fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    /// The number so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often something may be told: so many times a second, and what was left out is said with the next.
#[derive(Debug, Default)]
pub struct Told {
    second: AtomicU64,
    told: AtomicU64,
    untold: AtomicU64,
}

/// How many of one kind are told in a second.
pub const TOLD_PER_SECOND: u64 = 10;

impl Told {
    /// Whether to tell now, in `second` of any clock, and then how many went untold before. Threads that race for the
    /// first place in a second may tell a few more.
    pub fn admit(&self, second: u64) -> Option<u64> {
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.told.store(0, Ordering::Relaxed);
        }
        if self.told.fetch_add(1, Ordering::Relaxed) < TOLD_PER_SECOND {
            return Some(self.untold.swap(0, Ordering::Relaxed));
        }
        self.untold.fetch_add(1, Ordering::Relaxed);
        None
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// Zero.
    pub const fn new() -> Self {
        Gauge(AtomicU64::new(0))
    }

    /// Sets the value.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Adds `by`.
    pub fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    /// Takes `by` away; never more than was added.
    pub fn sub(&self, by: u64) {
        self.0.fetch_sub(by, Ordering::Relaxed);
    }

    /// Raises the value to at least `value`.
    pub fn raise(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }

    /// The value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Buckets of a [`Histogram`]: two for each power of two.
pub const BUCKETS: usize = 80;

/// How often values of about which size were seen, in two buckets for each power of two up to 2^40.
#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { buckets: [const { AtomicU64::new(0) }; BUCKETS], sum: AtomicU64::new(0) }
    }
}

fn bucket_of(value: u64) -> usize {
    if value < 2 {
        return value as usize;
    }
    let exponent = value.ilog2() as usize;
    let half = (value >> (exponent - 1) & 1) as usize;
    (exponent * 2 + half).min(BUCKETS - 1)
}

/// The largest value that falls into bucket `index`; `u64::MAX` for the last.
pub fn bucket_limit(index: usize) -> u64 {
    match index {
        0 | 1 => index as u64,
        _ if index >= BUCKETS - 1 => u64::MAX,
        _ => {
            let base = 1u64 << (index / 2);
            if index.is_multiple_of(2) { base + base / 2 - 1 } else { base * 2 - 1 }
        }
    }
}

impl Histogram {
    /// Counts `value`.
    pub fn record(&self, value: u64) {
        self.buckets[bucket_of(value)].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// The counts so far.
    pub fn snapshot(&self) -> HistogramSnapshot {
        let counts = std::array::from_fn(|i| self.buckets[i].load(Ordering::Relaxed));
        HistogramSnapshot { counts, sum: self.sum.load(Ordering::Relaxed) }
    }
}

/// What a [`Histogram`] held at one moment.
#[derive(Debug, Clone)]
pub struct HistogramSnapshot {
    /// How many values fell into each bucket, see [`bucket_limit`].
    pub counts: [u64; BUCKETS],
    /// The sum of all values.
    pub sum: u64,
}

impl HistogramSnapshot {
    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// An upper bound of the value below which `fraction` (0 to 1) of the values lie; 0 without values.
    pub fn quantile(&self, fraction: f64) -> u64 {
        let target = (self.count() as f64 * fraction).ceil() as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if *count > 0 && seen >= target {
                return bucket_limit(index);
            }
        }
        0
    }
}

/// A value on its way to whoever shows it.
pub enum Sample<'a> {
    /// Of a [`Counter`].
    Counter(u64),
    /// Of a [`Gauge`].
    Gauge(u64),
    /// Of a [`Histogram`].
    Histogram(&'a HistogramSnapshot),
}

/// Receives samples: the metric's name (snake case, unit last), its help text, its labels, its value.
pub trait Collector {
    /// Takes one sample. All samples of one name come one after another.
    fn sample(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
        value: Sample<'_>,
    );
}

/// A set of counters that can be walked.
pub trait Collect: Send + Sync {
    /// Hands every sample to `to`.
    fn collect(&self, to: &mut dyn Collector);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_within_its_bucket() {
        for value in (0..5000).chain([1 << 20, (1 << 39) - 1]) {
            let bucket = bucket_of(value);
            assert!(value <= bucket_limit(bucket), "{value}");
            assert!(bucket == 0 || value > bucket_limit(bucket - 1), "{value}");
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn what_comes_too_often_is_told_later_as_a_number() {
        let told = Told::default();
        assert_eq!((0..25).filter_map(|_| told.admit(7)).count() as u64, TOLD_PER_SECOND);
        assert_eq!(told.admit(8), Some(25 - TOLD_PER_SECOND));
        assert_eq!(told.admit(8), Some(0));
    }

    #[test]
    fn quantiles_bound_what_was_counted() {
        let histogram = Histogram::default();
        (1..=100).for_each(|v| histogram.record(v));
        let snapshot = histogram.snapshot();
        assert_eq!((snapshot.count(), snapshot.sum), (100, 5050));
        assert!((50..=63).contains(&snapshot.quantile(0.5)));
        assert!(snapshot.quantile(1.0) >= 100);
    }
}
