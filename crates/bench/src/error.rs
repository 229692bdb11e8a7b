//! What can go wrong in a run.

use std::fmt;

use crate::json::Malformed;

/// Why a run has no figures, or none to be trusted.
#[derive(Debug)]
pub enum Error {
    /// The endpoint is not `http://HOST:PORT`, or HOST has no address.
    Endpoint(String),
    /// An option, or two together, make no sense.
    Options(String),
    /// The system gave no randomness.
    Randomness,
    /// A socket failed.
    Io(std::io::Error),
    /// A thread of the generator ended without a result.
    ThreadLost,
    /// The server answered something that is not HTTP/1.1 with a length.
    NotHttp(String),
    /// A reply that should have been JSON of a known shape was not.
    Reply(String),
    /// The server refused a call that the run needs.
    Refused {
        /// The operation.
        call: String,
        /// The HTTP status.
        status: u16,
        /// The reply's body, shortened.
        body: String,
    },
    /// The stream did not become ACTIVE in time.
    NotActive(String),
    /// What was put was not delivered in this time.
    NotDelivered(std::time::Duration),
    /// A request got no reply in time.
    Silent,
    /// Too many requests failed; the first one's reply.
    TooManyFaults(String),
    /// No request succeeded; why the first did not.
    Nothing(String),
    /// What was read back is not what was acknowledged.
    ReadBack(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Endpoint(given) => write!(f, "{given}: not an endpoint like http://HOST:PORT"),
            Error::Options(why) => write!(f, "{why}"),
            Error::Randomness => write!(f, "the system gives no random bytes"),
            Error::Io(error) => write!(f, "{error}"),
            Error::ThreadLost => write!(f, "a generator thread ended without a result"),
            Error::NotHttp(what) => write!(f, "not an HTTP/1.1 reply with a length: {what}"),
            Error::Reply(what) => write!(f, "a reply that is not what was asked for: {what}"),
            Error::Refused { call, status, body } => write!(f, "{call}: HTTP {status}: {body}"),
            Error::NotActive(stream) => write!(f, "stream {stream} does not become ACTIVE"),
            Error::NotDelivered(limit) => write!(f, "not all is delivered after {limit:?}"),
            Error::Silent => {
                write!(f, "a request got no reply for {:?}", crate::limits::REPLY_WAIT)
            }
            Error::TooManyFaults(first) => {
                write!(f, "too many failed requests; the first: {first}")
            }
            Error::Nothing(why) => write!(f, "nothing succeeded, so there are no figures: {why}"),
            Error::ReadBack(what) => write!(f, "read back other than acknowledged: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::Io(error)
    }
}

impl From<Malformed> for Error {
    fn from(_: Malformed) -> Self {
        Error::Reply("malformed JSON".to_owned())
    }
}

/// The beginning of a reply's body, for messages.
pub fn shortened(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(300)]);
    text.replace(['\r', '\n'], " ")
}
