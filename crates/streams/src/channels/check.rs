//! What a channel may be asked to do. The model's constraints are checked by then; these are the rules between members.

use millstream_api::Error;
use millstream_api::ops::{
    ChannelLoggingConfiguration, CreateChannelInput, DeadLetterQueueS3Configuration,
    DestinationUpdate, RecordFormatType, S3CompressionType, S3DestinationConfiguration,
    S3StorageClass,
};
use millstream_catalog::{
    Channel, ChannelLogs, ChannelSettings, Compression, DeadLetters, RecordFormat, StorageClass,
};
use millstream_types::{AccountId, ChannelId};

use crate::limits::{
    FRESHNESS_SECONDS_DEFAULT, FRESHNESS_SECONDS_MAX, FRESHNESS_SECONDS_MIN, OBJECT_KEY_BYTES_MAX,
    OBJECT_SUFFIX_BYTES,
};

/// What dead letters' keys begin with where the request says nothing: see `docs/decisions/0061-channels.md`.
const DEAD_LETTERS: &str = "kinesis-channel-errors";
/// The stream of logs where the request says nothing (botocore, `CloudWatchLogs`).
const LOG_STREAM: &str = "DestinationDelivery";
/// The service's own key, as an alias (botocore, `ChannelEncryptionConfiguration`: it cannot be used).
const SERVICE_KEY: &str = "alias/aws/kinesis";

/// The settings that a request comes to, with everything checked that does not need the stream.
pub fn settings_of(
    input: &CreateChannelInput,
    account: AccountId,
    id: &ChannelId,
) -> Result<ChannelSettings, Error> {
    let [source] = &input.stream_configuration_list[..] else {
        return Err(Error::invalid_argument(
            "StreamConfigurationList: one stream is supported per channel.",
        ));
    };
    let destination = input.s3_destination_configuration.as_ref().ok_or_else(|| {
        Error::invalid_argument(
            "Either S3DestinationConfiguration or S3TablesDestinationConfiguration must be specified.",
        )
    })?;
    check_role(&input.service_execution_role_arn, account)?;
    let format = source.record_configuration.record_format_type;
    check_format(format, source.record_configuration.gsr_schema_arn.as_deref())?;
    let encryption = input.encryption_configuration.as_ref();
    let key_id = encryption.map(|encryption| encryption.key_id.clone());
    if key_id.as_deref().is_some_and(is_service_key) {
        return Err(Error::invalid_argument(
            "EncryptionConfiguration: the key aws/kinesis cannot be used; name a customer managed key.",
        ));
    }
    let name = &input.channel_name;
    let storage = &destination.storage_configuration;
    if let Some(template) = &storage.output_key_template {
        check_template(template, name, id)?;
    }
    let freshness_seconds = match destination.data_freshness_in_seconds {
        Some(seconds) => freshness(seconds)?,
        None => FRESHNESS_SECONDS_DEFAULT,
    };
    Ok(ChannelSettings {
        role_arn: input.service_execution_role_arn.clone(),
        format: format_of(format),
        schema_arn: None,
        freshness_seconds,
        bucket_arn: storage.bucket_arn.clone(),
        bucket_owner: storage.expected_bucket_owner.clone(),
        key_template: storage.output_key_template.clone(),
        storage_class: storage.storage_class.map(class_of),
        compression: compression_of(storage.compression_type),
        dead_letters: dead_letters(destination, name, id),
        key_id,
        logs: logs_of(input.logging_configuration.as_ref(), name, id),
    })
}

/// What an update changes: freshness and logs, one of them at least.
pub fn check_update(
    channel: &Channel,
    destination: Option<&DestinationUpdate>,
    logging: Option<&ChannelLoggingConfiguration>,
) -> Result<(Option<u32>, Option<ChannelLogs>), Error> {
    if destination.is_none() && logging.is_none() {
        return Err(Error::invalid_argument(
            "Either S3DestinationConfiguration or LoggingConfiguration must be specified.",
        ));
    }
    let update = destination.map(|update| freshness(update.data_freshness_in_seconds));
    let logs = logging.map(|logging| logs_of(Some(logging), channel.name.as_str(), &channel.id));
    Ok((update.transpose()?, logs))
}

