//! A table's columns as Parquet's schema, and where each value goes: nested values are shredded into leaves with
//! levels, as the format's "nested encoding" describes. Everything but the keys of maps may be null.

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::errors::Result;
use parquet::schema::types::{Type as ParquetType, TypePtr};

use crate::columnar::schema::{Field, Type};

/// The columns of a table.
pub(super) struct Tree {
    pub(super) schema: TypePtr,
    pub(super) columns: Vec<Node>,
    /// The leaves in order.
    pub(super) leaves: Vec<Leaf>,
}

/// A type within a table, which may be null.
pub(super) enum Node {
    /// Which leaf.
    Leaf(usize),
    /// The leaves inside, and the level that repetition of the elements has.
    Array(Span, i16, Box<Node>),
    /// As an array; the leaf of the keys, which is not null, comes first.
    Map(Span, i16, usize, Box<Node>),
    /// The leaves inside, and the members.
    Struct(Span, Vec<Node>),
}

/// Leaves from the first up to, not including, the second.
#[derive(Clone, Copy)]
pub(super) struct Span(pub(super) usize, pub(super) usize);

/// A column of the file.
pub(super) struct Leaf {
    pub(super) kind: Type,
    /// Whether it is inside an array or a map.
    pub(super) repeats: bool,
}

impl Tree {
    pub(super) fn new(fields: &[Field]) -> Result<Self> {
        let mut leaves = Vec::new();
        let mut columns = Vec::with_capacity(fields.len());
        let mut types = Vec::with_capacity(fields.len());
        for field in fields {
            columns.push(Node::new(&field.kind, 0, &mut leaves));
            types.push(optional(&field.name, &field.kind)?);
        }
        let schema = ParquetType::group_type_builder("hive_schema").with_fields(types).build()?;
        Ok(Self { schema: schema.into(), columns, leaves })
    }
}

impl Node {
    fn new(kind: &Type, repetition: i16, leaves: &mut Vec<Leaf>) -> Self {
        let first = leaves.len();
        match kind {
            Type::Array(element) => {
                let element = Self::new(element, repetition + 1, leaves);
                Self::Array(Span(first, leaves.len()), repetition + 1, Box::new(element))
            }
            Type::Map(key, value) => {
                leaves.push(Leaf { kind: (**key).clone(), repeats: true });
                let value = Self::new(value, repetition + 1, leaves);
                Self::Map(Span(first, leaves.len()), repetition + 1, first, Box::new(value))
            }
            Type::Struct(fields) => {
                let members = fields.iter().map(|field| Self::new(&field.kind, repetition, leaves));
                let members = members.collect();
                Self::Struct(Span(first, leaves.len()), members)
            }
            scalar => {
                leaves.push(Leaf { kind: scalar.clone(), repeats: repetition > 0 });
                Self::Leaf(first)
            }
        }
    }

    /// The leaves inside.
    pub(super) fn span(&self) -> Span {
        match self {
            Self::Leaf(index) => Span(*index, index + 1),
            Self::Array(span, ..) | Self::Map(span, ..) | Self::Struct(span, _) => *span,
        }
    }
}

fn optional(name: &str, kind: &Type) -> Result<TypePtr> {
    match kind {
        Type::Array(element) => {
            let element = optional("element", element)?;
            wrapped(name, LogicalType::List, repeated("list", vec![element])?)
        }
        Type::Map(key, value) => {
            let key = primitive("key", key, Repetition::REQUIRED)?;
            let entry = repeated("key_value", vec![key, optional("value", value)?])?;
            wrapped(name, LogicalType::Map, entry)
        }
        Type::Struct(fields) => {
            let members = fields.iter().map(|field| optional(&field.name, &field.kind));
            let group = ParquetType::group_type_builder(name)
                .with_repetition(Repetition::OPTIONAL)
                .with_fields(members.collect::<Result<_>>()?);
            Ok(group.build()?.into())
        }
        scalar => primitive(name, scalar, Repetition::OPTIONAL),
    }
}

fn wrapped(name: &str, logical: LogicalType, inner: TypePtr) -> Result<TypePtr> {
    let group = ParquetType::group_type_builder(name)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(logical))
        .with_fields(vec![inner]);
    Ok(group.build()?.into())
}

fn repeated(name: &str, fields: Vec<TypePtr>) -> Result<TypePtr> {
    let group = ParquetType::group_type_builder(name)
        .with_repetition(Repetition::REPEATED)
        .with_fields(fields);
    Ok(group.build()?.into())
}

/// Physical types as Hive's writer chooses them: timestamps are INT96, decimals the fewest bytes that hold them.
fn primitive(name: &str, kind: &Type, repetition: Repetition) -> Result<TypePtr> {
    let (physical, logical) = match kind {
        Type::Boolean => (Physical::BOOLEAN, None),
        Type::TinyInt => (Physical::INT32, Some(LogicalType::integer(8, true))),
        Type::SmallInt => (Physical::INT32, Some(LogicalType::integer(16, true))),
        Type::Int => (Physical::INT32, None),
        Type::BigInt => (Physical::INT64, None),
        Type::Float => (Physical::FLOAT, None),
        Type::Double => (Physical::DOUBLE, None),
        Type::String | Type::Varchar(_) | Type::Char(_) => {
            (Physical::BYTE_ARRAY, Some(LogicalType::String))
        }
        Type::Date => (Physical::INT32, Some(LogicalType::Date)),
        Type::Timestamp => (Physical::INT96, None),
        Type::Decimal(precision, scale) => {
            let logical = LogicalType::decimal(i32::from(*scale), i32::from(*precision));
            (Physical::FIXED_LEN_BYTE_ARRAY, Some(logical))
        }
        // Types that hold others do not come here.
        Type::Binary | Type::Array(_) | Type::Map(..) | Type::Struct(_) => {
            (Physical::BYTE_ARRAY, None)
        }
    };
    let mut builder = ParquetType::primitive_type_builder(name, physical)
        .with_repetition(repetition)
        .with_logical_type(logical);
    if let Type::Decimal(precision, scale) = kind {
        let bytes = i32::try_from(decimal_bytes(*precision)).unwrap_or(16);
        builder = builder
            .with_length(bytes)
            .with_precision(i32::from(*precision))
            .with_scale(i32::from(*scale));
    }
    Ok(builder.build()?.into())
}

/// The fewest bytes that hold a signed number of so many digits.
pub(super) fn decimal_bytes(precision: u8) -> usize {
    let most = 10_u128.pow(u32::from(precision)) - 1;
    let bits = usize::try_from(128 - most.leading_zeros()).unwrap_or(128) + 1;
    bits.div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_take_as_few_bytes_as_hive_gives_them() {
        let cases = [(1, 1), (2, 1), (3, 2), (4, 2), (9, 4), (10, 5), (18, 8), (19, 9), (38, 16)];
        for (precision, bytes) in cases {
            assert_eq!(decimal_bytes(precision), bytes, "{precision}");
        }
    }
}
