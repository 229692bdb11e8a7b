//! Names, numbers and clocks that every other crate speaks in.
//!
//! Owns: the validated identifiers of the service (`StreamName`, `StreamArn`, `ShardId`, `HashKey`, `SequenceNumber`,
//! …), service time (`Millis`, `Clock`) and randomness (`Random`). A value of these types can only be built valid.
//! Must never: do I/O, know HTTP or JSON, or depend on another crate of the workspace.
#![forbid(unsafe_code)]

mod adjustable;
mod arn;
mod calendar;
mod clock;
mod delivery_stream_arn;
mod fuzz;
mod hash_key;
mod names;
mod random;
mod resource_arn;
mod resource_names;
mod sequence;
mod shard;

pub use adjustable::{AdjustableClock, ClockReading, NotForward};
pub use arn::{ArnError, StreamArn};
pub use calendar::{Date, MONTHS, WEEKDAYS};
pub use clock::{Clock, JumpHook, ManualClock, Millis, SystemClock};
pub use delivery_stream_arn::DeliveryStreamArn;
pub use fuzz::fuzz_texts;
pub use hash_key::{HashKey, HashKeyRange, InvalidHashKey};
pub use names::{AccountId, InvalidName, Region, StreamName};
pub use random::{Random, SeededRandom};
pub use resource_arn::{ChannelArn, ConsumerArn, QueueArn, ResourceArn};
pub use resource_names::{
    ChannelId, ChannelName, ConsumerName, DeliveryStreamName, QueueId, QueueName,
};
pub use sequence::{InvalidSequenceNumber, SequenceDigits, SequenceNumber};
pub use shard::{InvalidShardId, ShardId};
