//! Error codes and what a caller is told.

use std::borrow::Cow;
use std::fmt;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal),* $(,)?) => {
        /// What AWS calls the error. The name of a variant is the name on the wire.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $name),* }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name),*];

            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$name => stringify!($name)),* }
            }

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(ErrorCode::$name => $status),* }
            }
        }
    };
}

error_codes! {
    // Of the service model (botocore 1.44.5, kinesis).
    /// The caller may not do this.
    AccessDeniedException = 400,
    /// A dry run that would have succeeded.
    DryRunOperationException = 400,
    /// The iterator is older than five minutes.
    ExpiredIteratorException = 400,
    /// The pagination token is older than five minutes.
    ExpiredNextTokenException = 400,
    /// Something failed here.
    InternalFailureException = 500,
    /// An argument does not fit the resource or another argument.
    InvalidArgumentException = 400,
    /// The master key was denied.
    KMSAccessDeniedException = 400,
    /// The master key is disabled.
    KMSDisabledException = 400,
    /// The master key is in a state that forbids its use.
    KMSInvalidStateException = 400,
    /// The master key does not exist.
    KMSNotFoundException = 400,
    /// The account may not use the key service.
    KMSOptInRequired = 400,
    /// The key service throttled.
    KMSThrottlingException = 400,
    /// A quota or a call rate is exceeded.
    LimitExceededException = 400,
    /// A shard's throughput is exceeded.
    ProvisionedThroughputExceededException = 400,
    /// The resource is in a state that forbids the call.
    ResourceInUseException = 400,
    /// There is no such resource.
    ResourceNotFoundException = 400,
    /// Too many calls on a queue.
    ThrottlingException = 400,
    /// The request breaks a constraint of the model.
    ValidationException = 400,
    // Of Firehose's model (botocore 1.44.5, firehose), beside those above.
    /// The version that a change was meant for is no longer the current one.
    ConcurrentModificationException = 400,
    /// The master key cannot be used; the error's cause says why.
    InvalidKMSResourceException = 400,
    /// The delivery stream takes no records from producers.
    InvalidSourceException = 400,
    /// Records cannot be taken now.
    ServiceUnavailableException = 503,
    // Of every AWS service.
    /// The session token has expired.
    ExpiredTokenException = 400,
    /// The authorization header lacks a part.
    IncompleteSignatureException = 400,
    /// Code of failed entries in PutRecords.
    InternalFailure = 500,
    /// The signature does not match, or its time does not.
    InvalidSignatureException = 400,
    /// The request is not signed.
    MissingAuthenticationTokenException = 400,
    /// The server cannot take the request now.
    ServiceUnavailable = 503,
    /// The body is not what the protocol asks for.
    SerializationException = 400,
    /// No operation of this name.
    UnknownOperationException = 400,
    /// The access key is not known.
    UnrecognizedClientException = 400,
}

impl ErrorCode {
    /// How AWS spells the member that holds the text.
    ///
    /// Source: replies of the service quoted in client trackers; Coral's own errors and denials use a capital.
    pub fn message_key(self) -> &'static str {
        match self {
            ErrorCode::SerializationException | ErrorCode::AccessDeniedException => "Message",
            _ => "message",
        }
    }
}

/// A failed call, as the caller is told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// AWS's name of the error.
    pub code: ErrorCode,
    /// The text.
    pub message: Cow<'static, str>,
    /// The HTTP status, where it is not the code's own (413 for a body over the limit).
    pub status: u16,
    /// The member `code` of Firehose's `InvalidKMSResourceException` and `InvalidSourceException`.
    pub cause: Option<&'static str>,
}

impl Error {
    /// An error with its code's own status.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Error { code, message: message.into(), status: code.status(), cause: None }
    }

    /// The same error with its cause: the member `code` of Firehose's `InvalidKMSResourceException` and
    /// `InvalidSourceException`.
    pub fn with_cause(mut self, cause: &'static str) -> Self {
        self.cause = Some(cause);
        self
    }

    /// `InvalidArgumentException`.
    pub fn invalid_argument(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorCode::InvalidArgumentException, message)
    }

    /// `ValidationException`.
    pub fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorCode::ValidationException, message)
    }

    /// `SerializationException`.
    pub fn serialization(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorCode::SerializationException, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for Error {}
