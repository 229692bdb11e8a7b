//! The rule of destinations: which addresses may be connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{OutboundError, Target};

/// Which addresses may be connected to. Public ones always; private and loopback ones in `open` mode or if listed;
/// link-local ones, those of metadata services, multicast and what is no host's only if the address is listed itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    private: bool,
    plain_http: bool,
    names: Vec<String>,
    networks: Vec<Network>,
}

/// What an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Public,
    Loopback,
    Private,
    /// Never reached by accident: link-local, metadata services, multicast, broadcast, unspecified.
    Guarded,
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Allowed {
    /// The rule of a server: whether it is in `open` mode, whether plain HTTP may leave the machine, and the list of
    /// host names, addresses and networks (`10.0.0.0/8`). A name in the list stands for private addresses that it
    /// resolves to, not for guarded ones: whoever owns a name may point it anywhere. The error names the entry.
    pub fn new(open: bool, plain_http: bool, list: &[String]) -> Result<Self, String> {
        let mut rule = Allowed { private: open, plain_http, ..Allowed::default() };
        for entry in list {
            match (Network::parse(entry), name(entry)) {
                (Some(network), _) => rule.networks.push(network),
                (None, Some(name)) => rule.names.push(name),
                (None, None) => {
                    return Err(format!(
                        "{entry:?} is no host name, address or network such as 10.0.0.0/8"
                    ));
                }
            }
        }
        Ok(rule)
    }

    /// Whether a connection may be made to an address that a target's host resolved to.
    pub(super) fn check(&self, target: &Target, address: IpAddr) -> Result<(), OutboundError> {
        let refuse = |reason| Err(OutboundError::Forbidden { target: target.to_string(), reason });
        let class = Class::of(address);
        if !target.is_tls() && !self.plain_http && class != Class::Loopback {
            return refuse(PLAIN);
        }
        let listed = || self.networks.iter().any(|network| network.holds(address));
        let named = || self.names.iter().any(|name| name == target.host());
        match class {
            Class::Public => Ok(()),
            Class::Loopback | Class::Private if self.private || listed() || named() => Ok(()),
            Class::Guarded if listed() => Ok(()),
            Class::Loopback | Class::Private => refuse(
                "it is a loopback or private address, which [destinations] allow does not list",
            ),
            Class::Guarded => refuse(
                "it is a link-local, metadata or other special address, which [destinations] allow does not list",
            ),
        }
    }

    /// Whether the scheme may be used for a host whose addresses are not known yet. A name may turn out to be a
    /// loopback address, so plain HTTP is refused here only if its host is an address that is none.
    pub(super) fn check_scheme(&self, target: &Target) -> Result<(), OutboundError> {
        let elsewhere = target.address().is_some_and(|it| Class::of(it) != Class::Loopback);
        if !target.is_tls() && !self.plain_http && elsewhere {
            return Err(OutboundError::Forbidden { target: target.to_string(), reason: PLAIN });
        }
        Ok(())
    }
}

const PLAIN: &str =
    "plain HTTP goes to loopback addresses only, unless [destinations] allow_plain_http is true";

impl Class {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [127, ..] => Class::Loopback,
            // "This network"; the system takes 0.0.0.0 for itself.
            [0, ..] => Class::Guarded,
            [169, 254, ..] => Class::Guarded,
            // Metadata services of Alibaba Cloud, Oracle Cloud, and the platform of Azure.
            [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16] => Class::Guarded,
            // Multicast, reserved, broadcast.
            [224..=255, ..] => Class::Guarded,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Class::Private,
            // For protocols, for benchmarks, for documents (RFC 6890).
            [192, 0, 0, _] | [198, 18..=19, ..] => Class::Private,
            [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Class::Private,
            _ => Class::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        if let Some(mapped) = address.to_ipv4_mapped() {
            return Self::of_v4(mapped);
        }
        if address == Ipv6Addr::LOCALHOST {
            return Class::Loopback;
        }
        if let Some(inner) = translated(address) {
            return match Self::of_v4(inner) {
                Class::Public => Class::Public,
                Class::Loopback | Class::Private | Class::Guarded => Class::Guarded,
            };
        }
        match address.segments() {
            // Services of AWS's instances, metadata among them; the metadata service of Google Cloud.
            [0xfd00, 0x0ec2, ..] | [0xfd20, 0x00ce, ..] => Class::Guarded,
            [0xfe80..=0xfebf, ..] | [0xff00..=0xffff, ..] => Class::Guarded,
            // Translation whose prefix length is a site's own: what is inside cannot be told.
            [0x0064, 0xff9b, 0x0001, ..] => Class::Guarded,
            // Teredo, benchmarks, and documents.
            [0x2001, 0x0000 | 0x0002 | 0x0db8, ..] => Class::Private,
            [0x2000..=0x3fff, ..] => Class::Public,
            [0, 0, 0, 0, 0, 0, ..] => Class::Guarded,
            _ => Class::Private,
        }
    }
}

/// The IPv4 address that an IPv6 address stands for: IPv4-compatible, NAT64, 6to4.
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                (address, Some(bits.parse().ok()?))
            }
            Some(_) => return None,
            None => (text, None),
        };
        let address =
            address.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(address);
        let address: IpAddr = address.parse().ok()?;
        let width = width(address);
        let bits = bits.unwrap_or(width);
        let network = Network { address, bits };
        // A network with bits beyond its length is a slip of whoever wrote it.
        let tidy = bits <= width && masked(number(address), bits, width) == number(address);
        tidy.then_some(network)
    }

    /// Whether the address is in it, as it is written or as the IPv4 address that it stands for.
    fn holds(&self, address: IpAddr) -> bool {
        let inner = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(v6) => v6.to_ipv4_mapped().or_else(|| translated(v6)).map(IpAddr::V4),
        };
        [Some(address), inner].into_iter().flatten().any(|address| {
            address.is_ipv4() == self.address.is_ipv4()
                && masked(number(address), self.bits, width(address)) == number(self.address)
        })
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// The first `bits` of a number of `width` bits.
fn masked(number: u128, bits: u32, width: u32) -> u128 {
    let rest = width.saturating_sub(bits);
    number.checked_shr(rest).unwrap_or(0).checked_shl(rest).unwrap_or(0)
}

