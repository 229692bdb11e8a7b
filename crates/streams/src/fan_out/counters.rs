//! What is counted for a consumer, in the metrics' own terms (developer guide, "Monitoring with CloudWatch").

use std::sync::Arc;

use millstream_counters::{Collector, Counter, Histogram, Sample};
use millstream_types::{AccountId, ConsumerName, Region, StreamName};

/// Consumers whose series are shown; more would be a page that nobody can read.
const CONSUMERS_SHOWN_MAX: usize = 1000;

/// Counters of a consumer.
pub(crate) struct ConsumerCounters {
    /// As its label says it.
    account: String,
    region: Region,
    stream: StreamName,
    consumer: ConsumerName,
    /// `SubscribeToShard.Success`.
    pub subscribe_success: Counter,
    /// `SubscribeToShard.RateExceeded`.
    pub subscribe_rate_exceeded: Counter,
    /// `SubscribeToShardEvent.Success`.
    pub event_success: Counter,
    /// `SubscribeToShardEvent.Bytes`: keys and data.
    pub event_bytes: Counter,
    /// `SubscribeToShardEvent.Records`.
    pub event_records: Counter,
    /// `SubscribeToShardEvent.MillisBehindLatest`.
    pub event_millis_behind: Histogram,
}

impl ConsumerCounters {
    pub fn new(
        account: AccountId,
        region: Region,
        stream: StreamName,
        consumer: ConsumerName,
    ) -> Self {
        ConsumerCounters {
            account: account.to_string(),
            region,
            stream,
            consumer,
            subscribe_success: Counter::new(),
            subscribe_rate_exceeded: Counter::new(),
            event_success: Counter::new(),
            event_bytes: Counter::new(),
            event_records: Counter::new(),
            event_millis_behind: Histogram::default(),
        }
    }

    /// What they are sorted by.
    pub fn name(&self) -> (&str, &Region, &StreamName, &ConsumerName) {
        (&self.account, &self.region, &self.stream, &self.consumer)
    }

    fn labels(&self) -> [(&'static str, &str); 4] {
        [
            ("account", self.account.as_str()),
            ("stream", self.stream.as_str()),
            ("region", self.region.as_str()),
            ("consumer", self.consumer.as_str()),
        ]
    }
}

type CounterOf = fn(&ConsumerCounters) -> &Counter;

const COUNTERS: &[(&str, &str, CounterOf)] = &[
    ("millstream_subscribe_to_shard_success_total", "SubscribeToShard.Success.", |c| {
        &c.subscribe_success
    }),
    ("millstream_subscribe_to_shard_rate_exceeded_total", "SubscribeToShard.RateExceeded.", |c| {
        &c.subscribe_rate_exceeded
    }),
    ("millstream_subscribe_to_shard_event_success_total", "SubscribeToShardEvent.Success.", |c| {
        &c.event_success
    }),
    ("millstream_subscribe_to_shard_event_bytes_total", "SubscribeToShardEvent.Bytes.", |c| {
        &c.event_bytes
    }),
    ("millstream_subscribe_to_shard_event_records_total", "SubscribeToShardEvent.Records.", |c| {
        &c.event_records
    }),
];

/// Shows the counters of these consumers.
pub(super) fn collect(all: &[Arc<ConsumerCounters>], to: &mut dyn Collector) {
    let shown = &all[..all.len().min(CONSUMERS_SHOWN_MAX)];
    for (name, help, counter) in COUNTERS {
        for one in shown {
            to.sample(name, help, &one.labels(), Sample::Counter(counter(one).get()));
        }
    }
    for one in shown {
        let behind = one.event_millis_behind.snapshot();
        to.sample(
            "millstream_subscribe_to_shard_event_millis_behind_latest",
            "SubscribeToShardEvent.MillisBehindLatest, in milliseconds.",
            &one.labels(),
            Sample::Histogram(&behind),
        );
    }
}
