//! Intake: what is put into a delivery stream lies in a log of its own before the answer, and is read from there.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use millstream_api::Blob;
use millstream_log::{
    AckMany, Appended, DamagedPlace, End, Frame, FramePool, GroupId, Log, LogError, LogId, Part,
    PartSpec, Position, read_sound,
};
use millstream_records::{BlockWriter, payload_bytes, records, sealed_header};
use millstream_vault::KeyError;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::envelope::{EXTRA_BYTES, Envelope, Sealing};
use crate::limits::{
    BATCH_BYTES_MAX, DIRECT_PUT_RETENTION, FRAME_POOL_BYTES_MAX, RING_BATCHES_MAX,
};
use crate::processed::INTAKE_LOG;
use crate::record::{RecordId, SourceRecord};
use crate::source::{Damaged, Extent, Scan, Source, SourceError, SourceFuture, SourceLog, Stretch};

/// Consecutive records of one put that became one batch of the log.
#[derive(Debug)]
pub struct Run {
    /// The first record, by its place in the put.
    pub from: usize,
    /// The one after the last.
    pub to: usize,
    /// Where they are, or why they are not there. After `Unknown` they may appear nevertheless.
    pub outcome: Result<Appended, LogError>,
}

/// Why nothing of a put was taken.
#[derive(Debug)]
pub enum IntakeError {
    /// The delivery stream's key cannot be used.
    Key(KeyError),
    /// A record, by its place in the put, is not valid base64.
    NotBase64(usize),
}

/// The intake of one delivery stream.
pub struct Intake {
    log: Arc<dyn Log>,
    id: LogId,
    envelope: Arc<Envelope>,
    frames: FramePool,
    seen: Arc<Seen>,
}

/// What the planner is told.
struct Seen {
    ring: Mutex<Ring>,
    news: watch::Sender<()>,
}

impl Seen {
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A put that waits for its outcome. Its caller may go away meanwhile; what it put may be in the log nevertheless.
struct Waiting {
    seen: Arc<Seen>,
    outcomes: Option<AckMany>,
}

impl Waiting {
    async fn outcomes(mut self) -> Vec<Result<Appended, LogError>> {
        let Some(outcomes) = &mut self.outcomes else { return Vec::new() };
        let outcomes = outcomes.await;
        self.outcomes = None;
        outcomes
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(outcomes) = self.outcomes.take() else { return };
        let seen = self.seen.clone();
        let doubt = async move {
            drop(outcomes.await);
            seen.ring().doubt();
            seen.news.send_replace(());
        };
        // Without a runtime the node stops, and the next start reads the log.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(doubt);
        }
    }
}

/// The batches that were taken last: what the planner need not read.
#[derive(Default)]
struct Ring {
    /// By the end of the log before the batch.
    batches: BTreeMap<u64, Extent>,
    /// How far the log is known to reach; `None` if it has to be asked.
    end: Option<u64>,
    /// Appends of unknown outcome so far.
    unknown: u64,
}

impl Ring {
    /// Something may be in the log that the ring does not know.
    fn doubt(&mut self) {
        (self.end, self.unknown) = (None, self.unknown + 1);
    }

    fn take(&mut self, prev: u64, extent: Extent) {
        self.end = self.end.map(|end| end.max(extent.to));
        self.batches.insert(prev, extent);
        if self.batches.len() > RING_BATCHES_MAX {
            self.batches.pop_first();
        }
    }

    /// Lets go of what lies before a position, which nobody reads any more.
    fn forget(&mut self, before: u64) {
        self.batches = self.batches.split_off(&before);
    }

    /// What follows a position without a gap.
    fn from(&self, mut at: u64, bytes_max: usize) -> Vec<Extent> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        while let Some(extent) = self.batches.get(&at)
            && bytes < bytes_max as u64
        {
            found.push(*extent);
            (at, bytes) = (extent.to, bytes + extent.bytes);
        }
        found
    }
}

/// A pool of frames that all intakes share.
pub fn frames() -> FramePool {
    FramePool::new(FRAME_POOL_BYTES_MAX)
}

impl Intake {
    /// The intake whose log is in `group`.
    pub fn new(
        log: Arc<dyn Log>,
        group: GroupId,
        envelope: Arc<Envelope>,
        frames: FramePool,
    ) -> Self {
        let id = LogId { group, index: INTAKE_LOG };
        let seen = Arc::new(Seen { ring: Mutex::default(), news: watch::Sender::new(()) });
        Intake { log, id, envelope, frames, seen }
    }

