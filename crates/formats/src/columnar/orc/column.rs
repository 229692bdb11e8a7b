//! Values of a stripe, column by column, until they are written.

use std::collections::{HashMap, HashSet};

use super::proto::{Message, varint_wide, zigzag_wide};
use super::rle::Version;
use super::statistics::Statistics;
use super::stream::{Codec, Kind, Stream};
use crate::columnar::datum::Datum;
use crate::columnar::schema::{Field, Type};
use crate::columnar::time::Timestamp;

/// Seconds from 1970 to 2015, which ORC counts from.
const EPOCH_SECONDS: i64 = 1_420_070_400;

/// How columns are encoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Encoding {
    pub(super) codec: Codec,
    pub(super) version: Version,
    /// Texts are written once each where no more than this share of them are different.
    pub(super) dictionary_share_max: f64,
}

/// A column, or a type inside one.
pub(super) struct Column {
    /// One for each value that the type above has.
    present: Vec<bool>,
    any_null: bool,
    data: Data,
    /// Where each part of the row index begins.
    marks: Vec<Mark>,
    /// Of each part that is over, the one under way, and the file but for it.
    index: Vec<Statistics>,
    current: Statistics,
    file: Statistics,
    empty: Statistics,
}

enum Data {
    Boolean(Vec<bool>),
    Byte(Vec<u8>),
    Integer(Vec<i64>),
    /// Little-endian, each so many bytes.
    Floating(Vec<u8>, usize),
    /// One after the other, and their lengths. The second says that a dictionary may be made of them.
    Text(Vec<u8>, Vec<i64>, bool),
    Timestamp(Vec<i64>, Vec<i64>),
    /// One after the other, and how many there are.
    Decimal(Vec<u8>, usize, i64),
    /// Lengths, and what is inside: elements, or keys and values.
    Repeated(Vec<i64>, Vec<Column>),
    Struct(Vec<Column>),
}

/// A place within a column.
#[derive(Clone, Copy)]
struct Mark {
    present: usize,
    values: usize,
    bytes: usize,
}

/// What a column of a stripe is written as.
pub(super) struct Written {
    /// By what they are; the row index is first.
    pub(super) streams: Vec<(Kind, Vec<u8>)>,
    /// As `ColumnEncoding`.
    pub(super) encoding: Message,
    /// Of the stripe.
    pub(super) statistics: Statistics,
}

impl Column {
    /// A row with all columns.
    pub(super) fn root(fields: &[Field]) -> Self {
        Self::new(&Type::Struct(fields.to_vec()))
    }

    fn new(kind: &Type) -> Self {
        let data = match kind {
            Type::Boolean => Data::Boolean(Vec::new()),
            Type::TinyInt => Data::Byte(Vec::new()),
            Type::SmallInt | Type::Int | Type::BigInt | Type::Date => Data::Integer(Vec::new()),
            Type::Float => Data::Floating(Vec::new(), size_of::<f32>()),
            Type::Double => Data::Floating(Vec::new(), size_of::<f64>()),
            Type::String | Type::Varchar(_) | Type::Char(_) => {
                Data::Text(Vec::new(), Vec::new(), true)
            }
            Type::Binary => Data::Text(Vec::new(), Vec::new(), false),
            Type::Timestamp => Data::Timestamp(Vec::new(), Vec::new()),
            Type::Decimal(_, scale) => Data::Decimal(Vec::new(), 0, i64::from(*scale)),
            Type::Array(element) => Data::Repeated(Vec::new(), vec![Self::new(element)]),
            Type::Map(key, value) => {
                Data::Repeated(Vec::new(), vec![Self::new(key), Self::new(value)])
            }
            Type::Struct(fields) => {
                Data::Struct(fields.iter().map(|field| Self::new(&field.kind)).collect())
            }
        };
        let empty = Statistics::new(kind);
        Self {
            present: Vec::new(),
            any_null: false,
            data,
            marks: Vec::new(),
            index: Vec::new(),
            current: empty.clone(),
            file: empty.clone(),
            empty,
        }
    }

