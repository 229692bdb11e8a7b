//! From JSON objects to rows, as the SerDe that is asked for reads them. Who coerces what was measured at AWS and is
//! written down in decision 0231.

mod joda;
mod scalar;
mod settings;

use std::borrow::Cow;
use std::collections::HashMap;

use super::datum::Datum;
use super::error::{ConversionError, RecordError, shortened};
use super::json::{Documents, Value};
use super::schema::{Field, Schema, Type};
use joda::TimestampFormat;
use settings::Settings;

/// Reads rows out of records.
pub(crate) struct Deserializer {
    rules: Rules,
    row: Members,
}

/// How the SerDe reads.
struct Rules {
    /// Names of columns and members match whatever their case.
    ignore_case: bool,
    /// Names that are data, a map's keys and JSON in a text column, are lowercased, as all names are under OpenX.
    lowercase_names: bool,
    /// Dots in names of JSON stand for underscores.
    dots: bool,
    /// What has the wrong shape is made to fit, as OpenX does; Hive refuses it.
    lenient: bool,
    /// Hive's formats of timestamps and dates.
    formats: Vec<TimestampFormat>,
}

/// The members of a struct, or the columns of a row.
struct Members {
    /// By the name that JSON has, as [`Rules::name`] makes it.
    by_name: HashMap<String, Vec<usize>>,
    kinds: Vec<Node>,
}

/// A type, ready to be read.
enum Node {
    Scalar(Type),
    Array(Box<Node>),
    Map(Type, Box<Node>),
    Struct(Members),
}

type Read<'a> = Result<Datum<'a>, RecordError>;

/// AWS's text for a record that holds a text, a number or the like.
const PRIMITIVE: &str = "The input JSON contained a primitive at the top level. \
    The top level must be an object or array.";
/// AWS's text for a record that holds nothing.
const EMPTY: &str = "The record was empty or contained only whitespace.";

impl Deserializer {
    /// Of AWS's `Deserializer` document, for a schema.
    pub(crate) fn new(document: &str, schema: &Schema) -> Result<Self, ConversionError> {
        let (rules, mappings) = match Settings::parse(document)? {
            Settings::OpenX { case_insensitive, dots, mappings } => {
                let rules = Rules {
                    ignore_case: case_insensitive,
                    lowercase_names: case_insensitive,
                    dots,
                    lenient: true,
                    formats: Vec::new(),
                };
                (rules, mappings)
            }
            Settings::Hive { formats } => {
                let rules = Rules {
                    ignore_case: true,
                    lowercase_names: false,
                    dots: false,
                    lenient: false,
                    formats,
                };
                (rules, HashMap::new())
            }
        };
        let row = Members::new(&schema.columns, &rules, &mappings);
        Ok(Self { rules, row })
    }

    /// Hands the rows of a record to `take`: all of them, or none and the reason. A record with several objects is read
    /// twice, so that its rows need not be held.
    pub(crate) fn read<'a>(
        &self,
        record: &'a [u8],
        mut take: impl FnMut(Vec<Datum<'a>>),
    ) -> Result<(), RecordError> {
        let mut documents = Documents::new(record)?;
        if documents.at_end() {
            return Err(RecordError::malformed(EMPTY));
        }
        let Some(first) = self.next(&mut documents)? else { return Ok(()) };
        if documents.at_end() {
            take(first);
            return Ok(());
        }
        drop(first);
        while self.next(&mut documents)?.is_some() {}
        let mut documents = Documents::new(record)?;
        while let Some(row) = self.next(&mut documents)? {
            take(row);
        }
        Ok(())
    }

    fn next<'a>(
        &self,
        documents: &mut Documents<'a>,
    ) -> Result<Option<Vec<Datum<'a>>>, RecordError> {
        match documents.next()? {
            None => Ok(None),
            Some(Value::Object(members)) => self.rules.members(&self.row, members).map(Some),
            Some(Value::Array(_)) => {
                Err(RecordError::mismatch("An array of JSON documents is not a valid input."))
            }
            Some(Value::Null | Value::Boolean(_) | Value::Number(_) | Value::Text(_)) => {
                Err(RecordError::malformed(PRIMITIVE))
            }
        }
    }
}

impl Members {
    fn new(fields: &[Field], rules: &Rules, mappings: &HashMap<String, String>) -> Self {
        let mut by_name = HashMap::<String, Vec<usize>>::with_capacity(fields.len());
        for (index, field) in fields.iter().enumerate() {
            let name = mappings.get(&field.name).unwrap_or(&field.name);
            by_name.entry(rules.name(name).into_owned()).or_default().push(index);
        }
        Self { by_name, kinds: fields.iter().map(|field| Node::new(&field.kind, rules)).collect() }
    }
}

impl Node {
    fn new(kind: &Type, rules: &Rules) -> Self {
        match kind {
            Type::Array(element) => Self::Array(Box::new(Self::new(element, rules))),
            Type::Map(key, value) => Self::Map((**key).clone(), Box::new(Self::new(value, rules))),
            Type::Struct(fields) => Self::Struct(Members::new(fields, rules, &HashMap::new())),
            scalar => Self::Scalar(scalar.clone()),
        }
    }
}

