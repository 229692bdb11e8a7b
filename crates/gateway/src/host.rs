//! Which hosts and origins are answered, so that a web page in the user's browser cannot reach an open server.
//!
//! A page that rebinds its own name to 127.0.0.1 sends that name as `Host`: 421. A page that posts across sites sends
//! its `Origin`: 403 (hostile input, case 38).

use std::net::IpAddr;

/// The rules of one server.
#[derive(Clone, Debug, Default)]
pub struct HostRules {
    /// Names that are answered besides addresses, `localhost` and what ends in `.localhost`.
    pub names: Vec<String>,
    /// Answer every name: the server is meant to be reached from elsewhere.
    pub any: bool,
}

impl HostRules {
    /// Whether a request for `host` (with or without port) is answered.
    pub fn allow_host(&self, host: &str) -> bool {
        if self.any {
            return true;
        }
        let name = name_of(host);
        let local =
            name.eq_ignore_ascii_case("localhost") || ends_with_ignore_case(name, ".localhost");
        local
            || name.parse::<IpAddr>().is_ok()
            || self.names.iter().any(|allowed| {
                // A bucket's own host is below the server's; nobody else has names there.
                allowed.eq_ignore_ascii_case(name)
                    || ends_with_ignore_case(name, &format!(".{allowed}"))
            })
    }

    /// Whether a request that a page of `origin` sent to `host` is answered: only the server's own pages may.
    pub fn allow_origin(&self, origin: &str, host: &str) -> bool {
        let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        own.is_some_and(|own| own.eq_ignore_ascii_case(host))
    }
}

fn name_of(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => {
            name
        }
        _ => host,
    }
}

fn ends_with_ignore_case(text: &str, end: &str) -> bool {
    let (text, end) = (text.as_bytes(), end.as_bytes());
    text.len() >= end.len() && text[text.len() - end.len()..].eq_ignore_ascii_case(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_strangers_are_not_answered() {
        let rules = HostRules { names: vec!["millstream".into()], any: false };
        for good in [
            "localhost:4567",
            "127.0.0.1",
            "[::1]:4567",
            "LOCALHOST",
            "kinesis.localhost",
            "millstream:80",
            "bucket.s3.millstream:80",
        ] {
            assert!(rules.allow_host(good), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "localhost.evil.example:4567",
            "127.0.0.1.evil.example",
            "notlocalhost",
            "notmillstream",
        ] {
            assert!(!rules.allow_host(bad), "{bad}");
        }
        assert!(HostRules { names: vec![], any: true }.allow_host("evil.example"));
    }

    #[test]
    fn only_the_servers_own_pages_may_call() {
        let rules = HostRules::default();
        assert!(rules.allow_origin("http://localhost:4567", "localhost:4567"));
        for bad in ["null", "http://localhost:8000", "http://evil.example", "file://"] {
            assert!(!rules.allow_origin(bad, "localhost:4567"), "{bad}");
        }
    }
}
