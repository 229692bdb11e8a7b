//! Start-up: the newest footer gives the state, the segments behind it are read commit by commit. Serves nothing
//! that is
//! not on the disk, cuts a torn tail, names damage and never skips it. Changes nothing while there is damage.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::block::{BlockHeader, CommitHeader, Kind};
use crate::change::Change;
use crate::codec::u64_at;
use crate::commit::Chain;
use crate::damages::FOOTER;
use crate::disk::{DiskFile, read_full, sync};
use crate::footer::{Footer, FooterState, Found, Row, SegmentRow};
use crate::frame::HEADER_ROOM;
use crate::open_index::{Linked, OpenSegments, Place};
use crate::options::{Damage, OpenError, RecoveryReport, doing};
use crate::pool::FreeSegment;
use crate::scan::{Stop, scan};
use crate::sealing::Ended;
use crate::segment::{DATA_START, Role, Segment, SegmentHeader, file_name, file_number};
use crate::shared::{Shared, apply_to_groups};
use crate::tables::{Entry, Tables};

/// A file of the directory.
struct FoundFile {
    file: Arc<dyn DiskFile>,
    header: Option<SegmentHeader>,
    bytes: u64,
}

/// A footer whose tables are sound, with its tables.
struct Base {
    footer: Footer,
    state: FooterState,
    rows: Vec<(crate::contract::LogId, Row)>,
}

/// Whether recovery may write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// For an engine that goes on from there.
    Repair,
    /// For a look at the directory: changes nothing at all.
    LookOnly,
}

/// What is known so far.
struct Recovery<'a> {
    shared: &'a Shared,
    mode: Mode,
    report: RecoveryReport,
    files: BTreeMap<u64, FoundFile>,
    /// Segments of the chain that have a header: number to file.
    chain: BTreeMap<u64, u64>,
    /// Segments that hold data by the newest footer and what was replayed behind it.
    live: BTreeMap<u64, SegmentRow>,
    /// Numbers of sorted segments that a replayed change took in.
    taken_in: Vec<u64>,
    ended: Vec<Ended>,
}

/// Fills `shared` with what the disk holds, and returns the chain's end.
pub(crate) fn recover(shared: &Shared, mode: Mode) -> Result<(Chain, RecoveryReport), OpenError> {
    let mut recovery = Recovery {
        shared,
        mode,
        report: RecoveryReport::default(),
        files: BTreeMap::new(),
        chain: BTreeMap::new(),
        live: BTreeMap::new(),
        taken_in: Vec::new(),
        ended: Vec::new(),
    };
    recovery.list_files()?;
    let base = recovery.newest_footer()?;
    let start = base.as_ref().map_or(0, |base| base.footer.number);
    let chain = recovery.load(base);
    let chain = recovery.replay(start, chain)?;
    recovery.take_in_segments(start)?;
    recovery.find_headless(start)?;
    recovery.finish(chain)
}

