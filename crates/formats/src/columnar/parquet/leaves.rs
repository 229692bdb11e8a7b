//! Values of a row group, column by column, until they are written.

use std::io::Write;

use bytes::Bytes;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray,
    FixedLenByteArrayType, FloatType, Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::{SerializedColumnWriter, SerializedRowGroupWriter};

use super::tree::{Node, Tree, decimal_bytes};
use crate::columnar::datum::Datum;
use crate::columnar::schema::Type;
use crate::columnar::time::{DAY_SECONDS, Timestamp};

/// Levels that are handed to the writer at once, more only where one row has more.
const CHUNK_LEVELS: usize = 4_096;
/// The Julian day of 1970-01-01, which INT96 counts from.
const JULIAN_EPOCH: i64 = 2_440_588;

/// All leaves of a row group.
pub(super) struct Leaves {
    columns: Vec<Column>,
    bytes: usize,
}

struct Column {
    values: Values,
    /// Nesting is bounded, so a byte holds a level.
    definitions: Vec<u8>,
    /// Empty where nothing repeats.
    repetitions: Vec<u8>,
    repeats: bool,
}

enum Values {
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    /// One after the other, and where each ends.
    Bytes(Vec<u8>, Vec<usize>),
    /// One after the other, each so many bytes.
    Fixed(Vec<u8>, usize),
}

impl Leaves {
    pub(super) fn new(tree: &Tree) -> Self {
        let columns = tree.leaves.iter().map(|leaf| Column {
            values: Values::new(&leaf.kind),
            definitions: Vec::new(),
            repetitions: Vec::new(),
            repeats: leaf.repeats,
        });
        Self { columns: columns.collect(), bytes: 0 }
    }

    /// How much memory the values take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Adds a row, of as many values as the tree has columns.
    pub(super) fn add(&mut self, tree: &Tree, row: &[Datum<'_>]) {
        for (node, datum) in tree.columns.iter().zip(row) {
            self.value(node, datum, 0, 0);
        }
    }

    /// Writes all and begins again.
    pub(super) fn write<W: Write + Send>(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<()> {
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else {
                return Err(ParquetError::General("a column too many".to_owned()));
            };
            column.write(&mut writer)?;
            writer.close()?;
        }
        self.bytes = 0;
        Ok(())
    }

    /// `definition` counts what is there above this value, `repetition` says at which level it is another one.
    fn value(&mut self, node: &Node, datum: &Datum<'_>, definition: u8, repetition: u8) {
        let here = definition + 1;
        match (node, datum) {
            (Node::Leaf(index), Datum::Null) => self.absent(*index, definition, repetition),
            (Node::Leaf(index), datum) => self.present(*index, datum, here, repetition),
            (Node::Struct(_, members), Datum::Struct(values)) => {
                for (member, value) in members.iter().zip(values) {
                    self.value(member, value, here, repetition);
                }
            }
            (Node::Array(_, level, element), Datum::List(items)) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    self.value(element, item, here + 1, again(index, repetition, *level));
                }
            }
            (Node::Map(_, level, key_leaf, value_node), Datum::Map(entries))
                if !entries.is_empty() =>
            {
                for (index, (key, value)) in entries.iter().enumerate() {
                    let repetition = again(index, repetition, *level);
                    self.present(*key_leaf, key, here + 1, repetition);
                    self.value(value_node, value, here + 1, repetition);
                }
            }
            // There, but with nothing in it.
            (Node::Array(..), Datum::List(_)) | (Node::Map(..), Datum::Map(_)) => {
                self.nothing(node, here, repetition);
            }
            (Node::Array(..) | Node::Map(..) | Node::Struct(..), _) => {
                self.nothing(node, definition, repetition);
            }
        }
    }

    fn nothing(&mut self, node: &Node, definition: u8, repetition: u8) {
        let span = node.span();
        for index in span.0..span.1 {
            self.absent(index, definition, repetition);
        }
    }

    fn absent(&mut self, index: usize, definition: u8, repetition: u8) {
        self.bytes += self.columns[index].levels(definition, repetition);
    }

    fn present(&mut self, index: usize, datum: &Datum<'_>, definition: u8, repetition: u8) {
        let column = &mut self.columns[index];
        self.bytes += column.levels(definition, repetition) + column.values.push(datum);
    }
}

