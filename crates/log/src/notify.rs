//! Wakes who waits for a log, off the commit path.

use std::sync::{Condvar, Mutex, PoisonError};
use std::task::Waker;

/// Wakers on their way to be woken.
#[derive(Default)]
pub(crate) struct Notifier {
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Default)]
struct State {
    wakers: Vec<Waker>,
    stopping: bool,
}

impl Notifier {
    /// Hands wakers over; leaves `wakers` empty.
    pub(crate) fn wake(&self, wakers: &mut Vec<Waker>) {
        if wakers.is_empty() {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.wakers.append(wakers);
        drop(state);
        self.filled.notify_one();
    }

    pub(crate) fn stop(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).stopping = true;
        self.filled.notify_all();
    }

    /// The notifier thread: wakes until it is stopped.
    pub(crate) fn run(&self) {
        let mut wakers = Vec::new();
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            while state.wakers.is_empty() {
                if state.stopping {
                    return;
                }
                state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::swap(&mut wakers, &mut state.wakers);
            drop(state);
            wakers.drain(..).for_each(Waker::wake);
        }
    }
}
