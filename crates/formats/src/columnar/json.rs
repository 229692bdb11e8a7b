//! Reading JSON with bounds: numbers stay text, so that no digit is lost, and texts are borrowed where they can be.

use std::borrow::Cow;

use super::error::RecordError;
use super::limits::{JSON_DEPTH_MAX, NUMBER_CHARACTERS_MAX};

/// A value, as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Boolean(bool),
    /// As written, in JSON's grammar.
    Number(&'a str),
    Text(Cow<'a, str>),
    Array(Vec<Value<'a>>),
    /// In the order written; names may be there more than once.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

/// Reads values that follow each other, with nothing or white space between them.
pub(crate) struct Documents<'a> {
    text: &'a str,
    at: usize,
}

type Read<T> = Result<T, RecordError>;

impl<'a> Documents<'a> {
    /// Starts at the beginning of a record.
    pub(crate) fn new(record: &'a [u8]) -> Read<Self> {
        let text = std::str::from_utf8(record).map_err(|e| {
            RecordError::malformed_json(&format!("Invalid UTF-8 at byte {}", e.valid_up_to()))
        })?;
        Ok(Self { text, at: 0 })
    }

    /// The next value, `None` at the end.
    pub(crate) fn next(&mut self) -> Read<Option<Value<'a>>> {
        if self.at_end() {
            return Ok(None);
        }
        self.value(0).map(Some)
    }

    /// Whether nothing but white space is left.
    pub(crate) fn at_end(&mut self) -> bool {
        self.spaces();
        self.at == self.text.len()
    }

    fn value(&mut self, depth: usize) -> Read<Value<'a>> {
        if depth > JSON_DEPTH_MAX {
            let cause = format!("Nesting depth exceeds the maximum allowed ({JSON_DEPTH_MAX})");
            return Err(RecordError::malformed_json(&cause));
        }
        self.spaces();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Value::Boolean(true)),
            Some(b'f') => self.literal("false", Value::Boolean(false)),
            Some(b'n') => self.literal("null", Value::Null),
            Some(_) => Err(self.unexpected()),
            None => Err(self.unexpected()),
        }
    }

    fn object(&mut self, depth: usize) -> Read<Value<'a>> {
        self.at += 1;
        let mut members = Vec::new();
        self.spaces();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.spaces();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let name = self.string()?;
            self.spaces();
            self.expect(b':')?;
            members.push((name, self.value(depth + 1)?));
            self.spaces();
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Read<Value<'a>> {
        self.at += 1;
        let mut items = Vec::new();
        self.spaces();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.spaces();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            self.expect(b',')?;
        }
    }

    fn number(&mut self) -> Read<Value<'a>> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'0'..=b'9' | b'.' | b'a'..=b'z' | b'A'..=b'Z')) {
            return Err(self.unexpected());
        }
        if self.at - start > NUMBER_CHARACTERS_MAX {
            let cause =
                format!("Number length exceeds the maximum allowed ({NUMBER_CHARACTERS_MAX})");
            return Err(RecordError::malformed_json(&cause));
        }
        Ok(Value::Number(&self.text[start..self.at]))
    }

    fn digits(&mut self) -> Read<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected()) } else { Ok(()) }
    }

    fn string(&mut self) -> Read<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        let mut owned: Option<String> = None;
        let mut plain = start;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let rest = &self.text[plain..self.at];
                    self.at += 1;
                    return Ok(match owned {
                        Some(mut text) => {
                            text.push_str(rest);
                            Cow::Owned(text)
                        }
                        None => Cow::Borrowed(rest),
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_default();
                    text.push_str(&self.text[plain..self.at]);
                    self.at += 1;
                    let escaped = self.escape()?;
                    owned.get_or_insert_default().push(escaped);
                    plain = self.at;
                }
                Some(0x20..) => self.at += 1,
                Some(_) | None => return Err(self.unexpected()),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let Some(letter) = self.peek() else { return Err(self.unexpected()) };
        let plain = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.code_point();
            }
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(plain)
    }

    /// One code point of one or two `\u` escapes. Half a pair is no text and refused.
    fn code_point(&mut self) -> Read<char> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.unexpected());
        }
        if !self.text[self.at..].starts_with("\\u") {
            return Err(self.unexpected());
        }
        self.at += 2;
        let second = self.hex()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(self.unexpected());
        }
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(code).ok_or_else(|| self.unexpected())
    }

    fn hex(&mut self) -> Read<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let Some(digits) = digits.filter(|d| d.iter().all(u8::is_ascii_hexdigit)) else {
            return Err(self.unexpected());
        };
        self.at += 4;
        Ok(digits
            .iter()
            .fold(0, |code, &digit| code * 16 + char::from(digit).to_digit(16).unwrap_or_default()))
    }

    fn literal(&mut self, word: &str, value: Value<'a>) -> Read<Value<'a>> {
        let rest = &self.text.as_bytes()[self.at..];
        let ends =
            !matches!(rest.get(word.len()), Some(c) if c.is_ascii_alphanumeric() || *c == b'_');
        if !rest.starts_with(word.as_bytes()) || !ends {
            return Err(self.unexpected());
        }
        self.at += word.len();
        Ok(value)
    }

    fn expect(&mut self, wanted: u8) -> Read<()> {
        if self.take(wanted) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn unexpected(&self) -> RecordError {
        // Within a character of several bytes only where a text's first byte was looked at.
        let cause = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => format!("Unexpected character {found:?} at byte {}", self.at),
            None => format!("Unexpected end of input at byte {}", self.at),
        };
        RecordError::malformed_json(&cause)
    }
}

