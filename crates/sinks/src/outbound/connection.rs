//! One connection: the name resolved, an address that the rule lets pass, TCP, TLS, HTTP/1.1.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Allowed, OutboundError, Target};

/// Most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;
/// Most headers of an answer.
const HEADERS_MAX: usize = 100;
/// Most bytes of an answer's head, and of what is read ahead.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// A body that is there as a whole.
pub(super) struct Whole(Option<Bytes>);

impl Whole {
    pub fn new(bytes: Bytes) -> Self {
        Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

pub(super) type Sender = SendRequest<Whole>;

/// Connects. The connection ends with its sender.
pub(super) async fn open(
    target: &Target,
    allowed: &Allowed,
    tls: &Arc<ClientConfig>,
) -> Result<Sender, OutboundError> {
    let socket = connect(target, allowed).await?;
    if !target.is_tls() {
        return speak(target, TokioIo::new(socket)).await;
    }
    let fault = |reason: String| OutboundError::Tls { target: target.to_string(), reason };
    let name = ServerName::try_from(target.host().to_owned());
    let name = name.map_err(|error| fault(error.to_string()))?;
    let socket = TlsConnector::from(tls.clone()).connect(name, socket).await;
    speak(target, TokioIo::new(socket.map_err(|error| fault(error.to_string()))?)).await
}

/// Connects to the first address that may be connected to and answers.
pub(super) async fn connect(
    target: &Target,
    allowed: &Allowed,
) -> Result<TcpStream, OutboundError> {
    allowed.check_scheme(target)?;
    let unknown = |reason| OutboundError::Name { target: target.to_string(), reason };
    let found = tokio::net::lookup_host((target.host(), target.port())).await;
    let found = found.map_err(|error| unknown(error.to_string()))?;
    let mut outcome = Err(unknown("it has no address".to_owned()));
    for address in found.take(ADDRESSES_MAX) {
        if let Err(forbidden) = allowed.check(target, address.ip()) {
            outcome = Err(forbidden);
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(socket) => {
                // A request is written at once; without it a body's last packet may wait for an acknowledgement.
                let _ = socket.set_nodelay(true);
                return Ok(socket);
            }
            Err(error) => outcome = Err(no_connection(target, &error)),
        }
    }
    outcome
}

fn no_connection(target: &Target, error: &io::Error) -> OutboundError {
    let target = target.to_string();
    match error.kind() {
        io::ErrorKind::ConnectionReset => OutboundError::Reset { target },
        _ => OutboundError::Refused { target, reason: error.to_string() },
    }
}

async fn speak<T>(target: &Target, io: T) -> Result<Sender, OutboundError>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let mut builder = Builder::new();
    builder.max_headers(HEADERS_MAX).max_buf_size(BUFFER_BYTES_MAX);
    let shaken = builder.handshake(io).await;
    let (sender, connection) = shaken.map_err(|error| OutboundError::of_hyper(target, &error))?;
    // What fails on the connection is told to the request that is under way.
    tokio::spawn(connection);
    Ok(sender)
}
