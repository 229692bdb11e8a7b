//! Writing Parquet: what `ParquetSerDe` says, and row groups.

mod leaves;
mod tree;

use std::sync::Arc;

use parquet::basic::{Compression, GzipLevel};
use parquet::errors::Result;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use serde_json::{Map, Value};

use super::datum::Datum;
use super::document;
use super::error::ConversionError;
use super::limits::GROUP_BYTES_MAX;
use super::schema::Schema;
use leaves::Leaves;
use tree::Tree;

/// In every file: says nothing of this build, so that the same rows are the same bytes.
const CREATED_BY: &str = "millstream version 1";

/// `ParquetSerDe` with its defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// A row group's values are no more, and it is kept off the end of a block where padding is allowed.
    block_bytes: u64,
    page_bytes: usize,
    compression: Compression,
    dictionary: bool,
    padding_bytes_max: u64,
    version: WriterVersion,
}

impl Options {
    pub(crate) fn parse(
        members: &Map<String, Value>,
    ) -> std::result::Result<Self, ConversionError> {
        let known = [
            "BlockSizeBytes",
            "PageSizeBytes",
            "Compression",
            "EnableDictionaryCompression",
            "MaxPaddingBytes",
            "WriterVersion",
        ];
        document::only(members, "ParquetSerDe", &known)?;
        let page_bytes = document::whole(members, "PageSizeBytes", 64 << 10)?.unwrap_or(1 << 20);
        let compression = ["SNAPPY", "GZIP", "UNCOMPRESSED"];
        let compression = match document::choice(members, "Compression", &compression)? {
            None | Some(0) => Compression::SNAPPY,
            Some(1) => Compression::GZIP(GzipLevel::default()),
            Some(_) => Compression::UNCOMPRESSED,
        };
        let version = match document::choice(members, "WriterVersion", &["V1", "V2"])? {
            Some(1) => WriterVersion::PARQUET_2_0,
            None | Some(_) => WriterVersion::PARQUET_1_0,
        };
        Ok(Self {
            block_bytes: document::whole(members, "BlockSizeBytes", 64 << 20)?.unwrap_or(256 << 20),
            page_bytes: usize::try_from(page_bytes).unwrap_or(usize::MAX).min(i32::MAX as usize),
            compression,
            dictionary: document::boolean(members, "EnableDictionaryCompression")?.unwrap_or(false),
            padding_bytes_max: document::whole(members, "MaxPaddingBytes", 0)?.unwrap_or(0),
            version,
        })
    }

    fn properties(&self) -> WriterProperties {
        WriterProperties::builder()
            .set_created_by(CREATED_BY.to_owned())
            .set_writer_version(self.version)
            .set_compression(self.compression)
            .set_dictionary_enabled(self.dictionary)
            .set_dictionary_page_size_limit(self.page_bytes)
            .set_data_page_size_limit(self.page_bytes)
            .build()
    }
}

/// A schema as Parquet sees it, with the options: what every file begins from.
pub(crate) struct Format {
    options: Options,
    tree: Tree,
}

impl Format {
    pub(crate) fn new(
        options: Options,
        schema: &Schema,
    ) -> std::result::Result<Self, ConversionError> {
        let tree = Tree::new(&schema.columns)
            .map_err(|e| ConversionError(format!("The table cannot be Parquet: {e}.")))?;
        Ok(Self { options, tree })
    }

    /// Begins a file.
    pub(crate) fn file(self: &Arc<Self>) -> Result<File> {
        let properties = Arc::new(self.options.properties());
        let writer = SerializedFileWriter::new(Vec::new(), self.tree.schema.clone(), properties)?;
        Ok(File { format: self.clone(), writer, leaves: Leaves::new(&self.tree) })
    }
}

/// A file that rows are added to.
pub(crate) struct File {
    format: Arc<Format>,
    writer: SerializedFileWriter<Vec<u8>>,
    leaves: Leaves,
}

impl File {
    /// Adds a row. What does not yet fill a row group waits in memory.
    pub(crate) fn add(&mut self, row: &[Datum<'_>]) -> Result<()> {
        self.leaves.add(&self.format.tree, row);
        if self.leaves.bytes() >= GROUP_BYTES_MAX { self.write_group() } else { Ok(()) }
    }

    /// Ends the file.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>> {
        self.write_group()?;
        self.writer.into_inner()
    }

    fn write_group(&mut self) -> Result<()> {
        if self.leaves.is_empty() {
            return Ok(());
        }
        self.pad()?;
        let mut group = self.writer.next_row_group()?;
        self.leaves.write(&mut group)?;
        group.close()?;
        Ok(())
    }

    /// With what is left of a block no larger than the padding allowed, the row group begins the next block, as
    /// parquet-mr aligns it.
    fn pad(&mut self) -> Result<()> {
        let written = self.writer.bytes_written() as u64;
        let left = self.format.options.block_bytes - written % self.format.options.block_bytes;
        if left <= self.format.options.padding_bytes_max {
            let padding = vec![0; usize::try_from(left).unwrap_or(0)];
            self.writer.write_all(&padding)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(document: &str) -> std::result::Result<Options, String> {
        let members: Map<String, Value> = serde_json::from_str(document).unwrap();
        Options::parse(&members).map_err(|e| e.0)
    }

    #[test]
    fn defaults_are_awss() {
        let all = r#"{"BlockSizeBytes": 268435456, "PageSizeBytes": 1048576, "Compression": "SNAPPY",
            "EnableDictionaryCompression": false, "MaxPaddingBytes": 0, "WriterVersion": "V1"}"#;
        assert_eq!(options("{}"), options(all));
        assert_eq!(options(r#"{"Compression": null}"#), options(all));
    }

    #[test]
    fn what_is_out_of_range_is_refused_by_name() {
        let cases = [
            (
                r#"{"BlockSizeBytes": 1048576}"#,
                "BlockSizeBytes is a whole number not under 67108864.",
            ),
            (r#"{"PageSizeBytes": "big"}"#, "PageSizeBytes is a whole number not under 65536."),
            (r#"{"Compression": "ZSTD"}"#, "Compression is one of SNAPPY, GZIP, UNCOMPRESSED."),
            (r#"{"WriterVersion": "V3"}"#, "WriterVersion is one of V1, V2."),
            (r#"{"MaxPaddingBytes": -1}"#, "MaxPaddingBytes is a whole number not under 0."),
            (r#"{"EnableDictionaryCompression": 1}"#, "EnableDictionaryCompression is no Boolean."),
            (r#"{"Codec": "x"}"#, "ParquetSerDe has no member Codec."),
        ];
        for (document, message) in cases {
            assert_eq!(options(document).unwrap_err(), message);
        }
    }
}
