//! Where channels deliver to: buckets and tables.

use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::text;

record! {
    /// Where records go that cannot be delivered.
    pub struct DeadLetterQueueS3Configuration {
        /// The bucket.
        bucket_arn: String = "BucketARN", required, Shape::Text(&BUCKET_ARN);
        /// The account that owns the bucket.
        expected_bucket_owner: String = "ExpectedBucketOwner", required, Shape::Text(&EXPECTED_BUCKET_OWNER);
        /// What the keys begin with.
        error_output_prefix: Option<String> = "ErrorOutputPrefix", optional,
            Shape::Text(&S3_ERROR_OUTPUT_PREFIX);
    }
}

text_enum! {
    /// A class of storage.
    pub enum S3StorageClass {
        /// The default.
        Standard = "STANDARD",
        /// Chosen by access.
        IntelligentTiering = "INTELLIGENT_TIERING",
        /// Archive with instant retrieval.
        GlacierIr = "GLACIER_IR",
    }
}

text_enum! {
    /// How objects are compressed.
    pub enum S3CompressionType {
        /// Not at all.
        None = "NONE",
        /// gzip.
        Gzip = "GZIP",
        /// Zstandard.
        Zstd = "ZSTD",
    }
}

record! {
    /// Where and how objects are written.
    pub struct S3StorageConfiguration {
        /// The bucket.
        bucket_arn: String = "BucketARN", required, Shape::Text(&BUCKET_ARN);
        /// The account that owns the bucket.
        expected_bucket_owner: String = "ExpectedBucketOwner", required, Shape::Text(&EXPECTED_BUCKET_OWNER);
        /// How keys are made.
        output_key_template: Option<String> = "OutputKeyTemplate", optional,
            Shape::Text(&S3_OUTPUT_KEY_TEMPLATE);
        /// The class of storage.
        storage_class: Option<S3StorageClass> = "StorageClass", optional, S3StorageClass::SHAPE;
        /// How files are compressed.
        compression_type: S3CompressionType = "CompressionType", required, S3CompressionType::SHAPE;
    }
}

record! {
    /// A bucket that records go to.
    pub struct S3DestinationConfiguration {
        /// How old records may be when they are delivered, in seconds; 300 if absent.
        data_freshness_in_seconds: Option<i32> = "DataFreshnessInSeconds", optional,
            Shape::Integer(Range::ANY);
        /// Where records go that cannot be delivered.
        dead_letter_queue_s3_configuration: Option<DeadLetterQueueS3Configuration> =
            "DeadLetterQueueS3Configuration", optional,
            Shape::Structure(DeadLetterQueueS3Configuration::SHAPE);
        /// Where and how objects are written.
        storage_configuration: S3StorageConfiguration = "StorageConfiguration", required,
            Shape::Structure(S3StorageConfiguration::SHAPE);
    }
}

text_enum! {
    /// How files of tables are compressed.
    pub enum S3TablesCompressionType {
        /// Not at all.
        None = "NONE",
        /// Zstandard.
        Zstd = "ZSTD",
        /// Snappy.
        Snappy = "SNAPPY",
    }
}

text_enum! {
    /// What is made of a field.
    pub enum PartitionTransform {
        /// The hour of a time.
        TimeHour = "TIME_HOUR",
    }
}

record! {
    /// A field by which a table is partitioned.
    pub struct PartitionField {
        /// What is made of the field.
        transform: PartitionTransform = "Transform", required, PartitionTransform::SHAPE;
        /// The field.
        source_name: String = "SourceName", required, Shape::Text(&PARTITION_SOURCE_NAME);
    }
}

record! {
    /// How a table is partitioned.
    pub struct PartitionSpec {
        /// The fields.
        partition_fields: Vec<PartitionField> = "PartitionFields", required,
            Shape::List(&PARTITION_FIELD_LIST);
    }
}

record! {
    /// A table.
    pub struct S3TablesConfiguration {
        /// The bucket of tables.
        table_bucket_arn: String = "TableBucketARN", required, Shape::Text(&TABLE_BUCKET_ARN);
        /// The namespace.
        namespace: String = "Namespace", required, Shape::Text(&S3_TABLES_NAMESPACE);
        /// The table.
        table_name: String = "TableName", required, Shape::Text(&S3_TABLES_TABLE_NAME);
        /// How files are compressed.
        compression_type: S3TablesCompressionType = "CompressionType", required,
            S3TablesCompressionType::SHAPE;
        /// How the table is partitioned.
        partition_spec: Option<PartitionSpec> = "PartitionSpec", optional,
            Shape::Structure(PartitionSpec::SHAPE);
    }
}

