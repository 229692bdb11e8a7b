//! Conversion of JSON to columns.

use std::collections::BTreeMap;

use super::texts::{NON_EMPTY_STRING, NON_EMPTY_STRING_WITHOUT_WHITESPACE};
use crate::record::{record, text_enum};
use crate::shape::{List, Map, Range, Shape};

record! {
    /// Whether and how JSON becomes columns.
    pub struct DataFormatConversionConfiguration {
        /// The table that has the schema.
        schema_configuration: Option<SchemaConfiguration> = "SchemaConfiguration", optional,
            Shape::Structure(SchemaConfiguration::SHAPE);
        /// How records are read.
        input_format_configuration: Option<InputFormatConfiguration> =
            "InputFormatConfiguration", optional, Shape::Structure(InputFormatConfiguration::SHAPE);
        /// How columns are written.
        output_format_configuration: Option<OutputFormatConfiguration> =
            "OutputFormatConfiguration", optional,
            Shape::Structure(OutputFormatConfiguration::SHAPE);
        /// Whether records are converted; true if absent.
        enabled: Option<bool> = "Enabled", optional, Shape::Boolean;
    }
}

record! {
    /// A table of the data catalog.
    pub struct SchemaConfiguration {
        /// The role that delivers: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional,
            Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE);
        /// The id of the data catalog; the account if absent.
        catalog_id: Option<String> = "CatalogId", optional,
            Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE);
        /// The database.
        database_name: Option<String> = "DatabaseName", optional,
            Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE);
        /// The table.
        table_name: Option<String> = "TableName", optional,
            Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE);
        /// The region; that of the delivery stream if absent.
        region: Option<String> = "Region", optional,
            Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE);
        /// The version of the schema; `LATEST` if absent.
        version_id: Option<String> = "VersionId", optional,
            Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE);
    }
}

record! {
    /// How records are read.
    pub struct InputFormatConfiguration {
        /// What reads it.
        deserializer: Option<Deserializer> = "Deserializer", optional,
            Shape::Structure(Deserializer::SHAPE);
    }
}

record! {
    /// What reads JSON: one of the two.
    pub struct Deserializer {
        /// As the OpenX library reads it.
        openx_json_serde: Option<OpenXJsonSerDe> = "OpenXJsonSerDe", optional,
            Shape::Structure(OpenXJsonSerDe::SHAPE);
        /// As Hive reads it.
        hive_json_serde: Option<HiveJsonSerDe> = "HiveJsonSerDe", optional,
            Shape::Structure(HiveJsonSerDe::SHAPE);
    }
}

record! {
    /// How the OpenX library reads JSON.
    pub struct OpenXJsonSerDe {
        /// Whether dots in keys become underscores; false if absent.
        convert_dots_in_json_keys_to_underscores: Option<bool> =
            "ConvertDotsInJsonKeysToUnderscores", optional, Shape::Boolean;
        /// Whether keys match columns whatever their case; true if absent.
        case_insensitive: Option<bool> = "CaseInsensitive", optional, Shape::Boolean;
        /// The keys of columns that are named otherwise.
        column_to_json_key_mappings: Option<BTreeMap<String, String>> =
            "ColumnToJsonKeyMappings", optional, Shape::Map(&COLUMN_TO_JSON_KEY_MAPPINGS);
    }
}

record! {
    /// How Hive reads JSON.
    pub struct HiveJsonSerDe {
        /// Formats of times, as Joda-Time writes them; `millis` for milliseconds since the epoch.
        timestamp_formats: Option<Vec<String>> = "TimestampFormats", optional,
            Shape::List(&LIST_OF_NON_EMPTY_STRINGS);
    }
}

record! {
    /// How columns are written.
    pub struct OutputFormatConfiguration {
        /// What writes them.
        serializer: Option<Serializer> = "Serializer", optional,
            Shape::Structure(Serializer::SHAPE);
    }
}

record! {
    /// What writes columns: one of the two.
    pub struct Serializer {
        /// As Parquet.
        parquet_serde: Option<ParquetSerDe> = "ParquetSerDe", optional,
            Shape::Structure(ParquetSerDe::SHAPE);
        /// As ORC.
        orc_serde: Option<OrcSerDe> = "OrcSerDe", optional, Shape::Structure(OrcSerDe::SHAPE);
    }
}

