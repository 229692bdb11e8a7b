//! The defaults of a configuration (botocore's texts; where it has none, the developer guide's "Configure buffering
//! hints" and what AWS's console sets). An empty text is none.

use millstream_api::firehose::*;

use super::{Configuration, Home};

/// Of buckets, OpenSearch and Elasticsearch, Splunk and HTTP endpoints.
const SIZE_MIB: i32 = 5;
/// With conversion or partitions; the developer guide's for conversion.
const SIZE_MIB_LARGE: i32 = 128;
const INTERVAL_SECONDS: i32 = 300;
const INTERVAL_SECONDS_SPLUNK: i32 = 60;
const RETRY_SECONDS: i32 = 300;
const RETRY_SECONDS_REDSHIFT: i32 = 3600;
const RETRY_SECONDS_SPLUNK: i32 = 3600;
const ACKNOWLEDGMENT_SECONDS: i32 = 180;
const FUNCTION_RETRIES: &str = "3";
const FUNCTION_INTERVAL_SECONDS: &str = "60";
const FUNCTION_SIZE_MIB: &str = "1";
const FUNCTION_SIZE_MIB_SPLUNK: &str = "0.25";

impl Configuration {
    /// Fills in what was not given.
    pub fn fill(&mut self, home: Home<'_>) {
        match self {
            Configuration::S3(c) => fill_extended(c, home),
            Configuration::Redshift(c) => {
                retry(&mut c.retry_options, RETRY_SECONDS_REDSHIFT);
                c.s3_backup_mode.get_or_insert(S3BackupMode::Disabled);
                fill_s3(&mut c.s3_configuration);
                c.s3_backup_configuration.iter_mut().for_each(fill_s3);
                logging(&mut c.cloud_watch_logging_options);
                let role = Some(c.role_arn.clone());
                processing(&mut c.processing_configuration, role.as_deref(), FUNCTION_SIZE_MIB);
            }
            Configuration::Elasticsearch(c) | Configuration::OpenSearch(c) => fill_search(c),
            Configuration::Splunk(c) => fill_splunk(c),
            Configuration::HttpEndpoint(c) => fill_http_endpoint(c),
        }
    }
}

fn fill_extended(c: &mut ExtendedS3DestinationConfiguration, home: Home<'_>) {
    blank_is_none(&mut c.prefix);
    blank_is_none(&mut c.error_output_prefix);
    blank_is_none(&mut c.file_extension);
    blank_is_none(&mut c.custom_time_zone);
    if let Some(conversion) = &mut c.data_format_conversion_configuration {
        fill_conversion(conversion, home);
    }
    let partitions = c.dynamic_partitioning_configuration.as_mut();
    let mut partitioned = false;
    if let Some(partitions) = partitions {
        partitioned = *partitions.enabled.get_or_insert(false);
        retry(&mut partitions.retry_options, RETRY_SECONDS);
    }
    let converted =
        c.data_format_conversion_configuration.as_ref().is_some_and(|c| c.enabled == Some(true));
    let large = partitioned || converted;
    let size = if large { SIZE_MIB_LARGE } else { SIZE_MIB };
    c.buffering_hints.get_or_insert(hints(size));
    c.compression_format.get_or_insert(CompressionFormat::Uncompressed);
    encryption(&mut c.encryption_configuration);
    logging(&mut c.cloud_watch_logging_options);
    c.s3_backup_mode.get_or_insert(S3BackupMode::Disabled);
    c.s3_backup_configuration.iter_mut().for_each(fill_s3);
    let role = Some(c.role_arn.clone());
    processing(&mut c.processing_configuration, role.as_deref(), FUNCTION_SIZE_MIB);
}

fn fill_s3(c: &mut S3DestinationConfiguration) {
    blank_is_none(&mut c.prefix);
    blank_is_none(&mut c.error_output_prefix);
    c.buffering_hints.get_or_insert(hints(SIZE_MIB));
    c.compression_format.get_or_insert(CompressionFormat::Uncompressed);
    encryption(&mut c.encryption_configuration);
    logging(&mut c.cloud_watch_logging_options);
}

fn fill_search(c: &mut SearchDestinationConfiguration) {
    blank_is_none(&mut c.type_name);
    c.index_rotation_period.get_or_insert(SearchIndexRotationPeriod::OneDay);
    c.buffering_hints.get_or_insert(SearchBufferingHints {
        interval_in_seconds: Some(INTERVAL_SECONDS),
        size_in_mbs: Some(SIZE_MIB),
    });
    retry(&mut c.retry_options, RETRY_SECONDS);
    c.s3_backup_mode.get_or_insert(SearchS3BackupMode::FailedDocumentsOnly);
    c.document_id_options.get_or_insert(DocumentIdOptions {
        default_document_id_format: DefaultDocumentIdFormat::FirehoseDefault,
    });
    fill_s3(&mut c.s3_configuration);
    logging(&mut c.cloud_watch_logging_options);
    let role = Some(c.role_arn.clone());
    processing(&mut c.processing_configuration, role.as_deref(), FUNCTION_SIZE_MIB);
}

