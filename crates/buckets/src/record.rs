//! An object's file: its bytes, then its record, then a footer of fixed size (`docs/formats/buckets.md`). Of a sealed
//! file the bytes are chunks and the record is sealed too.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use millstream_types::Millis;
use millstream_vault::{ChunkOpener, ChunkSealer, DataKey, FILE_SALT_BYTES};
use minicbor::{Decode, Encode};

use crate::attributes::{Attributes, Checksum, ETag, ObjectInfo};
use crate::encryption::{Sealed, sealed_bytes};
use crate::error::{Error, Result};
use crate::limits::RECORD_BYTES_MAX;
use crate::names::Key;

/// Ends each file; the last byte is the version, which says whether it is sealed.
const MAGIC: [u8; 8] = *b"MSOBJCT\x01";
const SEALED_MAGIC: [u8; 8] = *b"MSOBJCT\x02";
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
    #[n(6)]
    sealing: Option<Sealing>,
}

/// What the record of a sealed file says of that.
#[derive(Encode, Decode)]
struct Sealing {
    #[n(0)]
    sealed: Sealed,
    #[cbor(n(1), with = "minicbor::bytes")]
    salt: Vec<u8>,
    /// Bytes in the clear.
    #[n(2)]
    size: u64,
}

/// What lies in place of a sealed file's record.
#[derive(Encode, Decode)]
struct SealedRecord {
    /// The record.
    #[cbor(n(0), with = "minicbor::bytes")]
    said: Vec<u8>,
    /// The end: the checksum, sealed, with a tag that covers the record.
    #[cbor(n(1), with = "minicbor::bytes")]
    end: Vec<u8>,
}

/// What opens a sealed file, with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) salt: [u8; FILE_SALT_BYTES],
    said: Vec<u8>,
    sealed: Vec<u8>,
}

impl End {
    /// The checksum, if the file and what it says are what was sealed.
    pub(crate) fn open(&self, opener: &ChunkOpener) -> Option<Option<Checksum>> {
        minicbor::decode(&opener.open_end(&self.said, &self.sealed)?).ok()
    }
}

/// What goes behind an object's bytes.
pub(crate) fn tail_of(info: &ObjectInfo) -> Vec<u8> {
    let said = said_of(info, info.checksum.clone(), None);
    with_footer(said, info.size, MAGIC)
}

/// What goes behind the last chunk of an object that lies in `bytes` bytes.
pub(crate) fn sealed_tail_of(info: &ObjectInfo, bytes: u64, sealer: ChunkSealer) -> Vec<u8> {
    let salt = sealer.salt().to_vec();
    let sealed = info.sealed.as_deref().cloned();
    let sealing = sealed.map(|sealed| Sealing { sealed, salt, size: info.size });
    let said = said_of(info, None, sealing);
    // Writing to memory cannot fail.
    let secret = minicbor::to_vec(&info.checksum).unwrap_or_default();
    let end = sealer.finish(&said, secret);
    with_footer(
        minicbor::to_vec(SealedRecord { said, end }).unwrap_or_default(),
        bytes,
        SEALED_MAGIC,
    )
}

fn said_of(info: &ObjectInfo, checksum: Option<Checksum>, sealing: Option<Sealing>) -> Vec<u8> {
    let record = Record {
        key: info.key.as_str().to_owned(),
        modified_ms: info.modified.0,
        md5: info.etag.md5.to_vec(),
        parts: info.etag.parts,
        attributes: info.attributes.clone(),
        checksum,
        sealing,
    };
    // Writing to memory cannot fail.
    minicbor::to_vec(&record).unwrap_or_default()
}

fn with_footer(mut tail: Vec<u8>, bytes: u64, magic: [u8; 8]) -> Vec<u8> {
    let length = tail.len() as u32;
    tail.extend_from_slice(&bytes.to_le_bytes());
    tail.extend_from_slice(&length.to_le_bytes());
    tail.extend_from_slice(&crc32c::crc32c(&tail).to_le_bytes());
    tail.extend_from_slice(&magic);
    tail
}

/// Reads what a file says of its object, and what opens it if it is sealed.
pub(crate) fn read(file: &File, path: &Path) -> Result<(ObjectInfo, Option<End>)> {
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
    let known = [MAGIC, SEALED_MAGIC].iter().any(|magic| footer.ends_with(magic));
    (known && length <= RECORD_BYTES_MAX).then_some(length + FOOTER_BYTES)
}

/// Reads the end of a file of `length` bytes.
fn parse(tail: &[u8], length: u64) -> Option<(ObjectInfo, Option<End>)> {
    let own = tail.get(tail.len().checked_sub(tail_bytes(tail)?)?..)?;
    let (record, footer) = own.split_at(own.len() - FOOTER_BYTES);
    let bytes = u64::from_le_bytes(*footer.first_chunk()?);
    let checksum = u32::from_le_bytes(*footer[12..].first_chunk()?);
    let intact = crc32c::crc32c(&own[..record.len() + 12]) == checksum;
    if !intact || bytes.checked_add(own.len() as u64) != Some(length) {
        return None;
    }
    if !footer.ends_with(&SEALED_MAGIC) {
        let record: Record = minicbor::decode(record).ok()?;
        let in_the_clear = record.sealing.is_none();
        return Some((info_of(record, bytes)?, None)).filter(|_| in_the_clear);
    }
    let SealedRecord { said, end } = minicbor::decode(record).ok()?;
    let record: Record = minicbor::decode(&said).ok()?;
    let sealing = record.sealing.as_ref()?;
    let (size, salt) = (sealing.size, sealing.salt.as_slice().try_into().ok()?);
    if sealed_bytes(size) != Some(bytes) {
        return None;
    }
    Some((info_of(record, size)?, Some(End { salt, said, sealed: end })))
}

