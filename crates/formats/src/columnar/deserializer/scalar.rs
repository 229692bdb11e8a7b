//! Values of types that hold no others.

use std::borrow::Cow;
use std::fmt;

use super::{Read, Rules};
use crate::columnar::datum::Datum;
use crate::columnar::error::{RecordError, shortened};
use crate::columnar::json::Value;
use crate::columnar::number::Number;
use crate::columnar::schema::Type;
use crate::columnar::time::{Timestamp, parse_date};

impl Rules {
    /// A value of JSON, not null, for a column.
    pub(super) fn scalar<'a>(&self, kind: &Type, value: Value<'a>) -> Read<'a> {
        let holds_others = matches!(value, Value::Array(_) | Value::Object(_));
        if !self.lenient {
            if is_numeric(kind) && !matches!(value, Value::Number(_)) {
                return Err(not_numeric(&value));
            }
            if is_text(kind) && holds_others {
                // What Hive's validator of fields says, in place of the schema's.
                let text = "One or more fields have incorrect format. Exception when validating field (root)";
                return Err(RecordError::malformed(text));
            }
        }
        match value {
            Value::Null => Ok(Datum::Null),
            Value::Array(_) | Value::Object(_) if !is_text(kind) => {
                let shape = if matches!(value, Value::Array(_)) { "array" } else { "object" };
                let cause = format_args!("A column of type {kind} cannot hold a JSON {shape}.");
                Err(RecordError::mismatch(cause))
            }
            Value::Array(_) | Value::Object(_) => {
                let mut text = String::new();
                value.write(self.lowercase_names, &mut text);
                self.of_text(kind, Cow::Owned(text))
            }
            Value::Boolean(value) if *kind == Type::Boolean => Ok(Datum::Boolean(value)),
            Value::Boolean(value) => {
                self.of_text(kind, Cow::Borrowed(if value { "true" } else { "false" }))
            }
            Value::Number(number) if is_whole(kind) && !self.lenient => truncated(kind, number),
            Value::Number(number) => self.of_text(kind, Cow::Borrowed(number)),
            Value::Text(text) => self.of_text(kind, text),
        }
    }

    /// The key of a map: always a text in JSON, whatever its type, so both SerDes parse it.
    pub(super) fn map_key<'a>(&self, kind: &Type, name: Cow<'a, str>) -> Read<'a> {
        self.of_text(kind, name)
    }

    fn of_text<'a>(&self, kind: &Type, text: Cow<'a, str>) -> Read<'a> {
        match kind {
            Type::String | Type::Binary => Ok(Datum::Text(text)),
            Type::Varchar(most) | Type::Char(most) => Ok(Datum::Text(cut(text, *most))),
            Type::Boolean => boolean(&text),
            Type::TinyInt | Type::SmallInt | Type::Int | Type::BigInt => whole(kind, &text),
            Type::Float => float(&text),
            Type::Double => double(&text),
            Type::Decimal(precision, scale) => decimal(&text, *precision, *scale),
            Type::Date => self.date(&text),
            Type::Timestamp => self.timestamp(&text),
            Type::Array(_) | Type::Map(..) | Type::Struct(_) => Err(RecordError::input(&text)),
        }
    }

    /// Hive tries its formats before Java's own.
    fn date<'a>(&self, text: &str) -> Read<'a> {
        let by_format = self.formats.iter().find_map(|format| format.date(text));
        by_format
            .or_else(|| parse_date(text))
            .map(Datum::Date)
            .ok_or_else(|| RecordError::input(text))
    }

    fn timestamp<'a>(&self, text: &str) -> Read<'a> {
        if !self.lenient {
            let by_format = self.formats.iter().find_map(|format| format.timestamp(text));
            let found = by_format.or_else(|| Timestamp::parse_spaced(text));
            let cause = "Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff]";
            return found.map(Datum::Timestamp).ok_or_else(|| RecordError::mismatch(cause));
        }
        if let Some(found) = Timestamp::parse_iso(text).or_else(|| Timestamp::parse_spaced(text)) {
            return Ok(Datum::Timestamp(found));
        }
        let number = Number::parse(text).ok_or_else(|| RecordError::input(text))?;
        let found = Timestamp::of_epoch(&number).map(Datum::Timestamp);
        found.ok_or_else(|| out_of_range(text, &Type::Timestamp))
    }
}

fn is_whole(kind: &Type) -> bool {
    matches!(kind, Type::TinyInt | Type::SmallInt | Type::Int | Type::BigInt)
}