    /// Adds a value of the column's own type, or null; the deserializer gives no other. How many bytes it took.
    pub(super) fn add(&mut self, datum: &Datum<'_>) -> usize {
        self.current.add(datum);
        let there = !matches!(datum, Datum::Null);
        self.present.push(there);
        self.any_null |= !there;
        1 + match (&mut self.data, datum) {
            (_, Datum::Null) => 0,
            (Data::Boolean(values), Datum::Boolean(value)) => push(values, *value),
            (Data::Byte(values), Datum::Integer(value)) => push(values, value.to_le_bytes()[0]),
            (Data::Integer(values), Datum::Integer(value)) => push(values, *value),
            (Data::Integer(values), Datum::Date(value)) => push(values, i64::from(*value)),
            (Data::Floating(bytes, _), Datum::Float(value)) => extend(bytes, &value.to_le_bytes()),
            (Data::Floating(bytes, _), Datum::Double(value)) => extend(bytes, &value.to_le_bytes()),
            (Data::Text(bytes, lengths, _), Datum::Text(value)) => {
                push(lengths, length(value.len())) + extend(bytes, value.as_bytes())
            }
            (Data::Timestamp(seconds, nanoseconds), Datum::Timestamp(value)) => {
                let (second, nanosecond) = timestamp(*value);
                push(seconds, second) + push(nanoseconds, nanosecond)
            }
            (Data::Decimal(bytes, count, _), Datum::Decimal(value)) => {
                let before = bytes.len();
                varint_wide(bytes, zigzag_wide(*value));
                *count += 1;
                bytes.len() - before
            }
            (Data::Repeated(lengths, inner), Datum::List(items)) => {
                let bytes: usize = items.iter().map(|item| inner[0].add(item)).sum();
                bytes + push(lengths, length(items.len()))
            }
            (Data::Repeated(lengths, inner), Datum::Map(entries)) => {
                let mut bytes = push(lengths, length(entries.len()));
                for (key, value) in entries {
                    bytes += inner[0].add(key) + inner[1].add(value);
                }
                bytes
            }
            (Data::Struct(members), Datum::Struct(values)) => {
                members.iter_mut().zip(values).map(|(member, value)| member.add(value)).sum()
            }
            (_, other) => unreachable!("a value of another type than its column's: {other:?}"),
        }
    }

