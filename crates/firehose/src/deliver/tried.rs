//! Since when plans fail in this process: the time of retries is time in which somebody tries.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use millstream_types::Millis;

/// By plan, of which few are open: when its first attempt since the start failed.
#[derive(Debug, Default)]
pub struct Tried(Mutex<BTreeMap<u64, Millis>>);

impl Tried {
    /// When a plan's first attempt since the start failed, if one did.
    pub fn first(&self, plan: u64) -> Option<Millis> {
        self.plans().get(&plan).copied()
    }

    /// An attempt failed.
    pub fn fail(&self, plan: u64, at: Millis) {
        self.plans().entry(plan).or_insert(at);
    }

    /// The plan is settled.
    pub fn forget(&self, plan: u64) {
        self.plans().remove(&plan);
    }

    fn plans(&self) -> MutexGuard<'_, BTreeMap<u64, Millis>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
