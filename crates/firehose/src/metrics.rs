//! What is counted for a delivery stream, in the metrics' own terms (developer guide, "Monitoring with CloudWatch
//! metrics").

use millstream_counters::{Collector, Counter, Gauge, Histogram, Sample};
use millstream_types::Millis;
use millstream_vault::KeyFault;

use crate::machine::LaneId;
use crate::settings::{Destination, RecordDestination, Settings};

/// Counts of one delivery stream.
#[derive(Debug, Default)]
pub struct PipelineCounters {
    /// `IncomingBytes`.
    pub incoming_bytes: Counter,
    /// `IncomingRecords`.
    pub incoming_records: Counter,
    /// `IncomingPutRequests`.
    pub incoming_puts: Counter,
    /// `ThrottledRecords`.
    pub throttled_records: Counter,
    /// `PutRecord.Bytes`.
    pub put_record_bytes: Counter,
    /// `PutRecord.Requests`.
    pub put_record_requests: Counter,
    /// `PutRecord.Latency`, in microseconds.
    pub put_record_latency_us: Histogram,
    /// `PutRecordBatch.Bytes`.
    pub put_record_batch_bytes: Counter,
    /// `PutRecordBatch.Records`.
    pub put_record_batch_records: Counter,
    /// `PutRecordBatch.Requests`.
    pub put_record_batch_requests: Counter,
    /// `PutRecordBatch.Latency`, in microseconds.
    pub put_record_batch_latency_us: Histogram,
    /// `DataReadFromKinesisStream.Bytes`: each record of a stream once.
    pub read_bytes: Counter,
    /// `DataReadFromKinesisStream.Records`, likewise.
    pub read_records: Counter,
    /// Bytes of records that were read of the source's logs, for each lane and attempt.
    pub source_read_bytes: Counter,
    /// Such records.
    pub source_read_records: Counter,
    /// `KinesisMillisBehindLatest`: how old what was planned last was.
    pub millis_behind_latest: Gauge,
    /// What was delivered, by lane.
    pub lanes: [LaneCounters; 3],
    /// `KMSKeyAccessDenied`.
    pub key_access_denied: Counter,
    /// `KMSKeyDisabled`.
    pub key_disabled: Counter,
    /// `KMSKeyInvalidState`.
    pub key_invalid_state: Counter,
    /// `KMSKeyNotFound`.
    pub key_not_found: Counter,
    /// Times that a key could not be asked for.
    pub key_unavailable: Counter,
    /// `SucceedProcessing.Records`.
    pub processed_records: Counter,
    /// `SucceedProcessing.Bytes`.
    pub processed_bytes: Counter,
    /// Records that failed in processing.
    pub processing_failed_records: Counter,
    /// Records that processing left out on purpose.
    pub dropped_records: Counter,
    /// `ExecuteProcessing.Success`, over all calls.
    pub function_success: Counter,
    /// Calls of the function.
    pub function_calls: Counter,
    /// `ExecuteProcessing.Duration`, in microseconds.
    pub function_duration_us: Histogram,
    /// `JQProcessing.Duration`, in microseconds: for a window of records.
    pub query_duration_us: Histogram,
    /// `SucceedConversion.Records`.
    pub converted_records: Counter,
    /// `SucceedConversion.Bytes`.
    pub converted_bytes: Counter,
    /// `FailedConversion.Records`.
    pub conversion_failed_records: Counter,
    /// `FailedConversion.Bytes`.
    pub conversion_failed_bytes: Counter,
    /// `PartitionCount`.
    pub partitions: Gauge,
    /// `PerPartitionThroughput`, in bytes per second: of each partition's buffer when it is sealed.
    pub partition_throughput: Histogram,
    /// `PartitionCountExceeded`: records that found no place.
    pub partitions_exceeded: Counter,
    /// Records that are lost: their time was over, or nobody could read them any more.
    pub lost_records: Counter,
    /// Bytes of records that are lost.
    pub lost_bytes: Counter,
    /// Damaged places that lanes came upon.
    pub damaged_places: Counter,
    /// Times that the pipeline had to begin again.
    pub restarts: Counter,
    /// Records that are in no plan.
    pub waiting_records: Gauge,
    /// Bytes of records that are in no plan.
    pub waiting_bytes: Gauge,
    /// Records that were processed, and are in no plan of the main lane's or the errors'.
    pub waiting_processed_records: Gauge,
    /// Plans that are not settled.
    pub open_plans: Gauge,
}

