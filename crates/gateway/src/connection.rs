//! A connection that cannot be held open for nothing: its bytes are watched, and a guard ends it when it is too slow.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::framing::Framing;
use crate::limits::HttpLimits;

/// What a connection is doing, as its bytes and its requests show. Times are milliseconds since it opened, plus one;
/// 0 means "not so".
pub struct Activity {
    opened: Instant,
    /// HTTP/2 frames may come at any time; only in HTTP/1 do bytes without a request begin a head.
    http2: bool,
    /// Requests that are being answered.
    requests: AtomicU64,
    /// Since when bytes of a head have been arriving without a request.
    head_since: AtomicU64,
    /// Since when nothing has been going on.
    idle_since: AtomicU64,
    /// Since when the peer has not taken what we write.
    blocked_since: AtomicU64,
}

/// Why a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooSlow {
    /// The head of a request did not arrive in time.
    Head,
    /// Nothing happened for too long.
    Idle,
    /// The peer does not read.
    Write,
}

impl Activity {
    /// Of a connection that opens now.
    pub fn new(http2: bool) -> Arc<Self> {
        Arc::new(Activity {
            opened: Instant::now(),
            http2,
            requests: AtomicU64::new(0),
            head_since: AtomicU64::new(0),
            idle_since: AtomicU64::new(1),
            blocked_since: AtomicU64::new(0),
        })
    }

    fn now(&self) -> u64 {
        self.opened.elapsed().as_millis() as u64 + 1
    }

    /// A request's head is complete; its answer is under way until the guard is dropped.
    pub fn begin_request(self: &Arc<Self>) -> RequestGuard {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(0, Ordering::Relaxed);
        self.idle_since.store(0, Ordering::Relaxed);
        RequestGuard(self.clone())
    }

    fn bytes_arrived(&self) {
        if !self.http2 && self.requests.load(Ordering::Relaxed) == 0 {
            let now = self.now();
            let _ = self.head_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
            self.idle_since.store(0, Ordering::Relaxed);
        }
    }

    fn wrote(&self, blocked: bool) {
        if !blocked {
            if self.blocked_since.load(Ordering::Relaxed) != 0 {
                self.blocked_since.store(0, Ordering::Relaxed);
            }
        } else {
            let now = self.now();
            let _ =
                self.blocked_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Waits until the connection has been too slow for one of the limits.
    pub async fn too_slow(&self, limits: &HttpLimits) -> TooSlow {
        let rules = [
            (&self.blocked_since, limits.write_timeout_ms, TooSlow::Write),
            (&self.head_since, limits.header_read_timeout_ms, TooSlow::Head),
            (&self.idle_since, limits.idle_timeout_ms, TooSlow::Idle),
        ];
        loop {
            let now = self.now();
            let mut next = limits
                .idle_timeout_ms
                .min(limits.header_read_timeout_ms)
                .min(limits.write_timeout_ms);
            for (since, allowed, verdict) in rules {
                let since = since.load(Ordering::Relaxed);
                if since == 0 {
                    continue;
                }
                let left = (since + allowed).saturating_sub(now);
                if left == 0 {
                    return verdict;
                }
                next = next.min(left);
            }
            tokio::time::sleep(Duration::from_millis(next.max(1))).await;
        }
    }
}

/// Held while a request is answered.
pub struct RequestGuard(Arc<Activity>);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        if self.0.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.idle_since.store(self.0.now(), Ordering::Relaxed);
        }
    }
}

/// A stream of bytes that tells its [`Activity`].
pub struct Watched<T> {
    inner: T,
    activity: Arc<Activity>,
    /// For HTTP/1.
    framing: Option<Framing>,
}

impl<T> Watched<T> {
    /// Watches `inner`, which speaks HTTP/2, or HTTP/1 whose framing is checked.
    pub fn new(inner: T, activity: Arc<Activity>, http2: bool) -> Self {
        Watched { inner, activity, framing: (!http2).then(Framing::default) }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.bytes_arrived();
            if let Some(framing) = &mut self.framing {
                framing.check(&mut buf.filled_mut()[before..]);
            }
        }
        result
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.activity.wrote(result.is_pending());
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.activity.wrote(result.is_pending());
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
