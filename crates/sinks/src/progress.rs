//! What earlier attempts at a plan got done.
//!
//! A parcel may take several requests. When one of them fails the parcel as a whole was not taken and is tried again;
//! what was taken before need not be sent twice. This is kept in memory only: after a restart all is sent again, which
//! destinations tell by its ids.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

/// Most plans of one destination that are remembered; the oldest is forgotten first, and is then sent again as a whole.
const PLANS_MAX: usize = 256;

/// What is remembered of the plans whose last attempt failed.
pub(crate) struct Progress<T> {
    plans: Mutex<VecDeque<(Uuid, T)>>,
}

impl<T> Default for Progress<T> {
    fn default() -> Self {
        Progress { plans: Mutex::default() }
    }
}

impl<T: Default> Progress<T> {
    /// Begins an attempt where the last one left off, or with what `begin` makes.
    pub fn resume(&self, plan: Uuid, begin: impl FnOnce() -> T) -> Attempt<'_, T> {
        let left = self.take(plan).unwrap_or_else(begin);
        Attempt { progress: self, plan, left, is_finished: false }
    }

    /// Forgets a plan.
    pub fn forget(&self, plan: Uuid) {
        self.take(plan);
    }

    fn take(&self, plan: Uuid) -> Option<T> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let at = plans.iter().position(|(known, _)| *known == plan)?;
        plans.remove(at).map(|(_, left)| left)
    }

    fn keep(&self, plan: Uuid, left: T) {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= PLANS_MAX {
            plans.pop_front();
        }
        plans.push_back((plan, left));
    }
}

/// An attempt under way. However it ends, if only because nobody waits for it any longer, the next one begins with
/// what it left, unless it is [finished](Attempt::finish).
pub(crate) struct Attempt<'p, T: Default> {
    progress: &'p Progress<T>,
    plan: Uuid,
    /// What is left; changed as things get done.
    pub left: T,
    is_finished: bool,
}

impl<T: Default> Attempt<'_, T> {
    /// There will be no other attempt: what was left.
    pub fn finish(mut self) -> T {
        self.is_finished = true;
        std::mem::take(&mut self.left)
    }
}

impl<T: Default> Drop for Attempt<'_, T> {
    fn drop(&mut self) {
        if !self.is_finished {
            self.progress.keep(self.plan, std::mem::take(&mut self.left));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let progress = Progress::default();
        for number in 0..=PLANS_MAX as u128 {
            drop(progress.resume(Uuid::from_u128(number), || number));
        }
        assert_eq!(progress.take(Uuid::from_u128(0)), None);
        assert_eq!(progress.take(Uuid::from_u128(1)), Some(1));
        assert_eq!(progress.take(Uuid::from_u128(1)), None);
    }

    #[test]
    fn an_attempt_that_is_dropped_leaves_what_it_did_to_the_next() {
        let (progress, plan) = (Progress::default(), Uuid::from_u128(7));
        let mut first = progress.resume(plan, || 0);
        first.left += 3;
        drop(first);
        let second = progress.resume(plan, || 0);
        assert_eq!(second.finish(), 3);
        assert_eq!(progress.resume(plan, || 0).finish(), 0);
    }
}
