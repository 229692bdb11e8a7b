//! A window of the source in memory, and how much of it there may be.

use millstream_types::Millis;

use crate::compiled::Compiled;
use crate::limits::{WINDOW_RECORD_MEMORY_BYTES, WINDOW_RECORDS_MAX};
use crate::processing::{Before, Chain, Piece};
use crate::reader::OnDamage;
use crate::record::{Failed, SourceRecord};

/// What a window may hold, once its records are ready for the function; what is more is left for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Bytes of its records.
    pub bytes: u64,
    /// Its records.
    pub records: u64,
    /// Bytes that are reserved for.
    reserved: u64,
}

impl Allowance {
    /// That of a window of so many bytes and records of the source: what is not more than it came fits.
    pub fn of(compiled: &Compiled, bytes: u64, records: u64) -> Self {
        let processing = &compiled.settings.processing;
        let most = compiled.window_bytes_max();
        let reserved = if processing.decompress { most } else { bytes };
        // Records that hold several become more, but no longer: the least document has two bytes.
        let parts = match processing.deaggregate {
            Some(_) => WINDOW_RECORDS_MAX.min(reserved / 2),
            None => 1,
        };
        Allowance { bytes: most.max(bytes), records: records.max(parts), reserved }
    }

    /// What the window takes in memory: its bytes as they came, as the function is given them or returned them, and in
    /// blocks; and what is kept with each record, which for small ones is more than their data.
    pub fn memory_bytes(self) -> u64 {
        let of_records = self.records.saturating_mul(WINDOW_RECORD_MEMORY_BYTES);
        self.reserved.saturating_mul(3).saturating_add(of_records)
    }
}

/// What came of reading a window before it is read once more.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// Whether the function gave way.
    pub gave_way: bool,
    /// Whether people were told that it cannot be read now.
    pub was_told: bool,
    /// Damaged records that were left out, as people were told.
    left_out: u64,
}

impl Reading {
    /// What is left out was waited for, and is not waited for again.
    pub fn on_damage(self) -> OnDamage {
        if self.left_out > 0 { OnDamage::LeaveOut } else { OnDamage::Wait }
    }

    /// So many damaged records were left out: how many more than before, of which people are to be told.
    pub fn leave_out(&mut self, records: u64) -> u64 {
        let more = records.saturating_sub(self.left_out);
        self.left_out = records.max(self.left_out);
        more
    }
}

/// A window, ready for the function.
pub struct Window {
    pub prepared: Prepared,
    pub source: Vec<(u32, u64, u64)>,
    pub cut: bool,
    /// Records that cannot be read any more.
    pub lost: u64,
    /// Those of them that are damaged.
    pub left_out: u64,
}

/// What the steps before the function made.
#[derive(Default)]
pub struct Prepared {
    pub pieces: Vec<Piece>,
    pub failed: Vec<Failed>,
    pub dropped: u64,
    /// Bytes of the pieces and of what failed.
    bytes: u64,
}

impl Prepared {
    /// Whether there may be no more.
    pub fn is_full(&self, most: Allowance) -> bool {
        let records = (self.pieces.len() + self.failed.len()) as u64;
        self.bytes > most.bytes || records > most.records
    }

    /// Takes records until that is enough, and returns the others.
    pub fn take(
        &mut self,
        chain: &Chain,
        records: Vec<SourceRecord>,
        now: Millis,
        most: Allowance,
    ) -> Vec<SourceRecord> {
        let mut records = records.into_iter();
        while !self.is_full(most)
            && let Some(record) = records.next()
        {
            chain.before_function(record, now, &mut |before| match before {
                Before::Piece(piece) => {
                    self.bytes += piece.record.data.len() as u64;
                    self.pieces.push(piece);
                }
                Before::Failed(failed) => {
                    self.bytes += failed.document.len() as u64;
                    self.failed.push(failed);
                }
                Before::Dropped => self.dropped += 1,
            });
        }
        records.collect()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use millstream_formats::compression::{Compression, compress};

    use super::*;
    use crate::record::{Ready, RecordId};
    use crate::settings::Processing;

    const ANY: Allowance = Allowance { bytes: u64::MAX, records: u64::MAX, reserved: 0 };

    fn record(position: u64, data: Bytes) -> SourceRecord {
        let id = RecordId { log: 0, position, part: 0 };
        SourceRecord { id, arrival: Millis(1), data, stream: None }
    }

    #[test]
    fn what_grows_too_large_is_left_for_the_next_window() {
        let processing = Processing { decompress: true, ..Processing::default() };
        let chain = Chain::new(&processing).unwrap();
        let small = compress(Compression::Gzip, &uuid::Uuid::nil(), &[b'x'; 1000]).unwrap();
        let small = Bytes::from(small);
        let mut prepared = Prepared::default();
        let records = (0..10).map(|position| record(position, small.clone())).collect();
        let left = prepared.take(&chain, records, Millis(2), Allowance { bytes: 3500, ..ANY });
        assert_eq!((prepared.pieces.len(), prepared.bytes), (4, 4000));
        assert_eq!(left.iter().map(|it| it.id.position).collect::<Vec<_>>(), [4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn many_small_records_are_left_for_the_next_window() {
        let chain = Chain::new(&Processing::default()).unwrap();
        let mut prepared = Prepared::default();
        let records = (0..10).map(|position| record(position, Bytes::from_static(b"a"))).collect();
        let left = prepared.take(&chain, records, Millis(2), Allowance { records: 3, ..ANY });
        assert_eq!((prepared.pieces.len(), left.len()), (4, 6));
    }

    #[test]
    fn what_is_reserved_for_a_record_is_what_is_kept_with_it() {
        // Lists that grew by doubling, a map that is half full, and two texts for its partition.
        let lists = 2 * (size_of::<Piece>() + size_of::<Ready>());
        let raw = 2 * size_of::<(RecordId, Bytes)>();
        let values = size_of::<(u8, String, String)>() + 2 * 32;
        let kept = (lists + raw + values) as u64;
        assert!(kept <= WINDOW_RECORD_MEMORY_BYTES, "{kept} bytes");
        let tiny = Allowance { bytes: 0, records: WINDOW_RECORDS_MAX, reserved: 0 };
        assert!(tiny.memory_bytes() >= kept * WINDOW_RECORDS_MAX);
    }
}
