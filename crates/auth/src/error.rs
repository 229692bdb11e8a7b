//! Why a request is not believed, in AWS's words.

use std::borrow::Cow;
use std::fmt;

use crate::limits::ECHO_CHARS_MAX;

/// AWS's name of the error; the names of the variants are the names on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthCode {
    /// The request is not signed.
    MissingAuthenticationTokenException,
    /// The signature lacks a part, or a part is malformed.
    IncompleteSignatureException,
    /// The signature does not match, or its scope or time does not.
    InvalidSignatureException,
    /// The access key is not known.
    UnrecognizedClientException,
    /// The session token has expired.
    ExpiredTokenException,
}

impl AuthCode {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthCode::MissingAuthenticationTokenException => "MissingAuthenticationTokenException",
            AuthCode::IncompleteSignatureException => "IncompleteSignatureException",
            AuthCode::InvalidSignatureException => "InvalidSignatureException",
            AuthCode::UnrecognizedClientException => "UnrecognizedClientException",
            AuthCode::ExpiredTokenException => "ExpiredTokenException",
        }
    }
}

/// A request that is not believed, as its caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthError {
    /// AWS's name of the error.
    pub code: AuthCode,
    /// The text. It repeats parts of the request, cut to a bounded length, but never a signature or a secret.
    pub message: Cow<'static, str>,
}

impl AuthError {
    fn new(code: AuthCode, message: impl Into<Cow<'static, str>>) -> Self {
        AuthError { code, message: message.into() }
    }

    /// Neither a header nor a query signs the request.
    pub(crate) fn missing() -> Self {
        Self::new(AuthCode::MissingAuthenticationTokenException, "Missing Authentication Token")
    }

    /// A part is missing or malformed.
    pub(crate) fn incomplete(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(AuthCode::IncompleteSignatureException, message)
    }

    /// Scope, time, headers or the signature itself are wrong.
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(AuthCode::InvalidSignatureException, message)
    }

    /// The signature is not the one that the secret gives.
    pub(crate) fn mismatch() -> Self {
        Self::invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        )
    }

    /// The access key, or the session token sent with it, is not known.
    pub(crate) fn unrecognized() -> Self {
        let text = "The security token included in the request is invalid.";
        Self::new(AuthCode::UnrecognizedClientException, text)
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for AuthError {}

/// A value of the request, short enough to be repeated.
pub(crate) fn echo(value: &str) -> &str {
    value.char_indices().nth(ECHO_CHARS_MAX).map_or(value, |(end, _)| &value[..end])
}
