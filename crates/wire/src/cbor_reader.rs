//! Reading CBOR (RFC 8949): definite and indefinite lengths, maps with text keys.

use std::borrow::Cow;

use millstream_api::Blob;
use millstream_types::Millis;

use crate::fault::{Fault, Kind};
use crate::reader::{Depth, Number, Reader, Scope};

/// Pulls values out of CBOR.
pub(crate) struct CborReader<'a> {
    body: &'a [u8],
    at: usize,
    depth: Depth,
}

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const LIST: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;
/// The additional information that says "indefinite", or "break" of major type 7.
const INDEFINITE: u8 = 31;
const BREAK: u8 = SIMPLE << 5 | INDEFINITE;
/// Seconds since the epoch in the RFC; here, as AWS has it, milliseconds if it is a whole number.
const TAG_EPOCH: u64 = 1;

/// The first byte of an item and the argument after it.
struct Head {
    major: u8,
    info: u8,
    /// `None` for an indefinite length.
    argument: Option<u64>,
    at: usize,
}

impl<'a> Reader<'a> for CborReader<'a> {
    const BLOB: Kind = Kind::Bytes;

    fn new(body: &'a [u8]) -> Self {
        CborReader { body, at: 0, depth: Depth::default() }
    }

    fn peek(&mut self) -> Result<Kind, Fault> {
        let byte = *self.body.get(self.at).ok_or(Fault::Ended)?;
        match (byte >> 5, byte & 31) {
            (UNSIGNED | NEGATIVE, _) => Ok(Kind::Number),
            (BYTES, _) => Ok(Kind::Bytes),
            (TEXT, _) => Ok(Kind::Text),
            (LIST, _) => Ok(Kind::List),
            (MAP, _) => Ok(Kind::Map),
            (TAG, _) => Ok(Kind::Tagged),
            (_, 20) => Ok(Kind::False),
            (_, 21) => Ok(Kind::True),
            (_, 22 | 23) => Ok(Kind::Null),
            (_, 25..=27) => Ok(Kind::Number),
            _ => Err(Fault::Unexpected { at: self.at }),
        }
    }

    fn simple(&mut self) -> Result<(), Fault> {
        let head = self.head()?;
        match (head.major, head.info) {
            (SIMPLE, 20..=23) => Ok(()),
            _ => Err(Fault::Unexpected { at: head.at }),
        }
    }

    fn text(&mut self) -> Result<Cow<'a, str>, Fault> {
        let at = self.at;
        match self.string(TEXT)? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            // Each chunk was checked; together they are checked again, which costs what it must.
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        }
        .ok_or(Fault::InvalidText { at })
    }

    fn number(&mut self) -> Result<Number, Fault> {
        let head = self.head()?;
        let argument = head.argument.ok_or(Fault::Unexpected { at: head.at })?;
        Ok(match (head.major, head.info) {
            (UNSIGNED, _) => {
                i64::try_from(argument).map_or(Number::Float(argument as f64), Number::Integer)
            }
            (NEGATIVE, _) => i64::try_from(argument)
                .map_or(Number::Float(-1.0 - argument as f64), |n| Number::Integer(-1 - n)),
            (SIMPLE, 25) => Number::Float(half_to_double(argument as u16)),
            (SIMPLE, 26) => Number::Float(f32::from_bits(argument as u32).into()),
            (SIMPLE, 27) => Number::Float(f64::from_bits(argument)),
            _ => return Err(Fault::Unexpected { at: head.at }),
        })
    }

    #[inline]
    fn blob(&mut self) -> Result<Blob<'a>, Fault> {
        self.string(BYTES).map(Blob::Raw)
    }

    fn timestamp(&mut self) -> Result<Millis, Fault> {
        let at = self.at;
        if self.peek()? == Kind::Tagged && self.head()?.argument != Some(TAG_EPOCH) {
            return Err(Fault::Unexpected { at });
        }
        let time = match self.number()? {
            ms @ Number::Integer(_) => ms.to_millis(),
            // A fraction can only be of seconds, as the RFC has it and other encoders write it.
            seconds => seconds.seconds_to_millis(),
        };
        time.ok_or(Fault::InvalidNumber { at })
    }

    fn map(&mut self) -> Result<Scope, Fault> {
        self.open(MAP)
    }

    #[inline]
    fn key(&mut self, scope: &mut Scope) -> Result<Option<Cow<'a, str>>, Fault> {
        if self.element(scope)? { self.text().map(Some) } else { Ok(None) }
    }

    #[inline]
    fn plain_key(&mut self, scope: &mut Scope) -> Result<Option<&'a [u8]>, Fault> {
        if !self.element(scope)? {
            return Ok(None);
        }
        match self.string(TEXT)? {
            Cow::Borrowed(key) => Ok(Some(key)),
            Cow::Owned(_) => Err(Fault::Unexpected { at: self.at }),
        }
    }

    fn list(&mut self) -> Result<Scope, Fault> {
        self.open(LIST)
    }

    #[inline]
    fn element(&mut self, scope: &mut Scope) -> Result<bool, Fault> {
        let more = match &mut scope.left {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => {
                let more = *self.body.get(self.at).ok_or(Fault::Ended)? != BREAK;
                self.at += usize::from(!more);
                more
            }
        };
        if !more {
            self.depth.leave();
        }
        Ok(more)
    }

    fn skip(&mut self) -> Result<(), Fault> {
        match self.peek()? {
            Kind::Null | Kind::True | Kind::False => self.simple(),
            Kind::Number => self.number().map(|_| ()),
            Kind::Text => self.skip_string(TEXT),
            Kind::Bytes => self.skip_string(BYTES),
            Kind::List => {
                let mut scope = self.list()?;
                while self.element(&mut scope)? {
                    self.skip()?;
                }
                Ok(())
            }
            Kind::Map => {
                let mut scope = self.map()?;
                while self.element(&mut scope)? {
                    self.skip_string(TEXT)?;
                    self.skip()?;
                }
                Ok(())
            }
            Kind::Tagged => {
                self.head()?;
                self.depth.enter()?;
                self.skip()?;
                self.depth.leave();
                Ok(())
            }
        }
    }

    fn finish(&mut self) -> Result<(), Fault> {
        if self.at == self.body.len() { Ok(()) } else { Err(Fault::Trailing { at: self.at }) }
    }
}

