//! Shard-level metrics: a series of minutes for each shard of a stream that has them switched on.
//!
//! In memory only, and bounded twice: a shard keeps three hours, and all shards of the node together keep at most
//! [`SERIES_MINUTES_MAX`] minutes in which anything happened. A stream without such metrics costs one look a request.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use millstream_catalog::{ShardMetric, ShardMetrics, Stream};
use millstream_counters::Counter;
use millstream_types::{Millis, ShardId};

use crate::limits::{SERIES_MINUTES_KEPT, SERIES_MINUTES_MAX};

/// What was seen of a metric in a minute: CloudWatch's statistic set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// How often a value was seen.
    pub samples: u64,
    /// Their sum.
    pub sum: u64,
    /// The smallest.
    pub minimum: u64,
    /// The largest.
    pub maximum: u64,
}

impl Statistics {
    fn add(&mut self, value: u64) {
        self.minimum = if self.samples == 0 { value } else { self.minimum.min(value) };
        self.maximum = self.maximum.max(value);
        self.samples += 1;
        self.sum = self.sum.saturating_add(value);
    }
}

/// A minute of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When the minute began.
    pub at: Millis,
    /// What was seen in it.
    pub seen: Statistics,
}

const MINUTE_MS: u64 = 60_000;

/// What a put or a read came to for one shard: a value for each metric that has one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen([Option<u64>; ShardMetric::COUNT]);

impl Seen {
    /// Of a part of a put: bytes and records that were taken, records that were refused for throughput.
    pub fn put(bytes: u64, records: u64, throttled: u64) -> Self {
        let mut seen = Seen::default();
        if records > 0 {
            seen.set(ShardMetric::IncomingBytes, bytes);
            seen.set(ShardMetric::IncomingRecords, records);
        }
        seen.set(ShardMetric::WriteProvisionedThroughputExceeded, throttled);
        seen
    }

    /// Of a read: bytes and records that were returned, and the age of the last.
    pub fn read(bytes: u64, records: u64, age_ms: Option<u64>) -> Self {
        let mut seen = Seen::default();
        seen.set(ShardMetric::OutgoingBytes, bytes);
        seen.set(ShardMetric::OutgoingRecords, records);
        seen.set(ShardMetric::ReadProvisionedThroughputExceeded, 0);
        seen.0[ShardMetric::IteratorAgeMilliseconds as usize] = age_ms;
        seen
    }

    /// Of a read that was refused for throughput.
    pub fn throttled_read() -> Self {
        let mut seen = Seen::default();
        seen.set(ShardMetric::ReadProvisionedThroughputExceeded, 1);
        seen
    }

    fn set(&mut self, metric: ShardMetric, value: u64) {
        self.0[metric as usize] = Some(value);
    }
}

/// How many minutes all series of the node hold, and how many they had to give up early.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    held: AtomicU64,
    /// Minutes that were given up before their three hours were over.
    pub given_up: Counter,
}

/// The series of a stream's shards.
#[derive(Debug)]
pub(crate) struct StreamSeries {
    metrics: ShardMetrics,
    /// By the shard's number.
    shards: Vec<Arc<ShardSeries>>,
}

impl StreamSeries {
    /// The series of a stream, those of its earlier version kept; `None` if no metric is switched on.
    pub fn of(stream: &Stream, before: Option<&Self>, budget: &Arc<Budget>) -> Option<Arc<Self>> {
        if stream.shard_metrics.is_empty() {
            return None;
        }
        let kept = |index: usize| before.and_then(|before| before.shards.get(index)).cloned();
        let shard = |index| kept(index).unwrap_or_else(|| Arc::new(ShardSeries::new(budget)));
        let shards = (0..stream.shards.len()).map(shard).collect();
        Some(Arc::new(StreamSeries { metrics: stream.shard_metrics, shards }))
    }

    /// Counts what a shard saw.
    pub fn count(&self, shard: ShardId, now: Millis, seen: &Seen) {
        if let Some(series) = self.shards.get(shard.0 as usize) {
            series.count(self.metrics, now, seen);
        }
    }

    /// The metrics that are switched on.
    pub fn metrics(&self) -> ShardMetrics {
        self.metrics
    }

    /// What a shard saw of a metric since it is switched on; nothing of one that is off.
    pub fn total(&self, shard: ShardId, metric: ShardMetric) -> Statistics {
        let series = self.shards.get(shard.0 as usize);
        let on = series.filter(|_| self.metrics.contains(metric));
        on.map_or_else(Statistics::default, |series| series.lock().total[metric as usize])
    }

    /// The minutes of a metric that begin from `from` on and before `to`, oldest first.
    pub fn points(
        &self,
        shard: ShardId,
        metric: ShardMetric,
        from: Millis,
        to: Millis,
    ) -> Vec<Point> {
        let series = self.shards.get(shard.0 as usize);
        let Some(series) = series.filter(|_| self.metrics.contains(metric)) else {
            return Vec::new();
        };
        let kept = series.lock();
        let point = |minute: &Minute| Point {
            at: Millis(minute.number * MINUTE_MS),
            seen: minute.seen[metric as usize],
        };
        let points = kept.minutes.iter().map(point);
        points.filter(|point| point.seen.samples > 0 && from <= point.at && point.at < to).collect()
    }
}

