//! Settings from a configuration. Whatever is wrong with it is found here: the error's text is for the client.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use millstream_api::firehose::*;
use millstream_catalog::{DeliverySource, DeliveryStream};

use super::buckets::{bucket, logging, object_target};
use super::conversion::conversion;
use super::hints::{Given, hints};
use super::prefixes::{Partitions, check_extended, check_staging};
use super::processing::processing;
use super::records::{http_endpoint, redshift, search, splunk};
use super::{Backup, Destination, Hints, Processing, RecordDestination, Settings, Source};
use crate::configuration::Configuration;
use crate::errors::Refusal;

/// What settings are made from, beside the configuration.
#[derive(Clone, Debug)]
pub struct Context {
    /// The configuration's version.
    pub version: u64,
    /// Where records come from.
    pub source: Source,
    /// The members of the secret in Secrets Manager that the configuration names.
    pub managed_secret: Option<BTreeMap<String, String>>,
}

impl Context {
    /// Of a delivery stream as it is.
    pub fn of(stream: &DeliveryStream, managed_secret: Option<BTreeMap<String, String>>) -> Self {
        let source = match &stream.source {
            DeliverySource::DirectPut { .. } => Source::DirectPut,
            DeliverySource::KinesisStream(source) => Source::KinesisStream(source.arn.clone()),
        };
        Context { version: stream.version, source, managed_secret }
    }
}

impl Settings {
    /// The settings of a configuration with its defaults filled in and its secret in its place.
    pub fn of(configuration: &Configuration, context: &Context) -> Result<Settings, Refusal> {
        let mut settings = match configuration {
            Configuration::S3(c) => of_s3(c, context),
            Configuration::Redshift(c) => of_redshift(c, context),
            Configuration::Elasticsearch(c) => of_search(c, true, context),
            Configuration::OpenSearch(c) => of_search(c, false, context),
            Configuration::Splunk(c) => of_splunk(c, context),
            Configuration::HttpEndpoint(c) => of_http_endpoint(c, context),
        }?;
        if let Destination::Records { secret, .. } = &mut settings.destination {
            let managed = configuration.secrets_manager();
            *secret = managed.and_then(|it| it.secret_arn.as_deref()).map(Arc::from);
        }
        Ok(settings)
    }
}

fn of_s3(c: &ExtendedS3DestinationConfiguration, context: &Context) -> Result<Settings, Refusal> {
    let partitioned =
        c.dynamic_partitioning_configuration.as_ref().is_some_and(|p| p.enabled == Some(true));
    let processing =
        Processing { partitioned, ..processing(c.processing_configuration.as_ref(), partitioned)? };
    let conversion = conversion(c)?;
    let given = Given::of(c.buffering_hints.as_ref());
    let hints = hints("ExtendedS3DestinationConfiguration.BufferingHints", given, 0)?;
    super::hints::check_large(hints, partitioned, conversion.is_some())?;
    let partitions = Partitions { enabled: partitioned, processing: &processing };
    check_extended(c, partitions)?;
    let target = super::buckets::extended_target(c, conversion)?;
    let logging = logging("ExtendedS3DestinationConfiguration", &c.cloud_watch_logging_options)?;
    let role_arn: Arc<str> = c.role_arn.as_str().into();
    let errors = Backup {
        role_arn: role_arn.clone(),
        target: super::buckets::without_conversion(target.clone()),
        hints,
        logging: logging.clone(),
    };
    let backup = match c.s3_backup_mode {
        Some(S3BackupMode::Enabled) => Some(required_backup(c.s3_backup_configuration.as_ref())?),
        Some(S3BackupMode::Disabled) | None => {
            // It may be given before it is enabled, and must make sense then.
            c.s3_backup_configuration.as_ref().map(backup_of).transpose()?;
            None
        }
    };
    Ok(Settings {
        version: context.version,
        source: context.source.clone(),
        role_arn,
        processing,
        destination: Destination::Objects(target),
        hints,
        backup,
        errors,
        logging,
    })
}

fn required_backup(c: Option<&S3DestinationConfiguration>) -> Result<Backup, Refusal> {
    let c = c.ok_or_else(|| {
        Refusal::invalid("S3BackupConfiguration must be specified when S3BackupMode is Enabled.")
    })?;
    backup_of(c)
}

fn backup_of(c: &S3DestinationConfiguration) -> Result<Backup, Refusal> {
    bucket("S3BackupConfiguration", c, 1)
}

