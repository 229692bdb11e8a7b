//! Data Firehose: delivery streams from a put to a destination, and the delivery of channels.
//!
//! Owns: the operations, intake, processing, buffers, plans and their delivery; the traits of destinations and
//! functions.
//! Must never: acknowledge a record that is not durable, forget one before it was delivered, expired or deleted with
//! its delivery stream, or know a destination's protocol.
#![forbid(unsafe_code)]

pub mod pipelines;
pub mod processing;
pub mod record;
pub mod settings;
pub mod sink;
