//! `MemoryLog`: the contract of `Log` with nothing behind it, and with faults on request.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millstream_types::{Clock, Millis};
use tokio::sync::Notify;

use crate::contract::{
    Ack, AckMany, Appended, Appender, Batch, Bounds, End, Fut, GroupId, GroupSpec, Log, LogError,
    LogId, Outcomes, Position, Read, ReadBatch, ack_many,
};
use crate::frame::Frame;
use crate::limits::batch_fits;
use crate::sound::DamagedPlace;

/// What happens to a frame that is appended after [`MemoryLog::inject`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused at once with this error, which must be one of `Busy`, `Full`, `Unavailable`.
    Refuse(LogError),
    /// Appended, but every part is answered with `Unknown`.
    UnknownKept,
    /// Not appended, and every part is answered with `Unknown`.
    UnknownLost,
}

/// An engine behind `Log` that keeps everything in memory. Clones of the `Arc` share it, which is how a test "reopens".
pub struct MemoryLog {
    clock: Arc<dyn Clock>,
    gap: u64,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

#[derive(Default)]
struct State {
    groups: BTreeMap<GroupId, Group>,
    deleted: BTreeSet<GroupId>,
    faults: VecDeque<Fault>,
    held: Option<Vec<Held>>,
}

/// Outcomes that wait to be given.
type Held = (Outcomes, Vec<Result<Appended, LogError>>);

struct Group {
    spec: GroupSpec,
    logs: Vec<OneLog>,
}

#[derive(Default)]
struct OneLog {
    batches: Vec<ReadBatch>,
    first: u64,
    end: u64,
    last_arrival: Option<Millis>,
    sealed: bool,
    damaged: BTreeSet<u64>,
}

impl MemoryLog {
    /// An empty engine; `clock` gives the arrivals.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Self::with_gaps(clock, 0)
    }

    /// An engine that leaves `gap` positions free before each batch, as a distributed engine does.
    pub fn with_gaps(clock: Arc<dyn Clock>, gap: u64) -> Arc<Self> {
        Arc::new(MemoryLog { clock, gap, state: Arc::default(), changed: Arc::default() })
    }

    /// The next frames meet these faults, one each.
    pub fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.extend(faults);
    }

    /// From now on the batch that holds a position is damaged, or no longer.
    pub fn damage(&self, log: LogId, position: Position, is_damaged: bool) {
        let marked = self.on_log(log, |log| {
            match is_damaged {
                true => log.damaged.insert(position.0),
                false => log.damaged.remove(&position.0),
            };
            Ok(())
        });
        debug_assert!(marked.is_ok(), "there is no such log");
    }

    /// From now on outcomes wait for [`MemoryLog::release`]; what is appended is readable nevertheless.
    pub fn hold(&self) {
        self.lock().held.get_or_insert_default();
    }

    /// Gives the held outcomes, in order, and holds no more.
    pub fn release(&self) {
        let held = self.lock().held.take();
        held.into_iter().flatten().for_each(|(to, outcomes)| to.send(outcomes));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn on_group<T>(
        &self,
        group: GroupId,
        f: impl FnOnce(&mut Group) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        f(self.lock().groups.get_mut(&group).ok_or(LogError::Gone)?)
    }

    fn on_log<T>(
        &self,
        log: LogId,
        f: impl FnOnce(&mut OneLog) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        self.on_group(log.group, |group| {
            f(group.logs.get_mut(log.index as usize).ok_or(LogError::Gone)?)
        })
    }
}

/// A future that is ready.
fn ready<'a, T: Send + 'a>(value: Result<T, LogError>) -> Fut<'a, T> {
    Box::pin(std::future::ready(value))
}

impl State {
    fn append(
        &mut self,
        log: LogId,
        batch: Batch,
        gap: u64,
        now: Millis,
    ) -> Result<Appended, LogError> {
        let group = self.groups.get_mut(&log.group).ok_or(LogError::Gone)?;
        let fits = batch_fits(batch.count, batch.payload.len(), group.spec.record_bytes_max);
        let log = group.logs.get_mut(log.index as usize).ok_or(LogError::Gone)?;
        if log.sealed {
            return Err(LogError::Sealed(Position(log.end)));
        }
        if !fits {
            return Err(LogError::TooLarge);
        }
        let arrival = log.last_arrival.map_or(now, |last| last.max(now));
        let prev = log.end;
        let first = prev + gap;
        log.end = first + u64::from(batch.count);
        log.last_arrival = Some(arrival);
        log.batches.push(ReadBatch { first: Position(first), arrival, batch });
        let at = Position(first)..Position(log.end);
        Ok(Appended { at, prev: Position(prev), arrival })
    }

