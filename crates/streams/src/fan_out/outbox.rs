//! Where a subscription's future leaves what the reply's body takes: both run in one task, so nothing is woken.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;

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

/// A subscription that was accepted: pieces of a reply without end. It ends when it is dropped.
pub struct Subscription {
    outbox: Arc<Outbox>,
    feed: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Subscription {
    pub(super) fn new(
        outbox: Arc<Outbox>,
        feed: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Subscription { outbox, feed: Some(Box::pin(feed)) }
    }

    /// The next piece: one whole message. `None` once it has ended.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(feed) = &mut self.feed else { return Poll::Ready(None) };
        let done = feed.as_mut().poll(cx).is_ready();
        if done {
            self.feed = None;
        }
        match self.outbox.take() {
            Some(piece) => Poll::Ready(Some(piece)),
            None if done => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// The next piece.
    pub async fn next(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }
}