/// A host's name, in lower case. What the resolver would take for a number is none.
fn name(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let last = text.rsplit('.').next()?;
    let worded = last.bytes().any(|byte| byte.is_ascii_alphabetic()) && !last.starts_with("0x");
    (text.bytes().all(fits) && worded).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> Class {
        Class::of(text.parse().unwrap_or_else(|_| panic!("{text}")))
    }

    #[test]
    fn every_address_has_its_class() {
        for (addresses, expected) in [
            ("8.8.8.8 100.63.255.255 172.32.0.1 198.20.0.1 2600::1 2002:808:808::1", Class::Public),
            ("127.0.0.1 127.255.0.9 ::1 ::ffff:127.0.0.1", Class::Loopback),
            (
                "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 198.18.0.1 203.0.113.9 \
                 fc00::1 fd12:3456::1 fec0::1 2001:db8::1 2001::1 ::ffff:10.0.0.1 5f00::1 100::1",
                Class::Private,
            ),
            (
                "169.254.169.254 169.254.0.1 0.0.0.0 0.1.2.3 224.0.0.1 239.1.1.1 240.0.0.1 \
                 255.255.255.255 100.100.100.200 192.0.0.192 168.63.129.16 :: fe80::1 febf::1 \
                 fd00:ec2::254 fd20:ce::254 ff02::1 ::ffff:169.254.169.254 ::ffff:0.0.0.0 \
                 ::ffff:100.100.100.200 ::ffff:224.0.0.1 ::169.254.169.254 ::127.0.0.1 \
                 64:ff9b::169.254.169.254 64:ff9b::10.0.0.1 64:ff9b:1::1 2002:a9fe:a9fe::1 \
                 2002:7f00:1::1",
                Class::Guarded,
            ),
        ] {
            for address in addresses.split_whitespace() {
                assert_eq!(class(address), expected, "{address}");
            }
        }
    }

    fn passes(rule: &Allowed, uri: &str, address: &str) -> bool {
        let target = Target::of(&uri.parse().unwrap()).unwrap();
        rule.check(&target, address.parse().unwrap()).is_ok()
    }

    fn rule(open: bool, plain_http: bool, list: &[&str]) -> Allowed {
        let list: Vec<String> = list.iter().map(|entry| (*entry).to_owned()).collect();
        Allowed::new(open, plain_http, &list).unwrap()
    }

    #[test]
    fn the_mode_and_the_list_decide() {
        let metadata = "169.254.169.254";
        for (open, list, address, expected) in [
            (false, &[][..], "8.8.8.8", true),
            (false, &[], "127.0.0.1", false),
            (false, &[], "10.1.2.3", false),
            (false, &[], metadata, false),
            (true, &[], "127.0.0.1", true),
            (true, &[], "10.1.2.3", true),
            (true, &[], "::ffff:10.1.2.3", true),
            (true, &[], metadata, false),
            (true, &[], "::ffff:169.254.169.254", false),
            (false, &["host.example"], "10.1.2.3", true),
            (false, &["HOST.example."], "10.1.2.3", true),
            (false, &["other.example"], "10.1.2.3", false),
            // A name never stands for a guarded address, in no mode.
            (true, &["host.example"], metadata, false),
            (false, &["10.0.0.0/8"], "10.1.2.3", true),
            (false, &["10.0.0.0/8"], "::ffff:10.1.2.3", true),
            (false, &["10.0.0.0/8"], "172.16.0.1", false),
            (false, &["10.0.0.0/8"], metadata, false),
            (false, &[metadata], metadata, true),
            (false, &["169.254.0.0/16"], "::ffff:169.254.169.254", true),
            (false, &["fd00:ec2::/32"], "fd00:ec2::254", true),
            (false, &["[fe80::1]"], "fe80::1", true),
            (false, &["fe80::1"], "fe80::2", false),
            (false, &["0.0.0.0/0"], "10.1.2.3", true),
        ] {
            let rule = rule(open, true, list);
            assert_eq!(
                passes(&rule, "https://host.example", address),
                expected,
                "{list:?} {address}"
            );
        }
    }

    #[test]
    fn plain_http_stays_on_the_machine_unless_it_is_allowed() {
        for (plain_http, uri, address, expected) in [
            (false, "http://localhost", "127.0.0.1", true),
            (false, "http://localhost", "::1", true),
            (false, "http://localhost", "10.0.0.1", false),
            (false, "http://example.com", "8.8.8.8", false),
            (true, "http://example.com", "8.8.8.8", true),
            (false, "https://example.com", "8.8.8.8", true),
        ] {
            assert_eq!(passes(&rule(true, plain_http, &[]), uri, address), expected, "{uri}");
        }
    }

    #[test]
    fn entries_that_mean_nothing_are_refused_by_name() {
        for entry in [
            "",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "0x7f.1",
            "127.1",
            "2130706433",
            "http://host",
            "host:80",
            "a b",
            "*.example.com",
            "10.0.0.0/0x8",
            ".",
        ] {
            let error = Allowed::new(true, true, &[entry.to_owned()]).expect_err(entry);
            assert!(error.contains(&format!("{entry:?}")), "{error}");
        }
    }
}
