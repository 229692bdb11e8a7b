//! The table of records inside a block: what the payload of a stream's log batch holds.
//!
//! Owns: the layout (drawn in `docs/formats/records.md`), its writer and its reader, and the envelope of an encrypted
//! block around the same table.
//! Must never: know which log or shard a block belongs to beyond what a caller binds a sealed one to, keep a key, or
//! copy a record to read it.
#![forbid(unsafe_code)]

mod envelope;

use std::ops::Range;

pub use envelope::{
    DATA_KEY_BYTES, OpenError, Place, SALT_BYTES, SEALED_BYTES, SEALS_MAX, SealedHeader, Sealer,
    Spent, fuzz_sealed, open, plain_part, sealed_header,
};

/// Bytes before the table.
pub const HEADER_BYTES: usize = 8;
/// Bytes of a table entry.
pub const ENTRY_BYTES: usize = 8;
/// Longest partition key in bytes: 256 characters of four bytes each.
pub const KEY_BYTES_MAX: usize = 1024;

const VERSION: u8 = 1;
const CODEC_NONE: u8 = 0;
const FLAG_HAS_KEY: u16 = 1;

/// The exact size of a payload that holds `count` records whose keys and data have `content_bytes` together.
pub fn payload_bytes(count: usize, content_bytes: usize) -> usize {
    HEADER_BYTES + count * ENTRY_BYTES + content_bytes
}

/// Writes records into a payload, one after another.
pub struct BlockWriter<'a> {
    table: &'a mut [u8],
    content: &'a mut [u8],
}

impl<'a> BlockWriter<'a> {
    /// Begins a block of `count` records in `payload`, whose size is that of [`payload_bytes`].
    pub fn new(payload: &'a mut [u8], count: usize) -> Self {
        let (header, rest) = payload.split_at_mut(HEADER_BYTES);
        header.copy_from_slice(&[VERSION, CODEC_NONE, 0, 0, 0, 0, 0, 0]);
        let (table, content) = rest.split_at_mut(count * ENTRY_BYTES);
        BlockWriter { table, content }
    }

    /// Adds a record and returns the place for its data.
    pub fn push(&mut self, key: Option<&[u8]>, data_bytes: usize) -> &mut [u8] {
        let key_bytes = key.map_or(0, <[u8]>::len);
        debug_assert!(key_bytes <= KEY_BYTES_MAX);
        let (entry, table) = std::mem::take(&mut self.table).split_at_mut(ENTRY_BYTES);
        self.table = table;
        entry[..4].copy_from_slice(&(data_bytes as u32).to_le_bytes());
        entry[4..6].copy_from_slice(&(key_bytes as u16).to_le_bytes());
        let flags = if key.is_some() { FLAG_HAS_KEY } else { 0 };
        entry[6..].copy_from_slice(&flags.to_le_bytes());
        let (place, content) =
            std::mem::take(&mut self.content).split_at_mut(key_bytes + data_bytes);
        self.content = content;
        let (key_place, data_place) = place.split_at_mut(key_bytes);
        key_place.copy_from_slice(key.unwrap_or_default());
        data_place
    }

    /// Whether the block is full, as it must be before it is appended.
    pub fn is_complete(&self) -> bool {
        self.table.is_empty() && self.content.is_empty()
    }
}

/// Why a payload cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockError {
    /// A version or codec of a later release.
    UnknownFormat {
        /// The version byte.
        version: u8,
        /// The codec byte.
        codec: u8,
    },
    /// The sizes in the table do not add up to the payload.
    SizesDisagree,
}

impl std::fmt::Display for BlockError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BlockError::UnknownFormat { version, codec } => {
                write!(f, "a block of records has the unknown version {version} or codec {codec}")
            }
            BlockError::SizesDisagree => {
                f.write_str("the sizes in a block of records do not add up")
            }
        }
    }
}

impl std::error::Error for BlockError {}

/// Where a record lies in its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPlace {
    /// The partition key, if it was put with one.
    pub key: Option<Range<u32>>,
    /// The data.
    pub data: Range<u32>,
}

/// The records of a payload, in order.
pub struct Records<'a> {
    table: std::slice::ChunksExact<'a, u8>,
    at: usize,
}

