//! Goes through the keys of a bucket in order, with bounded memory.
//!
//! Directories are not sorted, so that a window of the lowest names that are still to come is taken from each, again
//! and again: a directory of n entries costs n / `WINDOW` readings.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::encode::{Name, directory_path, read_name};
use crate::error::{Error, Result};
use crate::limits::LIST_ENTRIES_MAX;

/// Names of a directory that are in memory at once.
const WINDOW: usize = LIST_ENTRIES_MAX + 1;

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// An object's file.
    Object(String, PathBuf),
    /// A directory that is not gone into, and what keys in it begin with.
    Directory(String, PathBuf),
}

/// A way through the keys of a bucket that begin with a prefix and come after a key.
pub(crate) struct Walk {
    filter: Filter,
    /// Whether directories below the prefix are told instead of gone into.
    fold: bool,
    levels: Vec<Level>,
}

/// Which keys are of interest.
struct Filter {
    prefix: String,
    after: String,
    /// Keys that begin so are left out.
    skipped: Option<String>,
}

/// A directory that the walk is in.
struct Level {
    directory: PathBuf,
    /// What keys in it begin with; empty or ending in a slash.
    prefix: String,
    /// The lowest that are still to come, the lowest last.
    window: Vec<Found>,
    /// The name behind which the next window begins.
    last: Option<String>,
    /// Whether there may be more than the window.
    more: bool,
}

/// An entry of a directory: the key's piece, with a slash behind it if it is a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    name: String,
    path: PathBuf,
}

impl Walk {
    /// Through the keys of the directory `objects` that begin with `prefix`, after `after`.
    pub(crate) fn new(objects: &Path, prefix: &str, after: &str, fold: bool) -> Self {
        // What is above the prefix's last slash need not be looked through.
        let base = prefix.rfind('/').map_or("", |slash| &prefix[..=slash]);
        let directory = match base.strip_suffix('/') {
            Some(pieces) => objects.join(directory_path(pieces)),
            None => objects.to_owned(),
        };
        let filter = Filter { prefix: prefix.to_owned(), after: after.to_owned(), skipped: None };
        Walk { filter, fold, levels: vec![Level::new(directory, base.to_owned())] }
    }

    /// Whether there is any object at all in a directory.
    pub(crate) fn has_any(directory: &Path) -> Result<bool> {
        let Some(entries) = entries_of(directory)? else { return Ok(false) };
        for entry in entries {
            let entry = entry.map_err(Error::io("reading a directory"))?;
            let found = match entry.file_name().to_str().and_then(read_name) {
                Some(Name::Object(_)) => true,
                Some(Name::Directory(_) | Name::Continued(_)) => Walk::has_any(&entry.path())?,
                None => false,
            };
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Leaves out what begins with `prefix` from here on.
    pub(crate) fn skip(&mut self, prefix: &str) {
        while self.levels.last().is_some_and(|level| level.prefix.starts_with(prefix)) {
            self.levels.pop();
        }
        self.filter.skipped = Some(prefix.to_owned());
    }

    /// The next step, or `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Step>> {
        while let Some(level) = self.levels.last_mut() {
            let Some(found) = level.take(&self.filter)? else {
                self.levels.pop();
                continue;
            };
            let key = level.prefix.clone() + &found.name;
            if !self.filter.wants(&key, &found.name) {
                continue;
            }
            if !found.name.ends_with('/') {
                return Ok(Some(Step::Object(key, found.path)));
            }
            if self.fold && key.len() > self.filter.prefix.len() {
                return Ok(Some(Step::Directory(key, found.path)));
            }
            self.levels.push(Level::new(found.path, key));
        }
        Ok(None)
    }
}

impl Filter {
    /// Whether there may be keys of interest at or below this, whose last piece is `name`.
    fn wants(&self, key: &str, name: &str) -> bool {
        if self.skipped.as_ref().is_some_and(|skipped| key.starts_with(skipped.as_str())) {
            return false;
        }
        if !name.ends_with('/') {
            return key.starts_with(&self.prefix) && key > self.after.as_str();
        }
        let of_prefix = key.starts_with(&self.prefix) || self.prefix.starts_with(key);
        of_prefix && (key > self.after.as_str() || self.after.starts_with(key))
    }
}

impl Level {
    fn new(directory: PathBuf, prefix: String) -> Self {
        Level { directory, prefix, window: Vec::new(), last: None, more: true }
    }

    fn take(&mut self, filter: &Filter) -> Result<Option<Found>> {
        if self.window.is_empty() && self.more {
            let mut lowest = BTreeSet::new();
            self.collect(&self.directory, &mut Vec::new(), filter, &mut lowest)?;
            self.more = lowest.len() > WINDOW;
            if self.more {
                lowest.pop_last();
            }
            self.last = lowest.last().map(|found| found.name.clone()).or(self.last.take());
            self.window = lowest.into_iter().rev().collect();
        }
        Ok(self.window.pop())
    }

    /// The lowest entries that are of interest and come after the last, one more than a window.
    fn collect(
        &self,
        directory: &Path,
        head: &mut Vec<u8>,
        filter: &Filter,
        lowest: &mut BTreeSet<Found>,
    ) -> Result<()> {
        let Some(entries) = entries_of(directory)? else { return Ok(()) };
        for entry in entries {
            let entry = entry.map_err(Error::io("reading a directory"))?;
            let piece = match entry.file_name().to_str().and_then(read_name) {
                Some(Name::Object(piece)) => piece,
                Some(Name::Directory(mut piece)) => {
                    piece.push(b'/');
                    piece
                }
                Some(Name::Continued(piece)) => {
                    let length = head.len();
                    head.extend(piece);
                    self.collect(&entry.path(), head, filter, lowest)?;
                    head.truncate(length);
                    continue;
                }
                None => continue,
            };
            let Ok(name) = String::from_utf8([head.as_slice(), &piece].concat()) else { continue };
            let is_next = self.last.as_ref().is_none_or(|last| name > *last)
                && (lowest.len() <= WINDOW || lowest.last().is_some_and(|last| name < last.name));
            if is_next && filter.wants(&(self.prefix.clone() + &name), &name) {
                lowest.insert(Found { name, path: entry.path() });
                if lowest.len() > WINDOW + 1 {
                    lowest.pop_last();
                }
            }
        }
        Ok(())
    }
}

/// The entries of a directory; `None` if it is gone, or is no directory.
fn entries_of(directory: &Path) -> Result<Option<fs::ReadDir>> {
    match fs::read_dir(directory) {
        Ok(entries) => Ok(Some(entries)),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
            // A prefix longer than any key is nowhere.
            io::ErrorKind::InvalidFilename => Ok(None),
            _ => Err(Error::io("reading a directory")(error)),
        },
    }
}
