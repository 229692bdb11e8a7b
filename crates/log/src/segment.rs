//! A segment: one life of one file. Its header is drawn in `docs/formats/log.md`.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crc32c::crc32c;
use millstream_types::Millis;

use crate::block::SECTOR_BYTES;
use crate::codec::{put_u32, put_u64, u32_at, u64_at};
use crate::contract::LogId;
use crate::disk::{DiskFile, read_full, write_all_of};
use crate::footer::Footer;

/// Where the first commit or block begins.
pub(crate) const DATA_START: u64 = 4096;

const MAGIC: u64 = u64::from_le_bytes(*b"MSLOGSEG");

/// The version of everything in a segment.
pub(crate) const SEGMENT_FORMAT: u32 = 1;

/// What a segment's file is used for in its present life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Nothing: it waits in the pool.
    Free,
    /// Commits, one after another.
    Chain,
    /// Blocks that the rewriter sorted.
    Sorted,
}

/// The first sector of a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SegmentHeader {
    pub(crate) role: Role,
    /// The life: never given twice.
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    /// Chain: the number of its first commit.
    pub(crate) first_commit: u64,
    /// Chain: the checksum of the commit before that.
    pub(crate) previous: u32,
    /// The stretch of the chain that it holds: itself, or what was sorted into it.
    pub(crate) covers: (u64, u64),
    /// Sorted: which of the segments of its stretch it is.
    pub(crate) ordinal: u32,
}

impl SegmentHeader {
    pub(crate) fn free(bytes: u64) -> Self {
        SegmentHeader {
            role: Role::Free,
            number: 0,
            bytes,
            first_commit: 0,
            previous: 0,
            covers: (0, 0),
            ordinal: 0,
        }
    }

    pub(crate) fn encode(&self) -> [u8; SECTOR_BYTES] {
        let mut out = [0; SECTOR_BYTES];
        let role: u32 = match self.role {
            Role::Free => 0,
            Role::Chain => 1,
            Role::Sorted => 2,
        };
        put_u64(&mut out, 0, MAGIC);
        put_u32(&mut out, 8, SEGMENT_FORMAT);
        put_u32(&mut out, 12, role);
        put_u64(&mut out, 16, self.number);
        put_u64(&mut out, 24, self.bytes);
        put_u64(&mut out, 32, self.first_commit);
        put_u32(&mut out, 40, self.previous);
        put_u32(&mut out, 44, self.ordinal);
        put_u64(&mut out, 48, self.covers.0);
        put_u64(&mut out, 56, self.covers.1);
        let crc = crc32c(&out[..SECTOR_BYTES - 4]);
        put_u32(&mut out, SECTOR_BYTES - 4, crc);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..SECTOR_BYTES)?;
        let sound = u64_at(bytes, 0) == MAGIC
            && u32_at(bytes, 8) == SEGMENT_FORMAT
            && u32_at(bytes, SECTOR_BYTES - 4) == crc32c(&bytes[..SECTOR_BYTES - 4]);
        if !sound {
            return None;
        }
        let role = match u32_at(bytes, 12) {
            0 => Role::Free,
            1 => Role::Chain,
            2 => Role::Sorted,
            _ => return None,
        };
        Some(SegmentHeader {
            role,
            number: u64_at(bytes, 16),
            bytes: u64_at(bytes, 24),
            first_commit: u64_at(bytes, 32),
            previous: u32_at(bytes, 40),
            ordinal: u32_at(bytes, 44),
            covers: (u64_at(bytes, 48), u64_at(bytes, 56)),
        })
    }

    pub(crate) fn write(&self, file: &dyn DiskFile) -> io::Result<()> {
        write_all_of(file, &self.encode(), 0)
    }

    /// The header of a file; `None` if it has no sound one.
    pub(crate) fn read(file: &dyn DiskFile) -> io::Result<Option<Self>> {
        let mut sector = [0; SECTOR_BYTES];
        let read = read_full(file, &mut sector, 0)?;
        Ok(Self::decode(&sector[..read]))
    }
}

