//! Whether a window may still be given up: until the function has answered, never once its answer is being written.

use std::sync::atomic::{AtomicU8, Ordering};

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const GIVEN_UP: u8 = 2;

/// Decides once between the worker, which has all answers and writes them, and the pilot, which gives the window up.
#[derive(Debug, Default)]
pub struct Gate(AtomicU8);

impl Gate {
    /// The function has answered: from now on the window is written. `false` if it was given up before; then nothing
    /// of it may be written.
    pub fn close(&self) -> bool {
        self.decide(CLOSED)
    }

    /// Gives the window up. `false` if its answers are there already: then it comes to its end by itself.
    pub fn give_up(&self) -> bool {
        self.decide(GIVEN_UP)
    }

    /// Whether neither has happened.
    pub fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire) == OPEN
    }

    fn decide(&self, to: u8) -> bool {
        self.0.compare_exchange(OPEN, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_written_or_given_up_and_never_both() {
        let written = Gate::default();
        assert!(written.is_open() && written.close());
        assert!(!written.give_up() && !written.is_open());
        let given_up = Gate::default();
        assert!(given_up.give_up() && !given_up.close());
    }
}