impl Value<'_> {
    /// The value as JSON without white space, with its names in lower case where that is asked for.
    pub(crate) fn write(&self, lowercase_names: bool, text: &mut String) {
        match self {
            Value::Null => text.push_str("null"),
            Value::Boolean(value) => text.push_str(if *value { "true" } else { "false" }),
            Value::Number(number) => text.push_str(number),
            Value::Text(value) => write_string(value, text),
            Value::Array(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    item.write(lowercase_names, text);
                }
                text.push(']');
            }
            Value::Object(members) => {
                text.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    if lowercase_names {
                        write_string(&name.to_lowercase(), text);
                    } else {
                        write_string(name, text);
                    }
                    text.push(':');
                    value.write(lowercase_names, text);
                }
                text.push('}');
            }
        }
    }
}

fn write_string(value: &str, text: &mut String) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\0'..='\u{1f}' => text.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => text.push(character),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(record: &str) -> Result<Vec<String>, String> {
        let mut documents = Documents::new(record.as_bytes()).map_err(|e| e.message)?;
        let mut texts = Vec::new();
        while let Some(value) = documents.next().map_err(|e| e.message)? {
            let mut text = String::new();
            value.write(false, &mut text);
            texts.push(text);
        }
        Ok(texts)
    }

    #[test]
    fn values_follow_each_other() {
        assert_eq!(
            all(r#"{"a":1}{"b": [true, null]} "#).unwrap(),
            [r#"{"a":1}"#, r#"{"b":[true,null]}"#]
        );
        assert_eq!(all(" 1 2").unwrap(), ["1", "2"]);
        assert_eq!(all("").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn texts_and_numbers_come_back() {
        let cases = [
            r#""\u0041\ud83d\ude00\n\/""#,
            "-0.50e+10",
            "12345678901234567890123",
            r#""\u0001""#,
            r#"{"a":{"a":[]}}"#,
        ];
        let written = [
            r#""A😀\n/""#,
            "-0.50e+10",
            "12345678901234567890123",
            r#""\u0001""#,
            r#"{"a":{"a":[]}}"#,
        ];
        for (case, written) in cases.iter().zip(written) {
            assert_eq!(all(case).unwrap(), [written]);
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let number = "1".repeat(1_001);
        let deep = "[".repeat(300);
        let cases = [
            "this",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "[1,]",
            "01",
            "1.",
            "-",
            "1e",
            "+1",
            "\"\n\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\u00g0\"",
            "\"",
            "truex",
            "nul",
            "1x",
            "1.2.3",
            "{\"a\":1},{\"a\":2}",
            "\"\\u00é0\"",
            "é",
            &number,
            &deep,
        ];
        for case in cases {
            let error = all(case).unwrap_err();
            assert!(error.starts_with("Encountered malformed JSON. "), "{case}: {error}");
        }
        assert!(Documents::new(b"\"\xff\"").is_err());
    }

    #[test]
    fn names_are_lowercased_at_every_depth() {
        let mut documents = Documents::new(br#"{"Outer":{"Inner":["X"]}}"#).unwrap();
        let mut text = String::new();
        documents.next().unwrap().unwrap().write(true, &mut text);
        assert_eq!(text, r#"{"outer":{"inner":["X"]}}"#);
    }
}
