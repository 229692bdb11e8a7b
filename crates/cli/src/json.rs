//! JSON whose members keep the order in which they are given, for people who read it.

use std::fmt;

use serde_json::Value;

/// A value that keeps the order of its members.
#[derive(Debug, Clone)]
pub(crate) enum Json {
    /// Anything without members.
    Plain(Value),
    /// Values in order.
    Array(Vec<Json>),
    /// Members in order.
    Object(Vec<(&'static str, Json)>),
}

impl<V: Into<Value>> From<V> for Json {
    fn from(value: V) -> Self {
        Json::Plain(value.into())
    }
}

/// Compact; with `{:#}` a member a line.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, f.alternate().then_some(0))
    }
}

impl Json {
    /// `indent`: how deep the value stands, in the form of a member a line.
    fn write(&self, f: &mut fmt::Formatter<'_>, indent: Option<usize>) -> fmt::Result {
        match self {
            Json::Plain(value) => write!(f, "{value}"),
            Json::Array(values) => {
                let values = values.iter().map(|value| (None, value));
                list(f, ('[', ']'), indent, values)
            }
            Json::Object(members) => {
                let members = members.iter().map(|(name, value)| (Some(*name), value));
                list(f, ('{', '}'), indent, members)
            }
        }
    }
}

fn list<'a>(
    f: &mut fmt::Formatter<'_>,
    (open, close): (char, char),
    indent: Option<usize>,
    items: impl Iterator<Item = (Option<&'static str>, &'a Json)>,
) -> fmt::Result {
    let inner = indent.map(|depth| depth + 1);
    let mut is_empty = true;
    write!(f, "{open}")?;
    for (name, value) in items {
        if !std::mem::take(&mut is_empty) {
            f.write_str(",")?;
        }
        new_line(f, inner)?;
        if let Some(name) = name {
            write!(f, "{}:", Value::from(name))?;
            f.write_str(if inner.is_some() { " " } else { "" })?;
        }
        value.write(f, inner)?;
    }
    if !is_empty {
        new_line(f, indent)?;
    }
    write!(f, "{close}")
}

fn new_line(f: &mut fmt::Formatter<'_>, indent: Option<usize>) -> fmt::Result {
    let Some(depth) = indent else { return Ok(()) };
    write!(f, "\n{:width$}", "", width = depth * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_texts_their_escapes() {
        let inner = Json::Object(vec![("z", "\"\n".into()), ("a", None::<u8>.into())]);
        let empty = Json::Array(Vec::new());
        let whole = Json::Object(vec![("b", Json::Array(vec![inner, 7.into()])), ("a", empty)]);
        assert_eq!(whole.to_string(), r#"{"b":[{"z":"\"\n","a":null},7],"a":[]}"#);
        let lines = format!("{whole:#}");
        let expected = [
            "{",
            r#"  "b": ["#,
            "    {",
            r#"      "z": "\"\n","#,
            r#"      "a": null"#,
            "    },",
            "    7",
            "  ],",
            r#"  "a": []"#,
            "}",
        ];
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
        let read: Value = serde_json::from_str(&lines).unwrap();
        assert_eq!(read, serde_json::from_str::<Value>(&whole.to_string()).unwrap());
    }
}
