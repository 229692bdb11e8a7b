//! The durable log that the data plane and the control plane stand on.
//!
//! Owns: the `Log` trait with its rules (`contract`), and the embedded engine behind it.
//! Must never: know what a record, a shard or a stream is, or look inside a payload.
#![forbid(unsafe_code)]

mod contract;
mod frame;
pub mod limits;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

pub use contract::{
    Ack, AckMany, Appended, Appender, Batch, Bounds, Class, End, Fut, GroupId, GroupSpec, Log,
    LogError, LogId, Outcomes, Position, Read, ReadBatch, ack_many,
};
pub use frame::{Frame, FramePool, HEADER_ROOM, Part, PartSpec};
