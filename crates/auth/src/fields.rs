//! The parts of a signature, from the `Authorization` header or from the query.

use std::borrow::Cow;

use base64_simd::STANDARD;
use ring::digest::{SHA256, digest};

use crate::Request;
use crate::canonical::percent_decode;
use crate::error::{AuthError, echo};

/// The algorithm that is understood.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Where the signature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the `Authorization` header.
    Header,
    /// In the query: a presigned request.
    Query,
}

/// The parts, as text.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    pub place: Place,
    pub credential: Cow<'a, str>,
    pub signed_headers: Cow<'a, str>,
    pub signature: Cow<'a, str>,
    /// The time, in the query only.
    pub date: Option<Cow<'a, str>>,
    /// How long it is good, in seconds, in the query only.
    pub expires: Option<Cow<'a, str>>,
}

/// Headers that decide what is signed or for whom; twice, one part of a system might read one and another the other.
const SINGLE_HEADERS: [&str; 7] = [
    "Authorization",
    "Host",
    "X-Amz-Date",
    "X-Amz-Target",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
    "Date",
];

/// Query parameters that only a presigned request has.
const QUERY_MARKS: [&str; 4] =
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders"];

/// Finds the one signature of a request.
pub(crate) fn fields<'a>(request: &Request<'a>) -> Result<Fields<'a>, AuthError> {
    for name in SINGLE_HEADERS {
        if request.header(name).nth(1).is_some() {
            return Err(AuthError::incomplete(format!("Header '{name}' must be sent once.")));
        }
    }
    let header = request.header("authorization").next();
    let query = QUERY_MARKS.into_iter().find(|mark| has_parameter(request.query, mark));
    match (header, query) {
        (Some(_), Some(mark)) => Err(AuthError::invalid(format!(
            "Found both '{mark}' as a query-string param and 'Authorization' as HTTP header."
        ))),
        (Some(value), None) => from_header(request, value),
        (None, Some(_)) => from_query(request),
        (None, None) => Err(AuthError::missing()),
    }
}

fn has_parameter(query: &str, name: &str) -> bool {
    query.split('&').any(|pair| pair.split('=').next() == Some(name))
}

fn from_header<'a>(request: &Request<'a>, value: &'a [u8]) -> Result<Fields<'a>, AuthError> {
    if value.trim_ascii().is_empty() {
        return Err(AuthError::missing());
    }
    // A header that is no text has none of the parts.
    let text = std::str::from_utf8(value).unwrap_or_default().trim_ascii();
    let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for part in rest.split(',').map(str::trim_ascii).filter(|part| !part.is_empty()) {
        let Some((name, value)) = part.split_once('=') else {
            return Err(AuthError::incomplete(format!(
                "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded \
                 with Base64): '{}'.",
                hashed(value)
            )));
        };
        let place = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut signature,
            _ => continue,
        };
        if place.replace(Cow::Borrowed(value)).is_some() {
            let text = format!("Authorization header has more than one '{name}' parameter.");
            return Err(AuthError::incomplete(text));
        }
    }
    let has_date = ["x-amz-date", "date"].iter().any(|name| request.header(name).next().is_some());
    match (credential, signed_headers, signature) {
        (Some(credential), Some(signed_headers), Some(signature)) if has_date => {
            if algorithm != ALGORITHM {
                let text = format!("Unsupported AWS 'algorithm': '{}'.", echo(algorithm));
                return Err(AuthError::incomplete(text));
            }
            let place = Place::Header;
            let (date, expires) = (None, None);
            Ok(Fields { place, credential, signed_headers, signature, date, expires })
        }
        (credential, signed_headers, signature) => {
            let mut text = String::new();
            for (there, name) in [
                (credential.is_some(), "Credential"),
                (signature.is_some(), "Signature"),
                (signed_headers.is_some(), "SignedHeaders"),
            ] {
                if !there {
                    text += &format!("Authorization header requires '{name}' parameter. ");
                }
            }
            if !has_date {
                text += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
            }
            // Not as it came: it may hold a token of another kind, and errors are logged.
            text += "(Hashed with SHA-256 and encoded with Base64) Authorization=";
            Err(AuthError::incomplete(text + &hashed(value)))
        }
    }
}

fn hashed(value: &[u8]) -> String {
    STANDARD.encode_to_string(digest(&SHA256, value))
}

fn from_query<'a>(request: &Request<'a>) -> Result<Fields<'a>, AuthError> {
    const REQUIRED: [&str; 5] = [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "X-Amz-Date",
    ];
    let mut found: [Option<Cow<'a, str>>; 6] = Default::default();
    for pair in request.query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let known = REQUIRED.iter().chain(&["X-Amz-Expires"]).position(|known| *known == name);
        let Some(index) = known else { continue };
        let value = match percent_decode(value) {
            Cow::Borrowed(_) => Some(Cow::Borrowed(value)),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        };
        if found[index].is_some() || value.is_none() {
            let text = format!("AWS query-string parameter '{name}' must be sent once, as text.");
            return Err(AuthError::incomplete(text));
        }
        found[index] = value;
    }
    let missing = REQUIRED.iter().zip(&found).filter(|(_, value)| value.is_none());
    let text: String = missing
        .map(|(name, _)| format!("AWS query-string parameters must include '{name}'. "))
        .collect();
    let [Some(algorithm), Some(credential), Some(signature), Some(signed_headers), date, expires] =
        found
    else {
        return Err(AuthError::incomplete(text + "Re-examine the query-string parameters."));
    };
    if date.is_none() {
        return Err(AuthError::incomplete(text + "Re-examine the query-string parameters."));
    }
    if algorithm != ALGORITHM {
        let text = format!("Unsupported AWS 'algorithm': '{}'.", echo(&algorithm));
        return Err(AuthError::incomplete(text));
    }
    Ok(Fields { place: Place::Query, credential, signed_headers, signature, date, expires })
}
