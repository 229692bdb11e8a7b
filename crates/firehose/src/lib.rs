//! Data Firehose: delivery streams from a put to a destination, and the delivery of channels.
//!
//! Owns: the operations, intake, processing, buffers, plans and their delivery; the traits of destinations and
//! functions.
//! Must never: acknowledge a record that is not durable, forget one before it was delivered, expired or deleted with
//! its delivery stream, or know a destination's protocol.
#![forbid(unsafe_code)]

mod budget;
mod channels;
mod compiled;
mod computing;
mod configuration;
mod context;
mod counted;
mod deliver;
mod deliveries;
mod describe;
mod destinations;
mod discarded;
pub mod envelope;
mod errors;
pub mod intake;
mod journal;
mod lane;
mod lifecycle;
pub mod limits;
mod machine;
mod metrics;
mod names;
mod ops;
mod outward;
mod patience;
mod pilot;
pub mod pipelines;
mod processed;
pub mod processing;
mod quotas;
mod ranges;
mod rates;
mod reader;
mod rebased;
pub mod record;
mod reset;
mod runtime;
mod service;
pub mod settings;
pub mod sink;
pub mod source;
pub mod stream_source;
mod telling;
mod worker;

pub use computing::computing_threads;
pub use context::RecordCheck;
pub use deliveries::{Deliveries, DeliveryParts};
pub use journal::Logged;
pub use lifecycle::Lifecycle;
pub use machine::{PROCESSED, Totals, fuzz_delivery};
pub use metrics::{LaneCounters, PipelineCounters};
pub use processed::{INTAKE_LOG, PROCESSED_LOG, fuzz_block};
pub use quotas::Limits;
pub use rates::PutRates;
pub use runtime::{
    Configuration, DocumentFuture, Documents, Pipeline, PipelineError, PipelineParts,
    PipelineStatus, RuntimeParts, Runtimes,
};
pub use service::{Firehose, Parts};
