//! Data Firehose: delivery streams from a put to a destination, and the delivery of channels.
//!
//! Owns: the operations, intake, processing, buffers, plans and their delivery; the traits of destinations and
//! functions.
//! Must never: acknowledge a record that is not durable, forget one before it was delivered, expired or deleted with
//! its delivery stream, or know a destination's protocol.
#![forbid(unsafe_code)]

mod configuration;
mod describe;
mod destinations;
mod errors;
mod lifecycle;
mod ops;
pub mod pipelines;
pub mod processing;
mod quotas;
mod rates;
pub mod record;
mod reset;
mod service;
pub mod settings;
pub mod sink;

pub use destinations::Destinations;
pub use lifecycle::Lifecycle;
pub use quotas::Limits;
pub use rates::PutRates;
pub use service::{Firehose, Parts};
