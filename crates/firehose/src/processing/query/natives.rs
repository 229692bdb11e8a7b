//! The filters that are not written in JQ itself.

use std::cmp::Ordering;
use std::rc::Rc;

use jaq_core::box_iter::box_once;
use jaq_core::native::{Filter, Fun, bome, run, unary, v};
use jaq_core::{Bind, Cv, Exn, RunPtr, ValT, ValXs};

use super::arithmetic::{ValR, contains, error, has, indices};
use super::number::Number;
use super::value::{ITEM_BYTES, Value};
use super::{Kind, json, meter, regex, text, time};

/// All of them. What the interpreter brings is taken, but for `path`, whose work is counted here.
pub fn all() -> impl Iterator<Item = Fun<Kind>> {
    let brought = jaq_core::funs().filter(|(name, ..)| !["path", "path_value"].contains(name));
    let ours =
        [values(), closures(), numbers(), text::filters(), regex::filters(), time::filters()];
    brought.chain(ours.into_iter().flatten().map(|native: Native| run::<Kind>(native)))
}

/// A filter of ours.
pub type Native = Filter<RunPtr<Kind>>;

/// One argument that is a filter.
fn filter() -> Box<[Bind]> {
    [Bind::Fun(())].into()
}

/// Yields what `f` makes of the input.
pub fn one<'a>(cv: Cv<'a, Kind>, f: impl FnOnce(Value) -> ValR) -> ValXs<'a, Value> {
    bome(f(cv.1))
}

fn values() -> Vec<Native> {
    vec![
        ("null", v(0), |_| box_once(Ok(Value::Null))),
        ("type", v(0), |cv| one(cv, |value| Ok(Value::text(value.type_name())))),
        ("length", v(0), |cv| one(cv, length)),
        ("keys", v(0), |cv| one(cv, keys)),
        ("has", v(1), |cv| unary(cv, |value, key| has(&value, &key).map(Value::Bool))),
        ("contains", v(1), |cv| unary(cv, |value, part| contains(&value, &part).map(Value::Bool))),
        ("indices", v(1), |cv| unary(cv, |value, part| indices(&value, &part))),
        ("reverse", v(0), |cv| one(cv, reverse)),
        ("add", v(0), |cv| one(cv, add)),
        ("join", v(1), |cv| unary(cv, |value, separator| join(value, &separator))),
        ("sort", v(0), |cv| {
            one(cv, |value| {
                let mut items = array(value, "sorted")?;
                meter::bytes(items.len() * ITEM_BYTES);
                items.sort();
                Ok(Value::array(items))
            })
        }),
        ("tojson", v(0), |cv| one(cv, |value| Ok(Value::Text(json::write(&value).into())))),
        ("fromjson", v(0), |cv| one(cv, from_json)),
        ("tonumber", v(0), |cv| one(cv, to_number)),
    ]
}

fn closures() -> Vec<Native> {
    vec![
        ("path", filter(), |mut cv| {
            let (f, context) = cv.0.pop_fun();
            let paths = f.paths((context, (cv.1, Default::default())));
            Box::new(meter::WithinPath(paths).map(|found| {
                let (_, path) = found?;
                let mut parts: Vec<Value> = path.iter().cloned().collect();
                meter::bytes(parts.len() * ITEM_BYTES);
                parts.reverse();
                Ok(Value::array(parts))
            }))
        }),
        ("sort_by", filter(), |cv| {
            box_once(
                keyed(cv, "sorted")
                    .map(|keyed| Value::array(keyed.into_iter().map(|(_, item)| item).collect())),
            )
        }),
        ("group_by", filter(), |cv| {
            box_once(keyed(cv, "grouped").map(|keyed| {
                let mut groups: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
                for (key, item) in keyed {
                    meter::bytes(ITEM_BYTES);
                    match groups.last_mut() {
                        Some((last, group)) if last.cmp(&&mut key.clone()) == Ordering::Equal => {
                            group.push(item);
                        }
                        _ => groups.push((key, vec![item])),
                    }
                }
                groups.into_iter().map(|(_, group)| Value::array(group)).collect()
            }))
        }),
        ("min_by", filter(), |cv| {
            box_once(
                keyed(cv, "compared").map(|keyed| {
                    keyed.into_iter().next().map(|(_, item)| item).unwrap_or_default()
                }),
            )
        }),
        ("max_by", filter(), |cv| {
            box_once(keyed(cv, "compared").map(|keyed| {
                keyed.into_iter().next_back().map(|(_, item)| item).unwrap_or_default()
            }))
        }),
    ]
}

