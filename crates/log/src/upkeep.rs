//! What the engine does besides: footers, expiry, the pool, the rewriter. One thread, asleep unless there is work.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::{
    MAINTENANCE_INTERVAL_MS, POOL_SECONDS_MAX, PREPARE_BESIDE_BYTES_PER_SECOND, PREPARE_REST_TIMES,
    QUIET_MS,
};
use crate::shared::Shared;

/// Wakes the thread, and knows how busy the disk is.
pub(crate) struct Signal {
    state: Mutex<State>,
    raised: Condvar,
}

struct State {
    raised: bool,
    stopping: bool,
    /// The last commit.
    last_commit: Instant,
    /// Bytes written, by tenths of [`POOL_SECONDS_MAX`].
    written: VecDeque<(Instant, u64)>,
    /// Begin and bytes of the [`LOAD_WINDOW`] that runs, and bytes of the one before it.
    load: (Instant, u64, u64),
}

/// Over how long the load is measured.
const LOAD_WINDOW: Duration = Duration::from_millis(200);

#[allow(clippy::disallowed_methods)] // the engine owns the times of its own I/O
fn now() -> Instant {
    Instant::now()
}

impl Default for Signal {
    fn default() -> Self {
        let state = State {
            raised: false,
            stopping: false,
            last_commit: now(),
            written: VecDeque::new(),
            load: (now(), 0, 0),
        };
        Signal { state: Mutex::new(state), raised: Condvar::new() }
    }
}

impl Signal {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is work.
    pub(crate) fn raise(&self) {
        self.lock().raised = true;
        self.raised.notify_one();
    }

    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.raised.notify_all();
    }

    /// A commit of these bytes was written.
    pub(crate) fn committed(&self, bytes: u64) {
        let at = now();
        let mut state = self.lock();
        state.last_commit = at;
        let window = at - state.load.0;
        state.load = match window {
            _ if window < LOAD_WINDOW => (state.load.0, state.load.1 + bytes, state.load.2),
            _ if window < 2 * LOAD_WINDOW => (at, bytes, state.load.1),
            _ => (at, bytes, 0),
        };
        let step = Duration::from_secs(POOL_SECONDS_MAX / 10);
        match state.written.back_mut() {
            Some((begun, sum)) if at - *begun < step => *sum += bytes,
            _ => state.written.push_back((at, bytes)),
        }
        while state.written.len() > 10 {
            state.written.pop_front();
        }
    }

    /// Bytes written in the last [`POOL_SECONDS_MAX`].
    pub(crate) fn recently_written(&self) -> u64 {
        let at = now();
        let recent = Duration::from_secs(POOL_SECONDS_MAX);
        let state = self.lock();
        let within = state.written.iter().filter(|(begun, _)| at - *begun < recent);
        within.map(|(_, bytes)| bytes).sum()
    }

    /// Whether no commit came for a while.
    pub(crate) fn is_quiet(&self) -> bool {
        let state = self.lock();
        !state.stopping && state.last_commit.elapsed() >= Duration::from_millis(QUIET_MS)
    }

    /// Whether commits leave the disk so much time that segments may be prepared beside them.
    fn is_light(&self) -> bool {
        let state = self.lock();
        let (begun, running, before) = state.load;
        let windows = Duration::from_secs(1).div_duration_f64(LOAD_WINDOW) as u64;
        // What ended long ago is no load.
        let recent = if begun.elapsed() < 2 * LOAD_WINDOW { running.max(before) } else { 0 };
        !state.stopping && recent * windows <= PREPARE_BESIDE_BYTES_PER_SECOND
    }

    fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// Sleeps until there is work, `limit` passed, or the engine stops; false for the last.
    fn sleep(&self, limit: Duration) -> bool {
        let mut state = self.lock();
        let deadline = now() + limit;
        while !state.raised && !state.stopping {
            let left = deadline.saturating_duration_since(now());
            if left.is_zero() {
                break;
            }
            let woken = self.raised.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.raised = false;
        !state.stopping
    }

    /// Rests for a moment, for whoever limits its own rate; false once the engine stops.
    pub(crate) fn rest(&self, pause: Duration) -> bool {
        let state = self.lock();
        if state.stopping {
            return false;
        }
        let rested = self.raised.wait_timeout(state, pause);
        !rested.unwrap_or_else(PoisonError::into_inner).0.stopping
    }
}

