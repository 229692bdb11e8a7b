//! The footer of a sealed segment: the table of all logs as of its end, and where each log's blocks lie in it.
//! Drawn in `docs/formats/log.md`.

use std::io;

use crc32c::{crc32c, crc32c_append};
use millstream_types::Millis;

use crate::block::{SECTOR_BYTES, padded};
use crate::change::{put_spec, take_spec};
use crate::codec::{Reader, put_u32, put_u64, u32_at, u64_at};
use crate::contract::{GroupId, GroupSpec, LogId};
use crate::disk::{DiskFile, read_exact, read_full};
use crate::segment::{Role, SegmentHeader};
use crate::tables::{Entry, Extent, IdRanges};

const HEAD_MAGIC: u64 = u64::from_le_bytes(*b"MSLOGFTR");
const TRAILER_MAGIC: u64 = u64::from_le_bytes(*b"MSLOGEND");

/// Bytes of a log's row.
pub(crate) const ROW_BYTES: usize = 40;
/// Bytes of a block's entry.
pub(crate) const ENTRY_BYTES: usize = 24;
const GROUP_BYTES: usize = 28;
const SEGMENT_ROW_BYTES: usize = 64;
const SEALED: u32 = 1;
const NEVER: u64 = u64::MAX;

/// What is known of a footer without its tables; those are read where they are needed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Footer {
    pub(crate) number: u64,
    pub(crate) covers: (u64, u64),
    pub(crate) ordinal: u32,
    /// Where the data ends and the footer begins.
    pub(crate) data_end: u64,
    /// Chain: the last commit up to the end of this segment.
    pub(crate) commit: u64,
    /// Chain: that commit's checksum.
    pub(crate) commit_crc: u32,
    /// The latest arrival that the engine has given.
    pub(crate) last_arrival: Millis,
    pub(crate) state_bytes: u64,
    pub(crate) rows: u64,
    pub(crate) entries: u64,
    state_crc: u32,
    rows_crc: u32,
    entries_crc: u32,
}

/// What the end of a segment's file shows.
#[derive(Debug)]
pub(crate) enum Found {
    /// No footer of this life.
    Absent,
    /// A footer of this life that is not sound.
    Damaged(&'static str),
    /// A footer whose head is sound.
    Sound(Footer),
}

/// A segment as the table of segments in a footer tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentRow {
    pub(crate) number: u64,
    pub(crate) file_id: u64,
    pub(crate) bytes: u64,
    pub(crate) covers: (u64, u64),
    pub(crate) role: Role,
    pub(crate) ordinal: u32,
    pub(crate) data_bytes: u64,
}

/// The groups and segments as of a footer.
#[derive(Debug, Default)]
pub(crate) struct FooterState {
    /// Group, settings, number of logs; ascending.
    pub(crate) groups: Vec<(GroupId, GroupSpec, u32)>,
    pub(crate) deleted: IdRanges,
    pub(crate) segments: Vec<SegmentRow>,
}

/// A log as of a footer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    pub(crate) first: u64,
    pub(crate) extent: Extent,
    pub(crate) sealed: bool,
    /// The log's entries in this segment: the first one's number, and how many.
    pub(crate) run: (u32, u32),
}

/// Which rows of a footer belong to which group.
#[derive(Debug, Default)]
pub(crate) struct GroupRows(Vec<(GroupId, u64, u32)>);

impl GroupRows {
    pub(crate) fn of(state: &FooterState) -> Self {
        let mut at = 0;
        let rows = state.groups.iter().map(|(id, _, logs)| {
            let start = at;
            at += u64::from(*logs);
            (*id, start, *logs)
        });
        GroupRows(rows.collect())
    }

    /// The number of a log's row; `None` if the log did not exist.
    pub(crate) fn row(&self, log: LogId) -> Option<u64> {
        let at = self.0.binary_search_by_key(&log.group, |(id, _, _)| *id).ok()?;
        let (_, start, logs) = self.0[at];
        (log.index < logs).then(|| start + u64::from(log.index))
    }

