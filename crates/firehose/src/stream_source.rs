//! A Kinesis stream as a source: its shards, parents before children, read by position.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use millstream_aggregate::Aggregate;
use millstream_catalog::ShardState;
use millstream_log::{End, GroupId, Log, LogError, LogId, Position};
use millstream_streams::{ShardReadError, ShardReader, ShardRecord};
use millstream_types::{Millis, SequenceNumber, ShardId};
use tokio::sync::watch;

use crate::limits::BATCH_BYTES_MAX;
use crate::record::{RecordId, SourceRecord, StreamOrigin};
use crate::source::{Damaged, Extent, Scan, Source, SourceError, SourceFuture, SourceLog, Stretch};

/// A stream.
pub struct StreamSource {
    reader: ShardReader,
    log: Arc<dyn Log>,
    group: GroupId,
    generation: u32,
    /// The catalog's changes since the shards were listed last.
    changes: Mutex<watch::Receiver<Position>>,
}

impl From<ShardReadError> for SourceError {
    fn from(error: ShardReadError) -> Self {
        match error {
            ShardReadError::Gone => SourceError::Gone,
            ShardReadError::Damaged(place) => {
                let (next, bytes) = (place.next.0, place.bytes);
                SourceError::Damaged(Damaged { next, bytes, what: place.what })
            }
            ShardReadError::Failed(why) => SourceError::Failed(why),
        }
    }
}

fn failed(error: LogError) -> SourceError {
    match error {
        LogError::Gone => SourceError::Gone,
        other => SourceError::Failed(other.to_string()),
    }
}

impl StreamSource {
    /// The stream whose logs are `group`, in the place of so many that were deleted.
    pub fn new(reader: ShardReader, log: Arc<dyn Log>, group: GroupId, generation: u32) -> Self {
        let changes = Mutex::new(reader.changes());
        StreamSource { reader, log, group, generation, changes }
    }

    fn id(&self, shard: u32) -> LogId {
        LogId { group: self.group, index: shard }
    }

    async fn list(&self, known: &BTreeMap<u32, u64>) -> Result<Vec<SourceLog>, SourceError> {
        // Before looking: what changes meanwhile is looked at again.
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).mark_unchanged();
        let stream = self.reader.stream().ok_or(SourceError::Gone)?;
        let mut logs = Vec::new();
        for shard in &stream.shards {
            match shard.state {
                ShardState::Open | ShardState::Closing | ShardState::Closed { .. } => {}
                ShardState::Reserved | ShardState::Expired => continue,
            }
            let log = shard.id.0;
            let from = match known.get(&log) {
                Some(from) => *from,
                // LATEST, as AWS does; shards that come later are read from their beginning.
                None if known.is_empty() => {
                    self.log.bounds(self.id(log)).await.map_err(failed)?.end.0
                }
                None => 0,
            };
            let parents = shard.parents().map(|parent| parent.0).collect();
            logs.push(SourceLog { log, from, parents });
        }
        Ok(logs)
    }

    async fn measure(&self, log: u32, from: u64, bytes_max: usize) -> Result<Scan, SourceError> {
        let stretch = self.reader.read(ShardId(log), Position(from), None, bytes_max).await?;
        let mut scan = Scan { next: stretch.next.0, lost: stretch.expired, ..Scan::default() };
        scan.ended = matches!(stretch.end, End::Sealed(end) if stretch.next >= end);
        for record in &stretch.records {
            let bytes = record.data.len() as u64;
            (scan.records, scan.bytes) = (scan.records + 1, scan.bytes + bytes);
            // As many as will be delivered.
            let records = Aggregate::decode(&record.data).map_or(1, |it| it.count() as u64);
            match scan.extents.last_mut() {
                Some(last) if last.bytes + bytes <= BATCH_BYTES_MAX as u64 => {
                    last.to = record.position + 1;
                    last.records += records;
                    last.bytes += bytes;
                    last.newest = last.newest.max(record.arrival);
                }
                last => {
                    // What an engine leaves free between batches belongs to what follows.
                    let from = last.map_or(record.position, |last| last.to);
                    let (oldest, newest) = (record.arrival, record.arrival);
                    let to = record.position + 1;
                    scan.extents.push(Extent { from, to, records, bytes, oldest, newest });
                }
            }
        }
        Ok(scan)
    }

    async fn fetch(
        &self,
        log: u32,
        from: u64,
        to: u64,
        bytes_max: usize,
    ) -> Result<Stretch, SourceError> {
        let shard = ShardId(log);
        let to_position = Some(Position(to));
        let stretch = self.reader.read(shard, Position(from), to_position, bytes_max).await?;
        let shard_id: Arc<str> = shard.to_string().into();
        let records =
            stretch.records.into_iter().map(|record| source_record(log, &shard_id, record));
        let (records, lost) = (records.collect(), stretch.expired);
        Ok(Stretch { records, next: stretch.next.0.min(to), lost })
    }
}

