//! What a delivery stream's pipeline does, with every default filled in.
//!
//! Made from the configuration's document (or from a channel's settings) when a pipeline starts and whenever the
//! configuration changes. All that is in here is valid.

mod buckets;
mod build;
mod conversion;
mod hints;
mod prefixes;
mod processing;
mod records;

use std::sync::Arc;
use std::time::Duration;

pub use build::Context;

pub use millstream_formats::compression::Compression;
use millstream_types::StreamArn;

/// The settings of one version of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The configuration's version; part of object names.
    pub version: u64,
    /// Where records come from.
    pub source: Source,
    /// The role of the destination.
    pub role_arn: Arc<str>,
    /// What is done to records, in AWS's order.
    pub processing: Processing,
    /// Where records go.
    pub destination: Destination,
    /// When the main buffer is sealed.
    pub hints: Hints,
    /// Where all records go beside the destination: those of S3 and Redshift as they came in, those of others as they
    /// are delivered.
    pub backup: Option<Backup>,
    /// Where records go that could not be processed or delivered, and when their buffer is sealed.
    pub errors: Backup,
    /// Whether and where delivery errors are logged.
    pub logging: Option<Logging>,
}

/// Where records come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// PutRecord and PutRecordBatch.
    DirectPut,
    /// A Kinesis stream.
    KinesisStream(StreamArn),
}

/// When a buffer is sealed: whatever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hints {
    /// Bytes of records before compression.
    pub bytes: u64,
    /// How long after the oldest record arrived, in service time; zero seals at once.
    pub interval: Duration,
}

/// Where records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Objects in a bucket.
    Objects(ObjectTarget),
    /// A destination that takes records; tried again for a while, then to the error output.
    Records {
        /// Which, with its own settings.
        destination: RecordDestination,
        /// How long a parcel is tried.
        retry_for: Duration,
        /// The ARN of the secret in Secrets Manager that `destination` has its own from.
        secret: Option<Arc<str>>,
        /// For a destination that loads from objects (Redshift): where they are written first.
        staging: Option<ObjectTarget>,
    },
}

/// A second place for records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The role.
    pub role_arn: Arc<str>,
    /// Where.
    pub target: ObjectTarget,
    /// When its buffer is sealed.
    pub hints: Hints,
    /// Its own logging.
    pub logging: Option<Logging>,
}

/// How objects are made and where they are put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectTarget {
    /// The bucket's name.
    pub bucket: Arc<str>,
    /// How keys begin.
    pub naming: Naming,
    /// How objects are compressed; `Uncompressed` with a conversion, which compresses by itself.
    pub compression: Compression,
    /// How they are encrypted at rest.
    pub encryption: Encryption,
    /// Conversion to columns.
    pub conversion: Option<Conversion>,
    /// The account that must own the bucket (channels).
    pub bucket_owner: Option<Arc<str>>,
    /// The class of storage (channels).
    pub storage_class: Option<&'static str>,
}

/// How keys are made. The texts are checked; `formats::naming` evaluates them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// As Firehose does.
    Firehose {
        /// `Prefix`.
        prefix: Option<Arc<str>>,
        /// `ErrorOutputPrefix`.
        error_prefix: Option<Arc<str>>,
        /// `CustomTimeZone`; UTC if absent.
        time_zone: Option<Arc<str>>,
        /// `FileExtension`: replaces what compression or format would give.
        extension: Option<Arc<str>>,
    },
    /// As channels do: a template; the default one if absent.
    Channel {
        /// The template.
        template: Option<Arc<str>>,
        /// What keys of dead letters begin with.
        dead_letter_prefix: Option<Arc<str>>,
    },
}

/// How objects are encrypted at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// `NoEncryption`, or nothing said: as the bucket does by default.
    BucketDefault,
    /// `KMSEncryptionConfig`: the key's ARN.
    Kms(Arc<str>),
}

/// What is done to records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processing {
    /// Records are gzip (of CloudWatch Logs) and are decompressed.
    pub decompress: bool,
    /// The messages of CloudWatch Logs are taken out of their envelope, a line each.
    pub extract_messages: bool,
    /// Records hold several.
    pub deaggregate: Option<Deaggregate>,
    /// A function transforms them.
    pub function: Option<Function>,
    /// Values for prefixes, by JQ.
    pub query: Option<Arc<str>>,
    /// Dynamic partitioning: one buffer for each evaluated prefix. Retry duration of its own failures, as recorded.
    pub partitioned: bool,
    /// Put after each record.
    pub delimiter: Option<Arc<[u8]>>,
}

