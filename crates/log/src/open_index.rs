//! Where the batches of segments lie that have no footer yet: written in the order of commits, read log by log.
//!
//! A commit to thousands of logs would touch as many lists in memory. So all batches of a segment stand in one list,
//! each with a link to its log's batch before; a list per log is made only for logs that are read.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::tables::Entry;

/// The place of a batch in its segment's list.
pub(crate) type Place = u32;

/// Stands for "no batch before".
pub(crate) const NO_PLACE: Place = u32::MAX;

/// The lists of all segments without a footer, oldest first. Its lock is taken before the lock of a log.
#[derive(Default)]
pub(crate) struct OpenIndex(RwLock<OpenSegments>);

impl OpenIndex {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, OpenSegments> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, OpenSegments> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an [`OpenIndex`] guards.
#[derive(Default)]
pub(crate) struct OpenSegments(Vec<(u64, Batches)>);

/// The batches of one segment. Shared with who writes its footer, when nothing is added any more.
pub(crate) type Batches = Arc<Vec<Linked>>;

/// A batch, and the place of its log's batch before it in the same segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linked {
    pub(crate) entry: Entry,
    pub(crate) previous: Place,
}

impl OpenSegments {
    /// The batches of a segment.
    pub(crate) fn of(&self, segment: u64) -> Option<&Batches> {
        self.0.iter().find_map(|(number, batches)| (*number == segment).then_some(batches))
    }

    /// The batches of a segment, to add to them.
    pub(crate) fn extend(&mut self, segment: u64) -> &mut Vec<Linked> {
        let at = match self.0.iter().rposition(|(number, _)| *number == segment) {
            Some(at) => at,
            None => {
                self.0.push((segment, Batches::default()));
                self.0.len() - 1
            }
        };
        Arc::make_mut(&mut self.0[at].1)
    }

    /// Forgets a segment; returns how many batches it had.
    pub(crate) fn forget(&mut self, segment: u64) -> usize {
        let batches = self.of(segment).map_or(0, |batches| batches.len());
        self.0.retain(|(number, _)| *number != segment);
        batches
    }
}

/// Appends to `run` a log's batches from the one after `known` to `last`, oldest first.
pub(crate) fn follow(batches: &[Linked], last: Place, known: Place, run: &mut Vec<Entry>) {
    let start = run.len();
    let mut place = last;
    while place != known {
        let Some(batch) = batches.get(place as usize) else { break };
        run.push(batch.entry);
        place = batch.previous;
    }
    run[start..].reverse();
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_types::Millis;

    #[test]
    fn a_log_is_followed_through_the_batches_of_others() {
        let entry = |base| Entry { base, arrival: Millis(1), offset: 0, payload_bytes: 0 };
        let mut index = OpenSegments::default();
        let previous = [NO_PLACE, NO_PLACE, 0, 2, 1, 3];
        for (base, previous) in previous.into_iter().enumerate() {
            index.extend(7).push(Linked { entry: entry(base as u64), previous });
        }
        let followed = |last, known| {
            let mut run = Vec::new();
            follow(index.of(7).unwrap(), last, known, &mut run);
            run.iter().map(|entry| entry.base).collect::<Vec<_>>()
        };
        assert_eq!(followed(5, NO_PLACE), [0, 2, 3, 5]);
        assert_eq!(followed(5, 2), [3, 5]);
        assert_eq!(followed(4, NO_PLACE), [1, 4]);
        assert_eq!(followed(4, 4), [0; 0]);
    }

    #[test]
    fn a_forgotten_segment_is_gone() {
        let mut index = OpenSegments::default();
        index.extend(1);
        index.extend(2);
        assert_eq!(index.forget(1), 0);
        assert!(index.of(1).is_none() && index.of(2).is_some());
    }
}
