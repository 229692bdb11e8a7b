//! Reading around damage: what is sound before a damaged place, then the place, then what follows it.

use std::sync::Arc;

use crate::contract::{Log, LogError, LogId, Position, Read};
use crate::segment::Segment;
use crate::shared::Shared;
use crate::tables::LogState;

/// Damaged batches behind each other that are one place; what follows is the next.
const BATCHES_MAX: usize = 10_000;

/// A place in a log where nothing can be read, though it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedPlace {
    /// The position after it.
    pub next: Position,
    /// What is wrong, and where.
    pub what: String,
}

/// Reads as [`Log::read`] does, but a damaged batch keeps nobody from what lies before it, and where `from` itself is
/// damaged the place is told. That it is damaged may pass: a file may be put back.
pub async fn read_sound(
    log: &dyn Log,
    id: LogId,
    from: Position,
    bytes_max: usize,
) -> Result<Result<Read, DamagedPlace>, LogError> {
    let mut bytes_max = bytes_max;
    let what = loop {
        match log.read(id, from, bytes_max).await {
            Err(LogError::Damaged(what)) if bytes_max <= 1 => break what,
            // One of the batches is; the first may not be.
            Err(LogError::Damaged(_)) => bytes_max = (bytes_max / 4).max(1),
            read => return read.map(Ok),
        }
    };
    let mut next = from;
    for _ in 0..BATCHES_MAX {
        let after = log.after_damage(id, next).await?;
        if after <= next {
            break;
        }
        next = after;
        if !matches!(log.read(id, next, 1).await, Err(LogError::Damaged(_))) {
            break;
        }
    }
    match next > from {
        true => Ok(Err(DamagedPlace { next, what })),
        false => Err(LogError::Damaged(what)),
    }
}

impl Shared {
    /// See [`Log::after_damage`]. What cannot be read of the index holds nothing.
    pub(crate) fn find_after_damage(
        &self,
        log: &LogState,
        from: Position,
    ) -> Result<Position, LogError> {
        let (open, end) = {
            let index = self.open_index.read();
            let mut inner = log.lock();
            if inner.gone {
                return Err(LogError::Gone);
            }
            let runs = inner.read_runs(&index);
            let bases = runs.iter().flat_map(|run| &run.entries).map(|entry| entry.base);
            (bases.filter(|base| *base > from.0).min(), inner.end)
        };
        // Asked last: what goes from the open index to a footer meanwhile is found there.
        let in_footers = self.next_sealed(log.id, from);
        Ok(Position([open, in_footers].into_iter().flatten().min().unwrap_or(end)))
    }

    /// The first batch after a position in segments with footers. All are asked: damage comes seldom, and a search that
    /// halves what is left would end where a footer is damaged.
    fn next_sealed(&self, log: LogId, from: Position) -> Option<u64> {
        let units = self.set().sealed();
        let members = units.iter().flat_map(|unit| &unit.members);
        let in_segment = |member: &Arc<Segment>| {
            let row = self.row_of(member, log).ok()??;
            if row.run.1 == 0 || row.extent.end <= from.0 {
                return None;
            }
            let run = self.run_of(member, log, &row).ok()?;
            run.get(run.partition_point(|entry| entry.base <= from.0)).map(|entry| entry.base)
        };
        members.filter_map(in_segment).min()
    }
}