    /// Adds a row to the root: as [`Self::add`] of a struct, which need not be made.
    pub(super) fn add_row(&mut self, row: &[Datum<'_>]) -> usize {
        self.current.add(&Datum::Boolean(true));
        self.present.push(true);
        match &mut self.data {
            Data::Struct(members) => {
                let bytes = members.iter_mut().zip(row).map(|(member, value)| member.add(value));
                1 + bytes.sum::<usize>()
            }
            _ => 0,
        }
    }

    /// Begins a part of the row index, here and in all columns inside.
    pub(super) fn mark(&mut self) {
        if !self.marks.is_empty() {
            self.index.push(std::mem::replace(&mut self.current, self.empty.clone()));
        }
        let (values, bytes) = self.data.size();
        self.marks.push(Mark { present: self.present.len(), values, bytes });
        for inner in self.data.inner() {
            inner.mark();
        }
    }

    /// Ends a stripe: gives this column and all inside, in their order, and begins again.
    pub(super) fn take(&mut self, encoding: &Encoding, written: &mut Vec<Written>) {
        let mut statistics = self.empty.clone();
        self.index.push(std::mem::replace(&mut self.current, self.empty.clone()));
        for part in &self.index {
            statistics.merge(part);
        }
        self.file.merge(&statistics);
        let marks = std::mem::take(&mut self.marks);
        let present = std::mem::take(&mut self.present);
        let any_null = std::mem::take(&mut self.any_null);
        let mut streams = Vec::new();
        if any_null {
            let starts = marks.iter().map(|mark| mark.present);
            streams.push(Stream::bits(Kind::Present, &present, starts));
        }
        let (data, message) = self.data.take(&marks, encoding);
        streams.extend(data);
        written.push(written_column(
            streams,
            &std::mem::take(&mut self.index),
            encoding,
            message,
            statistics,
        ));
        for inner in self.data.inner() {
            inner.take(encoding, written);
        }
    }

    /// Statistics of the file, of this column and all inside, in their order.
    pub(super) fn file_statistics(&mut self, all: &mut Vec<Message>) {
        all.push(self.file.message());
        for inner in self.data.inner() {
            inner.file_statistics(all);
        }
    }
}

/// Compresses the streams of a column and makes its row index.
fn written_column(
    streams: Vec<Stream>,
    index: &[Statistics],
    encoding: &Encoding,
    message: Message,
    statistics: Statistics,
) -> Written {
    let mut numbers: Vec<Vec<u64>> = vec![Vec::new(); index.len()];
    let mut compressed = Vec::with_capacity(streams.len() + 1);
    for stream in streams {
        let kind = stream.kind;
        let (bytes, places) = stream.compressed(encoding.codec);
        for (numbers, place) in numbers.iter_mut().zip(places) {
            numbers.extend(place);
        }
        compressed.push((kind, bytes));
    }
    let entries = numbers.into_iter().zip(index).map(|(numbers, statistics)| {
        Message::new().packed(1, numbers).message(2, &statistics.message())
    });
    let index = entries.fold(Message::new(), |index, entry| index.message(1, &entry));
    let index = super::stream::compress(index.into_bytes(), encoding.codec);
    compressed.insert(0, (Kind::RowIndex, index));
    Written { streams: compressed, encoding: message, statistics }
}

impl Data {
    /// Values and bytes so far.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Boolean(values) => (values.len(), 0),
            Self::Byte(values) => (values.len(), 0),
            Self::Integer(values) => (values.len(), 0),
            Self::Floating(bytes, width) => (bytes.len() / width, bytes.len()),
            Self::Text(bytes, lengths, _) => (lengths.len(), bytes.len()),
            Self::Timestamp(seconds, _) => (seconds.len(), 0),
            Self::Decimal(bytes, count, _) => (*count, bytes.len()),
            Self::Repeated(lengths, _) => (lengths.len(), 0),
            Self::Struct(_) => (0, 0),
        }
    }

    fn inner(&mut self) -> &mut [Column] {
        match self {
            Self::Repeated(_, inner) | Self::Struct(inner) => inner,
            _ => &mut [],
        }
    }

    /// The streams of all values, and the encoding; none are left.
    fn take(&mut self, marks: &[Mark], encoding: &Encoding) -> (Vec<Stream>, Message) {
        let version = encoding.version;
        let values = || marks.iter().map(|mark| mark.values);
        let bytes = || marks.iter().map(|mark| mark.bytes);
        let integers = |kind, data: &mut Vec<i64>, signed| {
            Stream::integers(kind, &std::mem::take(data), values(), version, signed)
        };
        let direct = Message::new().number(1, 0);
        let integer = Message::new().number(1, if version == Version::V2 { 2 } else { 0 });
        match self {
            Self::Boolean(data) => {
                (vec![Stream::bits(Kind::Data, &std::mem::take(data), values())], direct)
            }
            Self::Byte(data) => (vec![Stream::bytes(&std::mem::take(data), values())], direct),
            Self::Integer(data) => (vec![integers(Kind::Data, data, true)], integer),
            Self::Floating(data, _) => {
                (vec![Stream::raw(Kind::Data, std::mem::take(data), bytes())], direct)
            }
            Self::Text(data, lengths, dictionary) => {
                let (data, lengths) = (std::mem::take(data), std::mem::take(lengths));
                let share = if *dictionary { encoding.dictionary_share_max } else { 0.0 };
                if let Some(dictionary) = Dictionary::new(&data, &lengths, share) {
                    return dictionary.streams(values(), version);
                }
                let data = Stream::raw(Kind::Data, data, bytes());
                let lengths = Stream::integers(Kind::Length, &lengths, values(), version, false);
                (vec![data, lengths], integer)
            }
            Self::Timestamp(seconds, nanoseconds) => {
                let seconds = integers(Kind::Data, seconds, true);
                (vec![seconds, integers(Kind::Secondary, nanoseconds, false)], integer)
            }
            Self::Decimal(data, count, scale) => {
                let scales = vec![*scale; std::mem::take(count)];
                let data = Stream::raw(Kind::Data, std::mem::take(data), bytes());
                let scales = Stream::integers(Kind::Secondary, &scales, values(), version, true);
                (vec![data, scales], integer)
            }
            Self::Repeated(lengths, _) => (vec![integers(Kind::Length, lengths, false)], integer),
            Self::Struct(_) => (Vec::new(), direct),
        }
    }
}

