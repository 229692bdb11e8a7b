//! Reading AWS's documents of SerDes: members by name, absent or null where they are not given.

use serde_json::{Map, Value};

use super::error::ConversionError;

/// Reads a document of which one of two members is given: its name and what is in it.
pub(super) fn either(
    text: &str,
    what: &str,
    first: &'static str,
    second: &'static str,
) -> Result<(&'static str, Map<String, Value>), ConversionError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|e| ConversionError(format!("The {what} is no JSON: {e}.")))?;
    let Value::Object(mut members) = value else {
        return Err(ConversionError(format!("The {what} is no structure.")));
    };
    only(&members, what, &[first, second])?;
    let mut given = [first, second].into_iter().filter(|name| present(&members, name).is_some());
    let (Some(name), None) = (given.next(), given.next()) else {
        return Err(ConversionError(format!("The {what} is either {first} or {second}.")));
    };
    match members.remove(name) {
        Some(Value::Object(inner)) => Ok((name, inner)),
        _ => Err(ConversionError(format!("{name} is no structure."))),
    }
}

/// Refuses members that nobody knows.
pub(super) fn only(
    members: &Map<String, Value>,
    what: &str,
    known: &[&str],
) -> Result<(), ConversionError> {
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(ConversionError(format!("{what} has no member {name}."))),
        None => Ok(()),
    }
}

/// A member that is given.
pub(super) fn present<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

/// A Boolean member.
pub(super) fn boolean(
    members: &Map<String, Value>,
    name: &str,
) -> Result<Option<bool>, ConversionError> {
    present(members, name)
        .map(|value| {
            value.as_bool().ok_or_else(|| ConversionError(format!("{name} is no Boolean.")))
        })
        .transpose()
}

/// A whole number, not under `least`.
pub(super) fn whole(
    members: &Map<String, Value>,
    name: &str,
    least: u64,
) -> Result<Option<u64>, ConversionError> {
    let Some(value) = present(members, name) else { return Ok(None) };
    match value.as_u64() {
        Some(number) if number >= least => Ok(Some(number)),
        _ => Err(ConversionError(format!("{name} is a whole number not under {least}."))),
    }
}

/// A number from 0 to 1.
pub(super) fn proportion(
    members: &Map<String, Value>,
    name: &str,
) -> Result<Option<f64>, ConversionError> {
    let Some(value) = present(members, name) else { return Ok(None) };
    match value.as_f64() {
        Some(number) if (0.0..=1.0).contains(&number) => Ok(Some(number)),
        _ => Err(ConversionError(format!("{name} is a number from 0 to 1."))),
    }
}

/// One of several texts: its index.
pub(super) fn choice(
    members: &Map<String, Value>,
    name: &str,
    choices: &[&str],
) -> Result<Option<usize>, ConversionError> {
    let Some(value) = present(members, name) else { return Ok(None) };
    let found = value.as_str().and_then(|text| choices.iter().position(|choice| *choice == text));
    match found {
        Some(index) => Ok(Some(index)),
        None => Err(ConversionError(format!("{name} is one of {}.", choices.join(", ")))),
    }
}