record! {
    /// How Parquet is written.
    pub struct ParquetSerDe {
        /// The size of a block of the file system, in bytes; 256 MiB if absent.
        block_size_bytes: Option<i32> = "BlockSizeBytes", optional,
            Shape::Integer(Range::from(67_108_864));
        /// The size of a page, in bytes; 1 MiB if absent.
        page_size_bytes: Option<i32> = "PageSizeBytes", optional,
            Shape::Integer(Range::from(65_536));
        /// How blocks are compressed; `SNAPPY` if absent.
        compression: Option<ParquetCompression> = "Compression", optional,
            ParquetCompression::SHAPE;
        /// Whether dictionaries are used; false if absent.
        enable_dictionary_compression: Option<bool> = "EnableDictionaryCompression", optional,
            Shape::Boolean;
        /// The most padding, in bytes; 0 if absent.
        max_padding_bytes: Option<i32> = "MaxPaddingBytes", optional,
            Shape::Integer(Range::from(0));
        /// The version of pages; `V1` if absent.
        writer_version: Option<ParquetWriterVersion> = "WriterVersion", optional,
            ParquetWriterVersion::SHAPE;
    }
}

text_enum! {
    /// How pages of Parquet are compressed.
    pub enum ParquetCompression {
        /// Not at all.
        Uncompressed = "UNCOMPRESSED",
        /// gzip.
        Gzip = "GZIP",
        /// Snappy.
        Snappy = "SNAPPY",
    }
}

text_enum! {
    /// The version of pages of Parquet.
    pub enum ParquetWriterVersion {
        /// 1.
        V1 = "V1",
        /// 2.
        V2 = "V2",
    }
}

record! {
    /// How ORC is written.
    pub struct OrcSerDe {
        /// The size of a stripe, in bytes; 64 MiB if absent.
        stripe_size_bytes: Option<i32> = "StripeSizeBytes", optional,
            Shape::Integer(Range::from(8_388_608));
        /// The size of a block of the file system, in bytes; 256 MiB if absent.
        block_size_bytes: Option<i32> = "BlockSizeBytes", optional,
            Shape::Integer(Range::from(67_108_864));
        /// Rows between entries of the index; 10,000 if absent.
        row_index_stride: Option<i32> = "RowIndexStride", optional,
            Shape::Integer(Range::from(1000));
        /// Whether stripes are padded to blocks; false if absent.
        enable_padding: Option<bool> = "EnablePadding", optional, Shape::Boolean;
        /// Which share of a stripe may be padding; 0.05 if absent.
        padding_tolerance: Option<f64> = "PaddingTolerance", optional,
            Shape::Double(Range::of(0, 1));
        /// How blocks are compressed; `SNAPPY` if absent.
        compression: Option<OrcCompression> = "Compression", optional, OrcCompression::SHAPE;
        /// The columns that get a Bloom filter.
        bloom_filter_columns: Option<Vec<String>> = "BloomFilterColumns", optional,
            Shape::List(&LIST_OF_NON_EMPTY_STRINGS_WITHOUT_WHITESPACE);
        /// How often such a filter may be wrong; 0.05 if absent.
        bloom_filter_false_positive_probability: Option<f64> =
            "BloomFilterFalsePositiveProbability", optional, Shape::Double(Range::of(0, 1));
        /// Up to which share of distinct values a dictionary is used; 0.8 if absent.
        dictionary_key_threshold: Option<f64> = "DictionaryKeyThreshold", optional,
            Shape::Double(Range::of(0, 1));
        /// The version of the format; `V0_12` if absent.
        format_version: Option<OrcFormatVersion> = "FormatVersion", optional,
            OrcFormatVersion::SHAPE;
    }
}

text_enum! {
    /// How ORC is compressed.
    pub enum OrcCompression {
        /// Not at all.
        None = "NONE",
        /// zlib.
        Zlib = "ZLIB",
        /// Snappy.
        Snappy = "SNAPPY",
    }
}

text_enum! {
    /// The version of ORC.
    pub enum OrcFormatVersion {
        /// 0.11.
        V011 = "V0_11",
        /// 0.12.
        V012 = "V0_12",
    }
}

static COLUMN_TO_JSON_KEY_MAPPINGS: Map = Map {
    key: &NON_EMPTY_STRING_WITHOUT_WHITESPACE,
    value: Shape::Text(&NON_EMPTY_STRING),
    length: Range::ANY,
};
static LIST_OF_NON_EMPTY_STRINGS: List =
    List { element: Shape::Text(&NON_EMPTY_STRING), length: Range::ANY };
static LIST_OF_NON_EMPTY_STRINGS_WITHOUT_WHITESPACE: List =
    List { element: Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE), length: Range::ANY };
