//! Parts of footers kept in memory, within a budget of bytes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::contract::LogId;
use crate::footer::GroupRows;
use crate::tables::Entry;

/// The footers' cache: what was used longest ago goes first.
pub(crate) struct FooterCache {
    bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bytes: usize,
    uses: u64,
    groups: HashMap<u64, Kept<GroupRows>>,
    runs: HashMap<(u64, LogId), Kept<Vec<Entry>>>,
}

struct Kept<T> {
    value: Arc<T>,
    bytes: usize,
    used: u64,
}

impl FooterCache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        FooterCache { bytes_max, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    pub(crate) fn groups(&self, segment: u64) -> Option<Arc<GroupRows>> {
        let mut state = self.lock();
        state.uses += 1;
        let uses = state.uses;
        touch(&mut state.groups, &segment, uses)
    }

    pub(crate) fn run(&self, segment: u64, log: LogId) -> Option<Arc<Vec<Entry>>> {
        let mut state = self.lock();
        state.uses += 1;
        let uses = state.uses;
        touch(&mut state.runs, &(segment, log), uses)
    }

    pub(crate) fn keep_groups(&self, segment: u64, rows: Arc<GroupRows>) {
        let bytes = rows.memory_bytes();
        let mut state = self.lock();
        let used = state.uses;
        if state.groups.insert(segment, Kept { value: rows, bytes, used }).is_none() {
            state.bytes += bytes;
        }
        state.shrink(self.bytes_max);
    }

    pub(crate) fn keep_run(&self, segment: u64, log: LogId, run: Arc<Vec<Entry>>) {
        let bytes = run.len() * size_of::<Entry>() + 96;
        let mut state = self.lock();
        let used = state.uses;
        if state.runs.insert((segment, log), Kept { value: run, bytes, used }).is_none() {
            state.bytes += bytes;
        }
        state.shrink(self.bytes_max);
    }
}

fn touch<K: Eq + Hash, T>(kept: &mut HashMap<K, Kept<T>>, key: &K, used: u64) -> Option<Arc<T>> {
    let kept = kept.get_mut(key)?;
    kept.used = used;
    Some(kept.value.clone())
}

impl State {
    /// Gives up the older half of what is kept once it is too much: a pass over everything, but a rare one.
    fn shrink(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max {
            let mut ages: Vec<u64> = self.groups.values().map(|k| k.used).collect();
            ages.extend(self.runs.values().map(|k| k.used));
            ages.sort_unstable();
            let Some(limit) = ages.get(ages.len() / 2).copied() else { return };
            self.groups.retain(|_, k| k.used > limit);
            self.runs.retain(|_, k| k.used > limit);
            self.bytes = self.groups.values().map(|k| k.bytes).sum::<usize>()
                + self.runs.values().map(|k| k.bytes).sum::<usize>();
        }
    }
}