impl Recovery<'_> {
    fn damage(&mut self, file_id: u64, segment: Option<u64>, offset: u64, what: String) {
        let file = file_name(file_id);
        self.report.damage.push(Damage { file, segment, offset, what });
    }

    fn list_files(&mut self) -> Result<(), OpenError> {
        let disk = &self.shared.options.disk;
        let names = disk.list().map_err(doing(format!("listing {}", disk.name())))?;
        for (name, id) in names.iter().filter_map(|name| Some((name, file_number(name)?))) {
            let opened = match self.mode {
                Mode::Repair => disk.open(name),
                Mode::LookOnly => disk.open_to_read(name),
            };
            let file = opened.map_err(doing(format!("opening {name}")))?;
            let bytes = file.size().map_err(doing(format!("looking at {name}")))?;
            let header = SegmentHeader::read(&*file).map_err(doing(format!("reading {name}")))?;
            self.shared.skip_numbers(header.as_ref().map_or(0, |h| h.number), id);
            if let Some(h) = header.as_ref().filter(|h| h.role == Role::Chain) {
                self.chain.insert(h.number, id);
            }
            self.files.insert(id, FoundFile { file, header, bytes });
        }
        Ok(())
    }

    /// The newest footer of the chain whose tables are sound.
    fn newest_footer(&mut self) -> Result<Option<Base>, OpenError> {
        let numbers: Vec<(u64, u64)> = self.chain.iter().rev().map(|(n, f)| (*n, *f)).collect();
        for (number, file_id) in numbers {
            let Some(found) = self.files.get(&file_id) else { continue };
            let file = found.file.clone();
            let reading = || format!("reading the footer of {}", file_name(file_id));
            let what = match Footer::read(&*file, number).map_err(doing(reading()))? {
                Found::Absent => continue,
                Found::Damaged(what) => what.to_owned(),
                Found::Sound(footer) => match read_tables(&*file, footer) {
                    Ok(base) => return Ok(Some(base)),
                    Err(e) => e.to_string(),
                },
            };
            let note = format!("{}: {what}; the footer is made again", file_name(file_id));
            self.report.notes.push(note);
            self.shared.count_damage(number, FOOTER);
        }
        Ok(None)
    }

    /// Takes over the state of the newest footer.
    fn load(&mut self, base: Option<Base>) -> Chain {
        let Some(Base { footer, state, rows }) = base else { return Chain::default() };
        let mut tables = self.shared.tables_mut();
        tables.deleted = state.deleted;
        for (group, spec, logs) in &state.groups {
            tables.create(*group, *spec, *logs, 0);
        }
        for (log, row) in rows {
            let Ok(log) = tables.log(log) else { continue };
            let mut inner = log.lock();
            inner.first = row.first;
            inner.end = row.extent.end;
            inner.last_arrival = row.extent.last_arrival;
            inner.sealed = row.sealed;
        }
        drop(tables);
        for row in state.segments {
            self.shared.skip_numbers(row.number, row.file_id);
            self.live.insert(row.number, row);
        }
        Chain { number: footer.commit, crc: footer.commit_crc, last_arrival: footer.last_arrival }
    }

    /// Reads the segments of the chain behind segment `start`.
    fn replay(&mut self, start: u64, mut chain: Chain) -> Result<Chain, OpenError> {
        let open: Vec<(u64, u64)> = self.chain.range(start + 1..).map(|(n, f)| (*n, *f)).collect();
        for (at, (number, file_id)) in open.iter().enumerate() {
            let limit = open.get(at + 1).and_then(|(_, file)| self.first_commit(*file));
            let (file, header) = match self.files.get(file_id) {
                Some(FoundFile { file, header: Some(header), .. }) => {
                    (file.clone(), header.clone())
                }
                _ => continue,
            };
            if header.first_commit > chain.number + 1 || self.gap(&header, chain) {
                let what = format!(
                    "it begins with commit {}, but the chain ends with {}: commits are missing",
                    header.first_commit, chain.number
                );
                self.damage(*file_id, Some(*number), 0, what);
                return Ok(chain);
            }
            if self.shared.options.sync && self.mode == Mode::Repair {
                let name = file_name(*file_id);
                sync(&*file).map_err(doing(format!("syncing {name}")))?;
                file.drop_cached().map_err(doing(format!("dropping the cache of {name}")))?;
            }
            let last = limit.is_none();
            chain = self.replay_segment(*file_id, file, header, chain, limit)?;
            if !self.report.damage.is_empty() && !last {
                return Ok(chain);
            }
        }
        Ok(chain)
    }

    fn first_commit(&self, file_id: u64) -> Option<u64> {
        self.files.get(&file_id)?.header.as_ref().map(|header| header.first_commit)
    }

    /// Whether a segment claims to follow another commit of the number that the chain has.
    fn gap(&self, header: &SegmentHeader, chain: Chain) -> bool {
        header.first_commit == chain.number + 1 && header.previous != chain.crc
    }

    fn replay_segment(
        &mut self,
        file_id: u64,
        file: Arc<dyn DiskFile>,
        header: SegmentHeader,
        chain: Chain,
        limit: Option<u64>,
    ) -> Result<Chain, OpenError> {
        let number = header.number;
        let segment = Arc::new(Segment::new(&header, file_id, file.clone()));
        let mut wrong = Vec::new();
        let mut changes = Vec::new();
        let shared = self.shared;
        let scanned = {
            let mut index = shared.open_index.write();
            let mut tables = shared.tables_mut();
            scan(&*file, number, (chain.number, chain.crc), limit, |commit, blocks, bytes| {
                for block in blocks {
                    if let Err(what) =
                        replay_block((&mut tables, &mut index), commit, block, bytes, &mut changes)
                    {
                        wrong.push((u64::from(block.offset), what));
                    }
                }
            })
        };
        let scanned = scanned.map_err(doing(format!("reading {}", file_name(file_id))))?;
        for change in changes {
            self.apply_to_segments(&change);
        }
        for (offset, what) in wrong {
            self.damage(file_id, Some(number), offset, what);
        }
        self.report.scanned += 1;
        self.report.scanned_bytes += scanned.at - DATA_START;
        self.report.commits += scanned.commits;
        let (last, crc) = scanned.chain;
        match scanned.stop {
            Stop::Complete => {}
            Stop::Damaged { later } => {
                let what = format!("commit {} is damaged, commit {later} follows it", last + 1);
                self.damage(file_id, Some(number), scanned.at, what);
            }
            Stop::Tail { torn } => {
                if limit.is_some_and(|limit| last + 1 < limit) {
                    let what =
                        format!("commit {} is damaged, and the next segment follows", last + 1);
                    self.damage(file_id, Some(number), scanned.at, what);
                } else if torn {
                    self.report.cuts.push((file_name(file_id), scanned.at));
                }
            }
        }
        let last_arrival = chain.last_arrival.max(scanned.last_arrival);
        let chain = Chain { number: last, crc, last_arrival };
        if scanned.commits > 0 {
            let data = scanned.at - DATA_START;
            segment.data_bytes.store(data, std::sync::atomic::Ordering::Relaxed);
            self.ended.push(Ended { segment, header, data_end: scanned.at, chain });
        }
        Ok(chain)
    }

    /// Follows which segments hold data.
    fn apply_to_segments(&mut self, change: &Change) {
        match change {
            Change::Free { segments, firsts } => {
                self.shared.raise_firsts(firsts);
                self.forget(segments);
            }
            Change::Replace { sources, outputs, firsts } => {
                self.shared.raise_firsts(firsts);
                self.forget(sources);
                self.taken_in.extend(outputs);
            }
            Change::Create { .. }
            | Change::Grow { .. }
            | Change::Configure { .. }
            | Change::Delete { .. } => {}
        }
    }

    fn forget(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.live.remove(number);
            self.taken_in.retain(|taken| taken != number);
            self.ended.retain(|ended| ended.segment.number != *number);
            self.shared.forget_open_runs(*number);
        }
    }

    /// Takes in every segment that holds data: those of the newest footer, those sorted since, those just read.
    fn take_in_segments(&mut self, start: u64) -> Result<(), OpenError> {
        let mut sealed = Vec::new();
        let mut rows: Vec<SegmentRow> = std::mem::take(&mut self.live).into_values().collect();
        rows.retain(|row| row.number <= start || row.role == Role::Sorted);
        for number in std::mem::take(&mut self.taken_in) {
            let known = rows.iter().any(|row| row.number == number);
            let found = self.files.iter().find(|(_, f)| {
                f.header.as_ref().is_some_and(|h| h.number == number && h.role == Role::Sorted)
            });
            match found {
                Some((id, found)) if !known => rows.extend(sorted_row(*id, found)),
                Some(_) => {}
                None if known => {}
                None => self.damage(0, Some(number), 0, "the sorted segment is missing".into()),
            }
        }
        for row in rows {
            let found = self.files.get(&row.file_id);
            let sound = found.and_then(|f| f.header.as_ref()).filter(|h| h.number == row.number);
            let (Some(found), Some(header)) = (found, sound) else {
                let what = match found {
                    None => "the file is missing",
                    Some(_) => "the segment's header is damaged",
                };
                self.damage(row.file_id, Some(row.number), 0, what.into());
                continue;
            };
            let segment = Segment::new(header, row.file_id, found.file.clone());
            let relaxed = std::sync::atomic::Ordering::Relaxed;
            segment.bytes.store(found.bytes, relaxed);
            segment.data_bytes.store(row.data_bytes, relaxed);
            sealed.push(Arc::new(segment));
            self.files.remove(&row.file_id);
        }
        let mut set = self.shared.set_mut();
        set.add_sealed(sealed);
        for ended in &self.ended {
            self.files.remove(&ended.segment.file_id);
            set.add_open(ended.segment.clone());
        }
        Ok(())
    }

    /// Looks for segments of the chain whose header is lost though they hold commits: headers are durable before the
    /// first commit, so that is damage.
    fn find_headless(&mut self, start: u64) -> Result<(), OpenError> {
        let mut headless = Vec::new();
        for (id, found) in self.files.iter().filter(|(_, found)| found.header.is_none()) {
            let mut sector = [0; 64];
            let read = read_full(&*found.file, &mut sector, DATA_START)
                .map_err(doing(format!("reading {}", file_name(*id))))?;
            if read < sector.len() {
                continue;
            }
            let number = u64_at(&sector, 32);
            let commit = CommitHeader::decode(&sector, number, DATA_START);
            let known = self.shared.set().get(number).is_some();
            if commit.is_some() && number > start && !known {
                headless.push((*id, number));
            }
        }
        for (id, number) in headless {
            self.shared.skip_numbers(number, id);
            self.damage(id, Some(number), 0, "the segment's header is damaged".into());
        }
        Ok(())
    }

    fn finish(mut self, chain: Chain) -> Result<(Chain, RecoveryReport), OpenError> {
        let shared = self.shared;
        for group in shared.tables().groups.values() {
            for log in group.logs().iter() {
                log.reset_tail(&log.lock());
            }
        }
        self.report.segments = shared.set().len();
        for damage in &self.report.damage {
            shared.count_damage(damage.segment.unwrap_or_default(), damage.offset);
        }
        if let Some(first) = self.report.damage.first() {
            shared.break_down(format!(
                "{} is damaged: {first}; nothing was changed, reads of what is sound go on; run \
                 `millstream fsck` and restore the file from a copy",
                shared.options.disk.name()
            ));
            return Ok((chain, self.report));
        }
        shared.ended().extend(self.ended);
        if self.mode == Mode::LookOnly {
            return Ok((chain, self.report));
        }
        for (file_id, found) in std::mem::take(&mut self.files) {
            if found.bytes < shared.options.segment_bytes_min {
                shared.remove_file(file_id);
                continue;
            }
            let (file, bytes, written) = (found.file, found.bytes, found.header.is_some());
            shared.pool.add(FreeSegment { file_id, file, bytes, written });
        }
        // A failure here shows in the engine's health; what was recovered can be read.
        let _ = shared.seal_ended();
        Ok((chain, self.report))
    }
}

