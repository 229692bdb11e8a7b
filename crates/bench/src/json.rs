//! A reader of JSON replies that walks the text once and copies nothing.
//!
//! It takes any legal JSON that the servers here send and says so where it meets something else. Strings come as
//! written, escapes and all: what the generator compares (base64, hexadecimal keys, numbers, ids) needs none.

/// The reply is not the JSON that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// A place in a JSON text.
#[derive(Clone)]
pub struct Json<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Json<'a> {
    /// At the beginning of `text`.
    pub fn new(text: &'a [u8]) -> Self {
        Json { text, at: 0 }
    }

    fn peek(&mut self) -> Result<u8, Malformed> {
        while let Some(byte) = self.text.get(self.at) {
            if !byte.is_ascii_whitespace() {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(Malformed)
    }

    fn take(&mut self, expected: u8) -> Result<(), Malformed> {
        if self.peek()? != expected {
            return Err(Malformed);
        }
        self.at += 1;
        Ok(())
    }

    /// Calls `member` with each name, standing at its value, which `member` must read or skip.
    pub fn object<E: From<Malformed>>(
        &mut self,
        mut member: impl FnMut(&'a [u8], &mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            return Ok(self.take(b'}')?);
        }
        loop {
            let name = self.string()?;
            self.take(b':')?;
            member(name, self)?;
            if self.peek()? == b'}' {
                return Ok(self.take(b'}')?);
            }
            self.take(b',')?;
        }
    }

    /// Calls `element` at each element, which it must read or skip.
    pub fn array<E: From<Malformed>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.take(b'[')?;
        if self.peek()? == b']' {
            return Ok(self.take(b']')?);
        }
        loop {
            element(self)?;
            if self.peek()? == b']' {
                return Ok(self.take(b']')?);
            }
            self.take(b',')?;
        }
    }

    /// A string as written between its quotes.
    pub fn string(&mut self) -> Result<&'a [u8], Malformed> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            let rest = self.text.get(self.at..).ok_or(Malformed)?;
            let next = memchr::memchr2(b'"', b'\\', rest).ok_or(Malformed)?;
            self.at += next;
            if rest[next] == b'"' {
                let found = &self.text[start..self.at];
                self.at += 1;
                return Ok(found);
            }
            self.at += 2;
        }
    }

    /// A string, or nothing where the reply says `null`.
    pub fn optional_string(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        if self.peek()? == b'"' { self.string().map(Some) } else { self.skip().map(|()| None) }
    }

    /// A number without a sign; what follows a point is cut off.
    pub fn number(&mut self) -> Result<u64, Malformed> {
        let first = self.peek()?;
        let mut value = 0u64;
        if !first.is_ascii_digit() {
            return Err(Malformed);
        }
        while let Some(digit) = self.text.get(self.at).filter(|b| b.is_ascii_digit()) {
            value = value.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        self.skip_literal();
        Ok(value)
    }

    /// Goes past whatever value stands here.
    pub fn skip(&mut self) -> Result<(), Malformed> {
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1).ok_or(Malformed)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b',' | b':' => return Err(Malformed),
                _ => self.skip_literal(),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn skip_literal(&mut self) {
        while let Some(byte) = self.text.get(self.at) {
            if matches!(byte, b',' | b':' | b']' | b'}') || byte.is_ascii_whitespace() {
                return;
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Result<Vec<String>, Malformed> {
        let mut found = Vec::new();
        Json::new(text.as_bytes()).object::<Malformed>(|name, json| {
            let name = String::from_utf8_lossy(name).into_owned();
            let from = json.at;
            json.skip()?;
            let value = String::from_utf8_lossy(&json.text[from..json.at]).trim().to_owned();
            found.push(format!("{name}={value}"));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn members_are_found_whatever_the_spacing_and_nesting() {
        for (text, expected) in [
            (r#"{}"#, vec![]),
            (r#" { "a" : 1 , "b":"x\"y" }"#, vec!["a=1", r#"b="x\"y""#]),
            (
                r#"{"a":[{"b":[1,2,{}]},null],"c":-1.5e3}"#,
                vec!["a=[{\"b\":[1,2,{}]},null]", "c=-1.5e3"],
            ),
        ] {
            assert_eq!(members(text).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_json_is_an_error_and_no_panic() {
        for text in [
            "",
            "{",
            "[",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\\",
            "nonsense",
            "{\"a\":}",
            "{\"a\":1,}",
        ] {
            assert_eq!(members(text), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn numbers_and_nulls() {
        assert_eq!(Json::new(b" 17.25,").number(), Ok(17));
        assert_eq!(Json::new(b"x").number(), Err(Malformed));
        assert_eq!(Json::new(b"null").optional_string(), Ok(None));
        assert_eq!(Json::new(br#""s""#).optional_string(), Ok(Some(&b"s"[..])));
    }
}
