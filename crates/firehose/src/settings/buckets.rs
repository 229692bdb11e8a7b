//! Buckets: what is written there and how.

use std::sync::Arc;

use millstream_api::firehose::*;

use super::hints::{Given, hints};
use super::{Backup, Compression, Conversion, Encryption, Logging, Naming, ObjectTarget, prefixes};
use crate::errors::Refusal;

/// A bucket beside the destination. Its interval is `seconds_min` at least.
pub fn bucket(
    member: &str,
    c: &S3DestinationConfiguration,
    seconds_min: u64,
) -> Result<Backup, Refusal> {
    let given = Given::of(c.buffering_hints.as_ref());
    prefixes::check_plain(c.prefix.as_deref(), c.error_output_prefix.as_deref())?;
    Ok(Backup {
        role_arn: c.role_arn.as_str().into(),
        target: object_target(c)?,
        hints: hints(&format!("{member}.BufferingHints"), given, seconds_min)?,
        logging: logging(member, &c.cloud_watch_logging_options)?,
    })
}

/// What a bucket's configuration says of its objects.
pub fn object_target(c: &S3DestinationConfiguration) -> Result<ObjectTarget, Refusal> {
    Ok(ObjectTarget {
        bucket: bucket_name(&c.bucket_arn)?,
        naming: Naming::Firehose {
            prefix: shared(&c.prefix),
            error_prefix: shared(&c.error_output_prefix),
            time_zone: None,
            extension: None,
        },
        compression: compression(c.compression_format),
        encryption: encryption(c.encryption_configuration.as_ref())?,
        conversion: None,
        bucket_owner: None,
        storage_class: None,
    })
}

/// The objects of the destination itself.
pub fn extended_target(
    c: &ExtendedS3DestinationConfiguration,
    conversion: Option<Conversion>,
) -> Result<ObjectTarget, Refusal> {
    Ok(ObjectTarget {
        bucket: bucket_name(&c.bucket_arn)?,
        naming: Naming::Firehose {
            prefix: shared(&c.prefix),
            error_prefix: shared(&c.error_output_prefix),
            time_zone: shared(&c.custom_time_zone),
            extension: shared(&c.file_extension),
        },
        compression: compression(c.compression_format),
        encryption: encryption(c.encryption_configuration.as_ref())?,
        conversion,
        bucket_owner: None,
        storage_class: None,
    })
}

/// The same bucket for what failed: documents in JSON, so neither columns nor their extension.
pub fn without_conversion(mut target: ObjectTarget) -> ObjectTarget {
    target.conversion = None;
    if let Naming::Firehose { extension, .. } = &mut target.naming {
        *extension = None;
    }
    target
}

fn shared(text: &Option<String>) -> Option<Arc<str>> {
    text.as_deref().map(Arc::from)
}

/// `arn:PARTITION:s3:::NAME`.
fn bucket_name(arn: &str) -> Result<Arc<str>, Refusal> {
    let name = arn.split_once(":s3:::").map(|(_, name)| name).filter(|name| !name.is_empty());
    name.map(Arc::from)
        .ok_or_else(|| Refusal::invalid(format!("BucketARN {arn} is not the ARN of a bucket.")))
}

fn compression(format: Option<CompressionFormat>) -> Compression {
    match format {
        None | Some(CompressionFormat::Uncompressed) => Compression::Uncompressed,
        Some(CompressionFormat::Gzip) => Compression::Gzip,
        Some(CompressionFormat::Zip) => Compression::Zip,
        Some(CompressionFormat::Snappy) => Compression::Snappy,
        Some(CompressionFormat::HadoopSnappy) => Compression::HadoopSnappy,
    }
}

fn encryption(c: Option<&EncryptionConfiguration>) -> Result<Encryption, Refusal> {
    let Some(c) = c else { return Ok(Encryption::BucketDefault) };
    match (&c.no_encryption_config, &c.kms_encryption_config) {
        (Some(_), Some(_)) => Err(Refusal::invalid(
            "EncryptionConfiguration: only one of NoEncryptionConfig and KMSEncryptionConfig can be specified.",
        )),
        (_, Some(kms)) => Ok(Encryption::Kms(kms.aws_kms_key_arn.as_str().into())),
        (_, None) => Ok(Encryption::BucketDefault),
    }
}

/// botocore, `CloudWatchLoggingOptions`: both names are required if it is enabled.
pub fn logging(
    member: &str,
    options: &Option<CloudWatchLoggingOptions>,
) -> Result<Option<Logging>, Refusal> {
    let Some(options) = options.as_ref().filter(|options| options.enabled == Some(true)) else {
        return Ok(None);
    };
    let given = |name: &Option<String>| {
        name.as_deref().filter(|name| !name.is_empty()).map(Arc::<str>::from)
    };
    match (given(&options.log_group_name), given(&options.log_stream_name)) {
        (Some(group), Some(stream)) => Ok(Some(Logging { group, stream })),
        _ => Err(Refusal::invalid(format!(
            "{member}.CloudWatchLoggingOptions: LogGroupName and LogStreamName must be specified when logging is \
             enabled."
        ))),
    }
}