fn read_tables(file: &dyn DiskFile, footer: Footer) -> std::io::Result<Base> {
    let state = footer.read_state(file)?;
    let rows = footer.read_rows(file, &state)?;
    // A power loss may have taken a part of a footer that was not synced yet.
    footer.read_entries(file)?;
    Ok(Base { footer, state, rows })
}

fn sorted_row(file_id: u64, found: &FoundFile) -> Option<SegmentRow> {
    let header = found.header.as_ref()?;
    Some(SegmentRow {
        number: header.number,
        file_id,
        bytes: found.bytes,
        covers: header.covers,
        role: Role::Sorted,
        ordinal: header.ordinal,
        data_bytes: 0,
    })
}

/// Applies one block of a commit; an error says what contradicts what was read before.
fn replay_block(
    (tables, index): (&mut Tables, &mut OpenSegments),
    commit: &CommitHeader,
    block: &BlockHeader,
    bytes: &[u8],
    changes: &mut Vec<Change>,
) -> Result<(), String> {
    if block.kind == Kind::Control {
        let start = (block.offset - commit.offset) as usize + HEADER_ROOM;
        let payload = bytes.get(start..start + block.payload_bytes as usize);
        let change = payload.and_then(Change::decode);
        let change = change.ok_or("a change is of a kind that this release does not know")?;
        apply_to_groups(tables, &change, commit.segment, &mut Vec::new());
        changes.push(change);
        return Ok(());
    }
    // A block of a deleted group: nobody can ask for it.
    let Ok(log) = tables.log(block.log) else { return Ok(()) };
    let mut inner = log.lock();
    match block.kind {
        Kind::Data => {
            if block.base != inner.end {
                return Err(format!(
                    "{:?} continues at {} but ended at {}",
                    block.log, block.base, inner.end
                ));
            }
            let (arrival, offset) = (block.arrival, block.offset);
            let payload_bytes = block.payload_bytes;
            let entry = Entry { base: block.base, arrival, offset, payload_bytes };
            let batches = index.extend(commit.segment);
            let previous =
                inner.publish(commit.segment, entry, block.count, batches.len() as Place);
            batches.push(Linked { entry, previous });
        }
        Kind::Seal => inner.sealed = true,
        Kind::Trim => inner.first = inner.first.max(block.base.min(inner.end)),
        Kind::Control => {}
    }
    Ok(())
}
