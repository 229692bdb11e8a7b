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

use std::sync::Arc;

pub use error::{ConversionError, MALFORMED_DATA, PARSE_ERROR, RecordError};
pub use fuzz::fuzz_serde;
pub use schema::{Field, Schema, SchemaError, Type};

use deserializer::Deserializer;
use serializer::Serializer;

/// Converts records to files of columns.
pub struct Converter {
    deserializer: Arc<Deserializer>,
    serializer: Serializer,
}

/// A file in the making. Beside the file itself it holds the values of one row group or stripe (64 MiB at most).
pub struct Conversion {
    deserializer: Arc<Deserializer>,
    file: serializer::File,
    rows: u64,
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
            deserializer: Arc::new(Deserializer::new(deserializer_json, &schema)?),
            serializer: Serializer::new(serializer_json, &schema)?,
        })
    }

    /// Begins a file.
    pub fn begin(&self) -> Result<Conversion, ConversionError> {
        let (deserializer, file) = (self.deserializer.clone(), self.serializer.file()?);
        Ok(Conversion { deserializer, file, rows: 0 })
    }

    /// Converts records that are there already to one file.
    pub fn convert<'a>(
        &self,
        records: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Converted, ConversionError> {
        let (mut conversion, mut failed) = (self.begin()?, Vec::new());
        for (index, record) in records.enumerate() {
            if let Err(RecordError { code, message }) = conversion.add(record)? {
                failed.push(FailedRecord { index, code, message });
            }
        }
        let rows = conversion.rows;
        Ok(Converted { bytes: conversion.finish()?, rows, failed })
    }

    /// The extension of the objects' names.
    pub fn extension(&self) -> &'static str {
        self.serializer.extension()
    }
}

impl Conversion {
    /// Adds the rows of a record: all of them, or none and the reason.
    ///
    /// # Errors
    /// [`ConversionError`] if the file cannot be written.
    pub fn add(&mut self, record: &[u8]) -> Result<Result<(), RecordError>, ConversionError> {
        let (mut written, mut rows) = (Ok(()), 0);
        let file = &mut self.file;
        let read = self.deserializer.read(record, |row| {
            if written.is_ok() {
                written = file.add(&row);
                rows += 1;
            }
        });
        written?;
        self.rows += rows;
        Ok(read)
    }

    /// Ends the file: its bytes, `None` if it has no row.
    ///
    /// # Errors
    /// [`ConversionError`] if the file cannot be written.
    pub fn finish(self) -> Result<Option<Vec<u8>>, ConversionError> {
        if self.rows == 0 {
            return Ok(None);
        }
        self.file.finish().map(Some)
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
