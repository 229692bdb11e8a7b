//! An object's file: its bytes, then its record, then a footer of fixed size (`docs/formats/buckets.md`).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use millstream_types::Millis;
use minicbor::{Decode, Encode};

use crate::attributes::{Attributes, Checksum, ETag, ObjectInfo};
use crate::error::{Error, Result};
use crate::limits::RECORD_BYTES_MAX;
use crate::names::Key;

/// Ends each file; the last byte is the version.
const MAGIC: [u8; 8] = *b"MSOBJCT\x01";
/// Size, length of the record, checksum, magic.
const FOOTER_BYTES: usize = 8 + 4 + 4 + MAGIC.len();
/// Bytes at a file's end that are read at first: most records fit.
const TAIL_BYTES: usize = 2048;

#[derive(Encode, Decode)]
struct Record {
    #[n(0)]
    key: String,
    #[n(1)]
    modified_ms: u64,
    #[cbor(n(2), with = "minicbor::bytes")]
    md5: Vec<u8>,
    #[n(3)]
    parts: Option<u32>,
    #[n(4)]
    attributes: Attributes,
    #[n(5)]
    checksum: Option<Checksum>,
}

/// What goes behind an object's bytes.
pub(crate) fn tail_of(info: &ObjectInfo) -> Vec<u8> {
    let record = Record {
        key: info.key.as_str().to_owned(),
        modified_ms: info.modified.0,
        md5: info.etag.md5.to_vec(),
        parts: info.etag.parts,
        attributes: info.attributes.clone(),
        checksum: info.checksum.clone(),
    };
    // Writing to memory cannot fail.
    let mut tail = minicbor::to_vec(&record).unwrap_or_default();
    let length = tail.len() as u32;
    tail.extend_from_slice(&info.size.to_le_bytes());
    tail.extend_from_slice(&length.to_le_bytes());
    tail.extend_from_slice(&crc32c::crc32c(&tail).to_le_bytes());
    tail.extend_from_slice(&MAGIC);
    tail
}

/// Reads what a file says of its object.
pub(crate) fn read(file: &File, path: &Path) -> Result<ObjectInfo> {
    let reading = || Error::io("reading an object's record");
    let length = file.metadata().map_err(reading())?.len();
    let damaged = || Error::Damaged { path: path.display().to_string() };
    let mut tail = read_tail(file, length, TAIL_BYTES).map_err(reading())?;
    let needed = tail_bytes(&tail).ok_or_else(damaged)?;
    if needed > tail.len() {
        tail = read_tail(file, length, needed).map_err(reading())?;
    }
    parse(&tail, length).ok_or_else(damaged)
}

fn read_tail(file: &File, length: u64, bytes: usize) -> io::Result<Vec<u8>> {
    let mut tail = vec![0; length.min(bytes as u64) as usize];
    let offset = length - tail.len() as u64;
    file.read_exact_at(&mut tail, offset)?;
    Ok(tail)
}

/// How long record and footer are, as the footer says.
fn tail_bytes(tail: &[u8]) -> Option<usize> {
    let footer: &[u8; FOOTER_BYTES] = tail.last_chunk()?;
    let length = u32::from_le_bytes(*footer[8..].first_chunk()?) as usize;
    (footer.ends_with(&MAGIC) && length <= RECORD_BYTES_MAX).then_some(length + FOOTER_BYTES)
}

/// Reads the end of a file of `length` bytes.
fn parse(tail: &[u8], length: u64) -> Option<ObjectInfo> {
    let own = tail.get(tail.len().checked_sub(tail_bytes(tail)?)?..)?;
    let (record, footer) = own.split_at(own.len() - FOOTER_BYTES);
    let size = u64::from_le_bytes(*footer.first_chunk()?);
    let checksum = u32::from_le_bytes(*footer[12..].first_chunk()?);
    let intact = crc32c::crc32c(&own[..record.len() + 12]) == checksum;
    if !intact || size.checked_add(own.len() as u64) != Some(length) {
        return None;
    }
    let record: Record = minicbor::decode(record).ok()?;
    Some(ObjectInfo {
        key: record.key.parse::<Key>().ok()?,
        size,
        modified: Millis(record.modified_ms),
        etag: ETag { md5: record.md5.try_into().ok()?, parts: record.parts },
        attributes: record.attributes,
        checksum: record.checksum,
    })
}

/// Reads any bytes as an object's file; for fuzzing.
pub fn fuzz_record(input: &[u8]) {
    if let Some(info) = parse(input, input.len() as u64) {
        let again = [&input[..info.size as usize], &tail_of(&info)].concat();
        assert_eq!(parse(&again, again.len() as u64), Some(info));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info() -> ObjectInfo {
        ObjectInfo {
            key: "a/b".parse().unwrap(),
            size: 3,
            modified: Millis(1_700_000_000_123),
            etag: ETag { md5: [7; 16], parts: Some(2) },
            attributes: Attributes {
                content_type: Some("text/plain".into()),
                metadata: vec![("k".into(), "v".repeat(1500))],
                ..Attributes::default()
            },
            checksum: Some(Checksum {
                algorithm: "CRC32".into(),
                value: "AAAAAA==".into(),
                full_object: true,
            }),
        }
    }

    #[test]
    fn a_file_says_what_its_object_is() {
        let file = [b"abc".as_slice(), &tail_of(&info())].concat();
        assert_eq!(parse(&file, file.len() as u64), Some(info()));
        fuzz_record(&file);
    }

    #[test]
    fn a_file_with_a_byte_changed_or_missing_is_none() {
        let tail = tail_of(&info());
        let file = [b"abc".as_slice(), &tail].concat();
        for at in 3..file.len() {
            let mut bad = file.clone();
            bad[at] ^= 1;
            assert_eq!(parse(&bad, bad.len() as u64), None, "byte {at}");
        }
        for cut in 0..file.len() {
            assert_eq!(parse(&file[cut + 1..], (file.len() - cut - 1) as u64), None, "{cut}");
            assert_eq!(parse(&file[..cut], cut as u64), None, "{cut}");
        }
    }
}
