//! Damaged places that were met: each is counted once, however often it is read.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Places that are told apart; what is met beyond them is not counted.
const PLACES_MAX: usize = 4096;

/// Where in a segment the footer is, whose place only the file's end tells.
pub(crate) const FOOTER: u64 = u64::MAX;

/// The places that were met since the start.
#[derive(Default)]
pub(crate) struct Damages {
    /// Segment and byte. Segments' numbers are never given twice.
    met: Mutex<HashSet<(u64, u64)>>,
}

impl Damages {
    /// Whether a place was not met before.
    pub(crate) fn is_new(&self, segment: u64, at: u64) -> bool {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        (met.len() < PLACES_MAX || met.contains(&(segment, at))) && met.insert((segment, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_once_and_memory_is_bounded() {
        let damages = Damages::default();
        assert!(damages.is_new(1, 0) && damages.is_new(1, FOOTER) && damages.is_new(2, 0));
        assert!(!damages.is_new(1, 0) && !damages.is_new(1, FOOTER));
        let counted = (0..2 * PLACES_MAX as u64).filter(|at| damages.is_new(7, *at)).count();
        assert_eq!(counted, PLACES_MAX - 3);
        assert!(!damages.is_new(1, 0) && !damages.is_new(8, 0));
        assert_eq!(damages.met.lock().unwrap().len(), PLACES_MAX);
    }
}
