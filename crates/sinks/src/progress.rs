//! What earlier attempts at a plan got done.
//!
//! A parcel may take several requests. When one of them fails the parcel as a whole was not taken and is tried again;
//! what was taken before need not be sent twice. This is kept in memory only, for all delivery streams together, and
//! outlives the sinks that wrote it down: after a restart of the server all is sent again, which destinations tell by
//! its ids.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use millstream_firehose::sink::{RecordId, RefusedRecord};
use uuid::Uuid;

/// Most plans that are remembered of a kind of destination; the oldest is forgotten first, and is then sent again as a
/// whole.
const PLANS_MAX: usize = 4096;
/// Most bytes that what is remembered of them takes.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// What a plan takes beside what is left of it.
const PLAN_BYTES: usize = 64;

/// What is left of a plan.
pub(crate) trait Left: Default {
    /// About how much memory it takes, in bytes; 0 where there is nothing to be remembered.
    fn bytes(&self) -> usize;

    /// It is too much: leaves out what the next attempt comes to once more without anything being taken twice.
    fn shorten(&mut self) {}
}

/// What is remembered of the plans whose last attempt failed.
pub(crate) struct Progress<T> {
    plans: Mutex<Plans<T>>,
}

struct Plans<T> {
    /// Each with the bytes that it takes; the oldest first.
    all: VecDeque<(Uuid, usize, T)>,
    bytes: usize,
}

impl<T> Default for Progress<T> {
    fn default() -> Self {
        Progress { plans: Mutex::new(Plans { all: VecDeque::new(), bytes: 0 }) }
    }
}

impl<T: Left> Progress<T> {
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
        let at = plans.all.iter().position(|(known, _, _)| *known == plan)?;
        let (_, bytes, left) = plans.all.remove(at)?;
        plans.bytes -= bytes;
        Some(left)
    }

    fn keep(&self, plan: Uuid, mut left: T) {
        if left.bytes() == 0 {
            // It would push out what plans have come to.
            return;
        }
        let mut bytes = PLAN_BYTES + left.bytes();
        if bytes > BYTES_MAX {
            left.shorten();
            bytes = PLAN_BYTES + left.bytes();
            let is_kept = bytes <= BYTES_MAX;
            tracing::warn!(
                %plan, is_kept,
                "what an attempt to deliver came to is too much to be remembered whole: what was refused is sent again"
            );
            if !is_kept {
                return;
            }
        }
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        while plans.all.len() >= PLANS_MAX || plans.bytes + bytes > BYTES_MAX {
            let Some((_, forgotten, _)) = plans.all.pop_front() else { break };
            plans.bytes -= forgotten;
        }
        plans.bytes += bytes;
        plans.all.push_back((plan, bytes, left));
    }
}

/// An attempt under way. However it ends, if only because nobody waits for it any longer, the next one begins with
/// what it left, unless it is [finished](Attempt::finish).
pub(crate) struct Attempt<'p, T: Left> {
    progress: &'p Progress<T>,
    plan: Uuid,
    /// What is left; changed as things get done.
    pub left: T,
    is_finished: bool,
}

impl<T: Left> Attempt<'_, T> {
    /// There will be no other attempt: what was left.
    pub fn finish(mut self) -> T {
        self.is_finished = true;
        std::mem::take(&mut self.left)
    }
}

impl<T: Left> Drop for Attempt<'_, T> {
    fn drop(&mut self) {
        if !self.is_finished {
            self.progress.keep(self.plan, std::mem::take(&mut self.left));
        }
    }
}

/// About how much memory a refused record takes, in bytes.
fn refused_bytes(refused: &RefusedRecord) -> usize {
    let members = refused.members.iter().map(|(_, value)| 48 + value.len());
    size_of::<RefusedRecord>() + refused.code.len() + refused.message.len() + members.sum::<usize>()
}

/// The records that were refused so far: what is left where nothing else is known of a plan.
impl Left for Vec<RefusedRecord> {
    fn bytes(&self) -> usize {
        self.iter().map(refused_bytes).sum()
    }
}

