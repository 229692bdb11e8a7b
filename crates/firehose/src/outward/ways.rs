//! The ways out of one pipeline, by where they lead: what is known of one destination says nothing of the one that an
//! update replaces it with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Outlet, Outward};
use crate::machine::LaneId;

/// Where a way leads: of which lane (`None` is the worker), and to what address.
pub type Place = (Option<LaneId>, String);

/// The ways of one pipeline.
pub struct Ways {
    outward: Arc<Outward>,
    known: Mutex<BTreeMap<Place, Arc<Outlet>>>,
}

impl Ways {
    /// None so far.
    pub fn new(outward: Arc<Outward>) -> Self {
        Ways { outward, known: Mutex::default() }
    }

    /// The way to a place; one that was not asked for before is new.
    pub fn to(&self, place: Place) -> Arc<Outlet> {
        let new = || Arc::new(self.outward.outlet());
        self.known().entry(place).or_insert_with(new).clone()
    }

    /// Forgets the ways to all other places.
    pub fn keep(&self, places: &BTreeSet<Place>) {
        self.known().retain(|place, _| places.contains(place));
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Place, Arc<Outlet>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
