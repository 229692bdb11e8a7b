//! Names, numbers and clocks that every other crate speaks in.
//!
//! Owns: the validated identifiers of the service (`StreamName`, `StreamArn`, `ShardId`, `HashKey`, `SequenceNumber`,
//! …), service time (`Millis`, `Clock`) and randomness (`Random`). A value of these types can only be built valid.
//! Must never: do I/O, know HTTP or JSON, or depend on another crate of the workspace.
#![forbid(unsafe_code)]

mod arn;
mod clock;
mod fuzz;
mod hash_key;
mod names;
mod queue;
mod random;
mod sequence;
mod shard;

pub use arn::{ArnError, StreamArn};
pub use clock::{Clock, ManualClock, Millis, SystemClock};
pub use fuzz::fuzz_texts;
pub use hash_key::{HashKey, HashKeyRange, InvalidHashKey};
pub use names::{AccountId, InvalidName, Region, StreamName};
pub use queue::{QueueArn, QueueId, QueueName};
pub use random::{Random, SeededRandom};
pub use sequence::{InvalidSequenceNumber, SequenceDigits, SequenceNumber};
pub use shard::{InvalidShardId, ShardId};
