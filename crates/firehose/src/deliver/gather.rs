//! Reading a plan's records again, in the order of their arrival, and passing them on stretch by stretch.

use std::collections::VecDeque;
use std::sync::Arc;

use millstream_aggregate::Aggregate;
use millstream_log::{End, LogError, Position, read_sound};
use millstream_types::Millis;

use super::failures::Failures;
use super::{Work, internal};
use crate::context::{Context, RecordCheck};
use crate::limits::{FAILED_RECORDS, READ_BYTES};
use crate::machine::{BackupInput, LaneId, PROCESSED};
use crate::processed::{Block, PROCESSED_LOG};
use crate::processing::error_document::{Failure, processing_failed};
use crate::processing::{Before, Chain, Finished, Piece};
use crate::reader::{OnDamage, Reader};
use crate::record::{Failed, PartitionValues, Ready, SourceRecord};
use crate::sink::SinkError;

/// What takes a plan's records as they come.
pub(super) trait Receiver: Send + 'static {
    /// Takes the next record, or says that it failed. The text is of what may pass.
    fn take(&mut self, record: Ready) -> Result<Result<(), Failed>, String>;
}

/// Keeps them.
impl Receiver for Vec<Ready> {
    fn take(&mut self, record: Ready) -> Result<Result<(), Failed>, String> {
        self.push(record);
        Ok(Ok(()))
    }
}

/// Wants only what fails.
pub(super) struct Discard;

impl Receiver for Discard {
    fn take(&mut self, _: Ready) -> Result<Result<(), Failed>, String> {
        Ok(Ok(()))
    }
}

/// What came of a plan's records.
#[derive(Debug)]
pub(super) struct Passed<R> {
    /// Who took them.
    pub receiver: R,
    /// How many were passed on.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What failed.
    pub failures: Failures,
    /// Records that cannot be read any more: as the plan counts them, where that is known.
    pub lost: u64,
    /// How many records were read, those of aggregates by themselves; where something may be left out.
    read: u64,
}

/// Some of a plan's records.
enum Stretch {
    Source(Vec<SourceRecord>),
    Processed(Vec<Ready>),
}

/// The deterministic steps that a plan's records pass through.
#[derive(Clone)]
struct Steps {
    /// None where records stay as they are.
    chain: Option<Arc<Chain>>,
    check: Option<RecordCheck>,
    now: Millis,
    /// Whether failures are told by another lane.
    silent: bool,
    /// Whether records are counted as they are read.
    counts: bool,
}

impl Work {
    /// Reads what the plan covers, does what is to be done to it, and hands it to `receiver`. One stretch is worked on
    /// while the next is read.
    pub(super) async fn pass<R: Receiver>(
        &self,
        receiver: R,
        failures: Failures,
    ) -> Result<Passed<R>, SinkError> {
        let mut passed = Passed { receiver, records: 0, bytes: 0, failures, lost: 0, read: 0 };
        let raw =
            self.plan.lane == LaneId::Backup && self.compiled.shape.backup == BackupInput::Raw;
        let steps = Steps {
            chain: (!raw && !self.compiled.plain).then(|| self.compiled.chain.clone()),
            check: self.ctx.check,
            now: self.ctx.now(),
            silent: self.plan.lane == LaneId::Backup,
            counts: self.is_late(),
        };
        let mut feed = Feed::new(self);
        let mut stretch = feed.next().await.map_err(internal)?;
        while let Some(mut now) = stretch {
            while let Some(rest) = passed.failures.writes().then(|| now.split()).flatten() {
                passed = self.work_on(&steps, now, passed).await?;
                now = rest;
            }
            let (next, done) = tokio::join!(feed.next(), self.work_on(&steps, now, passed));
            passed = done?;
            stretch = next.map_err(internal)?;
        }
        passed.lost = feed.source.lost();
        if passed.lost > 0 && feed.leaves_damage && !feed.has_blocks {
            // A position may hold an aggregate: what the plan had, and was not read, is lost.
            passed.lost = passed.lost.max(self.plan.records.saturating_sub(passed.read));
        }
        if feed.left_blocks {
            passed.lost += self.plan.records.saturating_sub(passed.records);
        }
        Ok(passed)
    }

    async fn work_on<R: Receiver>(
        &self,
        steps: &Steps,
        stretch: Stretch,
        mut passed: Passed<R>,
    ) -> Result<Passed<R>, SinkError> {
        let steps = steps.clone();
        let work = move || {
            let done = steps.run(stretch, &mut passed);
            done.map(|()| passed)
        };
        let mut passed = self.ctx.compute(work).await.flatten().map_err(internal)?;
        passed.failures.write_many(&self.ctx).await.map_err(internal)?;
        Ok(passed)
    }
}

impl Stretch {
    /// What is left of it after as many records as are worked on at once, if anything.
    fn split(&mut self) -> Option<Stretch> {
        let rest = match self {
            Stretch::Source(records) if records.len() > FAILED_RECORDS => {
                Stretch::Source(records.split_off(FAILED_RECORDS))
            }
            Stretch::Processed(records) if records.len() > FAILED_RECORDS => {
                Stretch::Processed(records.split_off(FAILED_RECORDS))
            }
            Stretch::Source(_) | Stretch::Processed(_) => return None,
        };
        Some(rest)
    }
}

impl Steps {
    fn run<R: Receiver>(&self, stretch: Stretch, to: &mut Passed<R>) -> Result<(), String> {
        match stretch {
            Stretch::Processed(ready) => {
                ready.into_iter().try_for_each(|record| to.take(record))?
            }
            Stretch::Source(records) => {
                records.into_iter().try_for_each(|record| self.record(record, to))?;
            }
        }
        if self.silent {
            to.failures.clear();
        }
        Ok(())
    }

