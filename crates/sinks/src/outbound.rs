//! Requests to what is outside: one HTTP/1.1 client for all destinations.
//!
//! It connects to no address that [`Allowed`] forbids: a name is resolved here, each of its addresses is checked, and
//! the connection is made to the very address that was checked. Redirects are answers like any other. Sizes and times
//! are bounded. Errors name host and port, never a path, a header or a body, where secrets may be.

mod connection;
mod error;
mod pool;
mod rule;
mod target;
mod tls;

#[cfg(test)]
pub(crate) mod stand_in;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use rustls::ClientConfig;
use tokio::net::TcpStream;

use connection::{Sender, Whole};
pub use error::OutboundError;
use pool::Pool;
pub use rule::Allowed;
pub use target::Target;

/// How long a connection may take: the name, TCP and TLS together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Most connections in use at a time to one host and port; who comes later waits within its time-out.
pub const CONNECTIONS_PER_TARGET_MAX: usize = 256;
/// Most idle connections that are kept, to all targets together.
pub const IDLE_CONNECTIONS_MAX: usize = 128;
/// How long an idle connection is kept.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The client. Cheap to share; it owns its connections.
pub struct Outbound {
    allowed: Allowed,
    tls: Arc<ClientConfig>,
    pool: Pool,
}

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// From the call to the answer's last byte, connecting included.
    pub timeout: Duration,
    /// Largest body of an answer.
    pub reply_bytes_max: usize,
}

impl Outbound {
    /// A client that keeps to `allowed`. `ca_bundle` (PEM) replaces the built-in roots (Mozilla's). The error says what
    /// is wrong with the bundle.
    pub fn new(allowed: Allowed, ca_bundle: Option<&[u8]>) -> Result<Self, String> {
        Ok(Outbound { allowed, tls: tls::config(ca_bundle)?, pool: Pool::default() })
    }

    /// Whether an address may be used at all, as far as can be told without resolving its name: what a configuration
    /// is checked with. Whoever passes may still be refused when the name is resolved.
    pub fn accepts(&self, uri: &Uri) -> Result<Target, OutboundError> {
        let target = Target::of(uri)?;
        match target.address() {
            Some(address) => self.allowed.check(&target, address)?,
            None => self.allowed.check_scheme(&target)?,
        }
        Ok(target)
    }

    /// As [`Outbound::accepts`], for a protocol that is not HTTP.
    pub fn accepts_host(&self, host: &str, port: u16, secured: bool) -> Result<(), OutboundError> {
        self.accepts(&uri_of(host, port, secured)?).map(drop)
    }

    /// Sends a request and reads the whole answer, whatever its status. The URI is absolute; `host` and
    /// `content-length` are set here (a `host` that is there stays).
    pub async fn send(
        &self,
        request: Request<Bytes>,
        bounds: Bounds,
    ) -> Result<Response<Bytes>, OutboundError> {
        let target = Target::of(request.uri())?;
        let late = OutboundError::TimedOut { target: target.to_string(), after: bounds.timeout };
        let whole = tokio::time::timeout(bounds.timeout, self.attempt(&target, request, bounds));
        whole.await.unwrap_or(Err(late))
    }

    /// Connects for a protocol that is not HTTP, by the same rule. `secured` says that the caller begins TLS; what goes
    /// in the clear is ruled as plain http is.
    pub async fn connect(
        &self,
        host: &str,
        port: u16,
        secured: bool,
    ) -> Result<TcpStream, OutboundError> {
        let target = Target::of(&uri_of(host, port, secured)?)?;
        let late = OutboundError::TimedOut { target: target.to_string(), after: CONNECT_TIMEOUT };
        let open = connection::connect(&target, &self.allowed);
        tokio::time::timeout(CONNECT_TIMEOUT, open).await.unwrap_or(Err(late))
    }

    /// The settings of TLS for a protocol that is not HTTP.
    pub fn tls(&self) -> Arc<ClientConfig> {
        let mut config = ClientConfig::clone(&self.tls);
        config.alpn_protocols.clear();
        Arc::new(config)
    }

