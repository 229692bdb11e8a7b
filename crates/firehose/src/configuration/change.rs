//! What UpdateDestination makes of a configuration: a merge if the kind stays the same, else another configuration.

use millstream_api::firehose::*;
use millstream_catalog::DestinationKind;

use super::merge::{
    into_s3, merge_extended, merge_http_endpoint, merge_redshift, merge_search, merge_splunk,
};
use super::{Configuration, exactly_one};
use crate::errors::Refusal;

/// The one update of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A bucket.
    S3(Box<ExtendedS3DestinationUpdate>),
    /// Redshift.
    Redshift(Box<RedshiftDestinationUpdate>),
    /// Elasticsearch.
    Elasticsearch(Box<SearchDestinationUpdate>),
    /// OpenSearch.
    OpenSearch(Box<SearchDestinationUpdate>),
    /// Splunk.
    Splunk(Box<SplunkDestinationUpdate>),
    /// An HTTP endpoint.
    HttpEndpoint(Box<HttpEndpointDestinationUpdate>),
}

/// Members of a new configuration, and what they are called in an update.
const RENAMED: [(&str, &str); 8] = [
    ("ExtendedS3DestinationConfiguration", "ExtendedS3DestinationUpdate"),
    ("RedshiftDestinationConfiguration", "RedshiftDestinationUpdate"),
    ("ElasticsearchDestinationConfiguration", "ElasticsearchDestinationUpdate"),
    ("AmazonopensearchserviceDestinationConfiguration", "AmazonopensearchserviceDestinationUpdate"),
    ("SplunkDestinationConfiguration", "SplunkDestinationUpdate"),
    ("HttpEndpointDestinationConfiguration", "HttpEndpointDestinationUpdate"),
    ("S3BackupConfiguration", "S3BackupUpdate"),
    ("S3Configuration", "S3Update"),
];

/// What is wrong with a configuration, in the terms of the update that led to it.
pub fn of_update(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Invalid(text) => Refusal::Invalid(
            RENAMED.iter().fold(text, |text, (before, after)| text.replace(before, after)),
        ),
        other => other,
    }
}

impl Change {
    /// The one update of a request.
    pub fn of_update(input: &mut UpdateDestinationInput) -> Result<Self, Refusal> {
        let s3 = input.s3_destination_update.take().map(extended);
        let extended = input.extended_s3_destination_update.take();
        let redshift = input.redshift_destination_update.take();
        let elasticsearch = input.elasticsearch_destination_update.take();
        let open_search = input.amazonopensearchservice_destination_update.take();
        let splunk = input.splunk_destination_update.take();
        let http = input.http_endpoint_destination_update.take();
        exactly_one([
            s3.map(|c| Change::S3(Box::new(c))),
            extended.map(|c| Change::S3(Box::new(c))),
            redshift.map(|c| Change::Redshift(Box::new(c))),
            elasticsearch.map(|c| Change::Elasticsearch(Box::new(c))),
            open_search.map(|c| Change::OpenSearch(Box::new(c))),
            splunk.map(|c| Change::Splunk(Box::new(c))),
            http.map(|c| Change::HttpEndpoint(Box::new(c))),
        ])
    }

    fn kind(&self) -> DestinationKind {
        match self {
            Change::S3(_) => DestinationKind::S3,
            Change::Redshift(_) => DestinationKind::Redshift,
            Change::Elasticsearch(_) => DestinationKind::Elasticsearch,
            Change::OpenSearch(_) => DestinationKind::OpenSearch,
            Change::Splunk(_) => DestinationKind::Splunk,
            Change::HttpEndpoint(_) => DestinationKind::HttpEndpoint,
        }
    }
}

