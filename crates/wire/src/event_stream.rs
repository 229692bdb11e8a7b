//! AWS's event-stream framing (`application/vnd.amazon.eventstream`): messages with headers and checksums.
//!
//! A message: length of the whole (4 bytes), length of the headers (4), CRC32 of these eight bytes (4), headers,
//! payload, CRC32 of all that precedes (4); all big-endian. A header: length of the name (1), name, type (1), value.
//! Only texts (type 7: length (2), UTF-8) are written; every type is read.
//!
//! Source: the framing that AWS's SDKs share, as botocore's `eventstream` module and the SDK for Java read it.

use std::fmt;

/// `Content-Type` of a reply that is a stream of events.
pub const EVENT_STREAM_CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// Largest payload that is read, in bytes: 16 MiB, what AWS's clients accept.
pub const MESSAGE_PAYLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest headers that are read, in bytes: 128 KiB, what AWS's clients accept.
pub const MESSAGE_HEADERS_BYTES_MAX: usize = 128 * 1024;

const PRELUDE_BYTES: usize = 12;
const CRC_BYTES: usize = 4;
const TYPE_TEXT: u8 = 7;

/// Writes one message into a buffer: headers first, then the payload, then `finish`.
pub struct MessageWriter {
    out: Vec<u8>,
    headers_bytes: usize,
}

impl MessageWriter {
    /// Begins a message with these headers; names and values have fewer than 256 bytes. `payload_bytes` says how much
    /// room the payload will need.
    pub fn new(headers: &[(&str, &str)], payload_bytes: usize) -> Self {
        let headers_bytes: usize =
            headers.iter().map(|(name, value)| 1 + name.len() + 1 + 2 + value.len()).sum();
        let room = PRELUDE_BYTES + headers_bytes + payload_bytes + CRC_BYTES;
        let mut out = Vec::with_capacity(room);
        out.resize(PRELUDE_BYTES, 0);
        for (name, value) in headers {
            debug_assert!(name.len() < 256 && value.len() < 256);
            out.push(name.len() as u8);
            out.extend_from_slice(name.as_bytes());
            out.push(TYPE_TEXT);
            out.extend_from_slice(&(value.len() as u16).to_be_bytes());
            out.extend_from_slice(value.as_bytes());
        }
        MessageWriter { out, headers_bytes }
    }

    /// Where the payload is appended to.
    pub fn payload(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// The message, with its lengths and checksums.
    pub fn finish(mut self) -> Vec<u8> {
        let total = (self.out.len() + CRC_BYTES) as u32;
        self.out[..4].copy_from_slice(&total.to_be_bytes());
        self.out[4..8].copy_from_slice(&(self.headers_bytes as u32).to_be_bytes());
        let crc = crc32fast::hash(&self.out[..8]);
        self.out[8..12].copy_from_slice(&crc.to_be_bytes());
        let crc = crc32fast::hash(&self.out);
        self.out.extend_from_slice(&crc.to_be_bytes());
        self.out
    }
}

/// A message as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// The headers that are texts, in order; others are skipped.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The payload.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }
}

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageError {
    /// The lengths contradict each other or exceed what is read.
    Length,
    /// A checksum is wrong.
    Checksum,
    /// A header is malformed.
    Header,
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MessageError::Length => "the lengths of a message are wrong",
            MessageError::Checksum => "the checksum of a message is wrong",
            MessageError::Header => "a header of a message is malformed",
        })
    }
}

impl std::error::Error for MessageError {}

/// Reads the first message of `input`, and how many bytes it took; `None` if it is not complete yet.
pub fn read_message(input: &[u8]) -> Result<Option<(Message<'_>, usize)>, MessageError> {
    let Some(prelude) = input.first_chunk::<PRELUDE_BYTES>() else { return Ok(None) };
    let number = |at: usize| {
        u32::from_be_bytes([prelude[at], prelude[at + 1], prelude[at + 2], prelude[at + 3]])
    };
    let (total, headers_bytes) = (number(0) as usize, number(4) as usize);
    if crc32fast::hash(&prelude[..8]) != number(8) {
        return Err(MessageError::Checksum);
    }
    let payload_bytes = total
        .checked_sub(PRELUDE_BYTES + CRC_BYTES)
        .and_then(|rest| rest.checked_sub(headers_bytes))
        .ok_or(MessageError::Length)?;
    if headers_bytes > MESSAGE_HEADERS_BYTES_MAX || payload_bytes > MESSAGE_PAYLOAD_BYTES_MAX {
        return Err(MessageError::Length);
    }
    let Some(message) = input.get(..total) else { return Ok(None) };
    let (body, crc) = message.split_at(total - CRC_BYTES);
    if crc32fast::hash(body).to_be_bytes() != crc {
        return Err(MessageError::Checksum);
    }
    let (headers, payload) = body[PRELUDE_BYTES..].split_at(headers_bytes);
    let headers = read_headers(headers).ok_or(MessageError::Header)?;
    Ok(Some((Message { headers, payload }, total)))
}

