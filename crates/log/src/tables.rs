//! Groups and logs in memory: what is durable and may be read, and the tail that the committer writes behind.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::task::Waker;

use millstream_types::Millis;

use crate::contract::{GroupId, GroupSpec, LogError, LogId};
use crate::limits::POSITION_MAX;
use crate::open_index::{Linked, NO_PLACE, OpenSegments, Place, follow};

/// All groups.
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) groups: BTreeMap<GroupId, Arc<Group>>,
    pub(crate) deleted: IdRanges,
}

/// Groups that were deleted, as ranges: ids are given in order and never reused.
#[derive(Default, Clone, PartialEq, Eq, Debug)]
pub(crate) struct IdRanges(pub(crate) Vec<(u64, u64)>);

impl IdRanges {
    /// Whether `id` is inside.
    pub(crate) fn contains(&self, id: u64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= id);
        after > 0 && self.0[after - 1].1 >= id
    }

    /// Adds `id`, joining ranges that touch.
    pub(crate) fn insert(&mut self, id: u64) {
        if self.contains(id) {
            return;
        }
        let at = self.0.partition_point(|(first, _)| *first <= id);
        self.0.insert(at, (id, id));
        if at + 1 < self.0.len() && self.0[at + 1].0 - 1 == id {
            self.0[at].1 = self.0[at + 1].1;
            self.0.remove(at + 1);
        }
        if at > 0 && id > 0 && self.0[at - 1].1 == id - 1 {
            self.0[at - 1].1 = self.0[at].1;
            self.0.remove(at);
        }
    }
}

/// One group and its logs.
pub(crate) struct Group {
    pub(crate) id: GroupId,
    /// The segment that holds its creation.
    pub(crate) created: u64,
    pub(crate) gone: AtomicBool,
    spec: RwLock<GroupSpec>,
    logs: RwLock<Vec<Arc<LogState>>>,
}

impl Group {
    pub(crate) fn new(id: GroupId, spec: GroupSpec, created: u64) -> Self {
        let gone = AtomicBool::new(false);
        Group { id, created, gone, spec: RwLock::new(spec), logs: RwLock::default() }
    }

    pub(crate) fn spec(&self) -> GroupSpec {
        *self.spec.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn configure(&self, spec: GroupSpec) {
        *self.spec.write().unwrap_or_else(PoisonError::into_inner) = spec;
    }

    pub(crate) fn logs(&self) -> RwLockReadGuard<'_, Vec<Arc<LogState>>> {
        self.logs.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn logs_mut(&self) -> RwLockWriteGuard<'_, Vec<Arc<LogState>>> {
        self.logs.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the group have at least `count` logs, created in `segment`.
    pub(crate) fn grow(&self, count: u32, segment: u64) {
        let mut logs = self.logs_mut();
        for index in logs.len() as u32..count {
            logs.push(Arc::new(LogState::new(LogId { group: self.id, index }, segment)));
        }
    }

    pub(crate) fn log(&self, index: u32) -> Option<Arc<LogState>> {
        self.logs().get(index as usize).cloned()
    }
}

/// One log.
pub(crate) struct LogState {
    pub(crate) id: LogId,
    /// The segment that holds its creation.
    pub(crate) created: u64,
    tail: AtomicU64,
    state: Mutex<LogInner>,
}

/// Where the committer writes on: ahead of a log's end and seal while a commit is in flight. Only the committer uses it
/// once the engine is open, so it needs no lock, and none makes the committer wait for memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tail {
    pub(crate) end: u64,
    pub(crate) sealed: bool,
}

/// Positions stay below this bit.
const TAIL_SEALED: u64 = POSITION_MAX;

/// Batches whose memory is brought near at a time: as many as the first cache holds with ease.
pub(crate) const NEAR_AT_A_TIME: usize = 64;

/// Brings memory near that is about to be changed, by what was read of it. A request to thousands of logs finds each
/// one's memory far away, and once it is changed under a lock the processor waits for one after the other; read ahead
/// without locks they come side by side.
pub(crate) fn bring_near(read: impl Iterator<Item = u64>) {
    std::hint::black_box(read.fold(0, |all, one| all | one));
}

/// Where a batch lies in a segment. Positions of one log are dense, so its count is the next one's base less its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) base: u64,
    pub(crate) arrival: Millis,
    pub(crate) offset: u32,
    pub(crate) payload_bytes: u32,
}

/// The batches of one log in one segment that has no footer yet: the end of their chain in the open index.
#[derive(Clone, Copy)]
struct OpenRun {
    segment: u64,
    /// The log's last arrival before this run.
    before: Option<Millis>,
    first_base: u64,
    last: Place,
}

/// An open run as a list.
pub(crate) struct ListedRun {
    pub(crate) segment: u64,
    /// The log's last arrival before this run.
    pub(crate) before: Option<Millis>,
    pub(crate) entries: Vec<Entry>,
    /// The place of the last entry.
    last: Place,
}

