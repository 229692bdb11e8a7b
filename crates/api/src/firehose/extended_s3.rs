//! Buckets as destinations of records that are processed, partitioned or converted.

use super::conversion::DataFormatConversionConfiguration;
use super::delivery::{CloudWatchLoggingOptions, RetryOptions, S3BackupMode};
use super::processing::ProcessingConfiguration;
use super::s3::{
    BufferingHints, CompressionFormat, EncryptionConfiguration, S3DestinationConfiguration,
    S3DestinationDescription, S3DestinationUpdate,
};
use super::texts::{BUCKET_ARN, ERROR_OUTPUT_PREFIX, PREFIX, ROLE_ARN};
use crate::pattern;
use crate::record::record;
use crate::shape::{Range, Shape, Text};
use crate::shapes::text;

record! {
    /// A bucket whose records may be processed, as it is set up.
    pub struct ExtendedS3DestinationConfiguration {
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
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<S3BackupMode> = "S3BackupMode", optional, S3BackupMode::SHAPE;
        /// The bucket for records as they arrived.
        s3_backup_configuration: Option<S3DestinationConfiguration> =
            "S3BackupConfiguration", optional, Shape::Structure(S3DestinationConfiguration::SHAPE);
        /// Whether and how JSON becomes columns.
        data_format_conversion_configuration: Option<DataFormatConversionConfiguration> =
            "DataFormatConversionConfiguration", optional,
            Shape::Structure(DataFormatConversionConfiguration::SHAPE);
        /// Whether each evaluated prefix has a buffer of its own.
        dynamic_partitioning_configuration: Option<DynamicPartitioningConfiguration> =
            "DynamicPartitioningConfiguration", optional,
            Shape::Structure(DynamicPartitioningConfiguration::SHAPE);
        /// What the keys end with, instead of what compression or format would give.
        file_extension: Option<String> = "FileExtension", optional, Shape::Text(&FILE_EXTENSION);
        /// The time zone of timestamps in prefixes; UTC if absent.
        custom_time_zone: Option<String> = "CustomTimeZone", optional,
            Shape::Text(&CUSTOM_TIME_ZONE);
    }
}

record! {
    /// A bucket whose records may be processed, as it is described: with every default, without secrets.
    pub struct ExtendedS3DestinationDescription {
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
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<S3BackupMode> = "S3BackupMode", optional, S3BackupMode::SHAPE;
        /// The bucket for records as they arrived.
        s3_backup_description: Option<S3DestinationDescription> = "S3BackupDescription", optional,
            Shape::Structure(S3DestinationDescription::SHAPE);
        /// Whether and how JSON becomes columns.
        data_format_conversion_configuration: Option<DataFormatConversionConfiguration> =
            "DataFormatConversionConfiguration", optional,
            Shape::Structure(DataFormatConversionConfiguration::SHAPE);
        /// Whether each evaluated prefix has a buffer of its own.
        dynamic_partitioning_configuration: Option<DynamicPartitioningConfiguration> =
            "DynamicPartitioningConfiguration", optional,
            Shape::Structure(DynamicPartitioningConfiguration::SHAPE);
        /// What the keys end with, instead of what compression or format would give.
        file_extension: Option<String> = "FileExtension", optional, Shape::Text(&FILE_EXTENSION);
        /// The time zone of timestamps in prefixes; UTC if absent.
        custom_time_zone: Option<String> = "CustomTimeZone", optional,
            Shape::Text(&CUSTOM_TIME_ZONE);
    }
}

record! {
    /// A bucket whose records may be processed, as it is changed: what is absent stays.
    pub struct ExtendedS3DestinationUpdate {
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
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<S3BackupMode> = "S3BackupMode", optional, S3BackupMode::SHAPE;
        /// The bucket for records as they arrived.
        s3_backup_update: Option<S3DestinationUpdate> = "S3BackupUpdate", optional,
            Shape::Structure(S3DestinationUpdate::SHAPE);
        /// Whether and how JSON becomes columns.
        data_format_conversion_configuration: Option<DataFormatConversionConfiguration> =
            "DataFormatConversionConfiguration", optional,
            Shape::Structure(DataFormatConversionConfiguration::SHAPE);
        /// Whether each evaluated prefix has a buffer of its own.
        dynamic_partitioning_configuration: Option<DynamicPartitioningConfiguration> =
            "DynamicPartitioningConfiguration", optional,
            Shape::Structure(DynamicPartitioningConfiguration::SHAPE);
        /// What the keys end with, instead of what compression or format would give.
        file_extension: Option<String> = "FileExtension", optional, Shape::Text(&FILE_EXTENSION);
        /// The time zone of timestamps in prefixes; UTC if absent.
        custom_time_zone: Option<String> = "CustomTimeZone", optional,
            Shape::Text(&CUSTOM_TIME_ZONE);
    }
}

record! {
    /// Partitions by what records hold.
    pub struct DynamicPartitioningConfiguration {
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// Whether it is on.
        enabled: Option<bool> = "Enabled", optional, Shape::Boolean;
    }
}

static FILE_EXTENSION: Text = text(Range::of(0, 128), Some(&pattern::FILE_EXTENSION));
static CUSTOM_TIME_ZONE: Text = text(Range::of(0, 50), Some(&pattern::TIME_ZONE));