fn info_of(record: Record, size: u64) -> Option<ObjectInfo> {
    Some(ObjectInfo {
        key: record.key.parse::<Key>().ok()?,
        size,
        modified: Millis(record.modified_ms),
        etag: ETag { md5: record.md5.try_into().ok()?, parts: record.parts },
        attributes: record.attributes,
        checksum: record.checksum,
        sealed: record.sealing.map(|sealing| Box::new(sealing.sealed)),
    })
}

/// Reads any bytes as an object's file; for fuzzing.
pub fn fuzz_record(input: &[u8]) {
    let Some((info, end)) = parse(input, input.len() as u64) else { return };
    let Some(end) = end else {
        let again = [&input[..info.size as usize], &tail_of(&info)].concat();
        assert_eq!(parse(&again, again.len() as u64), Some((info, None)));
        return;
    };
    // Without the key nothing can be made that opens.
    let opener = ChunkOpener::new(&DataKey::new([7; 32]), "fuzz", &end.salt);
    assert!(end.open(&opener).is_none());
    assert!(sealed_bytes(info.size).is_some_and(|bytes| bytes < input.len() as u64));
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
            sealed: None,
        }
    }

    /// The file of an object of one chunk.
    fn sealed_file() -> (ObjectInfo, Vec<u8>) {
        let sealed = Sealed {
            key_arn: Some("arn:aws:kms:us-east-1:000000000007:key/k".into()),
            master: "local:000000000007/k".into(),
            wrapped: vec![1; 81],
            account: 7,
            region: "us-east-1".into(),
            bucket_key: false,
        };
        let info = ObjectInfo { sealed: Some(Box::new(sealed)), ..info() };
        let mut sealer = sealer();
        let mut file = b"abc".to_vec();
        sealer.seal(&mut file);
        let bytes = file.len() as u64;
        file.extend(sealed_tail_of(&info, bytes, sealer));
        (info, file)
    }

    fn key() -> DataKey {
        DataKey::new([3; 32])
    }

    fn sealer() -> ChunkSealer {
        ChunkSealer::new(&key(), "object", &millstream_types::SeededRandom::new(1))
    }

    #[test]
    fn a_sealed_file_says_all_but_the_checksum() {
        let (info, file) = sealed_file();
        let (said, end) = parse(&file, file.len() as u64).unwrap();
        assert_eq!(said, ObjectInfo { checksum: None, ..info.clone() });
        let end = end.unwrap();
        let opener = ChunkOpener::new(&key(), "object", &end.salt);
        assert_eq!(end.open(&opener), Some(info.checksum));
        assert_eq!(end.open(&ChunkOpener::new(&key(), "part 1", &end.salt)), None);
        assert!(!file.windows(8).any(|bytes| bytes == b"AAAAAA=="));
        fuzz_record(&file);
        // The same with another version is nothing.
        let at = file.len() - 1;
        for version in [1, 3] {
            let mut other = file.clone();
            other[at] = version;
            assert_eq!(parse(&other, other.len() as u64), None);
        }
    }

    #[test]
    fn what_a_sealed_file_says_cannot_be_changed_by_who_knows_how_to_write_one() {
        let (info, file) = sealed_file();
        let (_, end) = parse(&file, file.len() as u64).unwrap();
        let end = end.unwrap();
        let opener = ChunkOpener::new(&key(), "object", &end.salt);
        let other_name = info.sealed.clone().map(|mut sealed| {
            sealed.key_arn = None;
            sealed
        });
        for changed in [
            ObjectInfo { size: 4, ..info.clone() },
            ObjectInfo { key: "a/c".parse().unwrap(), ..info.clone() },
            ObjectInfo { attributes: Attributes::default(), ..info.clone() },
            ObjectInfo { etag: ETag { md5: [8; 16], parts: None }, ..info.clone() },
            ObjectInfo { modified: Millis(1), ..info.clone() },
            ObjectInfo { sealed: other_name, ..info.clone() },
        ] {
            let sealing = changed.sealed.as_deref().cloned().map(|sealed| Sealing {
                sealed,
                salt: end.salt.to_vec(),
                size: changed.size,
            });
            let said = said_of(&changed, None, sealing);
            assert_ne!(said, end.said);
            assert_eq!(End { said, ..end.clone() }.open(&opener), None, "{changed:?}");
        }
    }

    #[test]
    fn a_file_says_what_its_object_is() {
        let file = [b"abc".as_slice(), &tail_of(&info())].concat();
        assert_eq!(parse(&file, file.len() as u64), Some((info(), None)));
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
