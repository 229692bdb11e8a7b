//! Checks the buckets of a directory, changing nothing: what a start reads, and every object and part of an upload.
//!
//! Memory is bounded: what is found is told at once, and of the directories in a directory a window is known. What is
//! not there tells nothing of itself: nothing lists which objects there ought to be.

mod file;
mod uploads;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use millstream_vault::DataKey;

use crate::bucket::{self, OBJECTS, RECORD, UPLOADS};
use crate::encode::{Name, read_name};
use crate::error::{Error, Result};
use crate::format::{FORMAT_FILE, FormatError, NAMES, format_of};
use crate::limits::COPY_BYTES;
use crate::lock;
use crate::names::BucketName;

/// Directories in a directory that are known at once.
const WINDOW: usize = 256;

/// Opens a wrapped data key: its master key's one name, what it is bound to, and the bytes that are stored. `None` if
/// the master key is not at hand.
pub type OpenKey<'a> = &'a dyn Fn(&str, &str, &[u8]) -> Option<DataKey>;

/// Sums bytes up as a client's checksum does.
pub trait Sum {
    /// Takes the next bytes in.
    fn update(&mut self, bytes: &[u8]);
    /// The checksum in base64.
    fn finish(self: Box<Self>) -> String;
}

/// What the bytes of files are compared by, beside their MD5.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// Opens the keys of what is sealed.
    pub open_key: OpenKey<'a>,
    /// A client's checksum, by its algorithm as S3 names it; `None` if it is not known.
    pub sum_of: &'a dyn Fn(&str) -> Option<Box<dyn Sum>>,
}

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// The layout that the directory is written in; `None` if it says none.
    pub format: Option<u32>,
    /// Buckets.
    pub buckets: u64,
    /// Objects.
    pub objects: u64,
    /// Uploads in parts that are open.
    pub uploads: u64,
    /// Their parts.
    pub parts: u64,
    /// Bytes of objects and parts that were read, as they are in the clear.
    pub bytes: u64,
    /// Objects whose bytes nothing sums up, since they are of parts, in the clear, and came without a checksum of the
    /// full object: of these the length was checked and that they can be read.
    pub without_sum: u64,
    /// Sealed files whose key was not at hand: of these the length and the record were checked.
    pub unopened: u64,
    /// Damaged places.
    pub damaged: u64,
    /// Of these, what keeps a store from being opened.
    pub keeps_shut: u64,
}

/// What is told while a check goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Something is not what was written.
    Damage {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Something harmless.
    Note {
        /// The file or directory.
        path: PathBuf,
        /// What it is.
        what: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Damage { path, what } => write!(f, "DAMAGE: {}: {what}", path.display()),
            Finding::Note { path, what } => write!(f, "note: {}: {what}", path.display()),
        }
    }
}

/// Checks all buckets below a directory. Whatever is found is told in the order in which it is met.
///
/// # Errors
/// [`FormatError::Unknown`], another process has it open, or the directory itself cannot be read.
pub fn check(root: &Path, means: Means<'_>, tell: &mut dyn FnMut(&Finding)) -> Result<CheckReport> {
    let _lock = lock::take(root)?;
    let report = CheckReport::default();
    let mut check = Check { report, means, tell, buffer: vec![0; COPY_BYTES] };
    match format_of(root) {
        Ok(format) => check.report.format = format,
        Err(error @ Error::Format(FormatError::Lost { .. })) => {
            check.keeps_shut(&root.join(FORMAT_FILE), error.to_string());
        }
        Err(error) => return Err(error),
    }
    let names = root.join(NAMES);
    match fs::read_dir(&names) {
        Ok(entries) => {
            for entry in entries {
                let path = entry.map_err(Error::io("reading a directory"))?.path();
                check.entry(&path);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // It is made before the format is written.
            if check.report.format.is_some() {
                check.damage(&names, "the directory is missing".into());
            }
        }
        Err(error) => check.keeps_shut(&names, words(&Error::io("")(error))),
    }
    Ok(check.report)
}

/// A check that is under way.
struct Check<'a> {
    report: CheckReport,
    means: Means<'a>,
    tell: &'a mut dyn FnMut(&Finding),
    buffer: Vec<u8>,
}

