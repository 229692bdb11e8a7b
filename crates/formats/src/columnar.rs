//! Rows in columns: JSON records to Parquet and ORC, as Firehose's record format conversion makes them.
//!
//! A [`Converter`] is made of three documents: a table's ([`Schema`]), AWS's `Deserializer` and AWS's `Serializer`. It
//! turns the records of one plan into one file. A record that cannot be converted fails alone. The same records are the
//! same bytes.

mod datum;
mod deserializer;
mod document;
mod error;
mod fuzz;
mod json;
mod limits;
mod number;
mod orc;
mod parquet;
mod schema;
mod serializer;
#[cfg(test)]
mod tests;
mod time;

pub use error::{ConversionError, MALFORMED_DATA, PARSE_ERROR};
pub use fuzz::fuzz_serde;
pub use schema::{Field, Schema, SchemaError, Type};

use deserializer::Deserializer;
use serializer::Serializer;

/// Converts records to files of columns.
pub struct Converter {
    deserializer: Deserializer,
    serializer: Serializer,
}

/// What came of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Converted {
    /// The file, `None` if no record could be converted.
    pub bytes: Option<Vec<u8>>,
    /// How many rows are in it: a record may hold several.
    pub rows: u64,
    /// The records that could not be converted, in order.
    pub failed: Vec<FailedRecord>,
}

/// A record that could not be converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRecord {
    /// Which record, counted from 0.
    pub index: usize,
    /// `lastErrorCode`: [`PARSE_ERROR`] or [`MALFORMED_DATA`].
    pub code: &'static str,
    /// `lastErrorMessage`: may repeat a little of the record.
    pub message: String,
}

impl Converter {
    /// Of a table's document and AWS's documents of `Deserializer` and `Serializer` (JSON, members as in the service's
    /// model; what is absent or null has AWS's default). Refused, by name, is what is not known, out of range or not
    /// supported.
    pub fn new(
        schema_document: &str,
        deserializer_json: &str,
        serializer_json: &str,
    ) -> Result<Self, ConversionError> {
        let schema = Schema::parse(schema_document).map_err(|e| ConversionError(e.0))?;
        Ok(Self {
            deserializer: Deserializer::new(deserializer_json, &schema)?,
            serializer: Serializer::new(serializer_json, &schema)?,
        })
    }

    /// Converts records to one file. Beside the file itself this needs memory for the values of one row group or stripe
    /// (64 MiB at most) and of the rows of one record.
    pub fn convert<'a>(
        &self,
        records: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Converted, ConversionError> {
        let mut converted = Converted::default();
        let mut file = self.serializer.file()?;
        for (index, record) in records.enumerate() {
            let mut written = Ok(());
            let mut rows = 0;
            let read = self.deserializer.read(record, |row| {
                if written.is_ok() {
                    written = file.add(&row);
                    rows += 1;
                }
            });
            written?;
            converted.rows += rows;
            if let Err(error) = read {
                let (code, message) = (error.code, error.message);
                converted.failed.push(FailedRecord { index, code, message });
            }
        }
        if converted.rows > 0 {
            converted.bytes = Some(file.finish()?);
        }
        Ok(converted)
    }

    /// The extension of the objects' names.
    pub fn extension(&self) -> &'static str {
        self.serializer.extension()
    }
}

/// Whether AWS's document of a `Deserializer` can be used; the text names what cannot.
pub fn check_deserializer(document: &str) -> Result<(), String> {
    let columns = vec![Field { name: "column".to_owned(), kind: Type::String }];
    let schema = Schema { columns, version_id: None };
    Deserializer::new(document, &schema).map(|_| ()).map_err(|e| e.0)
}

/// Whether AWS's document of a `Serializer` can be used; the text names what cannot.
pub fn check_serializer(document: &str) -> Result<(), String> {
    serializer::check(document).map_err(|e| e.0)
}

/// Whether a table's document can be used with a `Serializer`; the text names the column that cannot.
pub fn check_schema(schema_document: &str, serializer_json: &str) -> Result<(), String> {
    let schema = Schema::parse(schema_document).map_err(|e| e.0)?;
    Serializer::new(serializer_json, &schema).map(|_| ()).map_err(|e| e.0)
}