/// How records that hold several are taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deaggregate {
    /// JSON documents, one after another.
    Json,
    /// What lies between delimiters.
    Delimited(Arc<[u8]>),
}

/// A function that transforms records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its ARN.
    pub arn: Arc<str>,
    /// The role it is called as.
    pub role_arn: Option<Arc<str>>,
    /// How often it is called again after it failed.
    pub retries: u32,
    /// When a batch is sent.
    pub hints: Hints,
}

/// Conversion to columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// The table that has the schema.
    pub table: TableName,
    /// How JSON is read. The document of `Deserializer`, as AWS's JSON.
    pub deserializer: Arc<str>,
    /// How columns are written. The document of `Serializer`, as AWS's JSON.
    pub serializer: Arc<str>,
}

/// A table of the data catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName {
    /// The catalog's id: the account's if absent.
    pub catalog: Option<Arc<str>>,
    /// The region.
    pub region: Arc<str>,
    /// The database.
    pub database: Arc<str>,
    /// The table.
    pub table: Arc<str>,
    /// The version: `LATEST` by default.
    pub version: Arc<str>,
}

/// Where delivery errors are logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// The group's name.
    pub group: Arc<str>,
    /// The stream's name.
    pub stream: Arc<str>,
}

/// A destination that takes records, with its own settings: secrets included, never to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordDestination {
    /// An HTTP endpoint.
    Http(HttpDestination),
    /// Splunk.
    Splunk(SplunkDestination),
    /// OpenSearch or Elasticsearch.
    Search(SearchDestination),
    /// Redshift, or PostgreSQL in its place.
    Redshift(RedshiftDestination),
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(pub Arc<str>);

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// An HTTP endpoint (botocore, `HttpEndpointDestinationConfiguration`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpDestination {
    /// Where.
    pub url: Arc<str>,
    /// Its name, for people.
    pub name: Option<Arc<str>>,
    /// Sent with each request.
    pub access_key: Option<SecretText>,
    /// Whether bodies are gzip.
    pub gzip: bool,
    /// Sent with each request.
    pub common_attributes: Vec<(Arc<str>, Arc<str>)>,
}

/// Splunk's HTTP event collector (botocore, `SplunkDestinationConfiguration`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplunkDestination {
    /// Where.
    pub endpoint: Arc<str>,
    /// `Event` instead of `Raw`.
    pub event: bool,
    /// The token.
    pub token: SecretText,
    /// How long an acknowledgement is waited for.
    pub acknowledgement_timeout: Duration,
}

/// OpenSearch or Elasticsearch (botocore, `AmazonopensearchserviceDestinationConfiguration`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchDestination {
    /// Whether it was configured as Elasticsearch.
    pub elasticsearch: bool,
    /// The cluster's endpoint. A `DomainARN` is resolved by the configuration.
    pub endpoint: Arc<str>,
    /// The index's name, before rotation.
    pub index: Arc<str>,
    /// The type's name, of old versions.
    pub type_name: Option<Arc<str>>,
    /// How the index rotates.
    pub rotation: IndexRotation,
    /// Whether documents get Firehose's stable ids.
    pub document_ids: bool,
}

/// How often an index is replaced by a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexRotation {
    /// Never.
    None,
    /// Each hour.
    Hour,
    /// Each day.
    Day,
    /// Each week.
    Week,
    /// Each month.
    Month,
}

/// Redshift (botocore, `RedshiftDestinationConfiguration`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedshiftDestination {
    /// `ClusterJDBCURL`.
    pub jdbc_url: Arc<str>,
    /// The user.
    pub user: Arc<str>,
    /// The password.
    pub password: SecretText,
    /// The table.
    pub table: Arc<str>,
    /// The columns.
    pub columns: Option<Arc<str>>,
    /// `CopyOptions`.
    pub copy_options: Option<Arc<str>>,
    /// The role that COPY names.
    pub role_arn: Arc<str>,
}
