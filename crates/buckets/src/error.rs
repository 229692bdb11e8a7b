//! What can go wrong, as facts; the S3 face and the sink have the names that S3 gives them.

use std::fmt;
use std::io;

use millstream_vault::KeyError;

use crate::format::FormatError;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the store did not do what it was asked.
#[derive(Debug)]
pub enum Error {
    /// There is no bucket of this name.
    NoSuchBucket,
    /// A bucket of this name is there already.
    BucketExists,
    /// The bucket still holds objects.
    BucketNotEmpty,
    /// There are as many buckets, or uploads of a bucket, as there may be.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// There is no object of this key.
    NoSuchKey,
    /// There is no upload of this id for this key.
    NoSuchUpload,
    /// An object is there, or is not the one that the condition names.
    PreconditionFailed,
    /// A part is not there, or is not the one that was named.
    InvalidPart {
        /// Its number.
        number: u32,
    },
    /// Parts are not named in ascending order, or none is.
    InvalidPartOrder,
    /// A part that is not the last is too small.
    PartTooSmall {
        /// Its number.
        number: u32,
    },
    /// More bytes than an object or part may have.
    TooLarge {
        /// How many it may have.
        bytes_max: u64,
    },
    /// The upload is being completed or aborted by another request.
    Busy,
    /// The disk is full, up to what is kept free, or the limit of `--ephemeral` is reached.
    NoSpace,
    /// The file system takes no path as long as this key's.
    PathTooLong,
    /// An earlier sync failed: what was written since may not be on disk, so that nothing more is taken.
    Failed,
    /// A master key cannot be used.
    Key(KeyError),
    /// An object or upload is encrypted, and its key was not given; or the other way round.
    Sealed,
    /// A file is not what this store writes, or not what it wrote.
    Damaged {
        /// Its path.
        path: String,
    },
    /// The directory is of a layout that this release does not know, or none is known of it. Nothing was changed.
    Format(FormatError),
    /// The disk said no.
    Io {
        /// What was done.
        doing: &'static str,
        /// What it said.
        error: io::Error,
    },
}

impl Error {
    /// An error of the disk; those that have a name of their own get it.
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::NoSpace,
            io::ErrorKind::InvalidFilename => Error::PathTooLong,
            _ => Error::Io { doing, error },
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoSuchBucket => f.write_str("the bucket does not exist"),
            Error::BucketExists => f.write_str("the bucket exists already"),
            Error::BucketNotEmpty => f.write_str("the bucket is not empty"),
            Error::TooMany { what, max } => write!(f, "there may be {max} {what} at most"),
            Error::NoSuchKey => f.write_str("there is no such object"),
            Error::NoSuchUpload => f.write_str("there is no such upload"),
            Error::PreconditionFailed => f.write_str("the condition does not hold"),
            Error::InvalidPart { number } => {
                write!(f, "part {number} is not there or is another one")
            }
            Error::InvalidPartOrder => f.write_str("parts must be named in ascending order"),
            Error::PartTooSmall { number } => write!(f, "part {number} is too small"),
            Error::TooLarge { bytes_max } => write!(f, "more than {bytes_max} bytes"),
            Error::Busy => f.write_str("another request is ending this upload"),
            Error::NoSpace => f.write_str("there is no space left for objects"),
            Error::PathTooLong => f.write_str("the file system takes no path that long"),
            Error::Failed => f.write_str("a sync failed; the store takes nothing until a restart"),
            Error::Key(error) => error.fmt(f),
            Error::Sealed => f.write_str("an encrypted object was met without its key"),
            Error::Damaged { path } => write!(f, "{path} is damaged"),
            Error::Format(error) => error.fmt(f),
            Error::Io { doing, error } => write!(f, "{doing}: {error}"),
        }
    }
}

impl std::error::Error for Error {}
