//! Shapes as data: what a member is and which constraints it has. Decoders and the model check read these.

use crate::Pattern;

/// What a value is.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Text.
    Text(&'static Text),
    /// A whole number of 32 bits.
    Integer(Range),
    /// A whole number of 64 bits.
    Long(Range),
    /// A number of 64 bits that may have a fraction.
    Double(Range),
    /// True or false.
    Boolean,
    /// A point in time.
    Timestamp,
    /// Bytes.
    Blob(Range),
    /// A list.
    List(&'static List),
    /// A map from text to text.
    Map(&'static Map),
    /// A structure.
    Structure(&'static Structure),
}

/// Bounds of a number, or of a length; both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The lowest value, if there is one.
    pub min: Option<i64>,
    /// The highest value, if there is one.
    pub max: Option<i64>,
}

impl Range {
    /// No bounds.
    pub const ANY: Range = Range { min: None, max: None };

    /// Bounds at both ends.
    pub const fn of(min: i64, max: i64) -> Self {
        Range { min: Some(min), max: Some(max) }
    }

    /// A lower bound only.
    pub const fn from(min: i64) -> Self {
        Range { min: Some(min), max: None }
    }

    /// An upper bound only.
    pub const fn to(max: i64) -> Self {
        Range { min: None, max: Some(max) }
    }
}

/// Constraints of a text.
#[derive(Debug)]
pub struct Text {
    /// Length in characters.
    pub length: Range,
    /// The pattern that it matches.
    pub pattern: Option<&'static Pattern>,
    /// The values it may have; empty if it is no enumeration.
    pub values: &'static [&'static str],
    /// Whether errors and logs may not show it.
    pub sensitive: bool,
}

/// Constraints of a list.
#[derive(Debug)]
pub struct List {
    /// What the elements are.
    pub element: Shape,
    /// How many.
    pub length: Range,
}

/// Constraints of a map.
#[derive(Debug)]
pub struct Map {
    /// What the keys are.
    pub key: &'static Text,
    /// What the values are.
    pub value: Shape,
    /// How many.
    pub length: Range,
}

/// A structure and its members, in the model's order.
#[derive(Debug)]
pub struct Structure {
    /// The model's name of it.
    pub name: &'static str,
    /// The members.
    pub members: &'static [Member],
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The name on the wire.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it is.
    pub shape: Shape,
    /// Why it is refused when it is given; `None` if it is done.
    pub refused: Option<&'static str>,
}
