//! A request as any protocol yields it, once its types and constraints are checked against a shape.

use std::borrow::Cow;

use millstream_types::Millis;

use crate::Blob;

/// A value that fits its shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Of `Shape::Text`.
    Text(Cow<'a, str>),
    /// Of `Shape::Integer` and `Shape::Long`.
    Integer(i64),
    /// Of `Shape::Double`; finite.
    Double(f64),
    /// Of `Shape::Boolean`.
    Boolean(bool),
    /// Of `Shape::Timestamp`; before the epoch becomes the epoch.
    Timestamp(Millis),
    /// Of `Shape::Blob`; base64 is checked.
    Blob(Blob<'a>),
    /// Of `Shape::List`.
    List(Vec<Value<'a>>),
    /// Of `Shape::Map`.
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
    /// Of `Shape::Structure`: a place for each member, in the shape's order.
    Structure(Vec<Option<Value<'a>>>),
}
