//! A workload, and a model of what may be read after it whatever went wrong.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_types::{ManualClock, Millis};

use super::blocks::Blocks;
use crate::contract::{
    Batch, Bounds, Class, End, GroupId, GroupSpec, Log, LogError, LogId, Position, ReadBatch,
};
use crate::engine::Engine;
use crate::options::{OpenError, Options, RecoveryReport};
use crate::sound::read_sound;
use crate::testkit::conformance::{frame, read_all};
use crate::testkit::{SimDisk, block_on};

/// One step of a workload.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Create(u64, u32),
    /// One frame: parts of log and size.
    Append(Vec<(LogId, usize)>),
    Seal(LogId),
    /// Trims half of what the log holds.
    Trim(LogId),
    Delete(u64),
    /// Time passes: milliseconds.
    Pass(u64),
    Maintain,
    Rewrite,
}

/// What is known of a batch that somebody tried to append.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Acknowledged(Position),
    Unknown,
}

/// What is known of a log.
#[derive(Clone, Debug, Default)]
pub(super) struct LogModel {
    attempts: Vec<(Batch, Outcome)>,
    trimmed: u64,
    trimmed_perhaps: u64,
    sealed: Option<Position>,
    sealed_perhaps: bool,
}

/// A disk with an engine, and the model.
pub(super) struct World {
    pub(super) disk: SimDisk,
    pub(super) clock: Arc<ManualClock>,
    pub(super) engine: Option<Arc<Engine>>,
    pub(super) logs: BTreeMap<LogId, LogModel>,
    /// Groups whose deletion was tried.
    deleted: Vec<u64>,
    /// What the disk held before it was damaged.
    before: Arc<Blocks>,
    made: u64,
    keep: Option<Duration>,
    pool_bytes_max: u64,
    /// Bytes of the disk that data leaves free.
    pub(super) reserve: u64,
}

pub(super) fn log_id(group: u64, index: u32) -> LogId {
    LogId { group: GroupId(group), index }
}

/// Appends to several logs over several segments, with trims, a seal, a deletion, expiry, and the rewriter.
pub(super) fn workload() -> Vec<Op> {
    let [a, b, c] = [log_id(1, 0), log_id(1, 1), log_id(2, 0)];
    let mut ops = vec![Op::Create(1, 2), Op::Create(2, 1)];
    for round in 0..4 {
        ops.push(Op::Append(vec![(a, 3000), (b, 2000), (a, 10)]));
        ops.push(Op::Append(vec![(c, 5000 + round * 700)]));
        ops.push(Op::Append(vec![(b, 7000), (c, 1)]));
    }
    ops.extend([Op::Trim(c), Op::Maintain, Op::Append(vec![(b, 9000), (a, 300)])]);
    ops.extend([Op::Rewrite, Op::Append(vec![(a, 8000), (c, 100)]), Op::Seal(c)]);
    ops.extend([Op::Trim(b), Op::Append(vec![(b, 9000)]), Op::Delete(2), Op::Maintain]);
    ops.extend([Op::Append(vec![(a, 9000), (b, 4000)]), Op::Append(vec![(a, 9000)])]);
    ops.extend([Op::Seal(b), Op::Rewrite, Op::Append(vec![(a, 100)]), Op::Trim(a), Op::Maintain]);
    ops
}

impl World {
    pub(super) fn new() -> Self {
        World::on(SimDisk::new(4 << 20))
    }

    pub(super) fn on(disk: SimDisk) -> Self {
        World {
            disk,
            clock: Arc::new(ManualClock::new(Millis(1_000_000))),
            engine: None,
            logs: BTreeMap::new(),
            deleted: Vec::new(),
            before: Arc::default(),
            made: 0,
            keep: None,
            pool_bytes_max: 1 << 30,
            reserve: 0,
        }
    }

