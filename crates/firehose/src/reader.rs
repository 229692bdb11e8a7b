//! Reading logs of a source together: their records in the order of arrival, a stretch at a time, so that few of them
//! are in memory however many there are.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use millstream_types::Millis;

use crate::context::Context;
use crate::limits::{READ_ALL_BYTES, READ_BYTES, READ_BYTES_MIN};
use crate::record::SourceRecord;
use crate::source::{Damaged, SourceError, Stretch};

/// Positions of logs, read once, in the order of their records' arrival. Each log by itself stays in its own order.
pub struct Reader {
    ctx: Arc<Context>,
    inputs: Vec<Input>,
    read_bytes: usize,
    on_damage: OnDamage,
    lost: u64,
    left_out: u64,
}

/// What is done at a damaged place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDamage {
    /// Reading fails there.
    Fail,
    /// Reading fails there for as long as the pipeline has patience; then it is left out.
    Wait,
    /// It is left out, and its records are lost.
    LeaveOut,
}

struct Input {
    log: u32,
    /// What is not read yet: first position, position after the last.
    ranges: VecDeque<(u64, u64)>,
    /// Where the last range ends.
    end: u64,
    /// What was read and not handed out yet.
    waiting: VecDeque<SourceRecord>,
}

impl Reader {
    /// Reads so many ranges of each log, which are in order.
    pub fn new(
        ctx: &Arc<Context>,
        logs: impl IntoIterator<Item = (u32, VecDeque<(u64, u64)>)>,
    ) -> Self {
        let input = |(log, ranges): (u32, VecDeque<(u64, u64)>)| {
            let end = ranges.back().map_or(0, |(_, to)| *to);
            Input { log, ranges, end, waiting: VecDeque::new() }
        };
        let inputs: Vec<Input> = logs.into_iter().map(input).collect();
        let read_bytes = READ_ALL_BYTES / inputs.len().max(1);
        let read_bytes = read_bytes.clamp(READ_BYTES_MIN, READ_BYTES);
        let (on_damage, lost, left_out) = (OnDamage::Fail, 0, 0);
        Reader { ctx: ctx.clone(), inputs, read_bytes, on_damage, lost, left_out }
    }

    /// The same, with something else to do at damaged places.
    pub fn with(self, on_damage: OnDamage) -> Self {
        Reader { on_damage, ..self }
    }

    /// The records that come next, about [`READ_BYTES`] of them; none at the end.
    pub async fn next(&mut self) -> Result<Vec<SourceRecord>, String> {
        for at in 0..self.inputs.len() {
            self.fill(at).await?;
        }
        if let [only] = &mut self.inputs[..] {
            return Ok(std::mem::take(&mut only.waiting).into());
        }
        Ok(self.merge())
    }

    /// Records so far that cannot be read any more.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Those of them that were left out since they are damaged.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Up to where each log was handed out, but for what is in `back`: records that were handed out last and are not
    /// wanted.
    pub fn reached(&self, back: &[SourceRecord]) -> Vec<(u32, u64)> {
        let reached = |input: &Input| {
            let returned = back.iter().find(|record| record.id.log == input.log);
            let next = returned.or(input.waiting.front()).map(|record| record.id.position);
            let unread = input.ranges.front().map(|(from, _)| *from);
            (input.log, next.or(unread).unwrap_or(input.end))
        };
        self.inputs.iter().map(reached).collect()
    }

    /// Reads on in a log of which nothing waits.
    async fn fill(&mut self, at: usize) -> Result<(), String> {
        let input = &mut self.inputs[at];
        while input.waiting.is_empty()
            && let Some((from, to)) = input.ranges.front_mut()
        {
            let stretch = match self.ctx.source.read(input.log, *from, *to, self.read_bytes).await {
                // With its stream what was not delivered is gone.
                Err(SourceError::Gone) => {
                    let left = input.ranges.drain(..).map(|(from, to)| to - from);
                    self.lost += left.sum::<u64>();
                    return Ok(());
                }
                Err(SourceError::Damaged(Damaged { next, what, .. }))
                    if self.on_damage.leaves_out(&self.ctx) =>
                {
                    let (name, log, lost) = (&self.ctx.sender.name, input.log, next - *from);
                    tracing::error!(%name, log, lost, %what, "damaged records are left out");
                    self.left_out += lost;
                    Stretch { next, lost, ..Stretch::default() }
                }
                stretch => stretch.map_err(|error| error.to_string())?,
            };
            if stretch.next <= *from {
                return Err(format!("log {} of the source has nothing at {from}", input.log));
            }
            let bytes = stretch.records.iter().map(|record| record.data.len() as u64).sum();
            self.ctx.counters.source_read_records.add(stretch.records.len() as u64);
            self.ctx.counters.source_read_bytes.add(bytes);
            self.lost += stretch.lost;
            *from = stretch.next;
            if *from >= *to {
                input.ranges.pop_front();
            }
            input.waiting = stretch.records.into();
        }
        Ok(())
    }

    /// Takes out what is in order now: up to where a log has to be read on, which may have an earlier record.
    fn merge(&mut self) -> Vec<SourceRecord> {
        let first = |(at, input): (usize, &Input)| Some(Reverse((input.arrival()?, at)));
        let mut heads: BinaryHeap<Reverse<(Millis, usize)>> =
            self.inputs.iter().enumerate().filter_map(first).collect();
        let (mut merged, mut bytes) = (Vec::new(), 0);
        while let Some(Reverse((_, at))) = heads.pop() {
            let input = &mut self.inputs[at];
            if let Some(record) = input.waiting.pop_front() {
                bytes += record.data.len();
                merged.push(record);
            }
            match input.arrival() {
                Some(arrival) => heads.push(Reverse((arrival, at))),
                None if !input.ranges.is_empty() => break,
                None => {}
            }
            if bytes >= READ_BYTES {
                break;
            }
        }
        merged
    }
}

impl OnDamage {
    fn leaves_out(self, ctx: &Context) -> bool {
        match self {
            OnDamage::Fail => false,
            OnDamage::Wait => ctx.patience.is_over(),
            OnDamage::LeaveOut => true,
        }
    }
}

impl Input {
    fn arrival(&self) -> Option<Millis> {
        self.waiting.front().map(|record| record.arrival)
    }
}
