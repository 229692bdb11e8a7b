//! A lane's buffers: which positions are to be delivered together, never the records themselves.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use millstream_types::Millis;

use crate::limits::{LANE_RANGES_MAX, PLAN_RANGES_MAX};
use crate::machine::{Cover, LaneId, LaneState, PROCESSED};
use crate::processed::Header;
use crate::record::PartitionValues;
use crate::settings::Hints;
use crate::source::Extent;

/// What will become a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// Positions.
    pub cover: Cover,
    /// How many records.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the oldest arrived.
    pub oldest: Millis,
    /// When the newest arrived.
    pub newest: Millis,
    /// The partition's values.
    pub values: PartitionValues,
}

impl Default for Buffer {
    fn default() -> Self {
        Buffer {
            cover: Cover::default(),
            records: 0,
            bytes: 0,
            oldest: Millis(u64::MAX),
            newest: Millis(0),
            values: PartitionValues::default(),
        }
    }
}

impl Buffer {
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Adds a stretch of a source's log.
    pub fn add(&mut self, log: u32, extent: &Extent) {
        self.cover.insert(log, extent.from, extent.to);
        self.count(extent.records, extent.bytes, extent.oldest, extent.newest);
    }

    fn add_block(&mut self, position: u64, header: &Header) {
        self.cover.insert(PROCESSED, position, position + 1);
        let (oldest, newest) = (Millis(header.oldest), Millis(header.newest));
        self.count(header.records.into(), header.bytes, oldest, newest);
    }

    fn count(&mut self, records: u64, bytes: u64, oldest: Millis, newest: Millis) {
        self.records += records;
        self.bytes += bytes;
        self.oldest = self.oldest.min(oldest);
        self.newest = self.newest.max(newest);
    }

    /// When it is due at the latest.
    pub fn due(&self, interval: Duration) -> Millis {
        self.oldest.plus(interval)
    }

    fn is_full(&self, full: Full) -> bool {
        let Full { bytes, records } = full;
        self.bytes >= bytes || self.records >= records || self.cover.ranges() >= PLAN_RANGES_MAX
    }

    fn begins_before(&self, targets: &BTreeMap<u32, u64>) -> bool {
        self.cover.0.iter().any(|(input, ranges)| {
            let target = targets.get(input).copied().unwrap_or(0);
            ranges.first().is_some_and(|first| first < target)
        })
    }
}

/// When a buffer is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// Bytes.
    pub bytes: u64,
    /// Records.
    pub records: u64,
}

/// A lane's buffers and how far its inputs were looked at.
#[derive(Debug)]
pub struct Lane {
    /// Which.
    pub id: LaneId,
    /// What the source's logs have for it.
    pub source: Buffer,
    /// What was full, oldest first.
    pub source_full: VecDeque<Buffer>,
    /// Blocks of the processed log, by partition or kind of failure.
    blocks: HashMap<String, Buffer>,
    /// What was full, oldest first.
    blocks_full: VecDeque<(String, Buffer)>,
    /// By input: what was looked at.
    pub seen: BTreeMap<u32, u64>,
    /// By input: what begins before is sealed as soon as possible.
    pub forced: BTreeMap<u32, u64>,
    /// Plans that are open.
    pub open: usize,
    /// How far it is planned, as the machine has it.
    pub planned: LaneState,
}

/// A buffer that is to be sealed, with its name.
pub type Due = (String, Buffer);

impl Lane {
    /// A lane that goes on where the machine's is.
    pub fn new(id: LaneId, planned: LaneState) -> Self {
        let mut lane = Lane {
            id,
            source: Buffer::default(),
            source_full: VecDeque::new(),
            blocks: HashMap::new(),
            blocks_full: VecDeque::new(),
            seen: planned.floors.clone(),
            forced: BTreeMap::new(),
            open: 0,
            planned,
        };
        lane.forget_source();
        lane
    }

    /// Forgets what was gathered from the source: it is looked at again from where the plans end.
    pub fn forget_source(&mut self) {
        (self.source, self.source_full) = (Buffer::default(), VecDeque::new());
        self.seen.retain(|input, _| *input == PROCESSED);
        for (input, floor) in &self.planned.floors {
            let reached = || match *input {
                PROCESSED => *floor,
                log => self.planned.reached(log),
            };
            self.seen.entry(*input).or_insert_with(reached);
        }
    }

    /// How far an input was looked at.
    pub fn seen(&self, input: u32) -> u64 {
        self.seen.get(&input).copied().unwrap_or(0)
    }

    /// Adds what lies next in a log of the source.
    pub fn take(&mut self, log: u32, extent: &Extent, full: Full) {
        self.pass(log, extent.to);
        self.source.add(log, extent);
        if self.source.is_full(full) {
            self.source_full.push_back(std::mem::take(&mut self.source));
        }
    }

