//! Parcels that a destination has taken and whose plans are not settled yet.
//!
//! What comes after the destination may fail: writing error documents, writing down that the plan is settled. The next
//! attempt then does only that. In memory: after a restart of the server a parcel is delivered again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sink::RefusedRecord;

/// By plan, of which few are open: the records that the destination refused.
#[derive(Debug, Default)]
pub struct Taken(Mutex<BTreeMap<u64, Vec<RefusedRecord>>>);

impl Taken {
    /// What the destination refused of a plan's parcel, if it has taken the rest.
    pub fn get(&self, plan: u64) -> Option<Vec<RefusedRecord>> {
        self.plans().get(&plan).cloned()
    }

    /// The destination has taken a plan's parcel, but for these records.
    pub fn keep(&self, plan: u64, refused: &[RefusedRecord]) {
        self.plans().insert(plan, refused.to_vec());
    }

    /// The plan is settled.
    pub fn forget(&self, plan: u64) {
        self.plans().remove(&plan);
    }

    fn plans(&self) -> MutexGuard<'_, BTreeMap<u64, Vec<RefusedRecord>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