fn of_redshift(
    c: &RedshiftDestinationConfiguration,
    context: &Context,
) -> Result<Settings, Refusal> {
    check_staging(&c.s3_configuration)?;
    let staging = object_target(&c.s3_configuration)?;
    let errors = bucket("S3Configuration", &c.s3_configuration, 0)?;
    let backup = match c.s3_backup_mode {
        Some(S3BackupMode::Enabled) => Some(required_backup(c.s3_backup_configuration.as_ref())?),
        Some(S3BackupMode::Disabled) | None => {
            c.s3_backup_configuration.as_ref().map(backup_of).transpose()?;
            None
        }
    };
    let destination = redshift(c, context.managed_secret.as_ref())?;
    let parts = Parts {
        role_arn: &c.role_arn,
        processing: c.processing_configuration.as_ref(),
        hints: errors.hints,
        retry: c.retry_options.as_ref(),
        logging: ("RedshiftDestinationConfiguration", &c.cloud_watch_logging_options),
    };
    records(
        parts,
        RecordDestination::Redshift(destination),
        Some(staging),
        (backup, errors),
        context,
    )
}

fn of_search(
    c: &SearchDestinationConfiguration,
    elasticsearch: bool,
    context: &Context,
) -> Result<Settings, Refusal> {
    let errors = bucket("S3Configuration", &c.s3_configuration, 1)?;
    let all = c.s3_backup_mode == Some(SearchS3BackupMode::AllDocuments);
    let given = c.buffering_hints.as_ref().map(|h| (h.size_in_mbs, h.interval_in_seconds));
    let parts = Parts {
        role_arn: &c.role_arn,
        processing: c.processing_configuration.as_ref(),
        hints: hints("BufferingHints", Given::from(given), 0)?,
        retry: c.retry_options.as_ref(),
        logging: ("The destination's", &c.cloud_watch_logging_options),
    };
    let backup = all.then(|| errors.clone());
    let destination = RecordDestination::Search(search(c, elasticsearch)?);
    records(parts, destination, None, (backup, errors), context)
}

fn of_splunk(c: &SplunkDestinationConfiguration, context: &Context) -> Result<Settings, Refusal> {
    let errors = bucket("S3Configuration", &c.s3_configuration, 1)?;
    let all = c.s3_backup_mode == Some(SplunkS3BackupMode::AllEvents);
    let given = c.buffering_hints.as_ref().map(|h| (h.size_in_mbs, h.interval_in_seconds));
    let parts = Parts {
        role_arn: &c.s3_configuration.role_arn,
        processing: c.processing_configuration.as_ref(),
        hints: hints("BufferingHints", Given::from(given), 0)?,
        retry: c.retry_options.as_ref(),
        logging: ("SplunkDestinationConfiguration", &c.cloud_watch_logging_options),
    };
    let backup = all.then(|| errors.clone());
    let destination = RecordDestination::Splunk(splunk(c, context.managed_secret.as_ref())?);
    records(parts, destination, None, (backup, errors), context)
}

fn of_http_endpoint(
    c: &HttpEndpointDestinationConfiguration,
    context: &Context,
) -> Result<Settings, Refusal> {
    let errors = bucket("S3Configuration", &c.s3_configuration, 1)?;
    let all = c.s3_backup_mode == Some(FailedDataBackupMode::AllData);
    let given = c.buffering_hints.as_ref().map(|h| (h.size_in_mbs, h.interval_in_seconds));
    let parts = Parts {
        role_arn: c.role_arn.as_ref().unwrap_or(&c.s3_configuration.role_arn),
        processing: c.processing_configuration.as_ref(),
        hints: hints("BufferingHints", Given::from(given), 0)?,
        retry: c.retry_options.as_ref(),
        logging: ("HttpEndpointDestinationConfiguration", &c.cloud_watch_logging_options),
    };
    let backup = all.then(|| errors.clone());
    let destination = RecordDestination::Http(http_endpoint(c, context.managed_secret.as_ref())?);
    records(parts, destination, None, (backup, errors), context)
}

/// What all destinations of records have.
struct Parts<'a> {
    role_arn: &'a str,
    processing: Option<&'a ProcessingConfiguration>,
    hints: Hints,
    retry: Option<&'a RetryOptions>,
    logging: (&'a str, &'a Option<CloudWatchLoggingOptions>),
}

fn records(
    parts: Parts<'_>,
    destination: RecordDestination,
    staging: Option<super::ObjectTarget>,
    (backup, errors): (Option<Backup>, Backup),
    context: &Context,
) -> Result<Settings, Refusal> {
    let seconds = parts.retry.and_then(|retry| retry.duration_in_seconds).unwrap_or(0);
    let retry_for = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Ok(Settings {
        version: context.version,
        source: context.source.clone(),
        role_arn: parts.role_arn.into(),
        processing: processing(parts.processing, false)?,
        destination: Destination::Records { destination, retry_for, staging, secret: None },
        hints: parts.hints,
        backup,
        errors,
        logging: logging(parts.logging.0, parts.logging.1)?,
    })
}