    /// Bytes that it takes in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.0.len() * size_of::<(GroupId, u64, u32)>() + 64
    }
}

fn corrupt(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn row_crc(number: u64, log: LogId, row: &[u8]) -> u32 {
    let seed = crc32c_append(crc32c(&number.to_le_bytes()), &log.group.0.to_le_bytes());
    crc32c_append(crc32c_append(seed, &log.index.to_le_bytes()), row)
}

impl Row {
    fn encode(&self, number: u64, log: LogId) -> [u8; ROW_BYTES] {
        let mut out = [0; ROW_BYTES];
        put_u64(&mut out, 0, self.first);
        put_u64(&mut out, 8, self.extent.end);
        put_u64(&mut out, 16, self.extent.last_arrival.map_or(NEVER, |at| at.0));
        put_u32(&mut out, 24, self.run.0);
        put_u32(&mut out, 28, self.run.1);
        put_u32(&mut out, 32, if self.sealed { SEALED } else { 0 });
        let crc = row_crc(number, log, &out[..36]);
        put_u32(&mut out, 36, crc);
        out
    }

    /// The row of `log` in the footer of segment `number`; `None` if it is not sound.
    pub(crate) fn decode(bytes: &[u8], number: u64, log: LogId) -> Option<Row> {
        let bytes = bytes.get(..ROW_BYTES)?;
        if u32_at(bytes, 36) != row_crc(number, log, &bytes[..36]) {
            return None;
        }
        let last_arrival = Some(u64_at(bytes, 16)).filter(|at| *at != NEVER).map(Millis);
        Some(Row {
            first: u64_at(bytes, 0),
            extent: Extent { end: u64_at(bytes, 8), last_arrival },
            sealed: u32_at(bytes, 32) & SEALED != 0,
            run: (u32_at(bytes, 24), u32_at(bytes, 28)),
        })
    }
}

/// The entries that `bytes` are.
pub(crate) fn decode_entries(bytes: &[u8]) -> Vec<Entry> {
    let one = |b: &[u8]| Entry {
        base: u64_at(b, 0),
        arrival: Millis(u64_at(b, 8)),
        offset: u32_at(b, 16),
        payload_bytes: u32_at(b, 20),
    };
    bytes.chunks_exact(ENTRY_BYTES).map(one).collect()
}

impl Footer {
    fn rows_offset(&self) -> u64 {
        // What is on the disk may be anything: what is too large ends nowhere, and so does not fit.
        (self.data_end.saturating_add(SECTOR_BYTES as u64)).saturating_add(self.state_bytes)
    }

    fn entries_offset(&self) -> u64 {
        self.rows_offset().saturating_add(self.rows.saturating_mul(ROW_BYTES as u64))
    }

    fn end(&self) -> u64 {
        self.entries_offset().saturating_add(self.entries.saturating_mul(ENTRY_BYTES as u64))
    }

    /// Looks for the footer of segment `number` at the end of its file.
    pub(crate) fn read(file: &dyn DiskFile, number: u64) -> io::Result<Found> {
        let size = file.size()?;
        let Some(trailer_at) = size.checked_sub(SECTOR_BYTES as u64) else {
            return Ok(Found::Absent);
        };
        let mut sector = [0; SECTOR_BYTES];
        read_full(file, &mut sector, trailer_at)?;
        if u64_at(&sector, 0) != TRAILER_MAGIC || u64_at(&sector, 8) != number {
            return Ok(Found::Absent);
        }
        if u32_at(&sector, SECTOR_BYTES - 4) != crc32c(&sector[..SECTOR_BYTES - 4]) {
            return Ok(Found::Damaged("the trailer's checksum is wrong"));
        }
        let at = u64_at(&sector, 16);
        read_full(file, &mut sector, at)?;
        let sound = u32_at(&sector, SECTOR_BYTES - 4) == crc32c(&sector[..SECTOR_BYTES - 4]);
        Ok(match Self::decode_head(&sector) {
            Some(f) if sound && f.number == number && f.data_end == at => {
                if f.end() > trailer_at {
                    return Ok(Found::Damaged("the footer's tables do not fit"));
                }
                Found::Sound(f)
            }
            _ => Found::Damaged("the footer's head is not sound"),
        })
    }

    pub(crate) fn decode_head(sector: &[u8]) -> Option<Footer> {
        (u64_at(sector, 0) == HEAD_MAGIC).then(|| Footer {
            number: u64_at(sector, 8),
            covers: (u64_at(sector, 16), u64_at(sector, 24)),
            ordinal: u32_at(sector, 32),
            state_crc: u32_at(sector, 36),
            data_end: u64_at(sector, 40),
            commit: u64_at(sector, 48),
            commit_crc: u32_at(sector, 56),
            rows_crc: u32_at(sector, 60),
            last_arrival: Millis(u64_at(sector, 64)),
            state_bytes: u64_at(sector, 72),
            rows: u64_at(sector, 80),
            entries: u64_at(sector, 88),
            entries_crc: u32_at(sector, 96),
        })
    }

    pub(crate) fn encode_head(&self) -> [u8; SECTOR_BYTES] {
        let mut out = [0; SECTOR_BYTES];
        put_u64(&mut out, 0, HEAD_MAGIC);
        put_u64(&mut out, 8, self.number);
        put_u64(&mut out, 16, self.covers.0);
        put_u64(&mut out, 24, self.covers.1);
        put_u32(&mut out, 32, self.ordinal);
        put_u32(&mut out, 36, self.state_crc);
        put_u64(&mut out, 40, self.data_end);
        put_u64(&mut out, 48, self.commit);
        put_u32(&mut out, 56, self.commit_crc);
        put_u32(&mut out, 60, self.rows_crc);
        put_u64(&mut out, 64, self.last_arrival.0);
        put_u64(&mut out, 72, self.state_bytes);
        put_u64(&mut out, 80, self.rows);
        put_u64(&mut out, 88, self.entries);
        put_u32(&mut out, 96, self.entries_crc);
        let crc = crc32c(&out[..SECTOR_BYTES - 4]);
        put_u32(&mut out, SECTOR_BYTES - 4, crc);
        out
    }

    /// The groups and segments.
    pub(crate) fn read_state(&self, file: &dyn DiskFile) -> io::Result<FooterState> {
        let at = self.data_end + SECTOR_BYTES as u64;
        let bytes = read_section(file, at, self.state_bytes, self.state_crc, "state")?;
        decode_state(&bytes).ok_or_else(|| corrupt("the footer's state cannot be read"))
    }

    /// All rows, with the logs that they belong to.
    pub(crate) fn read_rows(
        &self,
        file: &dyn DiskFile,
        state: &FooterState,
    ) -> io::Result<Vec<(LogId, Row)>> {
        let length = self.rows * ROW_BYTES as u64;
        let bytes = read_section(file, self.rows_offset(), length, self.rows_crc, "rows")?;
        let logs = state
            .groups
            .iter()
            .flat_map(|(group, _, logs)| (0..*logs).map(|index| LogId { group: *group, index }));
        let rows = logs
            .zip(bytes.chunks_exact(ROW_BYTES))
            .map(|(log, bytes)| Row::decode(bytes, self.number, log).map(|row| (log, row)));
        rows.collect::<Option<_>>().ok_or_else(|| corrupt("a row of the footer is not sound"))
    }

    /// One log's row.
    pub(crate) fn read_row(&self, file: &dyn DiskFile, row: u64, log: LogId) -> io::Result<Row> {
        let mut bytes = [0; ROW_BYTES];
        read_exact(file, &mut bytes, self.rows_offset() + row * ROW_BYTES as u64)?;
        Row::decode(&bytes, self.number, log)
            .ok_or_else(|| corrupt("a row of the footer is not sound"))
    }

    /// A run of entries. Not checked by itself: whoever reads the blocks finds out.
    pub(crate) fn read_run(&self, file: &dyn DiskFile, run: (u32, u32)) -> io::Result<Vec<Entry>> {
        let mut bytes = vec![0; run.1 as usize * ENTRY_BYTES];
        let at = self.entries_offset() + u64::from(run.0) * ENTRY_BYTES as u64;
        read_exact(file, &mut bytes, at)?;
        Ok(decode_entries(&bytes))
    }

    /// All entries, checked.
    pub(crate) fn read_entries(&self, file: &dyn DiskFile) -> io::Result<Vec<Entry>> {
        let length = self.entries * ENTRY_BYTES as u64;
        let bytes = read_section(file, self.entries_offset(), length, self.entries_crc, "entries")?;
        Ok(decode_entries(&bytes))
    }
}

fn read_section(
    file: &dyn DiskFile,
    at: u64,
    length: u64,
    crc: u32,
    what: &str,
) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length as usize];
    read_exact(file, &mut bytes, at)?;
    if crc32c(&bytes) != crc {
        return Err(corrupt(&format!("the checksum of the footer's {what} is wrong")));
    }
    Ok(bytes)
}

