//! The values of a query: JSON, shared and counted.

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

use indexmap::IndexMap;

use super::meter;
use super::number::Number;
use crate::processing::limits::QUERY_DEPTH_MAX;

/// A value. Texts, arrays and objects are shared; making one is counted.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// null.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Rc<str>),
    /// An array.
    Array(Rc<Array>),
    /// An object.
    Object(Rc<Object>),
}

/// The members of an object, in the order in which they came.
pub type Members = IndexMap<Rc<str>, Value>;

/// An array, with how deep it nests.
#[derive(Clone, Debug, Default)]
pub struct Array {
    items: Vec<Value>,
    depth: u16,
}

/// An object, with how deep it nests.
#[derive(Clone, Debug, Default)]
pub struct Object {
    members: Members,
    depth: u16,
}

impl Array {
    /// What is in it.
    pub fn items(&self) -> &[Value] {
        &self.items
    }
}

impl Object {
    /// What is in it.
    pub fn members(&self) -> &Members {
        &self.members
    }
}

/// Bytes that an item of an array counts as.
pub const ITEM_BYTES: usize = size_of::<Value>();
/// Bytes that a member of an object counts as.
pub const MEMBER_BYTES: usize = 80;

impl Value {
    /// A text.
    pub fn text(text: &str) -> Value {
        meter::bytes(text.len());
        Value::Text(text.into())
    }

    /// A text of bytes that should be UTF-8; what is not becomes U+FFFD.
    pub fn text_of(bytes: &[u8]) -> Value {
        Value::text(&String::from_utf8_lossy(bytes))
    }

    /// A whole number.
    pub fn int(number: i64) -> Value {
        Value::Number(Number::Int(number))
    }

    /// A number.
    pub fn float(number: f64) -> Value {
        Value::Number(Number::Float(number))
    }

    /// An array. Its items were counted.
    pub fn array(items: Vec<Value>) -> Value {
        meter::steps(items.len() as u64 / 64);
        let depth = deeper(items.iter().map(Value::depth).max().unwrap_or(0));
        Value::Array(Rc::new(Array { items, depth }))
    }

    /// An object. Its members were counted.
    pub fn object(members: Members) -> Value {
        meter::steps(members.len() as u64 / 64);
        let depth = deeper(members.values().map(Value::depth).max().unwrap_or(0));
        Value::Object(Rc::new(Object { members, depth }))
    }

    /// Two arrays behind each other. The first grows in place where it is not shared.
    pub fn joined(a: Rc<Array>, b: &Array) -> Value {
        let depth = a.depth.max(b.depth);
        let mut items = Value::take_items(a);
        meter::bytes(b.items.len() * ITEM_BYTES);
        items.extend(b.items.iter().cloned());
        Value::Array(Rc::new(Array { items, depth }))
    }

    /// An object with the members of another over its own. The first grows in place where it is not shared.
    pub fn overlaid(a: Rc<Object>, b: &Object) -> Value {
        let depth = a.depth.max(b.depth);
        let mut members = Value::take_members(a);
        for (key, value) in &b.members {
            meter::bytes(MEMBER_BYTES);
            members.insert(key.clone(), value.clone());
        }
        Value::Object(Rc::new(Object { members, depth }))
    }

    /// How deep it nests.
    fn depth(&self) -> u16 {
        match self {
            Value::Array(array) => array.depth,
            Value::Object(object) => object.depth,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => 0,
        }
    }

    /// Whether a condition holds: neither null nor false.
    pub fn is_true(&self) -> bool {
        !matches!(self, Value::Null | Value::Bool(false))
    }

    /// As jq's `type` names it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::Text(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }

    /// The items, to be changed or taken; copied if they are shared.
    pub fn take_items(array: Rc<Array>) -> Vec<Value> {
        match Rc::try_unwrap(array) {
            Ok(array) => array.items,
            Err(shared) => {
                meter::bytes(shared.items.len() * ITEM_BYTES);
                shared.items.clone()
            }
        }
    }

    /// The members, to be changed or taken; copied if they are shared.
    pub fn take_members(object: Rc<Object>) -> Members {
        match Rc::try_unwrap(object) {
            Ok(object) => object.members,
            Err(shared) => {
                meter::bytes(shared.members.len() * MEMBER_BYTES);
                shared.members.clone()
            }
        }
    }

    /// Replaces the item at an index that is within the array by what `change` makes of it; nothing removes it.
    pub fn change_item<E>(
        array: &mut Rc<Array>,
        at: usize,
        change: impl FnOnce(Value) -> Option<Result<Value, E>>,
    ) -> Result<(), E> {
        if Rc::strong_count(array) > 1 {
            meter::bytes(array.items.len() * ITEM_BYTES);
        }
        let array = Rc::make_mut(array);
        match change(std::mem::take(&mut array.items[at])).transpose()? {
            Some(value) => {
                array.depth = array.depth.max(deeper(value.depth()));
                array.items[at] = value;
            }
            None => {
                meter::steps(array.items.len() as u64 / 64);
                array.items.remove(at);
            }
        }
        Ok(())
    }

