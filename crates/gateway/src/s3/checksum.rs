//! The checksums that clients send along with objects ("Checking object integrity for data uploads").

mod crc64;

use base64_simd::STANDARD;
use hyper::header::{HeaderMap, HeaderName};
use millstream_buckets::{Checksum, PartInfo, Sum};
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use crc64::Crc64;

use super::error::{S3Error, S3Result};

/// An algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub const ALL: [Algorithm; 5] = [
        Algorithm::Crc32,
        Algorithm::Crc32c,
        Algorithm::Crc64Nvme,
        Algorithm::Sha1,
        Algorithm::Sha256,
    ];

    /// As `x-amz-checksum-algorithm` has it.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "CRC32",
            Algorithm::Crc32c => "CRC32C",
            Algorithm::Crc64Nvme => "CRC64NVME",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
        }
    }

    /// The header of its value.
    pub fn header(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "x-amz-checksum-crc32",
            Algorithm::Crc32c => "x-amz-checksum-crc32c",
            Algorithm::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Algorithm::Sha1 => "x-amz-checksum-sha1",
            Algorithm::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The element of its value in documents.
    pub fn element(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "ChecksumCRC32",
            Algorithm::Crc32c => "ChecksumCRC32C",
            Algorithm::Crc64Nvme => "ChecksumCRC64NVME",
            Algorithm::Sha1 => "ChecksumSHA1",
            Algorithm::Sha256 => "ChecksumSHA256",
        }
    }

    pub fn of_name(name: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// Whether it can be one of a whole object whose parts come in any order.
    pub fn is_crc(self) -> bool {
        match self {
            Algorithm::Crc32 | Algorithm::Crc32c | Algorithm::Crc64Nvme => true,
            Algorithm::Sha1 | Algorithm::Sha256 => false,
        }
    }

    /// Whether an object of parts has one of its whole, if nothing else is said.
    pub fn is_full_by_default(self) -> bool {
        self == Algorithm::Crc64Nvme
    }
}

/// The algorithm of a checksum that was kept.
pub(crate) fn algorithm_of(checksum: &Checksum) -> Option<Algorithm> {
    Algorithm::of_name(&checksum.algorithm)
}

/// `FULL_OBJECT` or `COMPOSITE`.
pub(crate) fn kind_of(full_object: bool) -> &'static str {
    if full_object { "FULL_OBJECT" } else { "COMPOSITE" }
}

/// What a request says of its body's checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    pub algorithm: Algorithm,
    /// In base64; it comes behind the body if absent.
    pub value: Option<String>,
}

/// Finds the one checksum of a request.
pub(crate) fn declared(headers: &HeaderMap) -> S3Result<Option<Declared>> {
    let mut found = None;
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let trailer = text("x-amz-trailer").map(|name| name.trim().to_ascii_lowercase());
    for algorithm in Algorithm::ALL {
        let value = text(algorithm.header()).map(|value| value.trim().to_owned());
        let trails = trailer.as_deref() == Some(algorithm.header());
        if value.is_none() && !trails {
            continue;
        }
        if found.replace(Declared { algorithm, value }).is_some() {
            let text = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
            return Err(S3Error::bad("InvalidRequest", text));
        }
    }
    if let (Some(name), None) = (&trailer, &found) {
        return Err(S3Error::not_implemented(&format!("the trailer {name}")));
    }
    Ok(found)
}

/// Computes a checksum over pieces.
pub(crate) struct Hasher {
    pub algorithm: Algorithm,
    state: State,
}

enum State {
    Crc32(crc32fast::Hasher),
    Crc32c(u32),
    Crc64(Crc64),
    Digest(Box<Context>),
}

