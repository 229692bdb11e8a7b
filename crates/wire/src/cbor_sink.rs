//! Writing CBOR: maps and lists of indefinite length, as AWS's own encoder does, strings of definite length.

use millstream_api::Sink;
use millstream_types::Millis;

/// Writes CBOR.
#[derive(Debug, Default)]
pub(crate) struct CborSink {
    out: Vec<u8>,
}

/// Begins a map of indefinite length.
pub(crate) const BEGIN_MAP: u8 = 0xbf;
/// Begins a list of indefinite length.
pub(crate) const BEGIN_LIST: u8 = 0x9f;
/// Ends either.
pub(crate) const END: u8 = 0xff;
/// A number of 64 bits that may have a fraction follows.
const DOUBLE: u8 = 0xfb;
/// A point in time follows.
const TAG_EPOCH: u8 = 0xc1;

/// Major type of whole numbers from 0.
const UNSIGNED: u8 = 0;
/// Major type of whole numbers below 0.
const NEGATIVE: u8 = 1 << 5;
/// Major type of byte strings.
pub(crate) const BYTES: u8 = 2 << 5;
/// Major type of text.
pub(crate) const TEXT: u8 = 3 << 5;

impl CborSink {
    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }
}

impl Sink for CborSink {
    fn begin_map(&mut self) {
        self.out.push(BEGIN_MAP);
    }

    fn key(&mut self, key: &str) {
        write_text(&mut self.out, key);
    }

    fn end_map(&mut self) {
        self.out.push(END);
    }

    fn begin_list(&mut self) {
        self.out.push(BEGIN_LIST);
    }

    fn end_list(&mut self) {
        self.out.push(END);
    }

    fn text(&mut self, text: &str) {
        write_text(&mut self.out, text);
    }

    fn integer(&mut self, number: i64) {
        match u64::try_from(number) {
            Ok(number) => write_head(&mut self.out, UNSIGNED, number),
            // -1 - n, which is what the argument stands for, is the complement.
            Err(_) => write_head(&mut self.out, NEGATIVE, !number as u64),
        }
    }

    fn double(&mut self, number: f64) {
        self.out.push(DOUBLE);
        self.out.extend_from_slice(&number.to_be_bytes());
    }

    fn boolean(&mut self, value: bool) {
        self.out.push(if value { 0xf5 } else { 0xf4 });
    }

    fn timestamp(&mut self, at: Millis) {
        write_timestamp(&mut self.out, at);
    }

    fn blob(&mut self, bytes: &[u8]) {
        write_head(&mut self.out, BYTES, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }
}

/// Writes the first bytes of an item.
pub(crate) fn write_head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let bytes = argument.to_be_bytes();
    match head_length(argument) {
        1 => out.push(major | argument as u8),
        2 => out.extend_from_slice(&[major | 24, bytes[7]]),
        3 => out.extend_from_slice(&[major | 25, bytes[6], bytes[7]]),
        5 => {
            out.push(major | 26);
            out.extend_from_slice(&bytes[4..]);
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&bytes);
        }
    }
}

/// How many bytes `write_head` writes.
pub(crate) fn head_length(argument: u64) -> usize {
    match argument {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Writes text.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    write_head(out, TEXT, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// How many bytes `write_text` writes.
pub(crate) fn text_length(text: &str) -> usize {
    head_length(text.len() as u64) + text.len()
}

/// Writes milliseconds behind tag 1, as the SDK for Java does, against the RFC.
pub(crate) fn write_timestamp(out: &mut Vec<u8>, at: Millis) {
    out.push(TAG_EPOCH);
    write_head(out, UNSIGNED, at.0);
}

/// How many bytes `write_timestamp` writes.
pub(crate) fn timestamp_length(at: Millis) -> usize {
    1 + head_length(at.0)
}
