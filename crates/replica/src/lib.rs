//! Deterministic state machines replayed from a log: the one way to keep state.
//!
//! Owns: `Replica` (submit, barrier, snapshots) over the two logs of a group, the `Machine` trait, the envelope that a
//! command travels in, and `Placement` (who serves a log).
//! Must never: know what a command means, let a machine see a clock, randomness or I/O, or assume that this replica is
//! the only one that writes to its log.
#![forbid(unsafe_code)]

mod counters;
mod driver;
mod envelope;
mod error;
mod ledger;
pub mod limits;
mod machine;
mod placement;
mod replica;
mod snapshot;

pub use counters::ReplicaCounters;
pub use envelope::fuzz_envelopes;
pub use error::ReplicaError;
pub use machine::{Machine, Slice};
// What a machine's state names of the log: who keeps state needs no other part of it.
pub use millstream_log::{GroupId, Log, Position};
pub use placement::{NodeId, Placement, Route, SingleNode, Term};
pub use replica::{Replica, ReplicaSetup, Settings};