impl<'a> CborReader<'a> {
    #[inline]
    fn head(&mut self) -> Result<Head, Fault> {
        let at = self.at;
        let byte = *self.body.get(at).ok_or(Fault::Ended)?;
        let (major, info) = (byte >> 5, byte & 31);
        self.at += 1;
        let argument = match info {
            0..=23 => Some(u64::from(info)),
            24..=27 => {
                let bytes = self.take(1 << (info - 24))?;
                let mut wide = [0; 8];
                wide[8 - bytes.len()..].copy_from_slice(bytes);
                Some(u64::from_be_bytes(wide))
            }
            INDEFINITE if matches!(major, BYTES | TEXT | LIST | MAP | SIMPLE) => None,
            _ => return Err(Fault::Unexpected { at }),
        };
        Ok(Head { major, info, argument, at })
    }

    #[inline]
    fn take(&mut self, length: u64) -> Result<&'a [u8], Fault> {
        let rest = &self.body[self.at..];
        let length = usize::try_from(length).map_err(|_| Fault::Ended)?;
        let bytes = rest.get(..length).ok_or(Fault::Ended)?;
        self.at += length;
        Ok(bytes)
    }

    fn open(&mut self, major: u8) -> Result<Scope, Fault> {
        let head = self.head()?;
        if head.major != major {
            return Err(Fault::Unexpected { at: head.at });
        }
        self.depth.enter()?;
        Ok(Scope { first: true, left: head.argument })
    }

    /// Takes a string of bytes or text. UTF-8 is checked for the chunks of text that comes in chunks only.
    #[inline]
    fn string(&mut self, major: u8) -> Result<Cow<'a, [u8]>, Fault> {
        let head = self.head()?;
        if head.major != major {
            return Err(Fault::Unexpected { at: head.at });
        }
        match head.argument {
            Some(length) => self.take(length).map(Cow::Borrowed),
            None => self.chunked(major),
        }
    }

    #[cold]
    fn chunked(&mut self, major: u8) -> Result<Cow<'a, [u8]>, Fault> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk(major)? {
            whole.extend_from_slice(chunk);
        }
        Ok(Cow::Owned(whole))
    }

    /// Takes the next chunk of a string in chunks; `None` at its end.
    fn chunk(&mut self, major: u8) -> Result<Option<&'a [u8]>, Fault> {
        let head = self.head()?;
        if head.major == SIMPLE && head.info == INDEFINITE {
            return Ok(None);
        }
        let Some(length) = head.argument.filter(|_| head.major == major) else {
            return Err(Fault::Unexpected { at: head.at });
        };
        let chunk = self.take(length)?;
        // A character may not be cut by the end of a chunk (RFC 8949, 3.2.3).
        if major == TEXT && std::str::from_utf8(chunk).is_err() {
            return Err(Fault::InvalidText { at: head.at });
        }
        Ok(Some(chunk))
    }

    fn skip_string(&mut self, major: u8) -> Result<(), Fault> {
        let head = self.head()?;
        if head.major != major {
            return Err(Fault::Unexpected { at: head.at });
        }
        let Some(length) = head.argument else {
            while self.chunk(major)?.is_some() {}
            return Ok(());
        };
        let bytes = self.take(length)?;
        if major == TEXT && std::str::from_utf8(bytes).is_err() {
            return Err(Fault::InvalidText { at: head.at });
        }
        Ok(())
    }
}

/// A 16-bit float (RFC 8949, appendix D).
fn half_to_double(half: u16) -> f64 {
    let exponent = i32::from(half >> 10 & 31);
    let mantissa = f64::from(half & 1023);
    let value = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2f64.powi(exponent - 25),
    };
    if half >> 15 == 1 { -value } else { value }
}
