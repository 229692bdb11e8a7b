//! What is known of an object beside its bytes.

use std::fmt;

use millstream_types::Millis;
use minicbor::{Decode, Encode};

use crate::encryption::Sealed;
use crate::names::Key;

/// What whoever writes an object says of it; given back with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Attributes {
    /// `Content-Type`.
    #[n(0)]
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    #[n(1)]
    pub content_encoding: Option<String>,
    /// `Content-Disposition`.
    #[n(2)]
    pub content_disposition: Option<String>,
    /// `Content-Language`.
    #[n(3)]
    pub content_language: Option<String>,
    /// `Cache-Control`.
    #[n(4)]
    pub cache_control: Option<String>,
    /// `Expires`, as it was sent.
    #[n(5)]
    pub expires: Option<String>,
    /// User metadata: names in lower case without `x-amz-meta-`, and values.
    #[n(6)]
    pub metadata: Vec<(String, String)>,
    /// The class of storage, if it is not `STANDARD`. It is kept and shown; all classes lie on the same disk.
    #[n(7)]
    pub storage_class: Option<String>,
}

/// A checksum that a client sent along and that was found to be right.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Checksum {
    /// The algorithm, as S3 names it, such as `CRC32`.
    #[n(0)]
    pub algorithm: String,
    /// The value in base64; of parts, `-` and their number follow.
    #[n(1)]
    pub value: String,
    /// Whether it is that of the whole object, and not of its parts' checksums.
    #[n(2)]
    pub full_object: bool,
}

/// An object's ETag: the MD5 of its bytes, or of its parts' MD5s and their number. Of an object that a named key
/// encrypts it is random. Shown without quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ETag {
    /// The MD5.
    pub md5: [u8; 16],
    /// How many parts, of an object that was uploaded so.
    pub parts: Option<u32>,
}

impl ETag {
    /// Reads what `Display` writes, in quotes or not; `None` if it is no ETag of this store's.
    pub fn parse(text: &str) -> Option<ETag> {
        let text = text.trim();
        let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
        let (digits, parts) = match text.split_once('-') {
            Some((digits, parts)) => (digits, Some(parts.parse().ok()?)),
            None => (text, None),
        };
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        let mut md5 = [0; 16];
        if pairs.len() != md5.len() || !rest.is_empty() {
            return None;
        }
        for (byte, pair) in md5.iter_mut().zip(pairs) {
            let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
            *byte = (high? << 4 | low?) as u8;
        }
        Some(ETag { md5, parts })
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.md5 {
            write!(f, "{byte:02x}")?;
        }
        self.parts.map_or(Ok(()), |parts| write!(f, "-{parts}"))
    }
}

/// An object as it lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its key.
    pub key: Key,
    /// Its bytes.
    pub size: u64,
    /// When it was written, in service time.
    pub modified: Millis,
    /// Its ETag.
    pub etag: ETag,
    /// What was said of it.
    pub attributes: Attributes,
    /// The checksum that came with it. Of an encrypted object only its readers are told it.
    pub checksum: Option<Checksum>,
    /// How it is encrypted at rest, if it is.
    pub sealed: Option<Box<Sealed>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_come_back_in_quotes_or_not() {
        for parts in [None, Some(1), Some(10_000)] {
            let etag = ETag { md5: [0xab; 16], parts };
            assert_eq!(ETag::parse(&etag.to_string()), Some(etag));
            assert_eq!(ETag::parse(&format!("\"{etag}\"")), Some(etag));
        }
        for bad in ["", "*", "\"\"", "ab", &"g".repeat(32) as &str, &"a".repeat(33), "-1"] {
            assert_eq!(ETag::parse(bad), None, "{bad}");
        }
    }
}
