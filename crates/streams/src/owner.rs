//! The owner of a stream's shards: limits, append, read.
//!
//! The front of the operations decodes and routes; what reaches the owner is owned and could be sent to another node:
//! one message per request, never one per shard. On one machine the owner is always here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use millstream_counters::{Counter, Histogram};
use millstream_log::{Frame, Log, LogError, LogId};
use millstream_types::{Millis, ShardId};

use crate::bucket::Bucket;
use crate::limits::Limits;

/// What a shard's limits have left.
#[derive(Debug)]
pub struct ShardLimits {
    write_bytes: Bucket,
    write_records: Bucket,
    read_bytes: Bucket,
    reads: Bucket,
    iterators: Bucket,
    written_bytes: AtomicU64,
    written_records: AtomicU64,
}

impl ShardLimits {
    /// Full buckets.
    pub fn new(limits: &Limits, now: Millis) -> Self {
        ShardLimits {
            write_bytes: Bucket::new(limits.shard_write_bytes_per_second, now),
            write_records: Bucket::new(limits.shard_write_records_per_second, now),
            read_bytes: Bucket::new(limits.shard_read_bytes_per_second, now),
            reads: Bucket::new(limits.shard_reads_per_second, now),
            iterators: Bucket::new(limits.get_shard_iterator_per_second, now),
            written_bytes: AtomicU64::new(0),
            written_records: AtomicU64::new(0),
        }
    }

    /// Whether writes are limited at all.
    pub fn limit_writes(&self) -> bool {
        !(self.write_bytes.is_unlimited() && self.write_records.is_unlimited())
    }

    /// Whether a record might be admitted.
    pub fn has_room(&self, now: Millis) -> bool {
        self.write_records.has_any(now) && self.write_bytes.has_any(now)
    }

    /// Counts what was written: what on-demand scaling looks at.
    pub fn count_write(&self, bytes: u64, records: u64) {
        self.written_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.written_records.fetch_add(records, Ordering::Relaxed);
    }

    /// Bytes and records written since this node began to count.
    pub fn written(&self) -> (u64, u64) {
        let bytes = self.written_bytes.load(Ordering::Relaxed);
        (bytes, self.written_records.load(Ordering::Relaxed))
    }

    /// Takes a record of `bytes` (data and key) if the shard's throughput allows it.
    pub fn admit_write(&self, bytes: u64, now: Millis) -> bool {
        // A record that one of the two refuses must not use up the other.
        self.write_records.has_any(now)
            && self.write_bytes.take(bytes, now)
            && self.write_records.take(1, now)
    }

    /// Takes a call of GetRecords if calls and bytes are left; its bytes are charged once they are known.
    pub fn admit_read(&self, now: Millis) -> bool {
        self.read_bytes.has_any(now) && self.reads.take(1, now)
    }

    /// Charges what a call of GetRecords returned.
    pub fn charge_read(&self, bytes: u64, now: Millis) {
        self.read_bytes.charge(bytes, now);
    }

    /// Takes a call of GetShardIterator.
    pub fn admit_iterator(&self, now: Millis) -> bool {
        self.iterators.take(1, now)
    }
}

/// What is counted for a stream (developer guide, "Monitoring with CloudWatch"), in the metrics' own terms.
#[derive(Debug, Default)]
pub struct StreamCounters {
    /// `IncomingBytes`.
    pub incoming_bytes: Counter,
    /// `IncomingRecords`.
    pub incoming_records: Counter,
    /// `PutRecord.Bytes`.
    pub put_record_bytes: Counter,
    /// `PutRecord.Success`, over all calls of PutRecord.
    pub put_record_success: Counter,
    /// Calls of PutRecord.
    pub put_record_calls: Counter,
    /// `PutRecord.Latency`, in microseconds.
    pub put_record_latency_us: Histogram,
    /// `PutRecords.Bytes`.
    pub put_records_bytes: Counter,
    /// `PutRecords.Success`: calls in which any record was taken.
    pub put_records_success: Counter,
    /// Calls of PutRecords.
    pub put_records_calls: Counter,
    /// `PutRecords.Latency`, in microseconds.
    pub put_records_latency_us: Histogram,
    /// `PutRecords.TotalRecords`.
    pub put_records_total_records: Counter,
    /// `PutRecords.SuccessfulRecords`.
    pub put_records_successful_records: Counter,
    /// `PutRecords.FailedRecords`: refused for a fault here.
    pub put_records_failed_records: Counter,
    /// `PutRecords.ThrottledRecords`.
    pub put_records_throttled_records: Counter,
    /// `WriteProvisionedThroughputExceeded`.
    pub write_throughput_exceeded: Counter,
    /// `GetRecords.Bytes`.
    pub get_records_bytes: Counter,
    /// `GetRecords.Records`.
    pub get_records_records: Counter,
    /// `GetRecords.Success`.
    pub get_records_success: Counter,
    /// Calls of GetRecords.
    pub get_records_calls: Counter,
    /// `GetRecords.Latency`, in microseconds.
    pub get_records_latency_us: Histogram,
    /// `GetRecords.IteratorAgeMilliseconds`: age of the last record returned.
    pub get_records_iterator_age_ms: Histogram,
    /// `ReadProvisionedThroughputExceeded`.
    pub read_throughput_exceeded: Counter,
}

/// Appends and reads the logs of a stream's shards.
#[derive(Clone)]
pub struct Owner {
    log: Arc<dyn Log>,
}

impl Owner {
    /// The owner on this node.
    pub fn here(log: Arc<dyn Log>) -> Self {
        Owner { log }
    }

    /// The log of a stream's shard.
    pub fn log_of(group: millstream_log::GroupId, shard: ShardId) -> LogId {
        LogId { group, index: shard.0 }
    }

    /// Appends a frame: an outcome for each part, in order.
    pub async fn append(&self, frame: Frame) -> Vec<Result<millstream_log::Appended, LogError>> {
        let parts = frame.parts().len();
        match self.log.append_many(frame) {
            Ok(outcomes) => outcomes.await,
            Err(error) => vec![Err(error); parts],
        }
    }

    /// The log, for reads.
    pub fn log(&self) -> &dyn Log {
        &*self.log
    }
}