    /// Puts records. Each run of them is in the log, or not, as a whole; the answer comes after it is durable.
    pub async fn put(&self, records: &[Blob<'_>]) -> Result<Vec<Run>, IntakeError> {
        let (frame, bounds) = {
            let sealing = self.envelope.sealing().await.map_err(IntakeError::Key)?;
            self.lay_out(records, sealing.as_ref())?
        };
        let parts = frame.parts().len();
        let outcomes = match self.log.append_many(frame) {
            Ok(outcomes) => {
                let outcomes = Some(outcomes);
                Waiting { seen: self.seen.clone(), outcomes }.outcomes().await
            }
            Err(error) => vec![Err(error); parts],
        };
        let runs = bounds.into_iter().zip(outcomes);
        let runs = runs.map(|((from, to), outcome)| Run { from, to, outcome }).collect::<Vec<_>>();
        self.remember(records, &runs);
        Ok(runs)
    }

    fn lay_out(
        &self,
        records: &[Blob<'_>],
        sealing: Option<&Sealing<'_>>,
    ) -> Result<(Frame, Vec<(usize, usize)>), IntakeError> {
        let extra_bytes = sealing.map_or(0, |_| EXTRA_BYTES);
        let runs = runs_of(records, extra_bytes);
        let specs = runs.iter().map(|(from, to)| PartSpec {
            log: self.id,
            count: (to - from) as u32,
            payload_bytes: extra_bytes
                + payload_bytes(to - from, records[*from..*to].iter().map(Blob::len).sum()),
        });
        let mut frame = Frame::new(&self.frames, specs);
        let (parts, bytes) = frame.split_mut();
        for ((from, to), part) in runs.iter().zip(parts) {
            write_run(records, *from..*to, part, bytes, sealing)?;
        }
        Ok((frame, runs))
    }

    /// Keeps what the planner wants to know, and wakes it.
    fn remember(&self, records: &[Blob<'_>], runs: &[Run]) {
        let mut ring = self.seen.ring();
        for run in runs {
            match &run.outcome {
                Ok(appended) => {
                    let bytes = records[run.from..run.to].iter().map(Blob::len).sum::<usize>();
                    let extent = Extent {
                        from: appended.at.start.0,
                        to: appended.at.end.0,
                        records: (run.to - run.from) as u64,
                        bytes: bytes as u64,
                        oldest: appended.arrival,
                        newest: appended.arrival,
                    };
                    ring.take(appended.prev.0, extent);
                }
                // It may be there: the log knows.
                Err(LogError::Unknown(_)) => ring.doubt(),
                Err(_) => {}
            }
        }
        drop(ring);
        self.seen.news.send_replace(());
    }

    /// What the ring has from a position on; `None` if the log has to be read.
    fn remembered(&self, from: u64, bytes_max: usize) -> Option<Vec<Extent>> {
        let ring = self.seen.ring();
        let found = ring.from(from, bytes_max);
        let at_end = ring.end.is_some_and(|end| from >= end);
        (!found.is_empty() || at_end).then_some(found)
    }
}

/// Cuts records into batches of at most [`BATCH_BYTES_MAX`], or one record.
fn runs_of(records: &[Blob<'_>], extra_bytes: usize) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::with_capacity(records.len().min(32));
    let mut bytes = 0;
    for (at, record) in records.iter().enumerate() {
        let more = payload_bytes(1, record.len());
        match runs.last_mut() {
            Some(run) if bytes + more <= BATCH_BYTES_MAX => {
                run.1 = at + 1;
                bytes += more;
            }
            _ => {
                runs.push((at, at + 1));
                bytes = more + extra_bytes;
            }
        }
    }
    runs
}

fn write_run(
    records: &[Blob<'_>],
    run: std::ops::Range<usize>,
    part: &Part,
    bytes: &mut [u8],
    sealing: Option<&Sealing<'_>>,
) -> Result<(), IntakeError> {
    let payload = &mut bytes[part.payload.clone()];
    let block = match sealing {
        Some(_) => Sealing::plain_part(payload),
        None => &mut *payload,
    };
    let mut writer = BlockWriter::new(block, run.len());
    for index in run {
        let place = writer.push(None, records[index].len());
        records[index].decode_into(place).map_err(|_| IntakeError::NotBase64(index))?;
    }
    debug_assert!(writer.is_complete());
    if let Some(sealing) = sealing {
        sealing.seal(payload, INTAKE_LOG, part.count);
    }
    Ok(())
}

/// Bytes of the data in a batch, without opening it.
fn data_bytes(batch: &millstream_log::Batch) -> u64 {
    let sealed = sealed_header(&batch.payload).map_or(0, |_| EXTRA_BYTES);
    let around = payload_bytes(batch.count as usize, 0) + sealed;
    batch.payload.len().saturating_sub(around) as u64
}

impl Intake {
    async fn scan_log(&self, from: u64, bytes_max: usize) -> Result<Scan, SourceError> {
        let unknown = self.seen.ring().unknown;
        let read = match read_sound(&*self.log, self.id, Position(from), bytes_max).await {
            Err(LogError::Trimmed(first)) => {
                let lost = first.0 - from;
                return Ok(Scan { next: first.0, lost, ..Scan::default() });
            }
            read => read.map_err(failed)?.map_err(|place| damaged(place, u64::MAX))?,
        };
        let mut scan = Scan { next: from, ..Scan::default() };
        for batch in &read.batches {
            let first = batch.first.0.max(from);
            let to = batch.first.0 + u64::from(batch.batch.count);
            let (oldest, newest) = (batch.arrival, batch.arrival);
            let bytes = data_bytes(&batch.batch);
            scan.extents.push(Extent {
                from: first,
                to,
                records: to - first,
                bytes,
                oldest,
                newest,
            });
        }
        scan.next = read.next.0;
        if read.end == End::Tail {
            let mut ring = self.seen.ring();
            // What was put meanwhile is in the ring.
            if ring.end.is_none() && ring.unknown == unknown {
                ring.end = Some(read.next.0);
            }
        }
        Ok(scan)
    }

    async fn read_log(&self, from: u64, to: u64, bytes_max: usize) -> Result<Stretch, SourceError> {
        let read = match read_sound(&*self.log, self.id, Position(from), bytes_max).await {
            Err(LogError::Trimmed(first)) => {
                let next = first.0.min(to);
                return Ok(Stretch { next, lost: next - from, ..Stretch::default() });
            }
            read => read.map_err(failed)?.map_err(|place| damaged(place, to))?,
        };
        let mut stretch = Stretch { next: read.next.0.min(to), ..Stretch::default() };
        for batch in &read.batches {
            if batch.first.0 >= to {
                break;
            }
            let payload =
                self.envelope.open(INTAKE_LOG, batch).await.map_err(SourceError::Failed)?;
            let places = records(&payload, batch.batch.count);
            let places = places.map_err(|error| {
                SourceError::Failed(format!("intake, at {}: {error}", batch.first.0))
            })?;
            for (place, position) in places.zip(batch.first.0..to) {
                if position < from {
                    continue;
                }
                let data = payload.slice(place.data.start as usize..place.data.end as usize);
                let id = RecordId { log: INTAKE_LOG, position, part: 0 };
                let record = SourceRecord { id, arrival: batch.arrival, data, stream: None };
                stretch.records.push(record);
            }
        }
        Ok(stretch)
    }
}

fn damaged(place: DamagedPlace, to: u64) -> SourceError {
    let DamagedPlace { next, bytes, what } = place;
    SourceError::Damaged(Damaged { next: next.0.min(to), bytes, what })
}

fn failed(error: LogError) -> SourceError {
    match error {
        LogError::Gone => SourceError::Gone,
        other => SourceError::Failed(other.to_string()),
    }
}

impl Source for Intake {
    fn logs<'a>(&'a self, _: &'a BTreeMap<u32, u64>) -> SourceFuture<'a, Vec<SourceLog>> {
        let only = SourceLog { log: INTAKE_LOG, from: 0, parents: Vec::new() };
        Box::pin(std::future::ready(Ok(vec![only])))
    }

    fn scan(&self, _: u32, from: u64, bytes_max: usize) -> SourceFuture<'_, Scan> {
        Box::pin(async move {
            match self.remembered(from, bytes_max) {
                Some(extents) => {
                    let next = extents.last().map_or(from, |last| last.to);
                    Ok(Scan { extents, next, ..Scan::default() })
                }
                None => self.scan_log(from, bytes_max).await,
            }
        })
    }

    fn read(&self, _: u32, from: u64, to: u64, bytes_max: usize) -> SourceFuture<'_, Stretch> {
        Box::pin(self.read_log(from, to, bytes_max))
    }

    fn end(&self, _: u32) -> SourceFuture<'_, u64> {
        Box::pin(async { Ok(self.log.bounds(self.id).await.map_err(failed)?.end.0) })
    }

    fn wait<'a>(
        &'a self,
        after: &'a [(u32, u64)],
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        let mut news = self.seen.news.subscribe();
        news.mark_unchanged();
        Box::pin(async move {
            let at = after.first().map_or(0, |(_, at)| *at);
            if self.remembered(at, 1).is_none_or(|found| !found.is_empty()) {
                return;
            }
            // The sender lives as long as the intake.
            let _ = news.changed().await;
        })
    }

    fn retention(&self) -> Duration {
        DIRECT_PUT_RETENTION
    }

    fn trim(&self, _: u32, before: u64) -> SourceFuture<'_, ()> {
        Box::pin(async move {
            self.seen.ring().forget(before);
            self.log.trim(self.id, Position(before)).await.map_err(failed)
        })
    }
}