/// The items of the input with what the argument yields for each, sorted by that; equal ones stay in order.
fn keyed<'a>(mut cv: Cv<'a, Kind>, verb: &str) -> Result<Vec<(Vec<Value>, Value)>, Exn<'a, Value>> {
    let (f, context) = cv.0.pop_fun();
    let mut keyed = Vec::new();
    for item in array(cv.1, verb)? {
        let mut key = Vec::new();
        for value in f.run((context.clone(), item.clone())) {
            meter::bytes(ITEM_BYTES);
            key.push(value?);
        }
        meter::bytes(2 * ITEM_BYTES);
        keyed.push((key, item));
    }
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(keyed)
}

/// The items of an array.
fn array(value: Value, verb: &str) -> Result<Vec<Value>, jaq_core::Error<Value>> {
    match value {
        Value::Array(array) => Ok(Value::take_items(array)),
        other => {
            let kind = other.type_name();
            Err(error(format_args!("{kind} ({other}) cannot be {verb}, as it is not an array")))
        }
    }
}

fn length(value: Value) -> ValR {
    Ok(match value {
        Value::Null => Value::int(0),
        Value::Number(Number::Int(number)) if number != i64::MIN => Value::int(number.abs()),
        Value::Number(number) => Value::float(number.float().abs()),
        Value::Text(text) => {
            meter::steps(text.len() as u64 / 256);
            Value::int(text.chars().count() as i64)
        }
        Value::Array(array) => Value::int(array.items().len() as i64),
        Value::Object(object) => Value::int(object.members().len() as i64),
        Value::Bool(_) => return Err(error(format_args!("boolean ({value}) has no length"))),
    })
}

fn keys(value: Value) -> ValR {
    match value {
        Value::Array(array) => Ok((0..array.items().len() as i64).map(Value::int).collect()),
        Value::Object(object) => {
            let keys = super::value::sorted(object.members());
            Ok(keys.into_iter().map(|(key, _)| Value::Text(Rc::clone(key))).collect())
        }
        other => Err(error(format_args!("{} ({other}) has no keys", other.type_name()))),
    }
}

fn reverse(value: Value) -> ValR {
    match value {
        Value::Null => Ok(Value::array(Vec::new())),
        Value::Array(array) => {
            let mut items = Value::take_items(array);
            meter::steps(items.len() as u64 / 16);
            items.reverse();
            Ok(Value::array(items))
        }
        other => Err(error(format_args!("Cannot reverse {}", other.type_name()))),
    }
}

/// The sum of all items; texts are put together at once.
fn add(value: Value) -> ValR {
    let items: Vec<Value> = value.values().collect::<Result<_, _>>()?;
    meter::bytes(items.len() * ITEM_BYTES);
    if items.len() > 1 && items.iter().all(|item| matches!(item, Value::Text(_))) {
        return join(Value::array(items), &Value::Text("".into()));
    }
    items.into_iter().try_fold(Value::Null, |sum, item| sum + item)
}

fn join(value: Value, separator: &Value) -> ValR {
    let items = array(value, "joined")?;
    let mut out = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            let separator = text::of(separator, "put between items")?;
            meter::bytes(separator.len());
            out.push_str(separator);
        }
        match item {
            Value::Null => {}
            Value::Text(text) => {
                meter::bytes(text.len());
                out.push_str(text);
            }
            Value::Number(_) | Value::Bool(_) => out.push_str(&json::write(item)),
            Value::Array(_) | Value::Object(_) => {
                let kind = item.type_name();
                return Err(error(format_args!("string and {kind} ({item}) cannot be added")));
            }
        }
    }
    Ok(Value::text(&out))
}

