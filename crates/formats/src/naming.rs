//! Names of objects: prefixes with expressions, and the part that Firehose adds.
//!
//! A key is the evaluated prefix, then `STREAM-VERSION-yyyy-MM-dd-HH-mm-ss-UUID` and the extension. Source: developer
//! guide, "Understand custom prefixes for Amazon S3 objects" and "Configure Amazon S3 object name format". What is
//! decided where these are silent: `docs/decisions/0220-names-of-objects.md`.
//!
//! Start at [`Prefixes`]; [`check_prefix`] is what a request is checked with.

mod channel;
mod error;
mod fuzz;
mod moment;
mod object;
mod pattern;
mod prefix;
mod prefixes;
mod rules;
mod zone;

pub use channel::{ChannelTemplate, ChannelValues, dead_letter_key};
pub use error::NamingError;
pub use fuzz::fuzz_prefix;
pub use object::{ErrorType, check_extension, extension, object_name};
pub use pattern::Pattern;
pub use prefix::{Kind, Prefix, Values};
pub use prefixes::Prefixes;
pub use rules::{Keys, check_prefix};
pub use zone::Zone;

/// Longest prefix after its evaluation, in characters (developer guide, "Semantic rules").
pub const PREFIX_CHARACTERS_MAX: usize = 512;
/// Longest prefix after its evaluation, in bytes: what S3's 1,024 leave beside the longest name of a stream (64), a
/// version (20), the instant (19), the uuid (36), the longest extension (128) and the dashes between them.
pub const PREFIX_BYTES_MAX: usize = 1024 - (64 + 1 + 20 + 1 + 19 + 1 + 36 + 128);
/// Characters of `!{firehose:random-string}`.
pub const RANDOM_CHARACTERS: usize = 11;
/// Longest `FileExtension`, in bytes (botocore, `FileExtension`).
pub const EXTENSION_BYTES_MAX: usize = 128;
/// Longest key of an object, in bytes (S3).
pub const KEY_BYTES_MAX: usize = 1024;
