//! One call of HTTP/1.1 on a connection of its own: all that the control API needs.

use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take: a reset waits until all is gone.
const PATIENCE: Duration = Duration::from_secs(120);
/// Largest answer.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Where a server is: `http://host:port`.
pub struct Endpoint {
    authority: String,
    port: u16,
}

impl Endpoint {
    /// Reads a URL.
    pub fn parse(url: &str) -> Result<Self, String> {
        let Some(rest) = url.strip_prefix("http://") else {
            return Err(format!(
                "{url:?}: the endpoint must begin with http:// (a server speaks it on the port of its https, too)"
            ));
        };
        let authority = rest.trim_end_matches('/');
        if authority.is_empty() || authority.contains(|c: char| "/@?#".contains(c) || c <= ' ') {
            return Err(format!("{url:?} is not of the form http://host:port"));
        }
        let port = match authority.rsplit_once(':') {
            // A colon within brackets is an IPv6 address's own.
            Some((_, port)) if !port.ends_with(']') => {
                port.parse().map_err(|_| format!("{url:?}: {port:?} is no port"))?
            }
            _ => 80,
        };
        Ok(Endpoint { authority: authority.into(), port })
    }

    /// Calls the control API: status and body.
    pub fn call(&self, method: &str, path: &str, body: &str) -> Result<(u16, String), String> {
        let failed = |error: std::io::Error| format!("{self}: {error}");
        let host = match self.authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => host,
            _ => &self.authority,
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let mut stream = TcpStream::connect((host, self.port)).map_err(failed)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        let request = format!(
            "{method} /dev/{path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            self.authority,
            body.len()
        );
        stream.write_all(request.as_bytes()).map_err(failed)?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).map_err(failed)?;
        read_answer(&answer).ok_or_else(|| format!("{self} did not answer as a server would"))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

/// Status and body of an answer with a declared length.
fn read_answer(answer: &[u8]) -> Option<(u16, String)> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    Some((status, body.get(..length)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_hosts_with_a_port() {
        for (url, port) in [
            ("http://127.0.0.1:4567", 4567),
            ("http://localhost:1/", 1),
            ("http://[::1]:4567", 4567),
            ("http://[::1]", 80),
            ("http://localhost", 80),
        ] {
            assert_eq!(Endpoint::parse(url).map(|endpoint| endpoint.port), Ok(port), "{url}");
        }
        for bad in ["", "localhost:1", "https://localhost", "http://", "http://a/b", "http://a:b"] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_answer_is_whole_or_none() {
        let whole = b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(read_answer(whole), Some((409, "{}".into())));
        for cut in 0..whole.len() {
            assert_eq!(read_answer(&whole[..cut]), None, "{cut}");
        }
    }
}