/// Counts of one lane.
#[derive(Debug, Default)]
pub struct LaneCounters {
    /// `….Bytes`.
    pub bytes: Counter,
    /// `….Records`.
    pub records: Counter,
    /// `DeliveryToS3.ObjectCount`.
    pub objects: Counter,
    /// `….Success`, over all attempts.
    pub success: Counter,
    /// Attempts.
    pub attempts: Counter,
    /// `DeliveryToHttpEndpoint.ProcessedBytes`: of all attempts.
    pub attempted_bytes: Counter,
    /// `DeliveryToHttpEndpoint.ProcessedRecords`.
    pub attempted_records: Counter,
    /// When the oldest record arrived that is not delivered, in milliseconds; 0 if there is none.
    pub oldest_ms: Gauge,
    /// `DataAckLatency`, or how long an attempt took, in microseconds.
    pub latency_us: Histogram,
}

impl PipelineCounters {
    /// Counts of a lane.
    pub fn lane(&self, lane: LaneId) -> &LaneCounters {
        match lane {
            LaneId::Main => &self.lanes[0],
            LaneId::Backup => &self.lanes[1],
            LaneId::Errors => &self.lanes[2],
        }
    }

    /// A key could not be used.
    pub fn count_fault(&self, fault: KeyFault) {
        let counter = match fault {
            KeyFault::AccessDenied => &self.key_access_denied,
            KeyFault::Disabled => &self.key_disabled,
            KeyFault::InvalidState => &self.key_invalid_state,
            KeyFault::NotFound => &self.key_not_found,
            KeyFault::OptInRequired | KeyFault::Throttled | KeyFault::Unavailable => {
                &self.key_unavailable
            }
        };
        counter.add(1);
    }
}

impl LaneCounters {
    /// `DataFreshness`: how long ago the oldest record arrived that is not delivered, in milliseconds.
    pub fn data_freshness_ms(&self, now: Millis) -> u64 {
        match self.oldest_ms.get() {
            0 => 0,
            oldest => now.0.saturating_sub(oldest),
        }
    }
}

/// How metrics name a main lane's destination.
pub fn destination_name(settings: &Settings) -> &'static str {
    match &settings.destination {
        Destination::Objects(_) => "S3",
        Destination::Records { destination, .. } => match destination {
            RecordDestination::Http(_) => "HttpEndpoint",
            RecordDestination::Splunk(_) => "Splunk",
            RecordDestination::Search(search) if search.elasticsearch => "Elasticsearch",
            RecordDestination::Search(_) => "AmazonOpenSearchService",
            RecordDestination::Redshift(_) => "Redshift",
        },
    }
}

/// A delivery stream or channel whose counts are shown.
pub struct Shown<'a> {
    /// `delivery_stream` or `channel`: they may have the same name.
    pub kind: &'static str,
    /// Its name.
    pub name: &'a str,
    /// Its owner.
    pub account: &'a str,
    /// Its region.
    pub region: &'a str,
    /// How its destination is named.
    pub destination: &'a str,
    /// The counts.
    pub counters: &'a PipelineCounters,
}

type Of<T> = fn(&PipelineCounters) -> &T;

