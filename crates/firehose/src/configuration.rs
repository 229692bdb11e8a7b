//! A destination's configuration as it is kept: a structure of AWS's model with every default filled in.
//!
//! It comes from CreateDeliveryStream, or from an older one and UpdateDestination; `settings` makes of it what a
//! pipeline needs, and finds whatever is wrong with it on the way.

mod change;
mod defaults;
mod merge;
mod secret;

use millstream_api::firehose::{
    CreateDeliveryStreamInput, ExtendedS3DestinationConfiguration,
    HttpEndpointDestinationConfiguration, RedshiftDestinationConfiguration,
    S3DestinationConfiguration, SearchDestinationConfiguration, SplunkDestinationConfiguration,
};
use millstream_catalog::{DeliveryDestination, DestinationKind};
use millstream_types::{AccountId, Region};
use millstream_wire::{Protocol, decode_output, encode};

use crate::errors::Refusal;

pub use change::{Change, of_update};

/// The configuration of a destination.
#[derive(Clone, Debug, PartialEq)]
pub enum Configuration {
    /// A bucket. What CreateDeliveryStream's older form of it says is kept as the newer form.
    S3(Box<ExtendedS3DestinationConfiguration>),
    /// Redshift.
    Redshift(Box<RedshiftDestinationConfiguration>),
    /// Elasticsearch.
    Elasticsearch(Box<SearchDestinationConfiguration>),
    /// OpenSearch.
    OpenSearch(Box<SearchDestinationConfiguration>),
    /// Splunk.
    Splunk(Box<SplunkDestinationConfiguration>),
    /// An HTTP endpoint.
    HttpEndpoint(Box<HttpEndpointDestinationConfiguration>),
}

/// Whose a configuration is: some defaults are the owner's.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: &'a Region,
}

impl Configuration {
    /// The one destination of a request, as it was given.
    pub fn of_create(input: &mut CreateDeliveryStreamInput) -> Result<Self, Refusal> {
        let s3 = input.s3_destination_configuration.take().map(extended);
        let extended = input.extended_s3_destination_configuration.take();
        let redshift = input.redshift_destination_configuration.take();
        let elasticsearch = input.elasticsearch_destination_configuration.take();
        let open_search = input.amazonopensearchservice_destination_configuration.take();
        let splunk = input.splunk_destination_configuration.take();
        let http = input.http_endpoint_destination_configuration.take();
        let given = [
            s3.map(|c| Configuration::S3(Box::new(c))),
            extended.map(|c| Configuration::S3(Box::new(c))),
            redshift.map(|c| Configuration::Redshift(Box::new(c))),
            elasticsearch.map(|c| Configuration::Elasticsearch(Box::new(c))),
            open_search.map(|c| Configuration::OpenSearch(Box::new(c))),
            splunk.map(|c| Configuration::Splunk(Box::new(c))),
            http.map(|c| Configuration::HttpEndpoint(Box::new(c))),
        ];
        exactly_one(given)
    }

    /// The configuration that a delivery stream has, without its secret.
    pub fn of_document(destination: &DeliveryDestination) -> Result<Self, Refusal> {
        let document = &destination.document[..];
        let read = match destination.kind {
            DestinationKind::S3 => read(document).map(Configuration::S3),
            DestinationKind::Redshift => read(document).map(Configuration::Redshift),
            DestinationKind::Elasticsearch => read(document).map(Configuration::Elasticsearch),
            DestinationKind::OpenSearch => read(document).map(Configuration::OpenSearch),
            DestinationKind::Splunk => read(document).map(Configuration::Splunk),
            DestinationKind::HttpEndpoint => read(document).map(Configuration::HttpEndpoint),
        };
        // We wrote it: it can only be damaged.
        read.map_err(|error| Refusal::Catalog(format!("a configuration is damaged: {error}")))
    }

    /// What is kept of it. The secret must have been taken out.
    pub fn document(&self) -> Vec<u8> {
        match self {
            Configuration::S3(c) => encode(Protocol::Json, &**c),
            Configuration::Redshift(c) => encode(Protocol::Json, &**c),
            Configuration::Elasticsearch(c) | Configuration::OpenSearch(c) => {
                encode(Protocol::Json, &**c)
            }
            Configuration::Splunk(c) => encode(Protocol::Json, &**c),
            Configuration::HttpEndpoint(c) => encode(Protocol::Json, &**c),
        }
    }

    /// Its kind.
    pub fn kind(&self) -> DestinationKind {
        match self {
            Configuration::S3(_) => DestinationKind::S3,
            Configuration::Redshift(_) => DestinationKind::Redshift,
            Configuration::Elasticsearch(_) => DestinationKind::Elasticsearch,
            Configuration::OpenSearch(_) => DestinationKind::OpenSearch,
            Configuration::Splunk(_) => DestinationKind::Splunk,
            Configuration::HttpEndpoint(_) => DestinationKind::HttpEndpoint,
        }
    }
}

fn read<T: for<'a> millstream_api::Record<'a>>(
    document: &[u8],
) -> Result<Box<T>, millstream_api::Error> {
    decode_output(Protocol::Json, document).map(Box::new)
}

/// AWS's text is quoted by its clients' reports.
fn exactly_one<T, const N: usize>(given: [Option<T>; N]) -> Result<T, Refusal> {
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(Refusal::invalid(
            "Exactly one destination configuration is supported for a Firehose",
        )),
    }
}

/// The older form of a bucket, in the newer.
fn extended(s3: S3DestinationConfiguration) -> ExtendedS3DestinationConfiguration {
    ExtendedS3DestinationConfiguration {
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
        s3_backup_configuration: None,
        data_format_conversion_configuration: None,
        dynamic_partitioning_configuration: None,
        file_extension: None,
        custom_time_zone: None,
    }
}
