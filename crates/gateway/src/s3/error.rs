//! S3's errors: names, statuses and texts as "Error responses" of the API reference has them.

use std::borrow::Cow;

use hyper::StatusCode;
use millstream_auth::{AuthCode, AuthError, S3_EXPIRED};
use millstream_buckets::Error;

use super::encryption::of_key;

/// An error as S3 tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct S3Error {
    pub code: &'static str,
    pub status: StatusCode,
    pub message: Cow<'static, str>,
    /// Further elements of the error's document.
    pub details: Vec<(&'static str, String)>,
}

/// A result of the S3 face.
pub(crate) type S3Result<T> = Result<T, S3Error>;

impl S3Error {
    pub fn new(
        code: &'static str,
        status: StatusCode,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        S3Error { code, status, message: message.into(), details: Vec::new() }
    }

    /// What the request says is wrong.
    pub fn bad(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        S3Error::new(code, StatusCode::BAD_REQUEST, message)
    }

    /// What is asked for is not there to be had, by name.
    pub fn not_implemented(what: &str) -> Self {
        S3Error::new(
            "NotImplemented",
            StatusCode::NOT_IMPLEMENTED,
            format!("The built-in buckets do not implement {what}."),
        )
    }

    pub fn denied(message: impl Into<Cow<'static, str>>) -> Self {
        S3Error::new("AccessDenied", StatusCode::FORBIDDEN, message)
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    pub fn internal() -> Self {
        let text = "We encountered an internal error. Please try again.";
        S3Error::new("InternalError", StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    pub fn slow_down() -> Self {
        let text = "Please reduce your request rate.";
        S3Error::new("SlowDown", StatusCode::SERVICE_UNAVAILABLE, text)
    }

    pub fn malformed_xml() -> Self {
        let text = "The XML you provided was not well-formed or did not validate against our published schema";
        S3Error::bad("MalformedXML", text)
    }

    /// A request that is not believed.
    pub fn of_auth(error: AuthError) -> Self {
        let forbidden = StatusCode::FORBIDDEN;
        let message = error.message;
        match error.code {
            AuthCode::MissingAuthenticationTokenException => S3Error::denied("Access Denied"),
            AuthCode::IncompleteSignatureException => {
                S3Error::bad("AuthorizationHeaderMalformed", message)
            }
            AuthCode::InvalidSignatureException if message == S3_EXPIRED => {
                S3Error::denied(message)
            }
            AuthCode::InvalidSignatureException if is_skew(&message) => {
                S3Error::new("RequestTimeTooSkewed", forbidden, message)
            }
            AuthCode::InvalidSignatureException if message.starts_with("There were headers") => {
                S3Error::denied(message)
            }
            AuthCode::InvalidSignatureException => {
                S3Error::new("SignatureDoesNotMatch", forbidden, message)
            }
            AuthCode::UnrecognizedClientException => S3Error::new(
                "InvalidAccessKeyId",
                forbidden,
                "The AWS Access Key Id you provided does not exist in our records.",
            ),
            AuthCode::ExpiredTokenException => S3Error::bad("ExpiredToken", message),
        }
    }
}

fn is_skew(message: &str) -> bool {
    message.starts_with("Signature expired") || message.starts_with("Signature not yet current")
}

impl From<Error> for S3Error {
    fn from(error: Error) -> Self {
        let not_found = |code, text| S3Error::new(code, StatusCode::NOT_FOUND, text);
        let conflict = |code, text: &'static str| S3Error::new(code, StatusCode::CONFLICT, text);
        match error {
            Error::NoSuchBucket => not_found("NoSuchBucket", "The specified bucket does not exist"),
            Error::NoSuchKey => not_found("NoSuchKey", "The specified key does not exist."),
            Error::NoSuchUpload => not_found(
                "NoSuchUpload",
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
                 aborted or completed.",
            ),
            Error::BucketExists => conflict(
                "BucketAlreadyExists",
                "The requested bucket name is not available. The bucket namespace is shared by all users of the \
                 system. Please select a different name and try again.",
            ),
            Error::BucketNotEmpty => {
                conflict("BucketNotEmpty", "The bucket you tried to delete is not empty")
            }
            Error::Busy => conflict(
                "OperationAborted",
                "A conflicting conditional operation is currently in progress against this resource. Please try again.",
            ),
            Error::TooMany { what: "buckets", max } => S3Error::bad(
                "TooManyBuckets",
                format!("You have attempted to create more than {max} buckets"),
            ),
            Error::TooMany { what, max } => {
                S3Error::bad("InvalidRequest", format!("There may be {max} {what} at most."))
            }
            Error::PreconditionFailed => S3Error::new(
                "PreconditionFailed",
                StatusCode::PRECONDITION_FAILED,
                "At least one of the pre-conditions you specified did not hold",
            ),
            Error::InvalidPart { .. } => S3Error::bad(
                "InvalidPart",
                "One or more of the specified parts could not be found.  The part may not have been uploaded, or the \
                 specified entity tag may not match the part's entity tag.",
            ),
            Error::InvalidPartOrder => S3Error::bad(
                "InvalidPartOrder",
                "The list of parts was not in ascending order. Parts must be ordered by part number.",
            ),
            Error::PartTooSmall { .. } => S3Error::bad(
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
            ),
            Error::TooLarge { bytes_max } => {
                let text = "Your proposed upload exceeds the maximum allowed size";
                S3Error::bad("EntityTooLarge", text).with("MaxSizeAllowed", bytes_max.to_string())
            }
            Error::PathTooLong => S3Error::bad(
                "KeyTooLongError",
                "Your key is too long for the file system that the data directory is on",
            ),
            Error::NoSpace | Error::Failed => S3Error::new(
                "ServiceUnavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                error.to_string(),
            ),
            Error::Key(error) => of_key(error),
            Error::Damaged { .. } | Error::Format(_) | Error::Io { .. } | Error::Sealed => {
                S3Error::internal().with("Cause", error.to_string())
            }
        }
    }
}
