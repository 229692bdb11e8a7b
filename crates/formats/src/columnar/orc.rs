//! Writing ORC: what `OrcSerDe` says, stripes and footers. The format is version 1 of ORC's specification, written from
//! it; why by us says decision 0232.

mod column;
mod proto;
mod rle;
mod statistics;
mod stream;

use std::sync::Arc;

use serde_json::{Map, Value};

use super::datum::Datum;
use super::document;
use super::error::ConversionError;
use super::limits::GROUP_BYTES_MAX;
use super::schema::{Field, Schema, Type};
use column::{Column, Encoding, Written};
use proto::Message;
use rle::Version;
use stream::{CHUNK_BYTES, Codec, Kind, compress};

/// Which of ORC's own writers a file's reader may take this one for: of the rules that they have for each, the files
/// keep those of the Java writer since ORC-135.
const WRITER_VERSION: u64 = 6;

/// `OrcSerDe` with its defaults.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Options {
    encoding: Encoding,
    stripe_bytes: u64,
    block_bytes: u64,
    index_rows: u64,
    /// The share of a stripe that may be padding, `None` if there is none.
    padding: Option<f64>,
}

impl Options {
    pub(crate) fn parse(members: &Map<String, Value>) -> Result<Self, ConversionError> {
        let known = [
            "StripeSizeBytes",
            "BlockSizeBytes",
            "RowIndexStride",
            "EnablePadding",
            "PaddingTolerance",
            "Compression",
            "BloomFilterColumns",
            "BloomFilterFalsePositiveProbability",
            "DictionaryKeyThreshold",
            "FormatVersion",
        ];
        document::only(members, "OrcSerDe", &known)?;
        if document::present(members, "BloomFilterColumns")
            .is_some_and(|columns| *columns != Value::Array(vec![]))
        {
            return Err(ConversionError("BloomFilterColumns is not supported.".to_owned()));
        }
        // Says how large a filter is: without columns there is none, here as at AWS.
        document::proportion(members, "BloomFilterFalsePositiveProbability")?;
        let codec = match document::choice(members, "Compression", &["SNAPPY", "ZLIB", "NONE"])? {
            None | Some(0) => Codec::Snappy,
            Some(1) => Codec::Zlib,
            Some(_) => Codec::None,
        };
        let version = match document::choice(members, "FormatVersion", &["V0_12", "V0_11"])? {
            None | Some(0) => Version::V2,
            Some(_) => Version::V1,
        };
        let tolerance = document::proportion(members, "PaddingTolerance")?.unwrap_or(0.05);
        let padded = document::boolean(members, "EnablePadding")?.unwrap_or(false);
        // Hive's default; AWS names none.
        let share = document::proportion(members, "DictionaryKeyThreshold")?.unwrap_or(0.8);
        Ok(Self {
            encoding: Encoding { codec, version, dictionary_share_max: share },
            stripe_bytes: document::whole(members, "StripeSizeBytes", 8 << 20)?.unwrap_or(64 << 20),
            block_bytes: document::whole(members, "BlockSizeBytes", 64 << 20)?.unwrap_or(256 << 20),
            index_rows: document::whole(members, "RowIndexStride", 1_000)?.unwrap_or(10_000),
            padding: padded.then_some(tolerance),
        })
    }
}

/// A schema, with the options: what every file begins from.
pub(crate) struct Format {
    options: Options,
    fields: Vec<Field>,
    types: Vec<Message>,
}

impl Format {
    pub(crate) fn new(options: Options, schema: &Schema) -> Self {
        let fields = schema.columns.clone();
        let mut types = Vec::new();
        describe(&Type::Struct(fields.clone()), &mut types);
        Self { options, fields, types }
    }

    /// Begins a file.
    pub(crate) fn file(self: &Arc<Self>) -> File {
        File {
            format: self.clone(),
            bytes: b"ORC".to_vec(),
            root: Column::root(&self.fields),
            stripe: Stripe::default(),
            stripes: Vec::new(),
            statistics: Vec::new(),
            rows: 0,
        }
    }
}

/// A file that rows are added to.
pub(crate) struct File {
    format: Arc<Format>,
    bytes: Vec<u8>,
    root: Column,
    stripe: Stripe,
    /// As `StripeInformation` and `StripeStatistics`.
    stripes: Vec<Message>,
    statistics: Vec<Message>,
    rows: u64,
}

/// The stripe under way.
#[derive(Default)]
struct Stripe {
    rows: u64,
    bytes: usize,
}