    fn append_frame(
        &mut self,
        frame: &Frame,
        gap: u64,
        now: Millis,
    ) -> Vec<Result<Appended, LogError>> {
        let mut refused: HashMap<LogId, LogError> = HashMap::new();
        let mut outcomes = Vec::with_capacity(frame.parts().len());
        for (index, part) in frame.parts().iter().enumerate() {
            let outcome = match refused.get(&part.log) {
                Some(why) => Err(why.clone()),
                None => self.append(part.log, frame.batch(index), gap, now),
            };
            if let Err(why) = &outcome {
                refused.insert(part.log, why.clone());
            }
            outcomes.push(outcome);
        }
        outcomes
    }
}

fn last_of(batch: &ReadBatch) -> u64 {
    batch.first.0 + u64::from(batch.batch.count)
}

impl OneLog {
    fn is_damaged(&self, batch: &ReadBatch) -> bool {
        self.damaged.range(batch.first.0..last_of(batch)).next().is_some()
    }

    fn read_around(
        &self,
        from: Position,
        bytes_max: usize,
    ) -> Result<Result<Read, DamagedPlace>, LogError> {
        let start = self.batches.partition_point(|batch| last_of(batch) <= from.0);
        let (mut bytes, mut next) = (0, Position(self.end));
        for batch in &self.batches[start..] {
            if !self.is_damaged(batch) || bytes >= bytes_max {
                next = batch.first;
                break;
            }
            bytes += batch.batch.payload.len();
        }
        match self.read(from, 1) {
            Err(LogError::Damaged(what)) => {
                Ok(Err(DamagedPlace { next, bytes: bytes as u64, what }))
            }
            // What is damaged may lie behind what is sound.
            sound => self.read(from, bytes_max).or(sound).map(Ok),
        }
    }

    fn read(&self, from: Position, bytes_max: usize) -> Result<Read, LogError> {
        if from.0 < self.first {
            return Err(LogError::Trimmed(Position(self.first)));
        }
        let start = self.batches.partition_point(|b| last_of(b) <= from.0);
        let mut batches = Vec::new();
        let (mut bytes, mut next) = (0, from);
        for batch in &self.batches[start..] {
            if !batches.is_empty() && bytes >= bytes_max {
                return Ok(Read { batches, next, end: End::More });
            }
            if self.is_damaged(batch) {
                return Err(LogError::Damaged(format!("the batch at {}", batch.first.0)));
            }
            bytes += batch.batch.payload.len();
            next = Position(last_of(batch));
            batches.push(batch.clone());
        }
        let end = if self.sealed { End::Sealed(Position(self.end)) } else { End::Tail };
        Ok(Read { batches, next, end })
    }

    fn trim(&mut self, before: Position) {
        self.first = self.first.max(before.0.min(self.end));
        let first = self.first;
        self.batches.retain(|batch| last_of(batch) > first);
    }
}