fn freshness(seconds: i32) -> Result<u32, Error> {
    let range = FRESHNESS_SECONDS_MIN..=FRESHNESS_SECONDS_MAX;
    u32::try_from(seconds).ok().filter(|seconds| range.contains(seconds)).ok_or_else(|| {
        Error::invalid_argument(format!(
            "DataFreshnessInSeconds must be from {FRESHNESS_SECONDS_MIN} to {FRESHNESS_SECONDS_MAX}. Specified value \
             was {seconds}."
        ))
    })
}

/// A role is passed to the service, and roles of other accounts cannot be (IAM user guide, "iam:PassRole").
fn check_role(arn: &str, account: AccountId) -> Result<(), Error> {
    let owner = arn.split(':').nth(4);
    if owner == Some(account.to_string().as_str()) {
        return Ok(());
    }
    Err(Error::invalid_argument(format!(
        "ServiceExecutionRoleARN: the role {arn} belongs to another account."
    )))
}

/// Formats of the two kinds of destinations (botocore, `RecordConfiguration`).
fn check_format(format: RecordFormatType, schema: Option<&str>) -> Result<(), Error> {
    match (format, schema) {
        (RecordFormatType::GsrJson, None) => Err(Error::invalid_argument(
            "RecordConfiguration: the format GSR_JSON needs a GSRSchemaARN.",
        )),
        (RecordFormatType::GsrJson, Some(_)) => Err(Error::invalid_argument(
            "RecordConfiguration: the format GSR_JSON is only possible with destinations in S3 Tables.",
        )),
        (
            RecordFormatType::Json | RecordFormatType::String | RecordFormatType::ByteArray,
            Some(_),
        ) => Err(Error::invalid_argument(
            "RecordConfiguration: a GSRSchemaARN is only possible with destinations in S3 Tables.",
        )),
        (RecordFormatType::Json | RecordFormatType::String | RecordFormatType::ByteArray, None) => {
            Ok(())
        }
    }
}

fn is_service_key(key: &str) -> bool {
    let alias = if key.starts_with("arn:") { key.rsplit(':').next() } else { Some(key) };
    alias == Some(SERVICE_KEY) || key == "aws/kinesis"
}