/// Reads a payload of `count` records; its sizes are checked before anything is yielded.
pub fn records(payload: &[u8], count: u32) -> Result<Records<'_>, BlockError> {
    let count = count as usize;
    let content_at =
        count.checked_mul(ENTRY_BYTES).and_then(|table| table.checked_add(HEADER_BYTES));
    let content_at =
        content_at.filter(|at| *at <= payload.len()).ok_or(BlockError::SizesDisagree)?;
    if payload[0] != VERSION || payload[1] != CODEC_NONE {
        return Err(BlockError::UnknownFormat { version: payload[0], codec: payload[1] });
    }
    let table = payload[HEADER_BYTES..content_at].chunks_exact(ENTRY_BYTES);
    let content: u64 = table.clone().map(entry_bytes).sum();
    if content != (payload.len() - content_at) as u64 || payload.len() > u32::MAX as usize {
        return Err(BlockError::SizesDisagree);
    }
    Ok(Records { table, at: content_at })
}

fn entry_bytes(entry: &[u8]) -> u64 {
    let (data, key, _) = read_entry(entry);
    data as u64 + key as u64
}

fn read_entry(entry: &[u8]) -> (usize, usize, u16) {
    let data = u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]);
    let key = u16::from_le_bytes([entry[4], entry[5]]);
    (data as usize, key.into(), u16::from_le_bytes([entry[6], entry[7]]))
}

impl Iterator for Records<'_> {
    type Item = RecordPlace;

    fn next(&mut self) -> Option<RecordPlace> {
        let (data_bytes, key_bytes, flags) = read_entry(self.table.next()?);
        let (key_end, start) = (self.at + key_bytes, self.at);
        self.at = key_end + data_bytes;
        let key = (flags & FLAG_HAS_KEY != 0).then_some(start as u32..key_end as u32);
        Some(RecordPlace { key, data: key_end as u32..self.at as u32 })
    }
}

/// Reads any bytes as a payload; for fuzzing.
pub fn fuzz_records(input: &[u8]) {
    let Some((count, payload)) = input.split_first_chunk::<4>() else { return };
    if let Ok(records) = records(payload, u32::from_le_bytes(*count)) {
        for place in records {
            assert!(place.data.start <= place.data.end && place.data.end as usize <= payload.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(entries: &[(Option<&str>, &[u8])]) -> Vec<u8> {
        let content = entries.iter().map(|(key, data)| key.map_or(0, str::len) + data.len()).sum();
        let mut payload = vec![0xee; payload_bytes(entries.len(), content)];
        let mut writer = BlockWriter::new(&mut payload, entries.len());
        for (key, data) in entries {
            writer.push(key.map(str::as_bytes), data.len()).copy_from_slice(data);
        }
        assert!(writer.is_complete());
        payload
    }

    #[test]
    fn the_layout_is_the_drawn_one() {
        let golden = [
            &[1, 0, 0, 0, 0, 0, 0, 0][..],
            &[2, 0, 0, 0, 1, 0, 1, 0],
            &[0, 0, 0, 0, 0, 0, 0, 0],
            b"kab",
        ];
        assert_eq!(block(&[(Some("k"), b"ab"), (None, b"")]), golden.concat());
    }

    #[test]
    fn records_read_back_where_they_were_written() {
        let payload = block(&[(Some("key"), b"data"), (None, b"x"), (Some(""), b"")]);
        let read: Vec<_> = records(&payload, 3).unwrap().collect();
        let slice = |range: &Range<u32>| &payload[range.start as usize..range.end as usize];
        assert_eq!(read[0].key.as_ref().map(slice), Some(&b"key"[..]));
        assert_eq!(slice(&read[0].data), b"data");
        assert_eq!((&read[1].key, slice(&read[1].data)), (&None, &b"x"[..]));
        assert_eq!(read[2].key.as_ref().map(slice), Some(&b""[..]));
    }

    #[test]
    fn sizes_that_do_not_add_up_are_refused() {
        let payload = block(&[(Some("key"), b"data")]);
        assert_eq!(
            records(&payload[..payload.len() - 1], 1).err(),
            Some(BlockError::SizesDisagree)
        );
        assert_eq!(records(&payload, 2).err(), Some(BlockError::SizesDisagree));
        assert_eq!(records(&payload, u32::MAX).err(), Some(BlockError::SizesDisagree));
        assert_eq!(records(&[], 0).err(), Some(BlockError::SizesDisagree));
        let mut later = payload.clone();
        later[0] = 9;
        assert_eq!(
            records(&later, 1).err(),
            Some(BlockError::UnknownFormat { version: 9, codec: 0 })
        );
    }
}