/// What changes of a log.
#[derive(Default)]
pub(crate) struct LogInner {
    pub(crate) first: u64,
    pub(crate) end: u64,
    pub(crate) last_arrival: Option<Millis>,
    pub(crate) sealed: bool,
    pub(crate) gone: bool,
    /// The run in the segment that was written last.
    current: Option<OpenRun>,
    /// Runs in segments before that one which have no footer yet, oldest first.
    earlier: Vec<OpenRun>,
    /// Lists of the runs, made when the log is read; see [`LogInner::read_runs`].
    listed: Vec<ListedRun>,
    waiters: Vec<(u64, Waker)>,
    waiters_made: u64,
}

/// A log's extent as of the end of one segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Extent {
    pub(crate) end: u64,
    pub(crate) last_arrival: Option<Millis>,
}

impl LogState {
    fn new(id: LogId, created: u64) -> Self {
        LogState { id, created, tail: AtomicU64::new(0), state: Mutex::default() }
    }

    /// Something to read for [`bring_near`].
    pub(crate) fn near(&self) -> u64 {
        self.tail.load(Ordering::Relaxed)
    }

    pub(crate) fn tail(&self) -> Tail {
        let tail = self.tail.load(Ordering::Relaxed);
        Tail { end: tail & !TAIL_SEALED, sealed: tail & TAIL_SEALED != 0 }
    }

    pub(crate) fn set_tail(&self, tail: Tail) {
        let sealed = if tail.sealed { TAIL_SEALED } else { 0 };
        self.tail.store(tail.end | sealed, Ordering::Relaxed);
    }

