//! A connection that cannot be held open for nothing: its bytes are watched, and a guard ends it when it is too slow.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::limits::HttpLimits;

/// What a connection is doing, as its bytes and its requests show. Times are milliseconds since it opened, plus one;
/// 0 means "not so".
pub struct Activity {
    opened: Instant,
    /// Who is at the other end.
    peer: IpAddr,
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
    /// What HTTP/1's one request at a time is doing.
    body: Stage,
    request: Stage,
    /// Whether someone wants to know that the peer has ended its side of HTTP/1.
    looks_ahead: AtomicBool,
    peer_gone: AtomicBool,
    /// Somebody wants its end, and wakes whoever watches it.
    ending: AtomicBool,
    to_end: Notify,
}

/// A stage of a request that has a limit of its own, watched by the connection's guard: a timer of each request's own
/// would be set and taken back under the runtime's lock, twice for each record that is put.
#[derive(Default)]
struct Stage {
    /// Since when it runs.
    since: AtomicU64,
    over: AtomicBool,
}

/// A stage that runs; it ends when this is dropped.
struct Running<'a>(&'a Stage);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.since.store(0, Ordering::Relaxed);
        self.0.over.store(false, Ordering::Relaxed);
    }
}

/// The peer's end is looked for as long as this lives.
struct Looking<'a>(&'a AtomicBool);

impl<'a> Looking<'a> {
    fn at(looks_ahead: &'a AtomicBool) -> Self {
        looks_ahead.store(true, Ordering::Relaxed);
        Looking(looks_ahead)
    }
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Which limit a future has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A body's.
    Body,
    /// A whole request's.
    Request,
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
    pub fn new(peer: IpAddr, http2: bool) -> Arc<Self> {
        Arc::new(Activity {
            opened: Instant::now(),
            peer: peer.to_canonical(),
            http2,
            requests: AtomicU64::new(0),
            head_since: AtomicU64::new(0),
            idle_since: AtomicU64::new(1),
            blocked_since: AtomicU64::new(0),
            body: Stage::default(),
            request: Stage::default(),
            looks_ahead: AtomicBool::new(false),
            peer_gone: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            to_end: Notify::new(),
        })
    }

    /// Whether the peer is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.peer.is_loopback()
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

    /// Ends the connection: its peer does not read, and others need what it holds.
    pub fn end(&self) {
        self.ending.store(true, Ordering::Release);
        self.to_end.notify_one();
    }

    /// Whether the peer's end is to be looked for.
    pub fn looks_ahead(&self) -> bool {
        self.looks_ahead.load(Ordering::Relaxed)
    }

    /// The peer has ended its side.
    pub fn note_peer_gone(&self) {
        self.peer_gone.store(true, Ordering::Relaxed);
    }

    /// Bytes came from the peer.
    pub fn bytes_arrived(&self) {
        if !self.http2 && self.requests.load(Ordering::Relaxed) == 0 {
            let now = self.now();
            let _ = self.head_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
            self.idle_since.store(0, Ordering::Relaxed);
        }
    }

    /// Bytes were written to the peer, or it does not take them.
    pub fn wrote(&self, blocked: bool) {
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

    /// Waits until the peer has ended its side of the connection while it is owed a reply. In HTTP/2 for ever: there
    /// whatever answers a stream is dropped with it. Belongs into the task that polls the connection.
    pub async fn peer_gone(&self) {
        if self.http2 {
            return std::future::pending().await;
        }
        let _looking = Looking::at(&self.looks_ahead);
        std::future::poll_fn(|_| match self.peer_gone.load(Ordering::Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await
    }

    /// What `future` comes to, or `None` once the limit has passed. The caller pins it, so that it is not copied once
    /// more.
    pub async fn within<T>(
        &self,
        limit: Limit,
        limits: &HttpLimits,
        mut future: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        let allowed = Duration::from_millis(limit.of(limits));
        if self.http2 {
            // Its requests are tasks of their own, which the guard could not wake.
            return tokio::time::timeout(allowed, future).await.ok();
        }
        let stage = self.stage(limit);
        let mut running = None;
        std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if stage.over.load(Ordering::Relaxed) => Poll::Ready(None),
            Poll::Pending => {
                running.get_or_insert_with(|| {
                    stage.since.store(self.now(), Ordering::Relaxed);
                    Running(stage)
                });
                Poll::Pending
            }
        })
        .await
    }

    fn stage(&self, limit: Limit) -> &Stage {
        match limit {
            Limit::Body => &self.body,
            Limit::Request => &self.request,
        }
    }

    /// Waits until the connection has been too slow for one of the limits. Belongs into the task that polls the
    /// connection: it has the connection's requests polled again when one of theirs has passed.
    pub async fn too_slow(&self, limits: &HttpLimits) -> TooSlow {
        let rules = [
            (&self.blocked_since, limits.write_timeout_ms, TooSlow::Write),
            (&self.head_since, limits.header_read_timeout_ms, TooSlow::Head),
            (&self.idle_since, limits.idle_timeout_ms, TooSlow::Idle),
        ];
        let stages =
            [Limit::Body, Limit::Request].map(|limit| (self.stage(limit), limit.of(limits)));
        loop {
            if self.ending.load(Ordering::Acquire) {
                return TooSlow::Write;
            }
            let now = self.now();
            // What begins after now ends after this, too.
            let mut next = limits.idle_timeout_ms;
            for allowed in rules.map(|rule| rule.1).into_iter().chain(stages.map(|stage| stage.1)) {
                next = next.min(allowed);
            }
            for (since, allowed, verdict) in rules {
                match left(since, allowed, now) {
                    Some(0) => return verdict,
                    Some(left) => next = next.min(left),
                    None => {}
                }
            }
            let mut over = false;
            for (stage, allowed) in stages {
                match left(&stage.since, allowed, now) {
                    Some(0) => over |= !stage.over.swap(true, Ordering::Relaxed),
                    Some(left) => next = next.min(left),
                    None => {}
                }
            }
            match over {
                true => tokio::task::yield_now().await,
                false => {
                    let next = Duration::from_millis(next.max(1));
                    // Whichever comes first is looked at above.
                    let _ = tokio::time::timeout(next, self.to_end.notified()).await;
                }
            }
        }
    }
}

/// Milliseconds that are left of `allowed`, if it runs.
fn left(since: &AtomicU64, allowed: u64, now: u64) -> Option<u64> {
    let since = since.load(Ordering::Relaxed);
    (since != 0).then(|| (since + allowed).saturating_sub(now))
}

impl Limit {
    fn of(self, limits: &HttpLimits) -> u64 {
        match self {
            Limit::Body => limits.body_read_timeout_ms,
            Limit::Request => limits.request_timeout_ms,
        }
    }
}

/// Held while a request is answered.
pub struct RequestGuard(Arc<Activity>);

impl RequestGuard {
    /// The connection's.
    pub fn activity(&self) -> &Activity {
        &self.0
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        if self.0.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.idle_since.store(self.0.now(), Ordering::Relaxed);
        }
    }
}
