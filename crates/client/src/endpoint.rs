//! Where a service is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use millstream_types::Region;

use crate::Error;

/// `http://HOST:PORT` or `https://HOST:PORT`, without a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    tls: bool,
    /// A name or an address; IPv6 without its brackets.
    host: String,
    port: u16,
}

impl Endpoint {
    /// AWS's own endpoint of a service, `kinesis` or `firehose`, in a region.
    pub fn of_region(service: &str, region: &Region) -> Self {
        let domain = match region.partition() {
            "aws-cn" => "amazonaws.com.cn",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            "aws-iso-e" => "cloud.adc-e.uk",
            "aws-iso-f" => "csp.hci.ic.gov",
            _ => "amazonaws.com",
        };
        Endpoint { tls: true, host: format!("{service}.{region}.{domain}"), port: 443 }
    }

    /// Whether it speaks TLS.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Its name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is on this machine by its name.
    pub fn is_loopback(&self) -> bool {
        let named = self.host == "localhost" || self.host.ends_with(".localhost");
        named || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The `Host` header: with the port unless it is the scheme's own.
    pub(crate) fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).ok_or_else(|| {
            let wanted = "wanted is http://HOST:PORT or https://HOST:PORT, without a path";
            Error::Settings(format!("{text:?} is no endpoint: {wanted}"))
        })
    }
}

fn parse(text: &str) -> Option<Endpoint> {
    let (scheme, rest) = text.split_once("://")?;
    let tls = match scheme.to_ascii_lowercase().as_str() {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.strip_prefix('[') {
        Some(inside) => {
            let (host, after) = inside.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    let port = match port {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
        Some(_) => return None,
        None if tls => 443,
        None => 80,
    };
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
    let valid = !host.is_empty() && host.bytes().all(fits) && port != 0;
    valid.then(|| Endpoint { tls, host: host.to_ascii_lowercase(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_and_written() {
        for (text, expected) in [
            ("http://127.0.0.1:4567", Some("http://127.0.0.1:4567")),
            ("HTTPS://Example.com/", Some("https://example.com")),
            ("http://[::1]:80", Some("http://[::1]")),
            ("https://[::1]:4567", Some("https://[::1]:4567")),
            ("localhost:4567", None),
            ("http://", None),
            ("http://a b", None),
            ("http://user@host", None),
            ("http://host/path", None),
            ("http://host:", None),
            ("http://host:0", None),
            ("http://host:65536", None),
            ("http://[host]:1", None),
            ("ftp://host", None),
        ] {
            let read = text.parse::<Endpoint>().ok().map(|endpoint| endpoint.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn loopback_is_known_by_name_and_address() {
        for (text, expected) in [
            ("http://localhost:1", true),
            ("http://kinesis.localhost:1", true),
            ("http://127.8.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().is_loopback(), expected, "{text}");
        }
    }

    #[test]
    fn each_partition_has_its_domain() {
        for (region, expected) in [
            ("eu-central-1", "https://kinesis.eu-central-1.amazonaws.com"),
            ("cn-north-1", "https://kinesis.cn-north-1.amazonaws.com.cn"),
            ("us-gov-west-1", "https://kinesis.us-gov-west-1.amazonaws.com"),
            ("us-iso-east-1", "https://kinesis.us-iso-east-1.c2s.ic.gov"),
        ] {
            let region = region.parse().unwrap();
            assert_eq!(Endpoint::of_region("kinesis", &region).to_string(), expected);
        }
    }
}
