//! Transformation by a function: AWS's contract, without the call itself.
//!
//! A [`Batch`] of pieces becomes a request (`request`); the answer is settled record by record (`reply`). What the
//! function answered stands, however malformed it is; a call that failed is made again until [`Calls`] says that it is
//! enough, and then all its records have failed.
//!
//! Source: the developer guide, "Transform source data"; messages and the finality of a malformed answer as observed on
//! the service.

mod batch;
mod calls;
mod reply;
mod request;
mod settle;

pub use batch::{Batch, batches};
pub use calls::{Calls, Next};
pub use request::Invocation;
pub use settle::Transformed;

pub(super) use reply::read as read_reply;

/// The code of a function that was called and failed, and its message.
const FUNCTION_ERROR: (&str, &str) = (
    "Lambda.FunctionError",
    "The Lambda function was successfully invoked but it returned an error result.",
);

/// How the request and the reply name a record: digits only, always the same for the same record, and in the order of
/// a source log's records.
fn record_id_text(id: crate::record::RecordId) -> String {
    format!("{:010}{:020}{:06}", id.log, id.position, id.part)
}