impl Configuration {
    /// The configuration after a change, its defaults not yet filled in.
    pub fn changed(self, change: Change) -> Result<Self, Refusal> {
        may_become(&self, &change)?;
        match (self, change) {
            (Configuration::S3(mut c), Change::S3(update)) => {
                merge_extended(&mut c, *update)?;
                Ok(Configuration::S3(c))
            }
            (Configuration::Redshift(mut c), Change::Redshift(update)) => {
                merge_redshift(&mut c, *update)?;
                Ok(Configuration::Redshift(c))
            }
            (Configuration::Elasticsearch(mut c), Change::Elasticsearch(update)) => {
                merge_search(&mut c, *update);
                Ok(Configuration::Elasticsearch(c))
            }
            (Configuration::OpenSearch(mut c), Change::OpenSearch(update)) => {
                merge_search(&mut c, *update);
                Ok(Configuration::OpenSearch(c))
            }
            (Configuration::Splunk(mut c), Change::Splunk(update)) => {
                merge_splunk(&mut c, *update)?;
                Ok(Configuration::Splunk(c))
            }
            (Configuration::HttpEndpoint(mut c), Change::HttpEndpoint(update)) => {
                merge_http_endpoint(&mut c, *update);
                Ok(Configuration::HttpEndpoint(c))
            }
            (_, other) => whole(other),
        }
    }
}

/// botocore, `UpdateDestination`: no switching between OpenSearch and others. Partitions can never be switched off
/// (developer guide, "Dynamic partitioning"), and only a bucket has them.
fn may_become(before: &Configuration, change: &Change) -> Result<(), Refusal> {
    let is_search =
        |kind| matches!(kind, DestinationKind::Elasticsearch | DestinationKind::OpenSearch);
    if is_search(before.kind()) != is_search(change.kind()) {
        return Err(Refusal::invalid(
            "Switching between Amazon OpenSearch Service and other destinations is not supported.",
        ));
    }
    match before {
        Configuration::S3(c)
            if change.kind() != DestinationKind::S3
                && c.dynamic_partitioning_configuration
                    .as_ref()
                    .is_some_and(|partitions| partitions.enabled == Some(true)) =>
        {
            Err(Refusal::invalid(
                "The destination cannot be replaced: dynamic partitioning cannot be disabled.",
            ))
        }
        _ => Ok(()),
    }
}

/// A configuration of another kind: all that it requires must be there.
fn whole(change: Change) -> Result<Configuration, Refusal> {
    Ok(match change {
        Change::S3(update) => Configuration::S3(Box::new(whole_extended(*update)?)),
        Change::Redshift(update) => Configuration::Redshift(Box::new(whole_redshift(*update)?)),
        Change::Elasticsearch(update) => {
            Configuration::Elasticsearch(Box::new(whole_search(*update)?))
        }
        Change::OpenSearch(update) => Configuration::OpenSearch(Box::new(whole_search(*update)?)),
        Change::Splunk(update) => Configuration::Splunk(Box::new(whole_splunk(*update)?)),
        Change::HttpEndpoint(update) => {
            Configuration::HttpEndpoint(Box::new(whole_http_endpoint(*update)?))
        }
    })
}

