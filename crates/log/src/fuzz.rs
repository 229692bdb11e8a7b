//! Entry point of the fuzz target: any bytes may be on the disk, nothing may panic.

use std::io::{self, IoSlice};

use crc32c::crc32c;

use crate::block::{BlockHeader, COMMIT_HEADER_BYTES, CommitHeader, SECTOR_BYTES};
use crate::change::Change;
use crate::codec::{put_u32, u32_at, u64_at};
use crate::disk::DiskFile;
use crate::footer::{Footer, Found, encode_trailer};
use crate::frame::HEADER_ROOM;
use crate::segment::SegmentHeader;

/// Reads any bytes as each thing that is read from the disk. Checksums are made right first: no luck of the fuzzer's
/// would ever get past them.
pub fn fuzz_log(input: &[u8]) {
    if let Some(change) = Change::decode(input) {
        assert_eq!(Change::decode(&change.encode()), Some(change));
    }
    let mut block = padded(input, HEADER_ROOM);
    let crc = crc32c(&block[4..HEADER_ROOM]);
    put_u32(&mut block, 0, crc);
    let (segment, offset) = (u64_at(&block, 48), u64::from(u32_at(&block, 56)));
    if let Some(header) = BlockHeader::decode(&block, segment, offset) {
        let mut again = [0; HEADER_ROOM];
        header.encode(&mut again);
        assert_eq!(BlockHeader::decode(&again, segment, offset), Some(header));
    }
    let mut commit = padded(input, COMMIT_HEADER_BYTES);
    let crc = crc32c(&commit[4..COMMIT_HEADER_BYTES]);
    put_u32(&mut commit, 0, crc);
    let (segment, offset) = (u64_at(&commit, 32), u64::from(u32_at(&commit, 40)));
    let _ = CommitHeader::decode(&commit, segment, offset);
    let mut segment = padded(input, SECTOR_BYTES);
    seal(&mut segment);
    let _ = SegmentHeader::decode(&segment);
    fuzz_footer(input);
}

/// A file that is a footer from its first byte: a head of fuzzed fields, fuzzed tables, and a sound trailer.
fn fuzz_footer(input: &[u8]) {
    let mut image = padded(input, SECTOR_BYTES);
    seal(&mut image);
    let Some(mut footer) = Footer::decode_head(&image) else { return };
    footer.data_end = 0;
    image[..SECTOR_BYTES].copy_from_slice(&footer.encode_head());
    image.extend_from_slice(&encode_trailer(&footer));
    let file = Image(image);
    let Ok(Found::Sound(footer)) = Footer::read(&file, footer.number) else { return };
    let _ = footer.read_entries(&file);
    if let Ok(state) = footer.read_state(&file) {
        let _ = footer.read_rows(&file, &state);
    }
}

fn padded(input: &[u8], bytes: usize) -> Vec<u8> {
    let mut padded = input.to_vec();
    padded.resize(input.len().max(bytes), 0);
    padded
}

fn seal(sector: &mut [u8]) {
    let crc = crc32c(&sector[..SECTOR_BYTES - 4]);
    put_u32(sector, SECTOR_BYTES - 4, crc);
}

/// A file in memory that can only be read.
struct Image(Vec<u8>);

impl DiskFile for Image {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = usize::try_from(offset).ok().and_then(|at| self.0.get(at..)).unwrap_or_default();
        let some = from.len().min(buffer.len());
        buffer[..some].copy_from_slice(&from[..some]);
        Ok(some)
    }

    fn read_cached(&self, _buffer: &mut [u8], _offset: u64) -> io::Result<Option<usize>> {
        Ok(None)
    }

    fn prefetch(&self, _offset: u64, _bytes: u64) {}

    fn write_at(&self, _buffers: &[IoSlice<'_>], _offset: u64) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn allocate(&self, _bytes: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn set_size(&self, _bytes: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn drop_cached(&self) -> io::Result<()> {
        Ok(())
    }
}
