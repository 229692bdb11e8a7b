//! One POST over a connection of its own, in the clear or over TLS.

use std::convert::Infallible;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::kms_config::Endpoint;

/// Largest answer that is taken.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How to reach an endpoint.
pub struct Connector {
    endpoint: Endpoint,
    tls: Option<TlsConnector>,
}

/// An answer.
pub struct Response {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Connector {
    /// Reads the certificates to trust, if the endpoint is one of TLS.
    pub fn new(endpoint: Endpoint) -> Result<Self, String> {
        let tls = endpoint.ca_file.as_deref().map(trusting).transpose()?;
        Ok(Connector { endpoint, tls })
    }

    /// What the `host` header says.
    pub fn host(&self) -> String {
        let Endpoint { host, port, ca_file } = &self.endpoint;
        match (ca_file.is_some(), port) {
            (true, 443) | (false, 80) => host.clone(),
            _ => format!("{host}:{port}"),
        }
    }

    /// Sends a body to `/` and takes the answer. The caller bounds the time.
    pub async fn post(
        &self,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Response, String> {
        let host = self.endpoint.host.trim_matches(['[', ']']);
        let failed = |error: std::io::Error| format!("{}: {error}", self.host());
        let socket = TcpStream::connect((host, self.endpoint.port)).await.map_err(failed)?;
        match &self.tls {
            None => self.exchange(socket, headers, body).await,
            Some(tls) => {
                let name = ServerName::try_from(host.to_owned());
                let name = name.map_err(|_| format!("{host} is no name of a server"))?;
                let socket = tls.connect(name, socket).await.map_err(failed)?;
                self.exchange(socket, headers, body).await
            }
        }
    }

    async fn exchange(
        &self,
        socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Response, String> {
        let told = |error: hyper::Error| error.to_string();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(told)?;
        let mut request = hyper::Request::post("/").header("host", self.host());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Once(Some(body.into()))).map_err(|error| error.to_string())?;
        let exchange = async {
            let answer = sender.send_request(request).await.map_err(told)?;
            let status = answer.status().as_u16();
            Ok(Response { status, body: whole(answer.into_body()).await? })
        };
        // The connection is driven while the answer is waited for, and dropped with it.
        let mut connection = std::pin::pin!(connection);
        let mut exchange = std::pin::pin!(exchange);
        tokio::select! {
            biased;
            answer = &mut exchange => answer,
            ended = &mut connection => match ended {
                Ok(()) => exchange.await,
                Err(error) => Err(told(error)),
            },
        }
    }
}

fn trusting(ca_file: &Path) -> Result<TlsConnector, String> {
    let name = ca_file.display();
    let pem = std::fs::read(ca_file).map_err(|error| format!("{name}: {error}"))?;
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| format!("{name}: {error}"))?;
        roots.add(certificate).map_err(|error| format!("{name}: {error}"))?;
    }
    if roots.is_empty() {
        return Err(format!("{name} holds no certificate"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn whole(mut body: hyper::body::Incoming) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|error| error.to_string())?;
        if let Ok(data) = frame.into_data() {
            if all.len() + data.len() > ANSWER_BYTES_MAX {
                return Err(format!("its answer is larger than {ANSWER_BYTES_MAX} bytes"));
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(all)
}

/// A body that is there at once.
struct Once(Option<Bytes>);

impl Body for Once {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
    }
}