fn source_record(log: u32, shard_id: &Arc<str>, record: ShardRecord) -> SourceRecord {
    let ShardRecord { position, arrival, data, partition_key, sequence } = record;
    let key = partition_key.as_deref().map_or("".into(), String::from_utf8_lossy);
    let stream = Some(StreamOrigin {
        partition_key: key.into(),
        sequence_number: sequence.to_string().into(),
        subsequence_number: 0,
        shard_id: shard_id.clone(),
    });
    SourceRecord { id: RecordId { log, position, part: 0 }, arrival, data, stream }
}

impl Source for StreamSource {
    fn logs<'a>(&'a self, known: &'a BTreeMap<u32, u64>) -> SourceFuture<'a, Vec<SourceLog>> {
        Box::pin(self.list(known))
    }

    fn scan(&self, log: u32, from: u64, bytes_max: usize) -> SourceFuture<'_, Scan> {
        Box::pin(self.measure(log, from, bytes_max))
    }

    fn read(&self, log: u32, from: u64, to: u64, bytes_max: usize) -> SourceFuture<'_, Stretch> {
        Box::pin(self.fetch(log, from, to, bytes_max))
    }

    fn end(&self, log: u32) -> SourceFuture<'_, u64> {
        Box::pin(async move { Ok(self.log.bounds(self.id(log)).await.map_err(failed)?.end.0) })
    }

    fn wait<'a>(
        &'a self,
        after: &'a [(u32, u64)],
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            let mut changed = Box::pin(async move {
                // A catalog that is gone changes no more.
                let _ = changes.changed().await;
            });
            let waits =
                after.iter().map(|(log, at)| self.reader.wait(ShardId(*log), Position(*at)));
            let mut waits: Vec<_> = waits.map(Box::pin).collect();
            std::future::poll_fn(|cx| {
                if changed.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                match waits.iter_mut().any(|wait| wait.as_mut().poll(cx).is_ready()) {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                }
            })
            .await;
        })
    }

    fn retention(&self) -> Duration {
        // What is left of a stream that is gone lies in logs of our own, and is kept as what is put is.
        let stream = self.reader.stream();
        stream.map_or(crate::limits::DIRECT_PUT_RETENTION, |stream| stream.retention())
    }

    fn grows(&self) -> bool {
        true
    }

    fn generation(&self) -> u32 {
        self.generation
    }

    fn sequence_number(&self, log: u32, position: u64, arrival: Millis) -> Option<String> {
        let stream = self.reader.stream()?;
        let shard = stream.shards.get(log as usize)?;
        let created = shard.created.seconds();
        Some(SequenceNumber::of_record(created, shard.id, position, arrival).to_string())
    }

    fn trim(&self, _: u32, _: u64) -> SourceFuture<'_, ()> {
        // The stream keeps its records for whoever reads it.
        Box::pin(std::future::ready(Ok(())))
    }
}
