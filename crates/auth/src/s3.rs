//! Requests to S3, which differ: paths are not normalised, and a body need not be hashed as a whole before it is sent
//! (S3, "Signature calculations for the Authorization header: transferring payload in multiple chunks").

use millstream_types::{AccountId, Millis};
use ring::digest::{SHA256, digest};
use ring::hmac;

use crate::Request;
use crate::authenticate::KeyStore;
use crate::canonical::{PathForm, hex, unhex};
use crate::claim::{Claim, parse};
use crate::error::AuthError;
use crate::keys::{SigningKeys, derive};
use crate::limits::S3_SKEW_MS_MAX;
use crate::scope::Scope;
use crate::time;

/// The service's name in a scope.
const SERVICE: &str = "s3";
/// Says what the body is.
const CONTENT_SHA256: &str = "x-amz-content-sha256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// What S3 says of a presigned request that came too late; it is no fault of the client's clock.
pub const S3_EXPIRED: &str = "Request has expired";

/// How a body comes and what is signed of it, as the request says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// As it is, unsigned.
    Unsigned,
    /// As it is, and this is its SHA-256.
    Hash([u8; 32]),
    /// In chunks (`aws-chunked`).
    Chunks {
        /// Whether each chunk is signed.
        signed: bool,
        /// Whether headers follow the last.
        trailer: bool,
    },
}

/// Who sent a request to S3, verified as far as it can be without the body.
pub struct S3Identity {
    /// The account of the key.
    pub account: AccountId,
    /// The key, the day, the region and the service that were signed for.
    pub scope: Scope,
    /// What must hold of the body.
    pub payload: Payload,
    /// For signed chunks.
    pub chunks: ChunkSigner,
}

/// What a request says of its body. A request that says nothing is not signed by its header.
///
/// # Errors
/// The value is none that S3 has, or one of another algorithm.
pub fn declared_payload(request: &Request<'_>) -> Result<Option<Payload>, AuthError> {
    let Some(value) = request.header(CONTENT_SHA256).next() else { return Ok(None) };
    let text = std::str::from_utf8(value).unwrap_or_default().trim();
    let chunks = |signed, trailer| Payload::Chunks { signed, trailer };
    let payload = match text {
        UNSIGNED => Some(Payload::Unsigned),
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Some(chunks(false, true)),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Some(chunks(true, false)),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Some(chunks(true, true)),
        text => unhex(text).map(Payload::Hash),
    };
    payload.map(Some).ok_or_else(|| {
        AuthError::invalid(
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
             STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or \
             a valid sha256 value.",
        )
    })
}

/// Verifies a request to S3, all but its body: whoever reads that holds it against the payload that is returned.
///
/// # Errors
/// AWS's error for a request that is not to be believed; the S3 face has S3's names of them.
pub fn authenticate_s3(
    request: &Request<'_>,
    now: Millis,
    store: &dyn KeyStore,
    keys: &SigningKeys,
) -> Result<S3Identity, AuthError> {
    let claim = parse(request, SERVICE)?;
    if claim.expires.is_some_and(|expires| claim.at.plus(expires) < now) {
        return Err(AuthError::invalid(S3_EXPIRED));
    }
    claim.check_time(now, S3_SKEW_MS_MAX)?;
    check_headers(request, &claim)?;
    let payload = match (declared_payload(request)?, claim.expires) {
        (Some(payload), _) => payload,
        (None, Some(_)) => Payload::Unsigned,
        (None, None) => {
            let text = "Missing required header for this request: x-amz-content-sha256";
            return Err(AuthError::incomplete(text));
        }
    };
    let declared = request.header(CONTENT_SHA256).next().and_then(|v| std::str::from_utf8(v).ok());
    let declared = declared.map_or(UNSIGNED, str::trim);
    let known = store.lookup(&claim.scope().access_key_id).filter(|_| !claim.has_token());
    let secret = known.as_ref().map(|(secret, _)| secret);
    claim.check_signature(request, declared, secret, keys, PathForm::Once)?;
    // What has no secret was refused.
    let (secret, account) = known.ok_or_else(AuthError::unrecognized)?;
    let scope = claim.scope().clone();
    let chunks = ChunkSigner {
        key: derive(&secret, &scope),
        place: format!("{}\n{}", time::format(claim.at), scope.suffix()),
        previous: hex(&claim.signature.unwrap_or_default()),
    };
    Ok(S3Identity { account, scope, payload, chunks })
}

/// All of AWS's own headers decide what is done, so all are signed; `x-amz-content-sha256` of a presigned request is
/// signed as the payload.
fn check_headers(request: &Request<'_>, claim: &Claim) -> Result<(), AuthError> {
    let signed: Vec<&str> = claim.signed_headers.split(';').collect();
    for (name, _) in request.headers {
        let name = name.to_ascii_lowercase();
        let free = name == CONTENT_SHA256 && claim.expires.is_some();
        if name.starts_with("x-amz-") && !free && !signed.contains(&name.as_str()) {
            return Err(AuthError::invalid(format!(
                "There were headers present in the request which were not signed: {name}."
            )));
        }
    }
    Ok(())
}