    /// The same model over another disk.
    pub(super) fn fork(&self) -> World {
        World {
            disk: self.disk.fork(),
            clock: self.clock.clone(),
            engine: None,
            logs: self.logs.clone(),
            deleted: self.deleted.clone(),
            before: self.before.clone(),
            made: self.made,
            keep: self.keep,
            pool_bytes_max: self.pool_bytes_max,
            reserve: self.reserve,
        }
    }

    /// What is on the disk now is what it held before it is damaged.
    pub(super) fn remember(&mut self) {
        self.before = Arc::new(Blocks::of(&self.disk));
    }

    /// Groups that are made from now on expire.
    pub(super) fn keep(mut self, keep: Duration) -> Self {
        self.keep = Some(keep);
        self
    }

    /// What is freed is given back at once.
    pub(super) fn without_pool(mut self) -> Self {
        self.pool_bytes_max = 0;
        self
    }

    pub(super) fn options(&self) -> Options {
        let mut options = Options::durable(Arc::new(self.disk.clone()), self.clock.clone());
        options.background = false;
        options.disk_bytes_reserved = self.reserve;
        options.segment_bytes_min = 32 << 10;
        options.segment_bytes_max = 64 << 10;
        options.pool_segments_ahead = 0;
        options.pool_bytes_max = self.pool_bytes_max;
        options.read_threads = 1;
        options
    }

    pub(super) fn open(&mut self) -> Result<RecoveryReport, OpenError> {
        self.engine = None;
        let (engine, report) = Engine::open(self.options())?;
        self.engine = Some(engine);
        Ok(report)
    }

    /// Opens, and sees that there was no damage.
    pub(super) fn open_sound(&mut self, context: &str) {
        let report = self.open().unwrap_or_else(|e| panic!("{context}: {e}"));
        assert_eq!(report.damage, Vec::new(), "{context}");
    }

    pub(super) fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("the engine is open")
    }

    pub(super) fn run(&mut self, ops: &[Op]) {
        for op in ops {
            self.step(op);
        }
    }

    fn step(&mut self, op: &Op) {
        match op {
            Op::Create(group, logs) => self.create(*group, *logs),
            Op::Append(parts) => self.append(parts),
            Op::Seal(log) => self.seal(*log),
            Op::Trim(log) => self.trim(*log),
            Op::Delete(group) => {
                self.deleted.push(*group);
                let _ = block_on(self.engine().delete(GroupId(*group)));
            }
            Op::Pass(ms) => drop(self.clock.advance(Duration::from_millis(*ms))),
            Op::Maintain => self.engine().maintain(),
            Op::Rewrite => drop(self.engine().rewrite_now()),
        }
    }

    fn create(&mut self, group: u64, logs: u32) {
        let spec = GroupSpec { class: Class::Data, keep: self.keep, record_bytes_max: 20_000 };
        if block_on(self.engine().create(GroupId(group), spec, logs)).is_ok() {
            for index in 0..logs {
                self.logs.entry(log_id(group, index)).or_default();
            }
        }
    }

    fn append(&mut self, parts: &[(LogId, usize)]) {
        let batches: Vec<(LogId, Batch)> = parts
            .iter()
            .map(|(log, bytes)| {
                self.made += 1;
                let mut payload = format!("{} {} ", self.made, log.index).into_bytes();
                let byte = b'a' + (self.made % 26) as u8;
                payload.resize(payload.len().max(*bytes), byte);
                let count = 1 + (self.made % 3) as u32;
                (*log, Batch { count, payload: Bytes::from(payload) })
            })
            .collect();
        let outcomes = match self.engine().append_many(frame(&batches)) {
            Ok(ack) => block_on(ack),
            Err(e) => batches.iter().map(|_| Err(e.clone())).collect(),
        };
        for ((log, batch), outcome) in batches.into_iter().zip(outcomes) {
            let Some(model) = self.logs.get_mut(&log) else { continue };
            match outcome {
                Ok(appended) => {
                    assert!(model.sealed.is_none(), "nothing is acknowledged after a seal");
                    model.attempts.push((batch, Outcome::Acknowledged(appended.at.start)));
                }
                Err(LogError::Unknown(_)) => model.attempts.push((batch, Outcome::Unknown)),
                Err(_) => {}
            }
        }
    }

    fn seal(&mut self, log: LogId) {
        let sealed = block_on(self.engine().seal(log));
        let Some(model) = self.logs.get_mut(&log) else { return };
        match sealed {
            Ok(end) => model.sealed = Some(end),
            Err(LogError::Unknown(_)) => model.sealed_perhaps = true,
            Err(_) => {}
        }
    }

    fn trim(&mut self, log: LogId) {
        let Ok(bounds) = block_on(self.engine().bounds(log)) else { return };
        let before = u64::midpoint(bounds.first.0, bounds.end.0);
        let trimmed = block_on(self.engine().trim(log, Position(before)));
        let Some(model) = self.logs.get_mut(&log) else { return };
        match trimmed {
            Ok(()) => model.trimmed = before,
            Err(_) => model.trimmed_perhaps = before,
        }
    }

    /// Everything that was acknowledged is there, once and in order; what is unknown is there or not, and stays so.
    pub(super) fn check(&mut self, context: &str) {
        let engine = self.engine.clone().expect("the engine is open");
        let groups: Vec<u64> =
            block_on(engine.groups()).unwrap().iter().map(|(id, ..)| id.0).collect();
        for (id, model) in &mut self.logs {
            let tried = self.deleted.contains(&id.group.0);
            if tried && !groups.contains(&id.group.0) {
                continue;
            }
            model.check(&engine, *id, context);
        }
    }
}

