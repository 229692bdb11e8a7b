//! How shard-level metrics are shown: to those who ask for a series, and to Prometheus.

use std::sync::Arc;

use millstream_catalog::{ShardMetric, ShardMetrics};
use millstream_counters::{Collector, Sample};
use millstream_log::GroupId;
use millstream_types::{Millis, ShardId};

use crate::limits::SHARDS_SHOWN_MAX;
use crate::runtime::StreamRuntime;
use crate::service::Streams;
use crate::shard_series::Point;

/// Name and help of each metric's sum since it is switched on.
fn counter_of(metric: ShardMetric) -> (&'static str, &'static str) {
    match metric {
        ShardMetric::IncomingBytes => {
            ("millstream_shard_incoming_bytes_total", "IncomingBytes of a shard.")
        }
        ShardMetric::IncomingRecords => {
            ("millstream_shard_incoming_records_total", "IncomingRecords of a shard.")
        }
        ShardMetric::OutgoingBytes => {
            ("millstream_shard_outgoing_bytes_total", "OutgoingBytes of a shard.")
        }
        ShardMetric::OutgoingRecords => {
            ("millstream_shard_outgoing_records_total", "OutgoingRecords of a shard.")
        }
        ShardMetric::WriteProvisionedThroughputExceeded => (
            "millstream_shard_write_provisioned_throughput_exceeded_total",
            "WriteProvisionedThroughputExceeded of a shard.",
        ),
        ShardMetric::ReadProvisionedThroughputExceeded => (
            "millstream_shard_read_provisioned_throughput_exceeded_total",
            "ReadProvisionedThroughputExceeded of a shard.",
        ),
        ShardMetric::IteratorAgeMilliseconds => (
            "millstream_shard_iterator_age_ms_max",
            "IteratorAgeMilliseconds of a shard: the most since it is switched on.",
        ),
    }
}

impl Streams {
    /// The shard-level metrics that a stream has switched on, and how many shards it has.
    pub fn shard_metrics_of(&self, group: GroupId) -> Option<(ShardMetrics, usize)> {
        let stream = self.catalog.by_group(group)?;
        (!stream.shard_metrics.is_empty()).then(|| (stream.shard_metrics, stream.shards.len()))
    }

    /// The minutes of a shard-level metric that begin from `from` on and before `to`, oldest first, at most the last
    /// three hours; nothing where the metric is off or nothing happened.
    pub fn shard_series(
        &self,
        group: GroupId,
        shard: ShardId,
        metric: ShardMetric,
        from: Millis,
        to: Millis,
    ) -> Vec<Point> {
        let Some(stream) = self.catalog.by_group(group) else { return Vec::new() };
        let runtime = self.runtimes.of(&stream, &self.limits, &*self.clock);
        let series = runtime.series.as_ref();
        series.map_or_else(Vec::new, |series| series.points(shard, metric, from, to))
    }

    /// Hands the sums of all shards to `to`, of the first [`SHARDS_SHOWN_MAX`] that take records.
    pub(crate) fn collect_shards(&self, runtimes: &[Arc<StreamRuntime>], to: &mut dyn Collector) {
        let given_up = Sample::Counter(self.runtimes.series_budget.given_up.get());
        let help = "Minutes of shard-level metrics that were given up early, for want of room.";
        to.sample("millstream_shard_series_given_up_total", help, &[], given_up);
        let monitored = runtimes.iter().filter(|runtime| runtime.series.is_some());
        let shown: Vec<(&StreamRuntime, ShardId, String, String)> = monitored
            .flat_map(|runtime| {
                let open = runtime.stream.open_shards();
                open.map(|shard| {
                    let account = runtime.stream.account.to_string();
                    (&**runtime, shard.id, shard.id.to_string(), account)
                })
            })
            .take(SHARDS_SHOWN_MAX)
            .collect();
        for metric in ShardMetric::ALL {
            let (name, help) = counter_of(metric);
            for (runtime, shard, shard_name, account) in &shown {
                let Some(series) = runtime.series.as_ref() else { continue };
                if !series.metrics().contains(metric) {
                    continue;
                }
                let total = series.total(*shard, metric);
                let value = match metric {
                    ShardMetric::IteratorAgeMilliseconds => Sample::Gauge(total.maximum),
                    _ => Sample::Counter(total.sum),
                };
                let stream = &runtime.stream;
                let labels = [
                    ("stream", stream.name.as_str()),
                    ("region", stream.region.as_str()),
                    ("account", account.as_str()),
                    ("shard", shard_name.as_str()),
                ];
                to.sample(name, help, &labels, value);
            }
        }
    }
}
