//! Why a call failed.

use std::fmt;

/// A failed call, or settings that do not allow one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The settings are wrong or incomplete; the text says which and what to do.
    Settings(String),
    /// No credentials could be had.
    Credentials(String),
    /// No answer came.
    Transport {
        /// Where it was called.
        endpoint: String,
        /// What happened.
        reason: String,
    },
    /// The service refused.
    Service {
        /// The operation.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
        /// AWS's code; empty if the answer had none.
        code: String,
        /// AWS's text.
        message: String,
    },
    /// The answer is not what the model promises.
    Reply {
        /// The operation.
        operation: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// Codes with which AWS slows callers down (the list of its SDKs).
const THROTTLING: [&str; 12] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "BandwidthLimitExceeded",
    "SlowDown",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "KMSThrottlingException",
];
/// Codes of failures that pass.
const TRANSIENT: [&str; 6] = [
    "InternalFailure",
    "InternalFailureException",
    "InternalServerError",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
];

impl Error {
    /// AWS's code, if the service answered with one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Error::Service { code, .. } => Some(code),
            Error::Settings(_)
            | Error::Credentials(_)
            | Error::Transport { .. }
            | Error::Reply { .. } => None,
        }
    }

    /// Whether the service asks to be called less.
    pub fn is_throttling(&self) -> bool {
        let known = self.code().is_some_and(|code| THROTTLING.contains(&code));
        known || matches!(self, Error::Service { status: 429, .. })
    }

    /// Whether the same call may succeed later.
    pub fn is_passing(&self) -> bool {
        match self {
            Error::Transport { .. } => true,
            Error::Service { status, code, .. } => {
                self.is_throttling() || *status >= 500 || TRANSIENT.contains(&code.as_str())
            }
            Error::Settings(_) | Error::Credentials(_) | Error::Reply { .. } => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Settings(text) | Error::Credentials(text) => f.write_str(text),
            Error::Transport { endpoint, reason } => {
                write!(f, "no answer from {endpoint}: {reason}")
            }
            Error::Service { operation, status, code, message } if code.is_empty() => {
                write!(f, "{operation}: HTTP status {status}")?;
                if message.is_empty() { Ok(()) } else { write!(f, ": {message}") }
            }
            Error::Service { operation, code, message, .. } if message.is_empty() => {
                write!(f, "{operation}: {code}")
            }
            Error::Service { code, message, .. } => write!(f, "{code}: {message}"),
            Error::Reply { operation, reason } => {
                write!(f, "{operation}: the answer is not Kinesis's: {reason}")
            }
        }
    }
}

impl std::error::Error for Error {}
