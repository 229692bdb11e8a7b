//! What a disk held before it was damaged: which blocks are whole afterwards, and so must be read.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::block::BlockHeader;
use crate::codec::u64_at;
use crate::contract::{LogId, Position};
use crate::frame::HEADER_ROOM;
use crate::segment::{DATA_START, Role, SegmentHeader};
use crate::testkit::SimDisk;

/// A file, and bytes of it.
type Place = (String, Range<usize>);

/// A disk as it was.
#[derive(Default)]
pub(super) struct Blocks {
    files: BTreeMap<String, Vec<u8>>,
    /// Where blocks of data lie: file, bytes.
    places: BTreeMap<(LogId, u64), Vec<Place>>,
}

pub(super) fn content(disk: &SimDisk, name: &str) -> Vec<u8> {
    let mut content = Vec::new();
    disk.corrupt(name, |bytes| content.clone_from(bytes));
    content
}

/// Where the blocks of a segment end and its footer begins; `None` if it has none.
pub(super) fn data_end(content: &[u8]) -> Option<usize> {
    let trailer = content.len().checked_sub(512)?;
    (content[trailer..].starts_with(b"MSLOGEND")).then(|| u64_at(content, trailer + 16) as usize)
}

/// The segments of the chain that are sealed, oldest first, as they are.
pub(super) fn sealed(disk: &SimDisk) -> Vec<String> {
    let number = |(name, _): (String, usize)| {
        let content = content(disk, &name);
        let header = SegmentHeader::decode(&content).filter(|header| header.role == Role::Chain)?;
        data_end(&content).map(|_| (header.number, name))
    };
    let mut sealed: Vec<_> = disk.files().into_iter().filter_map(number).collect();
    sealed.sort();
    sealed.into_iter().map(|(_, name)| name).collect()
}

impl Blocks {
    pub(super) fn of(disk: &SimDisk) -> Self {
        let mut blocks = Blocks::default();
        for (name, _) in disk.files() {
            let content = content(disk, &name);
            let header = SegmentHeader::decode(&content).filter(|it| it.role != Role::Free);
            if let Some(header) = header {
                for at in DATA_START as usize..content.len().saturating_sub(HEADER_ROOM) {
                    let block = BlockHeader::decode(&content[at..], header.number, at as u64);
                    let Some(block) = block else { continue };
                    let bytes = at..at + HEADER_ROOM + block.payload_bytes as usize;
                    let places = blocks.places.entry((block.log, block.base)).or_default();
                    places.push((name.clone(), bytes));
                }
            }
            blocks.files.insert(name, content);
        }
        blocks
    }

    /// Whether the block at a position is as it was on a disk now, and all that tells of it too.
    pub(super) fn is_whole(&self, disk: &SimDisk, log: LogId, at: Position) -> bool {
        let is_whole = |(name, block): &Place| {
            let before = &self.files[name];
            let files = disk.files();
            if !files.iter().any(|(file, bytes)| file == name && *bytes == before.len()) {
                return false;
            }
            let now = content(disk, name);
            if *before == now {
                return true;
            }
            let Some(data_end) = data_end(before) else { return false };
            let data = DATA_START as usize..data_end;
            let is_same = |range: Range<usize>| before[range.clone()] == now[range];
            is_same(0..data.start) && is_same(block.clone()) && is_same(data.end..before.len())
        };
        self.places.get(&(log, at.0)).is_some_and(|places| places.iter().all(is_whole))
    }
}
