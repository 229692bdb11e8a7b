//! How objects are encrypted at rest: what is asked for, what a file says of it, and the key to it.
//!
//! Decision 0330 has the scheme, `docs/formats/buckets.md` the layout.

use std::fmt;

use millstream_types::{AccountId, Region};
use millstream_vault::{ChunkOpener, ChunkSealer, DataKey, FILE_SALT_BYTES, Owner, TAG_BYTES};
use minicbor::{Decode, Encode};

use crate::names::{BucketName, Key};

/// Bytes of a chunk in the clear; the last of a file may have less.
pub(crate) const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of a chunk in a file.
pub(crate) const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;

/// The encryption that a request or a bucket asks for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Encryption {
    /// By a key of the store's own (SSE-S3, `AES256`).
    #[n(0)]
    Managed,
    /// By a master key that has a name (SSE-KMS, `aws:kms`), as it was given; S3's own if none was.
    #[n(1)]
    Kms(#[n(0)] Option<String>),
}

/// The encryption that a request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Which; as the bucket has it by default if it says nothing.
    pub encryption: Option<Encryption>,
    /// Whether objects share a data key for a while (S3 Bucket Keys); as the bucket has it if it says nothing.
    pub bucket_key: Option<bool>,
}

/// How a bucket's objects are encrypted that do not say it themselves.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DefaultEncryption {
    /// Which.
    #[n(0)]
    pub encryption: Encryption,
    /// Whether objects that a named key encrypts share a data key for a while (S3 Bucket Keys).
    #[n(1)]
    pub bucket_key: bool,
}

/// How an object is encrypted, as its file says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Sealed {
    /// The master key's ARN (SSE-KMS); none if it is the store's own (SSE-S3).
    #[n(0)]
    pub key_arn: Option<String>,
    /// The master key's one name.
    #[n(1)]
    pub(crate) master: String,
    /// The data key as it is stored.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) wrapped: Vec<u8>,
    /// Whose the master key is.
    #[n(3)]
    pub(crate) account: u64,
    #[n(4)]
    pub(crate) region: String,
    /// Whether the data key is one that objects of the bucket share.
    #[n(5)]
    pub bucket_key: bool,
}

impl Sealed {
    /// On whose behalf the master key is used; `None` if the file does not say it right.
    pub(crate) fn owner(&self, bucket: &BucketName, key: &Key) -> Option<Owner> {
        let account = AccountId::from_u64(self.account).ok()?;
        let region: Region = self.region.parse().ok()?;
        let context = context_of(&region, bucket, key, self.bucket_key);
        Some(Owner { account, region, context })
    }
}

/// What a data key is bound to: the ARN of the bucket whose objects share it, or that of its one object.
pub(crate) fn context_of(
    region: &Region,
    bucket: &BucketName,
    key: &Key,
    is_shared: bool,
) -> String {
    match is_shared {
        true => format!("arn:{}:s3:::{bucket}", region.partition()),
        false => arn_of(region, bucket, key),
    }
}

/// The ARN of an object.
pub(crate) fn arn_of(region: &Region, bucket: &BucketName, key: &Key) -> String {
    format!("arn:{}:s3:::{bucket}/{key}", region.partition())
}

/// Whether an ARN is an object's, in whatever partition.
pub(crate) fn is_arn_of(arn: &str, bucket: &BucketName, key: &Key) -> bool {
    arn.split_once(":::").is_some_and(|(_, object)| object == format!("{bucket}/{key}"))
}

/// What a file is to its object. Files of another role do not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The object itself.
    Object,
    /// A part of an upload, by its number.
    Part(u32),
}

/// The key to an object, or to an upload in parts and the object that it becomes.
#[derive(Clone)]
pub struct Sealing {
    pub(crate) sealed: Sealed,
    pub(crate) key: DataKey,
    /// The ARN of the object.
    pub(crate) arn: String,
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealing({})", self.arn)
    }
}

impl Sealing {
    /// How what is written with it is encrypted.
    pub fn sealed(&self) -> &Sealed {
        &self.sealed
    }

    pub(crate) fn sealer(&self, role: Role, random: &dyn millstream_types::Random) -> ChunkSealer {
        ChunkSealer::new(&self.key, &self.identity(role), random)
    }

    pub(crate) fn opener(&self, role: Role, salt: &[u8; FILE_SALT_BYTES]) -> ChunkOpener {
        ChunkOpener::new(&self.key, &self.identity(role), salt)
    }

    fn identity(&self, role: Role) -> String {
        match role {
            Role::Object => format!("object {}", self.arn),
            Role::Part(number) => format!("part {number} {}", self.arn),
        }
    }
}

/// Bytes that so many take when they are sealed; `None` for more than a file can have.
pub(crate) fn sealed_bytes(bytes: u64) -> Option<u64> {
    let tags = bytes.div_ceil(CHUNK_BYTES as u64).checked_mul(TAG_BYTES as u64)?;
    bytes.checked_add(tags)
}