fn is_numeric(kind: &Type) -> bool {
    is_whole(kind) || matches!(kind, Type::Float | Type::Double | Type::Decimal(..))
}

fn is_text(kind: &Type) -> bool {
    matches!(kind, Type::String | Type::Varchar(_) | Type::Char(_) | Type::Binary)
}

/// Jackson's text.
fn not_numeric(value: &Value<'_>) -> RecordError {
    let token = match value {
        Value::Null => "VALUE_NULL",
        Value::Boolean(true) => "VALUE_TRUE",
        Value::Boolean(false) => "VALUE_FALSE",
        Value::Number(_) => "VALUE_NUMBER_INT",
        Value::Text(_) => "VALUE_STRING",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    };
    RecordError::mismatch(format_args!(
        "Current token ({token}) not numeric, can not use numeric value accessors"
    ))
}

fn out_of_range(text: &str, kind: impl fmt::Display) -> RecordError {
    let text = shortened(text);
    RecordError::mismatch(format_args!("Value {text} is out of range for a column of type {kind}."))
}

/// No more than so many characters: Hive cuts, whatever was cut.
fn cut(text: Cow<'_, str>, most: u32) -> Cow<'_, str> {
    let Some((end, _)) = text.char_indices().nth(usize::try_from(most).unwrap_or(usize::MAX))
    else {
        return text;
    };
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text)
        }
    }
}

fn boolean<'a>(text: &str) -> Read<'a> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Ok(Datum::Boolean(true)),
        _ if text.eq_ignore_ascii_case("false") => Ok(Datum::Boolean(false)),
        _ => Err(RecordError::input(text)),
    }
}

fn within(kind: &Type, value: i64) -> bool {
    match kind {
        Type::TinyInt => i8::try_from(value).is_ok(),
        Type::SmallInt => i16::try_from(value).is_ok(),
        Type::Int => i32::try_from(value).is_ok(),
        _ => true,
    }
}

/// What `Integer.parseInt` and its like read, and `0x1F` as OpenX does.
fn whole<'a>(kind: &Type, text: &str) -> Read<'a> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let value = match hex {
        Some(digits) if digits.starts_with(['+', '-']) => None,
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse::<i64>().ok(),
    };
    match value.filter(|value| within(kind, *value)) {
        Some(value) => Ok(Datum::Integer(value)),
        None => Err(RecordError::input(text)),
    }
}

/// A number of JSON as Jackson's accessors give it: without what is after the point.
fn truncated<'a>(kind: &Type, number: &str) -> Read<'a> {
    let value = Number::parse(number).and_then(|number| number.truncated(0));
    let value = value.and_then(|value| i64::try_from(value).ok());
    match value.filter(|value| within(kind, *value)) {
        Some(value) => Ok(Datum::Integer(value)),
        None => Err(out_of_range(number, kind)),
    }
}

/// Java's names of what is no finite number; Rust knows others too.
fn named(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    Number::parse(text).is_some()
}

fn float<'a>(text: &str) -> Read<'a> {
    let trimmed = text.trim();
    if let Some(value) = named(trimmed) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "NaN and the infinities are the same in both"
        )]
        return Ok(Datum::Float(value as f32));
    }
    match trimmed.parse::<f32>() {
        Ok(value) if is_number(trimmed) && value.is_finite() => Ok(Datum::Float(value)),
        Ok(_) if is_number(trimmed) => Err(out_of_range(trimmed, &Type::Float)),
        _ => Err(RecordError::input(text)),
    }
}

fn double<'a>(text: &str) -> Read<'a> {
    let trimmed = text.trim();
    if let Some(value) = named(trimmed) {
        return Ok(Datum::Double(value));
    }
    match trimmed.parse::<f64>() {
        Ok(value) if is_number(trimmed) && value.is_finite() => Ok(Datum::Double(value)),
        Ok(_) if is_number(trimmed) => Err(out_of_range(trimmed, &Type::Double)),
        _ => Err(RecordError::input(text)),
    }
}

fn decimal<'a>(text: &str, precision: u8, scale: u8) -> Read<'a> {
    let number = Number::parse(text.trim()).ok_or_else(|| RecordError::input(text))?;
    let most = 10_i128.pow(u32::from(precision)) - 1;
    match number.scaled(scale) {
        Some(value) if value.abs() <= most => Ok(Datum::Decimal(value)),
        _ => Err(out_of_range(text, Type::Decimal(precision, scale))),
    }
}
