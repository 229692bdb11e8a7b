//! Which shard-level metrics of a stream are switched on.

/// A shard-level metric (botocore, `MetricsName`); its number is its bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShardMetric {
    /// Bytes put.
    IncomingBytes = 0,
    /// Records put.
    IncomingRecords = 1,
    /// Bytes read.
    OutgoingBytes = 2,
    /// Records read.
    OutgoingRecords = 3,
    /// Records refused for throughput.
    WriteProvisionedThroughputExceeded = 4,
    /// Reads refused for throughput.
    ReadProvisionedThroughputExceeded = 5,
    /// Age of the last record of a read, in milliseconds.
    IteratorAgeMilliseconds = 6,
}

impl ShardMetric {
    /// How many there are.
    pub const COUNT: usize = 7;
    /// Each of them, in the order of the model.
    pub const ALL: [ShardMetric; Self::COUNT] = [
        ShardMetric::IncomingBytes,
        ShardMetric::IncomingRecords,
        ShardMetric::OutgoingBytes,
        ShardMetric::OutgoingRecords,
        ShardMetric::WriteProvisionedThroughputExceeded,
        ShardMetric::ReadProvisionedThroughputExceeded,
        ShardMetric::IteratorAgeMilliseconds,
    ];
}

/// A set of shard-level metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ShardMetrics(u8);

impl ShardMetrics {
    /// None of them.
    pub const NONE: ShardMetrics = ShardMetrics(0);
    /// Each of them.
    pub const ALL: ShardMetrics = ShardMetrics((1 << ShardMetric::COUNT) - 1);

    /// The set of a number of [`ShardMetrics::bits`]; bits that mean nothing are left out.
    pub fn from_bits(bits: u8) -> Self {
        ShardMetrics(bits & Self::ALL.0)
    }

    /// As a number.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// With the metrics of `other` too.
    #[must_use]
    pub fn with(self, other: ShardMetrics) -> Self {
        ShardMetrics(self.0 | other.0)
    }

    /// Without the metrics of `other`.
    #[must_use]
    pub fn without(self, other: ShardMetrics) -> Self {
        ShardMetrics(self.0 & !other.0)
    }

    /// Whether a metric is in it.
    pub fn contains(self, metric: ShardMetric) -> bool {
        self.0 & 1 << metric as u8 != 0
    }

    /// Whether none is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its metrics, in the order of the model.
    pub fn iter(self) -> impl Iterator<Item = ShardMetric> {
        ShardMetric::ALL.into_iter().filter(move |metric| self.contains(*metric))
    }
}

impl FromIterator<ShardMetric> for ShardMetrics {
    fn from_iter<I: IntoIterator<Item = ShardMetric>>(metrics: I) -> Self {
        ShardMetrics(metrics.into_iter().fold(0, |bits, metric| bits | 1 << metric as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in() {
        for (bit, metric) in ShardMetric::ALL.into_iter().enumerate() {
            let one: ShardMetrics = [metric].into_iter().collect();
            assert_eq!((one.bits(), one.iter().collect::<Vec<_>>()), (1 << bit, vec![metric]));
            assert!(!ShardMetrics::ALL.without(one).contains(metric));
            assert_eq!(ShardMetrics::ALL.without(one).with(one), ShardMetrics::ALL);
        }
        assert_eq!(ShardMetrics::from_bits(0xff), ShardMetrics::ALL);
        assert!(ShardMetrics::NONE.is_empty());
    }
}