/// The repetition of the value at an index of a list: only the first one begins what is above.
fn again(index: usize, repetition: u8, level: i16) -> u8 {
    if index == 0 { repetition } else { u8::try_from(level).unwrap_or(u8::MAX) }
}

impl Column {
    fn levels(&mut self, definition: u8, repetition: u8) -> usize {
        self.definitions.push(definition);
        if !self.repeats {
            return 1;
        }
        self.repetitions.push(repetition);
        2
    }

    fn write(&mut self, writer: &mut SerializedColumnWriter<'_>) -> Result<()> {
        let full = self.full_level(writer);
        let definitions = std::mem::take(&mut self.definitions);
        let repetitions = std::mem::take(&mut self.repetitions);
        let mut values = self.values.take();
        let mut start = 0;
        while start < definitions.len() {
            let mut end = definitions.len().min(start + CHUNK_LEVELS);
            while repetitions.get(end).is_some_and(|level| *level != 0) {
                end += 1;
            }
            let chunk: Vec<i16> = definitions[start..end].iter().map(|l| i16::from(*l)).collect();
            let count = chunk.iter().filter(|level| **level == full).count();
            let again: Option<Vec<i16>> = self
                .repeats
                .then(|| repetitions[start..end].iter().map(|l| i16::from(*l)).collect());
            values.write(writer, count, &chunk, again.as_deref())?;
            start = end;
        }
        Ok(())
    }

    /// The definition level at which there is a value.
    fn full_level(&self, writer: &mut SerializedColumnWriter<'_>) -> i16 {
        match self.values {
            Values::Boolean(_) => writer.typed::<BoolType>().get_descriptor().max_def_level(),
            Values::Int32(_) => writer.typed::<Int32Type>().get_descriptor().max_def_level(),
            Values::Int64(_) => writer.typed::<Int64Type>().get_descriptor().max_def_level(),
            Values::Int96(_) => writer.typed::<Int96Type>().get_descriptor().max_def_level(),
            Values::Float(_) => writer.typed::<FloatType>().get_descriptor().max_def_level(),
            Values::Double(_) => writer.typed::<DoubleType>().get_descriptor().max_def_level(),
            Values::Bytes(..) => writer.typed::<ByteArrayType>().get_descriptor().max_def_level(),
            Values::Fixed(..) => {
                writer.typed::<FixedLenByteArrayType>().get_descriptor().max_def_level()
            }
        }
    }
}

impl Values {
    fn new(kind: &Type) -> Self {
        match kind {
            Type::Boolean => Self::Boolean(Vec::new()),
            Type::TinyInt | Type::SmallInt | Type::Int | Type::Date => Self::Int32(Vec::new()),
            Type::BigInt => Self::Int64(Vec::new()),
            Type::Float => Self::Float(Vec::new()),
            Type::Double => Self::Double(Vec::new()),
            Type::Timestamp => Self::Int96(Vec::new()),
            Type::Decimal(precision, _) => Self::Fixed(Vec::new(), decimal_bytes(*precision)),
            // Types that hold others do not come here.
            Type::String | Type::Varchar(_) | Type::Char(_) | Type::Binary => Self::bytes(),
            Type::Array(_) | Type::Map(..) | Type::Struct(_) => Self::bytes(),
        }
    }

    fn bytes() -> Self {
        Self::Bytes(Vec::new(), Vec::new())
    }

    /// Adds a value of the column's own type; the deserializer gives no other.
    fn push(&mut self, datum: &Datum<'_>) -> usize {
        match (self, datum) {
            (Self::Boolean(values), Datum::Boolean(value)) => push(values, *value),
            (Self::Int32(values), Datum::Integer(value)) => {
                push(values, i32::try_from(*value).unwrap_or_default())
            }
            (Self::Int32(values), Datum::Date(value)) => push(values, *value),
            (Self::Int64(values), Datum::Integer(value)) => push(values, *value),
            (Self::Float(values), Datum::Float(value)) => push(values, *value),
            (Self::Double(values), Datum::Double(value)) => push(values, *value),
            (Self::Int96(values), Datum::Timestamp(value)) => push(values, int96(*value)),
            (Self::Bytes(bytes, ends), Datum::Text(value)) => {
                bytes.extend_from_slice(value.as_bytes());
                ends.push(bytes.len());
                value.len() + size_of::<usize>()
            }
            (Self::Fixed(bytes, width), Datum::Decimal(value)) => {
                bytes.extend_from_slice(&value.to_be_bytes()[16 - *width..]);
                *width
            }
            (_, other) => unreachable!("a value of another type than its column's: {other:?}"),
        }
    }