fn decode_state(bytes: &[u8]) -> Option<FooterState> {
    let mut r = Reader(bytes);
    let mut state = FooterState::default();
    for _ in 0..r.u32()? {
        state.groups.push((GroupId(r.u64()?), take_spec(&mut r)?, r.u32()?));
    }
    for _ in 0..r.u32()? {
        state.deleted.0.push((r.u64()?, r.u64()?));
    }
    for _ in 0..r.u32()? {
        let (number, file_id, bytes) = (r.u64()?, r.u64()?, r.u64()?);
        let covers = (r.u64()?, r.u64()?);
        let role = match r.u32()? {
            1 => Role::Chain,
            2 => Role::Sorted,
            _ => return None,
        };
        let (ordinal, data_bytes) = (r.u32()?, r.u64()?);
        r.bytes(8)?;
        state.segments.push(SegmentRow {
            number,
            file_id,
            bytes,
            covers,
            role,
            ordinal,
            data_bytes,
        });
    }
    r.0.is_empty().then_some(state)
}

/// An upper bound of a footer's bytes, trailer included.
pub(crate) fn footer_bytes_max(
    groups: usize,
    logs: usize,
    deleted: usize,
    segments: usize,
    entries: usize,
) -> u64 {
    let state = 12 + groups * GROUP_BYTES + deleted * 16 + segments * SEGMENT_ROW_BYTES;
    let tables = state + logs * ROW_BYTES + entries * ENTRY_BYTES;
    padded(tables as u64) + 2 * SECTOR_BYTES as u64
}

