//! Reading a plan's records again, in the order of their arrival.

use millstream_log::{End, LogError, Position};
use millstream_types::Millis;

use super::{Work, internal};
use crate::context::{Context, RecordCheck};
use crate::limits::READ_BYTES;
use crate::machine::{BackupInput, LaneId, PROCESSED, Ranges};
use crate::processed::{Block, PROCESSED_LOG};
use crate::processing::error_document::{Failure, processing_failed};
use crate::processing::{Chain, Finished, Prepared};
use crate::record::{Failed, PartitionValues, Ready, SourceRecord};
use crate::sink::SinkError;
use crate::source::SourceError;

/// What a plan's positions hold.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Records to be delivered, in the order of their arrival.
    pub ready: Vec<Ready>,
    /// What processing failed.
    pub failed: Vec<Failed>,
    /// Records that cannot be read any more.
    pub lost: u64,
}

impl Gathered {
    /// Bytes of the records.
    pub fn bytes(&self) -> u64 {
        self.ready.iter().map(|record| record.data.len() as u64).sum()
    }
}

impl Work {
    /// Reads what the plan covers and does what is to be done to it.
    pub(super) async fn gather(&self) -> Result<Gathered, SinkError> {
        let mut gathered = Gathered::default();
        let inputs = &self.plan.cover.0;
        for (input, ranges) in inputs {
            match *input {
                PROCESSED => self.gather_blocks(ranges, &mut gathered).await?,
                log => self.gather_source(log, ranges, &mut gathered).await?,
            }
        }
        if inputs.len() > 1 {
            // Each log is in order by itself, and stays so.
            gathered.ready.sort_by_key(|record| record.arrival);
        }
        Ok(gathered)
    }

    async fn gather_source(
        &self,
        log: u32,
        ranges: &Ranges,
        gathered: &mut Gathered,
    ) -> Result<(), SinkError> {
        let raw =
            self.plan.lane == LaneId::Backup && self.compiled.shape.backup == BackupInput::Raw;
        let chain = (!raw && !self.compiled.plain).then_some(&*self.compiled.chain);
        let now = self.ctx.now();
        for (from, to) in ranges.iter() {
            let check = self.ctx.check;
            let mut each = |record| process(chain, check, record, now, gathered);
            let lost = read_source(&self.ctx, log, from, to, &mut each).await;
            gathered.lost += lost.map_err(internal)?;
        }
        if self.plan.lane == LaneId::Backup {
            // They are the main lane's to tell.
            gathered.failed.clear();
        }
        Ok(())
    }

    async fn gather_blocks(
        &self,
        ranges: &Ranges,
        gathered: &mut Gathered,
    ) -> Result<(), SinkError> {
        let (log, id) = (&self.ctx.log, self.ctx.processed());
        let blocks: u64 = ranges.iter().map(|(from, to)| to - from).sum();
        let block_bytes = self.plan.bytes / blocks.max(1);
        for (from, to) in ranges.iter() {
            let mut at = from;
            while at < to {
                // Other lanes' and partitions' blocks lie between: not much more is read than is wanted.
                let wanted = (to - at - 1).saturating_mul(block_bytes).min(READ_BYTES as u64);
                let read = log.read(id, Position(at), wanted.max(1) as usize).await;
                let read = read.map_err(|error: LogError| internal(error.to_string()))?;
                for batch in read.batches.iter().filter(|batch| batch.first.0 < to) {
                    let payload = self.ctx.envelope.open(PROCESSED_LOG, batch).await;
                    let block = Block::read(&payload.map_err(internal)?).map_err(internal)?;
                    gathered.ready.extend(block.records().map_err(internal)?);
                }
                if read.next.0 <= at || read.end != End::More && read.next.0 < to {
                    return Err(internal("a block of the processed log is not there".into()));
                }
                at = read.next.0;
            }
        }
        Ok(())
    }
}

/// Does the deterministic steps.
fn process(
    chain: Option<&Chain>,
    check: Option<RecordCheck>,
    record: SourceRecord,
    now: Millis,
    to: &mut Gathered,
) {
    let Some(chain) = chain else {
        let SourceRecord { id, arrival, data, .. } = record;
        to.ready.push(Ready { id, arrival, data, partition: PartitionValues::default() });
        return;
    };
    let mut prepared = Prepared::default();
    chain.before_function(record, now, &mut prepared);
    to.failed.append(&mut prepared.failed);
    let mut finished = Finished::default();
    for piece in prepared.pieces {
        // Before the delimiter comes: what is told is the record as it was put.
        let data = &piece.record.data[..];
        if let Some(Err((code, message))) = check.map(|check| check.check(data)) {
            let (arrival, ended) = (piece.record.arrival, now);
            let failure = Failure { raw: data, code, message, attempts: 1, arrival, ended };
            to.failed.push(processing_failed(&failure, None));
            continue;
        }
        chain.after_function(piece, now, &mut finished);
    }
    to.failed.append(&mut finished.failed);
    to.ready.append(&mut finished.ready);
}

/// Reads records of a source's log; how many could not be read any more.
pub(crate) async fn read_source(
    ctx: &Context,
    log: u32,
    from: u64,
    to: u64,
    each: &mut (dyn FnMut(SourceRecord) + Send),
) -> Result<u64, String> {
    let (mut at, mut lost) = (from, 0);
    while at < to {
        let stretch = match ctx.source.read(log, at, to, READ_BYTES).await {
            // With its stream what was not delivered is gone.
            Err(SourceError::Gone) => return Ok(lost + (to - at)),
            stretch => stretch.map_err(|error| error.to_string())?,
        };
        if stretch.next <= at {
            return Err(format!("log {log} of the source has nothing at {at}"));
        }
        let bytes = stretch.records.iter().map(|record| record.data.len() as u64).sum();
        ctx.counters.read_records.add(stretch.records.len() as u64);
        ctx.counters.read_bytes.add(bytes);
        stretch.records.into_iter().for_each(&mut *each);
        (at, lost) = (stretch.next, lost + stretch.lost);
    }
    Ok(lost)
}