/// Verifies the signatures of chunks, each of which builds on the one before, the first on the request's.
#[derive(Clone)]
pub struct ChunkSigner {
    key: hmac::Key,
    /// Time and scope.
    place: String,
    previous: String,
}

impl ChunkSigner {
    /// Whether `signature` (lower-case hexadecimal) is that of the next chunk, whose data has this SHA-256.
    pub fn verify_chunk(&mut self, data_sha256: &[u8; 32], signature: &str) -> bool {
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{}",
            self.place,
            self.previous,
            hex(digest(&SHA256, b"").as_ref()),
            hex(data_sha256),
        );
        self.verify(&text, signature)
    }

    /// Whether `signature` is that of the trailer: its lines as `name:value` and a line feed each.
    pub fn verify_trailer(&mut self, lines: &str, signature: &str) -> bool {
        let hash = hex(digest(&SHA256, lines.as_bytes()).as_ref());
        let text = format!("AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{hash}", self.place, self.previous);
        self.verify(&text, signature)
    }

    fn verify(&mut self, text: &str, signature: &str) -> bool {
        let Some(given) = unhex(signature) else { return false };
        signature.clone_into(&mut self.previous);
        // ring compares in constant time.
        hmac::verify(&self.key, text.as_bytes(), &given).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    const ID: &str = "AKIAIOSFODNN7EXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    struct Keys;

    impl KeyStore for Keys {
        fn lookup(&self, id: &str) -> Option<(Secret, AccountId)> {
            (id == ID).then(|| (Secret::new(SECRET), AccountId::ZERO))
        }
    }

    fn at() -> Millis {
        time::parse_iso("20130524T000000Z").unwrap()
    }

    fn verify(request: &Request<'_>) -> Result<S3Identity, AuthError> {
        authenticate_s3(request, at(), &Keys, &SigningKeys::new())
    }

    /// The examples of S3's documentation, "Examples: signature calculations".
    #[test]
    fn the_documentations_examples_are_verified() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
            SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
            Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        let headers: [(&str, &[u8]); 5] = [
            ("Host", b"examplebucket.s3.amazonaws.com"),
            ("Authorization", authorization.as_bytes()),
            ("Range", b"bytes=0-9"),
            ("x-amz-content-sha256", empty.as_bytes()),
            ("x-amz-date", b"20130524T000000Z"),
        ];
        let get = Request { method: "GET", path: "/test.txt", query: "", headers: &headers };
        let identity = verify(&get).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(identity.payload, Payload::Hash(unhex(empty).unwrap()));
        let other = Request { path: "/test.txt2", ..get };
        assert!(verify(&other).is_err());
        // A header of AWS's that is not signed is refused.
        let more = [&headers[..], &[("x-amz-copy-source", b"a/b".as_slice())]].concat();
        let unsigned = Request { headers: &more, ..get };
        let error = verify(&unsigned).err().unwrap();
        assert!(error.message.contains("not signed: x-amz-copy-source"), "{error}");
    }

    /// The same, "Transferring payload in multiple chunks".
    #[test]
    fn chunks_are_verified_one_after_another() {
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
            SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;\
            x-amz-decoded-content-length;x-amz-storage-class,\
            Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
        let headers: [(&str, &[u8]); 8] = [
            ("Host", b"s3.amazonaws.com"),
            ("Authorization", authorization.as_bytes()),
            ("Content-Encoding", b"aws-chunked"),
            ("Content-Length", b"66824"),
            ("x-amz-content-sha256", b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            ("x-amz-date", b"20130524T000000Z"),
            ("x-amz-decoded-content-length", b"66560"),
            ("x-amz-storage-class", b"REDUCED_REDUNDANCY"),
        ];
        let path = "/examplebucket/chunkObject.txt";
        let put = Request { method: "PUT", path, query: "", headers: &headers };
        let identity = verify(&put).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(identity.payload, Payload::Chunks { signed: true, trailer: false });
        let mut chunks = identity.chunks;
        let signatures = [
            (65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        ];
        for (length, signature) in signatures {
            let hash = crate::payload_sha256(&vec![b'a'; length]);
            assert!(!chunks.clone().verify_chunk(&[0; 32], signature));
            assert!(chunks.verify_chunk(&hash, signature), "{length}");
        }
    }

    #[test]
    fn a_presigned_request_is_verified_without_its_body_until_it_expires() {
        let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2F\
            s3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=\
            aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        let headers: [(&str, &[u8]); 1] = [("Host", b"examplebucket.s3.amazonaws.com")];
        let get = Request { method: "GET", path: "/test.txt", query, headers: &headers };
        assert_eq!(verify(&get).map(|identity| identity.payload).ok(), Some(Payload::Unsigned));
        let later = at().plus(std::time::Duration::from_secs(86_401));
        let late = authenticate_s3(&get, later, &Keys, &SigningKeys::new()).err().unwrap();
        assert_eq!(late.message, S3_EXPIRED);
    }
}
