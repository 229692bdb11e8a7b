//! CreateChannel, DescribeChannel, ListChannels, UpdateChannel and DeleteChannel.

use millstream_types::Millis;

use super::channel_destinations::*;
use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::{KEY_ID, NEXT_TOKEN, STREAM_ARN, TAG_MAP, Tags, text};

/// Why destinations in S3 Tables are refused.
const S3_TABLES_REFUSED: &str =
    "S3TablesDestinationConfiguration is not supported; use S3DestinationConfiguration.";

text_enum! {
    /// The format of records.
    pub enum RecordFormatType {
        /// JSON with a schema of the Glue registry.
        GsrJson = "GSR_JSON",
        /// JSON.
        Json = "JSON",
        /// Text.
        String = "STRING",
        /// Bytes.
        ByteArray = "BYTE_ARRAY",
    }
}

record! {
    /// What the records of a stream are.
    pub struct RecordConfiguration {
        /// Their format.
        record_format_type: RecordFormatType = "RecordFormatType", required, RecordFormatType::SHAPE;
        /// Their schema, for `GSR_JSON`.
        gsr_schema_arn: Option<String> = "GSRSchemaARN", optional, Shape::Text(&GSR_SCHEMA_ARN);
    }
}

record! {
    /// A stream of a channel.
    pub struct ChannelStreamConfiguration {
        /// The stream's ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// What its records are.
        record_configuration: RecordConfiguration = "RecordConfiguration", required,
            Shape::Structure(RecordConfiguration::SHAPE);
    }
}

text_enum! {
    /// The kind of encryption of delivered objects.
    pub enum ChannelEncryptionType {
        /// With a key of the key service.
        Kms = "KMS",
    }
}

record! {
    /// How delivered objects are encrypted.
    pub struct ChannelEncryptionConfiguration {
        /// The kind of encryption.
        encryption_type: ChannelEncryptionType = "EncryptionType", required, ChannelEncryptionType::SHAPE;
        /// The master key: its id, ARN, alias or the alias's ARN.
        key_id: String = "KeyId", required, Shape::Text(&KEY_ID);
    }
}

record! {
    /// Where errors are logged in CloudWatch Logs.
    pub struct CloudWatchLogs {
        /// Whether errors are logged.
        enabled: bool = "Enabled", required, Shape::Boolean;
        /// The group of logs.
        log_group_name: Option<String> = "LogGroupName", optional, Shape::Text(&CLOUD_WATCH_LOG_GROUP_NAME);
        /// The stream of logs.
        log_stream_name: Option<String> = "LogStreamName", optional,
            Shape::Text(&CLOUD_WATCH_LOG_STREAM_NAME);
    }
}

record! {
    /// Where a channel logs errors.
    pub struct ChannelLoggingConfiguration {
        /// CloudWatch Logs.
        cloud_watch_logs: CloudWatchLogs = "CloudWatchLogs", required,
            Shape::Structure(CloudWatchLogs::SHAPE);
    }
}

record! {
    /// What CreateChannel takes.
    pub struct CreateChannelInput {
        /// Its name.
        channel_name: String = "ChannelName", required, Shape::Text(&CHANNEL_NAME);
        /// The role that delivers.
        service_execution_role_arn: String = "ServiceExecutionRoleARN", required, Shape::Text(&ROLE_ARN);
        /// The streams and how they are read: one.
        stream_configuration_list: Vec<ChannelStreamConfiguration> = "StreamConfigurationList", required,
            Shape::List(&CHANNEL_STREAM_CONFIGURATION_LIST);
        /// The bucket that records go to.
        s3_destination_configuration: Option<S3DestinationConfiguration> = "S3DestinationConfiguration", optional,
            Shape::Structure(S3DestinationConfiguration::SHAPE);
        /// The tables that records go to.
        s3_tables_destination_configuration: Option<S3TablesDestinationConfiguration> =
            "S3TablesDestinationConfiguration", refused(S3_TABLES_REFUSED),
            Shape::Structure(S3TablesDestinationConfiguration::SHAPE);
        /// How delivered objects are encrypted.
        encryption_configuration: Option<ChannelEncryptionConfiguration> = "EncryptionConfiguration", optional,
            Shape::Structure(ChannelEncryptionConfiguration::SHAPE);
        /// Tags to begin with.
        tags: Option<Tags> = "Tags", optional, Shape::Map(&TAG_MAP);
        /// Where errors are logged.
        logging_configuration: Option<ChannelLoggingConfiguration> = "LoggingConfiguration", optional,
            Shape::Structure(ChannelLoggingConfiguration::SHAPE);
    }
}

