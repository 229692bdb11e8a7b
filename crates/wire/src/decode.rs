//! Decoding by shape: types first, then constraints, then what is refused.

use std::borrow::Cow;

use millstream_api::shape::{List, Map, Shape, Structure};
use millstream_api::{Error, Misfit, Record, Value};

use crate::Protocol;
use crate::cbor_reader::CborReader;
use crate::constraints;
use crate::fault::{Fault, Kind, Wanted};
use crate::json_reader::JsonReader;
use crate::reader::Reader;
use crate::unknown::Unknown;
use crate::violations::{Path, Violations};

/// Decodes a request.
///
/// An empty body is an empty structure, null is absent. Members that the model does not know are skipped and noted in
/// `unknown`, which is cleared first.
///
/// # Errors
/// `SerializationException` for a malformed body or a wrong type, else `ValidationException` with every violation found
/// (ten at most), else `InvalidArgumentException` for a member that is refused.
pub fn decode<'a, T: Record<'a>>(
    protocol: Protocol,
    body: &'a [u8],
    unknown: &mut Unknown,
) -> Result<T, Error> {
    unknown.clear();
    let mut violations = Violations::default();
    let decoder = Decoder { unknown, violations: &mut violations, checked: true };
    let members = decoder.body(protocol, body, T::STRUCTURE)?;
    constraints::check_structure(T::STRUCTURE, &members, &Path::Root, &mut violations);
    if let Some(message) = violations.message() {
        return Err(Error::validation(message));
    }
    if let Some(reason) = refusal(T::STRUCTURE, &members) {
        return Err(Error::invalid_argument(reason));
    }
    typed(members)
}

/// Decodes a reply, for clients: types are checked, constraints are not, and what is unknown is ignored.
///
/// # Errors
/// `SerializationException` for a malformed body, a wrong type or a missing member.
pub fn decode_output<'a, T: Record<'a>>(protocol: Protocol, body: &'a [u8]) -> Result<T, Error> {
    let (mut unknown, mut violations) = (Unknown::default(), Violations::default());
    let decoder = Decoder { unknown: &mut unknown, violations: &mut violations, checked: false };
    typed(decoder.body(protocol, body, T::STRUCTURE)?)
}

type Members<'a> = Vec<Option<Value<'a>>>;

fn typed<'a, T: Record<'a>>(members: Members<'a>) -> Result<T, Error> {
    T::from_value(Some(Value::Structure(members)))
        .map_err(|Misfit(kind)| Fault::Misfit(kind).into())
}