const COUNTERS: &[(&str, &str, Of<Counter>)] = &[
    ("millstream_firehose_incoming_bytes_total", "IncomingBytes.", |c| &c.incoming_bytes),
    ("millstream_firehose_incoming_records_total", "IncomingRecords.", |c| &c.incoming_records),
    ("millstream_firehose_incoming_puts_total", "IncomingPutRequests.", |c| &c.incoming_puts),
    ("millstream_firehose_throttled_records_total", "ThrottledRecords.", |c| &c.throttled_records),
    ("millstream_firehose_put_record_bytes_total", "PutRecord.Bytes.", |c| &c.put_record_bytes),
    ("millstream_firehose_put_record_requests_total", "PutRecord.Requests.", |c| {
        &c.put_record_requests
    }),
    ("millstream_firehose_put_record_batch_bytes_total", "PutRecordBatch.Bytes.", |c| {
        &c.put_record_batch_bytes
    }),
    ("millstream_firehose_put_record_batch_records_total", "PutRecordBatch.Records.", |c| {
        &c.put_record_batch_records
    }),
    ("millstream_firehose_put_record_batch_requests_total", "PutRecordBatch.Requests.", |c| {
        &c.put_record_batch_requests
    }),
    ("millstream_firehose_read_bytes_total", "DataReadFromKinesisStream.Bytes.", |c| &c.read_bytes),
    ("millstream_firehose_read_records_total", "DataReadFromKinesisStream.Records.", |c| {
        &c.read_records
    }),
    (
        "millstream_firehose_source_read_bytes_total",
        "Bytes of records read of the source's logs, for each lane and attempt.",
        |c| &c.source_read_bytes,
    ),
    (
        "millstream_firehose_source_read_records_total",
        "Records read of the source's logs, for each lane and attempt.",
        |c| &c.source_read_records,
    ),
    ("millstream_firehose_processed_records_total", "SucceedProcessing.Records.", |c| {
        &c.processed_records
    }),
    ("millstream_firehose_processed_bytes_total", "SucceedProcessing.Bytes.", |c| {
        &c.processed_bytes
    }),
    (
        "millstream_firehose_processing_failed_records_total",
        "Records that processing failed.",
        |c| &c.processing_failed_records,
    ),
    ("millstream_firehose_dropped_records_total", "Records that processing left out.", |c| {
        &c.dropped_records
    }),
    ("millstream_firehose_function_success_total", "ExecuteProcessing.Success.", |c| {
        &c.function_success
    }),
    ("millstream_firehose_function_calls_total", "Calls of the function.", |c| &c.function_calls),
    ("millstream_firehose_converted_records_total", "SucceedConversion.Records.", |c| {
        &c.converted_records
    }),
    ("millstream_firehose_converted_bytes_total", "SucceedConversion.Bytes.", |c| {
        &c.converted_bytes
    }),
    ("millstream_firehose_conversion_failed_records_total", "FailedConversion.Records.", |c| {
        &c.conversion_failed_records
    }),
    ("millstream_firehose_conversion_failed_bytes_total", "FailedConversion.Bytes.", |c| {
        &c.conversion_failed_bytes
    }),
    ("millstream_firehose_key_access_denied_total", "KMSKeyAccessDenied.", |c| {
        &c.key_access_denied
    }),
    ("millstream_firehose_key_disabled_total", "KMSKeyDisabled.", |c| &c.key_disabled),
    ("millstream_firehose_key_invalid_state_total", "KMSKeyInvalidState.", |c| {
        &c.key_invalid_state
    }),
    ("millstream_firehose_key_not_found_total", "KMSKeyNotFound.", |c| &c.key_not_found),
    ("millstream_firehose_key_unavailable_total", "Times a key could not be asked for.", |c| {
        &c.key_unavailable
    }),
    ("millstream_firehose_partitions_exceeded_total", "PartitionCountExceeded.", |c| {
        &c.partitions_exceeded
    }),
    ("millstream_firehose_lost_records_total", "Records whose time was over undelivered.", |c| {
        &c.lost_records
    }),
    ("millstream_firehose_lost_bytes_total", "Bytes of lost records.", |c| &c.lost_bytes),
    ("millstream_firehose_damaged_places_total", "Damaged places that lanes came upon.", |c| {
        &c.damaged_places
    }),
    ("millstream_firehose_restarts_total", "Times a pipeline began again.", |c| &c.restarts),
];

const GAUGES: &[(&str, &str, Of<Gauge>)] = &[
    ("millstream_firehose_millis_behind_latest_ms", "KinesisMillisBehindLatest.", |c| {
        &c.millis_behind_latest
    }),
    ("millstream_firehose_partitions", "PartitionCount.", |c| &c.partitions),
    ("millstream_firehose_waiting_records", "Records in no plan.", |c| &c.waiting_records),
    ("millstream_firehose_waiting_bytes", "Bytes of records in no plan.", |c| &c.waiting_bytes),
    ("millstream_firehose_open_plans", "Plans that are not settled.", |c| &c.open_plans),
];

