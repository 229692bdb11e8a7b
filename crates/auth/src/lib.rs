//! Who signed a request: AWS Signature Version 4, verified and made; and what policy documents say.
//!
//! Owns: the parser of signed requests, AWS's error texts for bad ones, canonical requests, signing keys; the
//! grammar of policies.
//! Must never: do I/O, read a clock, print a secret, or decide what a caller may do.
#![forbid(unsafe_code)]

mod authenticate;
mod canonical;
mod claim;
mod error;
mod fields;
mod keys;
pub mod limits;
pub mod policy;
mod s3;
mod scope;
mod secret;
mod sign;
mod time;

pub use authenticate::{Identity, KeyStore, authenticate, fuzz_request};
pub use claim::{Claim, parse};
pub use error::{AuthCode, AuthError};
pub use keys::SigningKeys;
pub use s3::{ChunkSigner, Payload, S3_EXPIRED, S3Identity, authenticate_s3, declared_payload};
pub use scope::{Scope, claimed, claimed_service};
pub use secret::Secret;
pub use sign::{Credentials, Signed, payload_sha256, sign};

/// A request as it came, before anything is decoded.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, such as `POST`.
    pub method: &'a str,
    /// The path as sent, still percent-encoded, without the query.
    pub path: &'a str,
    /// The query as sent, without the question mark; empty if there is none.
    pub query: &'a str,
    /// Every header as sent, names in any case. `host` must be there: HTTP/2's `:authority` is given under this name.
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl<'a> Request<'a> {
    /// The values of a header, in order.
    pub(crate) fn header(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let same = move |header: &&(&str, &[u8])| header.0.eq_ignore_ascii_case(name);
        self.headers.iter().filter(same).map(|header| header.1)
    }
}
