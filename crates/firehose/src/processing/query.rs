//! Partition values by JQ: a query is compiled once, and run for each record within limits.
//!
//! The interpreter is jaq's; values and filters are ours (`value`, `natives`, `prelude.jq`), so that every step and
//! every byte is counted (`meter`) and numbers and texts come out as in jq 1.6. Nothing outside the record can be
//! reached: there is no input, environment, file or module, and `now` is the record's arrival. What differs from
//! jq 1.6 is in decision 0260.

mod access;
mod arithmetic;
mod calendar;
mod compile;
mod json;
mod meter;
mod natives;
mod number;
mod recursion;
mod regex;
mod text;
mod time;
mod value;

use std::fmt;

use jaq_core::data::{DataT, HasLut};
use jaq_core::{Ctx, Filter, Lut, Vars};
use millstream_types::Millis;

use self::regex::Patterns;
use self::value::Value;
use super::limits::{PARTITION_TEXT_BYTES_MAX, PARTITION_VALUES_MAX};

pub use compile::keys;

/// A compiled query.
pub struct Query {
    filter: Filter<Kind>,
    patterns: Patterns,
}

/// Why a query gave no values for a record: the message for its error object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError(pub String);

/// What the interpreter works on.
struct Kind;

impl DataT for Kind {
    type V<'a> = Value;
    type Data<'a> = Surroundings<'a>;
}

/// What a run can see beside its input.
#[derive(Clone, Copy)]
struct Surroundings<'a> {
    lut: &'a Lut<Kind>,
    /// Seconds since the epoch.
    now: f64,
    patterns: &'a Patterns,
}

impl<'a> HasLut<'a, Kind> for Surroundings<'a> {
    /// The interpreter asks whenever it evaluates a term: a step.
    fn lut(&self) -> &'a Lut<Kind> {
        meter::steps(1);
        self.lut
    }
}

impl Query {
    /// Compiles a query. The text of an error names the place.
    pub fn compile(text: &str) -> Result<Self, String> {
        let filter = compile::compile(text)?;
        Ok(Query { filter, patterns: Patterns::default() })
    }

    /// Runs the query on a record that arrived at `arrival`: the values by their keys, in order.
    pub fn run(&self, data: &[u8], arrival: Millis) -> Result<Vec<(String, String)>, QueryError> {
        let evaluated = meter::bounded(|| {
            let input =
                json::read(data).map_err(|_| QueryError("Non JSON record provided".to_owned()))?;
            meter::refill();
            let now = arrival.0 as f64 / 1000.0;
            let surroundings =
                Surroundings { lut: &self.filter.lut, now, patterns: &self.patterns };
            let context = Ctx::<Kind>::new(surroundings, Vars::new([]));
            values(self.filter.id.run((context, input)))
        });
        evaluated.unwrap_or_else(|stop| Err(QueryError(stop.message().to_owned())))
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Query")
    }
}

/// The values of the one object that a query has to yield.
fn values(mut outputs: jaq_core::ValXs<'_, Value>) -> Result<Vec<(String, String)>, QueryError> {
    let refused = |text: &str| Err(QueryError(text.to_owned()));
    let object = match outputs.next() {
        Some(Ok(Value::Object(object))) => object,
        Some(Ok(other)) => {
            let kind = other.type_name();
            return refused(&format!("The query must yield an object, and yields {kind}"));
        }
        Some(Err(exception)) => {
            let value = exception.get_err().map(jaq_core::Error::into_val);
            return refused(&match value {
                Ok(Value::Text(text)) => text.to_string(),
                Ok(other) => other.to_string(),
                Err(_) => "break".to_owned(),
            });
        }
        None => return refused("The query must yield an object, and yields nothing"),
    };
    if outputs.next().is_some() {
        return refused("The query must yield one object, and yields several");
    }
    if object.members().len() > PARTITION_VALUES_MAX {
        return refused("The query yields too many partition keys");
    }
    let mut values = Vec::with_capacity(object.members().len());
    for (key, value) in object.members() {
        let text = match value {
            Value::Text(text) => text.to_string(),
            Value::Number(number) => number.text(),
            Value::Bool(value) => value.to_string(),
            Value::Null => String::new(),
            Value::Array(_) | Value::Object(_) => {
                let kind = value.type_name();
                return refused(&format!("The value of partition key {key} must not be an {kind}"));
            }
        };
        if text.is_empty() {
            return refused("partitionKeys values must not be null or empty");
        }
        if key.len().max(text.len()) > PARTITION_TEXT_BYTES_MAX {
            return refused("a partition key or its value is too long");
        }
        values.push((key.to_string(), text));
    }
    Ok(values)
}

#[cfg(test)]
mod tests;
