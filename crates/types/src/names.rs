//! Names that a caller chooses or is known by.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The text does not follow the rules of the name's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidName;

/// A stream's name: 1 to 128 of `a-z A-Z 0-9 _ . -` (botocore, `StreamName`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(Arc<str>);

/// Longest stream name, in bytes (botocore, `StreamName`).
pub const STREAM_NAME_BYTES_MAX: usize = 128;

pub(crate) fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')
}

impl StreamName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StreamName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let length_fits = (1..=STREAM_NAME_BYTES_MAX).contains(&text.len());
        if length_fits && text.bytes().all(is_name_byte) {
            Ok(StreamName(text.into()))
        } else {
            Err(InvalidName)
        }
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An AWS account: twelve digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u64);

impl AccountId {
    /// `000000000000`, the account of everyone in `open` mode who names no other.
    pub const ZERO: AccountId = AccountId(0);

    /// The account as a number, below 10^12.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// The account of a number below 10^12.
    pub fn from_u64(number: u64) -> Result<Self, InvalidName> {
        if number < 1_000_000_000_000 { Ok(AccountId(number)) } else { Err(InvalidName) }
    }
}

impl FromStr for AccountId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text.len() != 12 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidName);
        }
        text.parse().map(AccountId).map_err(|_| InvalidName)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A region's name, such as `us-east-1`: 1 to 32 of `a-z 0-9 -`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Arc<str>);

/// Longest region name, in bytes; AWS's own are below 20.
pub const REGION_BYTES_MAX: usize = 32;

impl Region {
    /// The region as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the region's ARNs begin with: `aws`, `aws-cn`, `aws-us-gov`, …
    pub fn partition(&self) -> &'static str {
        const PARTITIONS: [(&str, &str); 6] = [
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("us-isob-", "aws-iso-b"),
            ("us-isof-", "aws-iso-f"),
            ("eu-isoe-", "aws-iso-e"),
            ("us-iso-", "aws-iso"),
        ];
        let known = PARTITIONS.iter().find(|(prefix, _)| self.0.starts_with(prefix));
        known.map_or("aws", |(_, partition)| partition)
    }
}

impl FromStr for Region {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let length_fits = (1..=REGION_BYTES_MAX).contains(&text.len());
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if length_fits && text.bytes().all(allowed) {
            Ok(Region(text.into()))
        } else {
            Err(InvalidName)
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_names_follow_the_models_pattern() {
        for good in ["a", "A.b-c_9", &"x".repeat(128)] {
            assert!(good.parse::<StreamName>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "a/b", "a:b", "ä", "a\0", &"x".repeat(129)] {
            assert!(bad.parse::<StreamName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn accounts_keep_their_leading_zeros() {
        assert_eq!("000000000042".parse::<AccountId>().unwrap().to_string(), "000000000042");
        for bad in ["", "42", "0000000000421", "00000000004a", "+00000000042"] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn regions_know_their_partition() {
        for (region, partition) in [
            ("us-east-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-isob-east-1", "aws-iso-b"),
        ] {
            assert_eq!(region.parse::<Region>().unwrap().partition(), partition);
        }
    }
}
