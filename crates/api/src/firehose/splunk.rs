//! Splunk as destination.

use super::delivery::{CloudWatchLoggingOptions, RetryOptions, SecretsManagerConfiguration};
use super::processing::ProcessingConfiguration;
use super::s3::{S3DestinationConfiguration, S3DestinationDescription, S3DestinationUpdate};
use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{Range, Shape, Text};
use crate::shapes::{sensitive, text};

record! {
    /// Splunk, as it is set up.
    pub struct SplunkDestinationConfiguration {
        /// Where the collector is.
        hec_endpoint: String = "HECEndpoint", required, Shape::Text(&HEC_ENDPOINT);
        /// What the collector is sent.
        hec_endpoint_type: HECEndpointType = "HECEndpointType", required, HECEndpointType::SHAPE;
        /// The token. Never shown in errors.
        hec_token: Option<String> = "HECToken", optional, Shape::Text(&HEC_TOKEN);
        /// How long an acknowledgement is waited for, in seconds; 180 if absent.
        hec_acknowledgment_timeout_in_seconds: Option<i32> =
            "HECAcknowledgmentTimeoutInSeconds", optional, Shape::Integer(Range::of(180, 600));
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<SplunkS3BackupMode> = "S3BackupMode", optional,
            SplunkS3BackupMode::SHAPE;
        /// The bucket for backups and for what cannot be delivered.
        s3_configuration: S3DestinationConfiguration = "S3Configuration", required,
            Shape::Structure(S3DestinationConfiguration::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<SplunkBufferingHints> = "BufferingHints", optional,
            Shape::Structure(SplunkBufferingHints::SHAPE);
        /// The secret that holds the credentials.
        secrets_manager_configuration: Option<SecretsManagerConfiguration> =
            "SecretsManagerConfiguration", optional,
            Shape::Structure(SecretsManagerConfiguration::SHAPE);
    }
}

record! {
    /// Splunk, as it is described: with every default.
    pub struct SplunkDestinationDescription {
        /// Where the collector is.
        hec_endpoint: Option<String> = "HECEndpoint", optional, Shape::Text(&HEC_ENDPOINT);
        /// What the collector is sent.
        hec_endpoint_type: Option<HECEndpointType> = "HECEndpointType", optional,
            HECEndpointType::SHAPE;
        /// The token.
        hec_token: Option<String> = "HECToken", optional, Shape::Text(&HEC_TOKEN);
        /// How long an acknowledgement is waited for, in seconds; 180 if absent.
        hec_acknowledgment_timeout_in_seconds: Option<i32> =
            "HECAcknowledgmentTimeoutInSeconds", optional, Shape::Integer(Range::of(180, 600));
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<SplunkS3BackupMode> = "S3BackupMode", optional,
            SplunkS3BackupMode::SHAPE;
        /// The bucket for backups and for what cannot be delivered.
        s3_destination_description: Option<S3DestinationDescription> =
            "S3DestinationDescription", optional, Shape::Structure(S3DestinationDescription::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<SplunkBufferingHints> = "BufferingHints", optional,
            Shape::Structure(SplunkBufferingHints::SHAPE);
        /// The secret that holds the credentials.
        secrets_manager_configuration: Option<SecretsManagerConfiguration> =
            "SecretsManagerConfiguration", optional,
            Shape::Structure(SecretsManagerConfiguration::SHAPE);
    }
}

record! {
    /// Splunk, as it is changed: what is absent stays.
    pub struct SplunkDestinationUpdate {
        /// Where the collector is.
        hec_endpoint: Option<String> = "HECEndpoint", optional, Shape::Text(&HEC_ENDPOINT);
        /// What the collector is sent.
        hec_endpoint_type: Option<HECEndpointType> = "HECEndpointType", optional,
            HECEndpointType::SHAPE;
        /// The token. Never shown in errors.
        hec_token: Option<String> = "HECToken", optional, Shape::Text(&HEC_TOKEN);
        /// How long an acknowledgement is waited for, in seconds; 180 if absent.
        hec_acknowledgment_timeout_in_seconds: Option<i32> =
            "HECAcknowledgmentTimeoutInSeconds", optional, Shape::Integer(Range::of(180, 600));
        /// How long a failed delivery is tried again.
        retry_options: Option<RetryOptions> = "RetryOptions", optional,
            Shape::Structure(RetryOptions::SHAPE);
        /// Which records are kept in the bucket too.
        s3_backup_mode: Option<SplunkS3BackupMode> = "S3BackupMode", optional,
            SplunkS3BackupMode::SHAPE;
        /// The bucket for backups and for what cannot be delivered.
        s3_update: Option<S3DestinationUpdate> = "S3Update", optional,
            Shape::Structure(S3DestinationUpdate::SHAPE);
        /// What is done to records first.
        processing_configuration: Option<ProcessingConfiguration> =
            "ProcessingConfiguration", optional, Shape::Structure(ProcessingConfiguration::SHAPE);
        /// Where errors of delivery are logged.
        cloud_watch_logging_options: Option<CloudWatchLoggingOptions> =
            "CloudWatchLoggingOptions", optional, Shape::Structure(CloudWatchLoggingOptions::SHAPE);
        /// How long and up to which size records are gathered.
        buffering_hints: Option<SplunkBufferingHints> = "BufferingHints", optional,
            Shape::Structure(SplunkBufferingHints::SHAPE);
        /// The secret that holds the credentials.
        secrets_manager_configuration: Option<SecretsManagerConfiguration> =
            "SecretsManagerConfiguration", optional,
            Shape::Structure(SecretsManagerConfiguration::SHAPE);
    }
}

record! {
    /// How long and up to which size records are gathered for Splunk.
    pub struct SplunkBufferingHints {
        /// How old the oldest record may become, in seconds; 60 if absent.
        interval_in_seconds: Option<i32> = "IntervalInSeconds", optional,
            Shape::Integer(Range::of(0, 60));
        /// How much is gathered, in MiB before compression; 5 if absent.
        size_in_mbs: Option<i32> = "SizeInMBs", optional, Shape::Integer(Range::of(1, 5));
    }
}

text_enum! {
    /// What the collector is sent.
    pub enum HECEndpointType {
        /// Data as it is.
        Raw = "Raw",
        /// Documents of its own format.
        Event = "Event",
    }
}

text_enum! {
    /// Which events are kept in the bucket.
    pub enum SplunkS3BackupMode {
        /// Those that could not be delivered.
        FailedEventsOnly = "FailedEventsOnly",
        /// All.
        AllEvents = "AllEvents",
    }
}

static HEC_ENDPOINT: Text = text(Range::of(0, 2048), Some(&pattern::ONE_LINE));
static HEC_TOKEN: Text = sensitive(Range::of(0, 2048), Some(&pattern::ONE_LINE));