impl File {
    /// Adds a row. What does not yet fill a stripe waits in memory.
    pub(crate) fn add(&mut self, row: &[Datum<'_>]) {
        if self.stripe.rows.is_multiple_of(self.format.options.index_rows) {
            self.root.mark();
        }
        self.stripe.bytes += self.root.add_row(row);
        self.stripe.rows += 1;
        if self.stripe.bytes as u64 >= self.stripe_bytes_max() {
            self.write_stripe();
        }
    }

    /// Ends the file.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.stripe.rows > 0 {
            self.write_stripe();
        }
        let codec = self.format.options.encoding.codec;
        let metadata =
            self.statistics.iter().fold(Message::new(), |all, stripe| all.message(1, stripe));
        let content = self.bytes.len() as u64;
        let footer = self.footer(content);
        let metadata = compress(metadata.into_bytes(), codec);
        let footer = compress(footer.into_bytes(), codec);
        self.bytes.extend_from_slice(&metadata);
        self.bytes.extend_from_slice(&footer);
        let postscript = self.postscript(footer.len() as u64, metadata.len() as u64).into_bytes();
        self.bytes.extend_from_slice(&postscript);
        // Some 25 bytes, whatever the file.
        self.bytes.push(u8::try_from(postscript.len()).unwrap_or(u8::MAX));
        self.bytes
    }

    /// The values of a stripe in memory, no more than is left of a block where stripes are kept off its end.
    fn stripe_bytes_max(&self) -> u64 {
        let options = &self.format.options;
        let whole = options.stripe_bytes.min(GROUP_BYTES_MAX as u64);
        match options.padding {
            Some(_) => whole.min(self.left_of_block().max(1)),
            None => whole,
        }
    }

    fn left_of_block(&self) -> u64 {
        let block = self.format.options.block_bytes;
        block - self.bytes.len() as u64 % block
    }

    fn write_stripe(&mut self) {
        let mut columns = Vec::new();
        self.root.take(&self.format.options.encoding, &mut columns);
        let offset = self.bytes.len() as u64;
        let index = self.write_streams(&columns, |kind| kind == Kind::RowIndex);
        let data = self.write_streams(&columns, |kind| kind != Kind::RowIndex);
        let footer =
            compress(stripe_footer(&columns).into_bytes(), self.format.options.encoding.codec);
        self.bytes.extend_from_slice(&footer);
        let rows = std::mem::take(&mut self.stripe).rows;
        let information = Message::new().number(1, offset).number(2, index).number(3, data);
        self.stripes.push(information.number(4, footer.len() as u64).number(5, rows));
        let statistics = columns.iter().map(|column| column.statistics.message());
        self.statistics
            .push(statistics.fold(Message::new(), |all, column| all.message(1, &column)));
        self.rows += rows;
        self.pad();
    }

    /// Writes the streams that are of some kind: how many bytes.
    fn write_streams(&mut self, columns: &[Written], of: impl Fn(Kind) -> bool) -> u64 {
        let before = self.bytes.len();
        for (kind, bytes) in columns.iter().flat_map(|column| &column.streams) {
            if of(*kind) {
                self.bytes.extend_from_slice(bytes);
            }
        }
        (self.bytes.len() - before) as u64
    }

    /// What is left of a block is filled where it is too little for another stripe.
    fn pad(&mut self) {
        let options = &self.format.options;
        let left = self.left_of_block();
        #[expect(clippy::cast_precision_loss, reason = "a share of a stripe")]
        let little = options
            .padding
            .is_some_and(|share| (left as f64) < share * options.stripe_bytes as f64);
        if little {
            let padded = self.bytes.len() + usize::try_from(left).unwrap_or(0);
            self.bytes.resize(padded, 0);
        }
    }

    fn footer(&mut self, content: u64) -> Message {
        let mut statistics = Vec::new();
        self.root.file_statistics(&mut statistics);
        let message = Message::new().number(1, 3).number(2, content);
        let message = self.stripes.iter().fold(message, |all, stripe| all.message(3, stripe));
        let message = self.format.types.iter().fold(message, |all, kind| all.message(4, kind));
        let message = message.number(6, self.rows);
        let message = statistics.iter().fold(message, |all, column| all.message(7, column));
        message.number(8, self.format.options.index_rows)
    }

    fn postscript(&self, footer: u64, metadata: u64) -> Message {
        let encoding = &self.format.options.encoding;
        let codec = match encoding.codec {
            Codec::None => 0,
            Codec::Zlib => 1,
            Codec::Snappy => 2,
        };
        let version = match encoding.version {
            Version::V1 => [0, 11],
            Version::V2 => [0, 12],
        };
        Message::new()
            .number(1, footer)
            .number(2, codec)
            .number(3, CHUNK_BYTES as u64)
            .packed(4, version)
            .number(5, metadata)
            .number(6, WRITER_VERSION)
            .text(8_000, "ORC")
    }
}

