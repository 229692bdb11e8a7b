//! Signing, for clients.

use millstream_types::{Millis, Region};
use ring::digest::{SHA256, digest};
use ring::hmac;

use crate::Request;
use crate::canonical::{PathForm, QueryForm, hex, request_sha256};
use crate::claim::string_to_sign;
use crate::fields::ALGORITHM;
use crate::keys::derive;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::time;

/// What a client signs with. It has no `Debug`, since it holds secrets.
#[derive(Clone)]
pub struct Credentials {
    /// The key's name, which is sent.
    pub access_key_id: String,
    /// The key, which is not.
    pub secret: Secret,
    /// Sent and signed, if there is one.
    pub session_token: Option<String>,
}

/// Headers to add to a request that was signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// Names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
}

/// The SHA-256 of a body.
pub fn payload_sha256(body: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, body).as_ref());
    hash
}

/// Headers that proxies and libraries change on the way.
const UNSIGNED: [&str; 7] = [
    "authorization",
    "connection",
    "expect",
    "te",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
];

/// Signs a request: its method, path, query and headers (`host` among them), and the hash of its body.
///
/// The headers may not yet hold `x-amz-date`, `x-amz-security-token` or `authorization`: those are returned, to be
/// added.
pub fn sign(
    request: &Request<'_>,
    credentials: &Credentials,
    region: &Region,
    service: &str,
    payload_sha256: &[u8; 32],
    now: Millis,
) -> Signed {
    let date = time::format(now);
    let scope = Scope {
        access_key_id: credentials.access_key_id.clone(),
        date: date[..8].to_owned(),
        region: region.clone(),
        service: service.to_owned(),
    };
    let mut added = vec![("x-amz-date", date)];
    let token = credentials.session_token.clone();
    added.extend(token.map(|token| ("x-amz-security-token", token)));

    let mut headers = request.headers.to_vec();
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
    let mut names: Vec<String> =
        headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.retain(|name| !UNSIGNED.contains(&name.as_str()));
    names.sort();
    names.dedup();
    let signed_headers = names.join(";");

    let request = Request { headers: &headers, ..*request };
    let payload_hex = hex(payload_sha256);
    // S3's paths are not normalised: its keys may be anything.
    let path = if service == "s3" { PathForm::Once } else { PathForm::Normalised };
    let forms = (path, QueryForm::Encoded);
    let hash = request_sha256(&request, &signed_headers, &payload_hex, forms);
    let key = derive(&credentials.secret, &scope);
    let signature = hmac::sign(&key, string_to_sign(now, &scope, &hash).as_bytes());
    let authorization = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={signed_headers}, Signature={}",
        scope.access_key_id,
        scope.suffix(),
        hex(signature.as_ref()),
    );
    added.push(("authorization", authorization));
    Signed { headers: added }
}
