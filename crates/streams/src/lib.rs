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
mod change_errors;
mod channels;
mod consumer_errors;
mod consumers;
mod date;
mod declare;
mod delivery;
mod describe;
mod distribution;
mod encryption;
mod errors;
mod fan_out;
mod lifecycle;
pub mod limits;
mod metrics;
mod next_token;
mod ops;
mod owner;
mod planning;
mod put;
mod put_failures;
mod put_faults;
mod queue;
mod rates;
mod reset;
mod resolve;
mod resource;
mod resource_errors;
mod routing;
mod runtime;
mod scaling;
mod service;
mod shard_metrics;
mod shard_reader;
mod shard_series;
mod tags;
mod token;

pub use bucket::Bucket;
pub use caller::Caller;
pub use declare::{Declaration, Declared};
pub use delivery::{Delivery, DeliveryFailure, DeliveryStep, NoDelivery};
pub use fan_out::{EventEncoder, PushEvent, Stalled, Subscription};
pub use lifecycle::Lifecycle;
pub use limits::Limits;
pub use ops::get_records::HeldReply;
#[doc(hidden)]
pub use put::{AdmittedRecords, PutStages, RoutedRecords};
pub use queue::{Delivery as QueueDelivery, HeldQueueRecords, fuzz_queue};
pub use service::{Parts, Streams};
pub use shard_reader::{ShardReadError, ShardReader, ShardRecord, ShardStretch};
pub use shard_series::{Point, Statistics};
pub use token::fuzz_token;