const HISTOGRAMS: &[(&str, &str, Of<Histogram>)] = &[
    ("millstream_firehose_put_record_latency_us", "PutRecord.Latency, in microseconds.", |c| {
        &c.put_record_latency_us
    }),
    (
        "millstream_firehose_put_record_batch_latency_us",
        "PutRecordBatch.Latency, in microseconds.",
        |c| &c.put_record_batch_latency_us,
    ),
    ("millstream_firehose_function_duration_us", "ExecuteProcessing.Duration, in µs.", |c| {
        &c.function_duration_us
    }),
    (
        "millstream_firehose_partition_throughput_bytes_per_second",
        "PerPartitionThroughput: of partitions' buffers when they are sealed.",
        |c| &c.partition_throughput,
    ),
    ("millstream_firehose_query_duration_us", "JQProcessing.Duration, in microseconds.", |c| {
        &c.query_duration_us
    }),
];

type LaneCounterOf = fn(&LaneCounters) -> &Counter;

const LANE_COUNTERS: &[(&str, &str, LaneCounterOf)] = &[
    ("millstream_firehose_delivery_bytes_total", "DeliveryTo….Bytes, BackupToS3.Bytes.", |c| {
        &c.bytes
    }),
    ("millstream_firehose_delivery_records_total", "DeliveryTo….Records.", |c| &c.records),
    ("millstream_firehose_delivery_objects_total", "DeliveryToS3.ObjectCount.", |c| &c.objects),
    ("millstream_firehose_delivery_success_total", "DeliveryTo….Success.", |c| &c.success),
    ("millstream_firehose_delivery_attempts_total", "Attempts to deliver.", |c| &c.attempts),
    ("millstream_firehose_delivery_attempted_bytes_total", "ProcessedBytes: of attempts.", |c| {
        &c.attempted_bytes
    }),
    (
        "millstream_firehose_delivery_attempted_records_total",
        "ProcessedRecords: of attempts.",
        |c| &c.attempted_records,
    ),
];

const LANE_NAMES: [&str; 3] = ["main", "backup", "errors"];

/// What the destination of backups and errors is called.
const OBJECTS: &str = "S3";

fn labels<'a>(of: &Shown<'a>) -> [(&'static str, &'a str); 3] {
    [(of.kind, of.name), ("account", of.account), ("region", of.region)]
}

/// The labels of each lane, and its counts.
fn lanes<'a>(
    of: &Shown<'a>,
) -> impl Iterator<Item = ([(&'static str, &'a str); 5], &'a LaneCounters)> {
    let [name, account, region] = labels(of);
    let destinations = [of.destination, OBJECTS, OBJECTS];
    let lanes = LANE_NAMES.into_iter().zip(destinations).zip(&of.counters.lanes);
    lanes.map(move |((lane, destination), counters)| {
        ([name, account, region, ("lane", lane), ("destination", destination)], counters)
    })
}

/// Hands all counts to a collector.
pub fn collect(shown: &[Shown<'_>], now: Millis, to: &mut dyn Collector) {
    for (name, help, counter) in COUNTERS {
        for of in shown {
            to.sample(name, help, &labels(of), Sample::Counter(counter(of.counters).get()));
        }
    }
    for (name, help, gauge) in GAUGES {
        for of in shown {
            to.sample(name, help, &labels(of), Sample::Gauge(gauge(of.counters).get()));
        }
    }
    for (name, help, counter) in LANE_COUNTERS {
        for (labels, counters) in shown.iter().flat_map(lanes) {
            to.sample(name, help, &labels, Sample::Counter(counter(counters).get()));
        }
    }
    let (name, help) = (
        "millstream_firehose_data_freshness_ms",
        "DataFreshness: age of the oldest record that is not delivered.",
    );
    for (labels, counters) in shown.iter().flat_map(lanes) {
        to.sample(name, help, &labels, Sample::Gauge(counters.data_freshness_ms(now)));
    }
    for (name, help, histogram) in HISTOGRAMS {
        for of in shown {
            let snapshot = histogram(of.counters).snapshot();
            to.sample(name, help, &labels(of), Sample::Histogram(&snapshot));
        }
    }
    let (name, help) =
        ("millstream_firehose_delivery_latency_us", "How long attempts took; DataAckLatency.");
    for (labels, counters) in shown.iter().flat_map(lanes) {
        let snapshot = counters.latency_us.snapshot();
        to.sample(name, help, &labels, Sample::Histogram(&snapshot));
    }
}
