//! Commands about delivery streams. `group` is that of a delivery stream's data logs.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::{Command, WrappedKey};
use crate::delivery_streams::{DeliveryDestination, DeliveryFailure};

/// A change of a delivery stream.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum DeliveryStreamCommand {
    /// Makes a delivery stream, CREATING.
    #[n(0)]
    Create(#[n(0)] Box<NewDeliveryStream>),
    /// CREATING becomes ACTIVE or CREATING_FAILED; DELETING becomes DELETING_FAILED.
    #[n(1)]
    Settle {
        /// The delivery stream.
        #[n(0)]
        group: u64,
        /// Why it failed; absent if it did not.
        #[n(1)]
        failure: Option<DeliveryFailure>,
        /// When.
        #[n(2)]
        at: u64,
    },
    /// Replaces the destination of an ACTIVE delivery stream.
    #[n(2)]
    Update {
        /// The delivery stream.
        #[n(0)]
        group: u64,
        /// The version that the sender knew.
        #[n(1)]
        from: u64,
        /// Where records go from now on.
        #[n(2)]
        destination: Box<DeliveryDestination>,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// DELETING, unless it is CREATING.
    #[n(3)]
    Delete {
        /// The delivery stream.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// A delivery stream that is DELETING is gone.
    #[n(4)]
    Remove {
        /// The delivery stream.
        #[n(0)]
        group: u64,
    },
    /// Adds or replaces tags.
    #[n(5)]
    Tag {
        /// The delivery stream.
        #[n(0)]
        group: u64,
        /// Tags.
        #[n(1)]
        tags: BTreeMap<String, String>,
        /// Quota: tags of a delivery stream.
        #[n(2)]
        tags_max: u64,
    },
    /// Removes tags; those that are not there are no error.
    #[n(6)]
    Untag {
        /// The delivery stream.
        #[n(0)]
        group: u64,
        /// Keys.
        #[n(1)]
        keys: Vec<String>,
    },
    /// Begins to switch encryption on, to another key, or off.
    #[n(7)]
    SetEncryption {
        /// The delivery stream.
        #[n(0)]
        group: u64,
        /// The new data key; absent to switch it off.
        #[n(1)]
        key: Option<WrappedKey>,
        /// When.
        #[n(2)]
        at: u64,
        /// Quota: starts and stops in 24 hours.
        #[n(3)]
        calls_max: u64,
    },
    /// Ends a change of encryption.
    #[n(8)]
    SettleEncryption {
        /// The delivery stream.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// The stream that was the source is gone, and another of its name is the source from now on.
    #[n(9)]
    Rebind {
        /// The delivery stream.
        #[n(0)]
        group: u64,
        /// The group of the stream that is there now.
        #[n(1)]
        stream: u64,
    },
}

impl From<DeliveryStreamCommand> for Command {
    fn from(command: DeliveryStreamCommand) -> Self {
        Command::DeliveryStream(command)
    }
}

/// A delivery stream that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NewDeliveryStream {
    /// Account, as a number.
    #[n(0)]
    pub account: u64,
    /// Region.
    #[n(1)]
    pub region: String,
    /// Name.
    #[n(2)]
    pub name: String,
    /// Where its records come from.
    #[n(3)]
    pub source: NewDeliverySource,
    /// Where they go.
    #[n(4)]
    pub destination: DeliveryDestination,
    /// Tags.
    #[n(5)]
    pub tags: BTreeMap<String, String>,
    /// A data key, if it is to be encrypted from the beginning.
    #[n(6)]
    pub key: Option<WrappedKey>,
    /// When.
    #[n(7)]
    pub at: u64,
    /// Quota: delivery streams of the account and region.
    #[n(8)]
    pub delivery_streams_max: u64,
}

/// Where the records of a new delivery stream come from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum NewDeliverySource {
    /// Puts.
    #[n(0)]
    DirectPut {
        /// The throughput that is expected, in MiB/s.
        #[n(0)]
        throughput_hint_mibps: Option<u32>,
    },
    /// A Kinesis stream.
    #[n(1)]
    KinesisStream {
        /// Its group.
        #[n(0)]
        group: u64,
        /// The role that reads it.
        #[n(1)]
        role_arn: String,
        /// Records that arrived before this are not read.
        #[n(2)]
        start: u64,
    },
}

/// A secret as it may be stored: a data key wrapped by a master key, and what it encrypts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SealedSecret {
    /// The master key as the vault knows it.
    #[n(0)]
    pub master: String,
    /// The data key, wrapped.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub wrapped: Vec<u8>,
    /// The secret, encrypted with the data key.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}
