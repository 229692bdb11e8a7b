//! HTTP endpoints as destinations.

use super::delivery::{
    CloudWatchLoggingOptions, FailedDataBackupMode, RetryOptions, SecretsManagerConfiguration,
};
use super::processing::ProcessingConfiguration;
use super::s3::{S3DestinationConfiguration, S3DestinationDescription, S3DestinationUpdate};
use super::texts::ROLE_ARN;
use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::{sensitive, text};

record! {
    /// An HTTP endpoint, as it is set up.
    pub struct HttpEndpointDestinationConfiguration {
        /// Where it is.
        endpoint_configuration: HttpEndpointConfiguration = "EndpointConfiguration", required,
            Shape::Structure(HttpEndpointConfiguration::SHAPE);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<HttpEndpointBufferingHints> = "BufferingHints", optional,
            Shape::Structure(HttpEndpointBufferingHints::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// What requests are like.
        request_configuration: Option<HttpEndpointRequestConfiguration> =
            "RequestConfiguration", optional,
            Shape::Structure(HttpEndpointRequestConfiguration::SHAPE);
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
        s3_configuration: S3DestinationConfiguration = "S3Configuration", required,
            Shape::Structure(S3DestinationConfiguration::SHAPE);
        /// The secret that holds the credentials.
        secrets_manager_configuration: Option<SecretsManagerConfiguration> =
            "SecretsManagerConfiguration", optional,
            Shape::Structure(SecretsManagerConfiguration::SHAPE);
    }
}

record! {
    /// An HTTP endpoint, as it is described: with every default, without secrets.
    pub struct HttpEndpointDestinationDescription {
        /// Where it is.
        endpoint_configuration: Option<HttpEndpointDescription> = "EndpointConfiguration", optional,
            Shape::Structure(HttpEndpointDescription::SHAPE);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<HttpEndpointBufferingHints> = "BufferingHints", optional,
            Shape::Structure(HttpEndpointBufferingHints::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// What requests are like.
        request_configuration: Option<HttpEndpointRequestConfiguration> =
            "RequestConfiguration", optional,
            Shape::Structure(HttpEndpointRequestConfiguration::SHAPE);
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
    }
}

record! {
    /// An HTTP endpoint, as it is changed: what is absent stays.
    pub struct HttpEndpointDestinationUpdate {
        /// Where it is.
        endpoint_configuration: Option<HttpEndpointConfiguration> =
            "EndpointConfiguration", optional, Shape::Structure(HttpEndpointConfiguration::SHAPE);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<HttpEndpointBufferingHints> = "BufferingHints", optional,
            Shape::Structure(HttpEndpointBufferingHints::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// What requests are like.
        request_configuration: Option<HttpEndpointRequestConfiguration> =
            "RequestConfiguration", optional,
            Shape::Structure(HttpEndpointRequestConfiguration::SHAPE);
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
    }
}

record! {
    /// Where an endpoint is.
    pub struct HttpEndpointConfiguration {
        /// Where it is. Sensitive.
        url: String = "Url", required, Shape::Text(&HTTP_ENDPOINT_URL);
        /// A name for people.
        name: Option<String> = "Name", optional, Shape::Text(&HTTP_ENDPOINT_NAME);
        /// What the endpoint is shown with each request. Sensitive.
        access_key: Option<String> = "AccessKey", optional, Shape::Text(&HTTP_ENDPOINT_ACCESS_KEY);
    }
}

record! {
    /// Where an endpoint is, without its access key.
    pub struct HttpEndpointDescription {
        /// Where it is. Sensitive.
        url: Option<String> = "Url", optional, Shape::Text(&HTTP_ENDPOINT_URL);
        /// A name for people.
        name: Option<String> = "Name", optional, Shape::Text(&HTTP_ENDPOINT_NAME);
    }
}

record! {
    /// How long and up to which size records are gathered for an endpoint.
    pub struct HttpEndpointBufferingHints {
        /// How much is gathered, in MiB before compression; 5 if absent.
        size_in_mbs: Option<i32> = "SizeInMBs", optional, Shape::Integer(Range::of(1, 64));
        /// How old the oldest record may become, in seconds; 300 if absent.
        interval_in_seconds: Option<i32> = "IntervalInSeconds", optional,
            Shape::Integer(Range::of(0, 900));
    }
}

record! {
    /// What requests to an endpoint are like.
    pub struct HttpEndpointRequestConfiguration {
        /// How bodies are compressed.
        content_encoding: Option<ContentEncoding> = "ContentEncoding", optional,
            ContentEncoding::SHAPE;
        /// Sent with each request.
        common_attributes: Option<Vec<HttpEndpointCommonAttribute>> = "CommonAttributes", optional,
            Shape::List(&HTTP_ENDPOINT_COMMON_ATTRIBUTES_LIST);
    }
}

text_enum! {
    /// How bodies are compressed.
    pub enum ContentEncoding {
        /// Not at all.
        None = "NONE",
        /// gzip.
        Gzip = "GZIP",
    }
}

record! {
    /// What an endpoint is told with each request.
    pub struct HttpEndpointCommonAttribute {
        /// Its name. Sensitive.
        attribute_name: String = "AttributeName", required,
            Shape::Text(&HTTP_ENDPOINT_ATTRIBUTE_NAME);
        /// Its value. Sensitive.
        attribute_value: String = "AttributeValue", required,
            Shape::Text(&HTTP_ENDPOINT_ATTRIBUTE_VALUE);
    }
}

static HTTP_ENDPOINT_URL: Text = sensitive(Range::of(1, 1000), Some(&pattern::HTTPS_URL));
static HTTP_ENDPOINT_NAME: Text = text(Range::of(1, 256), Some(&pattern::NOT_BLANK));
static HTTP_ENDPOINT_ACCESS_KEY: Text = sensitive(Range::of(0, 4096), Some(&pattern::ONE_LINE));
static HTTP_ENDPOINT_COMMON_ATTRIBUTES_LIST: List = List {
    element: Shape::Structure(HttpEndpointCommonAttribute::SHAPE),
    length: Range::of(0, 50),
};
static HTTP_ENDPOINT_ATTRIBUTE_NAME: Text = sensitive(Range::of(1, 256), Some(&pattern::NOT_BLANK));
static HTTP_ENDPOINT_ATTRIBUTE_VALUE: Text =
    sensitive(Range::of(0, 1024), Some(&pattern::ONE_LINE));
