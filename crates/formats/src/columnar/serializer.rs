//! Which format is written, and how: AWS's `Serializer` document.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::datum::Datum;
use super::error::ConversionError;
use super::schema::Schema;
use super::{document, orc, parquet};

/// Makes files for a schema.
pub(crate) enum Serializer {
    Parquet(Arc<parquet::Format>),
    Orc(Arc<orc::Format>),
}

/// A file that rows are added to.
pub(crate) enum File {
    Parquet(Box<parquet::File>),
    Orc(Box<orc::File>),
}

enum Options {
    Parquet(parquet::Options),
    Orc(orc::Options),
}

/// Whether the document can be used.
pub(crate) fn check(document: &str) -> Result<(), ConversionError> {
    options(document).map(|_| ())
}

fn options(text: &str) -> Result<Options, ConversionError> {
    let (name, members): (_, Map<String, Value>) =
        document::either(text, "Serializer", "ParquetSerDe", "OrcSerDe")?;
    if name == "OrcSerDe" {
        return Ok(Options::Orc(orc::Options::parse(&members)?));
    }
    Ok(Options::Parquet(parquet::Options::parse(&members)?))
}

impl Serializer {
    pub(crate) fn new(document: &str, schema: &Schema) -> Result<Self, ConversionError> {
        Ok(match options(document)? {
            Options::Parquet(options) => {
                Self::Parquet(Arc::new(parquet::Format::new(options, schema)?))
            }
            Options::Orc(options) => Self::Orc(Arc::new(orc::Format::new(options, schema))),
        })
    }

    /// Begins a file.
    pub(crate) fn file(&self) -> Result<File, ConversionError> {
        match self {
            Self::Parquet(format) => Ok(File::Parquet(Box::new(format.file().map_err(failed)?))),
            Self::Orc(format) => Ok(File::Orc(Box::new(format.file()))),
        }
    }

    pub(crate) fn extension(&self) -> &'static str {
        match self {
            Self::Parquet(_) => ".parquet",
            Self::Orc(_) => ".orc",
        }
    }
}

impl File {
    /// Adds a row of as many values as the schema has columns.
    pub(crate) fn add(&mut self, row: &[Datum<'_>]) -> Result<(), ConversionError> {
        match self {
            Self::Parquet(file) => file.add(row).map_err(failed),
            Self::Orc(file) => {
                file.add(row);
                Ok(())
            }
        }
    }

    /// Ends the file: its bytes.
    pub(crate) fn finish(self) -> Result<Vec<u8>, ConversionError> {
        match self {
            Self::Parquet(file) => file.finish().map_err(failed),
            Self::Orc(file) => Ok(file.finish()),
        }
    }
}

fn failed(error: ::parquet::errors::ParquetError) -> ConversionError {
    ConversionError(format!("The Parquet file cannot be written: {error}."))
}