    async fn attempt(
        &self,
        target: &Target,
        request: Request<Bytes>,
        bounds: Bounds,
    ) -> Result<Response<Bytes>, OutboundError> {
        let _place = self.pool.place(target).await;
        if let Some(sender) = self.pool.take(target) {
            let exchange = self.exchange(target, sender, again(&request), bounds).await;
            match exchange {
                // The server may end an idle connection just as it is used: that says nothing about the server.
                Err(Failure { fresh_may_help: true, .. }) => {}
                other => return other.map_err(|failure| failure.error),
            }
        }
        let open = connection::open(target, &self.allowed, &self.tls);
        let late = OutboundError::TimedOut { target: target.to_string(), after: CONNECT_TIMEOUT };
        let sender = tokio::time::timeout(CONNECT_TIMEOUT, open).await.unwrap_or(Err(late))?;
        self.exchange(target, sender, request, bounds).await.map_err(|failure| failure.error)
    }

    async fn exchange(
        &self,
        target: &Target,
        mut sender: Sender,
        request: Request<Bytes>,
        bounds: Bounds,
    ) -> Result<Response<Bytes>, Failure> {
        let request = on_the_wire(target, request).map_err(Failure::lasting)?;
        let answer = sender.send_request(request).await.map_err(|error| Failure {
            fresh_may_help: error.is_canceled()
                || error.is_closed()
                || error.is_incomplete_message(),
            error: OutboundError::of_hyper(target, &error),
        })?;
        let (head, body) = answer.into_parts();
        let body = read(target, body, bounds.reply_bytes_max).await.map_err(Failure::lasting)?;
        self.pool.give_back(target, sender);
        Ok(Response::from_parts(head, body))
    }
}

/// What a protocol that is not HTTP connects to, as the rule of destinations takes it.
fn uri_of(host: &str, port: u16, secured: bool) -> Result<Uri, OutboundError> {
    let scheme = if secured { "https" } else { "http" };
    let uri = format!("{scheme}://{host}:{port}/").parse();
    uri.map_err(|_| OutboundError::Address(format!("{host}:{port} is not an address")))
}

/// Why an exchange failed, and whether a new connection is worth trying at once.
struct Failure {
    fresh_may_help: bool,
    error: OutboundError,
}

impl Failure {
    fn lasting(error: OutboundError) -> Self {
        Failure { fresh_may_help: false, error }
    }
}

/// The request once more: its body is shared, not copied.
fn again(request: &Request<Bytes>) -> Request<Bytes> {
    let mut again = Request::new(request.body().clone());
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.headers_mut() = request.headers().clone();
    again
}

/// The request as HTTP/1.1 has it: the path alone, and the headers that the connection needs.
fn on_the_wire(target: &Target, request: Request<Bytes>) -> Result<Request<Whole>, OutboundError> {
    let (mut head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let bad = |_| OutboundError::Address("its path cannot be sent".to_owned());
    // A query without a path begins with its question mark.
    head.uri = if path.starts_with('/') { path.parse() } else { format!("/{path}").parse() }
        .map_err(bad)?;
    if !head.headers.contains_key(HOST) {
        let host = HeaderValue::from_str(&target.authority());
        let host =
            host.map_err(|_| OutboundError::Address("its host cannot be sent".to_owned()))?;
        head.headers.insert(HOST, host);
    }
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    Ok(Request::from_parts(head, Whole::new(body)))
}

async fn read(
    target: &Target,
    mut body: Incoming,
    bytes_max: usize,
) -> Result<Bytes, OutboundError> {
    let too_large = || OutboundError::TooLarge { target: target.to_string(), bytes_max };
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large());
    }
    let mut whole = BytesMut::new();
    loop {
        let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        let Some(frame) = frame else { return Ok(whole.freeze()) };
        let frame = frame.map_err(|error| OutboundError::of_hyper(target, &error))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > bytes_max {
            return Err(too_large());
        }
        whole.extend_from_slice(&data);
    }
}