/// Where the objects of a bucket are.
struct Place {
    bucket: BucketName,
    objects: PathBuf,
}

impl Check<'_> {
    fn damage(&mut self, path: &Path, what: String) {
        self.report.damaged += 1;
        (self.tell)(&Finding::Damage { path: path.to_owned(), what });
    }

    fn keeps_shut(&mut self, path: &Path, what: String) {
        self.report.keeps_shut += 1;
        self.damage(path, what);
    }

    fn note(&mut self, path: &Path, what: &str) {
        (self.tell)(&Finding::Note { path: path.to_owned(), what: what.into() });
    }

    /// An entry of the directory of buckets.
    fn entry(&mut self, path: &Path) {
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.and_then(|name| name.parse::<BucketName>().ok()) else {
            return self.note(path, "this is no bucket; it is ignored");
        };
        self.report.buckets += 1;
        if let Err(error) = bucket::read(name.clone(), path) {
            self.keeps_shut(&path.join(RECORD), words(&error));
        }
        let (objects, uploads) = (path.join(OBJECTS), path.join(UPLOADS));
        for part in [&objects, &uploads] {
            if !part.is_dir() {
                self.damage(part, "the directory is missing".into());
            }
        }
        let place = Place { bucket: name, objects };
        if place.objects.is_dir() {
            self.directory(&place, &place.objects);
        }
        if uploads.is_dir() {
            self.uploads(&place, &uploads);
        }
    }

    /// All objects below a directory. No directory is open while those in it are gone through.
    fn directory(&mut self, place: &Place, directory: &Path) {
        let mut after = None;
        loop {
            let Some(mut window) = self.look_through(place, directory, after.as_deref()) else {
                return;
            };
            let is_last = window.len() <= WINDOW;
            if !is_last {
                window.pop_last();
            }
            for name in &window {
                self.directory(place, &directory.join(name));
            }
            if is_last {
                return;
            }
            after = window.pop_last();
        }
    }

    /// The first directories after `after`, one more than a window if there are more; the first time also checks the
    /// objects.
    fn look_through(
        &mut self,
        place: &Place,
        directory: &Path,
        after: Option<&str>,
    ) -> Option<BTreeSet<String>> {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                self.note(directory, "this is no object; it is ignored");
                return None;
            }
            Err(error) => {
                self.damage(directory, words(&Error::io("")(error)));
                return None;
            }
        };
        let is_first = after.is_none();
        let mut window = BTreeSet::new();
        for entry in entries {
            let path = match entry {
                Ok(entry) => entry.path(),
                Err(error) => {
                    self.damage(directory, words(&Error::io("")(error)));
                    break;
                }
            };
            let name = path.file_name().and_then(|name| name.to_str());
            match (name, name.and_then(read_name)) {
                (_, Some(Name::Object(_))) if is_first => self.object(place, &path),
                (Some(name), Some(Name::Directory(_) | Name::Continued(_))) => {
                    if after.is_none_or(|after| name > after) {
                        window.insert(name.to_owned());
                    }
                    if window.len() > WINDOW + 1 {
                        window.pop_last();
                    }
                }
                (_, None) if is_first => self.note(&path, "this is no object; it is ignored"),
                _ => {}
            }
        }
        Some(window)
    }
}

/// Why a file is not taken for what was written.
fn words(error: &Error) -> String {
    match error {
        Error::NoSuchKey => "the file is missing".into(),
        Error::Io { error, .. } if error.kind() == io::ErrorKind::NotFound => {
            "the file is missing".into()
        }
        Error::Io { error, .. } => format!("it cannot be read: {error}"),
        Error::Damaged { .. } => "it is not what was written".into(),
        error => error.to_string(),
    }
}
