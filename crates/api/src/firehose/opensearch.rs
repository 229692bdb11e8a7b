//! OpenSearch and Elasticsearch as destinations: the model has two sets of shapes that are the same.

use super::delivery::{
    CloudWatchLoggingOptions, RetryOptions, VpcConfiguration, VpcConfigurationDescription,
};
use super::processing::ProcessingConfiguration;
use super::refused::VPC;
use super::s3::{S3DestinationConfiguration, S3DestinationDescription, S3DestinationUpdate};
use super::texts::{ROLE_ARN, SEARCH_CLUSTER_ENDPOINT, SEARCH_INDEX_NAME};
use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{Range, Shape, Text};
use crate::shapes::text;

record! {
    /// OpenSearch or Elasticsearch, as it is set up.
    pub struct SearchDestinationConfiguration {
        /// The role that delivers: recorded, not evaluated.
        role_arn: String = "RoleARN", required, Shape::Text(&ROLE_ARN);
        /// The domain, whose endpoint the configuration has.
        domain_arn: Option<String> = "DomainARN", optional, Shape::Text(&SEARCH_DOMAIN_ARN);
        /// Where the cluster is.
        cluster_endpoint: Option<String> = "ClusterEndpoint", optional,
            Shape::Text(&SEARCH_CLUSTER_ENDPOINT);
        /// The index that documents go to.
        index_name: String = "IndexName", required, Shape::Text(&SEARCH_INDEX_NAME);
        /// The type of documents, for old versions.
        type_name: Option<String> = "TypeName", optional, Shape::Text(&SEARCH_TYPE_NAME);
        /// How often the index is another one; `OneDay` if absent.
        index_rotation_period: Option<SearchIndexRotationPeriod> = "IndexRotationPeriod", optional,
            SearchIndexRotationPeriod::SHAPE;
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
        vpc_configuration: Option<VpcConfiguration> = "VpcConfiguration", refused(VPC),
            Shape::Structure(VpcConfiguration::SHAPE);
        /// How documents get their ids.
        document_id_options: Option<DocumentIdOptions> = "DocumentIdOptions", optional,
            Shape::Structure(DocumentIdOptions::SHAPE);
    }
}

record! {
    /// OpenSearch or Elasticsearch, as it is described: with every default, without secrets.
    pub struct SearchDestinationDescription {
        /// The role that delivers: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional, Shape::Text(&ROLE_ARN);
        /// The domain, whose endpoint the configuration has.
        domain_arn: Option<String> = "DomainARN", optional, Shape::Text(&SEARCH_DOMAIN_ARN);
        /// Where the cluster is.
        cluster_endpoint: Option<String> = "ClusterEndpoint", optional,
            Shape::Text(&SEARCH_CLUSTER_ENDPOINT);
        /// The index that documents go to.
        index_name: Option<String> = "IndexName", optional, Shape::Text(&SEARCH_INDEX_NAME);
        /// The type of documents, for old versions.
        type_name: Option<String> = "TypeName", optional, Shape::Text(&SEARCH_TYPE_NAME);
        /// How often the index is another one; `OneDay` if absent.
        index_rotation_period: Option<SearchIndexRotationPeriod> = "IndexRotationPeriod", optional,
            SearchIndexRotationPeriod::SHAPE;
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
        /// How documents get their ids.
        document_id_options: Option<DocumentIdOptions> = "DocumentIdOptions", optional,
            Shape::Structure(DocumentIdOptions::SHAPE);
    }
}

record! {
    /// OpenSearch or Elasticsearch, as it is changed: what is absent stays.
    pub struct SearchDestinationUpdate {
        /// The role that delivers: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional, Shape::Text(&ROLE_ARN);
        /// The domain, whose endpoint the configuration has.
        domain_arn: Option<String> = "DomainARN", optional, Shape::Text(&SEARCH_DOMAIN_ARN);
        /// Where the cluster is.
        cluster_endpoint: Option<String> = "ClusterEndpoint", optional,
            Shape::Text(&SEARCH_CLUSTER_ENDPOINT);
        /// The index that documents go to.
        index_name: Option<String> = "IndexName", optional, Shape::Text(&SEARCH_INDEX_NAME);
        /// The type of documents, for old versions.
        type_name: Option<String> = "TypeName", optional, Shape::Text(&SEARCH_TYPE_NAME);
        /// How often the index is another one; `OneDay` if absent.
        index_rotation_period: Option<SearchIndexRotationPeriod> = "IndexRotationPeriod", optional,
            SearchIndexRotationPeriod::SHAPE;
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
        /// How documents get their ids.
        document_id_options: Option<DocumentIdOptions> = "DocumentIdOptions", optional,
            Shape::Structure(DocumentIdOptions::SHAPE);
    }
}

record! {
    /// How long and up to which size records are gathered for an index.
    pub struct SearchBufferingHints {
        /// How old the oldest record may become, in seconds; 300 if absent.
        interval_in_seconds: Option<i32> = "IntervalInSeconds", optional,
            Shape::Integer(Range::of(0, 900));
        /// How much is gathered, in MiB before compression; 5 if absent.
        size_in_mbs: Option<i32> = "SizeInMBs", optional, Shape::Integer(Range::of(1, 100));
    }
}

text_enum! {
    /// How often an index is replaced by a new one.
    pub enum SearchIndexRotationPeriod {
        /// Never.
        NoRotation = "NoRotation",
        /// Each hour.
        OneHour = "OneHour",
        /// Each day.
        OneDay = "OneDay",
        /// Each week.
        OneWeek = "OneWeek",
        /// Each month.
        OneMonth = "OneMonth",
    }
}

text_enum! {
    /// Which documents are kept in the bucket.
    pub enum SearchS3BackupMode {
        /// Those that could not be delivered.
        FailedDocumentsOnly = "FailedDocumentsOnly",
        /// All.
        AllDocuments = "AllDocuments",
    }
}

record! {
    /// How documents get their ids.
    pub struct DocumentIdOptions {
        /// Who makes the ids.
        default_document_id_format: DefaultDocumentIdFormat = "DefaultDocumentIdFormat", required,
            DefaultDocumentIdFormat::SHAPE;
    }
}

text_enum! {
    /// Who makes the ids of documents.
    pub enum DefaultDocumentIdFormat {
        /// The service: the same id for each attempt, so that a document is there once.
        FirehoseDefault = "FIREHOSE_DEFAULT",
        /// The cluster: another id for each attempt.
        NoDocumentId = "NO_DOCUMENT_ID",
    }
}

static SEARCH_DOMAIN_ARN: Text = text(Range::of(1, 512), Some(&pattern::DOMAIN_ARN));
static SEARCH_TYPE_NAME: Text = text(Range::of(0, 100), Some(&pattern::ONE_LINE));