/// What became of a plan's records one by one.
#[derive(Default)]
pub(crate) struct Settled {
    /// Those that were taken or refused, sorted.
    ids: Vec<RecordId>,
    /// Those that were refused.
    pub refused: Vec<RefusedRecord>,
}

impl Settled {
    /// Whether a record was taken or refused.
    pub fn has(&self, id: RecordId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    /// Records were taken or refused.
    pub fn add(
        &mut self,
        ids: impl IntoIterator<Item = RecordId>,
        refused: impl IntoIterator<Item = RefusedRecord>,
    ) {
        self.ids.extend(ids);
        // Two runs that are in order, mostly.
        self.ids.sort();
        self.refused.extend(refused);
    }
}

impl Left for Settled {
    fn bytes(&self) -> usize {
        size_of_val(&self.ids[..]) + self.refused.bytes()
    }

    /// Refusals, with what the destination said: it says so again.
    fn shorten(&mut self) {
        let mut refused: Vec<RecordId> = self.refused.iter().map(|record| record.id).collect();
        refused.sort();
        self.ids.retain(|id| refused.binary_search(id).is_err());
        self.ids.shrink_to_fit();
        self.refused = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Left for usize {
        fn bytes(&self) -> usize {
            *self
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let progress = Progress::<usize>::default();
        for number in 0..=PLANS_MAX {
            drop(progress.resume(Uuid::from_u128(number as u128), || 1));
        }
        assert_eq!(progress.take(Uuid::from_u128(0)), None);
        assert_eq!(progress.take(Uuid::from_u128(1)), Some(1));
        assert_eq!(progress.take(Uuid::from_u128(1)), None);
        // By what it takes, too: others are forgotten for what is large, and what is too large is not kept.
        let half = BYTES_MAX / 2 - PLAN_BYTES;
        let progress = Progress::<usize>::default();
        for (plan, bytes) in [(1, half), (2, half), (3, half), (4, BYTES_MAX)] {
            drop(progress.resume(Uuid::from_u128(plan), || bytes));
        }
        let kept = [1, 2, 3, 4].map(|plan| progress.take(Uuid::from_u128(plan)));
        assert_eq!(kept, [None, Some(half), Some(half), None]);
        assert_eq!(progress.plans.lock().unwrap().bytes, 0);
        // Nothing takes no place of what is something.
        drop(progress.resume(Uuid::from_u128(5), || 0));
        assert!(progress.plans.lock().unwrap().all.is_empty());
    }

    #[test]
    fn what_was_taken_is_remembered_however_much_was_refused() {
        let id = |number: u32| RecordId { log: number % 2, position: u64::from(number), part: 0 };
        let refuse = |number| RefusedRecord {
            id: id(number),
            code: "400".into(),
            message: "x".repeat(4096),
            members: vec![("esIndexName", "logs".into())],
        };
        let (progress, plan) = (Progress::<Settled>::default(), Uuid::from_u128(7));
        let mut attempt = progress.resume(plan, Settled::default);
        attempt.left.add((0..10_000).map(id), (0..5000).map(refuse));
        assert!(attempt.left.bytes() > BYTES_MAX);
        drop(attempt);
        let attempt = progress.resume(plan, Settled::default);
        assert!((5000..10_000).all(|number| attempt.left.has(id(number))));
        // These are sent again, and refused again.
        assert!((0..5000).all(|number| !attempt.left.has(id(number))));
        assert!(attempt.left.refused.is_empty());
    }

    #[test]
    fn an_attempt_that_is_dropped_leaves_what_it_did_to_the_next() {
        let (progress, plan) = (Progress::<usize>::default(), Uuid::from_u128(7));
        let mut first = progress.resume(plan, || 0);
        first.left += 3;
        drop(first);
        let second = progress.resume(plan, || 0);
        assert_eq!(second.finish(), 3);
        assert_eq!(progress.resume(plan, || 0).finish(), 0);
    }
}
