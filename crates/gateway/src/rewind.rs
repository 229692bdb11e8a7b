//! A stream whose first bytes were read to find out what it speaks, and are read again.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What an HTTP/2 connection begins with, as far as it tells it from HTTP/1.
pub const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// A stream with bytes in front of it that were read already.
pub struct Rewind<T> {
    first: [u8; HTTP2_PREFACE.len()],
    /// Which of them are still to be read again.
    left: std::ops::Range<usize>,
    inner: T,
}

impl<T: AsyncRead + Unpin> Rewind<T> {
    /// Reads as many bytes as it takes to tell HTTP/2 from HTTP/1, and says whether it is HTTP/2.
    pub async fn detect(mut inner: T) -> io::Result<(Self, bool)> {
        let mut first = [0; HTTP2_PREFACE.len()];
        let mut count = 0;
        while count < first.len() && HTTP2_PREFACE.starts_with(&first[..count]) {
            match inner.read(&mut first[count..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => count += read,
            }
        }
        let http2 = first[..count] == *HTTP2_PREFACE;
        Ok((Rewind { first, left: 0..count, inner }, http2))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Rewind<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let some = self.left.len().min(buf.remaining());
        let from = self.left.start;
        buf.put_slice(&self.first[from..from + some]);
        self.left.start += some;
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Rewind<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it is HTTP/2, and everything read again.
    async fn detected(pieces: &[&str]) -> (bool, String) {
        let mut stream = in_pieces(pieces);
        let (mut stream, http2) = Rewind::detect(&mut stream).await.unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).await.unwrap();
        (http2, all)
    }

    fn in_pieces(pieces: &[&str]) -> impl AsyncRead + Unpin {
        let empty: Box<dyn AsyncRead + Unpin> = Box::new(tokio::io::empty());
        pieces.iter().rev().fold(empty, |rest, piece| {
            Box::new(io::Cursor::new(piece.as_bytes().to_vec()).chain(rest))
        })
    }

    #[tokio::test]
    async fn both_versions_are_told_apart_and_nothing_is_lost() {
        let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        assert_eq!(detected(&[preface]).await, (true, preface.to_owned()));
        assert_eq!(
            detected(&["PRI", " * HTTP/2", ".0\r\n"]).await,
            (true, preface[..16].to_owned())
        );
        assert_eq!(detected(&["P", "OST / HTTP/1.1"]).await, (false, "POST / HTTP/1.1".to_owned()));
        assert_eq!(detected(&["GET / HTTP/1.1"]).await, (false, "GET / HTTP/1.1".to_owned()));
        assert!(Rewind::detect(&mut io::Cursor::new(b"PRI *".to_vec())).await.is_err());
    }
}
