//! What waits for the committer.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::change::Change;
use crate::contract::{LogError, LogId, Outcomes, Position};
use crate::footer::ROW_BYTES;
use crate::frame::{Frame, HEADER_ROOM};
use crate::metrics::LogCounters;

/// The waiting end of a call that returns one value.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, LogError>>;

/// One request to the committer.
pub(crate) enum Item {
    /// Parts to append; payload checksums are in place.
    Frame(Frame, Outcomes),
    /// End a log.
    Seal(LogId, Reply<Position>),
    /// Begin a log at a position.
    Trim(LogId, Position, Reply<()>),
    /// Change the groups or the segments.
    Change(Change, Reply<()>),
}

impl Item {
    /// Bytes that its blocks take.
    pub(crate) fn block_bytes(&self) -> usize {
        match self {
            Item::Frame(frame, _) => frame.bytes().len(),
            Item::Seal(..) | Item::Trim(..) => HEADER_ROOM,
            // Free and Replace carry one row per log that moved; an upper bound is enough.
            Item::Change(Change::Free { segments, firsts }, _) => {
                HEADER_ROOM + 16 + segments.len() * 8 + firsts.len() * 20
            }
            Item::Change(Change::Replace { sources, outputs, firsts }, _) => {
                HEADER_ROOM + 20 + (sources.len() + outputs.len()) * 8 + firsts.len() * 20
            }
            Item::Change(_, _) => HEADER_ROOM + 64,
        }
    }

    /// How many blocks it has at most.
    pub(crate) fn blocks(&self) -> usize {
        match self {
            Item::Frame(frame, _) => frame.parts().len(),
            Item::Seal(..) | Item::Trim(..) | Item::Change(..) => 1,
        }
    }

    /// Bytes by which a footer grows with it, entries of blocks left aside.
    pub(crate) fn footer_growth(&self) -> u64 {
        match self {
            Item::Change(Change::Create { logs, .. } | Change::Grow { logs, .. }, _) => {
                (u64::from(*logs) + 1) * ROW_BYTES as u64
            }
            Item::Change(Change::Delete { .. }, _) => 16,
            Item::Frame(..) | Item::Seal(..) | Item::Trim(..) | Item::Change(..) => 0,
        }
    }

    /// Whether it may use the room that is kept for giving space back.
    pub(crate) fn frees_space(&self) -> bool {
        match self {
            Item::Frame(..) | Item::Seal(..) => false,
            Item::Trim(..) => true,
            Item::Change(change, _) => match change {
                Change::Delete { .. }
                | Change::Free { .. }
                | Change::Replace { .. }
                | Change::Configure { .. } => true,
                Change::Create { .. } | Change::Grow { .. } => false,
            },
        }
    }

    /// Answers with an error, the same for each part.
    pub(crate) fn refuse(self, error: &LogError) {
        match self {
            Item::Frame(frame, outcomes) => {
                outcomes.send(frame.parts().iter().map(|_| Err(error.clone())).collect());
            }
            Item::Seal(_, reply) => drop(reply.send(Err(error.clone()))),
            Item::Trim(_, _, reply) | Item::Change(_, reply) => {
                drop(reply.send(Err(error.clone())));
            }
        }
    }
}

/// Requests in the order in which they came.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<QueueState>,
    filled: Condvar,
}

#[derive(Default)]
struct QueueState {
    items: VecDeque<Item>,
    /// Bytes of frames that wait or are being written.
    bytes: usize,
    stopping: bool,
    /// How many requests the committer sleeps for; 0 while it is awake.
    wanted: usize,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request; `Busy` if too much waits already, `Unavailable` once the engine stops.
    pub(crate) fn push(
        &self,
        item: Item,
        bytes_max: usize,
        counters: &LogCounters,
    ) -> Result<(), LogError> {
        let bytes = item.block_bytes();
        let mut state = self.lock();
        if state.stopping {
            return Err(LogError::Unavailable("the engine is stopping".into()));
        }
        if state.bytes + bytes > bytes_max && !item.frees_space() {
            counters.busy.add(1);
            return Err(LogError::Busy);
        }
        state.bytes += bytes;
        state.items.push_back(item);
        counters.queue_bytes.set(state.bytes as u64);
        counters.queue_depth.set(state.items.len() as u64);
        let wake = state.wanted > 0 && state.items.len() >= state.wanted;
        if wake {
            state.wanted = 0;
        }
        drop(state);
        if wake {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Moves everything to `to`, waiting until there is something if `to` is empty. False once the engine stops and
    /// nothing is left.
    pub(crate) fn take(&self, to: &mut VecDeque<Item>, counters: &LogCounters) -> bool {
        let mut state = self.lock();
        while state.items.is_empty() && to.is_empty() {
            if state.stopping {
                return false;
            }
            state.wanted = 1;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if to.is_empty() {
            std::mem::swap(to, &mut state.items);
        } else {
            to.append(&mut state.items);
        }
        counters.queue_depth.set(0);
        true
    }

    /// Sleeps until `wanted` requests wait, `limit` has passed, or the engine stops. Returns how many came meanwhile,
    /// and how long it took.
    #[allow(clippy::disallowed_methods)] // the engine owns the times of its own I/O
    pub(crate) fn gather(&self, wanted: usize, limit: Duration) -> (usize, Duration) {
        let mut state = self.lock();
        let before = state.items.len();
        if before >= wanted {
            return (0, Duration::ZERO);
        }
        let begun = Instant::now();
        state.wanted = wanted;
        while state.wanted > 0 && !state.stopping {
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            let woken = self.filled.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.wanted = 0;
        (state.items.len() - before, begun.elapsed())
    }

    /// How many requests wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().items.len()
    }

    /// Says that requests of these bytes are done.
    pub(crate) fn done(&self, bytes: usize, counters: &LogCounters) {
        let mut state = self.lock();
        state.bytes -= bytes;
        counters.queue_bytes.set(state.bytes as u64);
    }

    /// No more requests; what waits is still done.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.filled.notify_all();
    }
}