    /// Makes the tail what is durable.
    pub(crate) fn reset_tail(&self, inner: &LogInner) {
        self.set_tail(Tail { end: inner.end, sealed: inner.sealed });
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, LogInner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogInner {
    /// Takes in a batch that is durable and will stand at `place` in its segment's list. Returns the place of the
    /// batch before it there.
    pub(crate) fn publish(
        &mut self,
        segment: u64,
        entry: Entry,
        count: u32,
        place: Place,
    ) -> Place {
        let previous = match &mut self.current {
            Some(run) if run.segment == segment => std::mem::replace(&mut run.last, place),
            other => {
                let (before, first_base) = (self.last_arrival, entry.base);
                let run = OpenRun { segment, before, first_base, last: place };
                self.earlier.extend(other.replace(run));
                NO_PLACE
            }
        };
        self.end = entry.base + u64::from(count);
        self.last_arrival = Some(entry.arrival);
        previous
    }

    fn runs(&self) -> impl Iterator<Item = &OpenRun> {
        self.earlier.iter().chain(&self.current)
    }

    /// The log as it was when `segment` ended. Only for segments from the oldest without a footer on.
    pub(crate) fn extent_at(&self, segment: u64) -> Extent {
        match self.runs().find(|run| run.segment > segment) {
            Some(run) => Extent { end: run.first_base, last_arrival: run.before },
            None => Extent { end: self.end, last_arrival: self.last_arrival },
        }
    }

    /// Makes `run` the log's batches in `segment`, whose list is `batches`.
    pub(crate) fn run_in(&self, segment: u64, batches: &[Linked], run: &mut Vec<Entry>) {
        run.clear();
        if let Some(open) = self.runs().find(|run| run.segment == segment) {
            follow(batches, open.last, NO_PLACE, run);
        }
    }

    /// The runs without a footer, oldest first. What came since the last call is added to the lists that are kept.
    pub(crate) fn read_runs(&mut self, index: &OpenSegments) -> &[ListedRun] {
        for run in self.earlier.iter().chain(&self.current) {
            let known = self.listed.iter().rposition(|listed| listed.segment == run.segment);
            let at = known.unwrap_or_else(|| {
                let (segment, before) = (run.segment, run.before);
                let entries = Vec::new();
                self.listed.push(ListedRun { segment, before, entries, last: NO_PLACE });
                self.listed.len() - 1
            });
            let listed = &mut self.listed[at];
            if let Some(batches) = index.of(run.segment) {
                follow(batches, run.last, listed.last, &mut listed.entries);
                listed.last = run.last;
            }
        }
        &self.listed
    }

    /// Forgets the run in a segment: its footer answers from now on.
    pub(crate) fn forget_run(&mut self, segment: u64) {
        if self.current.is_some_and(|run| run.segment == segment) {
            self.current = None;
        }
        self.earlier.retain(|run| run.segment != segment);
        self.listed.retain(|run| run.segment != segment);
    }

    /// Forgets everything that could be read.
    fn forget_all(&mut self) {
        self.current = None;
        self.earlier = Vec::new();
        self.listed = Vec::new();
    }

    /// Remembers who waits; the number is for [`LogInner::forget_waiter`].
    pub(crate) fn add_waiter(&mut self, waker: Waker) -> u64 {
        self.waiters_made += 1;
        self.waiters.push((self.waiters_made, waker));
        self.waiters_made
    }

    pub(crate) fn forget_waiter(&mut self, number: u64) {
        self.waiters.retain(|(n, _)| *n != number);
    }

    /// Hands over who waits, to be woken elsewhere.
    pub(crate) fn take_waiters(&mut self, to: &mut Vec<Waker>) {
        to.extend(self.waiters.drain(..).map(|(_, waker)| waker));
    }
}

impl Tables {
    /// The group, unless it was deleted or never was.
    pub(crate) fn group(&self, id: GroupId) -> Result<&Arc<Group>, LogError> {
        self.groups.get(&id).ok_or(LogError::Gone)
    }

    /// The log, unless it was deleted or never was.
    pub(crate) fn log(&self, id: LogId) -> Result<Arc<LogState>, LogError> {
        self.group(id.group)?.log(id.index).ok_or(LogError::Gone)
    }

    /// Makes a group; does nothing if it exists or was deleted.
    pub(crate) fn create(&mut self, id: GroupId, spec: GroupSpec, logs: u32, segment: u64) {
        if self.deleted.contains(id.0) {
            return;
        }
        let group = self.groups.entry(id);
        group.or_insert_with(|| Arc::new(Group::new(id, spec, segment))).grow(logs, segment);
    }

    /// Deletes a group, and hands over who waits for its logs.
    pub(crate) fn delete(&mut self, id: GroupId, woken: &mut Vec<Waker>) {
        self.deleted.insert(id.0);
        let Some(group) = self.groups.remove(&id) else { return };
        group.gone.store(true, Ordering::SeqCst);
        for log in group.logs().iter() {
            let mut inner = log.lock();
            inner.gone = true;
            inner.forget_all();
            inner.take_waiters(woken);
        }
    }

    /// How many logs there are.
    pub(crate) fn logs(&self) -> usize {
        self.groups.values().map(|group| group.logs().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_ids_join_to_ranges() {
        let mut ids = IdRanges::default();
        for id in [5, 7, 6, 1, 0, 9, 5] {
            ids.insert(id);
        }
        assert_eq!(ids.0, vec![(0, 1), (5, 7), (9, 9)]);
        assert!(ids.contains(6) && !ids.contains(8) && !ids.contains(2));
    }

    #[test]
    fn an_extent_is_the_one_at_the_end_of_the_segment() {
        let mut log = LogInner::default();
        let entry = |base, at| Entry { base, arrival: Millis(at), offset: 512, payload_bytes: 0 };
        log.publish(1, entry(0, 10), 5, 0);
        log.publish(3, entry(5, 30), 5, 0);
        assert_eq!(log.extent_at(1), Extent { end: 5, last_arrival: Some(Millis(10)) });
        assert_eq!(log.extent_at(2), Extent { end: 5, last_arrival: Some(Millis(10)) });
        assert_eq!(log.extent_at(3), Extent { end: 10, last_arrival: Some(Millis(30)) });
    }

    #[test]
    fn lists_grow_by_what_came_since_they_were_read() {
        let (mut log, mut index) = (LogInner::default(), OpenSegments::default());
        let entry = |base| Entry { base, arrival: Millis(1), offset: 512, payload_bytes: 0 };
        let mut put = |log: &mut LogInner, segment, base| {
            let batches = index.extend(segment);
            let previous = log.publish(segment, entry(base), 1, batches.len() as Place);
            batches.push(Linked { entry: entry(base), previous });
        };
        let read = |log: &mut LogInner, index: &OpenSegments| {
            let bases = |run: &ListedRun| run.entries.iter().map(|e| e.base).collect::<Vec<_>>();
            log.read_runs(index).iter().map(bases).collect::<Vec<_>>()
        };
        put(&mut log, 1, 0);
        put(&mut log, 1, 1);
        put(&mut log, 2, 2);
        assert_eq!(read(&mut log, &index), [vec![0, 1], vec![2]]);
        let mut put = |log: &mut LogInner, segment, base| {
            let batches = index.extend(segment);
            let previous = log.publish(segment, entry(base), 1, batches.len() as Place);
            batches.push(Linked { entry: entry(base), previous });
        };
        put(&mut log, 2, 3);
        put(&mut log, 3, 4);
        assert_eq!(read(&mut log, &index), [vec![0, 1], vec![2, 3], vec![4]]);
        log.forget_run(1);
        assert_eq!(read(&mut log, &index), [vec![2, 3], vec![4]]);
        let mut run = Vec::new();
        log.run_in(2, index.of(2).unwrap(), &mut run);
        assert_eq!(run, [entry(2), entry(3)]);
    }
}
