//! What is done to records between source and buffer, in AWS's order: taking KPL aggregates apart, decompression,
//! messages of CloudWatch Logs, taking records apart, a function, partition values by JQ, the delimiter.
//!
//! Pure: no clock, no randomness, no I/O. What a function answers is given, and the same record yields the same parts
//! with the same ids whenever it is asked for again.

mod chain;
pub mod error_document;
pub mod function;
mod fuzz;
pub mod limits;
pub mod query;

pub use chain::{Before, Chain, Finished};
pub use fuzz::{fuzz_function_reply, fuzz_jq};

use bytes::Bytes;

use crate::record::{PartitionValues, SourceRecord};

/// A record within processing: a part of what came in, on its way through the function and the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The record as it is now. Its id's part tells the pieces of one source record apart.
    pub record: SourceRecord,
    /// What error objects show as its raw data: as it was before the function, and before decompression.
    pub raw: Bytes,
    /// Values that the function returned for prefixes.
    pub partition: PartitionValues,
}
