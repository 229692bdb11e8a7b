//! Checks a directory without changing it: every segment's header, footer, chain of commits and blocks.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use millstream_types::{ManualClock, Millis};

use crate::block::{BlockHeader, Kind};
use crate::contract::LogId;
use crate::disk::{Disk, DiskFile, read_exact};
use crate::footer::{Footer, Found, Row};
use crate::format::{FILE, FORMAT_NEWEST, read_format};
use crate::frame::HEADER_ROOM;
use crate::options::{Damage, OpenError, Options, doing, lost_format};
use crate::recovery::{Mode, recover};
use crate::scan::scan;
use crate::segment::{Role, Segment, SegmentHeader, file_name, file_number};
use crate::shared::Shared;
use crate::tables::Entry;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FsckReport {
    /// The format that the directory is written in.
    pub format: u32,
    /// Segments that hold data.
    pub segments: usize,
    /// Groups that exist.
    pub groups: usize,
    /// Logs in them.
    pub logs: usize,
    /// Commits that were read.
    pub commits: u64,
    /// Blocks that were read and are whole.
    pub blocks: u64,
    /// Bytes of blocks.
    pub bytes: u64,
    /// Where torn commits, never acknowledged, would be cut off: file and byte.
    pub cuts: Vec<(String, u64)>,
    /// Harmless things.
    pub notes: Vec<String>,
    /// Damage of acknowledged data, by file and byte.
    pub damage: Vec<Damage>,
    /// Whether a server does not start on the directory, though this release knows its format.
    pub keeps_shut: bool,
    /// Whether a server that starts on it refuses writes: what a start reads is damaged. It reads no blocks of segments
    /// that have a footer; damage there is met by whoever reads them.
    pub refuses_writes: bool,
    /// The logs whose blocks are damaged, as far as a footer names them.
    pub damaged_logs: BTreeSet<LogId>,
}

/// Checks a directory, changing nothing. Fails if it cannot be read at all, is of an unknown format, or is in use.
pub fn fsck(disk: &Arc<dyn Disk>) -> Result<FsckReport, OpenError> {
    let names = disk.list().map_err(doing(format!("listing {}", disk.name())))?;
    // A directory without a lock file was never used; none is made.
    let _lock = match names.iter().any(|name| name == "lock") {
        true => Some(crate::format::lock(&**disk)?),
        false => None,
    };
    let format = read_format(&**disk)?;
    let clock = Arc::new(ManualClock::new(Millis(0)));
    let shared = Shared::new(Options::durable(disk.clone(), clock));
    let (_, recovered) = recover(&shared, Mode::LookOnly)?;
    let mut report = FsckReport {
        format: format.unwrap_or(FORMAT_NEWEST),
        segments: recovered.segments,
        groups: shared.tables().groups.len(),
        logs: shared.tables().logs(),
        commits: recovered.commits,
        cuts: recovered.cuts,
        notes: recovered.notes,
        refuses_writes: !recovered.damage.is_empty(),
        damage: recovered.damage,
        ..FsckReport::default()
    };
    if format.is_none() && names.iter().any(|name| file_number(name).is_some()) {
        let (file, what) = (FILE.to_owned(), format!("there are segments, but {}", lost_format()));
        report.keeps_shut = true;
        report.damage.push(Damage { file, segment: None, offset: 0, what });
    }
    let open: Vec<u64> = shared.ended().iter().map(|ended| ended.segment.number).collect();
    let segments = shared.set().all();
    for segment in segments {
        if open.contains(&segment.number) {
            report.bytes += segment.data_bytes.load(std::sync::atomic::Ordering::Relaxed);
            continue;
        }
        let mut check = Check { segment: &segment, report: &mut report };
        if let Err(e) = check.run() {
            check.damage(0, e.to_string());
        }
    }
    Ok(report)
}

/// The check of one segment that has a footer.
struct Check<'a> {
    segment: &'a Segment,
    report: &'a mut FsckReport,
}

impl Check<'_> {
    fn damage(&mut self, offset: u64, what: String) {
        let file = file_name(self.segment.file_id);
        let segment = Some(self.segment.number);
        self.report.damage.push(Damage { file, segment, offset, what });
    }

    fn run(&mut self) -> io::Result<()> {
        let file = self.segment.file.clone();
        let footer = match Footer::read(&*file, self.segment.number)? {
            Found::Sound(footer) => footer,
            Found::Absent => {
                self.damage(0, "the footer is missing".into());
                return Ok(());
            }
            Found::Damaged(what) => {
                self.damage(0, what.into());
                return Ok(());
            }
        };
        let state = footer.read_state(&*file)?;
        let rows = footer.read_rows(&*file, &state)?;
        let entries = footer.read_entries(&*file)?;
        if self.segment.role == Role::Chain {
            self.chain(&*file, &footer)?;
        }
        self.blocks(&*file, &rows, &entries)
    }

    /// Every commit is whole and follows the one before.
    fn chain(&mut self, file: &dyn DiskFile, footer: &Footer) -> io::Result<()> {
        let Some(header) = SegmentHeader::read(file)? else { return Ok(()) };
        let before = (header.first_commit.saturating_sub(1), header.previous);
        let limit = Some(footer.commit + 1);
        let scanned = scan(file, header.number, before, limit, |_, _, _| {})?;
        self.report.commits += scanned.commits;
        if scanned.chain != (footer.commit, footer.commit_crc) || scanned.at != footer.data_end {
            let what = format!("commit {} is damaged", scanned.chain.0 + 1);
            self.damage(scanned.at, what);
        }
        Ok(())
    }

    /// Every block that the footer names is whole and the one that it says.
    fn blocks(
        &mut self,
        file: &dyn DiskFile,
        rows: &[(LogId, Row)],
        entries: &[Entry],
    ) -> io::Result<()> {
        let mut bytes = Vec::new();
        for (log, row) in rows {
            let run = row.run.0 as usize..(row.run.0 as usize + row.run.1 as usize);
            let Some(run) = entries.get(run) else {
                self.damage(0, format!("the footer's run of {log} is not there"));
                continue;
            };
            for entry in run {
                bytes.clear();
                bytes.resize(HEADER_ROOM + entry.payload_bytes as usize, 0);
                let offset = u64::from(entry.offset);
                let read = read_exact(file, &mut bytes, offset);
                let header = BlockHeader::decode(&bytes, self.segment.number, offset);
                let sound = header.is_some_and(|h| {
                    h.log == *log
                        && h.kind == Kind::Data
                        && h.base == entry.base
                        && h.payload_bytes == entry.payload_bytes
                        && h.payload_crc == crc32c::crc32c(&bytes[HEADER_ROOM..])
                });
                if read.is_err() || !sound {
                    let what = format!("the block of {log}, position {} is damaged", entry.base);
                    self.damage(offset, what);
                    self.report.damaged_logs.insert(*log);
                    continue;
                }
                self.report.blocks += 1;
                self.report.bytes += bytes.len() as u64;
            }
        }
        Ok(())
    }
}
