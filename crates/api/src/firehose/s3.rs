//! Buckets as destinations, and as what other destinations stage and back up in.

use super::delivery::CloudWatchLoggingOptions;
use super::texts::{BUCKET_ARN, ERROR_OUTPUT_PREFIX, PREFIX, ROLE_ARN};
use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{Range, Shape, Text};
use crate::shapes::text;

record! {
    /// A bucket, as it is set up.
    pub struct S3DestinationConfiguration {
        /// The role that delivers: recorded, not evaluated.
        role_arn: String = "RoleARN", required, Shape::Text(&ROLE_ARN);
        /// The bucket.
        bucket_arn: String = "BucketARN", required, Shape::Text(&BUCKET_ARN);
        /// What the keys begin with.
        prefix: Option<String> = "Prefix", optional, Shape::Text(&PREFIX);
        /// What the keys of objects with failed records begin with.
        error_output_prefix: Option<String> = "ErrorOutputPrefix", optional,
            Shape::Text(&ERROR_OUTPUT_PREFIX);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<BufferingHints> = "BufferingHints", optional,
            Shape::Structure(BufferingHints::SHAPE);
        /// How objects are compressed; `UNCOMPRESSED` if absent.
        compression_format: Option<CompressionFormat> = "CompressionFormat", optional,
            CompressionFormat::SHAPE;
        /// How objects are encrypted; as the bucket does if absent.
        encryption_configuration: Option<EncryptionConfiguration> =
            "EncryptionConfiguration", optional, Shape::Structure(EncryptionConfiguration::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
    }
}

record! {
    /// A bucket, as it is described: with every default, without secrets.
    pub struct S3DestinationDescription {
        /// The role that delivers: recorded, not evaluated.
        role_arn: String = "RoleARN", required, Shape::Text(&ROLE_ARN);
        /// The bucket.
        bucket_arn: String = "BucketARN", required, Shape::Text(&BUCKET_ARN);
        /// What the keys begin with.
        prefix: Option<String> = "Prefix", optional, Shape::Text(&PREFIX);
        /// What the keys of objects with failed records begin with.
        error_output_prefix: Option<String> = "ErrorOutputPrefix", optional,
            Shape::Text(&ERROR_OUTPUT_PREFIX);
        /// How long and up to which size records are gathered.
        buffering_hints: BufferingHints = "BufferingHints", required,
            Shape::Structure(BufferingHints::SHAPE);
        /// How objects are compressed; `UNCOMPRESSED` if absent.
        compression_format: CompressionFormat = "CompressionFormat", required,
            CompressionFormat::SHAPE;
        /// How objects are encrypted; as the bucket does if absent.
        encryption_configuration: EncryptionConfiguration = "EncryptionConfiguration", required,
            Shape::Structure(EncryptionConfiguration::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
    }
}

record! {
    /// A bucket, as it is changed: what is absent stays.
    pub struct S3DestinationUpdate {
        /// The role that delivers: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional, Shape::Text(&ROLE_ARN);
        /// The bucket.
        bucket_arn: Option<String> = "BucketARN", optional, Shape::Text(&BUCKET_ARN);
        /// What the keys begin with.
        prefix: Option<String> = "Prefix", optional, Shape::Text(&PREFIX);
        /// What the keys of objects with failed records begin with.
        error_output_prefix: Option<String> = "ErrorOutputPrefix", optional,
            Shape::Text(&ERROR_OUTPUT_PREFIX);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<BufferingHints> = "BufferingHints", optional,
            Shape::Structure(BufferingHints::SHAPE);
        /// How objects are compressed; `UNCOMPRESSED` if absent.
        compression_format: Option<CompressionFormat> = "CompressionFormat", optional,
            CompressionFormat::SHAPE;
        /// How objects are encrypted; as the bucket does if absent.
        encryption_configuration: Option<EncryptionConfiguration> =
            "EncryptionConfiguration", optional, Shape::Structure(EncryptionConfiguration::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
    }
}

record! {
    /// How long and up to which size records are gathered.
    pub struct BufferingHints {
        /// How much is gathered, in MiB before compression; 5 if absent.
        size_in_mbs: Option<i32> = "SizeInMBs", optional, Shape::Integer(Range::of(1, 128));
        /// How old the oldest record may become, in seconds; 300 if absent.
        interval_in_seconds: Option<i32> = "IntervalInSeconds", optional,
            Shape::Integer(Range::of(0, 900));
    }
}

text_enum! {
    /// How objects are compressed.
    pub enum CompressionFormat {
        /// Not at all.
        Uncompressed = "UNCOMPRESSED",
        /// gzip.
        Gzip = "GZIP",
        /// An archive of one entry.
        Zip = "ZIP",
        /// Snappy as snappy-java frames it.
        Snappy = "Snappy",
        /// Snappy as Hadoop frames it.
        HadoopSnappy = "HADOOP_SNAPPY",
    }
}

record! {
    /// How objects are encrypted at rest: one of the two.
    pub struct EncryptionConfiguration {
        /// As the bucket does by default.
        no_encryption_config: Option<NoEncryptionConfig> = "NoEncryptionConfig", optional,
            NoEncryptionConfig::SHAPE;
        /// With a key of the key service.
        kms_encryption_config: Option<KMSEncryptionConfig> = "KMSEncryptionConfig", optional,
            Shape::Structure(KMSEncryptionConfig::SHAPE);
    }
}

text_enum! {
    /// No encryption beyond what the bucket does.
    pub enum NoEncryptionConfig {
        /// As the bucket does by default.
        NoEncryption = "NoEncryption",
    }
}

record! {
    /// Encryption with a key of the key service.
    pub struct KMSEncryptionConfig {
        /// The key.
        aws_kms_key_arn: String = "AWSKMSKeyARN", required, Shape::Text(&AWS_KMS_KEY_ARN);
    }
}

static AWS_KMS_KEY_ARN: Text = text(Range::of(1, 512), Some(&pattern::KMS_KEY_OR_ALIAS_ARN));
