//! Why a request got no answer.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use super::Target;

/// Why a request got no answer. Texts name host and port only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboundError {
    /// The address cannot be one of a destination; says why.
    Address(String),
    /// The rule of destinations forbids it; says why.
    Forbidden {
        /// Host and port.
        target: String,
        /// What the operator may change.
        reason: &'static str,
    },
    /// The name has no address.
    Name {
        /// Host and port.
        target: String,
        /// What the resolver said.
        reason: String,
    },
    /// Nobody listens there, or nothing leads there.
    Refused {
        /// Host and port.
        target: String,
        /// What the system said.
        reason: String,
    },
    /// The connection ended before the answer did.
    Reset {
        /// Host and port.
        target: String,
    },
    /// The handshake of TLS failed: a certificate that is not trusted, a name that is not in it, no common version.
    Tls {
        /// Host and port.
        target: String,
        /// What TLS said.
        reason: String,
    },
    /// No whole answer in time.
    TimedOut {
        /// Host and port.
        target: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The answer's body is larger than it may be.
    TooLarge {
        /// Host and port.
        target: String,
        /// What it may be.
        bytes_max: usize,
    },
    /// What came is not HTTP/1.1, or has heads beyond all bounds.
    Protocol {
        /// Host and port.
        target: String,
        /// What is wrong.
        reason: String,
    },
}

impl OutboundError {
    pub(super) fn of_hyper(target: &Target, error: &hyper::Error) -> Self {
        let target = target.to_string();
        let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
        let ended = cause.is_some_and(|cause| {
            use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
            matches!(cause.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
        });
        if ended || error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            return OutboundError::Reset { target };
        }
        OutboundError::Protocol { target, reason: causes(error) }
    }
}

impl fmt::Display for OutboundError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutboundError::Address(reason) => write!(f, "the address cannot be used: {reason}"),
            OutboundError::Forbidden { target, reason } => write!(f, "{target}: {reason}"),
            OutboundError::Name { target, reason } => {
                write!(f, "{target}: the name was not resolved: {reason}")
            }
            OutboundError::Refused { target, reason } => {
                write!(f, "{target}: no connection: {reason}")
            }
            OutboundError::Reset { target } => {
                write!(f, "{target}: the connection was closed before the answer was complete")
            }
            OutboundError::Tls { target, reason } => {
                write!(f, "{target}: the TLS handshake failed: {reason}")
            }
            OutboundError::TimedOut { target, after } => {
                write!(f, "{target}: no whole answer within {} ms", after.as_millis())
            }
            OutboundError::TooLarge { target, bytes_max } => {
                write!(f, "{target}: the answer is larger than {bytes_max} bytes")
            }
            OutboundError::Protocol { target, reason } => {
                write!(f, "{target}: the answer is not valid: {reason}")
            }
        }
    }
}

impl Error for OutboundError {}

/// An error with what caused it.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
