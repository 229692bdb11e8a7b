//! The `FORMAT` file: which version of the layout a directory is written in.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::disk::remove_if_there;
use crate::error::{Error, Result};
use crate::reader::is_absent;

/// The newest layout that this release reads and writes.
pub const FORMAT_NEWEST: u32 = 1;

/// The oldest layout that this release reads.
pub const FORMAT_OLDEST: u32 = 1;

/// The directory of buckets.
pub(crate) const NAMES: &str = "names";
pub(crate) const FORMAT_FILE: &str = "FORMAT";
const NEW_FILE: &str = "FORMAT.new";
const PREFIX: &str = "millstream buckets ";
/// Bytes of the file that are looked at.
const FILE_BYTES_MAX: u64 = 64;

/// Why the layout of a directory does not let it be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// This release does not know it.
    Unknown {
        /// The directory.
        directory: String,
        /// What it says.
        found: String,
        /// The newest layout that this release knows.
        known: u32,
    },
    /// There are buckets, and nothing says how they are written.
    Lost {
        /// The directory.
        directory: String,
    },
}

impl From<FormatError> for Error {
    fn from(error: FormatError) -> Self {
        Error::Format(error)
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormatError::Unknown { directory, found, known } => write!(
                f,
                "{directory} has buckets format {found}, this release knows up to {known}; nothing was \
                 changed; open it with the release that wrote it"
            ),
            FormatError::Lost { directory } => write!(
                f,
                "{directory} has buckets, but no FORMAT that says how they are written; nothing was \
                 changed; put the file back from a copy: it is one line, `millstream buckets {FORMAT_NEWEST}` \
                 if no release after this one wrote the directory"
            ),
        }
    }
}

/// The layout that the buckets of a directory are written in; `None` if it has none yet, or is not there. Changes
/// nothing.
///
/// # Errors
/// [`Error::Format`], or the disk's.
pub fn format_of(root: &Path) -> Result<Option<u32>> {
    let text = read_text(root).map_err(Error::io("reading the format of the buckets"))?;
    // A first start that was killed while it wrote; no bucket was made before that was done.
    if PREFIX.starts_with(&text) {
        return match has_buckets(root)? {
            true => Err(FormatError::Lost { directory: root.display().to_string() }.into()),
            false => Ok(None),
        };
    }
    let version = text.strip_prefix(PREFIX).and_then(|rest| rest.trim_end().parse().ok());
    match version {
        Some(version) if (FORMAT_OLDEST..=FORMAT_NEWEST).contains(&version) => Ok(Some(version)),
        _ => Err(Error::Format(FormatError::Unknown {
            directory: root.display().to_string(),
            found: version.map_or_else(|| format!("{:?}", text.trim_end()), |v| v.to_string()),
            known: FORMAT_NEWEST,
        })),
    }
}

fn read_text(root: &Path) -> io::Result<String> {
    let file = match File::open(root.join(FORMAT_FILE)) {
        Err(error) if is_absent(&error) => return Ok(String::new()),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn has_buckets(root: &Path) -> Result<bool> {
    match fs::read_dir(root.join(NAMES)) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(Error::io("reading a directory")(error)),
    }
}

/// Writes the format, durably and at once.
pub(crate) fn write_format(root: &Path, version: u32) -> Result<()> {
    let write = || {
        let new = root.join(NEW_FILE);
        remove_if_there(&new)?;
        let mut file = File::create_new(&new)?;
        file.write_all(format!("{PREFIX}{version}\n").as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, root.join(FORMAT_FILE))?;
        File::open(root)?.sync_all()
    };
    write().map_err(Error::io("writing the format of the buckets"))
}

/// From now on the buckets are written in this release's layout: the release before cannot open them any more. Returns
/// the layout before and the one now; `None` if there are no buckets. Nothing may have the directory open.
///
/// # Errors
/// As [`format_of`], another process has it open, or the disk's.
pub fn finalize(root: &Path) -> Result<Option<(u32, u32)>> {
    let Some(before) = format_of(root)? else { return Ok(None) };
    let _lock = crate::lock::take(root)?;
    if before != FORMAT_NEWEST {
        write_format(root, FORMAT_NEWEST)?;
    }
    Ok(Some((before, FORMAT_NEWEST)))
}