/// What a template's expressions become at most (AWS, "Amazon S3 key template"); a name of nothing is refused.
fn check_template(template: &str, name: &str, id: &ChannelId) -> Result<(), Error> {
    let refused = |why: String| Error::invalid_argument(format!("OutputKeyTemplate: {why}."));
    let (mut rest, mut bytes) = (template, OBJECT_SUFFIX_BYTES);
    while let Some((literal, after)) = rest.split_once("!{") {
        check_literal(literal).map_err(refused)?;
        let Some((expression, after)) = after.split_once('}') else {
            return Err(refused("an expression is not closed".into()));
        };
        bytes += literal.len();
        bytes += match expression {
            "channel-name" => name.len(),
            "channel-id" => id.as_str().len(),
            "yyyy" => 4,
            "MM" | "dd" | "HH" | "mm" => 2,
            // Counted with the suffix.
            "extension" => 0,
            _ => return Err(refused(format!("there is no expression !{{{expression}}}"))),
        };
        rest = after;
    }
    check_literal(rest).map_err(refused)?;
    if bytes + rest.len() > OBJECT_KEY_BYTES_MAX {
        return Err(refused(format!("keys would have more than {OBJECT_KEY_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// A brace that belongs to no expression is a slip, and not a key that anyone wants.
fn check_literal(literal: &str) -> Result<(), String> {
    match literal.find(['{', '}']) {
        Some(_) => Err("a brace is part of no expression".into()),
        None => Ok(()),
    }
}

fn dead_letters(
    destination: &S3DestinationConfiguration,
    name: &str,
    id: &ChannelId,
) -> DeadLetters {
    match &destination.dead_letter_queue_s3_configuration {
        Some(DeadLetterQueueS3Configuration {
            bucket_arn,
            expected_bucket_owner,
            error_output_prefix,
        }) => DeadLetters {
            bucket_arn: bucket_arn.clone(),
            bucket_owner: expected_bucket_owner.clone(),
            prefix: error_output_prefix.clone(),
        },
        None => DeadLetters {
            bucket_arn: destination.storage_configuration.bucket_arn.clone(),
            bucket_owner: destination.storage_configuration.expected_bucket_owner.clone(),
            prefix: Some(format!("{DEAD_LETTERS}/{name}/{id}/")),
        },
    }
}

fn logs_of(
    logging: Option<&ChannelLoggingConfiguration>,
    name: &str,
    id: &ChannelId,
) -> ChannelLogs {
    let logs = logging.map(|logging| &logging.cloud_watch_logs);
    let group = logs.and_then(|logs| logs.log_group_name.clone());
    let stream = logs.and_then(|logs| logs.log_stream_name.clone());
    ChannelLogs {
        enabled: logs.is_some_and(|logs| logs.enabled),
        group: group.unwrap_or_else(|| format!("/aws/kinesis/{name}/{id}")),
        stream: stream.unwrap_or_else(|| LOG_STREAM.to_owned()),
    }
}

fn format_of(format: RecordFormatType) -> RecordFormat {
    match format {
        RecordFormatType::GsrJson => RecordFormat::GsrJson,
        RecordFormatType::Json => RecordFormat::Json,
        RecordFormatType::String => RecordFormat::String,
        RecordFormatType::ByteArray => RecordFormat::ByteArray,
    }
}

fn class_of(class: S3StorageClass) -> StorageClass {
    match class {
        S3StorageClass::Standard => StorageClass::Standard,
        S3StorageClass::IntelligentTiering => StorageClass::IntelligentTiering,
        S3StorageClass::GlacierIr => StorageClass::GlacierIr,
    }
}

fn compression_of(compression: S3CompressionType) -> Compression {
    match compression {
        S3CompressionType::None => Compression::None,
        S3CompressionType::Gzip => Compression::Gzip,
        S3CompressionType::Zstd => Compression::Zstd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_name_only_what_there_is() {
        let id: ChannelId = "abc".parse().unwrap();
        let check = |template: &str| check_template(template, "name", &id);
        for good in [
            "plain/key",
            "a!b",
            "!{channel-name}/!{channel-id}/!{yyyy}/!{MM}/!{dd}/!{HH}!{mm}!{extension}",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["!{", "!{yyyy", "!{year}", "!{}", "{yyyy}", "a}", "!{!{yyyy}}", "!{YYYY}"] {
            assert!(check(bad).is_err(), "{bad}");
        }
        let room = OBJECT_KEY_BYTES_MAX - OBJECT_SUFFIX_BYTES;
        assert_eq!(check(&"x".repeat(room)), Ok(()));
        assert!(check(&"x".repeat(room + 1)).is_err());
        assert!(check(&"!{channel-name}".repeat(room / 4 + 1)).is_err());
    }

    #[test]
    fn the_services_own_key_is_known_by_each_of_its_names() {
        for own in ["alias/aws/kinesis", "arn:aws:kms:us-east-1:000000000000:alias/aws/kinesis"] {
            assert!(is_service_key(own), "{own}");
        }
        for other in ["alias/mine", "arn:aws:kms:us-east-1:000000000000:key/aws", "1234"] {
            assert!(!is_service_key(other), "{other}");
        }
    }

    #[test]
    fn freshness_goes_from_five_to_fifteen_minutes() {
        for (seconds, fits) in [(-1, false), (299, false), (300, true), (900, true), (901, false)] {
            assert_eq!(freshness(seconds).is_ok(), fits, "{seconds}");
        }
    }
}
