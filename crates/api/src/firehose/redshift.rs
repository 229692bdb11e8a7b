//! Redshift as destination.

use super::delivery::{
    CloudWatchLoggingOptions, RetryOptions, S3BackupMode, SecretsManagerConfiguration,
};
use super::processing::ProcessingConfiguration;
use super::s3::{S3DestinationConfiguration, S3DestinationDescription, S3DestinationUpdate};
use super::texts::ROLE_ARN;
use crate::pattern;
use crate::record::record;
use crate::shape::{Range, Shape, Text};
use crate::shapes::{sensitive, text};

record! {
    /// Redshift, as it is set up.
    pub struct RedshiftDestinationConfiguration {
        /// The role that delivers: recorded, not evaluated.
        role_arn: String = "RoleARN", required, Shape::Text(&ROLE_ARN);
        /// Where the database is.
        cluster_jdbc_url: String = "ClusterJDBCURL", required, Shape::Text(&CLUSTER_JDBC_URL);
        /// How data is loaded.
        copy_command: CopyCommand = "CopyCommand", required, Shape::Structure(CopyCommand::SHAPE);
        /// The user. Sensitive.
        username: Option<String> = "Username", optional, Shape::Text(&USERNAME);
        /// The password. Sensitive.
        password: Option<String> = "Password", optional, Shape::Text(&PASSWORD);
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// The bucket that data is staged in.
        s3_configuration: S3DestinationConfiguration = "S3Configuration", required,
            Shape::Structure(S3DestinationConfiguration::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<S3BackupMode> = "S3BackupMode", optional, S3BackupMode::SHAPE;
        /// The bucket for records as they arrived.
        s3_backup_configuration: Option<S3DestinationConfiguration> =
            "S3BackupConfiguration", optional, Shape::Structure(S3DestinationConfiguration::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// The secret that holds the credentials.
        secrets_manager_configuration: Option<SecretsManagerConfiguration> =
            "SecretsManagerConfiguration", optional,
            Shape::Structure(SecretsManagerConfiguration::SHAPE);
    }
}

record! {
    /// Redshift, as it is described: with every default, without secrets.
    pub struct RedshiftDestinationDescription {
        /// The role that delivers: recorded, not evaluated.
        role_arn: String = "RoleARN", required, Shape::Text(&ROLE_ARN);
        /// Where the database is.
        cluster_jdbc_url: String = "ClusterJDBCURL", required, Shape::Text(&CLUSTER_JDBC_URL);
        /// How data is loaded.
        copy_command: CopyCommand = "CopyCommand", required, Shape::Structure(CopyCommand::SHAPE);
        /// The user. Sensitive.
        username: Option<String> = "Username", optional, Shape::Text(&USERNAME);
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// The bucket that data is staged in.
        s3_destination_description: S3DestinationDescription = "S3DestinationDescription", required,
            Shape::Structure(S3DestinationDescription::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<S3BackupMode> = "S3BackupMode", optional, S3BackupMode::SHAPE;
        /// The bucket for records as they arrived.
        s3_backup_description: Option<S3DestinationDescription> = "S3BackupDescription", optional,
            Shape::Structure(S3DestinationDescription::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// The secret that holds the credentials.
        secrets_manager_configuration: Option<SecretsManagerConfiguration> =
            "SecretsManagerConfiguration", optional,
            Shape::Structure(SecretsManagerConfiguration::SHAPE);
    }
}

record! {
    /// Redshift, as it is changed: what is absent stays.
    pub struct RedshiftDestinationUpdate {
        /// The role that delivers: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional, Shape::Text(&ROLE_ARN);
        /// Where the database is.
        cluster_jdbc_url: Option<String> = "ClusterJDBCURL", optional,
            Shape::Text(&CLUSTER_JDBC_URL);
        /// How data is loaded.
        copy_command: Option<CopyCommand> = "CopyCommand", optional,
            Shape::Structure(CopyCommand::SHAPE);
        /// The user. Sensitive.
        username: Option<String> = "Username", optional, Shape::Text(&USERNAME);
        /// The password. Sensitive.
        password: Option<String> = "Password", optional, Shape::Text(&PASSWORD);
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// The bucket that data is staged in.
        s3_update: Option<S3DestinationUpdate> = "S3Update", optional,
            Shape::Structure(S3DestinationUpdate::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<S3BackupMode> = "S3BackupMode", optional, S3BackupMode::SHAPE;
        /// The bucket for records as they arrived.
        s3_backup_update: Option<S3DestinationUpdate> = "S3BackupUpdate", optional,
            Shape::Structure(S3DestinationUpdate::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// The secret that holds the credentials.
        secrets_manager_configuration: Option<SecretsManagerConfiguration> =
            "SecretsManagerConfiguration", optional,
            Shape::Structure(SecretsManagerConfiguration::SHAPE);
    }
}

record! {
    /// The statement that loads data.
    pub struct CopyCommand {
        /// The table.
        data_table_name: String = "DataTableName", required, Shape::Text(&DATA_TABLE_NAME);
        /// The columns, separated by commas; all if absent.
        data_table_columns: Option<String> = "DataTableColumns", optional,
            Shape::Text(&DATA_TABLE_COLUMNS);
        /// What follows in the COPY statement: format, delimiter and the like.
        copy_options: Option<String> = "CopyOptions", optional, Shape::Text(&COPY_OPTIONS);
    }
}

static CLUSTER_JDBC_URL: Text = text(Range::of(1, 512), Some(&pattern::JDBC_URL));
static USERNAME: Text = sensitive(Range::of(1, 512), Some(&pattern::ONE_LINE));
static PASSWORD: Text = sensitive(Range::of(6, 512), Some(&pattern::ONE_LINE));
static DATA_TABLE_NAME: Text = text(Range::of(1, 512), Some(&pattern::ONE_LINE));
static DATA_TABLE_COLUMNS: Text = text(Range::of(0, 10_240), Some(&pattern::ONE_LINE));
static COPY_OPTIONS: Text = text(Range::of(0, 10_240), Some(&pattern::ONE_LINE));
