//! How a channel delivers, as commands and snapshots hold it.

use minicbor::{Decode, Encode};

/// How a channel delivers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ChannelSettings {
    /// The role that delivers.
    #[n(0)]
    pub role_arn: String,
    /// The format of the records.
    #[n(1)]
    pub format: RecordFormat,
    /// Their schema.
    #[n(2)]
    pub schema_arn: Option<String>,
    /// How old records may be when they are delivered, in seconds.
    #[n(3)]
    pub freshness_seconds: u32,
    /// Where objects are written.
    #[n(4)]
    pub bucket_arn: String,
    /// The account that must own the bucket.
    #[n(5)]
    pub bucket_owner: String,
    /// How keys are made; the default template if absent.
    #[n(6)]
    pub key_template: Option<String>,
    /// The class of storage.
    #[n(7)]
    pub storage_class: Option<StorageClass>,
    /// How objects are compressed.
    #[n(8)]
    pub compression: Compression,
    /// Where records go that cannot be delivered.
    #[n(9)]
    pub dead_letters: DeadLetters,
    /// The key that objects are encrypted with.
    #[n(10)]
    pub key_id: Option<String>,
    /// Where errors are logged.
    #[n(11)]
    pub logs: ChannelLogs,
}

/// The format of a channel's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RecordFormat {
    /// JSON with a schema of the Glue registry.
    #[n(0)]
    GsrJson,
    /// JSON.
    #[n(1)]
    Json,
    /// Text.
    #[n(2)]
    String,
    /// Bytes.
    #[n(3)]
    ByteArray,
}

/// A class of storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum StorageClass {
    /// The default.
    #[n(0)]
    Standard,
    /// Chosen by access.
    #[n(1)]
    IntelligentTiering,
    /// Archive with instant retrieval.
    #[n(2)]
    GlacierIr,
}

/// How objects are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Compression {
    /// Not at all.
    #[n(0)]
    None,
    /// gzip.
    #[n(1)]
    Gzip,
    /// Zstandard.
    #[n(2)]
    Zstd,
}

/// Where records go that cannot be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DeadLetters {
    /// The bucket.
    #[n(0)]
    pub bucket_arn: String,
    /// The account that must own the bucket.
    #[n(1)]
    pub bucket_owner: String,
    /// What the keys begin with.
    #[n(2)]
    pub prefix: Option<String>,
}

/// Where a channel's errors are logged.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ChannelLogs {
    /// Whether they are.
    #[n(0)]
    pub enabled: bool,
    /// The group of logs.
    #[n(1)]
    pub group: String,
    /// The stream of logs.
    #[n(2)]
    pub stream: String,
}
