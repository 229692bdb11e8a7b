//! Parquet files as a whole.

use ::parquet::basic::Compression;
use ::parquet::file::metadata::ParquetMetaData;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use bytes::Bytes;

use super::{convert, converter, rows, table};
use crate::columnar::{
    Converter, check_deserializer, check_schema, check_serializer, limits::GROUP_BYTES_MAX,
};

const OPENX: &str = r#"{"OpenXJsonSerDe": {}}"#;

fn metadata(bytes: Vec<u8>) -> ParquetMetaData {
    SerializedFileReader::new(Bytes::from(bytes)).unwrap().metadata().clone()
}

#[test]
fn every_option_makes_files_that_can_be_read() {
    let columns = [
        "id bigint",
        "flag boolean",
        "ratio float",
        "price decimal(12,3)",
        "at timestamp",
        "tags array<string>",
        "attributes map<string,struct<n:int,d:date>>",
    ];
    let record = r#"{"id": 7, "flag": true, "ratio": 0.5, "price": "1.5", "at": 1518033528, "tags": ["a", null],
        "attributes": {"k": {"n": 1, "d": "2026-09-07"}, "l": null}}"#;
    let expected = "{id: 7, flag: true, ratio: 0.5, price: 1.500, at: 2018-02-07 19:58:48.000 +00:00, \
        tags: [\"a\", null], attributes: {\"k\" -> {n: 1, d: 2026-09-07}, \"l\" -> null}}";
    for (compression, found) in [
        ("SNAPPY", Compression::SNAPPY),
        ("GZIP", Compression::GZIP(Default::default())),
        ("UNCOMPRESSED", Compression::UNCOMPRESSED),
    ] {
        for version in ["V1", "V2"] {
            for dictionary in [true, false] {
                let serializer = format!(
                    r#"{{"ParquetSerDe": {{"Compression": "{compression}", "WriterVersion": "{version}",
                        "EnableDictionaryCompression": {dictionary}, "PageSizeBytes": 65536}}}}"#
                );
                let converter = converter(&columns, OPENX, &serializer);
                let records: Vec<_> = std::iter::repeat_n(record, 300).chain(["{}"]).collect();
                let converted = convert(&converter, &records);
                assert_eq!(converted.rows, 301);
                let bytes = converted.bytes.unwrap();
                assert_eq!(
                    convert(&converter, &records).bytes.as_ref(),
                    Some(&bytes),
                    "the same again"
                );
                let metadata = metadata(bytes.clone());
                assert_eq!(metadata.row_group(0).column(0).compression(), found);
                assert_eq!(metadata.file_metadata().created_by(), Some("millstream version 1"));
                let rows = rows(bytes);
                assert!(rows[..300].iter().all(|row| row == expected), "{}", rows[0]);
                assert!(rows[300].starts_with("{id: null, flag: null"), "{}", rows[300]);
            }
        }
    }
}

#[test]
fn row_groups_are_bounded_and_padded_to_blocks() {
    let serializer = r#"{"ParquetSerDe": {"Compression": "UNCOMPRESSED", "BlockSizeBytes": 67108864,
        "MaxPaddingBytes": 67108863}}"#;
    let record = format!(r#"{{"a": "{}"}}"#, "x".repeat(900_000));
    let records = vec![record.as_str(); 80];
    let converted = convert(&converter(&["a string"], OPENX, serializer), &records);
    let bytes = converted.bytes.unwrap();
    let metadata = metadata(bytes.clone());
    assert_eq!(metadata.num_row_groups(), 2);
    assert!(metadata.row_group(0).total_byte_size() < GROUP_BYTES_MAX as i64 + 1_000_000);
    assert_eq!(metadata.row_group(1).column(0).data_page_offset() % 67_108_864, 0);
    assert_eq!(rows(bytes).len(), 80);
}

#[test]
fn nothing_converted_is_no_file() {
    let converted = convert(&converter(&["a int"], OPENX, r#"{"ParquetSerDe": {}}"#), &["x", ""]);
    assert_eq!((converted.bytes, converted.rows, converted.failed.len()), (None, 0, 2));
}

#[test]
fn documents_are_checked_by_name() {
    assert_eq!(check_serializer(r#"{"ParquetSerDe": {}, "OrcSerDe": null}"#), Ok(()));
    for (document, message) in [
        ("{}", "The Serializer is either ParquetSerDe or OrcSerDe."),
        (
            r#"{"ParquetSerDe": {}, "OrcSerDe": {}}"#,
            "The Serializer is either ParquetSerDe or OrcSerDe.",
        ),
        (r#"{"AvroSerDe": {}}"#, "Serializer has no member AvroSerDe."),
        (r#"{"ParquetSerDe": 1}"#, "ParquetSerDe is no structure."),
        ("[]", "The Serializer is no structure."),
    ] {
        assert_eq!(check_serializer(document).unwrap_err(), message);
    }
    for (document, message) in [
        (r#"{"OpenXJsonSerDe": {"Case": 1}}"#, "OpenXJsonSerDe has no member Case."),
        (r#"{"OpenXJsonSerDe": {"CaseInsensitive": "y"}}"#, "CaseInsensitive is no Boolean."),
        (
            r#"{"HiveJsonSerDe": {"TimestampFormats": ["zz"]}}"#,
            "TimestampFormats: \"zz\" has the letter z 2 times, which is not supported.",
        ),
    ] {
        assert_eq!(check_deserializer(document).unwrap_err(), message);
    }
    assert_eq!(check_schema(&table(&["a int"]), r#"{"ParquetSerDe": {}}"#), Ok(()));
    assert!(check_schema("{}", r#"{"ParquetSerDe": {}}"#).is_err());
    let converter = Converter::new(&table(&["a int"]), OPENX, r#"{"ParquetSerDe": {}}"#).unwrap();
    assert_eq!(converter.extension(), ".parquet");
}
