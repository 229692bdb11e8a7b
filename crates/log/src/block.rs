//! The bytes of blocks and commits. Drawn in `docs/formats/log.md`.

use crc32c::{crc32c, crc32c_append};
use millstream_types::Millis;

use crate::codec::{put_u32, put_u64, u32_at, u64_at};
use crate::contract::{GroupId, LogId};
use crate::frame::HEADER_ROOM;

/// Bytes of a commit's header.
pub(crate) const COMMIT_HEADER_BYTES: usize = 64;

/// Commits begin on a boundary of this many bytes: a sector never holds two commits.
pub(crate) const SECTOR_BYTES: usize = 512;

const COMMIT_MAGIC: u32 = u32::from_le_bytes(*b"MCMT");
const BLOCK_MAGIC: u32 = u32::from_le_bytes(*b"MBLK");

/// What a block is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A batch of a log.
    Data,
    /// The end of a log; `base` is the end.
    Seal,
    /// A log begins at `base` from now on.
    Trim,
    /// A change of the groups or segments; the payload is a `Change`.
    Control,
}

impl Kind {
    fn from_number(number: u32) -> Option<Kind> {
        match number {
            0 => Some(Kind::Data),
            1 => Some(Kind::Seal),
            2 => Some(Kind::Trim),
            3 => Some(Kind::Control),
            _ => None,
        }
    }
}

/// A block's header without its checksums.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BlockHeader {
    pub(crate) kind: Kind,
    pub(crate) log: LogId,
    pub(crate) base: u64,
    pub(crate) count: u32,
    pub(crate) arrival: Millis,
    pub(crate) payload_bytes: u32,
    pub(crate) payload_crc: u32,
    /// The life of the segment that holds it.
    pub(crate) segment: u64,
    /// Where in the segment the header begins.
    pub(crate) offset: u32,
}

/// The part of a header that the caller's thread fills: the checksum of the payload.
pub(crate) fn put_payload_crc(header: &mut [u8], payload: &[u8]) {
    put_u32(header, 4, crc32c(payload));
}

/// What [`put_payload_crc`] wrote.
pub(crate) fn payload_crc(header: &[u8]) -> u32 {
    u32_at(header, 4)
}

impl BlockHeader {
    /// Writes the header to `out` (`HEADER_ROOM` bytes) and returns its checksum.
    pub(crate) fn encode(&self, out: &mut [u8]) -> u32 {
        put_u32(out, 4, self.payload_crc);
        put_u32(out, 8, self.payload_bytes);
        put_u32(out, 12, self.count);
        put_u64(out, 16, self.log.group.0);
        put_u32(out, 24, self.log.index);
        put_u32(out, 28, self.kind as u32);
        put_u64(out, 32, self.base);
        put_u64(out, 40, self.arrival.0);
        put_u64(out, 48, self.segment);
        put_u32(out, 56, self.offset);
        put_u32(out, 60, BLOCK_MAGIC);
        let crc = crc32c(&out[4..HEADER_ROOM]);
        put_u32(out, 0, crc);
        crc
    }

    /// The header in the first `HEADER_ROOM` of `bytes`, if it is whole and was written for this place.
    pub(crate) fn decode(bytes: &[u8], segment: u64, offset: u64) -> Option<BlockHeader> {
        let bytes = bytes.get(..HEADER_ROOM)?;
        if u32_at(bytes, 60) != BLOCK_MAGIC || u32_at(bytes, 0) != crc32c(&bytes[4..]) {
            return None;
        }
        let header = BlockHeader {
            payload_crc: u32_at(bytes, 4),
            payload_bytes: u32_at(bytes, 8),
            count: u32_at(bytes, 12),
            log: LogId { group: GroupId(u64_at(bytes, 16)), index: u32_at(bytes, 24) },
            kind: Kind::from_number(u32_at(bytes, 28))?,
            base: u64_at(bytes, 32),
            arrival: Millis(u64_at(bytes, 40)),
            segment: u64_at(bytes, 48),
            offset: u32_at(bytes, 56),
        };
        (header.segment == segment && u64::from(header.offset) == offset).then_some(header)
    }

    /// Header and payload together.
    pub(crate) fn block_bytes(&self) -> u64 {
        HEADER_ROOM as u64 + u64::from(self.payload_bytes)
    }
}

/// A commit's header. Its own checksum identifies the commit in the chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CommitHeader {
    pub(crate) number: u64,
    /// Bytes with this header and all blocks, without the padding to the next sector.
    pub(crate) bytes: u32,
    pub(crate) blocks: u32,
    /// Checksum of the checksums of the blocks' headers, in order.
    pub(crate) blocks_crc: u32,
    /// The checksum of the commit before.
    pub(crate) previous: u32,
    pub(crate) segment: u64,
    pub(crate) offset: u32,
    pub(crate) arrival: Millis,
}

impl CommitHeader {
    /// The header's bytes, and its checksum.
    pub(crate) fn encode(&self) -> ([u8; COMMIT_HEADER_BYTES], u32) {
        let mut out = [0; COMMIT_HEADER_BYTES];
        put_u32(&mut out, 4, COMMIT_MAGIC);
        put_u64(&mut out, 8, self.number);
        put_u32(&mut out, 16, self.bytes);
        put_u32(&mut out, 20, self.blocks);
        put_u32(&mut out, 24, self.blocks_crc);
        put_u32(&mut out, 28, self.previous);
        put_u64(&mut out, 32, self.segment);
        put_u32(&mut out, 40, self.offset);
        put_u64(&mut out, 48, self.arrival.0);
        let crc = crc32c(&out[4..]);
        put_u32(&mut out, 0, crc);
        (out, crc)
    }

