//! Records in, files out, and what a reader finds in them.

mod hive;
mod openx;
mod orc_files;
mod parquet_files;

use ::parquet::file::reader::{FileReader, SerializedFileReader};
use bytes::Bytes;

use super::{Converted, Converter};

/// The document of a table with columns `NAME TYPE`.
fn table(columns: &[&str]) -> String {
    let columns: Vec<_> = columns
        .iter()
        .map(|column| {
            let (name, kind) = column.split_once(' ').unwrap();
            format!(r#"{{"Name": "{name}", "Type": "{kind}"}}"#)
        })
        .collect();
    format!(r#"{{"Table": {{"StorageDescriptor": {{"Columns": [{}]}}}}}}"#, columns.join(","))
}

fn converter(columns: &[&str], deserializer: &str, serializer: &str) -> Converter {
    Converter::new(&table(columns), deserializer, serializer).unwrap_or_else(|e| panic!("{e}"))
}

fn convert(converter: &Converter, records: &[&str]) -> Converted {
    converter.convert(records.iter().map(|record| record.as_bytes())).unwrap()
}

/// The rows of a Parquet file, as its reader prints them.
fn rows(bytes: Vec<u8>) -> Vec<String> {
    let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
    reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect()
}

/// What one record of `{"c": VALUE}` gives for a column: the value as the reader prints it, or the error's message.
#[track_caller]
fn column(kind: &str, deserializer: &str, value: &str) -> Result<String, String> {
    let converter = converter(&[&format!("c {kind}")], deserializer, r#"{"ParquetSerDe": {}}"#);
    let converted = convert(&converter, &[&format!(r#"{{"c": {value}}}"#)]);
    match converted.bytes {
        Some(bytes) => {
            assert_eq!((converted.rows, converted.failed.len()), (1, 0));
            let row = rows(bytes).remove(0);
            let value = row.strip_prefix("{c: ").and_then(|rest| rest.strip_suffix('}'));
            // The reader prints a point even where no digit follows.
            Ok(value.unwrap_or_else(|| panic!("{row}")).trim_end_matches('.').to_owned())
        }
        None => {
            assert_eq!((converted.rows, converted.failed.len()), (0, 1));
            assert_eq!(converted.failed[0].code, "DataFormatConversion.MalformedData");
            let message = &converted.failed[0].message;
            Err(message
                .strip_prefix("Data does not match the schema. ")
                .unwrap_or(message)
                .to_owned())
        }
    }
}
