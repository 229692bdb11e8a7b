//! Objects at an endpoint that speaks S3: one PutObject each, which the endpoint refuses if the object is there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, IF_NONE_MATCH};
use hyper::{Method, Request, Response, Uri};
use millstream_firehose::settings::Encryption;
use millstream_firehose::sink::{Object, Put, Sender, SinkError};
use millstream_types::Clock;

use super::{EndpointSettings, failed, no_such_bucket};
use crate::failure::{quoted, then_of};
use crate::outbound::{Bounds, Outbound};
use crate::signing::{S3, Signer};

/// How long any request may take, and how long each of these many bytes may take besides.
const TIMEOUT: Duration = Duration::from_secs(60);
const SLOWEST_BYTES_PER_SECOND: usize = 256 * 1024;
/// Largest answer: an error's document.
const REPLY_BYTES_MAX: usize = 64 * 1024;
const EXPECTED_OWNER: HeaderName = HeaderName::from_static("x-amz-expected-bucket-owner");
const STORAGE_CLASS: HeaderName = HeaderName::from_static("x-amz-storage-class");
const ENCRYPTION: HeaderName = HeaderName::from_static("x-amz-server-side-encryption");
const ENCRYPTION_KEY: HeaderName =
    HeaderName::from_static("x-amz-server-side-encryption-aws-kms-key-id");

/// An endpoint.
pub(super) struct External {
    buckets: Vec<String>,
    url: Uri,
    path_style: bool,
    signer: Option<Arc<Signer>>,
    outbound: Arc<Outbound>,
}

impl External {
    pub fn new(
        settings: EndpointSettings,
        outbound: Arc<Outbound>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let EndpointSettings { buckets, url, identity, path_style } = settings;
        outbound.accepts(&url).map_err(|error| error.to_string())?;
        let signer = identity.map(|identity| Arc::new(Signer::new(identity, S3, clock)));
        Ok(External { buckets, url, path_style, signer, outbound })
    }

    /// Whether a bucket is one of this endpoint's.
    pub fn has(&self, bucket: &str) -> bool {
        self.buckets.iter().any(|pattern| matches(pattern, bucket))
    }

    /// Writes an object unless it exists.
    pub async fn put(&self, sender: &Sender, object: &Object) -> Result<Put, SinkError> {
        let answer = self.attempt(sender, object, true).await?;
        match answer.status().as_u16() {
            200..=299 => Ok(Put::Written),
            412 => Ok(Put::Existed),
            // It knows no conditions. The key is this plan's alone and its bytes are always the same, so that writing
            // it twice is writing it once.
            501 => {
                let answer = self.attempt(sender, object, false).await?;
                match answer.status().is_success() {
                    true => Ok(Put::Written),
                    false => Err(error_of(&answer, &object.bucket)),
                }
            }
            _ => Err(error_of(&answer, &object.bucket)),
        }
    }

    async fn attempt(
        &self,
        sender: &Sender,
        object: &Object,
        conditional: bool,
    ) -> Result<Response<Bytes>, SinkError> {
        let unsent = |error: String| failed("InternalError", error);
        let mut request = self.request(object, conditional).map_err(unsent)?;
        if let Some(signer) = self.signer.clone() {
            let region = sender.region.clone();
            // The hash of a large object takes a while.
            let signed = tokio::task::spawn_blocking(move || {
                signer.sign(&mut request, &region).map(|()| request)
            });
            let signed = signed.await.map_err(|_| unsent("the request was not signed".into()))?;
            request = signed.map_err(unsent)?;
        }
        let seconds = object.body.len().div_ceil(SLOWEST_BYTES_PER_SECOND) as u64;
        let timeout = TIMEOUT + Duration::from_secs(seconds);
        let bounds = Bounds { timeout, reply_bytes_max: REPLY_BYTES_MAX };
        let answer = self.outbound.send(request, bounds).await;
        answer.map_err(|error| failed("ServiceUnavailable", error.to_string()))
    }

    fn request(&self, object: &Object, conditional: bool) -> Result<Request<Bytes>, String> {
        let mut request = Request::new(object.body.clone());
        *request.method_mut() = Method::PUT;
        *request.uri_mut() = self.uri(&object.bucket, &object.key)?;
        let mut set = |name: HeaderName, value: &str| {
            let value = HeaderValue::from_str(value).map_err(|_| format!("{name} cannot be sent"));
            value.map(|value| request.headers_mut().insert(name, value)).map(|_| ())
        };
        set(CONTENT_TYPE, object.content_type)?;
        if conditional {
            set(IF_NONE_MATCH, "*")?;
        }
        if let Some(encoding) = object.content_encoding {
            set(CONTENT_ENCODING, encoding)?;
        }
        if let Some(owner) = &object.bucket_owner {
            set(EXPECTED_OWNER, owner)?;
        }
        if let Some(class) = object.storage_class {
            set(STORAGE_CLASS, class)?;
        }
        if let Encryption::Kms(key) = &object.encryption {
            set(ENCRYPTION, "aws:kms")?;
            set(ENCRYPTION_KEY, key)?;
        }
        Ok(request)
    }

    fn uri(&self, bucket: &str, key: &str) -> Result<Uri, String> {
        let scheme = self.url.scheme_str().unwrap_or("https");
        let authority = self.url.authority().map(|authority| authority.as_str());
        let authority = authority.unwrap_or_default();
        let base = self.url.path().trim_end_matches('/');
        let key = encoded(key);
        let text = match self.path_style {
            true => format!("{scheme}://{authority}{base}/{}/{key}", encoded(bucket)),
            false => format!("{scheme}://{bucket}.{authority}{base}/{key}"),
        };
        text.parse().map_err(|_| "the object's address cannot be sent".to_owned())
    }
}

/// What an endpoint's error means, in the code that S3 gave it.
fn error_of(answer: &Response<Bytes>, bucket: &str) -> SinkError {
    let status = answer.status();
    let text = String::from_utf8_lossy(answer.body());
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(value, _)| value.trim())
    };
    let is_code = |code: &&str| {
        (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let code = element("Code").filter(is_code).unwrap_or(match status.as_u16() {
        401 | 403 => "AccessDenied",
        404 => "NoSuchBucket",
        429 | 503 => "ServiceUnavailable",
        301 | 307 | 308 => "PermanentRedirect",
        _ => "InternalError",
    });
    if code == "NoSuchBucket" {
        return no_such_bucket(bucket);
    }
    let message = element("Message").map(|message| quoted(message.as_bytes(), &[]));
    let message = message.unwrap_or_else(|| format!("the endpoint answered {status}"));
    SinkError { then: then_of(answer), ..failed(code, message) }
}

/// Whether a name is one that a pattern stands for.
fn matches(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A path as S3 signs it: all but unreserved characters and slashes encoded.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_names() {
        for (pattern, name, expected) in [
            ("logs", "logs", true),
            ("logs", "logs2", false),
            ("logs-*", "logs-a", true),
            ("logs-*", "logs-", true),
            ("logs-*", "log", false),
            ("*", "anything", true),
            ("*-prod", "a-prod", true),
            ("*-prod", "a-prod-b", false),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
