//! Commands: everything that changes the catalog. Times and ids are in them; limits too, so that a replay decides the
//! same whatever the configuration says by then. What is about a stream's life and shards is here; each other family
//! is an enum of its own.
//!
//! The encoding is CBOR with numbered fields: new fields get new numbers, old ones are never reused.

mod capacity;
mod channel;
mod consumer;
mod delivery_stream;
mod encryption;
mod queue;
mod settings;

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

pub use capacity::{CapacityCommand, ScalingPlan};
pub use channel::{ChannelCommand, NewChannel};
pub use consumer::ConsumerCommand;
pub use delivery_stream::{
    DeliveryStreamCommand, NewDeliverySource, NewDeliveryStream, SealedSecret,
};
pub use encryption::{EncryptionCommand, WrappedKey};
pub use queue::{NewQueue, QueueCommand};
pub use settings::SettingsCommand;

/// A change. Times are milliseconds of service time; `group` names a stream.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Command {
    /// Makes the secrets, once; a second one changes nothing.
    #[n(0)]
    InitSecrets {
        /// Key of iterators and tokens.
        #[cbor(n(0), with = "minicbor::bytes")]
        token_key: Vec<u8>,
    },
    /// Makes a stream, CREATING.
    #[n(1)]
    CreateStream {
        /// Account, as a number.
        #[n(0)]
        account: u64,
        /// Region.
        #[n(1)]
        region: String,
        /// Name.
        #[n(2)]
        name: String,
        /// How many shards.
        #[n(3)]
        shard_count: u32,
        /// Largest record.
        #[n(4)]
        max_record_size_kib: u32,
        /// Tags.
        #[n(5)]
        tags: BTreeMap<String, String>,
        /// When.
        #[n(6)]
        at: u64,
        /// Quota: open shards of the account and region.
        #[n(7)]
        shards_max: u64,
        /// Quota: streams of the account and region.
        #[n(8)]
        streams_max: u64,
        /// Quota: streams being created at once in the account and region.
        #[n(9)]
        creating_max: u64,
        /// How long records are kept, in hours; the default if absent.
        #[n(10)]
        retention_hours: Option<u32>,
    },
    /// CREATING or UPDATING becomes ACTIVE. Does nothing while shards are being changed.
    #[n(2)]
    Activate {
        /// The stream.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// ACTIVE becomes DELETING.
    #[n(3)]
    DeleteStream {
        /// The stream.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// A stream that is DELETING is gone.
    #[n(4)]
    RemoveStream {
        /// The stream.
        #[n(0)]
        group: u64,
    },
    /// Changes the retention; UPDATING.
    #[n(5)]
    SetRetention {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Hours.
        #[n(1)]
        hours: u32,
        /// When.
        #[n(2)]
        at: u64,
        /// The retention that the sender knew, in hours: if it is another by now, the direction may be wrong.
        #[n(3)]
        from_hours: u32,
    },
    /// Adds or replaces tags.
    #[n(6)]
    AddTags {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Tags.
        #[n(1)]
        tags: BTreeMap<String, String>,
        /// Quota: tags of a stream.
        #[n(2)]
        tags_max: u64,
    },
    /// Removes tags; those that are not there are no error.
    #[n(7)]
    RemoveTags {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Keys.
        #[n(1)]
        keys: Vec<String>,
    },
    /// Begins to change shards: parents are closing, children are reserved; UPDATING.
    #[n(8)]
    BeginReshard {
        /// The stream.
        #[n(0)]
        group: u64,
        /// What is changed.
        #[n(1)]
        reshard: Reshard,
        /// When.
        #[n(2)]
        at: u64,
        /// Quota: open shards of the account and region.
        #[n(3)]
        shards_max: u64,
    },
    /// The parents are sealed: their ends, in the order of `BeginReshard`. The children open.
    #[n(9)]
    FinishReshard {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Positions after the parents' last records.
        #[n(1)]
        ends: Vec<u64>,
        /// When.
        #[n(2)]
        at: u64,
    },
    /// Closed shards whose children started at or before `before` hold nothing any more.
    #[n(10)]
    ExpireShards {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The oldest time that the retention still shows.
        #[n(1)]
        before: u64,
    },
    /// ACTIVE becomes DELETING, and all consumers with it.
    #[n(11)]
    DeleteStreamWithConsumers {
        /// The stream.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// A clock that was ahead left an `expired_before` above `at`: it goes back to what the retention says now.
    #[n(12)]
    ReturnHorizon {
        /// The stream.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// About a consumer.
    #[n(20)]
    Consumer(#[n(0)] ConsumerCommand),
    /// About modes and numbers of shards.
    #[n(30)]
    Capacity(#[n(0)] CapacityCommand),
    /// About encryption.
    #[n(40)]
    Encryption(#[n(0)] EncryptionCommand),
    /// About a queue.
    #[n(50)]
    Queue(#[n(0)] QueueCommand),
    /// About monitoring, sizes, tags and policies.
    #[n(60)]
    Settings(#[n(0)] SettingsCommand),
    /// About a channel.
    #[n(65)]
    Channel(#[n(0)] ChannelCommand),
    /// About a delivery stream.
    #[n(70)]
    DeliveryStream(#[n(0)] DeliveryStreamCommand),
}

/// A change of shards.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reshard {
    /// One becomes two.
    #[n(0)]
    Split {
        /// The shard.
        #[n(0)]
        shard: u32,
        /// Where the upper child begins: big-endian.
        #[cbor(n(1), with = "minicbor::bytes")]
        new_start: [u8; 16],
    },
    /// Two become one.
    #[n(1)]
    Merge {
        /// One.
        #[n(0)]
        shard: u32,
        /// The one beside it.
        #[n(1)]
        adjacent: u32,
    },
}
