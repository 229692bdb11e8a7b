//! Where a log's blocks lie: the open index first, then the footers, found by a binary search over the chain.

use std::io;
use std::sync::Arc;

use millstream_types::Millis;

use crate::contract::{LogError, LogId};
use crate::damages::FOOTER;
use crate::footer::{Footer, Found, GroupRows, Row};
use crate::segment::Segment;
use crate::set::Unit;
use crate::shared::Shared;
use crate::tables::Entry;

/// Blocks of one log to be read, in order.
pub(crate) type Plan = Vec<(Arc<Segment>, Entry)>;

impl Shared {
    /// The footer of a segment that has one.
    pub(crate) fn footer_of(&self, segment: &Segment) -> Result<Arc<Footer>, LogError> {
        if let Some(footer) = segment.footer() {
            return Ok(footer);
        }
        match Footer::read(&*segment.file, segment.number) {
            Ok(Found::Sound(footer)) => {
                let footer = Arc::new(footer);
                segment.set_footer(footer.clone());
                Ok(footer)
            }
            Ok(Found::Absent) => Err(self.damaged(segment, FOOTER, "its footer is missing")),
            Ok(Found::Damaged(what)) => Err(self.damaged(segment, FOOTER, what)),
            Err(e) => Err(self.unreadable(segment, &e)),
        }
    }

    /// An error that names a segment. The place in it is counted, the first time that it is met.
    pub(crate) fn damaged(&self, segment: &Segment, at: u64, what: &str) -> LogError {
        self.count_damage(segment.number, at);
        LogError::Damaged(format!("{} in {}: {what}", segment.describe(), self.options.disk.name()))
    }

    /// Counts a damaged place, the first time that it is met.
    pub(crate) fn count_damage(&self, segment: u64, at: u64) {
        self.counters.damage.add(u64::from(self.damages.is_new(segment, at)));
    }

    /// What a failed read of a segment's footer means.
    pub(crate) fn unreadable(&self, segment: &Segment, error: &io::Error) -> LogError {
        self.unreadable_at(segment, FOOTER, error)
    }

    /// What a failed read at a byte of a segment means.
    pub(crate) fn unreadable_at(&self, segment: &Segment, at: u64, error: &io::Error) -> LogError {
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                self.damaged(segment, at, &error.to_string())
            }
            _ => {
                self.counters.failures.add(1);
                LogError::Unavailable(format!("reading {} failed: {error}", segment.describe()))
            }
        }
    }

    /// The log's row in a segment's footer; `None` if the log did not exist then.
    pub(crate) fn row_of(&self, segment: &Segment, log: LogId) -> Result<Option<Row>, LogError> {
        let footer = self.footer_of(segment)?;
        let groups = match self.cache.groups(segment.number) {
            Some(groups) => groups,
            None => {
                let state = footer.read_state(&*segment.file);
                let state = state.map_err(|e| self.unreadable(segment, &e))?;
                let groups = Arc::new(GroupRows::of(&state));
                self.cache.keep_groups(segment.number, groups.clone());
                groups
            }
        };
        let Some(row) = groups.row(log) else { return Ok(None) };
        let row = footer.read_row(&*segment.file, row, log);
        row.map(Some).map_err(|e| self.unreadable(segment, &e))
    }

    /// The log's blocks in one segment.
    pub(crate) fn run_of(
        &self,
        segment: &Segment,
        log: LogId,
        row: &Row,
    ) -> Result<Arc<Vec<Entry>>, LogError> {
        if let Some(run) = self.cache.run(segment.number, log) {
            return Ok(run);
        }
        let footer = self.footer_of(segment)?;
        let run = footer.read_run(&*segment.file, row.run);
        let run = Arc::new(run.map_err(|e| self.unreadable(segment, &e))?);
        self.cache.keep_run(segment.number, log, run.clone());
        Ok(run)
    }

    /// The first unit of which `past(row)` is true, or those before it whose rows cannot be read: one of them may be.
    /// Rows of one log only grow along the chain.
    pub(crate) fn first_unit(
        &self,
        units: &[Unit],
        log: LogId,
        past: impl Fn(&Row) -> bool,
    ) -> Result<usize, LogError> {
        let (mut low, mut high) = (0, units.len());
        while low < high {
            let middle = (low + high) / 2;
            let mut found = None;
            for (at, unit) in units[middle..high].iter().enumerate() {
                if let Some(row) = self.row_in(unit, log)? {
                    found = Some((middle + at, row));
                    break;
                }
            }
            match found {
                Some((at, row)) if !row.is_some_and(|row| past(&row)) => low = at + 1,
                Some(_) | None => high = middle,
            }
        }
        Ok(low)
    }

    /// The log's row in a unit; `None` if none of its members has one that is sound.
    fn row_in(&self, unit: &Unit, log: LogId) -> Result<Option<Option<Row>>, LogError> {
        for member in &unit.members {
            match self.row_of(member, log) {
                Err(LogError::Damaged(_)) => {}
                row => return row.map(Some),
            }
        }
        Ok(None)
    }

    /// Adds the log's blocks from position `from` in segments with footers, until `bytes_max` are exceeded.
    pub(crate) fn plan_sealed(
        &self,
        log: LogId,
        from: u64,
        bytes_max: u64,
        plan: &mut Plan,
    ) -> Result<(), LogError> {
        let units = self.set().sealed();
        let start = self.first_unit(&units, log, |row| row.extent.end > from)?;
        let mut bytes = 0;
        for member in units[start..].iter().flat_map(|unit| &unit.members) {
            let Some(row) = self.row_of(member, log)?.filter(|row| row.run.1 > 0) else { continue };
            let run = self.run_of(member, log, &row)?;
            // The last block that begins at or before `from` may reach behind it.
            let first = run.partition_point(|entry| entry.base <= from).saturating_sub(1);
            for entry in &run[first..] {
                if entry.base <= from {
                    // Only the last one of those that begin before `from` can hold it.
                    plan.clear();
                    bytes = 0;
                } else if bytes > bytes_max {
                    return Ok(());
                }
                bytes += u64::from(entry.payload_bytes);
                plan.push((member.clone(), *entry));
            }
        }
        Ok(())
    }

    /// The first position of the log that arrived at or after `at` in segments with footers.
    pub(crate) fn find_sealed(&self, log: LogId, at: Millis) -> Result<Option<u64>, LogError> {
        let units = self.set().sealed();
        let arrived = |row: &Row| row.extent.last_arrival.is_some_and(|last| last >= at);
        let start = self.first_unit(&units, log, arrived)?;
        for member in units[start..].iter().flat_map(|unit| &unit.members) {
            let Some(row) = self.row_of(member, log)?.filter(|row| row.run.1 > 0) else { continue };
            let run = self.run_of(member, log, &row)?;
            let first = run.partition_point(|entry| entry.arrival < at);
            if let Some(entry) = run.get(first) {
                return Ok(Some(entry.base));
            }
        }
        Ok(None)
    }
}
