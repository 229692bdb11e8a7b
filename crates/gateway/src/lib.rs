//! The one endpoint: listener, TLS, limits on everything that comes in, and the way from a target to a service.
//!
//! Owns: connections and their protocols, authentication of requests, the `Caller`, error replies, the Prometheus page.
//! Must never: decide what an operation means, or touch files.
#![forbid(unsafe_code)]

mod absent;
mod arriving;
mod body;
mod connection;
mod counters;
mod dev;
mod dispatch;
mod dispatch_firehose;
mod faults;
mod framing;
mod host;
mod ids;
mod limits;
mod listener;
mod pages;
mod prometheus;
mod push;
mod reply;
mod rewind;
mod s3;
mod service;
mod signature;
mod stream_task;
mod watched;

pub use counters::GatewayCounters;
pub use dev::{DevApi, DevReply};
pub use framing::fuzz_framing;
pub use host::HostRules;
pub use limits::HttpLimits;
pub use listener::{Listener, serve};
pub use s3::{fuzz_chunks, fuzz_xml, sum_of};
pub use service::{AuthMode, Gateway, Parts};