#[derive(Debug)]
struct ShardSeries {
    kept: Mutex<Kept>,
    budget: Arc<Budget>,
}

#[derive(Debug, Default)]
struct Kept {
    total: [Statistics; ShardMetric::COUNT],
    /// Only minutes in which anything happened, oldest first.
    minutes: VecDeque<Minute>,
}

#[derive(Debug)]
struct Minute {
    number: u64,
    seen: [Statistics; ShardMetric::COUNT],
}

impl ShardSeries {
    fn new(budget: &Arc<Budget>) -> Self {
        ShardSeries { kept: Mutex::default(), budget: budget.clone() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, metrics: ShardMetrics, now: Millis, seen: &Seen) {
        let number = now.0 / MINUTE_MS;
        let mut kept = self.lock();
        self.make_room(&mut kept, number);
        let Kept { total, minutes } = &mut *kept;
        for metric in metrics.iter() {
            let Some(value) = seen.0[metric as usize] else { continue };
            total[metric as usize].add(value);
            if let Some(minute) = minutes.back_mut() {
                minute.seen[metric as usize].add(value);
            }
        }
    }

    /// Forgets what is too old, and makes the minute `number` the last one.
    fn make_room(&self, kept: &mut Kept, number: u64) {
        while kept.minutes.front().is_some_and(|first| first.number + SERIES_MINUTES_KEPT <= number)
        {
            kept.minutes.pop_front();
            self.budget.held.fetch_sub(1, Ordering::Relaxed);
        }
        if kept.minutes.back().is_some_and(|last| last.number >= number) {
            return;
        }
        if self.budget.held.fetch_add(1, Ordering::Relaxed) >= SERIES_MINUTES_MAX {
            // This shard gives up its own oldest minute, or has none to begin with.
            self.budget.held.fetch_sub(1, Ordering::Relaxed);
            self.budget.given_up.add(1);
            if kept.minutes.pop_front().is_none() {
                return;
            }
        }
        kept.minutes.push_back(Minute { number, seen: Default::default() });
    }
}

impl Drop for ShardSeries {
    fn drop(&mut self) {
        let held = self.lock().minutes.len() as u64;
        self.budget.held.fetch_sub(held, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> (Arc<Budget>, ShardSeries) {
        let budget = Arc::new(Budget::default());
        (budget.clone(), ShardSeries::new(&budget))
    }

    fn minute(number: u64) -> Millis {
        Millis(number * MINUTE_MS + 17)
    }

    #[test]
    fn a_minute_adds_up_what_was_seen_in_it() {
        let (_, series) = series();
        for (bytes, records) in [(10, 1), (30, 2)] {
            series.count(ShardMetrics::ALL, minute(5), &Seen::put(bytes, records, 0));
        }
        let kept = series.lock();
        let seen = kept.minutes[0].seen[ShardMetric::IncomingBytes as usize];
        assert_eq!(seen, Statistics { samples: 2, sum: 40, minimum: 10, maximum: 30 });
        assert_eq!(kept.total[ShardMetric::IncomingRecords as usize].sum, 3);
        assert_eq!(kept.total[ShardMetric::OutgoingBytes as usize].samples, 0);
    }

    #[test]
    fn only_what_is_switched_on_is_counted() {
        let (_, series) = series();
        let one = [ShardMetric::IncomingRecords].into_iter().collect();
        series.count(one, minute(5), &Seen::put(10, 1, 1));
        let counted = series.lock().total.iter().filter(|total| total.samples > 0).count();
        assert_eq!(counted, 1);
    }

    #[test]
    fn a_shard_keeps_three_hours_and_gives_the_rest_back() {
        let (budget, series) = series();
        for number in 0..SERIES_MINUTES_KEPT + 50 {
            series.count(ShardMetrics::ALL, minute(number), &Seen::read(1, 1, Some(7)));
        }
        assert_eq!(series.lock().minutes.len() as u64, SERIES_MINUTES_KEPT);
        assert_eq!(series.lock().minutes[0].number, 50);
        assert_eq!(budget.held.load(Ordering::Relaxed), SERIES_MINUTES_KEPT);
        drop(series);
        assert_eq!(budget.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn past_the_budget_a_shard_gives_up_its_own_oldest_minute() {
        let (budget, series) = series();
        series.count(ShardMetrics::ALL, minute(1), &Seen::put(1, 1, 0));
        budget.held.store(SERIES_MINUTES_MAX, Ordering::Relaxed);
        series.count(ShardMetrics::ALL, minute(2), &Seen::put(1, 1, 0));
        assert_eq!(series.lock().minutes.iter().map(|m| m.number).collect::<Vec<_>>(), [2]);
        assert_eq!(budget.given_up.get(), 1);
        assert_eq!(budget.held.load(Ordering::Relaxed), SERIES_MINUTES_MAX);
        let other = ShardSeries::new(&budget);
        other.count(ShardMetrics::ALL, minute(2), &Seen::put(1, 1, 0));
        assert!(other.lock().minutes.is_empty());
        assert_eq!(other.lock().total[0].sum, 1, "totals cost nothing more");
    }
}