record! {
    /// Tables that records go to.
    pub struct S3TablesDestinationConfiguration {
        /// How old records may be when they are delivered, in seconds; 300 if absent.
        data_freshness_in_seconds: Option<i32> = "DataFreshnessInSeconds", optional,
            Shape::Integer(Range::ANY);
        /// Where records go that cannot be delivered.
        dead_letter_queue_s3_configuration: DeadLetterQueueS3Configuration = "DeadLetterQueueS3Configuration", required,
            Shape::Structure(DeadLetterQueueS3Configuration::SHAPE);
        /// The tables.
        s3_tables_configuration_list: Vec<S3TablesConfiguration> = "S3TablesConfigurationList", required,
            Shape::List(&S3_TABLES_CONFIGURATION_LIST);
    }
}

record! {
    /// A bucket that records go to.
    pub struct S3DestinationDescription {
        /// How old records may be when they are delivered, in seconds; 300 if absent.
        data_freshness_in_seconds: i32 = "DataFreshnessInSeconds", required, Shape::Integer(Range::ANY);
        /// Where records go that cannot be delivered.
        dead_letter_queue_s3_configuration: DeadLetterQueueS3Configuration = "DeadLetterQueueS3Configuration", required,
            Shape::Structure(DeadLetterQueueS3Configuration::SHAPE);
        /// Where and how objects are written.
        storage_configuration: S3StorageConfiguration = "StorageConfiguration", required,
            Shape::Structure(S3StorageConfiguration::SHAPE);
    }
}

record! {
    /// Tables that records go to.
    pub struct S3TablesDestinationDescription {
        /// How old records may be when they are delivered, in seconds; 300 if absent.
        data_freshness_in_seconds: i32 = "DataFreshnessInSeconds", required, Shape::Integer(Range::ANY);
        /// Where records go that cannot be delivered.
        dead_letter_queue_s3_configuration: DeadLetterQueueS3Configuration = "DeadLetterQueueS3Configuration", required,
            Shape::Structure(DeadLetterQueueS3Configuration::SHAPE);
        /// The tables.
        s3_tables_configuration_list: Vec<S3TablesConfiguration> = "S3TablesConfigurationList", required,
            Shape::List(&S3_TABLES_CONFIGURATION_LIST);
    }
}

text_enum! {
    /// The kind of a channel's destination.
    pub enum ChannelDestinationType {
        /// Objects in a bucket.
        S3 = "S3",
        /// Tables.
        S3Tables = "S3_TABLES",
    }
}

record! {
    /// What can be changed of a destination.
    pub struct DestinationUpdate {
        /// How old records may be when they are delivered, in seconds; 300 if absent.
        data_freshness_in_seconds: i32 = "DataFreshnessInSeconds", required, Shape::Integer(Range::ANY);
    }
}

static BUCKET_ARN: Text = text(Range::of(1, 2048), Some(&pattern::BUCKET_ARN));
static EXPECTED_BUCKET_OWNER: Text = text(Range::of(12, 12), Some(&pattern::ACCOUNT));
static S3_ERROR_OUTPUT_PREFIX: Text = text(Range::of(1, 512), Some(&pattern::ERROR_OUTPUT_PREFIX));
static S3_OUTPUT_KEY_TEMPLATE: Text = text(Range::of(1, 1024), Some(&pattern::OUTPUT_KEY_TEMPLATE));
static TABLE_BUCKET_ARN: Text = text(Range::of(1, 2048), Some(&pattern::TABLE_BUCKET_ARN));
static S3_TABLES_NAMESPACE: Text = text(Range::of(1, 255), Some(&pattern::TABLE_NAME));
static S3_TABLES_TABLE_NAME: Text = text(Range::of(1, 255), Some(&pattern::TABLE_NAME));
static PARTITION_SOURCE_NAME: Text = text(Range::of(1, 255), Some(&pattern::SOURCE_NAME));
static PARTITION_FIELD_LIST: List =
    List { element: Shape::Structure(PartitionField::SHAPE), length: Range::of(1, 10) };
static S3_TABLES_CONFIGURATION_LIST: List =
    List { element: Shape::Structure(S3TablesConfiguration::SHAPE), length: Range::of(1, 10_000) };
