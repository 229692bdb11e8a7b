//! Signed calls to any AWS-compatible Kinesis endpoint, with the same `api` and `wire` as the server.
//!
//! Owns: where to call and as whom (options, environment, shared files, metadata services), connections, TLS, time-outs
//! and retries. Time and randomness are injected.
//! Must never: use a private interface of a server, print, or show a secret.
#![forbid(unsafe_code)]

mod client;
mod command_line;
mod connection;
mod credentials;
mod endpoint;
mod environment;
mod error;
mod http;
mod kinesis;
pub mod limits;
mod metadata;
mod profile;
mod retry;
mod settings;
pub mod timestamp;
mod tls;

pub use client::{Client, Parts};
pub use endpoint::Endpoint;
pub use environment::Environment;
pub use error::Error;
pub use kinesis::{ReadRecord, ReadReply, StreamListed, StreamTarget};
pub use retry::Backoff;
pub use settings::{Options, Settings};