    /// Goes on behind what nobody can deliver.
    pub fn pass(&mut self, log: u32, to: u64) {
        let seen = self.seen.entry(log).or_default();
        *seen = to.max(*seen);
    }

    /// Adds what lies next in a log of the source as a buffer of its own: nothing else waits with it.
    pub fn take_alone(&mut self, log: u32, extent: &Extent) {
        if !self.source.is_empty() {
            self.source_full.push_back(std::mem::take(&mut self.source));
        }
        self.take(log, extent, Full { bytes: 0, records: 0 });
    }

    /// Adds a block of the processed log, unless it is planned.
    pub fn take_block(&mut self, position: u64, header: &Header, full: Full) {
        if self.planned.is_planned(PROCESSED, position) {
            return;
        }
        let buffer = self.blocks.entry(header.buffer.clone()).or_default();
        if buffer.is_empty() {
            buffer.values = header.partition();
        }
        buffer.add_block(position, header);
        if buffer.is_full(full)
            && let Some(full) = self.blocks.remove_entry(&header.buffer)
        {
            self.blocks_full.push_back(full);
        }
    }

    /// The names of buffers that hold blocks: active partitions.
    pub fn partitions(&self) -> impl Iterator<Item = &str> {
        let full = self.blocks_full.iter().map(|(name, _)| name.as_str());
        self.blocks.keys().map(String::as_str).chain(full)
    }

    /// How many buffers wait to be sealed since they are full.
    pub fn full(&self) -> usize {
        self.source_full.len() + self.blocks_full.len()
    }

    /// Whether it holds more positions than it should.
    pub fn is_crowded(&self) -> bool {
        let full = self.blocks_full.iter().map(|(_, buffer)| buffer.cover.ranges());
        let open = self.blocks.values().map(|buffer| buffer.cover.ranges());
        full.chain(open).sum::<usize>() >= LANE_RANGES_MAX
    }

    /// Takes out the source's buffer if it is full, due or forced; `bytes` is from when on it is due.
    pub fn source_due(&mut self, hints: Hints, now: Millis) -> Option<Buffer> {
        if let Some(full) = self.source_full.pop_front() {
            return Some(full);
        }
        let due = !self.source.is_empty()
            && (self.source.bytes >= hints.bytes
                || self.source.due(hints.interval) <= now
                || self.source.begins_before(&self.forced));
        due.then(|| std::mem::take(&mut self.source))
    }

    /// Takes out at most `most` buffers of blocks that are full, due or forced.
    pub fn blocks_due(&mut self, hints: Hints, now: Millis, most: usize) -> Vec<Due> {
        let mut due: Vec<Due> = Vec::new();
        while due.len() < most
            && let Some(full) = self.blocks_full.pop_front()
        {
            due.push(full);
        }
        let is_due = |buffer: &Buffer| {
            buffer.bytes >= hints.bytes
                || buffer.due(hints.interval) <= now
                || buffer.begins_before(&self.forced)
        };
        let mut names: Vec<(Millis, String)> = self
            .blocks
            .iter()
            .filter(|(_, buffer)| is_due(buffer))
            .map(|(name, buffer)| (buffer.oldest, name.clone()))
            .collect();
        if names.is_empty() && due.is_empty() && self.is_crowded() {
            let largest = self.blocks.iter().max_by_key(|(_, buffer)| buffer.cover.ranges());
            names.extend(largest.map(|(name, buffer)| (buffer.oldest, name.clone())));
        }
        names.sort_unstable();
        for (_, name) in names.into_iter().take(most.saturating_sub(due.len())) {
            due.extend(self.blocks.remove_entry(&name));
        }
        due
    }

    /// When the source's buffer is due; `None` while there is nothing.
    pub fn next_source_due(&self, interval: Duration) -> Option<Millis> {
        match self.source_full.is_empty() {
            true => (!self.source.is_empty()).then(|| self.source.due(interval)),
            false => Some(Millis(0)),
        }
    }

    /// When a buffer of blocks is due; `None` while there is none.
    pub fn next_blocks_due(&self, interval: Duration) -> Option<Millis> {
        match self.blocks_full.is_empty() {
            true => self.blocks.values().map(|buffer| buffer.due(interval)).min(),
            false => Some(Millis(0)),
        }
    }

    /// The floor of an input, once what is in `sealed` is planned and the rest not.
    pub fn floor(&self, input: u32) -> u64 {
        let first = |buffer: &Buffer| buffer.cover.of(input).and_then(|ranges| ranges.first());
        let source = self.source_full.iter().chain([&self.source]);
        let blocks = self.blocks_full.iter().map(|(_, buffer)| buffer);
        let all = source.chain(blocks).chain(self.blocks.values());
        all.filter_map(first).min().unwrap_or_else(|| self.seen(input))
    }

