//! Conversion to columns.

use millstream_api::firehose::{
    CompressionFormat, DataFormatConversionConfiguration, ExtendedS3DestinationConfiguration,
    SchemaConfiguration,
};
use millstream_wire::{Protocol, encode};

use super::{Conversion, TableName};
use crate::errors::Refusal;

/// The conversion of a bucket, if it is enabled.
pub fn conversion(c: &ExtendedS3DestinationConfiguration) -> Result<Option<Conversion>, Refusal> {
    let Some(conversion) = &c.data_format_conversion_configuration else { return Ok(None) };
    if conversion.enabled != Some(true) {
        return Ok(None);
    }
    if !matches!(c.compression_format, None | Some(CompressionFormat::Uncompressed)) {
        return Err(Refusal::invalid(
            "CompressionFormat must be UNCOMPRESSED when data format conversion is enabled.",
        ));
    }
    Ok(Some(Conversion {
        table: table(conversion.schema_configuration.as_ref())?,
        deserializer: deserializer(conversion)?.into(),
        serializer: serializer(conversion)?.into(),
    }))
}

fn required(member: &str) -> Refusal {
    Refusal::invalid(format!(
        "DataFormatConversionConfiguration: {member} must be specified when Enabled is true."
    ))
}

fn one_of(member: &str, first: &str, second: &str) -> Refusal {
    Refusal::invalid(format!(
        "DataFormatConversionConfiguration: exactly one of {first} and {second} must be specified in {member}."
    ))
}

/// botocore, `SchemaConfiguration`: role, database and table are required.
fn table(schema: Option<&SchemaConfiguration>) -> Result<TableName, Refusal> {
    let schema = schema.ok_or_else(|| required("SchemaConfiguration"))?;
    let text = |member: &Option<String>, name: &str| {
        let text =
            member.as_deref().ok_or_else(|| required(&format!("SchemaConfiguration.{name}")));
        text.map(std::sync::Arc::<str>::from)
    };
    text(&schema.role_arn, "RoleARN")?;
    Ok(TableName {
        catalog: schema.catalog_id.as_deref().map(std::sync::Arc::from),
        region: text(&schema.region, "Region")?,
        database: text(&schema.database_name, "DatabaseName")?,
        table: text(&schema.table_name, "TableName")?,
        version: text(&schema.version_id, "VersionId")?,
    })
}

fn deserializer(c: &DataFormatConversionConfiguration) -> Result<String, Refusal> {
    let input = c.input_format_configuration.as_ref();
    let input = input.ok_or_else(|| required("InputFormatConfiguration"))?;
    let deserializer = input.deserializer.as_ref();
    let deserializer =
        deserializer.ok_or_else(|| required("InputFormatConfiguration.Deserializer"))?;
    if deserializer.openx_json_serde.is_some() == deserializer.hive_json_serde.is_some() {
        return Err(one_of("Deserializer", "OpenXJsonSerDe", "HiveJsonSerDe"));
    }
    Ok(document(encode(Protocol::Json, deserializer)))
}

fn serializer(c: &DataFormatConversionConfiguration) -> Result<String, Refusal> {
    let output = c.output_format_configuration.as_ref();
    let output = output.ok_or_else(|| required("OutputFormatConfiguration"))?;
    let serializer = output.serializer.as_ref();
    let serializer = serializer.ok_or_else(|| required("OutputFormatConfiguration.Serializer"))?;
    if serializer.parquet_serde.is_some() == serializer.orc_serde.is_some() {
        return Err(one_of("Serializer", "ParquetSerDe", "OrcSerDe"));
    }
    Ok(document(encode(Protocol::Json, serializer)))
}

/// JSON is written as UTF-8.
fn document(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}
