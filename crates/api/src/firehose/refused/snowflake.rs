//! Snowflake: shapes only, the destination is refused.

use crate::firehose::texts::ROLE_ARN;
use crate::firehose::{
    BufferingHints, CloudWatchLoggingOptions, FailedDataBackupMode, ProcessingConfiguration,
    RetryOptions, S3DestinationConfiguration, S3DestinationDescription, S3DestinationUpdate,
    SecretsManagerConfiguration,
};
use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{Range, Shape, Text};
use crate::shapes::sensitive;

record! {
    /// Snowflake, as it is set up.
    pub struct SnowflakeDestinationConfiguration {
        /// The account. Sensitive.
        account_url: String = "AccountUrl", required, Shape::Text(&SNOWFLAKE_ACCOUNT_URL);
        /// The key. Sensitive.
        private_key: Option<String> = "PrivateKey", optional, Shape::Text(&SNOWFLAKE_PRIVATE_KEY);
        /// The passphrase of the key. Sensitive.
        key_passphrase: Option<String> = "KeyPassphrase", optional,
            Shape::Text(&SNOWFLAKE_KEY_PASSPHRASE);
        /// The user. Sensitive.
        user: Option<String> = "User", optional, Shape::Text(&SNOWFLAKE_USER);
        /// The database. Sensitive.
        database: String = "Database", required, Shape::Text(&SNOWFLAKE_DATABASE);
        /// The schema. Sensitive.
        schema: String = "Schema", required, Shape::Text(&SNOWFLAKE_SCHEMA);
        /// The table. Sensitive.
        table: String = "Table", required, Shape::Text(&SNOWFLAKE_TABLE);
        /// The role within it.
        snowflake_role_configuration: Option<SnowflakeRoleConfiguration> =
            "SnowflakeRoleConfiguration", optional,
            Shape::Structure(SnowflakeRoleConfiguration::SHAPE);
        /// How records become rows.
        data_loading_option: Option<SnowflakeDataLoadingOption> = "DataLoadingOption", optional,
            SnowflakeDataLoadingOption::SHAPE;
        /// The column for metadata. Sensitive.
        meta_data_column_name: Option<String> = "MetaDataColumnName", optional,
            Shape::Text(&SNOWFLAKE_META_DATA_COLUMN_NAME);
        /// The column for data. Sensitive.
        content_column_name: Option<String> = "ContentColumnName", optional,
            Shape::Text(&SNOWFLAKE_CONTENT_COLUMN_NAME);
        /// The network.
        snowflake_vpc_configuration: Option<SnowflakeVpcConfiguration> =
            "SnowflakeVpcConfiguration", optional,
            Shape::Structure(SnowflakeVpcConfiguration::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// The role that delivers: recorded, not evaluated.
        role_arn: String = "RoleARN", required, Shape::Text(&ROLE_ARN);
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<FailedDataBackupMode> = "S3BackupMode", optional,
            FailedDataBackupMode::SHAPE;
        /// The bucket for backups and for what cannot be delivered.
        s3_configuration: S3DestinationConfiguration = "S3Configuration", required,
            Shape::Structure(S3DestinationConfiguration::SHAPE);
        /// The secret that holds the credentials.
        secrets_manager_configuration: Option<SecretsManagerConfiguration> =
            "SecretsManagerConfiguration", optional,
            Shape::Structure(SecretsManagerConfiguration::SHAPE);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<BufferingHints> = "BufferingHints", optional,
            Shape::Structure(BufferingHints::SHAPE);
    }
}

record! {
    /// Snowflake, as it is described: with every default, without secrets.
    pub struct SnowflakeDestinationDescription {
        /// The account. Sensitive.
        account_url: Option<String> = "AccountUrl", optional, Shape::Text(&SNOWFLAKE_ACCOUNT_URL);
        /// The user. Sensitive.
        user: Option<String> = "User", optional, Shape::Text(&SNOWFLAKE_USER);
        /// The database. Sensitive.
        database: Option<String> = "Database", optional, Shape::Text(&SNOWFLAKE_DATABASE);
        /// The schema. Sensitive.
        schema: Option<String> = "Schema", optional, Shape::Text(&SNOWFLAKE_SCHEMA);
        /// The table. Sensitive.
        table: Option<String> = "Table", optional, Shape::Text(&SNOWFLAKE_TABLE);
        /// The role within it.
        snowflake_role_configuration: Option<SnowflakeRoleConfiguration> =
            "SnowflakeRoleConfiguration", optional,
            Shape::Structure(SnowflakeRoleConfiguration::SHAPE);
        /// How records become rows.
        data_loading_option: Option<SnowflakeDataLoadingOption> = "DataLoadingOption", optional,
            SnowflakeDataLoadingOption::SHAPE;
        /// The column for metadata. Sensitive.
        meta_data_column_name: Option<String> = "MetaDataColumnName", optional,
            Shape::Text(&SNOWFLAKE_META_DATA_COLUMN_NAME);
        /// The column for data. Sensitive.
        content_column_name: Option<String> = "ContentColumnName", optional,
            Shape::Text(&SNOWFLAKE_CONTENT_COLUMN_NAME);
        /// The network.
        snowflake_vpc_configuration: Option<SnowflakeVpcConfiguration> =
            "SnowflakeVpcConfiguration", optional,
            Shape::Structure(SnowflakeVpcConfiguration::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// The role that delivers: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional, Shape::Text(&ROLE_ARN);
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<FailedDataBackupMode> = "S3BackupMode", optional,
            FailedDataBackupMode::SHAPE;
        /// The bucket for backups and for what cannot be delivered.
        s3_destination_description: Option<S3DestinationDescription> =
            "S3DestinationDescription", optional, Shape::Structure(S3DestinationDescription::SHAPE);
        /// The secret that holds the credentials.
        secrets_manager_configuration: Option<SecretsManagerConfiguration> =
            "SecretsManagerConfiguration", optional,
            Shape::Structure(SecretsManagerConfiguration::SHAPE);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<BufferingHints> = "BufferingHints", optional,
            Shape::Structure(BufferingHints::SHAPE);
    }
}

record! {
    /// Snowflake, as it is changed: what is absent stays.
    pub struct SnowflakeDestinationUpdate {
        /// The account. Sensitive.
        account_url: Option<String> = "AccountUrl", optional, Shape::Text(&SNOWFLAKE_ACCOUNT_URL);
        /// The key. Sensitive.
        private_key: Option<String> = "PrivateKey", optional, Shape::Text(&SNOWFLAKE_PRIVATE_KEY);
        /// The passphrase of the key. Sensitive.
        key_passphrase: Option<String> = "KeyPassphrase", optional,
            Shape::Text(&SNOWFLAKE_KEY_PASSPHRASE);
        /// The user. Sensitive.
        user: Option<String> = "User", optional, Shape::Text(&SNOWFLAKE_USER);
        /// The database. Sensitive.
        database: Option<String> = "Database", optional, Shape::Text(&SNOWFLAKE_DATABASE);
        /// The schema. Sensitive.
        schema: Option<String> = "Schema", optional, Shape::Text(&SNOWFLAKE_SCHEMA);
        /// The table. Sensitive.
        table: Option<String> = "Table", optional, Shape::Text(&SNOWFLAKE_TABLE);
        /// The role within it.
        snowflake_role_configuration: Option<SnowflakeRoleConfiguration> =
            "SnowflakeRoleConfiguration", optional,
            Shape::Structure(SnowflakeRoleConfiguration::SHAPE);
        /// How records become rows.
        data_loading_option: Option<SnowflakeDataLoadingOption> = "DataLoadingOption", optional,
            SnowflakeDataLoadingOption::SHAPE;
        /// The column for metadata. Sensitive.
        meta_data_column_name: Option<String> = "MetaDataColumnName", optional,
            Shape::Text(&SNOWFLAKE_META_DATA_COLUMN_NAME);
        /// The column for data. Sensitive.
        content_column_name: Option<String> = "ContentColumnName", optional,
            Shape::Text(&SNOWFLAKE_CONTENT_COLUMN_NAME);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// The role that delivers: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional, Shape::Text(&ROLE_ARN);
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<FailedDataBackupMode> = "S3BackupMode", optional,
            FailedDataBackupMode::SHAPE;
        /// The bucket for backups and for what cannot be delivered.
        s3_update: Option<S3DestinationUpdate> = "S3Update", optional,
            Shape::Structure(S3DestinationUpdate::SHAPE);
        /// The secret that holds the credentials.
        secrets_manager_configuration: Option<SecretsManagerConfiguration> =
            "SecretsManagerConfiguration", optional,
            Shape::Structure(SecretsManagerConfiguration::SHAPE);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<BufferingHints> = "BufferingHints", optional,
            Shape::Structure(BufferingHints::SHAPE);
    }
}

record! {
    /// A role within Snowflake.
    pub struct SnowflakeRoleConfiguration {
        /// Whether a role is used.
        enabled: Option<bool> = "Enabled", optional, Shape::Boolean;
        /// The role. Sensitive.
        snowflake_role: Option<String> = "SnowflakeRole", optional, Shape::Text(&SNOWFLAKE_ROLE);
    }
}

text_enum! {
    /// How records become rows.
    pub enum SnowflakeDataLoadingOption {
        /// Keys of JSON are columns.
        JsonMapping = "JSON_MAPPING",
        /// One column has the data.
        VariantContentMapping = "VARIANT_CONTENT_MAPPING",
        /// One column has the data, another the metadata.
        VariantContentAndMetadataMapping = "VARIANT_CONTENT_AND_METADATA_MAPPING",
    }
}

record! {
    /// A private network.
    pub struct SnowflakeVpcConfiguration {
        /// The endpoint. Sensitive.
        private_link_vpce_id: String = "PrivateLinkVpceId", required,
            Shape::Text(&SNOWFLAKE_PRIVATE_LINK_VPCE_ID);
    }
}

static SNOWFLAKE_ACCOUNT_URL: Text = sensitive(Range::of(24, 2048), Some(&pattern::SNOWFLAKE_URL));
static SNOWFLAKE_PRIVATE_KEY: Text = sensitive(Range::of(256, 4096), Some(&pattern::BASE64));
static SNOWFLAKE_KEY_PASSPHRASE: Text = sensitive(Range::of(7, 255), None);
static SNOWFLAKE_USER: Text = sensitive(Range::of(1, 255), None);
static SNOWFLAKE_DATABASE: Text = sensitive(Range::of(1, 255), None);
static SNOWFLAKE_SCHEMA: Text = sensitive(Range::of(1, 255), None);
static SNOWFLAKE_TABLE: Text = sensitive(Range::of(1, 255), None);
static SNOWFLAKE_META_DATA_COLUMN_NAME: Text = sensitive(Range::of(1, 255), None);
static SNOWFLAKE_CONTENT_COLUMN_NAME: Text = sensitive(Range::of(1, 255), None);
static SNOWFLAKE_ROLE: Text = sensitive(Range::of(1, 255), None);
static SNOWFLAKE_PRIVATE_LINK_VPCE_ID: Text =
    sensitive(Range::of(47, 255), Some(&pattern::VPC_ENDPOINT));
