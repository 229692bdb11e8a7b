//! A delivery stream as DescribeDeliveryStream shows it. Secrets are not in the configuration that it is made from, but
//! for one that AWS shows: Splunk's token.

mod destination;

use millstream_api::firehose::*;
use millstream_catalog as catalog;
use millstream_catalog::{DeliveryFailure, DeliverySource, DeliveryStream};
use millstream_vault::SERVICE_ALIAS;

pub use destination::destination;

/// The id of the one destination that a delivery stream has.
pub const DESTINATION_ID: &str = "destinationId-000000000001";

/// A delivery stream with these of its destinations.
pub fn delivery_stream(
    stream: &DeliveryStream,
    destinations: Vec<DestinationDescription>,
    has_more_destinations: bool,
) -> DeliveryStreamDescription {
    DeliveryStreamDescription {
        delivery_stream_name: stream.name.to_string(),
        delivery_stream_arn: stream.arn().to_string(),
        delivery_stream_status: status_of(stream.status),
        failure_description: stream.failure.as_ref().map(failure),
        delivery_stream_encryption_configuration: Some(encryption(stream)),
        delivery_stream_type: kind_of(&stream.source),
        version_id: stream.version.to_string(),
        create_timestamp: Some(stream.created),
        last_update_timestamp: stream.updated,
        source: source(&stream.source),
        destinations,
        has_more_destinations,
    }
}

/// Where its records come from.
pub fn kind_of(source: &DeliverySource) -> DeliveryStreamType {
    match source {
        DeliverySource::DirectPut { .. } => DeliveryStreamType::DirectPut,
        DeliverySource::KinesisStream(_) => DeliveryStreamType::KinesisStreamAsSource,
    }
}

/// A status as it is shown.
pub fn status_of(status: catalog::DeliveryStreamStatus) -> DeliveryStreamStatus {
    match status {
        catalog::DeliveryStreamStatus::Creating => DeliveryStreamStatus::Creating,
        catalog::DeliveryStreamStatus::CreatingFailed => DeliveryStreamStatus::CreatingFailed,
        catalog::DeliveryStreamStatus::Active => DeliveryStreamStatus::Active,
        catalog::DeliveryStreamStatus::Deleting => DeliveryStreamStatus::Deleting,
        catalog::DeliveryStreamStatus::DeletingFailed => DeliveryStreamStatus::DeletingFailed,
    }
}

/// The status of encryption as it is shown.
pub fn encryption_status_of(
    status: catalog::DeliveryEncryptionStatus,
) -> DeliveryStreamEncryptionStatus {
    match status {
        catalog::DeliveryEncryptionStatus::Disabled => DeliveryStreamEncryptionStatus::Disabled,
        catalog::DeliveryEncryptionStatus::Enabling => DeliveryStreamEncryptionStatus::Enabling,
        catalog::DeliveryEncryptionStatus::Enabled => DeliveryStreamEncryptionStatus::Enabled,
        catalog::DeliveryEncryptionStatus::Disabling => DeliveryStreamEncryptionStatus::Disabling,
    }
}

fn failure(failure: &DeliveryFailure) -> FailureDescription {
    FailureDescription {
        kind: DeliveryStreamFailureType::UnknownError,
        details: failure.details.clone(),
    }
}

fn encryption(stream: &DeliveryStream) -> DeliveryStreamEncryptionConfiguration {
    let key = stream.encryption.shown_key();
    let is_service = key.is_some_and(|key| key.key_id == SERVICE_ALIAS);
    let key_type = match is_service {
        true => KeyType::AwsOwned,
        false => KeyType::CustomerManaged,
    };
    DeliveryStreamEncryptionConfiguration {
        key_arn: key.filter(|_| !is_service).map(|key| key.key_id.clone()),
        key_type: key.map(|_| key_type),
        status: Some(encryption_status_of(stream.encryption.status)),
        failure_description: None,
    }
}

fn source(source: &DeliverySource) -> Option<SourceDescription> {
    let (direct_put, kinesis) = match source {
        DeliverySource::DirectPut { throughput_hint_mibps } => {
            let hint = throughput_hint_mibps.and_then(|hint| i32::try_from(hint).ok())?;
            (Some(DirectPutSourceDescription { throughput_hint_in_mbs: Some(hint) }), None)
        }
        DeliverySource::KinesisStream(source) => {
            let description = KinesisStreamSourceDescription {
                kinesis_stream_arn: Some(source.arn.to_string()),
                role_arn: Some(source.role_arn.clone()),
                delivery_start_timestamp: Some(source.start),
            };
            (None, Some(description))
        }
    };
    Some(SourceDescription {
        direct_put_source_description: direct_put,
        kinesis_stream_source_description: kinesis,
        msk_source_description: None,
        database_source_description: None,
    })
}
