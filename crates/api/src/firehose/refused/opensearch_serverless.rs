//! OpenSearch Serverless: shapes only, the destination is refused.

use crate::firehose::texts::{ROLE_ARN, SEARCH_CLUSTER_ENDPOINT, SEARCH_INDEX_NAME};
use crate::firehose::{
    CloudWatchLoggingOptions, ProcessingConfiguration, RetryOptions, S3DestinationConfiguration,
    S3DestinationDescription, S3DestinationUpdate, SearchBufferingHints, SearchS3BackupMode,
    VpcConfiguration, VpcConfigurationDescription,
};
use crate::record::record;
use crate::shape::Shape;

record! {
    /// OpenSearch Serverless, as it is set up.
    pub struct ServerlessDestinationConfiguration {
        /// The role that delivers: recorded, not evaluated.
        role_arn: String = "RoleARN", required, Shape::Text(&ROLE_ARN);
        /// Where the collection is.
        collection_endpoint: Option<String> = "CollectionEndpoint", optional,
            Shape::Text(&SEARCH_CLUSTER_ENDPOINT);
        /// The index that documents go to.
        index_name: String = "IndexName", required, Shape::Text(&SEARCH_INDEX_NAME);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<SearchBufferingHints> = "BufferingHints", optional,
            Shape::Structure(SearchBufferingHints::SHAPE);
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<SearchS3BackupMode> = "S3BackupMode", optional,
            SearchS3BackupMode::SHAPE;
        /// The bucket for backups and for what cannot be delivered.
        s3_configuration: S3DestinationConfiguration = "S3Configuration", required,
            Shape::Structure(S3DestinationConfiguration::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// The network that the destination is in.
        vpc_configuration: Option<VpcConfiguration> = "VpcConfiguration", optional,
            Shape::Structure(VpcConfiguration::SHAPE);
    }
}

record! {
    /// OpenSearch Serverless, as it is described: with every default, without secrets.
    pub struct ServerlessDestinationDescription {
        /// The role that delivers: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional, Shape::Text(&ROLE_ARN);
        /// Where the collection is.
        collection_endpoint: Option<String> = "CollectionEndpoint", optional,
            Shape::Text(&SEARCH_CLUSTER_ENDPOINT);
        /// The index that documents go to.
        index_name: Option<String> = "IndexName", optional, Shape::Text(&SEARCH_INDEX_NAME);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<SearchBufferingHints> = "BufferingHints", optional,
            Shape::Structure(SearchBufferingHints::SHAPE);
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<SearchS3BackupMode> = "S3BackupMode", optional,
            SearchS3BackupMode::SHAPE;
        /// The bucket for backups and for what cannot be delivered.
        s3_destination_description: Option<S3DestinationDescription> =
            "S3DestinationDescription", optional, Shape::Structure(S3DestinationDescription::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// The network that the destination is in.
        vpc_configuration_description: Option<VpcConfigurationDescription> =
            "VpcConfigurationDescription", optional,
            Shape::Structure(VpcConfigurationDescription::SHAPE);
    }
}

record! {
    /// OpenSearch Serverless, as it is changed: what is absent stays.
    pub struct ServerlessDestinationUpdate {
        /// The role that delivers: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional, Shape::Text(&ROLE_ARN);
        /// Where the collection is.
        collection_endpoint: Option<String> = "CollectionEndpoint", optional,
            Shape::Text(&SEARCH_CLUSTER_ENDPOINT);
        /// The index that documents go to.
        index_name: Option<String> = "IndexName", optional, Shape::Text(&SEARCH_INDEX_NAME);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<SearchBufferingHints> = "BufferingHints", optional,
            Shape::Structure(SearchBufferingHints::SHAPE);
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// The bucket for backups and for what cannot be delivered.
        s3_update: Option<S3DestinationUpdate> = "S3Update", optional,
            Shape::Structure(S3DestinationUpdate::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
    }
}
