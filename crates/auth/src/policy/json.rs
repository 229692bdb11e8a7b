//! JSON as strictly as a policy needs it: bounded depth, no key twice, nothing after the end.

use super::PolicyError;

/// Deepest nesting: a document of the grammar has six levels.
const DEPTH_MAX: usize = 16;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    /// As it was written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// In the order of the text; no key twice.
    Map(Vec<(String, Json)>),
}

/// Reads a whole text. Its length is bounded by the caller.
pub fn parse(text: &str) -> Result<Json, PolicyError> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.wrong("something follows the document"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, why: &'static str) -> PolicyError {
        PolicyError::Json(self.at, why)
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.space();
        self.bytes.get(self.at).copied()
    }

    /// Takes `byte` if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, depth: usize) -> Result<Json, PolicyError> {
        if depth > DEPTH_MAX {
            return Err(self.wrong("nested too deeply"));
        }
        match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => Err(self.wrong("no value begins like this")),
            None => Err(self.wrong("the text ends too early")),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, PolicyError> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.wrong("no value begins like this"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Json, PolicyError> {
        self.at += 1;
        let mut values = Vec::new();
        if self.take(b']') {
            return Ok(Json::List(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Ok(Json::List(values));
            }
            if !self.take(b',') {
                return Err(self.wrong("a comma or the list's end is missing"));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Json, PolicyError> {
        self.at += 1;
        let mut entries = Vec::new();
        // A text of 20 KB has a few thousand keys at most, but a search through them all would still be felt.
        let mut keys = std::collections::HashSet::new();
        if self.take(b'}') {
            return Ok(Json::Map(entries));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a key is missing"));
            }
            let key = self.string()?;
            if !keys.insert(key.clone()) {
                return Err(self.wrong("a key is there twice"));
            }
            if !self.take(b':') {
                return Err(self.wrong("a colon is missing"));
            }
            entries.push((key, self.value(depth + 1)?));
            if self.take(b'}') {
                return Ok(Json::Map(entries));
            }
            if !self.take(b',') {
                return Err(self.wrong("a comma or the object's end is missing"));
            }
        }
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Result<Json, PolicyError> {
        let from = self.at;
        self.at += usize::from(self.bytes[self.at] == b'-');
        let zero = self.bytes.get(self.at) == Some(&b'0');
        let whole = self.digits();
        if whole == 0 || zero && whole > 1 {
            return Err(self.wrong("not a number"));
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.wrong("not a number"));
            }
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(self.wrong("not a number"));
            }
        }
        Ok(Json::Number(self.text[from..self.at].to_owned()))
    }

    fn string(&mut self) -> Result<String, PolicyError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(c) = rest.chars().next() else {
                return Err(self.wrong("a string does not end"));
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\\' => out.push(self.escaped()?),
                '\0'..='\x1f' => return Err(self.wrong("a control character in a string")),
                _ => out.push(c),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, PolicyError> {
        let Some(byte) = self.bytes.get(self.at).copied() else {
            return Err(self.wrong("a string does not end"));
        };
        let plain = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.wrong("no such escape")),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, PolicyError> {
        let first = self.unit()?;
        let code = match first {
            0xd800..=0xdbff => {
                let second = self.unit()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(self.wrong("half a character"));
                }
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| self.wrong("half a character"))
    }

    /// `uXXXX`, or `\uXXXX` for the second half of a pair.
    fn unit(&mut self) -> Result<u32, PolicyError> {
        let rest = &self.bytes[self.at..];
        let rest = rest.strip_prefix(b"\\").unwrap_or(rest);
        let skipped = self.bytes.len() - self.at - rest.len();
        let digits = rest.strip_prefix(b"u").and_then(|rest| rest.get(..4));
        let hex = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let text = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        let unit = text.and_then(|text| u32::from_str_radix(text, 16).ok());
        self.at += skipped + 5;
        unit.ok_or(PolicyError::Json(self.at.min(self.bytes.len()), "no such escape"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_as_it_is_written() {
        let text =
            r#" {"a": [1, -2.5e+3, true, false, null], "b": {"c\n\u00e9\ud83d\ude00": ""}} "#;
        let Json::Map(entries) = parse(text).unwrap() else { panic!("a map") };
        let number = |text: &str| Json::Number(text.into());
        let list =
            vec![number("1"), number("-2.5e+3"), Json::Bool(true), Json::Bool(false), Json::Null];
        assert_eq!(entries[0], ("a".into(), Json::List(list)));
        let inner = vec![("c\né😀".to_owned(), Json::Text(String::new()))];
        assert_eq!(entries[1], ("b".into(), Json::Map(inner)));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = "[".repeat(10_000);
        for bad in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{a:1}",
            "{\"a\":1,\"a\":2}",
            "01",
            "1.",
            "-",
            "1e",
            "tru",
            "NaN",
            "'a'",
            "\"a",
            "\"\u{1}\"",
            r#""\x""#,
            r#""\u12g4""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\udc00""#,
            r#""\u12"#,
            "{} {}",
            "\u{feff}{}",
            &deep,
        ] {
            assert!(matches!(parse(bad), Err(PolicyError::Json(..))), "{bad:.40}");
        }
    }
}
