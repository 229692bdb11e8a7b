//! PutRecords: up to 500 records in one call, an answer for each.

use std::borrow::Cow;
use std::sync::Arc;

use millstream_api::ops::PutRecordsInput;
use millstream_api::{Blob, Error, ErrorCode, PutEntry, PutRecordsReply};
use millstream_catalog::{Stream, StreamStatus};
use millstream_log::LogError;
use millstream_types::HashKey;
use tokio::time::Instant;

use crate::caller::Caller;
use crate::distribution::distribute;
use crate::encryption::of_puts;
use crate::errors::{Refusal, disk_full};
use crate::limits::{PUT_REQUEST_BYTES_MAX, RESHARD_RETRIES_MAX};
use crate::owner::StreamCounters;
use crate::put::{Incoming, PutOutcome, put};
use crate::runtime::StreamRuntime;
use crate::service::Streams;

impl Streams {
    /// Puts records; each gets its own answer, and a failure does not stop the rest.
    pub async fn put_records(
        &self,
        caller: &Caller,
        input: PutRecordsInput<'_>,
    ) -> Result<PutRecordsReply, Error> {
        let began = Instant::now();
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:PutRecords", &stream.arn())?;
        let stream = self.writable(caller, stream)?;
        let counters = stream.counters.clone();
        let encryption = of_puts(&stream.stream);
        let mut records: Vec<_> = input
            .records
            .into_iter()
            .enumerate()
            .map(|(index, record)| {
                let path = PathOf::Entry(index);
                incoming(
                    &stream.stream,
                    path,
                    record.data,
                    record.partition_key,
                    record.explicit_hash_key,
                )
            })
            .collect::<Result<_, _>>()?;
        let bytes: usize = records.iter().map(Incoming::bytes).sum();
        if bytes > PUT_REQUEST_BYTES_MAX {
            return Err(Error::invalid_argument("Records size exceeds 10 MB limit"));
        }
        if input.dry_run == Some(true) {
            return Err(Refusal::DryRun.into());
        }
        if stream.stream.capacity.auto {
            distribute(&stream, self.now(), &mut records);
        }
        let (entries, bytes_taken) =
            self.put_or_inject(caller, "PutRecords", stream, &records).await?;
        counters.put_records_latency_us.record(began.elapsed().as_micros() as u64);
        count(&counters, bytes, bytes_taken, &entries);
        Ok(PutRecordsReply { entries, encryption })
    }

    /// The stream's runtime, if it takes records: a stream that is being created or deleted is not found yet, or any
    /// more.
    pub(crate) fn writable(
        &self,
        caller: &Caller,
        stream: Arc<Stream>,
    ) -> Result<Arc<StreamRuntime>, Error> {
        match stream.status {
            StreamStatus::Active | StreamStatus::Updating => {
                Ok(self.runtimes.of(&stream, &self.limits, &*self.clock))
            }
            StreamStatus::Creating | StreamStatus::Deleting => {
                Err(self.not_found(caller, stream.name.clone()).into())
            }
        }
    }

