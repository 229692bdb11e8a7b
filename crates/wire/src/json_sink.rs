//! Writing JSON.

use std::io::Write;

use base64_simd::STANDARD;
use millstream_api::Sink;
use millstream_types::Millis;

/// Writes JSON without spaces.
#[derive(Debug, Default)]
pub(crate) struct JsonSink {
    out: Vec<u8>,
    /// The next key or element needs a comma before it.
    comma: bool,
}

impl JsonSink {
    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    fn separate(&mut self) {
        if std::mem::replace(&mut self.comma, true) {
            self.out.push(b',');
        }
    }

    fn begin(&mut self, bracket: u8) {
        self.separate();
        self.out.push(bracket);
        self.comma = false;
    }

    fn end(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.comma = true;
    }
}

impl Sink for JsonSink {
    fn begin_map(&mut self) {
        self.begin(b'{');
    }

    fn key(&mut self, key: &str) {
        self.separate();
        write_text(&mut self.out, key);
        self.out.push(b':');
        self.comma = false;
    }

    fn end_map(&mut self) {
        self.end(b'}');
    }

    fn begin_list(&mut self) {
        self.begin(b'[');
    }

    fn end_list(&mut self) {
        self.end(b']');
    }

    fn text(&mut self, text: &str) {
        self.separate();
        write_text(&mut self.out, text);
    }

    fn integer(&mut self, number: i64) {
        self.separate();
        if number < 0 {
            self.out.push(b'-');
        }
        write_integer(&mut self.out, number.unsigned_abs());
    }

    fn double(&mut self, number: f64) {
        self.separate();
        // Never an exponent; writing to a Vec cannot fail.
        let _ = write!(self.out, "{number}");
    }

    fn boolean(&mut self, value: bool) {
        self.separate();
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn timestamp(&mut self, at: Millis) {
        self.separate();
        write_timestamp(&mut self.out, at);
    }

    fn blob(&mut self, bytes: &[u8]) {
        self.separate();
        self.out.push(b'"');
        STANDARD.encode_append(bytes, &mut self.out);
        self.out.push(b'"');
    }
}

/// Writes text in quotes, escaped where JSON asks for it.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if !has_specials(text) {
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let Some(escape) = escape(byte) else { continue };
        out.extend_from_slice(&text.as_bytes()[plain..at]);
        plain = at + 1;
        match escape {
            Escape::Short(letter) => out.extend_from_slice(&[b'\\', letter]),
            Escape::Code => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
            }
        }
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
    out.push(b'"');
}

/// How many bytes `write_text` writes.
pub(crate) fn text_length(text: &str) -> usize {
    if !has_specials(text) {
        return text.len() + 2;
    }
    let more = |byte| match escape(byte) {
        None => 0,
        Some(Escape::Short(_)) => 1,
        Some(Escape::Code) => 5,
    };
    text.len() + 2 + text.bytes().map(more).sum::<usize>()
}

enum Escape {
    Short(u8),
    Code,
}

/// Whether a byte of the text is escaped. Free of branches, so that the compiler scans many bytes at once.
fn has_specials(text: &str) -> bool {
    let special = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    text.bytes().fold(false, |found, byte| found | special(byte))
}

#[inline]
fn escape(byte: u8) -> Option<Escape> {
    match byte {
        b'"' | b'\\' => Some(Escape::Short(byte)),
        b'\n' => Some(Escape::Short(b'n')),
        b'\r' => Some(Escape::Short(b'r')),
        b'\t' => Some(Escape::Short(b't')),
        0..=0x1f => Some(Escape::Code),
        _ => None,
    }
}

/// Writes seconds since the epoch with up to three decimals, never an exponent: the SDK for Java once failed on one.
pub(crate) fn write_timestamp(out: &mut Vec<u8>, at: Millis) {
    write_integer(out, at.seconds());
    let ms = at.0 % 1000;
    if ms == 0 {
        return;
    }
    let digits = [ms / 100, ms / 10 % 10, ms % 10].map(|digit| b'0' + digit as u8);
    out.push(b'.');
    out.extend_from_slice(&digits[..decimals(ms)]);
}

fn write_integer(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// How many bytes `write_timestamp` writes.
pub(crate) fn timestamp_length(at: Millis) -> usize {
    let ms = at.0 % 1000;
    let whole = at.seconds().checked_ilog10().unwrap_or(0) as usize + 1;
    if ms == 0 { whole } else { whole + 1 + decimals(ms) }
}

fn decimals(ms: u64) -> usize {
    match ms {
        _ if ms.is_multiple_of(100) => 1,
        _ if ms.is_multiple_of(10) => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_no_exponent_and_no_trailing_zeros() {
        for (ms, text) in [
            (0, "0"),
            (1, "0.001"),
            (1_700_000_000_000, "1700000000"),
            (1_700_000_000_123, "1700000000.123"),
            (1_700_000_000_120, "1700000000.12"),
            (1_700_000_000_100, "1700000000.1"),
            (u64::MAX, "18446744073709551.615"),
        ] {
            let mut out = Vec::new();
            write_timestamp(&mut out, Millis(ms));
            assert_eq!(String::from_utf8(out).unwrap(), text);
            assert_eq!(timestamp_length(Millis(ms)), text.len());
        }
    }

    #[test]
    fn text_is_escaped_where_json_asks_for_it() {
        for (text, json) in [
            ("", r#""""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("\n\r\t\u{0}\u{1f}\u{7f}", "\"\\n\\r\\t\\u0000\\u001f\u{7f}\""),
            ("ä€😀", "\"ä€😀\""),
        ] {
            let mut out = Vec::new();
            write_text(&mut out, text);
            assert_eq!(text_length(text), out.len());
            assert_eq!(String::from_utf8(out).unwrap(), json);
        }
    }
}
