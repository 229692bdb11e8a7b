//! JSON to values and back.

use std::rc::Rc;

use millstream_wire::json::{JsonReader, Number as Read, Reader, write_text};
use millstream_wire::{Fault, Kind};

use super::meter;
use super::number::Number;
use super::value::{ITEM_BYTES, MEMBER_BYTES, Members, Value};

/// Reads one document, with space around it.
pub fn read(text: &[u8]) -> Result<Value, Fault> {
    let mut reader = JsonReader::new(text);
    let value = read_value(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

fn read_value(reader: &mut JsonReader<'_>) -> Result<Value, Fault> {
    Ok(match reader.peek()? {
        Kind::Null => reader.simple().map(|()| Value::Null)?,
        Kind::True => reader.simple().map(|()| Value::Bool(true))?,
        Kind::False => reader.simple().map(|()| Value::Bool(false))?,
        Kind::Number => Value::Number(match reader.number()? {
            Read::Integer(number) => Number::Int(number),
            Read::Float(number) => Number::Float(number),
        }),
        Kind::Text | Kind::Bytes | Kind::Tagged => Value::text(&reader.text()?),
        Kind::List => {
            let mut items = Vec::new();
            let mut scope = reader.list()?;
            while reader.element(&mut scope)? {
                meter::bytes(ITEM_BYTES);
                items.push(read_value(reader)?);
            }
            Value::array(items)
        }
        Kind::Map => {
            let mut members = Members::new();
            let mut scope = reader.map()?;
            while let Some(key) = reader.key(&mut scope)? {
                meter::bytes(MEMBER_BYTES + key.len());
                let key: Rc<str> = key.into();
                members.insert(key, read_value(reader)?);
            }
            Value::object(members)
        }
    })
}

/// Writes a value without spaces.
pub fn write(value: &Value) -> String {
    let mut out = Vec::new();
    write_value(value, &mut out);
    // What is written is UTF-8: texts are, and so is all around them.
    String::from_utf8(out).unwrap_or_default()
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => {
            meter::bytes(16);
            out.extend_from_slice(number.text().as_bytes());
        }
        Value::Text(text) => {
            meter::bytes(text.len() + 2);
            write_text(out, text);
        }
        Value::Array(array) => {
            out.push(b'[');
            for (index, item) in array.items().iter().enumerate() {
                meter::bytes(1);
                if index > 0 {
                    out.push(b',');
                }
                write_value(item, out);
            }
            out.push(b']');
        }
        Value::Object(object) => {
            out.push(b'{');
            for (index, (key, value)) in object.members().iter().enumerate() {
                meter::bytes(key.len() + 4);
                if index > 0 {
                    out.push(b',');
                }
                write_text(out, key);
                out.push(b':');
                write_value(value, out);
            }
            out.push(b'}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_comes_back_as_it_was() {
        let text = r#"{"b":[1,-2.5,1e300,"ä\n",null,true,false,[],{}],"a":9007199254740993}"#;
        let written = meter::bounded(|| write(&read(text.as_bytes()).unwrap())).unwrap();
        assert_eq!(written, text.replace("1e300", "1e+300"));
    }

    #[test]
    fn what_is_no_single_document_is_refused() {
        for text in ["", "{", "{}{}", "[1,]", "nan", "\u{feff}{}"] {
            let read = meter::bounded(|| read(text.as_bytes()).is_err());
            assert_eq!(read, Ok(true), "{text}");
        }
    }
}
