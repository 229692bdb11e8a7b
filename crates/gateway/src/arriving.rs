//! A request's body as it arrives, and what becomes of the part that nobody wants.
//!
//! HTTP/2 resets a stream whose body is dropped before its end. Many clients that still send take that for a failure,
//! and lose the answer that was on its way, for which RFC 9113 (8.1) allows the reset. So the stream's task reads on,
//! within a bound ([`crate::stream_task`]). HTTP/1 has hyper's own way: what is there is read, and the connection ends.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::connection::RequestGuard;
use crate::limits::DISCARDED_BYTES_MAX;
use crate::stream_task::StreamTask;

/// A request's body on its way in.
pub struct Arriving {
    /// There until this is dropped.
    body: Option<Incoming>,
    /// It has come to its end, or broke.
    over: bool,
    /// Of HTTP/2: the connection is in use until the body's end.
    guard: Option<RequestGuard>,
}

impl Arriving {
    /// A body of HTTP/2, with a guard of its own, or one of HTTP/1.
    pub fn new(body: Incoming, guard: Option<RequestGuard>) -> Self {
        Arriving { body: Some(body), over: false, guard }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        self.over = !matches!(frame, Some(Ok(_)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Incoming::size_hint)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if let (Some(body), Some(guard)) = (self.body.take(), self.guard.take())
            && !body.is_end_stream()
        {
            StreamTask::leave(Rest { body, _guard: guard });
        }
    }
}

/// What is left of a body that nobody wants.
pub struct Rest<B = Incoming, G = RequestGuard> {
    body: B,
    _guard: G,
}

impl<B: Body + Unpin, G> Rest<B, G> {
    /// Reads it and throws it away, to its end or to the bound; dropping it then resets the stream.
    pub async fn discard(mut self, timeout: Duration) {
        let discarded = async {
            let mut left = DISCARDED_BYTES_MAX;
            let next = |body: &mut B, cx: &mut Context<'_>| Pin::new(body).poll_frame(cx);
            while let Some(Ok(frame)) = std::future::poll_fn(|cx| next(&mut self.body, cx)).await {
                let bytes = frame.into_data().map_or(0, |data| bytes::Buf::remaining(&data));
                match left.checked_sub(bytes) {
                    Some(rest) => left = rest,
                    None => return,
                }
            }
        };
        // Whichever comes first, the answer has had its time.
        let _ = tokio::time::timeout(timeout, discarded).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    /// Pieces of one size: so many, then the end, or nothing more ever.
    struct Pieces {
        left: usize,
        ends: bool,
    }

    const PIECE: &[u8] = &[0; 1 << 20];

    impl Body for Pieces {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match self.left.checked_sub(1) {
                Some(left) => self.left = left,
                None if self.ends => return Poll::Ready(None),
                None => return Poll::Pending,
            }
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(PIECE)))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_nobody_wants_is_read_within_bytes_and_time() {
        let began = Instant::now();
        let limit = Duration::from_secs(30);
        for (left, ends, took) in
            [(20, true, Duration::ZERO), (usize::MAX, true, Duration::ZERO), (20, false, limit)]
        {
            let begun = began.elapsed();
            Rest { body: Pieces { left, ends }, _guard: () }.discard(limit).await;
            assert_eq!(began.elapsed() - begun, took);
        }
    }
}