/// A member without which there is no destination of another kind.
fn needed<T>(member: Option<T>, name: &str) -> Result<T, Refusal> {
    member.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Refusal {
    Refusal::Invalid(format!(
        "{name} must be specified: all parameters are needed where the destination's type changes."
    ))
}

/// The same of a bucket's member.
fn of(bucket: &str) -> impl Fn(&str) -> Refusal {
    move |member| missing(&format!("{bucket}.{member}"))
}

fn whole_extended(
    update: ExtendedS3DestinationUpdate,
) -> Result<ExtendedS3DestinationConfiguration, Refusal> {
    let backup = update.s3_backup_update;
    Ok(ExtendedS3DestinationConfiguration {
        role_arn: needed(update.role_arn, "RoleARN")?,
        bucket_arn: needed(update.bucket_arn, "BucketARN")?,
        prefix: update.prefix,
        error_output_prefix: update.error_output_prefix,
        buffering_hints: update.buffering_hints,
        compression_format: update.compression_format,
        encryption_configuration: update.encryption_configuration,
        cloud_watch_logging_options: update.cloud_watch_logging_options,
        processing_configuration: update.processing_configuration,
        s3_backup_mode: update.s3_backup_mode,
        s3_backup_configuration: backup
            .map(|backup| into_s3(backup, of("S3BackupUpdate")))
            .transpose()?,
        data_format_conversion_configuration: update.data_format_conversion_configuration,
        dynamic_partitioning_configuration: update.dynamic_partitioning_configuration,
        file_extension: update.file_extension,
        custom_time_zone: update.custom_time_zone,
    })
}

fn whole_redshift(
    update: RedshiftDestinationUpdate,
) -> Result<RedshiftDestinationConfiguration, Refusal> {
    let backup = update.s3_backup_update;
    Ok(RedshiftDestinationConfiguration {
        role_arn: needed(update.role_arn, "RoleARN")?,
        cluster_jdbc_url: needed(update.cluster_jdbc_url, "ClusterJDBCURL")?,
        copy_command: needed(update.copy_command, "CopyCommand")?,
        username: update.username,
        password: update.password,
        retry_options: update.retry_options,
        s3_configuration: into_s3(needed(update.s3_update, "S3Update")?, of("S3Update"))?,
        processing_configuration: update.processing_configuration,
        s3_backup_mode: update.s3_backup_mode,
        s3_backup_configuration: backup
            .map(|backup| into_s3(backup, of("S3BackupUpdate")))
            .transpose()?,
        cloud_watch_logging_options: update.cloud_watch_logging_options,
        secrets_manager_configuration: update.secrets_manager_configuration,
    })
}

fn whole_search(
    update: SearchDestinationUpdate,
) -> Result<SearchDestinationConfiguration, Refusal> {
    Ok(SearchDestinationConfiguration {
        role_arn: needed(update.role_arn, "RoleARN")?,
        domain_arn: update.domain_arn,
        cluster_endpoint: update.cluster_endpoint,
        index_name: needed(update.index_name, "IndexName")?,
        type_name: update.type_name,
        index_rotation_period: update.index_rotation_period,
        buffering_hints: update.buffering_hints,
        retry_options: update.retry_options,
        s3_backup_mode: None,
        s3_configuration: into_s3(needed(update.s3_update, "S3Update")?, of("S3Update"))?,
        processing_configuration: update.processing_configuration,
        cloud_watch_logging_options: update.cloud_watch_logging_options,
        vpc_configuration: None,
        document_id_options: update.document_id_options,
    })
}

fn whole_splunk(
    update: SplunkDestinationUpdate,
) -> Result<SplunkDestinationConfiguration, Refusal> {
    Ok(SplunkDestinationConfiguration {
        hec_endpoint: needed(update.hec_endpoint, "HECEndpoint")?,
        hec_endpoint_type: needed(update.hec_endpoint_type, "HECEndpointType")?,
        hec_token: update.hec_token,
        hec_acknowledgment_timeout_in_seconds: update.hec_acknowledgment_timeout_in_seconds,
        retry_options: update.retry_options,
        s3_backup_mode: update.s3_backup_mode,
        s3_configuration: into_s3(needed(update.s3_update, "S3Update")?, of("S3Update"))?,
        processing_configuration: update.processing_configuration,
        cloud_watch_logging_options: update.cloud_watch_logging_options,
        buffering_hints: update.buffering_hints,
        secrets_manager_configuration: update.secrets_manager_configuration,
    })
}

fn whole_http_endpoint(
    update: HttpEndpointDestinationUpdate,
) -> Result<HttpEndpointDestinationConfiguration, Refusal> {
    Ok(HttpEndpointDestinationConfiguration {
        endpoint_configuration: needed(update.endpoint_configuration, "EndpointConfiguration")?,
        buffering_hints: update.buffering_hints,
        cloud_watch_logging_options: update.cloud_watch_logging_options,
        request_configuration: update.request_configuration,
        processing_configuration: update.processing_configuration,
        role_arn: update.role_arn,
        retry_options: update.retry_options,
        s3_backup_mode: update.s3_backup_mode,
        s3_configuration: into_s3(needed(update.s3_update, "S3Update")?, of("S3Update"))?,
        secrets_manager_configuration: update.secrets_manager_configuration,
    })
}

/// The older form of a bucket's update, in the newer.
fn extended(s3: S3DestinationUpdate) -> ExtendedS3DestinationUpdate {
    ExtendedS3DestinationUpdate {
        role_arn: s3.role_arn,
        bucket_arn: s3.bucket_arn,
        prefix: s3.prefix,
        error_output_prefix: s3.error_output_prefix,
        buffering_hints: s3.buffering_hints,
        compression_format: s3.compression_format,
        encryption_configuration: s3.encryption_configuration,
        cloud_watch_logging_options: s3.cloud_watch_logging_options,
        processing_configuration: None,
        s3_backup_mode: None,
        s3_backup_update: None,
        data_format_conversion_configuration: None,
        dynamic_partitioning_configuration: None,
        file_extension: None,
        custom_time_zone: None,
    }
}
