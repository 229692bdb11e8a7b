//! Writes the footers of segments that have ended, and takes their blocks out of the memory index.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use crate::commit::Chain;
use crate::disk::{DiskFile, is_full, sync, write_all_of};
use crate::footer::{Footer, FooterBuilder, encode_trailer};
use crate::open_index::Linked;
use crate::segment::{DATA_START, Segment, SegmentHeader};
use crate::shared::Shared;
use crate::tables::Tables;

/// A segment of the chain that nothing more is written to.
pub(crate) struct Ended {
    pub(crate) segment: Arc<Segment>,
    pub(crate) header: SegmentHeader,
    /// Where its last commit ended.
    pub(crate) data_end: u64,
    /// The chain's end at its end.
    pub(crate) chain: Chain,
}

impl Shared {
    /// Writes the footers that are due. A disk without room leaves them due; another failure breaks the engine down, as
    /// the page cache can no longer be trusted.
    pub(crate) fn seal_ended(&self) -> io::Result<()> {
        let _one_writer = self.sealing.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(work) = self.ended().front().map(|ended| self.footer_of_ended(ended)) else {
                return Ok(());
            };
            let (segment, bytes, footer) = work;
            if let Err(e) = self.write_footer(&segment, &bytes, &footer) {
                if !is_full(&e) {
                    self.counters.failures.add(1);
                    self.break_down(format!(
                        "writing the footer of {} failed: {e}; restart once the disk is in order",
                        segment.describe()
                    ));
                }
                return Err(e);
            }
            segment.set_footer(Arc::new(footer));
            self.set_mut().add_sealed([segment.clone()]);
            self.forget_open_runs(segment.number);
            self.ended().pop_front();
        }
    }

    fn footer_of_ended(&self, ended: &Ended) -> (Arc<Segment>, Vec<u8>, Footer) {
        let number = ended.segment.number;
        let commit = (ended.chain.number, ended.chain.crc);
        let last_arrival = ended.chain.last_arrival;
        ended.segment.data_bytes.store(ended.data_end - DATA_START, Ordering::Relaxed);
        let mut builder = FooterBuilder::new(&ended.header, ended.data_end, commit, last_arrival);
        let tables = self.tables();
        let batches = self.open_index.read().of(number).cloned().unwrap_or_default();
        add_groups(&mut builder, &tables, number, &batches);
        let mut segments = self.set().rows();
        segments.retain(|row| row.number <= number || row.covers.1 < number);
        let (bytes, footer) = builder.finish(&tables.deleted, &segments);
        (ended.segment.clone(), bytes, footer)
    }

    /// Writes a footer behind the data, and the trailer at the file's end; a file that is mostly empty is cut first.
    pub(crate) fn write_footer(
        &self,
        segment: &Segment,
        bytes: &[u8],
        footer: &Footer,
    ) -> io::Result<()> {
        let file = &*segment.file;
        let size = segment.bytes.load(Ordering::Relaxed);
        let trailer = encode_trailer(footer);
        let needed = footer.data_end + bytes.len() as u64 + trailer.len() as u64;
        let size = if needed <= size / 2 || needed > size {
            file.set_size(needed)?;
            segment.bytes.store(needed, Ordering::Relaxed);
            needed
        } else {
            size
        };
        write_all_of(file, bytes, footer.data_end)?;
        write_all_of(file, &trailer, size - trailer.len() as u64)?;
        self.sync_file(file)
    }

    /// Syncs a file, unless nothing needs to last.
    pub(crate) fn sync_file(&self, file: &dyn DiskFile) -> io::Result<()> {
        if self.options.sync { sync(file) } else { Ok(()) }
    }

    /// Takes the blocks of a segment out of the memory index: its footer answers from now on.
    pub(crate) fn forget_open_runs(&self, number: u64) {
        for group in self.tables().groups.values() {
            group.logs().iter().for_each(|log| log.lock().forget_run(number));
        }
        let batches = self.open_index.write().forget(number);
        let bytes = (batches * size_of::<Linked>()) as u64;
        self.counters.index_memory_bytes.sub(bytes.min(self.counters.index_memory_bytes.get()));
    }
}

/// Every log that existed when segment `number` ended, as it was then.
fn add_groups(builder: &mut FooterBuilder, tables: &Tables, number: u64, batches: &[Linked]) {
    let mut run = Vec::new();
    for (id, group) in &tables.groups {
        if group.created > number {
            continue;
        }
        let logs = group.logs();
        let count = logs.partition_point(|log| log.created <= number);
        builder.group(*id, &group.spec(), count as u32);
        for log in &logs[..count] {
            let inner = log.lock();
            inner.run_in(number, batches, &mut run);
            builder.row(log.id, inner.first, inner.extent_at(number), inner.sealed, &run);
        }
    }
}
