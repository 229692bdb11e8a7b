//! Rules of prefixes; their expressions are `formats`' to know.

use millstream_api::firehose::{
    CompressionFormat, ExtendedS3DestinationConfiguration, S3DestinationConfiguration,
};
use millstream_formats::naming::{Keys, Kind, NamingError, Prefix, Zone, check_prefix};

use super::Processing;
use crate::errors::Refusal;

impl From<NamingError> for Refusal {
    fn from(error: NamingError) -> Self {
        Refusal::Invalid(error.to_string())
    }
}

/// Dynamic partitioning, and what makes the values of its keys.
#[derive(Clone, Copy, Debug)]
pub struct Partitions<'a> {
    /// Whether it is enabled.
    pub enabled: bool,
    /// What is done to records.
    pub processing: &'a Processing,
}

/// The prefixes and the time zone of the destination.
pub fn check_extended(
    c: &ExtendedS3DestinationConfiguration,
    partitions: Partitions<'_>,
) -> Result<(), Refusal> {
    if let Some(zone) = &c.custom_time_zone {
        Zone::parse(zone)?;
    }
    let prefix = Prefix::parse(c.prefix.as_deref().unwrap_or_default())?;
    let processing = partitions.processing;
    let made = processing.query.as_deref().map(|query| made_by(query, &prefix));
    let made: Option<Vec<&str>> = made.as_ref().map(|keys| keys.iter().map(|it| &**it).collect());
    let query = made.as_deref();
    let keys = Keys { query, function: processing.function.is_some() };
    check_prefix(c.prefix.as_deref(), c.error_output_prefix.as_deref(), partitions.enabled, keys)?;
    Ok(())
}

/// The keys that a query makes. Where only running it can tell, those that the prefix asks for are taken to be among
/// them.
fn made_by(query: &str, prefix: &Prefix) -> Vec<String> {
    let asked = || {
        let keys = prefix.partition_keys().into_iter();
        keys.filter(|(kind, _)| *kind == Kind::Query).map(|(_, key)| key.to_owned()).collect()
    };
    crate::processing::query::keys(query).unwrap_or_else(asked)
}

/// The prefixes of a bucket beside the destination.
pub fn check_plain(prefix: Option<&str>, error_prefix: Option<&str>) -> Result<(), Refusal> {
    Ok(check_prefix(prefix, error_prefix, false, Keys::default())?)
}

/// What Redshift loads from (botocore, `RedshiftDestinationConfiguration`; developer guide, "Custom prefixes": no
/// expressions, and no ErrorOutputPrefix).
pub fn check_staging(c: &S3DestinationConfiguration) -> Result<(), Refusal> {
    match c.compression_format {
        None | Some(CompressionFormat::Uncompressed | CompressionFormat::Gzip) => {}
        Some(
            format @ (CompressionFormat::Zip
            | CompressionFormat::Snappy
            | CompressionFormat::HadoopSnappy),
        ) => {
            return Err(Refusal::invalid(format!(
                "The compression format {} cannot be specified for Amazon Redshift destinations.",
                format.as_str()
            )));
        }
    }
    if c.error_output_prefix.is_some() {
        return Err(Refusal::invalid(
            "ErrorOutputPrefix cannot be specified for Amazon Redshift destinations.",
        ));
    }
    if Prefix::parse(c.prefix.as_deref().unwrap_or_default())?.has_expressions() {
        return Err(Refusal::invalid(
            "Prefix cannot have expressions for Amazon Redshift destinations.",
        ));
    }
    Ok(())
}