/// Texts that are there more than once.
struct Dictionary<'d> {
    /// In order.
    words: Vec<&'d [u8]>,
    /// Which word each text is.
    indices: Vec<i64>,
}

impl<'d> Dictionary<'d> {
    /// `None` if too many are different.
    fn new(bytes: &'d [u8], lengths: &[i64], share_max: f64) -> Option<Self> {
        if lengths.is_empty() || share_max <= 0.0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share of a stripe's rows")]
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 1 times a count"
        )]
        let most = (share_max * lengths.len() as f64) as usize;
        let mut texts = Vec::with_capacity(lengths.len());
        let mut rest = bytes;
        for length in lengths {
            let (text, after) = rest.split_at(usize::try_from(*length).unwrap_or(0));
            texts.push(text);
            rest = after;
        }
        let mut different = HashSet::new();
        for text in &texts {
            different.insert(*text);
            if different.len() > most {
                return None;
            }
        }
        let mut words: Vec<_> = different.into_iter().collect();
        words.sort_unstable();
        let places: HashMap<_, _> =
            words.iter().enumerate().map(|(place, word)| (*word, place)).collect();
        let indices = texts.iter().map(|text| length(places[text])).collect();
        Some(Self { words, indices })
    }

    fn streams(
        self,
        starts: impl Iterator<Item = usize>,
        version: Version,
    ) -> (Vec<Stream>, Message) {
        let lengths: Vec<_> = self.words.iter().map(|word| length(word.len())).collect();
        let streams = vec![
            Stream::integers(Kind::Data, &self.indices, starts, version, false),
            Stream::raw(Kind::DictionaryData, self.words.concat(), std::iter::empty()),
            Stream::integers(Kind::Length, &lengths, std::iter::empty(), version, false),
        ];
        let kind = if version == Version::V2 { 3 } else { 1 };
        (streams, Message::new().number(1, kind).number(2, self.words.len() as u64))
    }
}

/// Seconds from 2015, and nanoseconds of which ends in zeros are a number of them. A reader takes a second off times
/// before 1970 that have a fraction, so the second is added here.
fn timestamp(value: Timestamp) -> (i64, i64) {
    let borrowed = value.seconds < 0 && value.nanoseconds > 999_999;
    let seconds = value.seconds + i64::from(borrowed) - EPOCH_SECONDS;
    let mut nanoseconds = i64::from(value.nanoseconds);
    let mut zeros = 0;
    while nanoseconds != 0 && nanoseconds % 10 == 0 && zeros < 8 {
        nanoseconds /= 10;
        zeros += 1;
    }
    match zeros {
        0 => (seconds, nanoseconds << 3),
        1 => (seconds, (nanoseconds * 10) << 3),
        zeros => (seconds, nanoseconds << 3 | (zeros - 1)),
    }
}

fn push<T>(values: &mut Vec<T>, value: T) -> usize {
    values.push(value);
    size_of::<T>()
}

fn extend(bytes: &mut Vec<u8>, value: &[u8]) -> usize {
    bytes.extend_from_slice(value);
    value.len()
}

fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_of_nanoseconds_are_counted() {
        let encoded = |nanoseconds| timestamp(Timestamp { seconds: EPOCH_SECONDS, nanoseconds }).1;
        let cases = [
            (0, 0),
            (1_000, 0x0a),
            (100_000, 0x0c),
            (10, 80),
            (500_000_000, 0x2f),
            (123_456_789, 987_654_312),
        ];
        for (nanoseconds, expected) in cases {
            assert_eq!(encoded(nanoseconds), expected, "{nanoseconds}");
        }
    }

    #[test]
    fn few_different_texts_make_a_dictionary() {
        let bytes = b"bbabb";
        let dictionary = Dictionary::new(bytes, &[1, 1, 1, 2], 0.75).unwrap();
        assert_eq!(dictionary.words, [&b"a"[..], b"b", b"bb"]);
        assert_eq!(dictionary.indices, [1, 1, 0, 2]);
        assert!(Dictionary::new(bytes, &[1, 1, 1, 2], 0.7).is_none());
        assert!(Dictionary::new(b"", &[], 1.0).is_none());
    }
}
