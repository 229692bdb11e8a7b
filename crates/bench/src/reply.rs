//! Where an HTTP/1.1 reply ends and what its head says.

use memchr::memmem;

use crate::Error;
use crate::limits::{REPLY_BYTES_MAX, REPLY_HEAD_BYTES_MAX};

/// What a reply's head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// Where the body begins.
    pub body_at: usize,
    /// Where the reply ends.
    pub end: usize,
    /// Whether the server closes the connection after it.
    pub close: bool,
}

/// The head of the reply that `bytes` begin with, or nothing while it is not whole.
pub fn head(bytes: &[u8]) -> Result<Option<Head>, Error> {
    head_within(bytes, REPLY_BYTES_MAX)
}

/// The same of a reply that may be so long.
pub fn head_within(bytes: &[u8], length_max: usize) -> Result<Option<Head>, Error> {
    let searched = &bytes[..bytes.len().min(REPLY_HEAD_BYTES_MAX)];
    let Some(blank) = memmem::find(searched, b"\r\n\r\n") else {
        if searched.len() == REPLY_HEAD_BYTES_MAX {
            return Err(Error::NotHttp("the head does not end".to_owned()));
        }
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes[..blank])
        .map_err(|_| Error::NotHttp("a head with bytes beyond ASCII".to_owned()))?;
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or("");
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
    let status = status.and_then(|digits| digits.parse().ok());
    let status = status.ok_or_else(|| Error::NotHttp(first.to_owned()))?;
    let mut length = None;
    let mut close = first.starts_with("HTTP/1.0");
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<usize>().ok();
        } else if name.eq_ignore_ascii_case("connection") {
            close = value.trim().eq_ignore_ascii_case("close");
        }
    }
    let length = length.ok_or_else(|| Error::NotHttp(format!("no Content-Length: {text}")))?;
    if length > length_max {
        return Err(Error::NotHttp(format!("a reply of {length} bytes")));
    }
    let body_at = blank + 4;
    Ok(Some(Head { status, body_at, end: body_at + length, close }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_gives_status_and_where_the_reply_ends() {
        let reply =
            b"HTTP/1.1 200 OK\r\nDate: x\r\ncontent-LENGTH: 2\r\nConnection: Close\r\n\r\n{}";
        let found = head(reply).unwrap().unwrap();
        assert_eq!((found.status, found.end, found.close), (200, reply.len(), true));
        assert_eq!(&reply[found.body_at..found.end], b"{}");
        for cut in 0..found.body_at {
            assert_eq!(head(&reply[..cut]).unwrap(), None);
        }
    }

    #[test]
    fn http_1_0_closes_unless_it_says_otherwise() {
        let old = head(b"HTTP/1.0 500 No\r\nContent-Length: 0\r\n\r\n").unwrap().unwrap();
        assert_eq!((old.status, old.close), (500, true));
    }

    #[test]
    fn a_reply_without_a_length_or_of_another_protocol_is_refused() {
        for bytes in [
            &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            b"HTTP/1.1 2x0 OK\r\nContent-Length: 1\r\n\r\n",
            b"SSH-2.0\r\n\r\n",
        ] {
            assert!(matches!(head(bytes), Err(Error::NotHttp(_))));
        }
    }
}
