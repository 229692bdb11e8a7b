//! Commands about encryption.

use minicbor::{Decode, Encode};

use super::Command;

/// A change of what is encrypted, and with which key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum EncryptionCommand {
    /// Writes a stream's records with a new data key; UPDATING.
    #[n(0)]
    Start {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The data key.
        #[n(1)]
        key: WrappedKey,
        /// When.
        #[n(2)]
        at: u64,
        /// Quota: starts in 24 hours.
        #[n(3)]
        starts_max: u64,
    },
    /// Writes a stream's records in the clear; UPDATING.
    #[n(1)]
    Stop {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The number of the data key that the sender knew to be in use.
        #[n(1)]
        from: u32,
        /// When.
        #[n(2)]
        at: u64,
        /// Quota: stops in 24 hours.
        #[n(3)]
        stops_max: u64,
    },
    /// Keeps the secrets, sealed, in place of those in the clear; a second one changes nothing.
    #[n(2)]
    SealSecrets {
        /// The master key as the vault knows it.
        #[n(0)]
        master: String,
        /// A data key, wrapped by it.
        #[cbor(n(1), with = "minicbor::bytes")]
        wrapped: Vec<u8>,
        /// The key of iterators and tokens, encrypted with the data key.
        #[cbor(n(2), with = "minicbor::bytes")]
        token_key: Vec<u8>,
    },
}

impl From<EncryptionCommand> for Command {
    fn from(command: EncryptionCommand) -> Self {
        Command::Encryption(command)
    }
}

/// A data key wrapped by a master key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WrappedKey {
    /// The master key as the user named it.
    #[n(0)]
    pub key_id: String,
    /// The master key as the vault knows it.
    #[n(1)]
    pub master: String,
    /// The data key, wrapped.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub wrapped: Vec<u8>,
}
