//! What the control plane counts.

use std::time::Duration;

use millstream_counters::{Collect, Collector, Counter, Histogram, Sample};

use crate::quotas::UNLIMITED;
use crate::service::Firehose;

/// The operations that are counted here; puts are counted by delivery stream.
const OPERATIONS: [&str; 10] = [
    "CreateDeliveryStream",
    "DeleteDeliveryStream",
    "DescribeDeliveryStream",
    "ListDeliveryStreams",
    "ListTagsForDeliveryStream",
    "StartDeliveryStreamEncryption",
    "StopDeliveryStreamEncryption",
    "TagDeliveryStream",
    "UntagDeliveryStream",
    "UpdateDestination",
];

/// Calls of the control plane, by operation.
#[derive(Debug, Default)]
pub struct ControlCalls([ControlCall; OPERATIONS.len()]);

#[derive(Debug, Default)]
struct ControlCall {
    requests: Counter,
    latency_us: Histogram,
}

impl Firehose {
    /// A call of the control plane was answered, however it was.
    pub fn count_call(&self, operation: &str, took: Duration) {
        let Some(index) = OPERATIONS.iter().position(|known| *known == operation) else { return };
        let call = &self.calls.0[index];
        call.requests.add(1);
        call.latency_us.record(took.as_micros() as u64);
    }

    fn collect_calls(&self, to: &mut dyn Collector) {
        let calls = || OPERATIONS.iter().zip(&self.calls.0);
        let (name, help) =
            ("millstream_firehose_control_requests_total", "Calls of the control plane.");
        for (operation, call) in calls() {
            let requests = Sample::Counter(call.requests.get());
            to.sample(name, help, &[("operation", operation)], requests);
        }
        let (name, help) =
            ("millstream_firehose_control_latency_us", "How long they took, in microseconds.");
        for (operation, call) in calls() {
            let latency = call.latency_us.snapshot();
            to.sample(name, help, &[("operation", operation)], Sample::Histogram(&latency));
        }
    }

    fn collect_limits(&self, to: &mut dyn Collector) {
        let limits = &self.limits;
        for (name, help, limit) in [
            (
                "millstream_firehose_bytes_per_second_limit",
                "BytesPerSecondLimit: of puts into each delivery stream.",
                limits.firehose_put_bytes_per_second,
            ),
            (
                "millstream_firehose_records_per_second_limit",
                "RecordsPerSecondLimit.",
                limits.firehose_put_records_per_second,
            ),
            (
                "millstream_firehose_put_requests_per_second_limit",
                "PutRequestsPerSecondLimit.",
                limits.firehose_put_requests_per_second,
            ),
        ] {
            // Where nothing limits there is no limit to show.
            if limit != UNLIMITED {
                to.sample(name, help, &[], Sample::Gauge(limit));
            }
        }
    }
}

impl Collect for Firehose {
    fn collect(&self, to: &mut dyn Collector) {
        let all = self.catalog.read(|state| state.delivery_streams().all().count());
        to.sample(
            "millstream_firehose_delivery_streams",
            "ResourceCount: delivery streams in whatever status.",
            &[],
            Sample::Gauge(all as u64),
        );
        to.sample(
            "millstream_firehose_lifecycle_failures_total",
            "Steps of a delivery stream's life that failed and are tried again.",
            &[],
            Sample::Counter(self.lifecycle_failures.get()),
        );
        self.collect_limits(to);
        self.collect_calls(to);
    }
}
