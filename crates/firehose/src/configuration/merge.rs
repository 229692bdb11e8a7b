//! Updates of the same kind: what is absent stays (botocore, `UpdateDestination`). What a member holds replaces it,
//! but for structures of options, which are merged in turn: `docs/decisions/0201-updates-of-destinations.md`.

use millstream_api::firehose::*;

use crate::errors::Refusal;

/// A member that the update gives.
fn set<T>(member: &mut T, update: Option<T>) {
    if let Some(value) = update {
        *member = value;
    }
}

/// A member that need not be there.
fn put<T>(member: &mut Option<T>, update: Option<T>) {
    if update.is_some() {
        *member = update;
    }
}

pub(super) fn merge_extended(
    c: &mut ExtendedS3DestinationConfiguration,
    update: ExtendedS3DestinationUpdate,
) -> Result<(), Refusal> {
    keeps_partitions(c, update.dynamic_partitioning_configuration.as_ref())?;
    keeps_backup(c.s3_backup_mode, update.s3_backup_mode)?;
    set(&mut c.role_arn, update.role_arn);
    set(&mut c.bucket_arn, update.bucket_arn);
    put(&mut c.prefix, update.prefix);
    put(&mut c.error_output_prefix, update.error_output_prefix);
    put(&mut c.buffering_hints, update.buffering_hints);
    put(&mut c.compression_format, update.compression_format);
    put(&mut c.encryption_configuration, update.encryption_configuration);
    merge_logging(&mut c.cloud_watch_logging_options, update.cloud_watch_logging_options);
    put(&mut c.processing_configuration, update.processing_configuration);
    put(&mut c.s3_backup_mode, update.s3_backup_mode);
    merge_backup(&mut c.s3_backup_configuration, update.s3_backup_update)?;
    merge_conversion(
        &mut c.data_format_conversion_configuration,
        update.data_format_conversion_configuration,
    );
    if let Some(update) = update.dynamic_partitioning_configuration {
        match &mut c.dynamic_partitioning_configuration {
            Some(partitions) => {
                merge_retry(&mut partitions.retry_options, update.retry_options);
            }
            absent => *absent = Some(update),
        }
    }
    put(&mut c.file_extension, update.file_extension);
    put(&mut c.custom_time_zone, update.custom_time_zone);
    Ok(())
}

/// Developer guide, "Dynamic partitioning": only for new delivery streams, and never disabled.
fn keeps_partitions(
    c: &ExtendedS3DestinationConfiguration,
    update: Option<&DynamicPartitioningConfiguration>,
) -> Result<(), Refusal> {
    let before = c.dynamic_partitioning_configuration.as_ref();
    let before = before.and_then(|partitions| partitions.enabled).unwrap_or(false);
    match update.and_then(|update| update.enabled) {
        Some(true) if !before => Err(Refusal::invalid(
            "Dynamic partitioning can be enabled only when the delivery stream is created.",
        )),
        Some(false) if before => Err(Refusal::invalid("Dynamic partitioning cannot be disabled.")),
        Some(_) | None => Ok(()),
    }
}

/// botocore, `S3BackupMode`: a backup that is enabled cannot be disabled.
fn keeps_backup(before: Option<S3BackupMode>, update: Option<S3BackupMode>) -> Result<(), Refusal> {
    match (before, update) {
        (Some(S3BackupMode::Enabled), Some(S3BackupMode::Disabled)) => {
            Err(Refusal::invalid("S3BackupMode cannot be changed from Enabled to Disabled."))
        }
        _ => Ok(()),
    }
}

pub(super) fn merge_redshift(
    c: &mut RedshiftDestinationConfiguration,
    update: RedshiftDestinationUpdate,
) -> Result<(), Refusal> {
    keeps_backup(c.s3_backup_mode, update.s3_backup_mode)?;
    set(&mut c.role_arn, update.role_arn);
    set(&mut c.cluster_jdbc_url, update.cluster_jdbc_url);
    set(&mut c.copy_command, update.copy_command);
    put(&mut c.username, update.username);
    put(&mut c.password, update.password);
    merge_retry(&mut c.retry_options, update.retry_options);
    merge_s3(&mut c.s3_configuration, update.s3_update);
    put(&mut c.processing_configuration, update.processing_configuration);
    put(&mut c.s3_backup_mode, update.s3_backup_mode);
    merge_backup(&mut c.s3_backup_configuration, update.s3_backup_update)?;
    merge_logging(&mut c.cloud_watch_logging_options, update.cloud_watch_logging_options);
    merge_secrets_manager(
        &mut c.secrets_manager_configuration,
        update.secrets_manager_configuration,
    );
    Ok(())
}

