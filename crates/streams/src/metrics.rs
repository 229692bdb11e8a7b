//! The service's counts, in the metrics' own terms (developer guide, "Monitoring with CloudWatch").

use millstream_catalog::{Shard, Stream};
use millstream_counters::{Collect, Collector, Counter, Histogram, Sample};

use crate::limits::FRAME_POOL_BYTES_MAX;
use crate::owner::StreamCounters;
use crate::runtime::StreamRuntime;
use crate::service::{REPLY_PERMIT_BYTES, Streams};

type CounterOf = fn(&StreamCounters) -> &Counter;
type HistogramOf = fn(&StreamCounters) -> &Histogram;

const COUNTERS: &[(&str, &str, CounterOf)] = &[
    ("millstream_incoming_bytes_total", "IncomingBytes.", |c| &c.incoming_bytes),
    ("millstream_incoming_records_total", "IncomingRecords.", |c| &c.incoming_records),
    ("millstream_put_record_calls_total", "Calls of PutRecord.", |c| &c.put_record_calls),
    ("millstream_put_record_success_total", "PutRecord.Success.", |c| &c.put_record_success),
    ("millstream_put_record_bytes_total", "PutRecord.Bytes.", |c| &c.put_record_bytes),
    ("millstream_put_records_calls_total", "Calls of PutRecords.", |c| &c.put_records_calls),
    (
        "millstream_put_records_success_total",
        "PutRecords.Success: calls in which any record was taken.",
        |c| &c.put_records_success,
    ),
    ("millstream_put_records_bytes_total", "PutRecords.Bytes.", |c| &c.put_records_bytes),
    ("millstream_put_records_total_records_total", "PutRecords.TotalRecords.", |c| {
        &c.put_records_total_records
    }),
    ("millstream_put_records_successful_records_total", "PutRecords.SuccessfulRecords.", |c| {
        &c.put_records_successful_records
    }),
    ("millstream_put_records_failed_records_total", "PutRecords.FailedRecords.", |c| {
        &c.put_records_failed_records
    }),
    ("millstream_put_records_throttled_records_total", "PutRecords.ThrottledRecords.", |c| {
        &c.put_records_throttled_records
    }),
    (
        "millstream_write_provisioned_throughput_exceeded_total",
        "WriteProvisionedThroughputExceeded.",
        |c| &c.write_throughput_exceeded,
    ),
    ("millstream_get_records_calls_total", "Calls of GetRecords.", |c| &c.get_records_calls),
    ("millstream_get_records_success_total", "GetRecords.Success.", |c| &c.get_records_success),
    ("millstream_get_records_bytes_total", "GetRecords.Bytes.", |c| &c.get_records_bytes),
    ("millstream_get_records_records_total", "GetRecords.Records.", |c| &c.get_records_records),
    (
        "millstream_read_provisioned_throughput_exceeded_total",
        "ReadProvisionedThroughputExceeded.",
        |c| &c.read_throughput_exceeded,
    ),
];

const HISTOGRAMS: &[(&str, &str, HistogramOf)] = &[
    ("millstream_put_record_latency_us", "PutRecord.Latency, in microseconds.", |c| {
        &c.put_record_latency_us
    }),
    ("millstream_put_records_latency_us", "PutRecords.Latency, in microseconds.", |c| {
        &c.put_records_latency_us
    }),
    ("millstream_get_records_latency_us", "GetRecords.Latency, in microseconds.", |c| {
        &c.get_records_latency_us
    }),
    ("millstream_get_records_iterator_age_ms", "GetRecords.IteratorAgeMilliseconds.", |c| {
        &c.get_records_iterator_age_ms
    }),
];

/// Streams whose series are shown; more would be a page that nobody can read (hostile input, case 40).
const STREAMS_SHOWN_MAX: usize = 1000;

impl Collect for Streams {
    fn collect(&self, to: &mut dyn Collector) {
        let mut runtimes = self.runtimes.all();
        runtimes.sort_by_key(|runtime| runtime.group());
        runtimes.truncate(STREAMS_SHOWN_MAX);
        // Two accounts may have streams of one name.
        let accounts: Vec<String> =
            runtimes.iter().map(|runtime| runtime.stream.account.to_string()).collect();
        for (name, help, counter) in COUNTERS {
            for (runtime, account) in runtimes.iter().zip(&accounts) {
                let value = Sample::Counter(counter(&runtime.counters).get());
                to.sample(name, help, &labels(runtime, account), value);
            }
        }
        let failures = Sample::Counter(self.lifecycle_failures.get());
        let help =
            "Steps of creating, resharding or deleting streams that failed and are tried again.";
        to.sample("millstream_lifecycle_failures_total", help, &[], failures);
        let failures = Sample::Counter(self.put_failures.records.get());
        let help = "Records that were answered with InternalFailure.";
        to.sample("millstream_put_failures_total", help, &[], failures);
        self.collect_memory(to);
        self.collect_scaling(to);
        self.catalog.counters().collect(to);
        self.collect_shards(&runtimes, to);
        self.fan_out.collect(to);
        self.collect_queues(to);
        for (name, help, histogram) in HISTOGRAMS {
            for (runtime, account) in runtimes.iter().zip(&accounts) {
                let snapshot = histogram(&runtime.counters).snapshot();
                to.sample(name, help, &labels(runtime, account), Sample::Histogram(&snapshot));
            }
        }
    }
}

impl Streams {
    /// What takes memory and has a budget of its own; request bodies and subscriptions are shown by who holds them.
    fn collect_memory(&self, to: &mut dyn Collector) {
        let permits = self.reply_permits().saturating_sub(self.replies.available_permits());
        let (streams, shards) = self.catalog.read(|state| {
            state.streams().fold((0, 0), |(streams, shards), stream| {
                (streams + 1, shards + stream.shards.len())
            })
        });
        let catalog = streams * size_of::<Stream>() + shards * size_of::<Shard>();
        for (name, help, value) in [
            ("millstream_memory_replies_bytes", "Replies in memory.", permits * REPLY_PERMIT_BYTES),
            (
                "millstream_memory_frame_pool_bytes",
                "Idle buffers of puts.",
                self.frames.idle_bytes(),
            ),
            (
                "millstream_memory_replies_limit_bytes",
                "What replies may take.",
                self.reply_permits() * REPLY_PERMIT_BYTES,
            ),
            (
                "millstream_memory_frame_pool_limit_bytes",
                "What idle buffers of puts may take.",
                FRAME_POOL_BYTES_MAX,
            ),
            (
                "millstream_memory_catalog_bytes",
                "Streams and shards of the catalog, about; names and tags are left aside.",
                catalog,
            ),
            ("millstream_catalog_streams", "Streams of all accounts and regions.", streams),
            ("millstream_catalog_shards", "Shards of all streams, closed ones too.", shards),
        ] {
            to.sample(name, help, &[], Sample::Gauge(value as u64));
        }
    }
}

fn labels<'a>(runtime: &'a StreamRuntime, account: &'a str) -> [(&'static str, &'a str); 3] {
    let stream = &runtime.stream;
    [("stream", stream.name.as_str()), ("region", stream.region.as_str()), ("account", account)]
}
