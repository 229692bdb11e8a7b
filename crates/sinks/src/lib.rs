//! Destinations: what takes the records and objects of delivery streams to where they belong, and the functions that
//! transform them on the way. One module each, behind the traits of `firehose`.
//!
//! Owns: the protocols of the destinations, their time-outs, and the rule of which addresses may be connected to.
//! Must never: decide what is retried or given up (it says what happened), or keep records.
#![forbid(unsafe_code)]

mod failure;
mod function;
mod http_endpoint;
pub mod objects;
mod opensearch;
pub mod outbound;
mod progress;
pub mod redshift;
mod signing;
mod splunk;
mod text;
mod wiring;

#[cfg(test)]
mod samples;

pub use function::FunctionSettings;
pub use http_endpoint::fuzz_http_endpoint;
pub use opensearch::{SearchCluster, SearchIdentity, fuzz_bulk};
pub use signing::Identity;
pub use splunk::fuzz_splunk;
pub use wiring::{Declared, Outside, Parts};

use millstream_firehose::sink::RecordId;

/// A record's name as destinations and error objects show it: log, position, part.
fn record_name(id: &RecordId) -> String {
    format!("{}.{}.{}", id.log, id.position, id.part)
}
