//! A commit's making by itself: for `benches/append.rs`.

use millstream_types::Millis;

use super::Built;
use crate::block::{COMMIT_HEADER_BYTES, SECTOR_BYTES};
use crate::contract::{Class, GroupId, GroupSpec, ack_many};
use crate::engine::put_checksums;
use crate::frame::Frame;
use crate::queue::Item;
use crate::tables::Tables;

/// One group of logs without an engine, and the commits that would be written for it.
#[doc(hidden)]
#[derive(Default)]
pub struct CommitStages {
    tables: Tables,
    built: Built,
    commits: u64,
}

impl CommitStages {
    /// With `logs` logs in `group`.
    pub fn new(group: GroupId, logs: u32) -> Self {
        let mut stages = CommitStages::default();
        let spec = GroupSpec { class: Class::Data, keep: None, record_bytes_max: 1 << 20 };
        stages.tables.create(group, spec, logs, 1);
        stages
    }

    /// Computes the checksums of the payloads, as the caller's thread does.
    pub fn checksum(frame: &mut Frame) {
        put_checksums(frame);
    }

    /// Places the blocks of these frames, fills in their headers, and gathers what would be written: its bytes. The
    /// frames come back.
    pub fn build(&mut self, frames: &mut Vec<Frame>) -> usize {
        let item = |frame: Frame| {
            let outcomes = ack_many(frame.parts().len()).0;
            Item::Frame(frame, outcomes)
        };
        self.built.items.extend(frames.drain(..).map(item));
        let (place, arrival) = ((1, SECTOR_BYTES as u64), Millis(self.commits));
        self.built.build(&self.tables, (self.commits, 0), place, arrival);
        self.commits += 1;
        let bytes = self.built.slices().iter().map(|slice| slice.len()).sum::<usize>();
        debug_assert!(bytes >= COMMIT_HEADER_BYTES);
        frames.extend(self.built.items.drain(..).filter_map(|item| match item {
            Item::Frame(frame, _) => Some(frame),
            Item::Seal(..) | Item::Trim(..) | Item::Change(..) => None,
        }));
        self.built.clear();
        bytes
    }
}
