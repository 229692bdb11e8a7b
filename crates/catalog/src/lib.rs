//! The control plane: which streams and shards there are, and the secrets of the node's cluster.
//!
//! Owns: the state, the commands that change it and the rules they follow, all as one deterministic machine.
//! Must never: look at a clock, at randomness or at a disk while a command is applied, or hold a record.
#![forbid(unsafe_code)]

mod apply;
mod capacity;
mod catalog;
mod channel_settings;
mod channels;
mod command;
mod commitment;
mod consumers;
mod delivery_streams;
mod encryption;
mod lifecycle;
mod machine;
mod outcome;
mod queues;
mod reshard;
mod resources;
mod scaling;
mod settings;
mod shard_metrics;
mod state;
mod stored;
mod stored_encryption;
mod stream;

pub use capacity::{Capacity, PEAK_DAYS, Scaling, may_scale, plan_scaling};
pub use catalog::{CATALOG_GROUP, Catalog, CatalogError};
pub use channel_settings::{
    ChannelLogs, ChannelSettings, Compression, DeadLetters, RecordFormat, StorageClass,
};
pub use channels::{Channel, ChannelLogGroups, ChannelRefusal, ChannelStatus};
pub use command::{
    CapacityCommand, ChannelCommand, Command, ConsumerCommand, DeliveryStreamCommand,
    EncryptionCommand, NewChannel, NewDeliverySource, NewDeliveryStream, NewQueue, QueueCommand,
    Reshard, ScalingPlan, SealedSecret, SettingsCommand, WrappedKey,
};
pub use commitment::{COMMITMENT_HOLDS, Commitment, CommitmentStatus};
pub use consumers::{Consumer, ConsumerStatus, Consumers};
pub use delivery_streams::{
    DeliveryDestination, DeliveryEncryption, DeliveryEncryptionStatus, DeliveryFailure,
    DeliverySource, DeliveryStream, DeliveryStreamRefusal, DeliveryStreamStatus, DeliveryStreams,
    DestinationKind, KinesisSource,
};
pub use encryption::{Encryption, SealedSecrets, StreamKey, Turn};
pub use machine::{CatalogMachine, fuzz_command};
pub use outcome::{CapacityRefusal, Outcome, Refusal};
pub use queues::{Queue, QueueRefusal, QueueStart, QueueStatus, Queues};
pub use resources::ResourceId;
pub use shard_metrics::{ShardMetric, ShardMetrics};
pub use state::State;
pub use stream::{Shard, ShardState, Stream, StreamMode, StreamStatus};
