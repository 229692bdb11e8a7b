//! Accepts connections and finds out what they speak: TLS, HTTP/2 by prior knowledge, HTTP/1, by their first bytes.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::arriving::Arriving;
use crate::body::CutOff;
use crate::connection::{Activity, TooSlow};
use crate::limits::*;
use crate::rewind::{HTTP2_PREFACE, Rewind};
use crate::service::Gateway;
use crate::stream_task::StreamTasks;
use crate::watched::Watched;

/// A bound address, and what it needs to speak TLS.
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// Keys and protocols; ALPN names `h2` and `http/1.1`.
    pub tls: Arc<rustls::ServerConfig>,
}

/// First byte of a TLS record that holds a handshake.
const TLS_HANDSHAKE: u8 = 0x16;
/// Pause after the system refuses a connection (no file handles left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// While that lasts it is told this often.
const ACCEPT_TOLD_EVERY: Duration = Duration::from_secs(10);
/// How long an idle connection that is closed may take to say so.
const FAREWELL: Duration = Duration::from_secs(1);
/// Pause between looks at a preface that arrives in pieces.
const PREFACE_PAUSE: Duration = Duration::from_millis(2);

/// Serves until `stop` says so, then lets what is under way finish within the drain time.
pub async fn serve(listener: Listener, gateway: Arc<Gateway>, mut stop: watch::Receiver<bool>) {
    let tls = TlsAcceptor::from(listener.tls);
    let mut connections = JoinSet::new();
    let addresses = Arc::new(Addresses::default());
    let mut failures = AcceptFailures::default();
    while !*stop.borrow() {
        let accepted = tokio::select! {
            accepted = listener.socket.accept() => accepted,
            _ = stop.changed() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        match accepted {
            Ok((stream, peer)) => match admit(&gateway, &addresses, connections.len(), peer) {
                Some(slot) => {
                    let connection =
                        handle((stream, peer.ip()), tls.clone(), gateway.clone(), stop.clone());
                    connections.spawn(async move {
                        let _slot = slot;
                        connection.await;
                    });
                }
                None => gateway.counters.connections_refused.add(1),
            },
            Err(error) => {
                gateway.counters.accepts_failed.add(1);
                failures.tell(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener.socket);
    let drain = Duration::from_millis(gateway.http.drain_timeout_ms);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, finished).await.is_err() {
        tracing::warn!("connections were still open at the end of the drain time");
    }
}

/// Connections that the system did not hand over. It does not end by itself when there are no file handles left, and
/// each look meets it again.
#[derive(Default)]
struct AcceptFailures {
    told: Option<Instant>,
    untold: u64,
}

impl AcceptFailures {
    fn tell(&mut self, error: &std::io::Error) {
        if self.told.is_some_and(|told| told.elapsed() < ACCEPT_TOLD_EVERY) {
            self.untold += 1;
            return;
        }
        self.told = Some(Instant::now());
        let untold = std::mem::take(&mut self.untold);
        tracing::warn!(%error, untold, "a connection was not accepted");
    }
}

fn admit(
    gateway: &Arc<Gateway>,
    addresses: &Arc<Addresses>,
    open: usize,
    peer: SocketAddr,
) -> Option<Slot> {
    let limits = &gateway.http;
    if open as u64 >= limits.connections_max {
        return None;
    }
    addresses.enter(peer.ip(), limits.connections_per_address_max).then(|| {
        gateway.counters.connections.add(1);
        Slot { gateway: gateway.clone(), addresses: addresses.clone(), address: peer.ip() }
    })
}

/// How many connections each address has open.
#[derive(Default)]
struct Addresses(Mutex<HashMap<IpAddr, u64>>);

impl Addresses {
    fn enter(&self, address: IpAddr, max: u64) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        let fits = *count < max;
        *count += u64::from(fits);
        fits
    }

    fn leave(&self, address: IpAddr) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&address);
            }
        }
    }
}

