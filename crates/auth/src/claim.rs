//! What a signed request claims, and whether it is true.

use std::borrow::Cow;
use std::time::Duration;

use millstream_types::Millis;
use ring::hmac;

use crate::Request;
use crate::canonical::{PathForm, QueryForm, hex, request_sha256, unhex};
use crate::error::{AuthError, echo};
use crate::fields::{ALGORITHM, Fields, Place, fields};
use crate::keys::{SigningKeys, derive};
use crate::limits::{EXPIRES_SECONDS_MAX, SIGNED_HEADERS_MAX, SKEW_MS_MAX};
use crate::scope::Scope;
use crate::secret::Secret;
use crate::time;

/// A signed request, well-formed but not verified.
#[derive(Debug, Clone)]
pub struct Claim {
    scope: Scope,
    pub(crate) at: Millis,
    pub(crate) signed_headers: String,
    /// `None` if it cannot be one.
    pub(crate) signature: Option<[u8; 32]>,
    /// How long a presigned request is good; `None` for the header form.
    pub(crate) expires: Option<Duration>,
    has_token: bool,
}

/// Reads the claim of a request to `service`, such as `kinesis`.
///
/// # Errors
/// AWS's error for a request that is not signed or whose signature is malformed or scoped wrongly.
pub fn parse(request: &Request<'_>, service: &str) -> Result<Claim, AuthError> {
    let fields = fields(request)?;
    let scope = Scope::parse(&fields.credential, service)?;
    let (at, text) = signed_at(request, &fields)?;
    // Compared with the date in UTC, which an HTTP date is too.
    let day = &time::format(at)[..8];
    if scope.date != day {
        return Err(AuthError::invalid(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
             '{day}', from '{}'.",
            echo(&scope.date),
            echo(&text),
        )));
    }
    check_signed_headers(request, &fields)?;
    let in_query =
        || request.query.split('&').any(|pair| pair.starts_with("X-Amz-Security-Token="));
    Ok(Claim {
        scope,
        at,
        signature: unhex(&fields.signature),
        expires: expires(&fields)?,
        signed_headers: fields.signed_headers.into_owned(),
        has_token: request.header("x-amz-security-token").next().is_some() || in_query(),
    })
}

/// The time of the signature, and its text.
fn signed_at<'a>(
    request: &Request<'a>,
    fields: &Fields<'a>,
) -> Result<(Millis, Cow<'a, str>), AuthError> {
    let header = |name| request.header(name).next().map(String::from_utf8_lossy);
    let date = fields.date.clone().or_else(|| header("x-amz-date"));
    let (at, text) = match date {
        Some(text) => (time::parse_iso(&text), text),
        None => {
            let text = header("date").unwrap_or_default();
            (time::parse_iso(&text).or_else(|| time::parse_http(&text)), text)
        }
    };
    let Some(at) = at else {
        return Err(AuthError::incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
            echo(&text)
        )));
    };
    Ok((at, text))
}

fn expires(fields: &Fields<'_>) -> Result<Option<Duration>, AuthError> {
    if fields.place == Place::Header {
        return Ok(None);
    }
    let given = fields.expires.as_deref().map_or(Ok(SKEW_MS_MAX / 1000), str::parse::<u64>);
    match given {
        Ok(seconds @ 1..=EXPIRES_SECONDS_MAX) => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(AuthError::incomplete(format!(
            "X-Amz-Expires must be a number of seconds from 1 to {EXPIRES_SECONDS_MAX}."
        ))),
    }
}

/// What the signature must cover, and how its list of headers must look.
fn check_signed_headers(request: &Request<'_>, fields: &Fields<'_>) -> Result<(), AuthError> {
    let names: Vec<&str> = fields.signed_headers.split(';').collect();
    let lower = |name: &&str| !name.is_empty() && !name.bytes().any(|b| b.is_ascii_uppercase());
    if names.len() > SIGNED_HEADERS_MAX
        || !names.iter().all(lower)
        || !names.is_sorted_by(|a, b| a < b)
    {
        return Err(AuthError::invalid(
            "SignedHeaders must be lower-case header names, sorted, each once, separated by ';'.",
        ));
    }
    if !names.contains(&"host") {
        return Err(AuthError::invalid(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ));
    }
    let sent = |name: &str| request.header(name).next().is_some();
    // The date in the query is signed with the query.
    let date = match fields.place {
        Place::Header if sent("x-amz-date") => Some("X-Amz-Date"),
        Place::Header => Some("Date"),
        Place::Query => None,
    };
    let others = ["X-Amz-Date", "X-Amz-Target", "X-Amz-Security-Token"];
    let others = others.into_iter().filter(|name| sent(name));
    for name in date.into_iter().chain(others) {
        if !names.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(AuthError::invalid(format!(
                "'{name}' must be a 'SignedHeader' in the AWS Authorization."
            )));
        }
    }
    if let Some(name) = names.iter().find(|name| !sent(name)) {
        return Err(AuthError::invalid(format!(
            "SignedHeaders names '{}', which was not sent.",
            echo(name)
        )));
    }
    Ok(())
}

