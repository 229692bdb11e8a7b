//! Keys: data keys of streams and objects, the master keys that wrap them, the cluster's secrets.
//!
//! Owns: what a master key is (`MasterKeys`), the local ones, the cache of unwrapped data keys with its bounded life,
//! the secrets of the catalog, and the cipher of files that are sealed in chunks (the layout is their owner's).
//! Must never: do I/O (a key service is reached by the root, behind `MasterKeys`), print a key, or seal a block: that
//! is `records`' to do.
#![forbid(unsafe_code)]

mod chunks;
mod counted;
mod data_key;
mod error;
mod holder;
mod local;
mod master;
mod metrics;
mod name;
mod secrets;
mod shared;
mod vault;
mod wrap;

pub use chunks::{ChunkOpener, ChunkSealer, FILE_SALT_BYTES, TAG_BYTES};
pub use data_key::DataKey;
pub use error::{KeyError, KeyFault, VaultError};
pub use holder::KeyHolder;
pub use local::{KeyUse, LocalKey, LocalKeys};
pub use master::{Fut, Generated, MasterKeys, Owner, WithService};
pub use metrics::VaultCounters;
pub use name::{InvalidKeyName, KeyName, S3_ALIAS, SERVICE_ALIAS};
pub use vault::{CHECKED_FOR, Vault, VaultParts, check_secrets};