impl LogModel {
    /// From now on the engine may trim by itself.
    pub(super) fn may_expire(&mut self) {
        self.trimmed_perhaps = u64::MAX;
    }

    fn check(&mut self, engine: &Engine, id: LogId, context: &str) {
        let context = format!("{context}, {id:?}");
        let bounds = block_on(engine.bounds(id)).unwrap_or_else(|e| panic!("{context}: {e}"));
        assert!(bounds.first.0 >= self.trimmed, "{context}: a trim was forgotten");
        let trimmed = self.trimmed.max(self.trimmed_perhaps);
        assert!(bounds.first.0 <= trimmed, "{context}: more was trimmed than asked for");
        let (batches, end) =
            read_all(engine, id, bounds.first).unwrap_or_else(|e| panic!("{context}: {e}"));
        if let Some(sealed) = self.sealed {
            assert_eq!(end, End::Sealed(sealed), "{context}");
        }
        assert!(
            self.sealed.is_some() || self.sealed_perhaps || end == End::Tail,
            "{context}: sealed by nobody"
        );
        if let End::Sealed(at) = end {
            self.sealed = Some(at);
        }
        self.trimmed = bounds.first.0;
        self.resolve(&batches, bounds.first.0, &context);
    }

    /// Compares what was read with what was tried, and takes what is unknown as it was found.
    fn resolve(&mut self, batches: &[ReadBatch], first: u64, context: &str) {
        let mut read = batches.iter().peekable();
        let mut known = Vec::new();
        let mut missing = false;
        for (batch, outcome) in std::mem::take(&mut self.attempts) {
            if let Outcome::Acknowledged(at) = outcome
                && at.0 + u64::from(batch.count) <= first
            {
                known.push((batch, outcome));
                continue;
            }
            let found = read.next_if(|read| read.batch == batch);
            match (found, outcome) {
                (Some(read), Outcome::Acknowledged(at)) => {
                    assert_eq!(read.first, at, "{context}: a batch moved");
                    known.push((batch, Outcome::Acknowledged(at)));
                }
                (Some(read), Outcome::Unknown) => {
                    assert!(!missing, "{context}: a later batch without an earlier one");
                    known.push((batch, Outcome::Acknowledged(read.first)));
                }
                (None, Outcome::Unknown) => missing = true,
                (None, Outcome::Acknowledged(at)) => {
                    panic!("{context}: the batch acknowledged at {at:?} is missing")
                }
            }
        }
        assert!(read.next().is_none(), "{context}: a batch that nobody appended, or twice");
        self.attempts = known;
    }
}

