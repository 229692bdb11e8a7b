//! Reading JSON (RFC 8259), strictly: one value, UTF-8, no byte order mark, no comments.

use std::borrow::Cow;

use memchr::memchr2;
use millstream_api::Blob;
use millstream_types::Millis;

use crate::fault::{Fault, Kind};
use crate::limits::NUMBER_CHARS_MAX;
use crate::reader::{Depth, Number, Reader, Scope};

/// Pulls values out of JSON.
#[derive(Debug)]
pub struct JsonReader<'a> {
    body: &'a [u8],
    at: usize,
    depth: Depth,
}

impl<'a> Reader<'a> for JsonReader<'a> {
    const BLOB: Kind = Kind::Text;

    fn new(body: &'a [u8]) -> Self {
        JsonReader { body, at: 0, depth: Depth::default() }
    }

    fn peek(&mut self) -> Result<Kind, Fault> {
        match self.next_byte()? {
            b'"' => Ok(Kind::Text),
            b'{' => Ok(Kind::Map),
            b'[' => Ok(Kind::List),
            b'n' => Ok(Kind::Null),
            b't' => Ok(Kind::True),
            b'f' => Ok(Kind::False),
            b'-' | b'0'..=b'9' => Ok(Kind::Number),
            _ => Err(self.unexpected()),
        }
    }

    fn simple(&mut self) -> Result<(), Fault> {
        let word: &[u8] = match self.next_byte()? {
            b'n' => b"null",
            b't' => b"true",
            b'f' => b"false",
            _ => return Err(self.unexpected()),
        };
        if !self.body[self.at..].starts_with(word) {
            return Err(self.unexpected());
        }
        self.at += word.len();
        Ok(())
    }

    #[inline]
    fn text(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.expect(b'"')?;
        let start = self.at;
        let stop = self.plain_end(start)?;
        if self.body[stop] != b'"' {
            return self.escaped_text(start, stop).map(Cow::Owned);
        }
        self.at = stop + 1;
        let text = std::str::from_utf8(&self.body[start..stop]);
        text.map(Cow::Borrowed).map_err(|_| Fault::InvalidText { at: start })
    }

    fn number(&mut self) -> Result<Number, Fault> {
        self.next_byte()?;
        let start = self.at;
        let whole = self.number_end()?;
        let text = &self.body[start..self.at];
        let invalid = Fault::InvalidNumber { at: start };
        if text.len() > NUMBER_CHARS_MAX {
            return Err(invalid);
        }
        let Ok(text) = std::str::from_utf8(text) else { return Err(invalid) };
        if whole && let Ok(number) = text.parse() {
            return Ok(Number::Integer(number));
        }
        text.parse().map(Number::Float).map_err(|_| invalid)
    }

    #[inline]
    fn blob(&mut self) -> Result<Blob<'a>, Fault> {
        self.expect(b'"')?;
        let start = self.at;
        let rest = &self.body[start..];
        let Some(length) = memchr2(b'"', b'\\', rest) else { return Err(Fault::Ended) };
        let text = &rest[..length];
        if rest[length] == b'"' {
            self.at = start + length + 1;
            return Blob::from_base64(text).map_err(|_| Fault::Base64Length { found: text.len() });
        }
        // Some encoders escape the slash. Such text cannot be borrowed, so it is decoded here.
        let stop = self.plain_end(start)?;
        let text = self.escaped_text(start, stop)?;
        let blob = Blob::from_base64(text.as_bytes())
            .map_err(|_| Fault::Base64Length { found: text.len() })?;
        blob.to_vec().map(|bytes| Blob::Raw(Cow::Owned(bytes))).map_err(|_| Fault::Base64)
    }

    fn timestamp(&mut self) -> Result<Millis, Fault> {
        self.next_byte()?;
        let at = self.at;
        self.number()?.seconds_to_millis().ok_or(Fault::InvalidNumber { at })
    }

    fn map(&mut self) -> Result<Scope, Fault> {
        self.expect(b'{')?;
        self.depth.enter()?;
        Ok(Scope { first: true, left: None })
    }

    #[inline]
    fn key(&mut self, scope: &mut Scope) -> Result<Option<Cow<'a, str>>, Fault> {
        if !self.proceed(scope, b'}')? {
            return Ok(None);
        }
        let key = self.text()?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    #[inline]
    fn plain_key(&mut self, scope: &mut Scope) -> Result<Option<&'a [u8]>, Fault> {
        if !self.proceed(scope, b'}')? {
            return Ok(None);
        }
        self.expect(b'"')?;
        let start = self.at;
        let stop = self.plain_end(start)?;
        self.at = stop;
        self.expect(b'"')?;
        self.expect(b':')?;
        Ok(Some(&self.body[start..stop]))
    }

    fn list(&mut self) -> Result<Scope, Fault> {
        self.expect(b'[')?;
        self.depth.enter()?;
        Ok(Scope { first: true, left: None })
    }

    fn element(&mut self, scope: &mut Scope) -> Result<bool, Fault> {
        self.proceed(scope, b']')
    }

    fn skip(&mut self) -> Result<(), Fault> {
        match self.peek()? {
            Kind::Null | Kind::True | Kind::False => self.simple(),
            Kind::Number => self.number().map(|_| ()),
            Kind::List => {
                let mut scope = self.list()?;
                while self.element(&mut scope)? {
                    self.skip()?;
                }
                Ok(())
            }
            Kind::Map => {
                let mut scope = self.map()?;
                while self.proceed(&mut scope, b'}')? {
                    self.skip_text()?;
                    self.expect(b':')?;
                    self.skip()?;
                }
                Ok(())
            }
            Kind::Text | Kind::Bytes | Kind::Tagged => self.skip_text(),
        }
    }

    fn finish(&mut self) -> Result<(), Fault> {
        self.space();
        if self.at == self.body.len() { Ok(()) } else { Err(Fault::Trailing { at: self.at }) }
    }
}

