//! Names of buckets, keys of objects, ids of uploads: valid once they are made.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::sync::Arc;

use millstream_types::{InvalidName, Random};

use crate::limits::KEY_BYTES_MAX;

/// A bucket's name by the rules of general purpose buckets ("General purpose bucket naming rules").
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(Arc<str>);

/// What names must not begin with.
const PREFIXES_RESERVED: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
/// What names must not end with.
const SUFFIXES_RESERVED: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

impl BucketName {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BucketName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let ends = [text.bytes().next(), text.bytes().next_back()];
        let valid = (3..=63).contains(&text.len())
            && text.bytes().all(|b| alphanumeric(b) || matches!(b, b'-' | b'.'))
            && ends.iter().all(|end| end.is_some_and(alphanumeric))
            && !text.contains("..")
            && text.parse::<Ipv4Addr>().is_err()
            && !PREFIXES_RESERVED.iter().any(|prefix| text.starts_with(prefix))
            && !SUFFIXES_RESERVED.iter().any(|suffix| text.ends_with(suffix));
        if valid { Ok(BucketName(text.into())) } else { Err(InvalidName) }
    }
}

/// An object's key: 1 to 1,024 bytes of UTF-8, whatever they are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Key {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.len() {
            1..=KEY_BYTES_MAX => Ok(Key(text.into())),
            _ => Err(InvalidName),
        }
    }
}

/// Names an upload in parts: 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(Arc<str>);

impl UploadId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A new one.
    pub(crate) fn draw(random: &dyn Random) -> Self {
        UploadId(format!("{:016x}{:016x}", random.next_u64(), random.next_u64()).into())
    }
}

impl FromStr for UploadId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let valid = text.len() == 32 && text.bytes().all(digit);
        if valid { Ok(UploadId(text.into())) } else { Err(InvalidName) }
    }
}

macro_rules! shown {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}

shown!(BucketName, Key, UploadId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buckets_follow_the_rules_of_s3() {
        for good in ["abc", "a.b-c", "1a2", "logs-2026", &"a".repeat(63)] {
            assert!(good.parse::<BucketName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "ab",
            &"a".repeat(64) as &str,
            "Abc",
            "a_b",
            "-abc",
            "abc-",
            ".abc",
            "a..b",
            "127.0.0.1",
            "xn--abc",
            "sthree-a",
            "abc-s3alias",
            "abc--x-s3",
            "a/b",
            "äbc",
        ] {
            assert!(bad.parse::<BucketName>().is_err(), "{bad}");
        }
    }
}
