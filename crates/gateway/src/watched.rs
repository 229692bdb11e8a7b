//! The bytes of a connection on their way to and from hyper.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::Activity;
use crate::framing::Framing;

/// Bytes that are read ahead of hyper while the peer's end is looked for: an end that lies further behind is not seen.
const AHEAD_BYTES_MAX: usize = 4096;

/// A stream of bytes that tells its [`Activity`].
pub struct Watched<T> {
    inner: T,
    activity: Arc<Activity>,
    /// For HTTP/1.
    framing: Option<Framing>,
    /// What was read before hyper asked for it.
    ahead: Ahead,
}

#[derive(Default)]
struct Ahead {
    bytes: Vec<u8>,
    /// How the peer's side ended, once it has.
    end: Option<io::Result<()>>,
    ended: bool,
}

impl<T> Watched<T> {
    /// Watches `inner`, which speaks HTTP/2, or HTTP/1 whose framing is checked.
    pub fn new(inner: T, activity: Arc<Activity>, http2: bool) -> Self {
        Watched {
            inner,
            activity,
            framing: (!http2).then(Framing::default),
            ahead: Ahead::default(),
        }
    }
}

impl<T: AsyncRead + Unpin> Watched<T> {
    /// Reads on while a request of HTTP/1 is answered, which hyper does not, to find out that the peer is gone.
    fn look_ahead(&mut self, cx: &mut Context<'_>) {
        while !self.ahead.ended && self.ahead.bytes.len() < AHEAD_BYTES_MAX {
            let mut piece = [0; 512];
            let mut buf = ReadBuf::new(&mut piece);
            let Poll::Ready(result) = Pin::new(&mut self.inner).poll_read(cx, &mut buf) else {
                return;
            };
            if result.is_ok() && !buf.filled().is_empty() {
                self.ahead.bytes.extend_from_slice(buf.filled());
                continue;
            }
            (self.ahead.end, self.ahead.ended) = (Some(result), true);
            self.activity.note_peer_gone();
            // Whoever answers the request is polled with the connection.
            cx.waker().wake_by_ref();
        }
    }

    fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let ahead = &mut self.ahead;
        if !ahead.bytes.is_empty() {
            let count = ahead.bytes.len().min(buf.remaining());
            buf.put_slice(&ahead.bytes[..count]);
            ahead.bytes.drain(..count);
            return Poll::Ready(Ok(()));
        }
        if ahead.ended {
            return Poll::Ready(ahead.end.take().unwrap_or(Ok(())));
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = self.read(cx, buf);
        if buf.filled().len() > before {
            self.activity.bytes_arrived();
            if let Some(framing) = &mut self.framing {
                framing.check(&mut buf.filled_mut()[before..]);
            }
        }
        result
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<T> {
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

    /// hyper flushes whenever it has polled the answer to a request, whether there is anything to flush or not.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.activity.looks_ahead() {
            self.look_ahead(cx);
        }
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use hyper::server::conn::http1;
    use hyper_util::rt::TokioIo;
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::body::{CutOff, ReplyBody};

    #[tokio::test]
    async fn a_request_that_asks_for_it_learns_that_the_peer_is_gone() {
        let (mut peer, ours) = tokio::io::duplex(1024);
        let activity = Activity::new(std::net::Ipv4Addr::LOCALHOST.into(), false);
        let io = TokioIo::new(Watched::new(ours, activity.clone(), false));
        let service = hyper::service::service_fn(move |_| {
            let activity = activity.clone();
            async move {
                activity.peer_gone().await;
                Err::<hyper::Response<ReplyBody>, _>(CutOff)
            }
        });
        let connection = http1::Builder::new().half_close(true).serve_connection(io, service);
        peer.write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        let end = async {
            tokio::task::yield_now().await;
            peer.shutdown().await.unwrap();
        };
        let (result, ()) = tokio::join!(connection, end);
        assert!(result.is_err(), "the service was polled to its end");
    }
}
