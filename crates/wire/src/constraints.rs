//! The model's constraints, checked on values whose types are right.

use std::fmt;

use millstream_api::Value;
use millstream_api::shape::{Range, Shape, Structure, Text};

use crate::violations::{Path, Violations};

/// Checks the members of a structure, in the model's order.
pub(crate) fn check_structure(
    structure: &Structure,
    members: &[Option<Value<'_>>],
    path: &Path<'_>,
    found: &mut Violations,
) {
    for (member, value) in structure.members.iter().zip(members) {
        let path = Path::Member { parent: path, name: member.name };
        match value {
            Some(value) => check(&member.shape, value, &path, found),
            None if member.required => found.null(&path),
            None => {}
        }
        if found.is_full() {
            return;
        }
    }
}

fn check(shape: &Shape, value: &Value<'_>, path: &Path<'_>, found: &mut Violations) {
    let broken = |broken: &Broken<'_>, found: &mut Violations| {
        found.value(shape, value, path, broken);
    };
    match (shape, value) {
        (Shape::Text(text), Value::Text(given)) => {
            text_violations(text, given).iter().flatten().for_each(|b| broken(b, found));
        }
        (Shape::Integer(range) | Shape::Long(range), Value::Integer(number)) => {
            side(*range, *number).iter().for_each(|s| broken(&Broken::Value(*s), found));
        }
        (Shape::Double(range), Value::Double(number)) => {
            double_side(*range, *number).iter().for_each(|s| broken(&Broken::Value(*s), found));
        }
        (Shape::Blob(range), Value::Blob(blob)) => {
            side(*range, length(blob.len()))
                .iter()
                .for_each(|s| broken(&Broken::Length(*s), found));
        }
        (Shape::List(list), Value::List(values)) => {
            let sides = side(list.length, length(values.len()));
            sides.iter().for_each(|s| broken(&Broken::Length(*s), found));
            if let Shape::Text(text) = &list.element {
                let fits =
                    |value: &Value<'_>| matches!(value, Value::Text(t) if text_fits(text, t));
                if !values.iter().all(fits) {
                    broken(&Broken::Elements(text), found);
                }
                return;
            }
            for (index, value) in values.iter().enumerate() {
                if found.is_full() {
                    return;
                }
                let path = Path::Element { parent: path, index: index + 1 };
                check(&list.element, value, &path, found);
            }
        }
        (Shape::Map(map), Value::Map(entries)) => {
            let sides = side(map.length, length(entries.len()));
            sides.iter().for_each(|s| broken(&Broken::Length(*s), found));
            if !entries.iter().all(|(key, _)| text_fits(map.key, key)) {
                broken(&Broken::Keys(map.key), found);
            }
            if let Shape::Text(text) = &map.value {
                let fits =
                    |value: &Value<'_>| matches!(value, Value::Text(t) if text_fits(text, t));
                if !entries.iter().all(|(_, value)| fits(value)) {
                    broken(&Broken::Values(text), found);
                }
            }
        }
        (Shape::Structure(structure), Value::Structure(members)) => {
            check_structure(structure, members, path, found);
        }
        _ => {}
    }
}

/// Whether a text satisfies its constraints.
pub(crate) fn text_fits(text: &Text, given: &str) -> bool {
    characters_side(text.length, given).is_none()
        && text.pattern.is_none_or(|pattern| (pattern.matches)(given))
        && (text.values.is_empty() || text.values.contains(&given))
}

/// Whether a length in bytes satisfies a range.
pub(crate) fn length_fits(range: Range, bytes: usize) -> bool {
    side(range, length(bytes)).is_none()
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What a text breaks, in the order in which AWS names it: set, pattern, length.
fn text_violations<'t>(text: &'t Text, given: &str) -> [Option<Broken<'t>>; 3] {
    let in_set = text.values.is_empty() || text.values.contains(&given);
    let pattern = text.pattern.filter(|pattern| !(pattern.matches)(given));
    [
        (!in_set).then_some(Broken::Set(text.values)),
        pattern.map(|pattern| Broken::Pattern(pattern.text)),
        characters_side(text.length, given).map(Broken::Length),
    ]
}

/// Characters are counted only where bytes do not decide already.
fn characters_side(range: Range, given: &str) -> Option<Side> {
    let bytes = length(given.len());
    let within = |max: i64| bytes <= max;
    let enough = |min: i64| min <= i64::from(bytes > 0);
    if range.max.is_none_or(within) && range.min.is_none_or(enough) {
        return None;
    }
    side(range, length(given.chars().count()))
}

/// Past which end of a range a number is.
#[derive(Clone, Copy)]
enum Side {
    Below(i64),
    Above(i64),
}

fn side(range: Range, number: i64) -> Option<Side> {
    let below = range.min.filter(|min| number < *min).map(Side::Below);
    below.or(range.max.filter(|max| number > *max).map(Side::Above))
}

/// Past which end of a range a number with a fraction is. What is no number is below any.
fn double_side(range: Range, number: f64) -> Option<Side> {
    let below = range.min.filter(|min| number.is_nan() || number < *min as f64).map(Side::Below);
    below.or(range.max.filter(|max| number > *max as f64).map(Side::Above))
}

/// A constraint that is broken, as AWS words it.
enum Broken<'t> {
    Length(Side),
    Value(Side),
    Pattern(&'static str),
    Set(&'static [&'static str]),
    Elements(&'t Text),
    Keys(&'t Text),
    Values(&'t Text),
}

impl fmt::Display for Broken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Length(Side::Below(min)) => {
                write!(f, "Member must have length greater than or equal to {min}")
            }
            Broken::Length(Side::Above(max)) => {
                write!(f, "Member must have length less than or equal to {max}")
            }
            Broken::Value(Side::Below(min)) => {
                write!(f, "Member must have value greater than or equal to {min}")
            }
            Broken::Value(Side::Above(max)) => {
                write!(f, "Member must have value less than or equal to {max}")
            }
            Broken::Pattern(pattern) => {
                write!(f, "Member must satisfy regular expression pattern: {pattern}")
            }
            Broken::Set(values) => {
                write!(f, "Member must satisfy enum value set: [{}]", values.join(", "))
            }
            Broken::Elements(text) => write!(f, "Member must satisfy constraint: {}", all_of(text)),
            Broken::Keys(text) => write!(f, "Map keys must satisfy constraint: {}", all_of(text)),
            Broken::Values(text) => {
                write!(f, "Map value must satisfy constraint: {}", all_of(text))
            }
        }
    }
}

/// Every constraint of a text, as AWS lists them for elements, keys and values.
fn all_of(text: &Text) -> String {
    let parts = [
        text.length.max.map(|max| Broken::Length(Side::Above(max))),
        text.length.min.map(|min| Broken::Length(Side::Below(min))),
        text.pattern.map(|pattern| Broken::Pattern(pattern.text)),
        (!text.values.is_empty()).then_some(Broken::Set(text.values)),
    ];
    let parts: Vec<String> = parts.iter().flatten().map(Broken::to_string).collect();
    format!("[{}]", parts.join(", "))
}