    fn record<R: Receiver>(&self, record: SourceRecord, to: &mut Passed<R>) -> Result<(), String> {
        if self.counts {
            let is_of_stream = record.stream.is_some();
            let aggregate = is_of_stream.then(|| Aggregate::decode(&record.data)).flatten();
            to.read += aggregate.map_or(1, |it| it.count() as u64);
        }
        let Some(chain) = &self.chain else {
            let SourceRecord { id, arrival, data, .. } = record;
            return to.take(Ready { id, arrival, data, partition: PartitionValues::default() });
        };
        let mut outcome = Ok(());
        chain.before_function(record, self.now, &mut |before| match before {
            Before::Piece(piece) if outcome.is_ok() => outcome = self.piece(chain, piece, to),
            Before::Failed(failed) => to.failures.extend([failed]),
            Before::Piece(_) | Before::Dropped => {}
        });
        outcome
    }

    fn piece<R: Receiver>(
        &self,
        chain: &Chain,
        piece: Piece,
        to: &mut Passed<R>,
    ) -> Result<(), String> {
        // Before the delimiter comes: what is told is the record as it was put.
        let data = &piece.record.data[..];
        if let Some(Err((code, message))) = self.check.map(|check| check.check(data)) {
            let (arrival, ended) = (piece.record.arrival, self.now);
            let failure = Failure { raw: data, code, message, attempts: 1, arrival, ended };
            to.failures.extend([processing_failed(&failure, None)]);
            return Ok(());
        }
        let mut finished = Finished::default();
        chain.after_function(piece, self.now, &mut finished);
        to.failures.extend(finished.failed);
        finished.ready.into_iter().try_for_each(|record| to.take(record))
    }
}

impl<R: Receiver> Passed<R> {
    fn take(&mut self, record: Ready) -> Result<(), String> {
        self.records += 1;
        self.bytes += record.data.len() as u64;
        if let Err(failed) = self.receiver.take(record)? {
            self.failures.extend([failed]);
        }
        Ok(())
    }
}

/// Reads a plan's positions: blocks of the processed log, and logs of the source.
struct Feed {
    ctx: Arc<Context>,
    blocks: VecDeque<(u64, u64)>,
    /// About how many bytes a block has.
    block_bytes: u64,
    source: Reader,
    /// Whether what is damaged is left out: there is no other attempt.
    leaves_damage: bool,
    /// Whether blocks were.
    left_blocks: bool,
    /// Whether there are any.
    has_blocks: bool,
}

impl Feed {
    fn new(work: &Work) -> Self {
        let (ctx, cover) = (work.ctx.clone(), &work.plan.cover);
        let blocks: VecDeque<(u64, u64)> =
            cover.of(PROCESSED).into_iter().flat_map(|ranges| ranges.iter()).collect();
        let count: u64 = blocks.iter().map(|(from, to)| to - from).sum();
        let block_bytes = work.plan.bytes / count.max(1);
        let logs = cover.0.iter().filter(|(input, _)| **input != PROCESSED);
        let source = Reader::new(&ctx, logs.map(|(log, ranges)| (*log, ranges.iter().collect())));
        let leaves_damage = work.is_late();
        let on_damage = if leaves_damage { OnDamage::LeaveOut } else { OnDamage::Fail };
        let source = source.with(on_damage);
        let (left_blocks, has_blocks) = (false, !blocks.is_empty());
        Feed { ctx, blocks, block_bytes, source, leaves_damage, left_blocks, has_blocks }
    }

    async fn next(&mut self) -> Result<Option<Stretch>, String> {
        if !self.blocks.is_empty() {
            return Ok(Some(Stretch::Processed(self.processed().await?)));
        }
        let records = self.source.next().await?;
        Ok((!records.is_empty()).then_some(Stretch::Source(records)))
    }

    async fn processed(&mut self) -> Result<Vec<Ready>, String> {
        let (id, mut ready, mut bytes) = (self.ctx.processed(), Vec::new(), 0);
        while bytes < READ_BYTES
            && let Some((from, to)) = self.blocks.front_mut()
        {
            // Other lanes' and partitions' blocks lie between: not much more is read than is wanted.
            let wanted = (*to - *from - 1).saturating_mul(self.block_bytes).min(READ_BYTES as u64);
            let wanted = wanted.max(1) as usize;
            let read = read_sound(&*self.ctx.log, id, Position(*from), wanted).await;
            let read = match read.map_err(|error: LogError| error.to_string())? {
                Ok(read) => read,
                Err(place) if self.leaves_damage => {
                    (*from, self.left_blocks) = (place.next.0.min(*to), true);
                    if *from >= *to {
                        self.blocks.pop_front();
                    }
                    continue;
                }
                Err(place) => return Err(place.what),
            };
            for batch in read.batches.iter().filter(|batch| batch.first.0 < *to) {
                let payload = match self.ctx.envelope.open(PROCESSED_LOG, batch).await {
                    Err(_) if self.ctx.lost_its_key(batch.first.0) => {
                        self.left_blocks = true;
                        continue;
                    }
                    payload => payload?,
                };
                let block = Block::read(&payload)?;
                bytes += block.header.bytes as usize;
                ready.extend(block.records()?);
            }
            if read.next.0 <= *from || read.end != End::More && read.next.0 < *to {
                return Err("a block of the processed log is not there".into());
            }
            *from = read.next.0;
            if *from >= *to {
                self.blocks.pop_front();
            }
        }
        Ok(ready)
    }
}
