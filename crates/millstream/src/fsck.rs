//! `millstream fsck`: what is damaged in a data directory, and what a server makes of it. Changes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use millstream_buckets::Means;
use millstream_catalog::CATALOG_GROUP;
use millstream_log::{Disk, FsckReport};
use millstream_vault::{DataKey, LocalKeys};

use crate::formats::log_of;
use crate::fsck_encryption::{self, KeyFile};
use crate::master_key::{self, MASTER_KEY_FILE};
use crate::s3_config::BUCKETS_DIRECTORY;

/// What `fsck` exits with on damage; whatever else keeps it from an answer is [`UNANSWERED`].
const DAMAGED: u8 = 1;
const UNANSWERED: u8 = 2;

/// What a server does on a damaged directory, the worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Consequence {
    SomeReadsFail,
    RefusesWrites,
    DoesNotStart,
}

impl Consequence {
    fn words(self) -> &'static str {
        match self {
            Consequence::SomeReadsFail => {
                "a server on it takes writes and answers reads of what is whole; reads of what is damaged fail"
            }
            Consequence::RefusesWrites => {
                "a server on it answers reads of what is whole and refuses writes"
            }
            Consequence::DoesNotStart => "a server does not start on it",
        }
    }
}

/// What was found so far.
#[derive(Default)]
struct Verdict {
    worst: Option<Consequence>,
    unanswered: bool,
}

impl Verdict {
    fn damaged(&mut self, consequence: Consequence) {
        self.worst = self.worst.max(Some(consequence));
    }

    fn unanswered(&mut self, what: &str) {
        eprintln!("millstream: {what}");
        self.unanswered = true;
    }

    /// Says what it comes to, and what comes next.
    fn tell(&self) -> ExitCode {
        match (self.worst, self.unanswered) {
            (Some(worst), _) => {
                println!("acknowledged data is damaged");
                println!(
                    "next: copy the directory, look after its disk, and bring back the files named above from a copy; \
                     until then {}",
                    worst.words()
                );
                ExitCode::from(DAMAGED)
            }
            (None, true) => {
                println!("no damage was found, but not everything could be checked");
                ExitCode::from(UNANSWERED)
            }
            (None, false) => {
                println!("no damage");
                ExitCode::SUCCESS
            }
        }
    }
}

/// Checks a data directory without changing it; exits with 1 on damage and with 2 where it cannot say.
pub fn fsck(data_dir: &Path, master_key_file: Option<PathBuf>) -> ExitCode {
    let disk = match log_of(data_dir) {
        Ok(disk) => disk,
        Err(error) => {
            eprintln!("millstream: {error}");
            return ExitCode::from(UNANSWERED);
        }
    };
    let mut verdict = Verdict::default();
    let is_default = master_key_file.is_none();
    let file = master_key_file.unwrap_or_else(|| data_dir.join(MASTER_KEY_FILE));
    let loaded = master_key::load(&file);
    match millstream_log::fsck(&disk) {
        Ok(report) => {
            check_log(&disk, &report, &mut verdict);
            let key = KeyFile { path: &file, loaded: &loaded };
            check_key(&disk, &key, report.damage.is_empty(), is_default, &mut verdict);
        }
        Err(error) => verdict.unanswered(&format!("{}: {error}", data_dir.display())),
    }
    let root = loaded.as_ref().ok().and_then(Option::as_ref);
    check_buckets(&data_dir.join(BUCKETS_DIRECTORY), root, &mut verdict);
    verdict.tell()
}

fn check_log(disk: &Arc<dyn Disk>, report: &FsckReport, verdict: &mut Verdict) {
    print_report(report);
    if report.damage.is_empty() {
        return;
    }
    name_logs(disk, report);
    verdict.damaged(match (report.keeps_shut, report.refuses_writes) {
        (true, _) => Consequence::DoesNotStart,
        (false, true) => Consequence::RefusesWrites,
        (false, false) => Consequence::SomeReadsFail,
    });
}

