//! TLS for the PostgreSQL protocol, by rustls.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

/// Begins TLS on a connection once the server has said that it speaks it.
pub struct Begin {
    pub config: Arc<ClientConfig>,
    pub host: ServerName<'static>,
}

type Handshake = Pin<Box<dyn Future<Output = io::Result<Secured>> + Send>>;

impl TlsConnect<TcpStream> for Begin {
    type Stream = Secured;
    type Error = io::Error;
    type Future = Handshake;

    fn connect(self, stream: TcpStream) -> Handshake {
        Box::pin(async move {
            let secured = TlsConnector::from(self.config).connect(self.host, stream).await?;
            Ok(Secured(secured))
        })
    }
}

/// A connection with TLS.
pub struct Secured(tokio_rustls::client::TlsStream<TcpStream>);

impl TlsStream for Secured {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