impl Hasher {
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Crc32 => State::Crc32(crc32fast::Hasher::new()),
            Algorithm::Crc32c => State::Crc32c(0),
            Algorithm::Crc64Nvme => State::Crc64(Crc64::new()),
            Algorithm::Sha1 => State::Digest(Box::new(Context::new(&SHA1_FOR_LEGACY_USE_ONLY))),
            Algorithm::Sha256 => State::Digest(Box::new(Context::new(&SHA256))),
        };
        Hasher { algorithm, state }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc32(hasher) => hasher.update(bytes),
            State::Crc32c(sum) => *sum = crc32c::crc32c_append(*sum, bytes),
            State::Crc64(hasher) => hasher.update(bytes),
            State::Digest(context) => context.update(bytes),
        }
    }

    /// The checksum in base64.
    pub fn finish(self) -> String {
        match self.state {
            State::Crc32(hasher) => STANDARD.encode_to_string(hasher.finalize().to_be_bytes()),
            State::Crc32c(sum) => STANDARD.encode_to_string(sum.to_be_bytes()),
            State::Crc64(hasher) => STANDARD.encode_to_string(hasher.finish().to_be_bytes()),
            State::Digest(context) => STANDARD.encode_to_string(context.finish()),
        }
    }
}

impl Sum for Hasher {
    fn update(&mut self, bytes: &[u8]) {
        Hasher::update(self, bytes);
    }

    fn finish(self: Box<Self>) -> String {
        Hasher::finish(*self)
    }
}

/// A client's checksum by its algorithm, for whoever checks objects; `None` if there is no such algorithm.
pub fn sum_of(algorithm: &str) -> Option<Box<dyn Sum>> {
    Some(Box::new(Hasher::new(Algorithm::of_name(algorithm)?)))
}

/// The checksum of an object of parts that is made of the parts' checksums; `None` if a part has none of this kind.
pub(crate) fn composite(algorithm: Algorithm, parts: &[PartInfo]) -> Option<Checksum> {
    let mut hasher = Hasher::new(algorithm);
    for part in parts {
        let checksum = part.checksum.as_ref().filter(|c| c.algorithm == algorithm.name())?;
        hasher.update(&STANDARD.decode_to_vec(&checksum.value).ok()?);
    }
    let value = format!("{}-{}", hasher.finish(), parts.len());
    Some(Checksum { algorithm: algorithm.name().to_owned(), value, full_object: false })
}

/// A checksum of what a client sent that is not what arrived.
pub(crate) fn mismatch(algorithm: Algorithm) -> S3Error {
    S3Error::bad(
        "BadDigest",
        format!(
            "The {} you specified did not match the calculated checksum.",
            algorithm.name().to_ascii_lowercase()
        ),
    )
}

/// The headers that a reply tells a checksum by.
pub(crate) fn reply_headers(checksum: &Checksum) -> Vec<(HeaderName, String)> {
    let Some(algorithm) = algorithm_of(checksum) else { return Vec::new() };
    vec![
        (HeaderName::from_static(algorithm.header()), checksum.value.clone()),
        (HeaderName::from_static("x-amz-checksum-type"), kind_of(checksum.full_object).to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_that_s3_gives() {
        for (algorithm, expected) in [
            (Algorithm::Crc32, "y/Q5Jg=="),
            (Algorithm::Crc32c, "4waSgw=="),
            (Algorithm::Crc64Nvme, "rosUhgp5mIg="),
            (Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
            (Algorithm::Sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
        ] {
            let mut hasher = Hasher::new(algorithm);
            for piece in b"123456789".chunks(4) {
                hasher.update(piece);
            }
            assert_eq!(hasher.finish(), expected, "{algorithm:?}");
            assert_eq!(Algorithm::of_name(algorithm.name()), Some(algorithm));
        }
    }

    #[test]
    fn a_request_has_one_checksum_at_most() {
        let mut headers = HeaderMap::new();
        assert_eq!(declared(&headers), Ok(None));
        headers.insert("x-amz-trailer", "x-amz-checksum-crc32".parse().unwrap());
        let found = Declared { algorithm: Algorithm::Crc32, value: None };
        assert_eq!(declared(&headers), Ok(Some(found)));
        headers.insert("x-amz-checksum-sha1", "x".parse().unwrap());
        assert_eq!(declared(&headers).unwrap_err().code, "InvalidRequest");
        headers.clear();
        headers.insert("x-amz-trailer", "x-other".parse().unwrap());
        assert_eq!(declared(&headers).unwrap_err().code, "NotImplemented");
    }
}