impl Rules {
    /// A name of JSON as columns are looked up by.
    fn name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        let mut name = Cow::Borrowed(name);
        if self.dots && name.contains('.') {
            name = Cow::Owned(name.replace('.', "_"));
        }
        if self.ignore_case && name.chars().any(|c| !c.is_ascii_lowercase() && c.is_alphabetic()) {
            name = Cow::Owned(name.to_lowercase());
        }
        name
    }

    /// Members by name. Of several with one name the last counts; what is not in the schema is left out; what JSON does
    /// not have is null.
    fn members<'a>(
        &self,
        members: &Members,
        object: Vec<(Cow<'a, str>, Value<'a>)>,
    ) -> Result<Vec<Datum<'a>>, RecordError> {
        let mut values: Vec<Value<'a>> = members.kinds.iter().map(|_| Value::Null).collect();
        for (name, value) in object {
            let Some(indices) = members.by_name.get(self.name(&name).as_ref()) else { continue };
            for &index in &indices[1..] {
                values[index] = value.clone();
            }
            values[indices[0]] = value;
        }
        let pairs = members.kinds.iter().zip(values);
        pairs.map(|(kind, value)| self.value(kind, value)).collect()
    }

    fn value<'a>(&self, kind: &Node, value: Value<'a>) -> Read<'a> {
        match (kind, value) {
            (_, Value::Null) => Ok(Datum::Null),
            (Node::Scalar(kind), value) => self.scalar(kind, value),
            (Node::Array(element), Value::Array(items)) => {
                let items = items.into_iter().map(|item| self.value(element, item));
                Ok(Datum::List(items.collect::<Result<_, _>>()?))
            }
            (Node::Array(element), value) if self.lenient => {
                Ok(Datum::List(vec![self.value(element, value)?]))
            }
            (Node::Array(_), _) => {
                Err(RecordError::mismatch("java.io.IOException: Start of Array expected"))
            }
            (Node::Map(key, value), Value::Object(members)) => self.map(key, value, members),
            (Node::Struct(kinds), Value::Object(object)) => {
                Ok(Datum::Struct(self.members(kinds, object)?))
            }
            (Node::Struct(kinds), Value::Array(items)) if self.lenient => {
                self.by_position(kinds, items)
            }
            (Node::Map(..) | Node::Struct(_), _) if !self.lenient => {
                Err(RecordError::mismatch("java.io.IOException: Start of Object expected"))
            }
            (Node::Map(..), value) => Err(RecordError::mismatch(format_args!(
                "A map column cannot hold a JSON {}.",
                if matches!(value, Value::Array(_)) { "array" } else { "scalar" },
            ))),
            (Node::Struct(_), value) => Err(not_an_object(&value)),
        }
    }

    /// Values to members in the schema's order; what is left over is left out.
    fn by_position<'a>(&self, members: &Members, items: Vec<Value<'a>>) -> Read<'a> {
        let items = items.into_iter().chain(std::iter::repeat(Value::Null));
        let pairs = members.kinds.iter().zip(items);
        let values = pairs.map(|(kind, item)| self.value(kind, item));
        Ok(Datum::Struct(values.collect::<Result<_, _>>()?))
    }

    /// Of keys that are the same once they are read, the last one's value counts, at the first one's place.
    fn map<'a>(
        &self,
        key: &Type,
        value: &Node,
        members: Vec<(Cow<'a, str>, Value<'a>)>,
    ) -> Read<'a> {
        let mut entries: Vec<(Datum<'a>, Datum<'a>)> = Vec::with_capacity(members.len());
        let mut places = HashMap::with_capacity(members.len());
        for (name, member) in members {
            let name = match name {
                name if self.lowercase_names => Cow::Owned(name.to_lowercase()),
                name => name,
            };
            let datum = self.map_key(key, name)?;
            let member = self.value(value, member)?;
            let next = entries.len();
            match *places.entry(identity(&datum)).or_insert(next) {
                place if place == next => entries.push((datum, member)),
                place => entries[place].1 = member,
            }
        }
        Ok(Datum::Map(entries))
    }
}

/// What makes two keys the same.
fn identity(key: &Datum<'_>) -> String {
    match key {
        Datum::Text(text) => text.clone().into_owned(),
        other => format!("{other:?}"),
    }
}

/// AWS's text, with both of its blanks.
fn not_an_object(value: &Value<'_>) -> RecordError {
    let (class, text) = match value {
        Value::Boolean(value) => ("java.lang.Boolean", value.to_string()),
        Value::Number(number) if number.contains(['.', 'e', 'E']) => {
            ("java.lang.Double", (*number).to_owned())
        }
        Value::Number(number) => ("java.lang.Long", (*number).to_owned()),
        Value::Text(text) => ("java.lang.String", text.clone().into_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => ("java.lang.Object", String::new()),
    };
    let text = shortened(&text);
    RecordError::mismatch(format_args!("Data is not JSONObject  but {class} with value {text}"))
}