/// A connection's place among those that are open; given back when it is dropped.
struct Slot {
    gateway: Arc<Gateway>,
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.addresses.leave(self.address);
        self.gateway.counters.connections.sub(1);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaks {
    Tls,
    Http1,
    Http2,
}

async fn handle(
    (stream, peer): (TcpStream, IpAddr),
    tls: TlsAcceptor,
    gateway: Arc<Gateway>,
    stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let deadline = Duration::from_millis(gateway.http.handshake_timeout_ms);
    // A connection that has sent nothing yet is idle, not slow: pools open connections ahead of their use.
    let idle = Duration::from_millis(gateway.http.idle_timeout_ms);
    let mut first = [0];
    let mut stopped = stop.clone();
    let arrived = tokio::select! {
        peeked = tokio::time::timeout(idle, stream.peek(&mut first)) => matches!(peeked, Ok(Ok(1))),
        _ = stopped.wait_for(|stop| *stop) => false,
    };
    if !arrived {
        return;
    }
    let speaks = match tokio::time::timeout(deadline, detect(&stream)).await {
        Ok(Some(speaks)) => speaks,
        Ok(None) | Err(_) => return gateway.counters.connections_timed_out.add(1),
    };
    if speaks != Speaks::Tls {
        return converse(stream, (peer, speaks == Speaks::Http2), gateway, stop).await;
    }
    match tokio::time::timeout(deadline, tls.accept(stream)).await {
        Ok(Ok(stream)) => converse_over_tls(stream, peer, gateway, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => gateway.counters.connections_timed_out.add(1),
    }
}

/// Speaks what was agreed on; a client that negotiates nothing may still know that this server speaks HTTP/2, as the
/// AWS SDK for Java does unless told otherwise.
async fn converse_over_tls(
    stream: TlsStream<TcpStream>,
    peer: IpAddr,
    gateway: Arc<Gateway>,
    stop: watch::Receiver<bool>,
) {
    let agreed = stream.get_ref().1.alpn_protocol().map(|protocol| protocol == b"h2");
    if let Some(http2) = agreed {
        return converse(stream, (peer, http2), gateway, stop).await;
    }
    let deadline = Duration::from_millis(gateway.http.idle_timeout_ms);
    match tokio::time::timeout(deadline, Rewind::detect(stream)).await {
        Ok(Ok((stream, http2))) => converse(stream, (peer, http2), gateway, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "a connection ended before it said anything"),
        Err(_) => gateway.counters.connections_timed_out.add(1),
    }
}

/// Looks at the first bytes without taking them. `None` if the peer closes first.
async fn detect(stream: &TcpStream) -> Option<Speaks> {
    let mut bytes = [0; HTTP2_PREFACE.len()];
    loop {
        let count = stream.peek(&mut bytes).await.ok().filter(|count| *count > 0)?;
        let seen = &bytes[..count];
        if seen[0] == TLS_HANDSHAKE {
            return Some(Speaks::Tls);
        }
        if !HTTP2_PREFACE.starts_with(seen) {
            return Some(Speaks::Http1);
        }
        if count == HTTP2_PREFACE.len() {
            return Some(Speaks::Http2);
        }
        // A peek returns at once while bytes are there, so a preface in pieces has to be looked at again.
        tokio::time::sleep(PREFACE_PAUSE).await;
    }
}

async fn converse<T>(
    stream: T,
    (peer, http2): (IpAddr, bool),
    gateway: Arc<Gateway>,
    stop: watch::Receiver<bool>,
) where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new(peer, http2);
    let io = TokioIo::new(Watched::new(stream, activity.clone(), http2));
    let service = {
        let (gateway, activity) = (gateway.clone(), activity.clone());
        hyper::service::service_fn(move |request: Request<Incoming>| {
            let (gateway, guard) = (gateway.clone(), activity.begin_request());
            let arrives = http2.then(|| activity.begin_request());
            let request = request.map(|body| Arriving::new(body, arrives));
            async move {
                let mut reply = gateway.answer(request, guard.activity()).await?;
                reply.body_mut().hold(guard);
                Ok::<_, CutOff>(reply)
            }
        })
    };
    if http2 {
        let connection = http2_builder(&gateway.http).serve_connection(io, service);
        drive(connection, |c| c.graceful_shutdown(), &activity, &gateway, stop).await;
    } else {
        let connection = http1_builder().serve_connection(io, service);
        drive(connection, |c| c.graceful_shutdown(), &activity, &gateway, stop).await;
    }
}

async fn drive<C>(
    connection: C,
    shut_down: impl Fn(std::pin::Pin<&mut C>),
    activity: &Activity,
    gateway: &Gateway,
    mut stop: watch::Receiver<bool>,
) where
    C: Future<Output = Result<(), hyper::Error>>,
{
    let mut connection = std::pin::pin!(connection);
    let too_slow = activity.too_slow(&gateway.http);
    let mut too_slow = std::pin::pin!(too_slow);
    let mut stopping = false;
    let verdict = loop {
        tokio::select! {
            result = &mut connection => {
                if let Err(error) = result {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            verdict = &mut too_slow => break verdict,
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                shut_down(connection.as_mut());
            }
        }
    };
    tracing::debug!(?verdict, "a connection was closed");
    gateway.counters.connections_timed_out.add(1);
    if verdict == TooSlow::Idle {
        // A client that is about to send learns in time that it must not.
        shut_down(connection.as_mut());
        let _ = tokio::time::timeout(FAREWELL, connection).await;
    }
}

fn http1_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    // The connection's guard measures heads and idleness itself: hyper's timer would count idle time as a slow head.
    builder
        .header_read_timeout(None)
        // The limit of headers is hyper's own, 100: one that is set has two lists of so many filled for each request.
        .max_buf_size(HTTP1_BUFFER_BYTES)
        // A client may end its side once it has sent its request; it still gets its reply, unless it was to receive
        // from a queue.
        .half_close(true);
    builder
}

fn http2_builder(limits: &HttpLimits) -> http2::Builder<StreamTasks> {
    let discard = Duration::from_millis(limits.body_read_timeout_ms);
    let mut builder = http2::Builder::new(StreamTasks { discard });
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .max_header_list_size(HTTP2_HEADER_LIST_BYTES_MAX)
        .max_pending_accept_reset_streams(HTTP2_PENDING_RESETS_MAX)
        .max_local_error_reset_streams(HTTP2_LOCAL_RESETS_MAX)
        .initial_stream_window_size(HTTP2_STREAM_WINDOW_BYTES)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(HTTP2_SEND_BUFFER_BYTES)
        .keep_alive_interval(HTTP2_PING)
        .keep_alive_timeout(HTTP2_PING);
    builder
}