    /// When the oldest record that is in no plan arrived.
    pub fn oldest(&self) -> Option<Millis> {
        let full = self.source_full.iter().chain(self.blocks_full.iter().map(|(_, it)| it));
        let all = full.chain([&self.source]).chain(self.blocks.values());
        all.filter(|buffer| !buffer.is_empty()).map(|buffer| buffer.oldest).min()
    }

    /// Records in blocks of the processed log that are in no plan.
    pub fn blocks_waiting(&self) -> u64 {
        let full = self.blocks_full.iter().map(|(_, it)| it);
        full.chain(self.blocks.values()).map(|buffer| buffer.records).sum()
    }

    /// Records and bytes that are in no plan.
    pub fn waiting(&self) -> (u64, u64) {
        let full = self.source_full.iter().chain(self.blocks_full.iter().map(|(_, it)| it));
        let all = full.chain([&self.source]).chain(self.blocks.values());
        all.fold((0, 0), |sum, buffer| (sum.0 + buffer.records, sum.1 + buffer.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HINTS: Hints = Hints { bytes: 100, interval: Duration::from_millis(50) };
    const FULL: Full = Full { bytes: 100, records: u64::MAX };

    fn extent(from: u64, to: u64, bytes: u64, arrival: u64) -> Extent {
        let at = Millis(arrival);
        Extent { from, to, records: to - from, bytes, oldest: at, newest: at }
    }

    fn header(buffer: &str, bytes: u64, arrival: u64) -> Header {
        Header {
            group: [0; 16],
            part: 0,
            parts: 1,
            source: Vec::new(),
            lane: LaneId::Main,
            buffer: buffer.into(),
            values: Vec::new(),
            oldest: arrival,
            newest: arrival,
            records: 1,
            bytes,
        }
    }

    #[test]
    fn a_buffer_is_due_by_size_by_age_or_when_forced() {
        let mut lane = Lane::new(LaneId::Main, LaneState::default());
        lane.take(0, &extent(0, 3, 40, 1000), FULL);
        assert_eq!(lane.source_due(HINTS, Millis(1049)), None);
        assert_eq!(lane.next_source_due(HINTS.interval), Some(Millis(1050)));
        assert_eq!(lane.source_due(HINTS, Millis(1050)).unwrap().records, 3);
        assert_eq!((lane.floor(0), lane.seen(0)), (3, 3));
        lane.take(0, &extent(3, 4, 90, 1000), FULL);
        assert_eq!(lane.floor(0), 3);
        lane.take(0, &extent(4, 9, 90, 1000), FULL);
        assert_eq!(lane.source_due(HINTS, Millis(1000)).unwrap().bytes, 180);
        lane.take(0, &extent(9, 10, 1, 1000), FULL);
        lane.forced.insert(0, 9);
        assert_eq!(lane.source_due(HINTS, Millis(1000)), None);
        lane.forced.insert(0, 10);
        assert!(lane.source_due(HINTS, Millis(1000)).is_some());
    }

    #[test]
    fn partitions_have_buffers_of_their_own_and_the_oldest_holds_the_floor() {
        let mut lane = Lane::new(LaneId::Main, LaneState::default());
        for (position, name, bytes) in [(4, "a", 10), (5, "b", 60), (6, "b", 60), (9, "b", 5)] {
            lane.take_block(position, &header(name, bytes, 1000), FULL);
            lane.seen.insert(PROCESSED, position + 1);
        }
        let due = lane.blocks_due(HINTS, Millis(1000), 10);
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].1.cover.of(PROCESSED).unwrap().iter().collect::<Vec<_>>(), [(5, 7)]);
        assert_eq!(lane.floor(PROCESSED), 4);
        assert_eq!(lane.blocks_due(HINTS, Millis(1050), 1)[0].0, "a");
        assert_eq!(lane.floor(PROCESSED), 9);
        assert_eq!(lane.blocks_due(HINTS, Millis(1050), 9).len(), 1);
        assert_eq!(lane.floor(PROCESSED), 10);
    }

    #[test]
    fn scattered_positions_seal_a_buffer_early() {
        let mut lane = Lane::new(LaneId::Main, LaneState::default());
        for n in 0..PLAN_RANGES_MAX as u64 {
            lane.take_block(n * 2, &header("a", 0, 1000), FULL);
        }
        assert_eq!(lane.full(), 1);
        assert_eq!(lane.blocks_due(HINTS, Millis(0), 5).len(), 1);
    }

    #[test]
    fn many_small_records_fill_a_buffer() {
        let mut lane = Lane::new(LaneId::Main, LaneState::default());
        let full = Full { bytes: 100, records: 5 };
        lane.take(0, &extent(0, 5, 5, 1000), full);
        assert_eq!(lane.source_due(HINTS, Millis(1000)).unwrap().records, 5);
        lane.take_block(0, &header("a", 1, 1000), full);
        assert_eq!(lane.full(), 0);
    }
}