/// A file's name from its number.
pub(crate) fn file_name(file: u64) -> String {
    format!("{file:016x}.seg")
}

/// A file's number from its name; `None` for files that are no segments.
pub(crate) fn file_number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg").filter(|digits| digits.len() == 16)?;
    u64::from_str_radix(digits, 16).ok()
}

/// A segment that is read: shared by all readers, who pin it by holding it.
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) file_id: u64,
    pub(crate) file: Arc<dyn DiskFile>,
    /// Size of the file.
    pub(crate) bytes: AtomicU64,
    pub(crate) role: Role,
    pub(crate) covers: (u64, u64),
    pub(crate) ordinal: u32,
    /// Known once the footer is on disk.
    footer: RwLock<Option<Arc<Footer>>>,
    /// Bytes of blocks in it.
    pub(crate) data_bytes: AtomicU64,
    /// A log that is known to keep it alive.
    witness: Mutex<Option<Witness>>,
    shape: Mutex<Option<Shape>>,
}

/// Why a segment was alive when somebody looked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Witness {
    pub(crate) log: LogId,
    pub(crate) end: u64,
    pub(crate) last_arrival: Millis,
}

/// What the rewriter wants to know of a segment, as of one epoch of trims and deletions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) epoch: u64,
    /// Less than half of its blocks are alive, but some are.
    pub(crate) mostly_dead: bool,
    /// The blocks of a log lie far apart.
    pub(crate) scattered: bool,
}

impl Segment {
    pub(crate) fn shape(&self) -> Option<Shape> {
        *self.shape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_shape(&self, shape: Option<Shape>) {
        *self.shape.lock().unwrap_or_else(PoisonError::into_inner) = shape;
    }

    pub(crate) fn new(header: &SegmentHeader, file_id: u64, file: Arc<dyn DiskFile>) -> Self {
        Segment {
            number: header.number,
            file_id,
            file,
            bytes: AtomicU64::new(header.bytes),
            role: header.role,
            covers: header.covers,
            ordinal: header.ordinal,
            footer: RwLock::default(),
            data_bytes: AtomicU64::new(0),
            witness: Mutex::default(),
            shape: Mutex::default(),
        }
    }

    pub(crate) fn footer(&self) -> Option<Arc<Footer>> {
        self.footer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_footer(&self, footer: Arc<Footer>) {
        self.data_bytes.store(footer.data_end.saturating_sub(DATA_START), Ordering::Relaxed);
        *self.footer.write().unwrap_or_else(PoisonError::into_inner) = Some(footer);
    }

    pub(crate) fn witness(&self) -> Option<Witness> {
        *self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_witness(&self, witness: Option<Witness>) {
        *self.witness.lock().unwrap_or_else(PoisonError::into_inner) = witness;
    }

    /// What to call it in messages.
    pub(crate) fn describe(&self) -> String {
        format!("segment {} ({})", self.number, file_name(self.file_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_back_and_notices_a_flipped_bit() {
        let header = SegmentHeader {
            role: Role::Chain,
            number: 3,
            bytes: 1 << 24,
            first_commit: 17,
            previous: 0xdead_beef,
            covers: (3, 3),
            ordinal: 0,
        };
        let mut bytes = header.encode();
        assert_eq!(&bytes[..16], b"MSLOGSEG\x01\0\0\0\x01\0\0\0");
        assert_eq!(SegmentHeader::decode(&bytes), Some(header));
        bytes[300] ^= 4;
        assert_eq!(SegmentHeader::decode(&bytes), None);
    }

    #[test]
    fn only_segments_names_have_a_number() {
        assert_eq!(file_number(&file_name(255)), Some(255));
        assert_eq!(file_number("00ff.seg"), None);
        assert_eq!(file_number("FORMAT"), None);
    }
}
