//! Reads the commits of one segment of the chain, and tells a torn tail from damage.

use std::io;

use millstream_types::Millis;

use crate::block::{BlockHeader, COMMIT_HEADER_BYTES, CommitHeader, SECTOR_BYTES, commit_blocks};
use crate::disk::{DiskFile, read_full};
use crate::segment::DATA_START;

/// How a scan ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// Every commit that belongs here was whole.
    Complete,
    /// At `at` there is no whole commit, and none follows: what may be there was never acknowledged.
    Tail { torn: bool },
    /// At `at` there is no whole commit, but the whole commit `later` follows: acknowledged data is damaged.
    Damaged { later: u64 },
}

/// Where a scan ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Scanned {
    /// Behind the last whole commit.
    pub(crate) at: u64,
    /// The last whole commit's number and checksum.
    pub(crate) chain: (u64, u32),
    pub(crate) last_arrival: Millis,
    pub(crate) commits: u64,
    pub(crate) blocks: usize,
    pub(crate) stop: Stop,
}

/// Walks the commits of segment `number` that follow `chain`, up to the commit before `limit`, and hands each commit's
/// blocks to `take` with the commit's bytes.
pub(crate) fn scan(
    file: &dyn DiskFile,
    number: u64,
    chain: (u64, u32),
    limit: Option<u64>,
    mut take: impl FnMut(&CommitHeader, &[BlockHeader], &[u8]),
) -> io::Result<Scanned> {
    let size = file.size()?;
    let mut scanned = Scanned {
        at: DATA_START,
        chain,
        last_arrival: Millis(0),
        commits: 0,
        blocks: 0,
        stop: Stop::Complete,
    };
    let mut buffer = Vec::new();
    loop {
        if limit.is_some_and(|limit| scanned.chain.0 + 1 >= limit) {
            return Ok(scanned);
        }
        let Some((header, crc)) = read_commit(file, number, scanned.at, size, &mut buffer)? else {
            break;
        };
        let follows = header.number == scanned.chain.0 + 1 && header.previous == scanned.chain.1;
        let Some(blocks) = commit_blocks(&header, &buffer).filter(|_| follows) else { break };
        take(&header, &blocks, &buffer);
        scanned.at += header.padded_bytes();
        scanned.chain = (header.number, crc);
        scanned.last_arrival = header.arrival;
        scanned.commits += 1;
        scanned.blocks += blocks.len();
    }
    scanned.stop = match later_commit(file, number, scanned.at, size, scanned.chain.0)? {
        Later::Whole(later) => Stop::Damaged { later },
        Later::Torn => Stop::Tail { torn: true },
        Later::None => Stop::Tail { torn: false },
    };
    Ok(scanned)
}

/// Reads the commit at `at` into `buffer`; `None` if there is no sound header.
fn read_commit(
    file: &dyn DiskFile,
    number: u64,
    at: u64,
    size: u64,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<(CommitHeader, u32)>> {
    let mut sector = [0; SECTOR_BYTES];
    let read = read_full(file, &mut sector, at)?;
    let Some((header, crc)) = CommitHeader::decode(&sector[..read], number, at) else {
        return Ok(None);
    };
    let length = u64::from(header.bytes);
    if length < COMMIT_HEADER_BYTES as u64 || at + length > size {
        return Ok(None);
    }
    buffer.clear();
    buffer.resize(length as usize, 0);
    let read = read_full(file, buffer, at)?;
    buffer.truncate(read);
    Ok(Some((header, crc)))
}

enum Later {
    None,
    /// Something of this life is there, but no whole commit behind the next.
    Torn,
    Whole(u64),
}

/// Looks behind a cut for a whole commit of the same life that comes later in the chain than the next one.
fn later_commit(
    file: &dyn DiskFile,
    number: u64,
    cut: u64,
    size: u64,
    last: u64,
) -> io::Result<Later> {
    let mut found = Later::None;
    let mut buffer = Vec::new();
    let mut chunk = vec![0; (1 << 20).min(size as usize)];
    let mut at = cut;
    while at < size {
        let read = read_full(file, &mut chunk, at)?;
        if read == 0 {
            break;
        }
        for (index, sector) in chunk[..read].chunks(SECTOR_BYTES).enumerate() {
            let here = at + (index * SECTOR_BYTES) as u64;
            let Some((header, _)) = CommitHeader::decode(sector, number, here) else { continue };
            found = Later::Torn;
            if header.number <= last + 1 {
                continue;
            }
            let commit = read_commit(file, number, here, size, &mut buffer)?;
            if commit.is_some_and(|(header, _)| commit_blocks(&header, &buffer).is_some()) {
                return Ok(Later::Whole(header.number));
            }
        }
        at += read as u64;
    }
    Ok(found)
}