impl Claim {
    /// Who claims to have signed, and for what.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether a session token came with the request.
    pub fn has_token(&self) -> bool {
        self.has_token
    }

    /// Verifies the claim. `payload_sha256` is the hash of the body that came; `secret` is that of the scope's key, or
    /// `None` if the key is not known, which costs the same work and ends in `UnrecognizedClientException`.
    ///
    /// # Errors
    /// AWS's error for a request that is too old, too new, not what was signed, or signed by an unknown key.
    pub fn verify(
        &self,
        request: &Request<'_>,
        payload_sha256: &[u8; 32],
        secret: Option<&Secret>,
        now: Millis,
        keys: &SigningKeys,
    ) -> Result<(), AuthError> {
        self.check_time(now, SKEW_MS_MAX)?;
        let payload_hex = hex(payload_sha256);
        check_declared_hash(request, &payload_hex)?;
        self.check_signature(request, &payload_hex, secret, keys, PathForm::Normalised)
    }

    /// Whether the signature is right for a payload whose hash, or what stands for it, is `payload`.
    pub(crate) fn check_signature(
        &self,
        request: &Request<'_>,
        payload: &str,
        secret: Option<&Secret>,
        keys: &SigningKeys,
        path: PathForm,
    ) -> Result<(), AuthError> {
        let encoded = (path, QueryForm::Encoded);
        let mut matched = self.matches(request, payload, secret, keys, encoded);
        // Only a query can differ, and only where an SDK did not send it in canonical form.
        if !matched && !request.query.is_empty() {
            let as_sent = (path, QueryForm::AsSent);
            matched = self.matches(request, payload, secret, keys, as_sent);
        }
        match (secret, matched) {
            (None, _) => Err(AuthError::unrecognized()),
            (Some(_), false) => Err(AuthError::mismatch()),
            (Some(_), true) => Ok(()),
        }
    }

    /// Whether the time is near enough to ours, or a presigned request still good.
    pub(crate) fn check_time(&self, now: Millis, skew_ms: u64) -> Result<(), AuthError> {
        let skew = Duration::from_millis(skew_ms);
        let skew_minutes = skew.as_secs() as f64 / 60.0;
        let limit = self.expires.unwrap_or(skew);
        let minutes = limit.as_secs() as f64 / 60.0;
        let text = time::format;
        if self.at.plus(limit) < now {
            return Err(AuthError::invalid(format!(
                "Signature expired: {} is now earlier than {} ({} - {minutes} min.)",
                text(self.at),
                text(now.minus(limit)),
                text(now),
            )));
        }
        if self.at > now.plus(skew) {
            return Err(AuthError::invalid(format!(
                "Signature not yet current: {} is still later than {} ({} + {skew_minutes} min.)",
                text(self.at),
                text(now.plus(skew)),
                text(now),
            )));
        }
        Ok(())
    }

    /// Whether the signature is the one that the secret gives. Every failure costs the same: a look at the keys that
    /// are kept, one try, a derivation, another try.
    fn matches(
        &self,
        request: &Request<'_>,
        payload_hex: &str,
        secret: Option<&Secret>,
        keys: &SigningKeys,
        forms: (PathForm, QueryForm),
    ) -> bool {
        let request_hash = request_sha256(request, &self.signed_headers, payload_hex, forms);
        let to_sign = string_to_sign(self.at, &self.scope, &request_hash);
        let signature = self.signature.unwrap_or_default();
        let dummy = Secret::dummy();
        let used = secret.unwrap_or(&dummy);
        let kept = keys.get(used, &self.scope);
        let is_kept = kept.is_some();
        let first = kept.unwrap_or_else(|| hmac::Key::new(hmac::HMAC_SHA256, &[0; 32]));
        // ring compares in constant time.
        let matched = hmac::verify(&first, to_sign.as_bytes(), &signature).is_ok();
        let acceptable = self.signature.is_some() && secret.is_some();
        if matched && is_kept && acceptable {
            return true;
        }
        let derived = derive(used, &self.scope);
        let matched = hmac::verify(&derived, to_sign.as_bytes(), &signature).is_ok();
        if matched && acceptable {
            keys.put(used, &self.scope, derived);
        }
        matched && acceptable
    }
}

/// `x-amz-content-sha256`, if it is sent, must be the body's: what means "not signed" is for S3 only.
fn check_declared_hash(request: &Request<'_>, payload_hex: &str) -> Result<(), AuthError> {
    match request.header("x-amz-content-sha256").next() {
        Some(declared) if declared.trim_ascii() != payload_hex.as_bytes() => {
            Err(AuthError::invalid(
                "The value of the 'x-amz-content-sha256' header must be the SHA-256 of the request body, in lower-case \
             hexadecimal.",
            ))
        }
        _ => Ok(()),
    }
}

/// What the signing key signs.
pub(crate) fn string_to_sign(at: Millis, scope: &Scope, request_sha256: &[u8; 32]) -> String {
    format!("{ALGORITHM}\n{}\n{}\n{}", time::format(at), scope.suffix(), hex(request_sha256))
}