impl Log for MemoryLog {
    fn create(&self, group: GroupId, spec: GroupSpec, logs: u32) -> Fut<'_, ()> {
        let mut state = self.lock();
        if state.deleted.contains(&group) {
            return ready(Err(LogError::Gone));
        }
        state.groups.entry(group).or_insert(Group { spec, logs: Vec::new() });
        drop(state);
        self.grow(group, logs)
    }

    fn grow(&self, group: GroupId, logs: u32) -> Fut<'_, ()> {
        ready(self.on_group(group, |group| {
            let logs = group.logs.len().max(logs as usize);
            group.logs.resize_with(logs, OneLog::default);
            Ok(())
        }))
    }

    fn configure(&self, group: GroupId, spec: GroupSpec) -> Fut<'_, ()> {
        ready(self.on_group(group, |group| {
            group.spec = spec;
            Ok(())
        }))
    }

    fn delete(&self, group: GroupId) -> Fut<'_, ()> {
        let mut state = self.lock();
        state.groups.remove(&group);
        state.deleted.insert(group);
        drop(state);
        self.changed.notify_waiters();
        ready(Ok(()))
    }

    fn groups(&self) -> Fut<'_, Vec<(GroupId, GroupSpec, u32)>> {
        let state = self.lock();
        let all = state.groups.iter();
        ready(Ok(all.map(|(id, group)| (*id, group.spec, group.logs.len() as u32)).collect()))
    }

    fn open(&self, log: LogId) -> Fut<'_, Box<dyn Appender>> {
        let found = self.on_log(log, |_| Ok(()));
        ready(found.map(|()| {
            let engine = MemoryLog {
                clock: self.clock.clone(),
                gap: self.gap,
                state: self.state.clone(),
                changed: self.changed.clone(),
            };
            Box::new(MemoryAppender { engine, log }) as Box<dyn Appender>
        }))
    }

    fn append_many(&self, frame: Frame) -> Result<AckMany, LogError> {
        let mut state = self.lock();
        let fault = state.faults.pop_front();
        if let Some(Fault::Refuse(why)) = fault {
            return Err(why);
        }
        let parts = frame.parts().len();
        let (to, ack) = ack_many(parts);
        let mut outcomes = match fault {
            Some(Fault::UnknownLost) => Vec::new(),
            _ => state.append_frame(&frame, self.gap, self.clock.now()),
        };
        if fault.is_some() {
            let unknown = |_| Err(LogError::Unknown("injected".into()));
            outcomes = (0..parts).map(unknown).collect();
        }
        match &mut state.held {
            Some(held) => held.push((to, outcomes)),
            None => to.send(outcomes),
        }
        drop(state);
        self.changed.notify_waiters();
        Ok(ack)
    }

    fn read(&self, log: LogId, from: Position, bytes_max: usize) -> Fut<'_, Read> {
        ready(self.on_log(log, |log| log.read(from, bytes_max)))
    }

    fn bounds(&self, log: LogId) -> Fut<'_, Bounds> {
        ready(self.on_log(log, |log| {
            Ok(Bounds {
                first: Position(log.first),
                end: Position(log.end),
                last_arrival: log.last_arrival,
                sealed: log.sealed,
            })
        }))
    }

    fn find(&self, log: LogId, at: Millis) -> Fut<'_, Position> {
        ready(self.on_log(log, |log| {
            let found = log.batches.iter().find(|b| b.arrival >= at);
            Ok(found.map_or(Position(log.end), |b| Position(b.first.0.max(log.first))))
        }))
    }

    fn read_around(
        &self,
        log: LogId,
        from: Position,
        bytes_max: usize,
    ) -> Fut<'_, Result<Read, DamagedPlace>> {
        ready(self.on_log(log, |log| log.read_around(from, bytes_max)))
    }

    fn trim(&self, log: LogId, before: Position) -> Fut<'_, ()> {
        ready(self.on_log(log, |log| {
            log.trim(before);
            Ok(())
        }))
    }

    fn seal(&self, log: LogId) -> Fut<'_, Position> {
        let end = self.on_log(log, |log| {
            log.sealed = true;
            Ok(Position(log.end))
        });
        self.changed.notify_waiters();
        ready(end)
    }

    fn wait(&self, log: LogId, after: Position) -> Fut<'_, ()> {
        Box::pin(async move {
            loop {
                let changed = self.changed.notified();
                let mut changed = std::pin::pin!(changed);
                changed.as_mut().enable();
                match self.on_log(log, |log| Ok(log.end > after.0 || log.sealed)) {
                    Ok(false) => changed.await,
                    Ok(true) | Err(_) => return Ok(()),
                }
            }
        })
    }
}

struct MemoryAppender {
    engine: MemoryLog,
    log: LogId,
}

impl Appender for MemoryAppender {
    fn append(&mut self, batch: Batch) -> Result<Ack, LogError> {
        let ack = self.engine.append_many(Frame::of_batch(self.log, &batch))?;
        Ok(Ack::of_one(ack))
    }

    fn seal(&mut self) -> Fut<'_, Position> {
        self.engine.seal(self.log)
    }
}