text_enum! {
    /// The status of a channel.
    pub enum ChannelStatus {
        /// Being made.
        Creating = "CREATING",
        /// At work.
        Active = "ACTIVE",
        /// At work while a change is under way.
        Updating = "UPDATING",
        /// Being deleted.
        Deleting = "DELETING",
        /// It cannot go on; it can only be deleted.
        Failed = "FAILED",
    }
}

record! {
    /// A stream of a channel.
    pub struct ChannelStreamDescription {
        /// The stream's ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Tells streams of one name apart.
        stream_creation_timestamp: Millis = "StreamCreationTimestamp", required, Shape::Timestamp;
        /// What its records are.
        record_configuration: RecordConfiguration = "RecordConfiguration", required,
            Shape::Structure(RecordConfiguration::SHAPE);
    }
}

record! {
    /// A channel.
    pub struct ChannelDescription {
        /// Its name.
        channel_name: String = "ChannelName", required, Shape::Text(&CHANNEL_NAME);
        /// Its ARN.
        channel_arn: String = "ChannelARN", required, Shape::Text(&CHANNEL_ARN);
        /// Its id.
        channel_id: String = "ChannelId", required, Shape::Text(&CHANNEL_ID);
        /// Its status.
        channel_status: ChannelStatus = "ChannelStatus", required, ChannelStatus::SHAPE;
        /// Why it has this status.
        channel_status_reason: Option<String> = "ChannelStatusReason", optional,
            Shape::Text(&CHANNEL_STATUS_REASON);
        /// When it was created, in whole seconds.
        channel_creation_timestamp: Millis = "ChannelCreationTimestamp", required, Shape::Timestamp;
        /// The role that delivers.
        service_execution_role_arn: String = "ServiceExecutionRoleARN", required, Shape::Text(&ROLE_ARN);
        /// The streams and how they are read: one.
        stream_configuration_list: Vec<ChannelStreamDescription> = "StreamConfigurationList", required,
            Shape::List(&CHANNEL_STREAM_DESCRIPTION_LIST);
        /// The bucket that records go to.
        s3_destination_configuration: Option<S3DestinationDescription> = "S3DestinationConfiguration", optional,
            Shape::Structure(S3DestinationDescription::SHAPE);
        /// The tables that records go to.
        s3_tables_destination_configuration: Option<S3TablesDestinationDescription> =
            "S3TablesDestinationConfiguration", optional,
            Shape::Structure(S3TablesDestinationDescription::SHAPE);
        /// How delivered objects are encrypted.
        encryption_configuration: Option<ChannelEncryptionConfiguration> = "EncryptionConfiguration", optional,
            Shape::Structure(ChannelEncryptionConfiguration::SHAPE);
        /// Where errors are logged.
        logging_configuration: ChannelLoggingConfiguration = "LoggingConfiguration", required,
            Shape::Structure(ChannelLoggingConfiguration::SHAPE);
    }
}

record! {
    /// What CreateChannel returns.
    pub struct CreateChannelOutput {
        /// The channel.
        channel_description: ChannelDescription = "ChannelDescription", required,
            Shape::Structure(ChannelDescription::SHAPE);
    }
}

record! {
    /// What DescribeChannel takes.
    pub struct DescribeChannelInput {
        /// Its ARN.
        channel_arn: String = "ChannelARN", required, Shape::Text(&CHANNEL_ARN);
    }
}

record! {
    /// What DescribeChannel returns.
    pub struct DescribeChannelOutput {
        /// The channel.
        channel_description: ChannelDescription = "ChannelDescription", required,
            Shape::Structure(ChannelDescription::SHAPE);
    }
}

record! {
    /// A stream to look for.
    pub struct StreamFilter {
        /// The stream's ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Tells streams of one name apart.
        stream_creation_timestamp: Option<Millis> = "StreamCreationTimestamp", optional, Shape::Timestamp;
    }
}

record! {
    /// What ListChannels takes.
    pub struct ListChannelsInput {
        /// Only those that read these streams.
        stream_filter: Option<Vec<StreamFilter>> = "StreamFilter", optional, Shape::List(&STREAM_FILTER_LIST);
        /// How many at most.
        max_results: Option<i32> = "MaxResults", optional, Shape::Integer(Range::of(1, 10_000));
        /// Where a page begins; absent after the last.
        next_token: Option<String> = "NextToken", optional, Shape::Text(&NEXT_TOKEN);
    }
}

record! {
    /// A stream of a channel.
    pub struct ChannelStreamIdentifier {
        /// The stream's ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Tells streams of one name apart.
        stream_creation_timestamp: Millis = "StreamCreationTimestamp", required, Shape::Timestamp;
    }
}