/// Why the request is refused, if a member of it is: the first one, in the model's order.
fn refusal(structure: &Structure, members: &[Option<Value<'_>>]) -> Option<&'static str> {
    let mut given = structure.members.iter().zip(members).filter(|(_, value)| value.is_some());
    given.find_map(|(member, value)| match (member.refused, &member.shape, value) {
        (Some(reason), ..) => Some(reason),
        (None, Shape::Structure(inner), Some(Value::Structure(values))) => refusal(inner, values),
        _ => None,
    })
}

struct Decoder<'d> {
    unknown: &'d mut Unknown,
    /// Nulls within lists and maps, which no `Value` can hold.
    violations: &'d mut Violations,
    /// Whether lists and maps are cut one past the model's most, where the violation is certain.
    checked: bool,
}

impl Decoder<'_> {
    fn body<'a>(
        mut self,
        protocol: Protocol,
        body: &'a [u8],
        structure: &'static Structure,
    ) -> Result<Members<'a>, Fault> {
        if body.is_empty() {
            return Ok(vec![None; structure.members.len()]);
        }
        match protocol {
            Protocol::Json => self.whole(&mut JsonReader::new(body), structure),
            Protocol::Cbor => self.whole(&mut CborReader::new(body), structure),
        }
    }

    fn whole<'a, R: Reader<'a>>(
        &mut self,
        reader: &mut R,
        structure: &'static Structure,
    ) -> Result<Members<'a>, Fault> {
        if reader.peek()? != Kind::Map {
            return Err(Fault::NotAStructure);
        }
        let members = self.structure(reader, structure, &Path::Root)?;
        reader.finish()?;
        Ok(members)
    }

    /// A value of the shape; `None` for null.
    fn value<'a, R: Reader<'a>>(
        &mut self,
        reader: &mut R,
        shape: &'static Shape,
        path: &Path<'_>,
    ) -> Result<Option<Value<'a>>, Fault> {
        let found = reader.peek()?;
        if found == Kind::Null {
            return reader.simple().map(|()| None);
        }
        let wanted = wanted(shape);
        let mismatch = Fault::Mismatch { found, wanted };
        let value = match (shape, found) {
            (Shape::Text(_), Kind::Text) => Value::Text(reader.text()?),
            (Shape::Integer(_), Kind::Number) => {
                let number = reader.number()?.to_i64().and_then(|n| i32::try_from(n).ok());
                Value::Integer(number.ok_or(mismatch)?.into())
            }
            (Shape::Long(_), Kind::Number) => {
                Value::Integer(reader.number()?.to_i64().ok_or(mismatch)?)
            }
            (Shape::Double(_), Kind::Number) => Value::Double(reader.number()?.to_f64()),
            (Shape::Boolean, Kind::True | Kind::False) => {
                reader.simple()?;
                Value::Boolean(found == Kind::True)
            }
            (Shape::Timestamp, Kind::Number | Kind::Tagged) => {
                Value::Timestamp(reader.timestamp()?)
            }
            (Shape::Blob(_), found) if found == R::BLOB => {
                let blob = reader.blob()?;
                blob.check().map_err(|_| Fault::Base64)?;
                Value::Blob(blob)
            }
            (Shape::List(list), Kind::List) => Value::List(self.list(reader, list, path)?),
            (Shape::Map(map), Kind::Map) => Value::Map(self.map(reader, map, path)?),
            (Shape::Structure(structure), Kind::Map) => {
                Value::Structure(self.structure(reader, structure, path)?)
            }
            _ => return Err(mismatch),
        };
        Ok(Some(value))
    }

    fn structure<'a, R: Reader<'a>>(
        &mut self,
        reader: &mut R,
        structure: &'static Structure,
        path: &Path<'_>,
    ) -> Result<Members<'a>, Fault> {
        let mut members = vec![None; structure.members.len()];
        // The widest structure has fewer than 64 members; a test holds the model to it.
        let mut seen = 0u64;
        let mut scope = reader.map()?;
        while let Some(key) = reader.key(&mut scope)? {
            let Some(index) = structure.members.iter().position(|member| member.name == key) else {
                self.unknown.note(&key);
                reader.skip()?;
                continue;
            };
            let member = &structure.members[index];
            if seen & 1 << index != 0 {
                return Err(Fault::Duplicate { key: member.name.to_owned() });
            }
            seen |= 1 << index;
            let path = Path::Member { parent: path, name: member.name };
            members[index] = self.value(reader, &member.shape, &path)?;
        }
        Ok(members)
    }

    fn list<'a, R: Reader<'a>>(
        &mut self,
        reader: &mut R,
        list: &'static List,
        path: &Path<'_>,
    ) -> Result<Vec<Value<'a>>, Fault> {
        let kept_max = self.kept_max(list.length.max);
        let mut values = Vec::new();
        let mut index = 0;
        let mut scope = reader.list()?;
        while reader.element(&mut scope)? {
            index += 1;
            let path = Path::Element { parent: path, index };
            match self.value(reader, &list.element, &path)? {
                Some(value) if values.len() < kept_max => values.push(value),
                Some(_) => {}
                None => self.violations.null(&path),
            }
        }
        Ok(values)
    }

    fn map<'a, R: Reader<'a>>(
        &mut self,
        reader: &mut R,
        map: &'static Map,
        path: &Path<'_>,
    ) -> Result<Vec<(Cow<'a, str>, Value<'a>)>, Fault> {
        let kept_max = self.kept_max(map.length.max);
        let mut entries: Vec<(Cow<'a, str>, Value<'a>)> = Vec::new();
        let mut scope = reader.map()?;
        while let Some(key) = reader.key(&mut scope)? {
            // Past the most, the map is wrong anyway, and the search would only cost time.
            let searched = self.checked && entries.len() < kept_max;
            if searched && entries.iter().any(|(known, _)| *known == key) {
                return Err(Fault::Duplicate { key: key.chars().take(256).collect() });
            }
            let path = Path::Entry { parent: path, key: &key };
            match self.value(reader, &map.value, &path)? {
                Some(value) if entries.len() < kept_max => entries.push((key, value)),
                Some(_) => {}
                None => self.violations.null(&path),
            }
        }
        Ok(entries)
    }

    /// One more than may be there is enough to know that there are too many.
    fn kept_max(&self, model_max: Option<i64>) -> usize {
        let model_max = model_max.and_then(|max| usize::try_from(max).ok());
        model_max.filter(|_| self.checked).map_or(usize::MAX, |max| max.saturating_add(1))
    }
}

fn wanted(shape: &Shape) -> Wanted {
    match shape {
        Shape::Text(_) => Wanted::Text,
        Shape::Integer(_) => Wanted::Integer,
        Shape::Long(_) => Wanted::Long,
        Shape::Double(_) => Wanted::Double,
        Shape::Boolean => Wanted::Boolean,
        Shape::Timestamp => Wanted::Timestamp,
        Shape::Blob(_) => Wanted::Blob,
        Shape::List(_) => Wanted::List,
        Shape::Map(_) => Wanted::Map,
        Shape::Structure(_) => Wanted::Structure,
    }
}
