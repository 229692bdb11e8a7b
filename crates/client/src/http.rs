//! Requests and answers over kept connections, within time-outs and size limits.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use hyper::Request;
use hyper::body::Incoming;
use rustls::ClientConfig;

use crate::connection::{Sender, Whole, open};
use crate::limits::{CONNECT_TIMEOUT, IDLE_CONNECTIONS_MAX};
use crate::{Endpoint, Error};

/// What to send.
#[derive(Clone)]
pub(crate) struct Outgoing<'a> {
    pub method: &'static str,
    pub path: &'a str,
    /// Without `host` and `content-length`.
    pub headers: &'a [(&'a str, String)],
    pub body: Bytes,
    pub timeout: Duration,
    pub reply_bytes_max: usize,
}

/// What came back.
pub(crate) struct Answer {
    pub status: u16,
    pub body: Bytes,
}

/// The connections of one client.
pub(crate) struct Http {
    tls: Arc<ClientConfig>,
    idle: Mutex<Vec<(Endpoint, Sender)>>,
}

impl Http {
    pub fn new(tls: Arc<ClientConfig>) -> Self {
        Http { tls, idle: Mutex::new(Vec::new()) }
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, endpoint: &Endpoint, out: &Outgoing<'_>) -> Result<Answer, Error> {
        let fault = |reason| Error::Transport { endpoint: endpoint.to_string(), reason };
        let whole = tokio::time::timeout(out.timeout, self.attempt(endpoint, out)).await;
        whole
            .map_err(|_| fault(format!("no whole answer within {} s", out.timeout.as_secs())))?
            .map_err(fault)
    }

    async fn attempt(&self, endpoint: &Endpoint, out: &Outgoing<'_>) -> Result<Answer, String> {
        if let Some(sender) = self.take_idle(endpoint) {
            match self.exchange(endpoint, sender, out).await {
                // The server may end an idle connection just as it is used: that says nothing about the server.
                Err(Failure { fresh_may_help: true, .. }) => {}
                other => return other.map_err(|failure| failure.reason),
            }
        }
        let sender = tokio::time::timeout(CONNECT_TIMEOUT, open(endpoint, &self.tls)).await;
        let late = |_| format!("no connection within {} s", CONNECT_TIMEOUT.as_secs());
        let sender = sender.map_err(late)??;
        self.exchange(endpoint, sender, out).await.map_err(|failure| failure.reason)
    }

    async fn exchange(
        &self,
        endpoint: &Endpoint,
        mut sender: Sender,
        out: &Outgoing<'_>,
    ) -> Result<Answer, Failure> {
        let request = request(endpoint, out).map_err(Failure::lasting)?;
        let reply = sender.send_request(request).await.map_err(|error| Failure {
            fresh_may_help: error.is_canceled()
                || error.is_closed()
                || error.is_incomplete_message(),
            reason: causes(&error),
        })?;
        let status = reply.status().as_u16();
        let body = read(reply.into_body(), out.reply_bytes_max).await.map_err(Failure::lasting)?;
        self.give_back(endpoint, sender);
        Ok(Answer { status, body })
    }

    fn take_idle(&self, endpoint: &Endpoint) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, sender)| !sender.is_closed());
        let at = idle.iter().position(|(to, sender)| to == endpoint && sender.is_ready())?;
        Some(idle.swap_remove(at).1)
    }

    fn give_back(&self, endpoint: &Endpoint, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CONNECTIONS_MAX && !sender.is_closed() {
            idle.push((endpoint.clone(), sender));
        }
    }
}

/// Why an exchange failed, and whether a new connection is worth trying at once.
struct Failure {
    fresh_may_help: bool,
    reason: String,
}

impl Failure {
    fn lasting(reason: String) -> Self {
        Failure { fresh_may_help: false, reason }
    }
}

fn request(endpoint: &Endpoint, out: &Outgoing<'_>) -> Result<Request<Whole>, String> {
    let mut request = Request::builder()
        .method(out.method)
        .uri(out.path)
        .header("host", endpoint.authority())
        .header("content-length", out.body.len());
    for (name, value) in out.headers {
        request = request.header(*name, value);
    }
    request.body(Whole::new(out.body.clone())).map_err(|error| error.to_string())
}

async fn read(mut body: Incoming, bytes_max: usize) -> Result<Bytes, String> {
    let mut whole = BytesMut::new();
    loop {
        let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        let Some(frame) = frame else { return Ok(whole.freeze()) };
        let frame = frame.map_err(|error| causes(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > bytes_max {
            return Err(format!("an answer of more than {bytes_max} bytes"));
        }
        whole.extend_from_slice(&data);
    }
}

/// An error with what caused it.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
