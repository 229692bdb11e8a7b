//! What the control plane counts.

use millstream_counters::{Collect, Collector, Sample};

use crate::service::Firehose;

impl Collect for Firehose {
    fn collect(&self, to: &mut dyn Collector) {
        let all = self.catalog.read(|state| state.delivery_streams().all().count());
        to.sample(
            "millstream_firehose_delivery_streams",
            "Delivery streams in whatever status.",
            &[],
            Sample::Gauge(all as u64),
        );
        to.sample(
            "millstream_firehose_lifecycle_failures_total",
            "Steps of a delivery stream's life that failed and are tried again.",
            &[],
            Sample::Counter(self.lifecycle_failures.get()),
        );
    }
}