    /// Makes an array at least so long.
    pub fn pad(array: &mut Rc<Array>, length: usize) {
        let Some(more) = length.checked_sub(array.items.len()) else { return };
        meter::bytes(more.saturating_mul(ITEM_BYTES));
        if Rc::strong_count(array) > 1 {
            meter::bytes(array.items.len() * ITEM_BYTES);
        }
        Rc::make_mut(array).items.resize(length, Value::Null);
    }

    /// Replaces a member by what `change` makes of it, null if there is none; nothing removes it.
    pub fn change_member<E>(
        object: &mut Rc<Object>,
        key: &Rc<str>,
        change: impl FnOnce(Value) -> Option<Result<Value, E>>,
    ) -> Result<(), E> {
        if Rc::strong_count(object) > 1 {
            meter::bytes(object.members.len() * MEMBER_BYTES);
        }
        let object = Rc::make_mut(object);
        let old = object.members.get_mut(key).map(std::mem::take).unwrap_or_default();
        match change(old).transpose()? {
            Some(value) => {
                meter::bytes(MEMBER_BYTES);
                object.depth = object.depth.max(deeper(value.depth()));
                object.members.insert(key.clone(), value);
            }
            None => {
                meter::steps(object.members.len() as u64 / 64);
                object.members.shift_remove(key);
            }
        }
        Ok(())
    }
}

/// One level more.
fn deeper(depth: u16) -> u16 {
    if depth >= QUERY_DEPTH_MAX {
        meter::stop(meter::Stop::Depth);
    }
    depth + 1
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(iter: I) -> Self {
        let mut items = Vec::new();
        for item in iter {
            meter::bytes(ITEM_BYTES);
            items.push(item);
        }
        Value::array(items)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<isize> for Value {
    fn from(number: isize) -> Self {
        Value::int(number as i64)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value::float(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::text(&text)
    }
}

/// A slice's bounds, as paths tell them.
impl From<jaq_core::val::Range<Value>> for Value {
    fn from(range: jaq_core::val::Range<Value>) -> Self {
        meter::bytes(2 * MEMBER_BYTES);
        let bounds = [("start", range.start), ("end", range.end)];
        let member = |(key, value): (&str, Option<Value>)| (key.into(), value.unwrap_or_default());
        Value::object(bounds.into_iter().map(member).collect())
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        let nan = |value: &Value| matches!(value, Value::Number(n) if n.float().is_nan());
        self.cmp(other) == Ordering::Equal && !nan(self)
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The order of jq: null, false, true, numbers, texts, arrays, objects.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        meter::steps(1);
        match (self, other) {
            (Value::Number(a), Value::Number(b)) => a.order(*b),
            (Value::Text(a), Value::Text(b)) => {
                meter::steps(a.len().min(b.len()) as u64 / 1024);
                a.cmp(b)
            }
            (Value::Array(a), Value::Array(b)) => a.items.cmp(&b.items),
            (Value::Object(a), Value::Object(b)) => objects(a, b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl Value {
    fn rank(&self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Bool(false) => 1,
            Value::Bool(true) => 2,
            Value::Number(_) => 3,
            Value::Text(_) => 4,
            Value::Array(_) => 5,
            Value::Object(_) => 6,
        }
    }
}

/// First the sorted keys, then the values by key.
fn objects(a: &Object, b: &Object) -> Ordering {
    let (a, b) = (sorted(&a.members), sorted(&b.members));
    let keys = |sorted: &[(&Rc<str>, &Value)]| -> Vec<Rc<str>> {
        sorted.iter().map(|(key, _)| (*key).clone()).collect()
    };
    let values = |sorted: &[(&Rc<str>, &Value)]| -> Vec<Value> {
        sorted.iter().map(|(_, value)| (*value).clone()).collect()
    };
    keys(&a).cmp(&keys(&b)).then_with(|| values(&a).cmp(&values(&b)))
}

/// The members in the order of their keys.
pub fn sorted(members: &Members) -> Vec<(&Rc<str>, &Value)> {
    meter::bytes(2 * members.len() * ITEM_BYTES);
    meter::steps(4 * members.len() as u64);
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(b.0));
    sorted
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::json::write(self))
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::read;
    use super::super::meter::bounded;
    use super::*;

    #[test]
    fn values_have_the_order_of_jq() {
        let texts = [
            "null",
            "false",
            "true",
            "-1",
            "0",
            "0.5",
            "10",
            "\"\"",
            "\"a\"",
            "\"b\"",
            "[]",
            "[0]",
            "[0,0]",
            "[1]",
            "{}",
            "{\"a\":2}",
            "{\"a\":1,\"b\":0}",
            "{\"b\":0}",
        ];
        let ordered = bounded(|| {
            let values = texts.map(|text| read(text.as_bytes()).unwrap());
            for (a, left) in values.iter().enumerate() {
                for (b, right) in values.iter().enumerate() {
                    assert_eq!(left.cmp(right), a.cmp(&b), "{left} {right}");
                }
            }
        });
        assert_eq!(ordered, Ok(()));
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = bounded(|| {
            let mut value = Value::Null;
            for _ in 0..=QUERY_DEPTH_MAX {
                value = Value::array(vec![value]);
            }
        });
        assert_eq!(nested, Err(meter::Stop::Depth));
    }
}
