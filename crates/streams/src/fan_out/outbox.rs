//! Where a subscription's future leaves what the reply's body takes: both run in one task, so nothing is woken.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use millstream_types::Millis;
use tokio::time::Instant;

use super::shard::Ending;
use crate::service::Streams;

/// Room for one piece.
#[derive(Default)]
pub(super) struct Outbox(Mutex<Option<Bytes>>);

impl Outbox {
    /// Leaves a piece and waits until it was taken. Whoever takes it polls again.
    pub async fn put(&self, piece: Bytes) {
        let mut piece = Some(piece);
        std::future::poll_fn(|_| {
            let mut room = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match (&*room, piece.take()) {
                (None, None) => Poll::Ready(()),
                (None, left) => {
                    *room = left;
                    Poll::Pending
                }
                (Some(_), left) => {
                    piece = left;
                    Poll::Pending
                }
            }
        })
        .await;
    }

    fn take(&self) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

type FeedFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A subscription, as whoever looks for those that are stalled sees it.
pub(super) struct Line {
    ending: Arc<OnceLock<Ending>>,
    /// Service time.
    ends: Millis,
    state: Mutex<LineState>,
}

#[derive(Default)]
struct LineState {
    feed: Option<FeedFuture>,
    /// Since when a piece is with whoever sends it; `None` once it has come back for the next.
    handed: Option<Instant>,
    write_timeout: Option<Duration>,
    /// It was ended from outside: what was handed over may have been sent in part.
    cut: bool,
    waker: Option<Waker>,
    on_cut: Option<Box<dyn FnOnce() + Send>>,
}

impl Line {
    pub fn new(ending: Arc<OnceLock<Ending>>, ends: Millis) -> Arc<Self> {
        Arc::new(Line { ending, ends, state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, LineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long it has been stalled, and how long it may be, if it is.
    pub fn stalled(&self, now: Instant) -> Option<(Duration, Duration)> {
        let state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // It is at work.
            Err(TryLockError::WouldBlock) => return None,
        };
        let since = state.handed.filter(|_| state.feed.is_some())?;
        Some((now.saturating_duration_since(since), state.write_timeout?))
    }

    /// Whether it has come to its end, which it would say itself if it could.
    pub fn is_over(&self, now: Millis) -> bool {
        self.ending.get().is_some() || now >= self.ends
    }

    /// Ends it if it still does not read: gives back all that it holds.
    pub fn cut(&self) -> bool {
        let mut state = self.state();
        if state.handed.is_none() {
            return false;
        }
        let Some(feed) = state.feed.take() else { return false };
        state.cut = true;
        let (waker, on_cut) = (state.waker.take(), state.on_cut.take());
        drop(state);
        drop(feed);
        if let Some(on_cut) = on_cut {
            on_cut();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }
}

/// A subscription that was accepted: pieces of a reply without end. It ends when it is dropped.
pub struct Subscription {
    streams: Arc<Streams>,
    outbox: Arc<Outbox>,
    line: Arc<Line>,
}

/// Why there is no next piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stalled;

impl Subscription {
    pub(super) fn new(
        streams: Arc<Streams>,
        outbox: Arc<Outbox>,
        line: Arc<Line>,
        feed: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        line.state().feed = Some(Box::pin(feed));
        Subscription { streams, outbox, line }
    }

    /// Has it ended once a piece that was taken is not followed by a poll within this time; `then` is called when that
    /// happens, and is to have the last piece given up that was not sent.
    pub fn end_when_stalled(&self, write_timeout: Duration, then: impl FnOnce() + Send + 'static) {
        let mut state = self.line.state();
        state.write_timeout = Some(write_timeout);
        state.on_cut = Some(Box::new(then));
        drop(state);
        self.streams.watch_line(&self.line, write_timeout);
    }

    /// The next piece: one whole message. `None` once it has ended; an error if it was stalled for too long.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Stalled>>> {
        let mut state = self.line.state();
        if state.cut {
            state.cut = false;
            return Poll::Ready(Some(Err(Stalled)));
        }
        state.handed = None;
        let Some(feed) = &mut state.feed else { return Poll::Ready(None) };
        let done = feed.as_mut().poll(cx).is_ready();
        let ended = if done { state.feed.take() } else { None };
        let next = match self.outbox.take() {
            Some(piece) => {
                state.handed = Some(Instant::now());
                if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    state.waker = Some(cx.waker().clone());
                }
                Poll::Ready(Some(Ok(piece)))
            }
            None if done => Poll::Ready(None),
            None => Poll::Pending,
        };
        drop(state);
        drop(ended);
        next
    }

    /// The next piece.
    pub async fn next(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await?.ok()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.line.state();
        let (feed, on_cut) = (state.feed.take(), state.on_cut.take());
        drop(state);
        drop((feed, on_cut));
    }
}