/// Puts a footer together: groups and their rows in ascending order, then the rest.
pub(crate) struct FooterBuilder {
    footer: Footer,
    groups: Vec<u8>,
    group_count: u32,
    rows: Vec<u8>,
    entries: Vec<u8>,
}

impl FooterBuilder {
    /// A footer of the segment with this header, whose data ends at `data_end`, after the chain's commit `commit`.
    pub(crate) fn new(
        header: &SegmentHeader,
        data_end: u64,
        commit: (u64, u32),
        last_arrival: Millis,
    ) -> Self {
        let footer = Footer {
            number: header.number,
            covers: header.covers,
            ordinal: header.ordinal,
            data_end,
            commit: commit.0,
            commit_crc: commit.1,
            last_arrival,
            state_bytes: 0,
            rows: 0,
            entries: 0,
            state_crc: 0,
            rows_crc: 0,
            entries_crc: 0,
        };
        FooterBuilder {
            footer,
            groups: Vec::new(),
            group_count: 0,
            rows: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Begins a group of `logs` logs, whose rows follow.
    pub(crate) fn group(&mut self, id: GroupId, spec: &GroupSpec, logs: u32) {
        self.group_count += 1;
        self.groups.extend_from_slice(&id.0.to_le_bytes());
        put_spec(&mut self.groups, spec);
        self.groups.extend_from_slice(&logs.to_le_bytes());
    }

    /// The next log of the group.
    pub(crate) fn row(
        &mut self,
        log: LogId,
        first: u64,
        extent: Extent,
        sealed: bool,
        run: &[Entry],
    ) {
        let start = self.footer.entries as u32;
        for entry in run {
            self.entries.extend_from_slice(&entry.base.to_le_bytes());
            self.entries.extend_from_slice(&entry.arrival.0.to_le_bytes());
            self.entries.extend_from_slice(&entry.offset.to_le_bytes());
            self.entries.extend_from_slice(&entry.payload_bytes.to_le_bytes());
        }
        let row = Row { first, extent, sealed, run: (start, run.len() as u32) };
        self.rows.extend_from_slice(&row.encode(self.footer.number, log));
        self.footer.rows += 1;
        self.footer.entries += run.len() as u64;
    }

    /// The footer's bytes without the trailer, and what readers keep of it.
    pub(crate) fn finish(
        mut self,
        deleted: &IdRanges,
        segments: &[SegmentRow],
    ) -> (Vec<u8>, Footer) {
        let state = self.encode_state(deleted, segments);
        let footer = &mut self.footer;
        footer.state_bytes = state.len() as u64;
        footer.state_crc = crc32c(&state);
        footer.rows_crc = crc32c(&self.rows);
        footer.entries_crc = crc32c(&self.entries);
        let length = SECTOR_BYTES + state.len() + self.rows.len() + self.entries.len();
        let mut out = Vec::with_capacity(padded(length as u64) as usize);
        out.extend_from_slice(&footer.encode_head());
        out.extend_from_slice(&state);
        out.extend_from_slice(&self.rows);
        out.extend_from_slice(&self.entries);
        out.resize(padded(length as u64) as usize, 0);
        (out, self.footer)
    }

    fn encode_state(&self, deleted: &IdRanges, segments: &[SegmentRow]) -> Vec<u8> {
        let mut state = Vec::new();
        state.extend_from_slice(&self.group_count.to_le_bytes());
        state.extend_from_slice(&self.groups);
        state.extend_from_slice(&(deleted.0.len() as u32).to_le_bytes());
        for (first, last) in &deleted.0 {
            state.extend_from_slice(&first.to_le_bytes());
            state.extend_from_slice(&last.to_le_bytes());
        }
        state.extend_from_slice(&(segments.len() as u32).to_le_bytes());
        for row in segments {
            for number in [row.number, row.file_id, row.bytes, row.covers.0, row.covers.1] {
                state.extend_from_slice(&number.to_le_bytes());
            }
            let role: u32 = if row.role == Role::Sorted { 2 } else { 1 };
            state.extend_from_slice(&role.to_le_bytes());
            state.extend_from_slice(&row.ordinal.to_le_bytes());
            state.extend_from_slice(&row.data_bytes.to_le_bytes());
            state.extend_from_slice(&[0; 8]);
        }
        state
    }
}

/// The sector at the very end of a sealed segment's file.
pub(crate) fn encode_trailer(footer: &Footer) -> [u8; SECTOR_BYTES] {
    let mut out = [0; SECTOR_BYTES];
    put_u64(&mut out, 0, TRAILER_MAGIC);
    put_u64(&mut out, 8, footer.number);
    put_u64(&mut out, 16, footer.data_end);
    let crc = crc32c(&out[..SECTOR_BYTES - 4]);
    put_u32(&mut out, SECTOR_BYTES - 4, crc);
    out
}