impl<'a> JsonReader<'a> {
    fn unexpected(&self) -> Fault {
        if self.at >= self.body.len() { Fault::Ended } else { Fault::Unexpected { at: self.at } }
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.body.get(self.at) {
            self.at += 1;
        }
    }

    /// The next byte that is no space; it is not taken.
    #[inline]
    fn next_byte(&mut self) -> Result<u8, Fault> {
        self.space();
        self.body.get(self.at).copied().ok_or(Fault::Ended)
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.next_byte()? != byte {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    /// Whether something follows in a list or map; takes the comma before it, or the end.
    #[inline]
    fn proceed(&mut self, scope: &mut Scope, end: u8) -> Result<bool, Fault> {
        let byte = self.next_byte()?;
        let first = std::mem::replace(&mut scope.first, false);
        if byte == end {
            self.at += 1;
            self.depth.leave();
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
            // `{"a":1,}` must not pass: what follows a comma is no end.
            if self.next_byte()? == end {
                return Err(self.unexpected());
            }
        }
        Ok(true)
    }

    /// Where the text that starts at `from` first has a quote or a backslash. A control character is a fault.
    #[inline]
    fn plain_end(&self, from: usize) -> Result<usize, Fault> {
        let mut at = from;
        let (chunks, _) = self.body[from..].as_chunks::<8>();
        for chunk in chunks {
            let special = specials(u64::from_le_bytes(*chunk));
            if special != 0 {
                at += (special.trailing_zeros() / 8) as usize;
                return self.plain_stop(at);
            }
            at += 8;
        }
        while let Some(byte) = self.body.get(at) {
            if matches!(byte, b'"' | b'\\' | 0..=0x1f) {
                return self.plain_stop(at);
            }
            at += 1;
        }
        Err(Fault::Ended)
    }

    #[inline]
    fn plain_stop(&self, at: usize) -> Result<usize, Fault> {
        if self.body[at] < 0x20 { Err(Fault::InvalidText { at }) } else { Ok(at) }
    }

    /// Text that begins at `start` and whose first backslash is at `stop`.
    #[cold]
    fn escaped_text(&mut self, start: usize, mut stop: usize) -> Result<String, Fault> {
        let mut text = Vec::with_capacity(stop - start + 16);
        let mut plain = start;
        loop {
            text.extend_from_slice(&self.body[plain..stop]);
            self.at = stop + 1;
            if self.body[stop] == b'"' {
                return String::from_utf8(text).map_err(|_| Fault::InvalidText { at: start });
            }
            let mut utf8 = [0; 4];
            text.extend_from_slice(self.escape()?.encode_utf8(&mut utf8).as_bytes());
            plain = self.at;
            stop = self.plain_end(plain)?;
        }
    }

    /// Takes what follows a backslash.
    fn escape(&mut self) -> Result<char, Fault> {
        let at = self.at;
        let byte = *self.body.get(at).ok_or(Fault::Ended)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(at),
            _ => return Err(Fault::InvalidText { at }),
        })
    }

    /// Takes the four digits after `\u`, and the second half of a surrogate pair with them.
    fn unicode_escape(&mut self, at: usize) -> Result<char, Fault> {
        let high = self.four_digits()?;
        let mut code = high;
        if (0xd800..0xdc00).contains(&high) {
            if self.body.get(self.at..self.at + 2) != Some(b"\\u") {
                return Err(Fault::InvalidText { at });
            }
            self.at += 2;
            let low = self.four_digits()?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(Fault::InvalidText { at });
            }
            code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        }
        // A lone low half is no character.
        char::from_u32(code).ok_or(Fault::InvalidText { at })
    }

    fn four_digits(&mut self) -> Result<u32, Fault> {
        let digits = self.body.get(self.at..self.at + 4).ok_or(Fault::Ended)?;
        let mut code = 0;
        for digit in digits {
            let value = char::from(*digit).to_digit(16);
            code = code * 16 + value.ok_or(Fault::InvalidText { at: self.at })?;
        }
        self.at += 4;
        Ok(code)
    }

    /// Takes text, checked but not kept: escapes are not put together.
    fn skip_text(&mut self) -> Result<(), Fault> {
        self.expect(b'"')?;
        loop {
            let start = self.at;
            let stop = self.plain_end(start)?;
            if std::str::from_utf8(&self.body[start..stop]).is_err() {
                return Err(Fault::InvalidText { at: start });
            }
            self.at = stop + 1;
            if self.body[stop] == b'"' {
                return Ok(());
            }
            self.escape()?;
        }
    }

    /// Takes a number; whether it has neither fraction nor exponent.
    fn number_end(&mut self) -> Result<bool, Fault> {
        if self.body.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        let leading = self.at;
        let digits = self.digits()?;
        if digits > 1 && self.body[leading] == b'0' {
            return Err(Fault::InvalidNumber { at: leading });
        }
        let mut whole = true;
        if self.body.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
            whole = false;
        }
        if let Some(b'e' | b'E') = self.body.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.body.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
            whole = false;
        }
        Ok(whole)
    }

    /// Takes one digit or more; how many.
    fn digits(&mut self) -> Result<usize, Fault> {
        let rest = &self.body[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.unexpected());
        }
        self.at += count;
        Ok(count)
    }
}

/// The lowest bit set is the top bit of the first byte that is a quote, a backslash or a control character.
#[inline]
fn specials(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let zero = |x: u64| x.wrapping_sub(ONES) & !x;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (zero(quote) | zero(backslash) | control) & TOPS
}
