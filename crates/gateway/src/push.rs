//! Subscriptions as replies: events in the protocol of the request, until the subscription or the server ends.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use millstream_api::Error;
use millstream_streams::{EventEncoder, PushEvent, Subscription};
use millstream_wire::Protocol;
use tokio::sync::watch;

use crate::connection::RequestGuard;

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
    guard: Option<RequestGuard>,
}

impl Events {
    /// Sends until the subscription ends or `stop` says so.
    pub fn new(subscription: Subscription, mut stop: watch::Receiver<bool>) -> Self {
        let stopped = Box::pin(async move {
            let _ = stop.wait_for(|stop| *stop).await;
        });
        Events { subscription, stopped, ended: false, guard: None }
    }

    /// Keeps the request's guard until the last byte is sent.
    pub fn hold(&mut self, guard: RequestGuard) {
        self.guard = Some(guard);
    }

    /// The next message.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.ended || self.stopped.as_mut().poll(cx).is_ready() {
            self.ended = true;
            self.guard = None;
            return Poll::Ready(None);
        }
        let next = self.subscription.poll_next(cx);
        if matches!(next, Poll::Ready(None)) {
            self.ended = true;
            self.guard = None;
        }
        next
    }
}