impl World {
    /// After damage: whatever is answered is right, or the damage is named. Never less, never something else.
    pub(super) fn check_named(&mut self, context: &str) {
        // A directory that cannot be opened says why; the message is the name.
        let Ok(report) = self.open() else { return };
        let named = !report.damage.is_empty();
        assert_eq!(named, self.engine().health() != crate::Health::Writable, "{context}");
        let engine = self.engine.clone().expect("the engine is open");
        for (id, model) in &self.logs {
            if self.deleted.contains(&id.group.0) {
                continue;
            }
            let bounds = match block_on(engine.bounds(*id)) {
                Err(LogError::Gone) if named => continue,
                other => other.unwrap_or_else(|e| panic!("{context}: {e}")),
            };
            match read_all(&*engine, *id, bounds.first) {
                Ok((batches, end)) if named => model.check_nothing_wrong(&batches, end, context),
                Ok((batches, end)) => {
                    assert_eq!(bounds.first.0, model.trimmed, "{context}");
                    assert_eq!(model.sealed.is_some(), end != End::Tail, "{context}");
                    model.clone().resolve(&batches, bounds.first.0, context);
                }
                Err(LogError::Damaged(_)) => {
                    let sound = read_all_sound(&*engine, *id, bounds, context);
                    // What was damaged when it was opened may have cost it the knowledge of whole segments.
                    let is_whole = |at| !named && self.before.is_whole(&self.disk, *id, at);
                    model.check_sound(&sound, bounds.first, is_whole, context);
                }
                Err(other) => panic!("{context}: {other}"),
            }
        }
    }

    /// How many batches of a log are known to be in it.
    pub(super) fn known(&self, log: LogId) -> usize {
        self.logs.get(&log).map_or(0, |model| model.attempts.len())
    }
}

/// What can be read around damage; the places lie between. There may be none: of what is damaged, the log may need
/// nothing.
fn read_all_sound(log: &dyn Log, id: LogId, bounds: Bounds, context: &str) -> Vec<ReadBatch> {
    let (mut at, mut batches) = (bounds.first, Vec::new());
    while at < bounds.end {
        let read = block_on(read_sound(log, id, at, 2000));
        let next = match read.unwrap_or_else(|error| panic!("{context}: {error}")) {
            Ok(read) => {
                batches.extend(read.batches);
                read.next
            }
            Err(place) => place.next,
        };
        assert!(next > at && next <= bounds.end, "{context}: {next:?} follows {at:?}");
        at = next;
    }
    batches
}

impl LogModel {
    /// What was read around damage was appended, at its place, and nothing came twice. What is whole was read.
    fn check_sound(
        &self,
        batches: &[ReadBatch],
        first: Position,
        is_whole: impl Fn(Position) -> bool,
        context: &str,
    ) {
        self.check_nothing_wrong(batches, End::Tail, context);
        assert!(batches.is_sorted_by(|a, b| a.first < b.first), "{context}: out of order");
        for (batch, outcome) in &self.attempts {
            let Outcome::Acknowledged(at) = outcome else { continue };
            let is_alive = at.0 + u64::from(batch.count) > first.0;
            let is_read = batches.iter().any(|read| read.first == *at);
            assert!(is_read || !is_alive || !is_whole(*at), "{context}: {at:?} was passed");
        }
    }

    /// What was read is a part of what was appended, at its place.
    fn check_nothing_wrong(&self, batches: &[ReadBatch], end: End, context: &str) {
        assert!(end == End::Tail || self.sealed.is_some(), "{context}");
        for read in batches {
            let same = |(batch, outcome): &(Batch, Outcome)| {
                *batch == read.batch && *outcome == Outcome::Acknowledged(read.first)
            };
            assert!(self.attempts.iter().any(same), "{context}: something else was read");
        }
    }
}
