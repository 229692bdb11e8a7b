//! What an engine is opened with, and what opening it tells.

use std::sync::Arc;
use std::time::Duration;

use millstream_types::{Clock, Millis};

use crate::disk::Disk;
use crate::format::FORMAT_NEWEST;
use crate::limits;

/// How an engine works. [`Options::durable`] and [`Options::ephemeral`] are what servers use; tests make it smaller.
#[derive(Clone)]
pub struct Options {
    /// Where the files are.
    pub disk: Arc<dyn Disk>,
    /// Gives the arrivals.
    pub clock: Arc<dyn Clock>,
    /// Whether an append is answered after its bytes are on stable storage. False only for data that may vanish.
    pub sync: bool,
    /// Most bytes that all segments may take; `None` leaves it to the disk.
    pub capacity_bytes: Option<u64>,
    /// Bytes of the disk that stay free.
    pub disk_bytes_reserved: u64,
    /// Size of the first segments in bytes; at least 64 KiB.
    pub segment_bytes_min: u64,
    /// Size that segments grow to in bytes.
    pub segment_bytes_max: u64,
    /// Blocks after which a segment is sealed.
    pub segment_blocks_max: usize,
    /// Bytes of frames that may wait.
    pub queue_bytes_max: usize,
    /// Bytes gathered into one commit.
    pub commit_bytes_max: usize,
    /// Bytes of footers kept in memory.
    pub footer_cache_bytes: usize,
    /// Segments prepared ahead while the disk is quiet.
    pub pool_segments_ahead: usize,
    /// Most bytes of free segments.
    pub pool_bytes_max: u64,
    /// Threads for cold reads.
    pub read_threads: usize,
    /// How old data is at least before it is rewritten only to sort it by log.
    pub sort_after: Duration,
    /// Whether threads of the engine's own do the maintenance; otherwise only [`crate::Engine::maintain`] does.
    pub background: bool,
}

impl Options {
    /// Everything acknowledged is on stable storage.
    pub fn durable(disk: Arc<dyn Disk>, clock: Arc<dyn Clock>) -> Self {
        Options {
            disk,
            clock,
            sync: true,
            capacity_bytes: None,
            disk_bytes_reserved: limits::DISK_BYTES_RESERVED,
            segment_bytes_min: limits::SEGMENT_BYTES_MIN,
            segment_bytes_max: limits::SEGMENT_BYTES_MAX,
            segment_blocks_max: limits::SEGMENT_BLOCKS_MAX,
            queue_bytes_max: limits::QUEUE_BYTES_MAX,
            commit_bytes_max: limits::COMMIT_BYTES_MAX,
            footer_cache_bytes: limits::FOOTER_CACHE_BYTES,
            pool_segments_ahead: limits::POOL_SEGMENTS_AHEAD,
            pool_bytes_max: limits::POOL_BYTES_MAX,
            read_threads: limits::READ_THREADS,
            sort_after: Duration::from_millis(limits::REWRITE_AGE_MS),
            background: true,
        }
    }

    /// Nothing is synced and at most `capacity_bytes` are kept: for data that vanishes with the process.
    pub fn ephemeral(disk: Arc<dyn Disk>, clock: Arc<dyn Clock>, capacity_bytes: u64) -> Self {
        let capacity_bytes = Some(capacity_bytes);
        Options { sync: false, capacity_bytes, ..Options::durable(disk, clock) }
    }

    /// Largest frame in bytes: what certainly fits an empty segment of the smallest size.
    pub fn frame_bytes_max(&self) -> usize {
        (self.segment_bytes_min / 4 * 3) as usize
    }

    /// Bytes at the end of a segment that only trims and deletes may use.
    pub(crate) fn control_bytes_reserved(&self) -> u64 {
        limits::CONTROL_BYTES_RESERVED.min(self.segment_bytes_min / 16)
    }
}

/// A damaged place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// The segment's number (its life), if it is known.
    pub segment: Option<u64>,
    /// Where in the file, in bytes.
    pub offset: u64,
    /// What is wrong.
    pub what: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.segment {
            Some(segment) => write!(f, "{} (segment {segment})", self.file)?,
            None => f.write_str(&self.file)?,
        }
        write!(f, " at byte {}: {}", self.offset, self.what)
    }
}

/// What opening an engine found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Segments that hold data.
    pub segments: usize,
    /// Segments that had no footer and were read.
    pub scanned: usize,
    /// Bytes of commits that were read.
    pub scanned_bytes: u64,
    /// Commits that were read.
    pub commits: u64,
    /// Where torn commits, never acknowledged, were cut off: file and byte.
    pub cuts: Vec<(String, u64)>,
    /// Harmless things that a person may want to know, such as a footer that had to be made again.
    pub notes: Vec<String>,
    /// Damage of acknowledged data. Appends are refused while there is any.
    pub damage: Vec<Damage>,
    /// The latest arrival that the log has seen: no later commit arrives before it, whatever the clock says.
    pub last_arrival: Millis,
}

/// Whether an engine takes appends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Health {
    /// It does.
    Writable,
    /// There is no room for another segment: it takes what still fits the last one, and refuses the rest until space
    /// returns. The text says so, and what to do.
    NearlyFull(String),
    /// It does not, for this reason; reads go on.
    Refusing(String),
}

/// Why an engine could not be opened. Nothing was changed.
#[derive(Debug)]
pub enum OpenError {
    /// Another process has the directory.
    InUse {
        /// The directory.
        directory: String,
    },
    /// The directory was written in a format that this release does not know.
    UnknownFormat {
        /// The directory.
        directory: String,
        /// What the directory says.
        found: String,
        /// The newest format that this release knows.
        known: u32,
    },
    /// There are segments, and nothing says in which format they are written.
    LostFormat {
        /// The directory.
        directory: String,
    },
    /// The disk of a new directory has less free than its reserve and one segment.
    NoRoom {
        /// The directory.
        directory: String,
        /// Bytes that are free.
        free: u64,
        /// Bytes that stay free.
        reserve: u64,
        /// Bytes of the first segment.
        needed: u64,
    },
    /// The directory could not be read or written.
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OpenError::InUse { directory } => {
                write!(f, "{directory} is used by another process; stop it or name another one")
            }
            OpenError::UnknownFormat { directory, found, known } => write!(
                f,
                "{directory} has log format {found}, this release knows up to {known}; nothing was \
                 changed; open it with the release that wrote it"
            ),
            OpenError::LostFormat { directory } => {
                write!(f, "{directory} has segments, but {}", lost_format())
            }
            OpenError::NoRoom { directory, free, reserve, needed } => write!(
                f,
                "{directory} has {} MiB free; {} MiB are kept in reserve (disk_reserve_mib in [log] of the \
                 configuration file) and {} MiB more are needed to begin; free space or name another directory",
                free >> 20,
                reserve >> 20,
                needed >> 20
            ),
            OpenError::Io { what, source } => write!(f, "{what}: {source}"),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpenError::Io { source, .. } => Some(source),
            OpenError::InUse { .. }
            | OpenError::UnknownFormat { .. }
            | OpenError::LostFormat { .. }
            | OpenError::NoRoom { .. } => None,
        }
    }
}

/// What is wrong without a format, and what to do.
pub(crate) fn lost_format() -> String {
    format!(
        "no FORMAT that says how they are written; nothing was changed; put the file back from a copy: it is one line, \
         `millstream log {FORMAT_NEWEST}` if no release after this one wrote the directory"
    )
}

/// Names what was tried when an I/O call fails.
pub(crate) fn doing(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> OpenError {
    let what = what.into();
    move |source| OpenError::Io { what, source }
}