fn from_json(value: Value) -> ValR {
    let text = text::of(&value, "parsed as JSON")?;
    let parsed = json::read(text.as_bytes());
    parsed.map_err(|_| error(format_args!("{} (while parsing '{text}')", "Invalid JSON")))
}

fn to_number(value: Value) -> ValR {
    match &value {
        Value::Number(_) => Ok(value),
        Value::Text(text) => {
            let number = text.trim();
            let digits = number.strip_prefix(['-', '+']).unwrap_or(number);
            if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
                Value::from_num(number)
            } else {
                Err(error(format_args!("Cannot parse '{text}' as a number")))
            }
        }
        other => {
            Err(error(format_args!("{} ({other}) cannot be parsed as a number", other.type_name())))
        }
    }
}

/// Defines filters by functions of doubles.
macro_rules! of_floats {
    ($($name:literal => $function:expr;)*) => {
        vec![$(($name, v(0), |cv| one(cv, |value| {
            let function: fn(f64) -> f64 = $function;
            rounded(function(float(&value)?))
        }))),*]
    };
}

fn numbers() -> Vec<Native> {
    let mut all: Vec<Native> = of_floats! {
        "floor" => f64::floor; "ceil" => f64::ceil; "round" => f64::round; "trunc" => f64::trunc;
        "rint" => f64::round_ties_even; "nearbyint" => f64::round_ties_even; "fabs" => f64::abs;
        "sqrt" => f64::sqrt; "cbrt" => f64::cbrt;
        "exp" => f64::exp; "exp2" => f64::exp2; "exp10" => |x| 10_f64.powf(x); "expm1" => f64::exp_m1;
        "log" => f64::ln; "log2" => f64::log2; "log10" => f64::log10; "log1p" => f64::ln_1p;
        "sin" => f64::sin; "cos" => f64::cos; "tan" => f64::tan;
        "asin" => f64::asin; "acos" => f64::acos; "atan" => f64::atan;
        "sinh" => f64::sinh; "cosh" => f64::cosh; "tanh" => f64::tanh;
        "asinh" => f64::asinh; "acosh" => f64::acosh; "atanh" => f64::atanh;
    };
    all.extend([
        ("nan", v(0), (|_| box_once(Ok(Value::float(f64::NAN)))) as RunPtr<Kind>),
        ("infinite", v(0), |_| box_once(Ok(Value::float(f64::INFINITY)))),
        ("isnan", v(0), |cv| one(cv, |value| Ok(Value::Bool(float(&value)?.is_nan())))),
        ("isinfinite", v(0), |cv| one(cv, |value| Ok(Value::Bool(float(&value)?.is_infinite())))),
        ("isnormal", v(0), |cv| one(cv, |value| Ok(Value::Bool(float(&value)?.is_normal())))),
        ("pow", v(2), |cv| of_two(cv, f64::powf)),
        ("atan2", v(2), |cv| of_two(cv, f64::atan2)),
        ("fmin", v(2), |cv| of_two(cv, f64::min)),
        ("fmax", v(2), |cv| of_two(cv, f64::max)),
        ("fmod", v(2), |cv| of_two(cv, |a, b| a % b)),
        ("copysign", v(2), |cv| of_two(cv, f64::copysign)),
    ]);
    all
}

fn of_two<'a>(mut cv: Cv<'a, Kind>, function: fn(f64, f64) -> f64) -> ValXs<'a, Value> {
    let (b, a) = (cv.0.pop_var(), cv.0.pop_var());
    bome(float(&a).and_then(|a| rounded(function(a, float(&b)?))))
}

/// A number as a double.
pub fn float(value: &Value) -> Result<f64, jaq_core::Error<Value>> {
    match value {
        Value::Number(number) => Ok(number.float()),
        other => Err(error(format_args!("{} ({other}) number required", other.type_name()))),
    }
}

/// A double, as a whole number where it is one that doubles can tell from its neighbours.
fn rounded(number: f64) -> ValR {
    let whole = number.trunc() == number && number.abs() < 9.0e15;
    Ok(if whole { Value::int(number as i64) } else { Value::float(number) })
}
