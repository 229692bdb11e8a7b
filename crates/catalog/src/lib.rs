//! The control plane: which streams and shards there are, and the secrets of the node's cluster.
//!
//! Owns: the state, the commands that change it and the rules they follow, all as one deterministic machine.
//! Must never: look at a clock, at randomness or at a disk while a command is applied, or hold a record.
#![forbid(unsafe_code)]

mod apply;
mod catalog;
mod command;
mod machine;
mod outcome;
mod queues;
mod state;
mod stored;
mod stream;

pub use catalog::{CATALOG_GROUP, Catalog, CatalogError};
pub use command::{Command, Reshard};
pub use machine::{CatalogMachine, fuzz_command};
pub use outcome::{Outcome, Refusal};
pub use queues::{Queue, QueueRefusal, QueueStart, QueueStatus, Queues};
pub use state::State;
pub use stream::{Shard, ShardState, Stream, StreamMode, StreamStatus};
