//! `+ - * / %` on values, as jq has them.

use std::collections::BTreeSet;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::rc::Rc;

use jaq_core::ops::Math;

use super::meter;
use super::number::Number;
use super::value::{MEMBER_BYTES, Members, Value};

/// An error of the interpreter, holding a value of ours.
pub type Error = jaq_core::Error<Value>;
/// A value or an error.
pub type ValR = Result<Value, Error>;

/// An error with a text.
pub fn error(text: impl ToString) -> Error {
    Error::str(text)
}

impl Add for Value {
    type Output = ValR;

    fn add(self, other: Value) -> ValR {
        Ok(match (self, other) {
            (Value::Null, value) | (value, Value::Null) => value,
            (Value::Number(a), Value::Number(b)) => {
                Value::Number(a.calculate(b, i64::checked_add, |a, b| a + b))
            }
            (Value::Text(a), Value::Text(b)) => {
                meter::bytes(a.len() + b.len());
                Value::Text([&*a, &*b].concat().into())
            }
            (Value::Array(a), Value::Array(b)) => Value::joined(a, &b),
            (Value::Object(a), Value::Object(b)) => Value::overlaid(a, &b),
            (a, b) => return Err(Error::math(a, Math::Add, b)),
        })
    }
}

impl Sub for Value {
    type Output = ValR;

    fn sub(self, other: Value) -> ValR {
        Ok(match (self, other) {
            (Value::Number(a), Value::Number(b)) => {
                Value::Number(a.calculate(b, i64::checked_sub, |a, b| a - b))
            }
            (Value::Array(a), Value::Array(b)) => {
                let gone: BTreeSet<&Value> = b.items().iter().collect();
                let mut items = Value::take_items(a);
                items.retain(|item| !gone.contains(item));
                Value::array(items)
            }
            (a, b) => return Err(Error::math(a, Math::Sub, b)),
        })
    }
}

impl Mul for Value {
    type Output = ValR;

    fn mul(self, other: Value) -> ValR {
        Ok(match (self, other) {
            (Value::Number(a), Value::Number(b)) => {
                Value::Number(a.calculate(b, i64::checked_mul, |a, b| a * b))
            }
            (Value::Text(text), Value::Number(times))
            | (Value::Number(times), Value::Text(text)) => repeated(&text, times),
            (Value::Object(a), Value::Object(b)) => {
                Value::object(merged(Value::take_members(a), Value::take_members(b)))
            }
            (a, b) => return Err(Error::math(a, Math::Mul, b)),
        })
    }
}

/// A text several times; null for none.
fn repeated(text: &str, times: Number) -> Value {
    let times = times.float();
    if times.is_nan() || times <= 0.0 {
        return Value::Null;
    }
    // A number beyond all bounds saturates, and is then too many bytes.
    let times = times.ceil() as usize;
    meter::bytes(text.len().saturating_mul(times));
    if text.is_empty() {
        return Value::Text("".into());
    }
    Value::Text(text.repeat(times).into())
}

/// Objects merged, and objects within them.
fn merged(mut into: Members, from: Members) -> Members {
    for (key, value) in from {
        meter::bytes(MEMBER_BYTES);
        let old = into.get_mut(&key).map(std::mem::take);
        let new = match (old, value) {
            (Some(Value::Object(a)), Value::Object(b)) => {
                Value::object(merged(Value::take_members(a), Value::take_members(b)))
            }
            (_, value) => value,
        };
        into.insert(key, new);
    }
    into
}

impl Div for Value {
    type Output = ValR;

    fn div(self, other: Value) -> ValR {
        Ok(match (self, other) {
            (Value::Number(a), Value::Number(b)) if b.float() != 0.0 => {
                let exact = |a: i64, b: i64| (a.checked_rem(b)? == 0).then(|| a / b);
                Value::Number(a.calculate(b, exact, |a, b| a / b))
            }
            (Value::Text(text), Value::Text(separator)) => split(&text, &separator),
            (a @ Value::Number(_), b @ Value::Number(_)) => {
                let text = "cannot be divided because the divisor is zero";
                return Err(error(format_args!("{a} and {b} {text}")));
            }
            (a, b) => return Err(Error::math(a, Math::Div, b)),
        })
    }
}

/// The parts of a text between separators; its characters if there is none.
pub fn split(text: &str, separator: &str) -> Value {
    if text.is_empty() {
        return Value::array(Vec::new());
    }
    meter::bytes(text.len());
    if separator.is_empty() {
        let mut utf8 = [0; 4];
        return text.chars().map(|char| Value::text(char.encode_utf8(&mut utf8))).collect();
    }
    text.split(separator).map(Value::text).collect()
}

impl Rem for Value {
    type Output = ValR;

