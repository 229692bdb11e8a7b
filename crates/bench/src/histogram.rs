//! Latencies in logarithmic buckets with 128 steps for each power of two: an error below 1 % at any size.

const STEPS_LOG2: u32 = 7;
const STEPS: u64 = 1 << STEPS_LOG2;
/// Up to 2^40 ns, 18 minutes; what is longer counts as that.
const POWERS: u64 = 40;
const BUCKETS: usize = ((POWERS - STEPS_LOG2 as u64 + 1) * STEPS) as usize;

/// How often which latency was seen, nanoseconds.
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { counts: vec![0; BUCKETS], count: 0, max: 0 }
    }
}

fn bucket_of(value: u64) -> usize {
    if value < STEPS {
        return value as usize;
    }
    let shift = value.ilog2() - STEPS_LOG2;
    let step = (value >> shift) - STEPS;
    ((u64::from(shift) + 1) * STEPS + step).min(BUCKETS as u64 - 1) as usize
}

/// The largest value of a bucket.
fn bucket_limit(index: usize) -> u64 {
    let (power, step) = (index as u64 / STEPS, index as u64 % STEPS);
    if power == 0 { step } else { ((STEPS + step + 1) << (power - 1)) - 1 }
}

impl Histogram {
    /// Counts one latency.
    pub fn record(&mut self, nanoseconds: u64) {
        self.counts[bucket_of(nanoseconds)] += 1;
        self.count += 1;
        self.max = self.max.max(nanoseconds);
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Histogram) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// The longest seen.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The latency that `fraction` (0 to 1) of all do not exceed; 0 when nothing was counted.
    pub fn quantile(&self, fraction: f64) -> u64 {
        let target = ((self.count as f64 * fraction).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= target {
                return bucket_limit(index).min(self.max);
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_within_one_percent_of_its_buckets_limit() {
        for value in (0..62).flat_map(|p| [1u64 << p, (1 << p) + (1 << p) / 3]) {
            let limit = bucket_limit(bucket_of(value));
            if value < 1 << POWERS {
                assert!(limit >= value && limit - value <= value / 100, "{value} {limit}");
            }
        }
    }

    #[test]
    fn buckets_follow_each_other_without_a_hole() {
        for index in 0..BUCKETS - 1 {
            assert_eq!(bucket_of(bucket_limit(index)), index);
            assert_eq!(bucket_of(bucket_limit(index) + 1), index + 1);
        }
    }

    #[test]
    fn quantiles_of_a_thousand_even_steps() {
        let (mut low, mut high) = (Histogram::default(), Histogram::default());
        for value in 1..=500 {
            low.record(value * 1_000);
            high.record((value + 500) * 1_000);
        }
        low.merge(&high);
        for (fraction, expected) in [(0.5, 500_000.0), (0.99, 990_000.0), (0.999, 999_000.0)] {
            let found = low.quantile(fraction) as f64;
            assert!((found / expected - 1.0).abs() < 0.01, "{fraction}: {found}");
        }
        assert_eq!(low.quantile(1.0), 1_000_000);
        assert_eq!(low.max(), 1_000_000);
        assert_eq!(Histogram::default().quantile(0.5), 0);
    }
}
