//! Requests, responses and error codes of every operation: data only.
//!
//! Owns: one file for each operation's shapes (`ops` for Data Streams, `firehose`), each shape's constraints as data
//! (`shape`), and the two ways between a typed value and any protocol (`Value` in, `Sink` out).
//! Must never: parse or print a protocol, or decide what an operation means.
#![forbid(unsafe_code)]

mod blob;
mod error;
pub mod firehose;
mod hot;
mod operation;
pub mod ops;
mod pattern;
mod record;
pub mod shape;
pub mod shapes;
mod sink;
mod value;

pub use blob::{Blob, InvalidBase64};
pub use error::{Error, ErrorCode};
pub use hot::{GetRecordsReply, PutEntry, PutRecordReply, PutRecordsReply, RecordAt};
pub use operation::{Operation, Service};
pub use pattern::Pattern;
pub use record::{Misfit, Record, Wire};
pub use sink::Sink;
pub use value::Value;
