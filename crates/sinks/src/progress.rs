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

impl<T> Progress<T> {
    /// Takes out what an earlier attempt left.
    pub fn take(&self, plan: Uuid) -> Option<T> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let at = plans.iter().position(|(known, _)| *known == plan)?;
        plans.remove(at).map(|(_, done)| done)
    }

    /// Leaves it for the next attempt.
    pub fn keep(&self, plan: Uuid, done: T) {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= PLANS_MAX {
            plans.pop_front();
        }
        plans.push_back((plan, done));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_and_taken_once() {
        let progress = Progress::default();
        for number in 0..=PLANS_MAX as u128 {
            progress.keep(Uuid::from_u128(number), number);
        }
        assert_eq!(progress.take(Uuid::from_u128(0)), None);
        assert_eq!(progress.take(Uuid::from_u128(1)), Some(1));
        assert_eq!(progress.take(Uuid::from_u128(1)), None);
    }
}