    /// Puts records, those that raced a seal on the children of their shard: the client never sees a reshard.
    pub(crate) async fn put_everywhere(
        &self,
        caller: &Caller,
        operation: &'static str,
        mut stream: Arc<StreamRuntime>,
        records: &[Incoming<'_>],
    ) -> Result<(Vec<PutEntry>, usize), Error> {
        let first = self.put_once(&stream, records).await?;
        let (mut entries, mut failure) = (first.entries, first.failed);
        let mut bytes_taken = first.bytes_taken;
        for _ in 0..RESHARD_RETRIES_MAX {
            let left: Vec<usize> =
                (0..entries.len()).filter(|index| entries[*index].is_none()).collect();
            if left.is_empty() {
                break;
            }
            let Some(next) = self.after_reshard(&stream).await else { break };
            stream = next;
            let again: Vec<_> = left.iter().map(|index| records[*index].clone()).collect();
            let outcome = self.put_once(&stream, &again).await?;
            bytes_taken += outcome.bytes_taken;
            failure = failure.or(outcome.failed);
            for (index, entry) in left.into_iter().zip(outcome.entries) {
                entries[index] = entry;
            }
        }
        if let Some(failure) = &failure {
            // The one record's reason is the call's, which is told in the log by whoever answers it.
            if operation == "PutRecord" && failure.error == LogError::Full {
                self.put_failures.records.add(failure.records as u64);
                return Err(disk_full());
            }
            self.put_failures.tell(caller, operation, &stream, failure, self.now());
        }
        let failed = || PutEntry::Failed {
            code: ErrorCode::InternalFailure,
            message: Cow::Borrowed("Internal Service Failure"),
        };
        Ok((entries.into_iter().map(|entry| entry.unwrap_or_else(failed)).collect(), bytes_taken))
    }

    async fn put_once(
        &self,
        stream: &StreamRuntime,
        records: &[Incoming<'_>],
    ) -> Result<PutOutcome, Error> {
        let sealing = self.sealing(&stream.stream).await?;
        let (owner, frames) = (&self.owner, &self.frames);
        put(stream, owner, frames, &*self.clock, records, sealing.as_ref()).await
    }

    /// Waits until the catalog knows a later version of the stream than `stream`, whose shard was found sealed.
    async fn after_reshard(&self, stream: &StreamRuntime) -> Option<Arc<StreamRuntime>> {
        let now = self.catalog.newer_than(stream.group(), stream.stream.version).await?;
        match now.status {
            StreamStatus::Active | StreamStatus::Updating => {
                Some(self.runtimes.of(&now, &self.limits, &*self.clock))
            }
            StreamStatus::Creating | StreamStatus::Deleting => None,
        }
    }
}

/// Where in the request a record is, for error texts.
pub(crate) enum PathOf {
    /// The one record of a PutRecord.
    Only,
    /// An entry of a PutRecords, from 0.
    Entry(usize),
}

impl PathOf {
    fn member(&self, name: &str) -> String {
        match self {
            PathOf::Only => name.to_owned(),
            PathOf::Entry(index) => format!("records.{}.member.{name}", index + 1),
        }
    }
}

/// A record with its hash key, once it is known to fit the stream.
pub(crate) fn incoming<'a>(
    stream: &Stream,
    path: PathOf,
    data: Blob<'a>,
    key: Option<Cow<'a, str>>,
    explicit: Option<Cow<'a, str>>,
) -> Result<Incoming<'a>, Error> {
    let hash_key = match (&explicit, &key) {
        // Neither means anything, right or wrong: the service chooses the shard later.
        _ if stream.capacity.auto => HashKey(0),
        (Some(explicit), _) => explicit.parse().map_err(|_| {
            Error::invalid_argument(format!(
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value \
                    was {explicit}"
            ))
        })?,
        (None, Some(key)) => HashKey::of_partition_key(key),
        (None, None) => {
            return Err(Error::invalid_argument(format!(
                "{} is required: the stream's records are distributed by partition key.",
                path.member("partitionKey")
            )));
        }
    };
    let record = Incoming { data, key, hash_key };
    let bytes_max = stream.max_record_size_kib as usize * 1024;
    if record.bytes() > bytes_max {
        // The text from when the model's own limit was 1 MiB; see docs/decisions/0004.
        let length = record.bytes();
        return Err(Error::validation(format!(
            "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]' at '{}' \
             failed to satisfy constraint: Member must have length less than or equal to {bytes_max}",
            path.member("data")
        )));
    }
    Ok(record)
}

fn count(counters: &StreamCounters, bytes: usize, bytes_taken: usize, entries: &[PutEntry]) {
    let (mut taken, mut throttled, mut failed) = (0, 0, 0);
    for entry in entries {
        match entry {
            PutEntry::Put { .. } => taken += 1,
            PutEntry::Failed {
                code: ErrorCode::ProvisionedThroughputExceededException, ..
            } => throttled += 1,
            PutEntry::Failed { .. } => failed += 1,
        }
    }
    counters.put_records_calls.add(1);
    counters.put_records_success.add(u64::from(taken > 0));
    counters.put_records_bytes.add(bytes as u64);
    counters.put_records_total_records.add(entries.len() as u64);
    counters.put_records_successful_records.add(taken);
    counters.put_records_throttled_records.add(throttled);
    counters.put_records_failed_records.add(failed);
    counters.write_throughput_exceeded.add(throttled);
    counters.incoming_records.add(taken);
    counters.incoming_bytes.add(bytes_taken as u64);
}