/// The streams in the order they are written, indexes first, and how each column is encoded.
fn stripe_footer(columns: &[Written]) -> Message {
    let mut message = Message::new();
    for indexes in [true, false] {
        for (column, written) in columns.iter().enumerate() {
            for (kind, bytes) in &written.streams {
                if (*kind == Kind::RowIndex) == indexes {
                    let stream = Message::new().number(1, *kind as u64).number(2, column as u64);
                    message = message.message(1, &stream.number(3, bytes.len() as u64));
                }
            }
        }
    }
    let message = columns.iter().fold(message, |all, column| all.message(2, &column.encoding));
    message.text(3, "UTC")
}

/// A type and all inside it as `Type`s, each before those that it holds.
fn describe(kind: &Type, types: &mut Vec<Message>) {
    let place = types.len();
    types.push(Message::new());
    let message = Message::new();
    let message = match kind {
        Type::Boolean => message.number(1, 0),
        Type::TinyInt => message.number(1, 1),
        Type::SmallInt => message.number(1, 2),
        Type::Int => message.number(1, 3),
        Type::BigInt => message.number(1, 4),
        Type::Float => message.number(1, 5),
        Type::Double => message.number(1, 6),
        Type::String => message.number(1, 7),
        Type::Binary => message.number(1, 8),
        Type::Timestamp => message.number(1, 9),
        Type::Array(element) => message.number(1, 10).packed(2, inside([&**element], types)),
        Type::Map(key, value) => message.number(1, 11).packed(2, inside([&**key, &**value], types)),
        Type::Struct(fields) => {
            let inside = inside(fields.iter().map(|field| &field.kind), types);
            let message = message.number(1, 12).packed(2, inside);
            fields.iter().fold(message, |message, field| message.text(3, &field.name))
        }
        Type::Decimal(precision, scale) => {
            message.number(1, 14).number(5, u64::from(*precision)).number(6, u64::from(*scale))
        }
        Type::Date => message.number(1, 15),
        Type::Varchar(most) => message.number(1, 16).number(4, u64::from(*most)),
        Type::Char(most) => message.number(1, 17).number(4, u64::from(*most)),
    };
    types[place] = message;
}

/// Where the types inside another are.
fn inside<'t>(kinds: impl IntoIterator<Item = &'t Type>, types: &mut Vec<Message>) -> Vec<u64> {
    let places = kinds.into_iter().map(|kind| {
        let place = types.len() as u64;
        describe(kind, types);
        place
    });
    places.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(document: &str) -> Result<Options, String> {
        let members: Map<String, Value> = serde_json::from_str(document).unwrap();
        Options::parse(&members).map_err(|e| e.0)
    }

    #[test]
    fn defaults_are_awss() {
        let all = r#"{"StripeSizeBytes": 67108864, "BlockSizeBytes": 268435456, "RowIndexStride": 10000,
            "EnablePadding": false, "PaddingTolerance": 0.05, "Compression": "SNAPPY", "BloomFilterColumns": null,
            "BloomFilterFalsePositiveProbability": 0.05, "FormatVersion": "V0_12"}"#;
        assert_eq!(options("{}"), options(all));
        assert!(options("{}").is_ok());
    }

    #[test]
    fn what_is_out_of_range_or_not_supported_is_refused_by_name() {
        let cases = [
            (r#"{"BloomFilterColumns": ["a"]}"#, "BloomFilterColumns is not supported."),
            (
                r#"{"StripeSizeBytes": 1048576}"#,
                "StripeSizeBytes is a whole number not under 8388608.",
            ),
            (r#"{"RowIndexStride": 10}"#, "RowIndexStride is a whole number not under 1000."),
            (r#"{"Compression": "ZSTD"}"#, "Compression is one of SNAPPY, ZLIB, NONE."),
            (r#"{"FormatVersion": "V1"}"#, "FormatVersion is one of V0_12, V0_11."),
            (r#"{"PaddingTolerance": 2}"#, "PaddingTolerance is a number from 0 to 1."),
            (r#"{"Bloom": 1}"#, "OrcSerDe has no member Bloom."),
        ];
        for (document, message) in cases {
            assert_eq!(options(document).unwrap_err(), message);
        }
    }
}
