//! A value that fits its column.

use std::borrow::Cow;

use super::time::Timestamp;

/// A value of a Hive type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Datum<'a> {
    Null,
    Boolean(bool),
    /// Of all whole types, within their range.
    Integer(i64),
    Float(f32),
    Double(f64),
    /// Times ten to the power of the column's scale; within its precision.
    Decimal(i128),
    /// Of texts, within their length, and of `binary`.
    Text(Cow<'a, str>),
    /// Days since 1970-01-01.
    Date(i32),
    Timestamp(Timestamp),
    List(Vec<Datum<'a>>),
    /// No key is null or there twice.
    Map(Vec<(Datum<'a>, Datum<'a>)>),
    /// As many as the struct has members.
    Struct(Vec<Datum<'a>>),
}