/// Whose records are damaged, as far as the catalog can be read.
fn name_logs(disk: &Arc<dyn Disk>, report: &FsckReport) {
    let streams = match report.damaged_logs.is_empty() {
        true => BTreeMap::new(),
        // Without the catalog groups have no names; the damage itself was told.
        false => fsck_encryption::stream_names(disk).unwrap_or_default(),
    };
    for log in &report.damaged_logs {
        match streams.get(&log.group) {
            Some(stream) => println!("{log} is {stream}"),
            None if log.group == CATALOG_GROUP => println!("{log} is the catalog"),
            None => println!("{log} belongs to no stream that could be found"),
        }
    }
}

fn print_report(report: &FsckReport) {
    println!(
        "format {}: {} segments, {} groups, {} logs, {} commits, {} blocks, {} bytes",
        report.format,
        report.segments,
        report.groups,
        report.logs,
        report.commits,
        report.blocks,
        report.bytes
    );
    for (file, offset) in &report.cuts {
        println!("torn, never acknowledged: {file} at byte {offset}");
    }
    report.notes.iter().for_each(|note| println!("note: {note}"));
    report.damage.iter().for_each(|damage| println!("DAMAGE: {damage}"));
}

/// The master key, and what it opens.
fn check_key(
    disk: &Arc<dyn Disk>,
    key: &KeyFile<'_>,
    log_is_whole: bool,
    is_default: bool,
    verdict: &mut Verdict,
) {
    let checked = match fsck_encryption::check(disk, key, log_is_whole) {
        Ok(checked) => checked,
        Err(error) => {
            if !log_is_whole {
                // What is damaged is the catalog, which a start reads too.
                verdict.damaged(Consequence::DoesNotStart);
            }
            let what = format!("the master key and encrypted blocks could not be checked: {error}");
            return verdict.unanswered(&what);
        }
    };
    if let Some(damage) = checked.key_damage {
        println!("DAMAGE: {damage}");
        if is_default && matches!(key.loaded, Ok(None)) {
            println!("note: where the file is kept elsewhere, name it with --master-key-file");
        }
        verdict.damaged(Consequence::DoesNotStart);
    }
    if !checked.blocks_are_sound {
        verdict.damaged(Consequence::SomeReadsFail);
    }
}

fn check_buckets(directory: &Path, root: Option<&DataKey>, verdict: &mut Verdict) {
    let open_key = |master: &str, context: &str, wrapped: &[u8]| {
        LocalKeys::open_stored(root?, master, context, wrapped)
    };
    let means = Means { open_key: &open_key, sum_of: &millstream_gateway::sum_of };
    let mut tell = |finding: &millstream_buckets::Finding| println!("{finding}");
    let report = match millstream_buckets::check(directory, means, &mut tell) {
        Ok(report) => report,
        Err(error) => {
            return verdict.unanswered(&format!("the buckets could not be checked: {error}"));
        }
    };
    if report.format.is_none() && report.damaged == 0 {
        return println!("there are no buckets");
    }
    let format = report.format.map_or_else(|| "unknown".into(), |format| format.to_string());
    println!(
        "buckets format {format}: {} buckets, {} objects, {} uploads in parts, {} parts, {} bytes",
        report.buckets, report.objects, report.uploads, report.parts, report.bytes
    );
    if report.without_sum > 0 {
        println!(
            "{} objects of parts have no sum of their bytes: checked was that they can be read, and their length",
            report.without_sum
        );
    }
    if report.unopened > 0 {
        println!(
            "{} sealed objects and parts were not opened, their master key is not at hand: checked was their length",
            report.unopened
        );
    }
    if report.keeps_shut > 0 {
        verdict.damaged(Consequence::DoesNotStart);
    } else if report.damaged > 0 {
        verdict.damaged(Consequence::SomeReadsFail);
    }
}
