//! Where a request goes: scheme, host and port.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use hyper::Uri;

use super::OutboundError;

/// Longest name of a host (RFC 1035).
const HOST_BYTES_MAX: usize = 253;

/// The scheme, host and port of an address; connections are kept by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    tls: bool,
    /// In lower case, without a trailing dot; IPv6 without its brackets.
    host: String,
    port: u16,
}

impl Target {
    /// Of an absolute `http` or `https` address. Addresses with a user or password in them are refused: whoever writes
    /// `https://known.example@elsewhere.example` means to deceive.
    pub fn of(uri: &Uri) -> Result<Self, OutboundError> {
        let wrong = |reason: &str| OutboundError::Address(reason.to_owned());
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("it must begin with https:// or http://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("it may not have a user or password"));
        }
        let host = host(authority.host()).ok_or_else(|| wrong("its host is not valid"))?;
        let after_host = &authority.as_str()[authority.host().len()..];
        let port = match (after_host.is_empty(), authority.port_u16()) {
            (true, _) if tls => 443,
            (true, _) => 80,
            (false, Some(port)) if port != 0 => port,
            (false, _) => return Err(wrong("its port is not valid")),
        };
        Ok(Target { tls, host, port })
    }

    /// Whether it speaks TLS.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Its name or address, in lower case; IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The host as an address, if it is written as one. Other spellings of IPv4 (`0x7f.1`, `2130706433`) are names
    /// here: the resolver makes addresses of them, and those are checked.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// The `host` header: with the port unless it is the scheme's own.
    pub fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.authority())
    }
}

/// A host as it is written in an address, in the one form that all else compares.
fn host(text: &str) -> Option<String> {
    if let Some(inside) = text.strip_prefix('[') {
        // Strict: no zone, no IPvFuture.
        let address: Ipv6Addr = inside.strip_suffix(']')?.parse().ok()?;
        return Some(address.to_string());
    }
    let text = text.strip_suffix('.').unwrap_or(text);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let valid = !text.is_empty() && text.len() <= HOST_BYTES_MAX && text.bytes().all(fits);
    valid.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_strictly() {
        for (text, expected) in [
            ("https://Example.com", Some("example.com")),
            ("https://example.com./path?query", Some("example.com")),
            ("https://example.com:8443", Some("example.com:8443")),
            ("http://127.0.0.1:80/", Some("127.0.0.1")),
            ("http://[::1]:8080", Some("[::1]:8080")),
            ("https://[::FFFF:169.254.169.254]", Some("[::ffff:169.254.169.254]")),
            ("http://0x7f.1/", Some("0x7f.1")),
            ("https://user@host", None),
            ("https://user:password@host", None),
            ("https://known.example@elsewhere.example", None),
            ("https://host:0", None),
            ("https://host:", None),
            ("https://host:65536", None),
            ("https://[fe80::1%25eth0]", None),
            ("https://[v1.x]", None),
            ("https://h%6fst", None),
            ("https://.", None),
            ("ftp://host", None),
            ("/path", None),
            ("host:443", None),
        ] {
            let read = text.parse::<Uri>().ok().and_then(|uri| Target::of(&uri).ok());
            assert_eq!(read.map(|target| target.to_string()).as_deref(), expected, "{text}");
        }
    }
}
