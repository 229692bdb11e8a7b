//! Violations of constraints, as AWS words them.

use std::fmt::{self, Write};

use millstream_api::Value;
use millstream_api::shape::{Shape, Structure};

use crate::limits::{VALUE_CHARS_MAX, VIOLATIONS_MAX};

/// Where a value is: `records.1.member.partitionKey`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'p> {
    /// The body itself.
    Root,
    /// A member of a structure.
    Member {
        /// The structure.
        parent: &'p Path<'p>,
        /// The member's name in the model.
        name: &'static str,
    },
    /// An element of a list.
    Element {
        /// The list.
        parent: &'p Path<'p>,
        /// Counted from 1.
        index: usize,
    },
    /// An entry of a map.
    Entry {
        /// The map.
        parent: &'p Path<'p>,
        /// Its key.
        key: &'p str,
    },
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Member { parent, name } => {
                if !matches!(parent, Path::Root) {
                    write!(f, "{parent}.")?;
                }
                let (first, rest) = name.split_at(1);
                write!(f, "{}{rest}", first.to_ascii_lowercase())
            }
            Path::Element { parent, index } => write!(f, "{parent}.{index}.member"),
            Path::Entry { parent, key } => {
                let key: String = key.chars().take(128).collect();
                write!(f, "{parent}.{key}.member")
            }
        }
    }
}

/// The violations found so far, in order.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    texts: Vec<String>,
}

impl Violations {
    /// Whether the search may stop.
    pub fn is_full(&self) -> bool {
        self.texts.len() >= VIOLATIONS_MAX
    }

    /// A value that must be there is not.
    pub fn null(&mut self, path: &Path<'_>) {
        self.push(|text| write!(text, "Value null at '{path}'"), &"Member must not be null");
    }

    /// A value breaks a constraint: `constraint` is AWS's text of it.
    pub fn value(
        &mut self,
        shape: &Shape,
        value: &Value<'_>,
        path: &Path<'_>,
        constraint: &dyn fmt::Display,
    ) {
        if is_sensitive(shape) {
            return self.push(|text| write!(text, "Value at '{path}'"), constraint);
        }
        let shown = show(shape, value);
        self.push(|text| write!(text, "Value '{shown}' at '{path}'"), constraint);
    }

    fn push(
        &mut self,
        value_at: impl FnOnce(&mut String) -> fmt::Result,
        constraint: &dyn fmt::Display,
    ) {
        if self.is_full() {
            return;
        }
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = value_at(&mut text);
        let _ = write!(text, " failed to satisfy constraint: {constraint}");
        self.texts.push(text);
    }

    /// AWS's text for all of them; `None` if there are none.
    pub fn message(&self) -> Option<String> {
        let count = self.texts.len();
        let plural = if count == 1 { "" } else { "s" };
        let all = || self.texts.join("; ");
        (count > 0).then(|| format!("{count} validation error{plural} detected: {}", all()))
    }
}

fn is_sensitive(shape: &Shape) -> bool {
    matches!(shape, Shape::Text(text) if text.sensitive)
}

/// The value as Java prints it, cut to a bounded length.
fn show(shape: &Shape, value: &Value<'_>) -> String {
    let mut out = Bounded { text: String::new(), room: VALUE_CHARS_MAX };
    if write_value(&mut out, shape, value).is_err() {
        out.text.push_str("...");
    }
    out.text
}

/// What stands for a value that may not be shown: the text of AWS's SDK for Java.
const REDACTED: &str = "*** Sensitive Data Redacted ***";

/// Takes so many characters and then fails.
struct Bounded {
    text: String,
    room: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        for character in part.chars() {
            self.room = self.room.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(character);
        }
        Ok(())
    }
}

fn write_value(out: &mut Bounded, shape: &Shape, value: &Value<'_>) -> fmt::Result {
    match (value, shape) {
        (Value::Text(_), shape) if is_sensitive(shape) => out.write_str(REDACTED),
        (Value::Text(text), _) => out.write_str(text),
        (Value::Integer(number), _) => write!(out, "{number}"),
        (Value::Double(number), _) => write!(out, "{number:?}"),
        (Value::Boolean(value), _) => write!(out, "{value}"),
        (Value::Timestamp(at), _) => write!(out, "{}", at.0),
        (Value::Blob(blob), _) => {
            let length = blob.len();
            write!(out, "java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]")
        }
        (Value::List(values), Shape::List(list)) => {
            out.write_char('[')?;
            for (index, value) in values.iter().enumerate() {
                out.write_str(if index > 0 { ", " } else { "" })?;
                write_value(out, &list.element, value)?;
            }
            out.write_char(']')
        }
        (Value::Map(entries), Shape::Map(map)) => {
            out.write_char('{')?;
            for (index, (key, value)) in entries.iter().enumerate() {
                write!(out, "{}{key}=", if index > 0 { ", " } else { "" })?;
                write_value(out, &map.value, value)?;
            }
            out.write_char('}')
        }
        (Value::Structure(members), Shape::Structure(structure)) => {
            write_structure(out, structure, members)
        }
        // A decoder makes no such pair.
        (Value::List(_) | Value::Map(_) | Value::Structure(_), _) => Ok(()),
    }
}

fn write_structure(
    out: &mut Bounded,
    structure: &Structure,
    members: &[Option<Value<'_>>],
) -> fmt::Result {
    write!(out, "{}(", structure.name)?;
    for (index, (member, value)) in structure.members.iter().zip(members).enumerate() {
        write!(out, "{}{}=", if index > 0 { ", " } else { "" }, member.name)?;
        match value {
            Some(value) => write_value(out, &member.shape, value)?,
            None => out.write_str("null")?,
        }
    }
    out.write_char(')')
}