    fn rem(self, other: Value) -> ValR {
        let (a, b) = match (self, other) {
            (Value::Number(a), Value::Number(b)) => (a, b),
            (a, b) => return Err(Error::math(a, Math::Rem, b)),
        };
        meter::steps(1);
        if a.float().is_nan() || b.float().is_nan() {
            return Ok(Value::float(f64::NAN));
        }
        // As jq does: on whole numbers, with the sign of the dividend.
        let whole = |number: Number| match number {
            Number::Int(number) => number,
            Number::Float(number) => number as i64,
        };
        match whole(a).unsigned_abs().checked_rem(whole(b).unsigned_abs()) {
            Some(rest) => {
                let rest = i64::try_from(rest).unwrap_or(i64::MAX);
                Ok(Value::int(if whole(a) < 0 { -rest } else { rest }))
            }
            None => {
                let text = "cannot be divided because the divisor is zero";
                Err(error(format_args!("{} and {} {text}", a.text(), b.text())))
            }
        }
    }
}

impl Neg for Value {
    type Output = ValR;

    fn neg(self) -> ValR {
        match self {
            Value::Number(Number::Int(number)) if number != i64::MIN => Ok(Value::int(-number)),
            Value::Number(number) => Ok(Value::float(-number.float())),
            other => Err(error(format_args!("{} ({other}) cannot be negated", other.type_name()))),
        }
    }
}

/// The positions at which `part` begins within a text or array, or at which an item is.
pub fn indices(value: &Value, part: &Value) -> ValR {
    let found = |at: usize| Value::int(at as i64);
    match (value, part) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Text(text), Value::Text(part)) => {
            if part.is_empty() {
                return Ok(Value::Null);
            }
            Ok(Places { text, part, from: 0 }.map(found).collect())
        }
        (Value::Array(items), Value::Array(part)) => {
            let (items, part) = (items.items(), part.items());
            if part.is_empty() {
                return Ok(Value::Null);
            }
            let same = |window: &[Value]| window.iter().zip(part).all(|(a, b)| a == b);
            let windows = items.windows(part.len()).enumerate();
            Ok(windows.filter(|(_, window)| same(window)).map(|(at, _)| found(at)).collect())
        }
        (Value::Array(items), item) => {
            let places = items.items().iter().enumerate().filter(|(_, other)| *other == item);
            Ok(places.map(|(at, _)| found(at)).collect())
        }
        (value, part) => Err(Error::index(value.clone(), part.clone())),
    }
}

/// The places of a part in a text, overlapping ones too; each is counted with the text that was searched for it.
struct Places<'a> {
    text: &'a str,
    part: &'a str,
    from: usize,
}

impl Iterator for Places<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let found = self.text.get(self.from..)?.find(self.part);
        let searched = found.unwrap_or(self.text.len() - self.from) + self.part.len();
        meter::steps(1 + searched as u64 / 64);
        let at = self.from + found?;
        let width = self.text[at..].chars().next().map_or(1, char::len_utf8);
        self.from = at + width;
        Some(at)
    }
}

/// Whether `part` is within a value, as jq's `contains` has it.
pub fn contains(value: &Value, part: &Value) -> Result<bool, Error> {
    meter::steps(1);
    match (value, part) {
        (Value::Object(value), Value::Object(part)) => {
            for (key, part) in part.members() {
                let Some(value) = value.members().get(key) else { return Ok(false) };
                if !contains(value, part)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Array(values), Value::Array(parts)) => {
            for part in parts.items() {
                let mut found = false;
                for value in values.items() {
                    // Within arrays, what has another type is not contained.
                    found |= value.type_name() == part.type_name() && contains(value, part)?;
                }
                if !found {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Text(value), Value::Text(part)) => {
            meter::steps(value.len() as u64 / 256);
            Ok(value.contains(&**part))
        }
        (value, part) if value.type_name() == part.type_name() => Ok(value == part),
        (value, part) => {
            let (a, b) = (value.type_name(), part.type_name());
            Err(error(format_args!(
                "{a} ({value}) and {b} ({part}) cannot have their containment checked"
            )))
        }
    }
}

/// A key of an object or an index of an array: whether it is there.
pub fn has(value: &Value, key: &Value) -> Result<bool, Error> {
    match (value, key) {
        (Value::Object(object), Value::Text(key)) => Ok(object.members().contains_key(key)),
        (Value::Array(array), Value::Number(index)) => {
            let index = index.float();
            Ok(index >= 0.0 && index < array.items().len() as f64)
        }
        (value, key) => {
            let (a, b) = (value.type_name(), key.type_name());
            Err(error(format_args!("Cannot check whether {a} has a {b} key")))
        }
    }
}

/// A key, shared.
pub fn key_of(value: &Value) -> Option<&Rc<str>> {
    match value {
        Value::Text(key) => Some(key),
        _ => None,
    }
}
