//! The counts of queues, in the metrics' own terms (developer guide, "Monitoring queues"). A queue that nobody uses is
//! silent: it is not in memory.

use std::sync::Arc;

use millstream_catalog::Queue;
use millstream_counters::{Collector, Counter, Sample};

use super::machine::Counts;
use super::open::{OpenQueue, QueueCounters};
use crate::service::Streams;

/// Queues whose series are shown.
const QUEUES_SHOWN_MAX: usize = 1000;
/// Visible records are counted up to this (developer guide, "Monitoring queues").
const VISIBLE_SHOWN_MAX: u64 = 1_000_000;

type CounterOf = fn(&QueueCounters) -> &Counter;
type GaugeOf = fn(&OpenQueue, Counts) -> u64;

const COUNTERS: &[(&str, &str, CounterOf)] = &[
    ("millstream_received_queue_records_total", "ReceivedQueueRecords.", |c| &c.received),
    ("millstream_acknowledged_queue_records_total", "AcknowledgedQueueRecords.", |c| {
        &c.acknowledged
    }),
    ("millstream_empty_receives_total", "EmptyReceives.", |c| &c.empty_receives),
];

const GAUGES: &[(&str, &str, GaugeOf)] = &[
    ("millstream_visible_queue_records", "VisibleQueueRecords.", |queue, counts| {
        (queue.never_received() + counts.visible).min(VISIBLE_SHOWN_MAX)
    }),
    ("millstream_in_flight_queue_records", "InFlightQueueRecords.", |_, counts| {
        counts.all_in_flight()
    }),
    (
        "millstream_visible_dead_letter_queue_records",
        "VisibleDeadLetterQueueRecords.",
        |_, counts| counts.dead_visible.min(VISIBLE_SHOWN_MAX),
    ),
    ("millstream_queue_state_bytes", "Memory that a queue's state takes.", |queue, _| {
        queue.replica.read(|state| state.memory_bytes() as u64)
    }),
];

impl Streams {
    /// Hands the samples of open queues to `to`.
    pub(crate) fn collect_queues(&self, to: &mut dyn Collector) {
        let now = self.now();
        let mut open: Vec<(Arc<OpenQueue>, Arc<Queue>, String, Counts)> = Vec::new();
        for queue in self.queues.all().into_iter().take(QUEUES_SHOWN_MAX) {
            let known = self.catalog.read(|state| state.queues().by_group(queue.group).cloned());
            open.extend(known.map(|known| {
                let (account, counts) = (known.account.to_string(), queue.counts(&known, now));
                (queue, known, account, counts)
            }));
        }
        for (name, help, counter) in COUNTERS {
            for (queue, known, account, _) in &open {
                let value = Sample::Counter(counter(&queue.counters).get());
                to.sample(name, help, &labels(known, account), value);
            }
        }
        for (name, help, gauge) in GAUGES {
            for (queue, known, account, counts) in &open {
                to.sample(
                    name,
                    help,
                    &labels(known, account),
                    Sample::Gauge(gauge(queue, *counts)),
                );
            }
        }
    }
}

fn labels<'a>(queue: &'a Queue, account: &'a str) -> [(&'static str, &'a str); 4] {
    [
        ("account", account),
        ("queue_id", queue.id.as_str()),
        ("queue_name", queue.name.as_str()),
        ("region", queue.region.as_str()),
    ]
}
