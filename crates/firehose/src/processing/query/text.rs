//! Filters of texts, and formats such as `@base64`.

use base64_simd::{STANDARD, forgiving_decode_to_vec};
use jaq_core::native::{unary, v};

use super::arithmetic::{Error, ValR, error, split};
use super::meter;
use super::natives::{Native, one};
use super::value::Value;

pub fn filters() -> Vec<Native> {
    plain().into_iter().chain(coded()).collect()
}

fn plain() -> Vec<Native> {
    vec![
        ("utf8bytelength", v(0), |cv| {
            one(cv, |value| Ok(Value::int(of(&value, "measured")?.len() as i64)))
        }),
        ("explode", v(0), |cv| {
            one(cv, |value| {
                let text = of(&value, "exploded")?;
                Ok(text.chars().map(|char| Value::int(char as i64)).collect())
            })
        }),
        ("implode", v(0), |cv| one(cv, implode)),
        ("ascii_downcase", v(0), |cv| {
            one(cv, |value| Ok(Value::text(&of(&value, "lowercased")?.to_ascii_lowercase())))
        }),
        ("ascii_upcase", v(0), |cv| {
            one(cv, |value| Ok(Value::text(&of(&value, "uppercased")?.to_ascii_uppercase())))
        }),
        ("startswith", v(1), |cv| {
            unary(cv, |value, part| {
                Ok(Value::Bool(both(&value, &part, "startswith")?.0.starts_with(of(&part, "")?)))
            })
        }),
        ("endswith", v(1), |cv| {
            unary(cv, |value, part| {
                Ok(Value::Bool(both(&value, &part, "endswith")?.0.ends_with(of(&part, "")?)))
            })
        }),
        ("ltrimstr", v(1), |cv| {
            unary(cv, |value, part| Ok(trimmed(value, &part, |text, part| text.strip_prefix(part))))
        }),
        ("rtrimstr", v(1), |cv| {
            unary(cv, |value, part| Ok(trimmed(value, &part, |text, part| text.strip_suffix(part))))
        }),
        ("split", v(1), |cv| {
            unary(cv, |value, separator| {
                let (text, separator) = both(&value, &separator, "split")?;
                Ok(split(text, separator))
            })
        }),
    ]
}

/// What formats are made of: `@base64` and the like.
fn coded() -> Vec<Native> {
    vec![
        ("encode_base64", v(0), |cv| {
            one(cv, |value| {
                let text = of(&value, "encoded")?;
                meter::bytes(text.len() * 2);
                Ok(Value::text(&STANDARD.encode_to_string(text)))
            })
        }),
        ("decode_base64", v(0), |cv| one(cv, decode_base64)),
        ("encode_uri", v(0), |cv| one(cv, |value| Ok(Value::text(&uri(of(&value, "encoded")?))))),
        ("escape_html", v(0), |cv| {
            one(cv, |value| {
                escaped(of(&value, "escaped")?, |char| match char {
                    '<' => Some("&lt;"),
                    '>' => Some("&gt;"),
                    '&' => Some("&amp;"),
                    '\'' => Some("&apos;"),
                    '"' => Some("&quot;"),
                    _ => None,
                })
            })
        }),
        ("escape_sh", v(0), |cv| {
            one(cv, |value| {
                escaped(of(&value, "escaped")?, |char| (char == '\'').then_some("'\\''"))
            })
        }),
        ("escape_csv", v(0), |cv| {
            one(cv, |value| escaped(of(&value, "escaped")?, |char| (char == '"').then_some("\"\"")))
        }),
        ("escape_tsv", v(0), |cv| {
            one(cv, |value| {
                escaped(of(&value, "escaped")?, |char| match char {
                    '\t' => Some("\\t"),
                    '\n' => Some("\\n"),
                    '\r' => Some("\\r"),
                    '\\' => Some("\\\\"),
                    _ => None,
                })
            })
        }),
    ]
}

/// The text of a value; an error says that it cannot be what `verb` says.
pub fn of<'a>(value: &'a Value, verb: &str) -> Result<&'a str, Error> {
    match value {
        Value::Text(text) => {
            meter::steps(1 + text.len() as u64 / 256);
            Ok(text)
        }
        other => {
            let kind = other.type_name();
            Err(error(format_args!("{kind} ({other}) cannot be {verb}, as it is not a string")))
        }
    }
}

/// Two texts, for a filter that takes no other.
fn both<'a>(value: &'a Value, part: &'a Value, name: &str) -> Result<(&'a str, &'a str), Error> {
    match (value, part) {
        (Value::Text(_), Value::Text(_)) => Ok((of(value, "")?, of(part, "")?)),
        _ if name == "split" => Err(error("split input and separator must be strings")),
        _ => Err(error(format_args!("{name}() requires string inputs"))),
    }
}

/// How a part is taken from an end of a text.
type Strip = for<'a> fn(&'a str, &str) -> Option<&'a str>;

/// The text without a part at an end; what is not a text or has no such part stays.
fn trimmed(value: Value, part: &Value, strip: Strip) -> Value {
    match (&value, part) {
        (Value::Text(text), Value::Text(part)) => strip(text, part).map(Value::text),
        _ => None,
    }
    .unwrap_or(value)
}

fn implode(value: Value) -> ValR {
    let Value::Array(array) = &value else {
        return Err(error(format_args!("{} cannot be imploded", value.type_name())));
    };
    let mut text = String::new();
    for item in array.items() {
        meter::bytes(4);
        let code = match item {
            Value::Number(number) => number.whole().and_then(|code| u32::try_from(code).ok()),
            _ => return Err(error("Unicode codepoint must be numeric")),
        };
        // jq puts the replacement in the place of what is no character.
        text.push(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Ok(Value::text(&text))
}

fn decode_base64(value: Value) -> ValR {
    let text = of(&value, "decoded")?;
    match forgiving_decode_to_vec(text.as_bytes()) {
        Ok(bytes) => Ok(Value::text_of(&bytes)),
        Err(_) => Err(error(format_args!("string ({value}) is not valid base64 data"))),
    }
}

/// Percent-encoded, but for the characters that jq 1.6 leaves.
fn uri(text: &str) -> String {
    meter::bytes(text.len() * 3);
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn escaped(text: &str, escape: impl Fn(char) -> Option<&'static str>) -> ValR {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match escape(char) {
            Some(escape) => {
                meter::bytes(escape.len());
                out.push_str(escape);
            }
            None => out.push(char),
        }
    }
    Ok(Value::text(&out))
}