    /// The values, to be written, and none left.
    fn take(&mut self) -> Source {
        let empty = match self {
            Self::Boolean(_) => Self::Boolean(Vec::new()),
            Self::Int32(_) => Self::Int32(Vec::new()),
            Self::Int64(_) => Self::Int64(Vec::new()),
            Self::Int96(_) => Self::Int96(Vec::new()),
            Self::Float(_) => Self::Float(Vec::new()),
            Self::Double(_) => Self::Double(Vec::new()),
            Self::Bytes(..) => Self::bytes(),
            Self::Fixed(_, width) => Self::Fixed(Vec::new(), *width),
        };
        match std::mem::replace(self, empty) {
            Self::Bytes(bytes, ends) => {
                Source::Bytes { bytes: bytes.into(), ends, at: 0, start: 0 }
            }
            Self::Fixed(bytes, width) => Source::Fixed { bytes: bytes.into(), width },
            plain => Source::Plain { values: plain, at: 0 },
        }
    }
}

fn push<T>(values: &mut Vec<T>, value: T) -> usize {
    values.push(value);
    size_of::<T>()
}

/// Values on their way to the writer.
enum Source {
    Plain { values: Values, at: usize },
    Bytes { bytes: Bytes, ends: Vec<usize>, at: usize, start: usize },
    Fixed { bytes: Bytes, width: usize },
}

impl Source {
    /// Writes the next `count` values with the levels that they are among.
    fn write(
        &mut self,
        writer: &mut SerializedColumnWriter<'_>,
        count: usize,
        definitions: &[i16],
        repetitions: Option<&[i16]>,
    ) -> Result<()> {
        match self {
            Self::Plain { values, at } => {
                let range = *at..*at + count;
                *at += count;
                match values {
                    Values::Boolean(v) => {
                        batch::<BoolType>(writer, &v[range], definitions, repetitions)
                    }
                    Values::Int32(v) => {
                        batch::<Int32Type>(writer, &v[range], definitions, repetitions)
                    }
                    Values::Int64(v) => {
                        batch::<Int64Type>(writer, &v[range], definitions, repetitions)
                    }
                    Values::Int96(v) => {
                        batch::<Int96Type>(writer, &v[range], definitions, repetitions)
                    }
                    Values::Float(v) => {
                        batch::<FloatType>(writer, &v[range], definitions, repetitions)
                    }
                    Values::Double(v) => {
                        batch::<DoubleType>(writer, &v[range], definitions, repetitions)
                    }
                    Values::Bytes(..) | Values::Fixed(..) => Ok(()),
                }
            }
            Self::Bytes { bytes, ends, at, start } => {
                let mut values = Vec::with_capacity(count);
                for &end in &ends[*at..*at + count] {
                    values.push(ByteArray::from(bytes.slice(*start..end)));
                    *start = end;
                }
                *at += count;
                batch::<ByteArrayType>(writer, &values, definitions, repetitions)
            }
            Self::Fixed { bytes, width } => {
                let values = (0..count).map(|_| ByteArray::from(bytes.split_to(*width)).into());
                let values: Vec<FixedLenByteArray> = values.collect();
                batch::<FixedLenByteArrayType>(writer, &values, definitions, repetitions)
            }
        }
    }
}

fn batch<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    values: &[T::T],
    definitions: &[i16],
    repetitions: Option<&[i16]>,
) -> Result<()> {
    writer.typed::<T>().write_batch(values, Some(definitions), repetitions).map(|_| ())
}

/// Nanoseconds within the day, then the Julian day, as Hive and Impala write timestamps.
fn int96(timestamp: Timestamp) -> Int96 {
    let day = timestamp.seconds.div_euclid(DAY_SECONDS) + JULIAN_EPOCH;
    let seconds = timestamp.seconds.rem_euclid(DAY_SECONDS);
    let nanoseconds = u64::try_from(seconds).unwrap_or_default() * 1_000_000_000
        + u64::from(timestamp.nanoseconds);
    let mut value = Int96::new();
    #[expect(clippy::cast_possible_truncation, reason = "the halves of the nanoseconds")]
    value.set_data(
        nanoseconds as u32,
        (nanoseconds >> 32) as u32,
        u32::try_from(day).unwrap_or_default(),
    );
    value
}
