//! What the engine's threads and its callers share.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::task::Waker;

use millstream_types::Millis;

use crate::cache::FooterCache;
use crate::change::Change;
use crate::contract::{LogError, LogId};
use crate::damages::Damages;
use crate::metrics::LogCounters;
use crate::notify::Notifier;
use crate::open_index::OpenIndex;
use crate::options::{Health, Options};
use crate::pool::Pool;
use crate::queue::Queue;
use crate::sealing::Ended;
use crate::segment::Segment;
use crate::set::SegmentSet;
use crate::tables::Tables;
use crate::upkeep::Signal;

/// The engine without its threads.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) counters: Arc<LogCounters>,
    tables: RwLock<Tables>,
    set: RwLock<SegmentSet>,
    pub(crate) open_index: OpenIndex,
    pub(crate) queue: Queue,
    pub(crate) pool: Pool,
    pub(crate) cache: FooterCache,
    pub(crate) damages: Damages,
    pub(crate) notifier: Notifier,
    pub(crate) signal: Signal,
    /// Segments that ended and have no footer yet, oldest first.
    pub(crate) ended: Mutex<VecDeque<Ended>>,
    /// Held by whoever writes footers, so that one thread does.
    pub(crate) sealing: Mutex<()>,
    /// Held by whoever frees or rewrites segments.
    pub(crate) reclaiming: Mutex<()>,
    /// Sorted segments that a `Replace` on its way will take in.
    pub(crate) sorted: Mutex<HashMap<u64, Arc<Segment>>>,
    next_number: AtomicU64,
    next_file: AtomicU64,
    /// Counts trims, deletions and changes of settings: whatever may let segments die.
    pub(crate) epoch: AtomicU64,
    /// Names of files were removed, and the directory was not synced since: their space may not be free yet.
    pub(crate) removed: AtomicBool,
    refusing: AtomicBool,
    refusal: Mutex<Refusal>,
}

#[derive(Default)]
struct Refusal {
    /// For ever: a failed write or sync, or damage.
    broken: Option<String>,
    /// Until space returns.
    full: bool,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        Shared {
            cache: FooterCache::new(options.footer_cache_bytes),
            options,
            counters: Arc::default(),
            tables: RwLock::default(),
            set: RwLock::default(),
            open_index: OpenIndex::default(),
            queue: Queue::default(),
            pool: Pool::default(),
            damages: Damages::default(),
            notifier: Notifier::default(),
            signal: Signal::default(),
            ended: Mutex::default(),
            sealing: Mutex::default(),
            reclaiming: Mutex::default(),
            sorted: Mutex::default(),
            next_number: AtomicU64::new(1),
            next_file: AtomicU64::new(1),
            epoch: AtomicU64::new(1),
            removed: AtomicBool::new(false),
            refusing: AtomicBool::new(false),
            refusal: Mutex::default(),
        }
    }

    pub(crate) fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tables_mut(&self) -> RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self) -> RwLockReadGuard<'_, SegmentSet> {
        self.set.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_mut(&self) -> RwLockWriteGuard<'_, SegmentSet> {
        self.set.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ended(&self) -> MutexGuard<'_, VecDeque<Ended>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that no segment had before.
    pub(crate) fn new_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::SeqCst)
    }

    /// A number that no file has.
    pub(crate) fn new_file(&self) -> u64 {
        self.next_file.fetch_add(1, Ordering::SeqCst)
    }

    /// Numbers given from now on are higher than these.
    pub(crate) fn skip_numbers(&self, segment: u64, file: u64) {
        self.next_number.fetch_max(segment + 1, Ordering::SeqCst);
        self.next_file.fetch_max(file + 1, Ordering::SeqCst);
    }

    /// Refuses appends from now on. The first reason stands.
    pub(crate) fn break_down(&self, why: String) {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.broken.get_or_insert(why);
        self.refusing.store(true, Ordering::SeqCst);
        self.counters.refusing.set(1);
    }

    /// Says whether the disk is full. The log is told when that changes, not whenever something is refused.
    pub(crate) fn set_full(&self, full: bool) {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        let was_full = std::mem::replace(&mut refusal.full, full);
        match (was_full, full) {
            (false, true) => tracing::warn!("{}", self.nearly_full()),
            (true, false) => {
                let directory = self.options.disk.name();
                tracing::info!(directory, "there is room for writes again");
            }
            (true, true) | (false, false) => {}
        }
        self.counters.refusing.set(u64::from(full || refusal.broken.is_some()));
    }

    /// Whether the disk was full when it was last asked.
    pub(crate) fn is_full(&self) -> bool {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).full
    }

    /// Why nothing may be written any more, if so.
    pub(crate) fn broken(&self) -> Option<LogError> {
        if !self.refusing.load(Ordering::SeqCst) {
            return None;
        }
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.broken.clone().map(LogError::Unavailable)
    }

    pub(crate) fn health(&self) -> Health {
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        match &refusal.broken {
            Some(why) => Health::Refusing(why.clone()),
            None if refusal.full => Health::NearlyFull(self.nearly_full()),
            None => Health::Writable,
        }
    }

    /// What is refused without room for another segment, and what to do.
    fn nearly_full(&self) -> String {
        format!(
            "{} is nearly full: large puts are refused, and small ones once they do not fit the last segment; reads go \
             on; free space, shorten retention or delete streams",
            self.options.disk.name()
        )
    }

    /// Applies a change that is durable; `segment` holds it.
    pub(crate) fn apply(&self, change: &Change, segment: u64, woken: &mut Vec<Waker>) {
        match change {
            Change::Free { segments, firsts } => {
                self.raise_firsts(firsts);
                let removed = self.set_mut().remove(segments);
                self.pool.retire(removed);
            }
            Change::Replace { sources, outputs, firsts } => {
                self.raise_firsts(firsts);
                let mut ready = self.sorted.lock().unwrap_or_else(PoisonError::into_inner);
                let outputs = outputs.iter().filter_map(|number| ready.remove(number));
                let removed = self.set_mut().replace(sources, outputs);
                self.pool.retire(removed);
            }
            Change::Create { .. }
            | Change::Grow { .. }
            | Change::Configure { .. }
            | Change::Delete { .. } => {
                apply_to_groups(&mut self.tables_mut(), change, segment, woken);
                self.epoch.fetch_add(1, Ordering::SeqCst);
                self.signal.raise();
            }
        }
    }

    /// Logs begin at these positions from now on, at least.
    pub(crate) fn raise_firsts(&self, firsts: &[(LogId, u64)]) {
        let tables = self.tables();
        for (log, first) in firsts {
            if let Ok(log) = tables.log(*log) {
                let mut inner = log.lock();
                inner.first = inner.first.max((*first).min(inner.end));
            }
        }
    }

    /// The time for a commit: never before `latest`.
    pub(crate) fn arrival(&self, latest: Millis) -> Millis {
        self.options.clock.now().max(latest)
    }
}

/// Applies a change of the groups.
pub(crate) fn apply_to_groups(
    tables: &mut Tables,
    change: &Change,
    segment: u64,
    woken: &mut Vec<Waker>,
) {
    match change {
        Change::Create { group, spec, logs } => tables.create(*group, *spec, *logs, segment),
        Change::Grow { group, logs } => {
            if let Ok(group) = tables.group(*group) {
                group.grow(*logs, segment);
            }
        }
        Change::Configure { group, spec } => {
            if let Ok(group) = tables.group(*group) {
                group.configure(*spec);
            }
        }
        Change::Delete { group } => tables.delete(*group, woken),
        Change::Free { .. } | Change::Replace { .. } => {}
    }
}
