//! Data Streams: shards, limits, put, get, resharding.
//!
//! Owns: what each operation means (`ops`, a file for each), the shards' limits, iterators, the background service that
//! finishes changes (`lifecycle`).
//! Must never: see HTTP, JSON or credentials; touch files; keep state that a restart would lose, save limits and
//! counts.
//!
//! An operation is a method `async fn operation_name(&self, caller: &Caller, input: …Input) -> Result<…Output, Error>`
//! of [`Streams`] (`()` where the model has no output): resolve the resource, ask `caller.may`, check, act, answer.
#![forbid(unsafe_code)]

mod blocks;
mod bucket;
mod caller;
mod change;
mod date;
mod describe;
mod errors;
mod lifecycle;
pub mod limits;
mod metrics;
mod ops;
mod owner;
mod put;
mod queue;
mod rates;
mod resolve;
mod routing;
mod runtime;
mod service;
mod tags;
mod token;

pub use caller::Caller;
pub use lifecycle::Lifecycle;
pub use limits::Limits;
pub use ops::get_records::HeldReply;
pub use queue::{HeldQueueRecords, fuzz_queue};
pub use service::{Parts, Streams};
pub use token::fuzz_token;
