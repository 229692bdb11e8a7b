//! Filters of time: `gmtime`, `mktime`, `strftime`, `strptime`, `now`, all in UTC.

use std::fmt::Write;

use jaq_core::Cv;
use jaq_core::box_iter::box_once;
use jaq_core::native::{unary, v};

use super::arithmetic::{Error, ValR, error};
use super::calendar::{Moment, parse};
use super::natives::{Native, one};
use super::number::Number;
use super::value::Value;
use super::{Kind, meter, text};

/// Seconds from the epoch that are taken, both ways: years -9999 to 9999 and some.
const SECONDS_MAX: f64 = 377_705_116_800.0;

pub fn filters() -> Vec<Native> {
    vec![
        ("now", v(0), |cv: Cv<'_, Kind>| box_once(Ok(Value::float(cv.0.data().now)))),
        ("gmtime", v(0), |cv| one(cv, |value| broken_down(&value))),
        ("localtime", v(0), |cv| one(cv, |value| broken_down(&value))),
        ("mktime", v(0), |cv| {
            one(cv, |value| match &value {
                Value::Array(_) => Ok(Value::int(moment(&value, "mktime")?.epoch_seconds())),
                _ => Err(error("mktime requires array of 6 numbers")),
            })
        }),
        ("strftime", v(1), |cv| {
            unary(cv, |value, format| formatted(&value, &format, "strftime/1"))
        }),
        ("strflocaltime", v(1), |cv| {
            unary(cv, |value, format| formatted(&value, &format, "strflocaltime/1"))
        }),
        ("strptime", v(1), |cv| unary(cv, |value, format| parsed(&value, &format))),
    ]
}

fn formatted(value: &Value, format: &Value, name: &str) -> ValR {
    let moment = moment(value, name)?;
    let Value::Text(format) = format else {
        return Err(error(format_args!("{name} requires a string format")));
    };
    let mut out = String::new();
    meter::bytes(format.len());
    moment.format(format, &mut out, 0);
    Ok(Value::text(&out))
}

fn parsed(value: &Value, format: &Value) -> ValR {
    let text = text::of(value, "parsed")
        .map_err(|_| error("strptime/1 requires string inputs and arguments"))?;
    let format = text::of(format, "read")
        .map_err(|_| error("strptime/1 requires string inputs and arguments"))?;
    match parse(text, format) {
        Some(moment) => Ok(array(&moment, Value::int(moment.second))),
        None => Err(error(format_args!("date \"{text}\" does not match format \"{format}\""))),
    }
}

fn broken_down(value: &Value) -> ValR {
    let Value::Number(number) = value else { return Err(error("gmtime() requires a number")) };
    let moment = of_epoch(*number)?;
    let seconds = match number {
        Number::Int(_) => Value::int(moment.second),
        Number::Float(number) => {
            // Whole microseconds, so that a fraction looks like the one that came.
            let fraction = ((number - number.floor()) * 1e6).round() / 1e6;
            Value::float(moment.second as f64 + fraction)
        }
    };
    Ok(array(&moment, seconds))
}

/// jq's array: year, month from 0, day, hours, minutes, seconds, day of the week from Sunday, day of the year from 0.
fn array(moment: &Moment, seconds: Value) -> Value {
    let int = Value::int;
    let fields = [
        int(moment.year),
        int(moment.month - 1),
        int(moment.day),
        int(moment.hour),
        int(moment.minute),
        seconds,
        int(moment.weekday()),
        int(moment.day_of_year()),
    ];
    fields.into_iter().collect()
}

fn of_epoch(number: Number) -> Result<Moment, Error> {
    let seconds = number.float();
    if seconds.is_nan() || seconds.abs() > SECONDS_MAX {
        return Err(error("errors converting number of seconds since epoch to datetime"));
    }
    Ok(Moment::of_epoch_seconds(number.floor()))
}

/// The moment of a number or of a broken-down time.
fn moment(value: &Value, name: &str) -> Result<Moment, Error> {
    let items = match value {
        Value::Number(number) => return of_epoch(*number),
        Value::Array(array) => array.items(),
        _ => return Err(error(format_args!("{name} requires parsed datetime inputs"))),
    };
    let mut fields = [0_i64; 6];
    for (index, field) in fields.iter_mut().enumerate() {
        match items.get(index) {
            Some(Value::Number(number)) if number.float().abs() < 1e6 => *field = number.floor(),
            _ => return Err(error(format_args!("{name} requires parsed datetime inputs"))),
        }
    }
    let [year, month, day, hour, minute, second] = fields;
    Ok(Moment { year, month: month + 1, day, hour, minute, second }.normalized())
}

/// Writes a number with at least so many digits.
pub(super) fn digits(out: &mut String, number: i64, width: usize, pad: char) {
    let text = number.unsigned_abs().to_string();
    if number < 0 {
        out.push('-');
    }
    for _ in text.len()..width {
        out.push(pad);
    }
    // Writing to a text cannot fail.
    let _ = out.write_str(&text);
}
