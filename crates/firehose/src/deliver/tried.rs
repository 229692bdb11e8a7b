//! What became of attempts in this process: since when plans fail at their destinations, and which gave way.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use millstream_types::Millis;

/// By plan, of which few are open.
#[derive(Debug, Default)]
pub struct Tried(Mutex<BTreeMap<u64, Attempts>>);

#[derive(Clone, Copy, Debug, Default)]
struct Attempts {
    /// When the destination first said no.
    first_failed: Option<Millis>,
    gave_way: bool,
}

impl Tried {
    /// When a plan's first attempt since the start failed at its destination, if one did: the time of retries is time
    /// in which somebody tries there. What fails here does not count.
    pub fn first(&self, plan: u64) -> Option<Millis> {
        self.plans().get(&plan)?.first_failed
    }

    /// An attempt failed at the destination.
    pub fn fail(&self, plan: u64, at: Millis) {
        self.plans().entry(plan).or_default().first_failed.get_or_insert(at);
    }

    /// Whether an attempt was ended for others: the next ones have the memory of slow ones.
    pub fn gave_way(&self, plan: u64) -> bool {
        self.plans().get(&plan).is_some_and(|attempts| attempts.gave_way)
    }

    /// An attempt was ended for others.
    pub fn give_way(&self, plan: u64) {
        self.plans().entry(plan).or_default().gave_way = true;
    }

    /// The plan is settled.
    pub fn forget(&self, plan: u64) {
        self.plans().remove(&plan);
    }

    fn plans(&self) -> MutexGuard<'_, BTreeMap<u64, Attempts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
