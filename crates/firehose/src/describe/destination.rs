//! A configuration as it is described.

use millstream_api::firehose::*;

use super::DESTINATION_ID;
use crate::configuration::Configuration;

/// The destination; a bucket is described in its older form too.
pub fn destination(configuration: Configuration) -> DestinationDescription {
    let mut shown = DestinationDescription {
        destination_id: DESTINATION_ID.into(),
        s3_destination_description: None,
        extended_s3_destination_description: None,
        redshift_destination_description: None,
        elasticsearch_destination_description: None,
        amazonopensearchservice_destination_description: None,
        splunk_destination_description: None,
        http_endpoint_destination_description: None,
        snowflake_destination_description: None,
        amazon_open_search_serverless_destination_description: None,
        iceberg_destination_description: None,
    };
    match configuration {
        Configuration::S3(c) => {
            let extended = extended(*c);
            shown.s3_destination_description = Some(older(&extended));
            shown.extended_s3_destination_description = Some(extended);
        }
        Configuration::Redshift(c) => shown.redshift_destination_description = Some(redshift(*c)),
        Configuration::Elasticsearch(c) => {
            shown.elasticsearch_destination_description = Some(search(*c));
        }
        Configuration::OpenSearch(c) => {
            shown.amazonopensearchservice_destination_description = Some(search(*c));
        }
        Configuration::Splunk(c) => shown.splunk_destination_description = Some(splunk(*c)),
        Configuration::HttpEndpoint(c) => {
            shown.http_endpoint_destination_description = Some(http_endpoint(*c));
        }
    }
    shown
}

/// Defaults are filled in, so these are all there.
fn bucket(c: S3DestinationConfiguration) -> S3DestinationDescription {
    S3DestinationDescription {
        role_arn: c.role_arn,
        bucket_arn: c.bucket_arn,
        prefix: c.prefix,
        error_output_prefix: c.error_output_prefix,
        buffering_hints: hints(c.buffering_hints),
        compression_format: c.compression_format.unwrap_or(CompressionFormat::Uncompressed),
        encryption_configuration: encryption(c.encryption_configuration),
        cloud_watch_logging_options: c.cloud_watch_logging_options,
    }
}

fn hints(given: Option<BufferingHints>) -> BufferingHints {
    given.unwrap_or(BufferingHints { size_in_mbs: None, interval_in_seconds: None })
}

fn encryption(given: Option<EncryptionConfiguration>) -> EncryptionConfiguration {
    given.unwrap_or(EncryptionConfiguration {
        no_encryption_config: Some(NoEncryptionConfig::NoEncryption),
        kms_encryption_config: None,
    })
}

fn older(c: &ExtendedS3DestinationDescription) -> S3DestinationDescription {
    S3DestinationDescription {
        role_arn: c.role_arn.clone(),
        bucket_arn: c.bucket_arn.clone(),
        prefix: c.prefix.clone(),
        error_output_prefix: c.error_output_prefix.clone(),
        buffering_hints: c.buffering_hints.clone(),
        compression_format: c.compression_format,
        encryption_configuration: c.encryption_configuration.clone(),
        cloud_watch_logging_options: c.cloud_watch_logging_options.clone(),
    }
}

fn extended(c: ExtendedS3DestinationConfiguration) -> ExtendedS3DestinationDescription {
    ExtendedS3DestinationDescription {
        role_arn: c.role_arn,
        bucket_arn: c.bucket_arn,
        prefix: c.prefix,
        error_output_prefix: c.error_output_prefix,
        buffering_hints: hints(c.buffering_hints),
        compression_format: c.compression_format.unwrap_or(CompressionFormat::Uncompressed),
        encryption_configuration: encryption(c.encryption_configuration),
        cloud_watch_logging_options: c.cloud_watch_logging_options,
        processing_configuration: c.processing_configuration,
        s3_backup_mode: c.s3_backup_mode,
        s3_backup_description: c.s3_backup_configuration.map(bucket),
        data_format_conversion_configuration: c.data_format_conversion_configuration,
        dynamic_partitioning_configuration: c.dynamic_partitioning_configuration,
        file_extension: c.file_extension,
        custom_time_zone: c.custom_time_zone,
    }
}

fn redshift(c: RedshiftDestinationConfiguration) -> RedshiftDestinationDescription {
    RedshiftDestinationDescription {
        role_arn: c.role_arn,
        cluster_jdbc_url: c.cluster_jdbc_url,
        copy_command: c.copy_command,
        username: c.username,
        retry_options: c.retry_options,
        s3_destination_description: bucket(c.s3_configuration),
        processing_configuration: c.processing_configuration,
        s3_backup_mode: c.s3_backup_mode,
        s3_backup_description: c.s3_backup_configuration.map(bucket),
        cloud_watch_logging_options: c.cloud_watch_logging_options,
        secrets_manager_configuration: c.secrets_manager_configuration,
    }
}

fn search(c: SearchDestinationConfiguration) -> SearchDestinationDescription {
    SearchDestinationDescription {
        role_arn: Some(c.role_arn),
        domain_arn: c.domain_arn,
        cluster_endpoint: c.cluster_endpoint,
        index_name: Some(c.index_name),
        type_name: c.type_name,
        index_rotation_period: c.index_rotation_period,
        buffering_hints: c.buffering_hints,
        retry_options: c.retry_options,
        s3_backup_mode: c.s3_backup_mode,
        s3_destination_description: Some(bucket(c.s3_configuration)),
        processing_configuration: c.processing_configuration,
        cloud_watch_logging_options: c.cloud_watch_logging_options,
        vpc_configuration_description: None,
        document_id_options: c.document_id_options,
    }
}

fn splunk(c: SplunkDestinationConfiguration) -> SplunkDestinationDescription {
    SplunkDestinationDescription {
        hec_endpoint: Some(c.hec_endpoint),
        hec_endpoint_type: Some(c.hec_endpoint_type),
        hec_token: c.hec_token,
        hec_acknowledgment_timeout_in_seconds: c.hec_acknowledgment_timeout_in_seconds,
        retry_options: c.retry_options,
        s3_backup_mode: c.s3_backup_mode,
        s3_destination_description: Some(bucket(c.s3_configuration)),
        processing_configuration: c.processing_configuration,
        cloud_watch_logging_options: c.cloud_watch_logging_options,
        buffering_hints: c.buffering_hints,
        secrets_manager_configuration: c.secrets_manager_configuration,
    }
}

fn http_endpoint(c: HttpEndpointDestinationConfiguration) -> HttpEndpointDestinationDescription {
    HttpEndpointDestinationDescription {
        endpoint_configuration: Some(HttpEndpointDescription {
            url: Some(c.endpoint_configuration.url),
            name: c.endpoint_configuration.name,
        }),
        buffering_hints: c.buffering_hints,
        cloud_watch_logging_options: c.cloud_watch_logging_options,
        request_configuration: c.request_configuration,
        processing_configuration: c.processing_configuration,
        role_arn: c.role_arn,
        retry_options: c.retry_options,
        s3_backup_mode: c.s3_backup_mode,
        s3_destination_description: Some(bucket(c.s3_configuration)),
        secrets_manager_configuration: c.secrets_manager_configuration,
    }
}
