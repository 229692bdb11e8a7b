//! The durable log that the data plane and the control plane stand on.
//!
//! Owns: the `Log` trait with its rules (`contract`), and the embedded engine behind it.
//! Must never: know what a record, a shard or a stream is, or look inside a payload.
#![forbid(unsafe_code)]

mod block;
mod cache;
mod change;
mod codec;
mod commit;
mod commit_build;
mod contract;
mod damages;
pub mod disk;
mod engine;
mod expiry;
#[cfg(test)]
mod faults;
mod footer;
mod format;
mod frame;
mod fsck;
mod fuzz;
mod gather;
mod inspection;
pub mod limits;
mod locate;
mod metrics;
mod notify;
mod open_index;
mod options;
mod pool;
mod queue;
mod reader;
mod recovery;
mod rewrite;
mod scan;
mod sealing;
mod segment;
mod set;
mod shared;
mod sound;
mod tables;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
mod upkeep;
mod wait;

#[doc(hidden)]
pub use commit_build::CommitStages;
pub use contract::{
    Ack, AckMany, Appended, Appender, Batch, Bounds, Class, End, Fut, GroupId, GroupSpec, Log,
    LogError, LogId, Outcomes, Position, Read, ReadBatch, ack_many,
};
pub use disk::{Disk, DiskFile, EphemeralDisk, RealDisk};
pub use engine::Engine;
pub use format::{FORMAT_NEWEST, FORMAT_OLDEST, finalize, format_of, was_used};
pub use frame::{Frame, FramePool, HEADER_ROOM, Part, PartSpec};
pub use fsck::{FsckReport, fsck};
pub use fuzz::fuzz_log;
pub use inspection::Inspection;
pub use metrics::LogCounters;
pub use options::{Damage, Health, OpenError, Options, RecoveryReport};
pub use sound::{DamagedPlace, read_sound};
