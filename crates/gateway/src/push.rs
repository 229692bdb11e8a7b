//! Subscriptions as replies: events in the protocol of the request, until the subscription or the server ends.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use millstream_api::Error;
use millstream_streams::{EventEncoder, PushEvent, Stalled, Subscription};
use millstream_wire::Protocol;
use tokio::sync::watch;

use crate::body::CutOff;
use crate::connection::RequestGuard;
use crate::stream_task::StreamTask;

/// Encodes events in a protocol.
pub struct PushEncoder(pub Protocol);

impl EventEncoder for PushEncoder {
    fn encoding(&self) -> usize {
        match self.0 {
            Protocol::Json => 0,
            Protocol::Cbor => 1,
        }
    }

    fn begin(&self) -> Vec<u8> {
        millstream_wire::encode_initial_response(self.0)
    }

    fn event(&self, event: PushEvent) -> Vec<u8> {
        millstream_wire::encode_push_event(self.0, event.reply, event.continuation)
    }

    fn exception(&self, error: &Error) -> Vec<u8> {
        millstream_wire::encode_push_exception(self.0, error)
    }
}

/// The body of a reply that is a subscription. Every chunk is one whole message, so that it can end after any.
pub struct Events {
    subscription: Subscription,
    stopped: Pin<Box<dyn Future<Output = ()> + Send>>,
    ended: bool,
    /// While it is sent, its connection is not idle.
    guard: Arc<Mutex<Option<RequestGuard>>>,
}

impl Events {
    /// Sends until the subscription ends or `stop` says so, or until the client has not read for `write_timeout`: then
    /// its stream of HTTP/2 is reset, and a connection of HTTP/1 ends.
    pub fn new(
        subscription: Subscription,
        mut stop: watch::Receiver<bool>,
        write_timeout: Duration,
    ) -> Self {
        let stopped = Box::pin(async move {
            let _ = stop.wait_for(|stop| *stop).await;
        });
        let guard = Arc::<Mutex<Option<RequestGuard>>>::default();
        let (held, task) = (guard.clone(), StreamTask::current());
        subscription.end_when_stalled(write_timeout, move || {
            drop(held.lock().unwrap_or_else(PoisonError::into_inner).take());
            if let Some(task) = task {
                task.end();
            }
        });
        Events { subscription, stopped, ended: false, guard }
    }

    fn guard(&self) -> MutexGuard<'_, Option<RequestGuard>> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the request's guard until the last byte is sent.
    pub fn hold(&mut self, guard: RequestGuard) {
        *self.guard() = Some(guard);
    }

    /// The next message. An error if it was ended because the client did not read.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, CutOff>>> {
        let next = if self.ended || self.stopped.as_mut().poll(cx).is_ready() {
            Poll::Ready(None)
        } else {
            self.subscription.poll_next(cx)
        };
        if !matches!(next, Poll::Pending | Poll::Ready(Some(Ok(_)))) {
            self.ended = true;
            drop(self.guard().take());
        }
        next.map(|next| next.map(|piece| piece.map_err(|Stalled| CutOff)))
    }
}