/// The two ways to name a cluster replace each other.
pub(super) fn merge_search(
    c: &mut SearchDestinationConfiguration,
    update: SearchDestinationUpdate,
) {
    set(&mut c.role_arn, update.role_arn);
    if update.domain_arn.is_some() || update.cluster_endpoint.is_some() {
        c.domain_arn = update.domain_arn;
        c.cluster_endpoint = update.cluster_endpoint;
    }
    set(&mut c.index_name, update.index_name);
    put(&mut c.type_name, update.type_name);
    put(&mut c.index_rotation_period, update.index_rotation_period);
    put(&mut c.buffering_hints, update.buffering_hints);
    merge_retry(&mut c.retry_options, update.retry_options);
    merge_s3(&mut c.s3_configuration, update.s3_update);
    put(&mut c.processing_configuration, update.processing_configuration);
    merge_logging(&mut c.cloud_watch_logging_options, update.cloud_watch_logging_options);
    put(&mut c.document_id_options, update.document_id_options);
}

pub(super) fn merge_splunk(
    c: &mut SplunkDestinationConfiguration,
    update: SplunkDestinationUpdate,
) -> Result<(), Refusal> {
    use SplunkS3BackupMode::{AllEvents, FailedEventsOnly};
    if (c.s3_backup_mode, update.s3_backup_mode) == (Some(AllEvents), Some(FailedEventsOnly)) {
        return Err(Refusal::invalid(
            "S3BackupMode cannot be changed from AllEvents to FailedEventsOnly.",
        ));
    }
    set(&mut c.hec_endpoint, update.hec_endpoint);
    set(&mut c.hec_endpoint_type, update.hec_endpoint_type);
    put(&mut c.hec_token, update.hec_token);
    put(&mut c.hec_acknowledgment_timeout_in_seconds, update.hec_acknowledgment_timeout_in_seconds);
    merge_retry(&mut c.retry_options, update.retry_options);
    put(&mut c.s3_backup_mode, update.s3_backup_mode);
    merge_s3(&mut c.s3_configuration, update.s3_update);
    put(&mut c.processing_configuration, update.processing_configuration);
    merge_logging(&mut c.cloud_watch_logging_options, update.cloud_watch_logging_options);
    put(&mut c.buffering_hints, update.buffering_hints);
    merge_secrets_manager(
        &mut c.secrets_manager_configuration,
        update.secrets_manager_configuration,
    );
    Ok(())
}

pub(super) fn merge_http_endpoint(
    c: &mut HttpEndpointDestinationConfiguration,
    update: HttpEndpointDestinationUpdate,
) {
    if let Some(update) = update.endpoint_configuration {
        c.endpoint_configuration.url = update.url;
        put(&mut c.endpoint_configuration.name, update.name);
        put(&mut c.endpoint_configuration.access_key, update.access_key);
    }
    put(&mut c.buffering_hints, update.buffering_hints);
    merge_logging(&mut c.cloud_watch_logging_options, update.cloud_watch_logging_options);
    if let Some(update) = update.request_configuration {
        match &mut c.request_configuration {
            Some(request) => {
                put(&mut request.content_encoding, update.content_encoding);
                put(&mut request.common_attributes, update.common_attributes);
            }
            absent => *absent = Some(update),
        }
    }
    put(&mut c.processing_configuration, update.processing_configuration);
    put(&mut c.role_arn, update.role_arn);
    merge_retry(&mut c.retry_options, update.retry_options);
    put(&mut c.s3_backup_mode, update.s3_backup_mode);
    merge_s3(&mut c.s3_configuration, update.s3_update);
    merge_secrets_manager(
        &mut c.secrets_manager_configuration,
        update.secrets_manager_configuration,
    );
}