/// Least time between two rounds.
const ROUND_PAUSE: Duration = Duration::from_millis(200);

/// Least pause between two steps of preparing a segment.
const PREPARE_PAUSE: Duration = Duration::from_millis(1);

impl Shared {
    /// The maintenance thread. Footers are written as soon as they are due, the rest at most every [`ROUND_PAUSE`],
    /// however often trims and deletions raise the signal.
    pub(crate) fn run_upkeep(&self) {
        let mut limit = Duration::from_millis(QUIET_MS);
        let mut next_round = now();
        while self.signal.sleep(limit) {
            if self.broken().is_none() {
                // A failure shows in the engine's health; the next turn tries again.
                let _ = self.seal_ended();
            }
            let wait = next_round.saturating_duration_since(now());
            if !wait.is_zero() {
                limit = wait;
                continue;
            }
            self.upkeep_round();
            let more = self.prepare_ahead() || self.rewrite_what_is_worth_it();
            next_round = now() + ROUND_PAUSE;
            limit = if more {
                Duration::from_millis(QUIET_MS)
            } else {
                Duration::from_millis(MAINTENANCE_INTERVAL_MS)
            };
        }
    }

    /// One round of everything that does not need a quiet disk.
    pub(crate) fn upkeep_round(&self) {
        if self.broken().is_some() {
            return;
        }
        // Failures are counted and shown where they happen; the next round tries again.
        let _ = self.seal_ended();
        self.free_dead_segments();
        self.reclaim_unread();
        self.end_full();
        self.shrink_pool();
        self.update_gauges();
    }

    /// Says that the disk is not full any more once another segment would fit.
    fn end_full(&self) {
        if self.is_full() && self.has_room().unwrap_or(false) {
            self.set_full(false);
        }
    }

    /// Prepares a segment if the pool wants one. True if it wants more than the disk was quiet for.
    fn prepare_ahead(&self) -> bool {
        // A disk that is never synced does not care whether its blocks were written before.
        if !self.options.sync || self.broken().is_some() {
            return false;
        }
        while self.pool.ready(self.segment_bytes(0, 0)) < self.options.pool_segments_ahead {
            if !self.signal.is_light() {
                return !self.signal.is_stopping();
            }
            // Footers do not wait for a whole segment to be prepared.
            let go_on = |step: Duration| {
                let pause = PREPARE_PAUSE.max(step * PREPARE_REST_TIMES);
                self.signal.rest(pause) && self.signal.is_light() && self.seal_ended().is_ok()
            };
            match self.prepare_segment(go_on) {
                Ok(true) => {}
                Ok(false) => {
                    self.shrink_pool();
                    return !self.signal.is_light() && !self.signal.is_stopping();
                }
                Err(_) => {
                    self.counters.failures.add(1);
                    return false;
                }
            }
        }
        false
    }

    /// Brings the gauges up to date.
    pub(crate) fn update_gauges(&self) {
        let counters = &self.counters;
        let set = self.set();
        counters.segments_live.set(set.len() as u64);
        counters.segments_open.set(self.ended().len() as u64 + 1);
        counters.data_bytes.set(set.data_bytes());
        counters.disk_bytes.set(set.disk_bytes() + self.pool.bytes());
        drop(set);
        counters.segments_free.set(self.pool.count() as u64);
        counters.footer_memory_bytes.set(self.cache.bytes() as u64);
    }
}
