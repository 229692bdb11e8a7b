//! The built-in object store: buckets as directories of files.
//!
//! Owns: the files below its directory, their layout (`docs/formats/buckets.md`), and the operations on buckets,
//! objects and uploads in parts, encrypted or not. All calls block, but for those that ask master keys (`keys.rs`);
//! whoever is asynchronous makes them on threads that may.
//! Must never: know HTTP, S3's XML, or who asks; write outside its directory, whatever a key says; hold a whole
//! object in memory.
#![forbid(unsafe_code)]

mod attributes;
mod bucket;
mod check;
mod complete;
mod disk;
mod encode;
mod encryption;
mod error;
mod format;
mod keys;
pub mod limits;
mod listing;
mod lock;
mod names;
mod objects;
mod reader;
mod record;
mod space;
mod staged;
mod store;
mod uploads;
mod walk;

pub use attributes::{Attributes, Checksum, ETag, ObjectInfo};
pub use bucket::{BucketInfo, Created};
pub use check::{CheckReport, Finding, Means, OpenKey, Sum, check};
pub use complete::CompletedPart;
pub use disk::free_bytes;
pub use encryption::{Asked, DefaultEncryption, Encryption, Role, Sealed, Sealing};
pub use error::{Error, Result};
pub use format::{FORMAT_NEWEST, FORMAT_OLDEST, FormatError, finalize, format_of};
pub use keys::{Keys, Writer};
pub use listing::{Entry, ListQuery, Listing};
/// What master keys are named by, and why they cannot be used.
pub use millstream_vault::{KeyError, KeyFault, KeyName};
pub use names::{BucketName, Key, UploadId};
pub use objects::Condition;
pub use reader::ObjectReader;
pub use record::fuzz_record;
pub use staged::{Staged, md5_of};
pub use store::{Options, Place, Store};
pub use uploads::{PartInfo, UploadInfo, UploadQuery};