fn merge_s3(c: &mut S3DestinationConfiguration, update: Option<S3DestinationUpdate>) {
    let Some(update) = update else { return };
    set(&mut c.role_arn, update.role_arn);
    set(&mut c.bucket_arn, update.bucket_arn);
    put(&mut c.prefix, update.prefix);
    put(&mut c.error_output_prefix, update.error_output_prefix);
    put(&mut c.buffering_hints, update.buffering_hints);
    put(&mut c.compression_format, update.compression_format);
    put(&mut c.encryption_configuration, update.encryption_configuration);
    merge_logging(&mut c.cloud_watch_logging_options, update.cloud_watch_logging_options);
}

fn merge_backup(
    c: &mut Option<S3DestinationConfiguration>,
    update: Option<S3DestinationUpdate>,
) -> Result<(), Refusal> {
    match (c.as_mut(), update) {
        (Some(c), update) => merge_s3(c, update),
        (None, Some(update)) => {
            let name = "S3BackupUpdate";
            let needs = |member: &str| {
                Refusal::Invalid(format!(
                    "{name}.{member} must be specified: there is no backup yet whose configuration {name} could change."
                ))
            };
            *c = Some(into_s3(update, needs)?);
        }
        (None, None) => {}
    }
    Ok(())
}

/// A bucket that was not there before; `missing` says that it cannot do without a member.
pub(super) fn into_s3(
    update: S3DestinationUpdate,
    missing: impl Fn(&str) -> Refusal,
) -> Result<S3DestinationConfiguration, Refusal> {
    Ok(S3DestinationConfiguration {
        role_arn: update.role_arn.ok_or_else(|| missing("RoleARN"))?,
        bucket_arn: update.bucket_arn.ok_or_else(|| missing("BucketARN"))?,
        prefix: update.prefix,
        error_output_prefix: update.error_output_prefix,
        buffering_hints: update.buffering_hints,
        compression_format: update.compression_format,
        encryption_configuration: update.encryption_configuration,
        cloud_watch_logging_options: update.cloud_watch_logging_options,
    })
}

fn merge_retry(c: &mut Option<RetryOptions>, update: Option<RetryOptions>) {
    match (c.as_mut(), update) {
        (Some(c), Some(update)) => put(&mut c.duration_in_seconds, update.duration_in_seconds),
        (None, update) => *c = update,
        (Some(_), None) => {}
    }
}

fn merge_logging(
    c: &mut Option<CloudWatchLoggingOptions>,
    update: Option<CloudWatchLoggingOptions>,
) {
    match (c.as_mut(), update) {
        (Some(c), Some(update)) => {
            put(&mut c.enabled, update.enabled);
            put(&mut c.log_group_name, update.log_group_name);
            put(&mut c.log_stream_name, update.log_stream_name);
        }
        (None, update) => *c = update,
        (Some(_), None) => {}
    }
}

fn merge_secrets_manager(
    c: &mut Option<SecretsManagerConfiguration>,
    update: Option<SecretsManagerConfiguration>,
) {
    match (c.as_mut(), update) {
        (Some(c), Some(update)) => {
            c.enabled = update.enabled;
            put(&mut c.secret_arn, update.secret_arn);
            put(&mut c.role_arn, update.role_arn);
        }
        (None, update) => *c = update,
        (Some(_), None) => {}
    }
}

/// botocore, `DataFormatConversionConfiguration`: it can be disabled while its details are preserved.
fn merge_conversion(
    c: &mut Option<DataFormatConversionConfiguration>,
    update: Option<DataFormatConversionConfiguration>,
) {
    match (c.as_mut(), update) {
        (Some(c), Some(update)) => {
            put(&mut c.schema_configuration, update.schema_configuration);
            put(&mut c.input_format_configuration, update.input_format_configuration);
            put(&mut c.output_format_configuration, update.output_format_configuration);
            c.enabled = Some(update.enabled.unwrap_or(true));
        }
        (None, update) => *c = update,
        (Some(_), None) => {}
    }
}
