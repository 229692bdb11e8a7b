//! What a window came to, counted once: when it counts itself.

use crate::machine::LaneId;
use crate::metrics::PipelineCounters;
use crate::processed::Header;

/// Records of a window, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that are to be delivered.
    pub processed: u64,
    /// Their bytes.
    pub processed_bytes: u64,
    /// Records that failed.
    pub failed: u64,
    /// Records that were left out on purpose.
    pub dropped: u64,
    /// Records that cannot be read any more.
    pub lost: u64,
}

impl Counts {
    /// What a block tells of its window, where nobody is left who made it.
    pub fn of_block(header: &Header) -> Self {
        let (records, bytes) = (u64::from(header.records), header.bytes);
        match header.lane {
            LaneId::Errors => Counts { failed: records, ..Counts::default() },
            LaneId::Main | LaneId::Backup => {
                Counts { processed: records, processed_bytes: bytes, ..Counts::default() }
            }
        }
    }

    /// Counts them.
    pub fn add_to(self, counters: &PipelineCounters) {
        counters.processed_records.add(self.processed);
        counters.processed_bytes.add(self.processed_bytes);
        counters.processing_failed_records.add(self.failed);
        counters.dropped_records.add(self.dropped);
        counters.lost_records.add(self.lost);
    }
}