    /// The header at the start of `bytes` and its checksum, if it is whole and was written for this place.
    pub(crate) fn decode(bytes: &[u8], segment: u64, offset: u64) -> Option<(CommitHeader, u32)> {
        let bytes = bytes.get(..COMMIT_HEADER_BYTES)?;
        let crc = u32_at(bytes, 0);
        if u32_at(bytes, 4) != COMMIT_MAGIC || crc != crc32c(&bytes[4..]) {
            return None;
        }
        let header = CommitHeader {
            number: u64_at(bytes, 8),
            bytes: u32_at(bytes, 16),
            blocks: u32_at(bytes, 20),
            blocks_crc: u32_at(bytes, 24),
            previous: u32_at(bytes, 28),
            segment: u64_at(bytes, 32),
            offset: u32_at(bytes, 40),
            arrival: Millis(u64_at(bytes, 48)),
        };
        (header.segment == segment && u64::from(header.offset) == offset).then_some((header, crc))
    }

    /// Bytes from this commit to the next.
    pub(crate) fn padded_bytes(&self) -> u64 {
        padded(u64::from(self.bytes))
    }
}

/// `bytes` rounded up to whole sectors.
pub(crate) fn padded(bytes: u64) -> u64 {
    bytes.next_multiple_of(SECTOR_BYTES as u64)
}

/// Adds a block's checksum to the checksum of a commit's blocks.
pub(crate) fn chain_block(blocks_crc: u32, block_crc: u32) -> u32 {
    crc32c_append(blocks_crc, &block_crc.to_le_bytes())
}

/// The blocks of a commit whose bytes (header included) are `bytes`; `None` unless all of it is whole.
pub(crate) fn commit_blocks(commit: &CommitHeader, bytes: &[u8]) -> Option<Vec<BlockHeader>> {
    let bytes = bytes.get(..commit.bytes as usize)?;
    let mut blocks = Vec::with_capacity((commit.blocks as usize).min(bytes.len() / HEADER_ROOM));
    let mut at = COMMIT_HEADER_BYTES;
    let mut blocks_crc = 0;
    while at < bytes.len() {
        let offset = u64::from(commit.offset) + at as u64;
        let header = BlockHeader::decode(&bytes[at..], commit.segment, offset)?;
        let end = at + header.block_bytes() as usize;
        if crc32c(bytes.get(at + HEADER_ROOM..end)?) != header.payload_crc {
            return None;
        }
        blocks_crc = chain_block(blocks_crc, u32_at(bytes, at));
        blocks.push(header);
        at = end;
    }
    let whole = blocks.len() == commit.blocks as usize && blocks_crc == commit.blocks_crc;
    whole.then_some(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> BlockHeader {
        BlockHeader {
            kind: Kind::Data,
            log: LogId { group: GroupId(0x0102_0304_0506_0708), index: 9 },
            base: 1000,
            count: 3,
            arrival: Millis(1_700_000_000_123),
            payload_bytes: 5,
            payload_crc: 0xaabb_ccdd,
            segment: 7,
            offset: 4160,
        }
    }

    #[test]
    fn a_block_header_has_these_bytes() {
        let mut out = [0; HEADER_ROOM];
        header().encode(&mut out);
        let golden = "ddccbbaa0500000003000000080706050403020109000000000000\
                      00e8030000000000007b68e5cf8b01000007000000000000004010\
                      00004d424c4b";
        let hex: String = out[4..].iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, golden.replace(' ', ""));
        assert_eq!(BlockHeader::decode(&out, 7, 4160), Some(header()));
    }

    #[test]
    fn a_commit_header_has_these_bytes() {
        let commit = CommitHeader {
            number: 258,
            bytes: 4096,
            blocks: 2,
            blocks_crc: 0x1122_3344,
            previous: 0x5566_7788,
            segment: 7,
            offset: 512,
            arrival: Millis(77),
        };
        let (out, crc) = commit.encode();
        let golden = "4d434d540201000000000000001000000200000044332211887766\
                      5507000000000000000002000000000000004d00000000000000";
        let hex: String = out[4..56].iter().map(|b| format!("{b:02x}")).collect();
        assert!(golden.replace(' ', "").starts_with(&hex[..64]));
        assert_eq!(CommitHeader::decode(&out, 7, 512), Some((commit, crc)));
    }

    #[test]
    fn a_header_of_another_life_or_place_is_not_taken() {
        let mut out = [0; HEADER_ROOM];
        header().encode(&mut out);
        assert_eq!(BlockHeader::decode(&out, 8, 4160), None);
        assert_eq!(BlockHeader::decode(&out, 7, 4672), None);
    }

    #[test]
    fn every_flipped_bit_of_a_header_is_noticed() {
        let mut out = [0; HEADER_ROOM];
        header().encode(&mut out);
        for bit in 0..HEADER_ROOM * 8 {
            out[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(BlockHeader::decode(&out, 7, 4160), None, "bit {bit}");
            out[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
