//! How channels are shown.

use millstream_api::ops::{
    ChannelDescription, ChannelDestinationType, ChannelEncryptionConfiguration,
    ChannelEncryptionType, ChannelLoggingConfiguration, ChannelStatus as Shown,
    ChannelStreamDescription, ChannelStreamIdentifier, ChannelSummary, CloudWatchLogs,
    DeadLetterQueueS3Configuration, RecordConfiguration, RecordFormatType, S3CompressionType,
    S3DestinationDescription, S3StorageClass, S3StorageConfiguration,
};
use millstream_catalog::{
    Channel, ChannelSettings, ChannelStatus, Compression, RecordFormat, StorageClass,
};

/// A status as it is shown.
pub fn status_of(status: ChannelStatus) -> Shown {
    match status {
        ChannelStatus::Creating => Shown::Creating,
        ChannelStatus::Active => Shown::Active,
        ChannelStatus::Updating => Shown::Updating,
        ChannelStatus::Deleting => Shown::Deleting,
        ChannelStatus::Failed => Shown::Failed,
    }
}

/// A channel with all its settings.
pub fn description_of(channel: &Channel) -> ChannelDescription {
    let settings = &channel.settings;
    let encryption = |key_id: &String| ChannelEncryptionConfiguration {
        encryption_type: ChannelEncryptionType::Kms,
        key_id: key_id.clone(),
    };
    ChannelDescription {
        channel_name: channel.name.to_string(),
        channel_arn: channel.arn().to_string(),
        channel_id: channel.id.to_string(),
        channel_status: status_of(channel.status),
        channel_status_reason: channel.reason.clone(),
        channel_creation_timestamp: channel.created,
        service_execution_role_arn: settings.role_arn.clone(),
        stream_configuration_list: vec![ChannelStreamDescription {
            stream_arn: channel.stream_arn().to_string(),
            stream_creation_timestamp: channel.stream_created,
            record_configuration: RecordConfiguration {
                record_format_type: format_of(settings.format),
                gsr_schema_arn: settings.schema_arn.clone(),
            },
        }],
        s3_destination_configuration: Some(destination_of(settings)),
        s3_tables_destination_configuration: None,
        encryption_configuration: settings.key_id.as_ref().map(encryption),
        logging_configuration: ChannelLoggingConfiguration {
            cloud_watch_logs: CloudWatchLogs {
                enabled: settings.logs.enabled,
                log_group_name: Some(settings.logs.group.clone()),
                log_stream_name: Some(settings.logs.stream.clone()),
            },
        },
    }
}

/// A channel in few words.
pub fn summary_of(channel: &Channel) -> ChannelSummary {
    ChannelSummary {
        channel_name: channel.name.to_string(),
        channel_arn: channel.arn().to_string(),
        channel_id: channel.id.to_string(),
        channel_status: status_of(channel.status),
        channel_status_reason: channel.reason.clone(),
        channel_creation_timestamp: channel.created,
        channel_destination_type: ChannelDestinationType::S3,
        streams: vec![ChannelStreamIdentifier {
            stream_arn: channel.stream_arn().to_string(),
            stream_creation_timestamp: channel.stream_created,
        }],
    }
}

fn destination_of(settings: &ChannelSettings) -> S3DestinationDescription {
    let class = |class| match class {
        StorageClass::Standard => S3StorageClass::Standard,
        StorageClass::IntelligentTiering => S3StorageClass::IntelligentTiering,
        StorageClass::GlacierIr => S3StorageClass::GlacierIr,
    };
    S3DestinationDescription {
        data_freshness_in_seconds: settings.freshness_seconds as i32,
        dead_letter_queue_s3_configuration: DeadLetterQueueS3Configuration {
            bucket_arn: settings.dead_letters.bucket_arn.clone(),
            expected_bucket_owner: settings.dead_letters.bucket_owner.clone(),
            error_output_prefix: settings.dead_letters.prefix.clone(),
        },
        storage_configuration: S3StorageConfiguration {
            bucket_arn: settings.bucket_arn.clone(),
            expected_bucket_owner: settings.bucket_owner.clone(),
            output_key_template: settings.key_template.clone(),
            storage_class: settings.storage_class.map(class),
            compression_type: match settings.compression {
                Compression::None => S3CompressionType::None,
                Compression::Gzip => S3CompressionType::Gzip,
                Compression::Zstd => S3CompressionType::Zstd,
            },
        },
    }
}

fn format_of(format: RecordFormat) -> RecordFormatType {
    match format {
        RecordFormat::GsrJson => RecordFormatType::GsrJson,
        RecordFormat::Json => RecordFormatType::Json,
        RecordFormat::String => RecordFormatType::String,
        RecordFormat::ByteArray => RecordFormatType::ByteArray,
    }
}
