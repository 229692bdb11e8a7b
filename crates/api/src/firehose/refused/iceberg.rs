//! Tables in the format of Iceberg: shapes only, the destination is refused.

use crate::firehose::texts::{ERROR_OUTPUT_PREFIX, NON_EMPTY_STRING_WITHOUT_WHITESPACE, ROLE_ARN};
use crate::firehose::{
    BufferingHints, CloudWatchLoggingOptions, FailedDataBackupMode, ProcessingConfiguration,
    RetryOptions, S3DestinationConfiguration, S3DestinationDescription,
};
use crate::pattern;
use crate::record::record;
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::text;

record! {
    /// Tables in the format of Iceberg, as it is set up.
    pub struct IcebergDestinationConfiguration {
        /// The tables.
        destination_table_configuration_list: Option<Vec<DestinationTableConfiguration>> =
            "DestinationTableConfigurationList", optional,
            Shape::List(&DESTINATION_TABLE_CONFIGURATION_LIST);
        /// Whether tables gain columns.
        schema_evolution_configuration: Option<SchemaEvolutionConfiguration> =
            "SchemaEvolutionConfiguration", optional,
            Shape::Structure(SchemaEvolutionConfiguration::SHAPE);
        /// Whether tables are created.
        table_creation_configuration: Option<TableCreationConfiguration> =
            "TableCreationConfiguration", optional,
            Shape::Structure(TableCreationConfiguration::SHAPE);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<BufferingHints> = "BufferingHints", optional,
            Shape::Structure(BufferingHints::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<FailedDataBackupMode> = "S3BackupMode", optional,
            FailedDataBackupMode::SHAPE;
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// The role that delivers: recorded, not evaluated.
        role_arn: String = "RoleARN", required, Shape::Text(&ROLE_ARN);
        /// Whether rows are only ever added.
        append_only: Option<bool> = "AppendOnly", optional, Shape::Boolean;
        /// The catalog of the tables.
        catalog_configuration: CatalogConfiguration = "CatalogConfiguration", required,
            Shape::Structure(CatalogConfiguration::SHAPE);
        /// The bucket for backups and for what cannot be delivered.
        s3_configuration: S3DestinationConfiguration = "S3Configuration", required,
            Shape::Structure(S3DestinationConfiguration::SHAPE);
    }
}

record! {
    /// Tables in the format of Iceberg, as it is described: with every default, without secrets.
    pub struct IcebergDestinationDescription {
        /// The tables.
        destination_table_configuration_list: Option<Vec<DestinationTableConfiguration>> =
            "DestinationTableConfigurationList", optional,
            Shape::List(&DESTINATION_TABLE_CONFIGURATION_LIST);
        /// Whether tables gain columns.
        schema_evolution_configuration: Option<SchemaEvolutionConfiguration> =
            "SchemaEvolutionConfiguration", optional,
            Shape::Structure(SchemaEvolutionConfiguration::SHAPE);
        /// Whether tables are created.
        table_creation_configuration: Option<TableCreationConfiguration> =
            "TableCreationConfiguration", optional,
            Shape::Structure(TableCreationConfiguration::SHAPE);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<BufferingHints> = "BufferingHints", optional,
            Shape::Structure(BufferingHints::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<FailedDataBackupMode> = "S3BackupMode", optional,
            FailedDataBackupMode::SHAPE;
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// The role that delivers: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional, Shape::Text(&ROLE_ARN);
        /// Whether rows are only ever added.
        append_only: Option<bool> = "AppendOnly", optional, Shape::Boolean;
        /// The catalog of the tables.
        catalog_configuration: Option<CatalogConfiguration> = "CatalogConfiguration", optional,
            Shape::Structure(CatalogConfiguration::SHAPE);
        /// The bucket for backups and for what cannot be delivered.
        s3_destination_description: Option<S3DestinationDescription> =
            "S3DestinationDescription", optional, Shape::Structure(S3DestinationDescription::SHAPE);
    }
}

record! {
    /// Tables in the format of Iceberg, as it is changed: what is absent stays.
    pub struct IcebergDestinationUpdate {
        /// The tables.
        destination_table_configuration_list: Option<Vec<DestinationTableConfiguration>> =
            "DestinationTableConfigurationList", optional,
            Shape::List(&DESTINATION_TABLE_CONFIGURATION_LIST);
        /// Whether tables gain columns.
        schema_evolution_configuration: Option<SchemaEvolutionConfiguration> =
            "SchemaEvolutionConfiguration", optional,
            Shape::Structure(SchemaEvolutionConfiguration::SHAPE);
        /// Whether tables are created.
        table_creation_configuration: Option<TableCreationConfiguration> =
            "TableCreationConfiguration", optional,
            Shape::Structure(TableCreationConfiguration::SHAPE);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<BufferingHints> = "BufferingHints", optional,
            Shape::Structure(BufferingHints::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<FailedDataBackupMode> = "S3BackupMode", optional,
            FailedDataBackupMode::SHAPE;
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// The role that delivers: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional, Shape::Text(&ROLE_ARN);
        /// Whether rows are only ever added.
        append_only: Option<bool> = "AppendOnly", optional, Shape::Boolean;
        /// The catalog of the tables.
        catalog_configuration: Option<CatalogConfiguration> = "CatalogConfiguration", optional,
            Shape::Structure(CatalogConfiguration::SHAPE);
        /// The bucket for backups and for what cannot be delivered.
        s3_configuration: Option<S3DestinationConfiguration> = "S3Configuration", optional,
            Shape::Structure(S3DestinationConfiguration::SHAPE);
    }
}

record! {
    /// A catalog of tables.
    pub struct CatalogConfiguration {
        /// The data catalog.
        catalog_arn: Option<String> = "CatalogARN", optional, Shape::Text(&GLUE_DATA_CATALOG_ARN);
        /// Where the tables lie.
        warehouse_location: Option<String> = "WarehouseLocation", optional,
            Shape::Text(&WAREHOUSE_LOCATION);
    }
}

record! {
    /// A table.
    pub struct DestinationTableConfiguration {
        /// The table.
        destination_table_name: String = "DestinationTableName", required,
            Shape::Text(&STRING_WITH_LETTERS_DIGITS_UNDERSCORES_DOTS);
        /// The database.
        destination_database_name: String = "DestinationDatabaseName", required,
            Shape::Text(&STRING_WITH_LETTERS_DIGITS_UNDERSCORES_DOTS);
        /// The columns that tell rows apart.
        unique_keys: Option<Vec<String>> = "UniqueKeys", optional,
            Shape::List(&LIST_OF_NON_EMPTY_STRINGS_WITHOUT_WHITESPACE);
        /// How the table is partitioned.
        partition_spec: Option<PartitionSpec> = "PartitionSpec", optional,
            Shape::Structure(PartitionSpec::SHAPE);
        /// What the keys of objects with failed records begin with.
        s3_error_output_prefix: Option<String> = "S3ErrorOutputPrefix", optional,
            Shape::Text(&ERROR_OUTPUT_PREFIX);
    }
}

record! {
    /// How a table is partitioned.
    pub struct PartitionSpec {
        /// The columns whose values make the partitions.
        identity: Option<Vec<PartitionField>> = "Identity", optional,
            Shape::List(&PARTITION_FIELDS);
    }
}

record! {
    /// A column by which a table is partitioned.
    pub struct PartitionField {
        /// The column.
        source_name: String = "SourceName", required,
            Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE);
    }
}

record! {
    /// Whether tables gain columns.
    pub struct SchemaEvolutionConfiguration {
        /// Whether it is on.
        enabled: bool = "Enabled", required, Shape::Boolean;
    }
}

record! {
    /// Whether tables are created.
    pub struct TableCreationConfiguration {
        /// Whether it is on.
        enabled: bool = "Enabled", required, Shape::Boolean;
    }
}

static DESTINATION_TABLE_CONFIGURATION_LIST: List =
    List { element: Shape::Structure(DestinationTableConfiguration::SHAPE), length: Range::ANY };
static GLUE_DATA_CATALOG_ARN: Text = text(Range::of(1, 512), Some(&pattern::CATALOG_ARN));
static WAREHOUSE_LOCATION: Text = text(Range::of(1, 2048), Some(&pattern::S3_LOCATION));
static STRING_WITH_LETTERS_DIGITS_UNDERSCORES_DOTS: Text =
    text(Range::of(1, 255), Some(&pattern::SOURCE_NAME));
static LIST_OF_NON_EMPTY_STRINGS_WITHOUT_WHITESPACE: List =
    List { element: Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE), length: Range::ANY };
static PARTITION_FIELDS: List =
    List { element: Shape::Structure(PartitionField::SHAPE), length: Range::ANY };