fn read_headers(mut rest: &[u8]) -> Option<Vec<(&str, &str)>> {
    let mut headers = Vec::new();
    while let Some((length, after)) = rest.split_first() {
        let (name, after) = after.split_at_checked(usize::from(*length))?;
        let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty())?;
        let (kind, after) = after.split_first()?;
        // True, false, byte, short, integer, long, bytes, text, timestamp, UUID.
        let (bytes, after) = match kind {
            0 | 1 => (0, after),
            2 => (1, after),
            3 => (2, after),
            4 => (4, after),
            5 | 8 => (8, after),
            6 | 7 => {
                let (length, after) = after.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(*length)), after)
            }
            9 => (16, after),
            _ => return None,
        };
        let (value, after) = after.split_at_checked(bytes)?;
        if *kind == TYPE_TEXT {
            headers.push((name, std::str::from_utf8(value).ok()?));
        }
        rest = after;
    }
    Some(headers)
}

/// Reads any bytes as messages, one after another; for fuzzing. What is read and holds nothing but texts writes back to
/// the same bytes.
pub fn fuzz_event_stream(input: &[u8]) {
    let mut rest = input;
    while let Ok(Some((message, taken))) = read_message(rest) {
        let headers: Vec<_> = message.headers.clone();
        if headers.iter().all(|(name, value)| name.len() < 256 && value.len() < 256) {
            let mut writer = MessageWriter::new(&headers, message.payload.len());
            writer.payload().extend_from_slice(message.payload);
            let again = writer.finish();
            assert!(
                again.len() > taken || read_message(&again) == Ok(Some((message, again.len())))
            );
        }
        rest = &rest[taken..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
        let mut writer = MessageWriter::new(headers, payload.len());
        writer.payload().extend_from_slice(payload);
        writer.finish()
    }

    #[test]
    fn the_empty_message_has_the_bytes_that_the_sdks_test_with() {
        // The vector "empty_message" of AWS's own test suites.
        let expected = [
            0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98,
            0xc8, 0xff,
        ];
        assert_eq!(message(&[], b""), expected);
    }

    #[test]
    fn messages_read_back_one_after_another() {
        let mut bytes = message(&[(":message-type", "event"), (":event-type", "x")], b"payload");
        let first = bytes.len();
        bytes.extend(message(&[], b""));
        let (read, taken) = read_message(&bytes).unwrap().unwrap();
        assert_eq!(taken, first);
        assert_eq!((read.header(":event-type"), read.payload), (Some("x"), &b"payload"[..]));
        assert_eq!(read_message(&bytes[taken..]).unwrap().unwrap().1, 16);
    }

    #[test]
    fn a_piece_of_a_message_is_not_complete_and_a_flipped_bit_is_noticed() {
        let bytes = message(&[("a", "b")], b"c");
        for length in 0..bytes.len() {
            assert_eq!(read_message(&bytes[..length]), Ok(None), "{length}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read_message(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn headers_of_every_type_are_skipped_or_read() {
        let mut headers = Vec::new();
        for (kind, value) in [
            (0, &[][..]),
            (2, &[1]),
            (3, &[1, 2]),
            (4, &[1, 2, 3, 4]),
            (5, &[0; 8]),
            (6, &[0, 2, 9, 9]),
            (7, &[0, 1, b'v']),
            (8, &[0; 8]),
            (9, &[0; 16]),
        ] {
            headers.extend([1, b'h', kind]);
            headers.extend_from_slice(value);
        }
        assert_eq!(read_headers(&headers), Some(vec![("h", "v")]));
        assert_eq!(read_headers(&[1, b'h', 10]), None);
        assert_eq!(read_headers(&[1, b'h', 7, 0, 5, b'v']), None);
        assert_eq!(read_headers(&[0, 0]), None);
    }
}