record! {
    /// A channel in few words.
    pub struct ChannelSummary {
        /// Its name.
        channel_name: String = "ChannelName", required, Shape::Text(&CHANNEL_NAME);
        /// Its ARN.
        channel_arn: String = "ChannelARN", required, Shape::Text(&CHANNEL_ARN);
        /// Its id.
        channel_id: String = "ChannelId", required, Shape::Text(&CHANNEL_ID);
        /// Its status.
        channel_status: ChannelStatus = "ChannelStatus", required, ChannelStatus::SHAPE;
        /// Why it has this status.
        channel_status_reason: Option<String> = "ChannelStatusReason", optional,
            Shape::Text(&CHANNEL_STATUS_REASON);
        /// When it was created, in whole seconds.
        channel_creation_timestamp: Millis = "ChannelCreationTimestamp", required, Shape::Timestamp;
        /// The kind of destination.
        channel_destination_type: ChannelDestinationType = "ChannelDestinationType", required,
            ChannelDestinationType::SHAPE;
        /// The streams that it reads.
        streams: Vec<ChannelStreamIdentifier> = "Streams", required,
            Shape::List(&CHANNEL_STREAM_IDENTIFIER_LIST);
    }
}

record! {
    /// What ListChannels returns.
    pub struct ListChannelsOutput {
        /// A page of channels.
        channel_summaries: Vec<ChannelSummary> = "ChannelSummaries", required,
            Shape::List(&CHANNEL_SUMMARY_LIST);
        /// Where a page begins; absent after the last.
        next_token: Option<String> = "NextToken", optional, Shape::Text(&NEXT_TOKEN);
    }
}

record! {
    /// What UpdateChannel takes.
    pub struct UpdateChannelInput {
        /// Its ARN.
        channel_arn: String = "ChannelARN", required, Shape::Text(&CHANNEL_ARN);
        /// The bucket that records go to.
        s3_destination_configuration: Option<DestinationUpdate> = "S3DestinationConfiguration", optional,
            Shape::Structure(DestinationUpdate::SHAPE);
        /// The tables that records go to.
        s3_tables_destination_configuration: Option<DestinationUpdate> =
            "S3TablesDestinationConfiguration", refused(S3_TABLES_REFUSED),
            Shape::Structure(DestinationUpdate::SHAPE);
        /// Where errors are logged.
        logging_configuration: Option<ChannelLoggingConfiguration> = "LoggingConfiguration", optional,
            Shape::Structure(ChannelLoggingConfiguration::SHAPE);
    }
}

record! {
    /// What UpdateChannel returns.
    pub struct UpdateChannelOutput {
        /// The channel.
        channel_description: ChannelDescription = "ChannelDescription", required,
            Shape::Structure(ChannelDescription::SHAPE);
    }
}

record! {
    /// What DeleteChannel takes.
    pub struct DeleteChannelInput {
        /// Its ARN.
        channel_arn: String = "ChannelARN", required, Shape::Text(&CHANNEL_ARN);
    }
}

static CHANNEL_NAME: Text = text(Range::of(1, 128), Some(&pattern::NAME));
static ROLE_ARN: Text = text(Range::of(1, 512), Some(&pattern::ROLE_ARN));
static GSR_SCHEMA_ARN: Text = text(Range::of(1, 512), Some(&pattern::SCHEMA_ARN));
static CHANNEL_STREAM_CONFIGURATION_LIST: List = List {
    element: Shape::Structure(ChannelStreamConfiguration::SHAPE),
    length: Range::of(1, 10_000),
};
static CLOUD_WATCH_LOG_GROUP_NAME: Text = text(Range::of(1, 512), Some(&pattern::LOG_GROUP_NAME));
static CLOUD_WATCH_LOG_STREAM_NAME: Text = text(Range::of(1, 512), Some(&pattern::LOG_STREAM_NAME));
static CHANNEL_ARN: Text = text(Range::of(1, 2048), Some(&pattern::CHANNEL_ARN));
static CHANNEL_ID: Text = text(Range::of(1, 64), None);
static CHANNEL_STATUS_REASON: Text = text(Range::of(1, 2048), None);
static CHANNEL_STREAM_DESCRIPTION_LIST: List = List {
    element: Shape::Structure(ChannelStreamDescription::SHAPE),
    length: Range::of(1, 10_000),
};
static STREAM_FILTER_LIST: List =
    List { element: Shape::Structure(StreamFilter::SHAPE), length: Range::of(1, 10_000) };
static CHANNEL_STREAM_IDENTIFIER_LIST: List = List {
    element: Shape::Structure(ChannelStreamIdentifier::SHAPE),
    length: Range::of(1, 10_000),
};
static CHANNEL_SUMMARY_LIST: List =
    List { element: Shape::Structure(ChannelSummary::SHAPE), length: Range::ANY };