fn fill_splunk(c: &mut SplunkDestinationConfiguration) {
    c.hec_acknowledgment_timeout_in_seconds.get_or_insert(ACKNOWLEDGMENT_SECONDS);
    c.buffering_hints.get_or_insert(SplunkBufferingHints {
        interval_in_seconds: Some(INTERVAL_SECONDS_SPLUNK),
        size_in_mbs: Some(SIZE_MIB),
    });
    retry(&mut c.retry_options, RETRY_SECONDS_SPLUNK);
    c.s3_backup_mode.get_or_insert(SplunkS3BackupMode::FailedEventsOnly);
    fill_s3(&mut c.s3_configuration);
    logging(&mut c.cloud_watch_logging_options);
    let role = Some(c.s3_configuration.role_arn.clone());
    processing(&mut c.processing_configuration, role.as_deref(), FUNCTION_SIZE_MIB_SPLUNK);
}

fn fill_http_endpoint(c: &mut HttpEndpointDestinationConfiguration) {
    c.buffering_hints.get_or_insert(HttpEndpointBufferingHints {
        size_in_mbs: Some(SIZE_MIB),
        interval_in_seconds: Some(INTERVAL_SECONDS),
    });
    let request = c.request_configuration.get_or_insert(HttpEndpointRequestConfiguration {
        content_encoding: None,
        common_attributes: None,
    });
    request.content_encoding.get_or_insert(ContentEncoding::None);
    request.common_attributes.get_or_insert_default();
    retry(&mut c.retry_options, RETRY_SECONDS);
    c.s3_backup_mode.get_or_insert(FailedDataBackupMode::FailedDataOnly);
    fill_s3(&mut c.s3_configuration);
    logging(&mut c.cloud_watch_logging_options);
    let role = c.role_arn.clone().unwrap_or_else(|| c.s3_configuration.role_arn.clone());
    processing(&mut c.processing_configuration, Some(&role), FUNCTION_SIZE_MIB);
}

fn fill_conversion(c: &mut DataFormatConversionConfiguration, home: Home<'_>) {
    c.enabled.get_or_insert(true);
    if let Some(schema) = &mut c.schema_configuration {
        schema.catalog_id.get_or_insert_with(|| home.account.to_string());
        schema.region.get_or_insert_with(|| home.region.to_string());
        schema.version_id.get_or_insert_with(|| "LATEST".into());
    }
}

fn blank_is_none(text: &mut Option<String>) {
    if text.as_deref() == Some("") {
        *text = None;
    }
}

fn hints(size: i32) -> BufferingHints {
    BufferingHints { size_in_mbs: Some(size), interval_in_seconds: Some(INTERVAL_SECONDS) }
}

fn retry(options: &mut Option<RetryOptions>, seconds: i32) {
    let options = options.get_or_insert(RetryOptions { duration_in_seconds: None });
    options.duration_in_seconds.get_or_insert(seconds);
}

fn encryption(configuration: &mut Option<EncryptionConfiguration>) {
    let encryption = configuration.get_or_insert(EncryptionConfiguration {
        no_encryption_config: None,
        kms_encryption_config: None,
    });
    if encryption.kms_encryption_config.is_none() {
        encryption.no_encryption_config = Some(NoEncryptionConfig::NoEncryption);
    }
}

fn logging(options: &mut Option<CloudWatchLoggingOptions>) {
    let options = options.get_or_insert(CloudWatchLoggingOptions {
        enabled: None,
        log_group_name: None,
        log_stream_name: None,
    });
    options.enabled.get_or_insert(false);
}

/// AWS shows the parameters of a function that were not given.
fn processing(
    configuration: &mut Option<ProcessingConfiguration>,
    role_arn: Option<&str>,
    function_size_mib: &str,
) {
    use ProcessorParameterName::{
        BufferIntervalInSeconds, BufferSizeInMBs, NumberOfRetries, RoleArn,
    };
    let c =
        configuration.get_or_insert(ProcessingConfiguration { enabled: None, processors: None });
    let processors = c.processors.get_or_insert_default();
    c.enabled.get_or_insert(!processors.is_empty());
    for processor in processors.iter_mut().filter(|one| one.kind == ProcessorType::Lambda) {
        let parameters = processor.parameters.get_or_insert_default();
        for (name, value) in [
            (NumberOfRetries, Some(FUNCTION_RETRIES)),
            (RoleArn, role_arn),
            (BufferSizeInMBs, Some(function_size_mib)),
            (BufferIntervalInSeconds, Some(FUNCTION_INTERVAL_SECONDS)),
        ] {
            let Some(value) = value else { continue };
            if !parameters.iter().any(|one| one.parameter_name == name) {
                let parameter_value = value.to_owned();
                parameters.push(ProcessorParameter { parameter_name: name, parameter_value });
            }
        }
    }
}
