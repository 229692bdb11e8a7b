//! How the interpreter reaches into values: `.[k]`, `.[]`, slices, and changes through them.

use std::rc::Rc;

use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::path::Opt;
use jaq_core::val::Range;
use jaq_core::{Error, Exn, ValT, ValX};

use super::arithmetic::{ValR, error, indices, key_of};
use super::meter;
use super::number::Number;
use super::value::{Array, ITEM_BYTES, MEMBER_BYTES, Members, Object, Value};

impl ValT for Value {
    fn from_num(text: &str) -> ValR {
        if let Ok(number) = text.parse() {
            return Ok(Value::int(number));
        }
        let number = text.parse().map_err(|_| error(format_args!("{text} is no number")))?;
        Ok(Value::float(number))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(iter: I) -> ValR {
        let mut members = Members::new();
        for (key, value) in iter {
            let Some(key) = key_of(&key).cloned() else {
                let kind = key.type_name();
                return Err(error(format_args!("Object keys must be strings, not {kind} ({key})")));
            };
            meter::bytes(MEMBER_BYTES);
            members.insert(key, value);
        }
        Ok(Value::object(members))
    }

    fn key_values(self) -> BoxIter<'static, Result<(Self, Self), Error<Self>>> {
        match self {
            Value::Array(array) => Box::new((0..array.items().len()).map(move |at| {
                meter::steps(1);
                Ok((Value::int(at as i64), array.items()[at].clone()))
            })),
            Value::Object(object) => Box::new((0..object.members().len()).map_while(move |at| {
                meter::steps(1);
                let (key, value) = object.members().get_index(at)?;
                Some(Ok((Value::Text(key.clone()), value.clone())))
            })),
            other => box_once(Err(not_iterable(&other))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR>> {
        match self {
            Value::Array(_) | Value::Object(_) => {
                Box::new(self.key_values().map(|entry| entry.map(|(_, value)| value)))
            }
            other => box_once(Err(not_iterable(&other))),
        }
    }

    fn index(self, index: &Self) -> ValR {
        meter::steps(1);
        match (&self, index) {
            (Value::Null, Value::Text(_) | Value::Number(_) | Value::Null) => {
                meter::loose_part();
                Ok(Value::Null)
            }
            (Value::Object(object), Value::Text(key)) => {
                Ok(object.members().get(key).cloned().unwrap_or_default())
            }
            // jq knows no item between two others.
            (Value::Array(array), Value::Number(number)) => Ok(number
                .whole()
                .and_then(|whole| place(Number::Int(whole), array.items().len()))
                .and_then(|at| array.items().get(at).cloned())
                .unwrap_or_default()),
            (Value::Array(_), Value::Array(_)) => indices(&self, index),
            (Value::Null | Value::Array(_) | Value::Text(_), Value::Object(slice)) => {
                let slice = slice.clone();
                self.range(bounds(&slice))
            }
            _ => Err(not_indexable(&self, index)),
        }
    }

    fn range(self, range: Range<&Self>) -> ValR {
        meter::steps(1);
        meter::loose_part();
        match self {
            Value::Null => Ok(Value::Null),
            Value::Array(array) => {
                let (from, to) = slice(&range, array.items().len())?;
                Ok(array.items()[from..to].iter().cloned().collect())
            }
            Value::Text(text) => {
                meter::steps(text.len() as u64 / 256);
                let (from, to) = slice(&range, text.chars().count())?;
                let byte = |at| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
                Ok(Value::text(&text[byte(from)..byte(to)]))
            }
            other => Err(error(format_args!("Cannot index {} with object", other.type_name()))),
        }
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        match self {
            Value::Array(array) => {
                let mut items = Vec::new();
                for item in Value::take_items(array) {
                    for new in f(item) {
                        meter::bytes(ITEM_BYTES);
                        items.push(new?);
                    }
                }
                Ok(Value::array(items))
            }
            Value::Object(object) => {
                let mut members = Members::new();
                for (key, value) in Value::take_members(object) {
                    if let Some(new) = f(value).next() {
                        meter::bytes(MEMBER_BYTES);
                        members.insert(key, new?);
                    }
                }
                Ok(Value::object(members))
            }
            other => opt.fail(other, |other| Exn::from(not_iterable(&other))),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        meter::steps(1);
        let change = |old| f(old).next();
        match (self, index) {
            (Value::Object(mut object), Value::Text(key)) => {
                Value::change_member(&mut object, key, change)?;
                Ok(Value::Object(object))
            }
            (Value::Null, Value::Text(key)) => match change(Value::Null).transpose()? {
                Some(new) => {
                    let mut object = Rc::new(Object::default());
                    let set = |_| Some(Ok::<_, Exn<'a, Value>>(new));
                    Value::change_member(&mut object, key, set)?;
                    Ok(Value::Object(object))
                }
                None => Ok(Value::Null),
            },
            (Value::Array(array), Value::Number(number)) => map_item(array, *number, change),
            (Value::Null, Value::Number(number)) => match change(Value::Null).transpose()? {
                Some(new) => map_item(Rc::new(Array::default()), *number, |_| Some(Ok(new))),
                None => Ok(Value::Null),
            },
            (value @ (Value::Array(_) | Value::Null), Value::Object(slice)) => {
                value.map_range(bounds(slice), opt, f)
            }
            (value, index) => opt.fail(value, |value| Exn::from(not_indexable(&value, index))),
        }
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        let array = match self {
            Value::Array(array) => array,
            Value::Null => Rc::new(Array::default()),
            other => {
                let text = format!("Cannot update a slice of {}", other.type_name());
                return opt.fail(other, |_| Exn::from(error(text)));
            }
        };
        let (from, to) = slice(&range, array.items().len())?;
        let old: Value = array.items()[from..to].iter().cloned().collect();
        let new = match f(old).next().transpose()? {
            Some(Value::Array(new)) => Value::take_items(new),
            Some(other) => {
                let kind = other.type_name();
                let text =
                    format!("A slice of an array can only be assigned another array, not {kind}");
                return Err(Exn::from(error(text)));
            }
            None => Vec::new(),
        };
        let mut items = Value::take_items(array);
        meter::bytes((new.len() + items.len()) * ITEM_BYTES);
        items.splice(from..to, new);
        Ok(Value::array(items))
    }

    fn as_bool(&self) -> bool {
        self.is_true()
    }

    fn into_string(self) -> Self {
        match self {
            Value::Text(_) => self,
            other => Value::Text(super::json::write(&other).into()),
        }
    }
}

/// Replaces an item, beyond the end too.
fn map_item<'a>(
    mut array: Rc<Array>,
    number: Number,
    change: impl FnOnce(Value) -> Option<ValX<'a, Value>>,
) -> ValX<'a, Value> {
    let length = array.items().len();
    let Some(at) = place(number, length) else {
        return Err(Exn::from(error("Out of bounds negative array index")));
    };
    if at >= length {
        let Some(new) = change(Value::Null).transpose()? else { return Ok(Value::Array(array)) };
        Value::pad(&mut array, at.saturating_add(1));
        Value::change_item(&mut array, at, |_| Some(Ok::<_, Exn<'a, Value>>(new)))?;
    } else {
        Value::change_item(&mut array, at, change)?;
    }
    Ok(Value::Array(array))
}

/// The place of an index, counted from the end if it is negative; `None` before the front.
fn place(number: Number, length: usize) -> Option<usize> {
    if number.float().is_nan() {
        return Some(usize::MAX);
    }
    let at = number.floor();
    let at = if at < 0 { at.checked_add(length as i64)? } else { at };
    usize::try_from(at).ok()
}

/// The bounds that an object tells, as paths do.
fn bounds(slice: &Object) -> Range<&Value> {
    let bound = |key| slice.members().get(key);
    bound("start")..bound("end")
}

/// The bounds of a slice, within the length.
fn slice(range: &Range<&Value>, length: usize) -> Result<(usize, usize), Error<Value>> {
    let bound = |value: Option<&Value>, missing: f64, round: fn(f64) -> f64| match value {
        None | Some(Value::Null) => Ok(missing),
        Some(Value::Number(number)) => {
            let number = round(number.float());
            Ok(if number < 0.0 { number + length as f64 } else { number })
        }
        Some(_) => Err(error("Start and end indices of an array slice must be numbers")),
    };
    let from = bound(range.start, 0.0, f64::floor)?.clamp(0.0, length as f64) as usize;
    let to = bound(range.end, length as f64, f64::ceil)?.clamp(0.0, length as f64) as usize;
    Ok((from, to.max(from)))
}

fn not_iterable(value: &Value) -> Error<Value> {
    error(format_args!("Cannot iterate over {}", value.type_name()))
}

fn not_indexable(value: &Value, index: &Value) -> Error<Value> {
    match index {
        Value::Text(key) => {
            error(format_args!("Cannot index {} with string \"{key}\"", value.type_name()))
        }
        _ => error(format_args!("Cannot index {} with {}", value.type_name(), index.type_name())),
    }
}
