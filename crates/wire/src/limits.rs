//! Limits of the decoders, each with its unit.

/// Deepest nesting of lists and maps, skipped ones too. The deepest legal request nests seven.
pub const DEPTH_MAX: u32 = 128;
/// Longest number in JSON, in characters. A double needs 24.
pub const NUMBER_CHARS_MAX: usize = 64;
/// Latest point in time that is read: the end of year 9999, in milliseconds since the epoch.
pub const TIME_MS_MAX: u64 = 253_402_300_799_999;
/// Most violations that one error names; the search stops there.
pub const VIOLATIONS_MAX: usize = 10;
/// Longest rendering of a value within an error, in characters.
pub const VALUE_CHARS_MAX: usize = 1024;
/// Most unknown members whose names are kept for the log.
pub const UNKNOWN_NAMES_MAX: usize = 8;
/// Longest name of an unknown member that is kept, in characters.
pub const UNKNOWN_NAME_CHARS_MAX: usize = 64;
/// Room made at once for the records of a request, before they are seen, in records. The model's most.
pub const RECORDS_ROOM: usize = 500;
/// Size of the pieces that a reply of GetRecords is sent in, in bytes. A piece may exceed it by one record's framing.
pub const CHUNK_BYTES: usize = 256 * 1024;
/// Room beyond `CHUNK_BYTES` for the framing of one record with a plain partition key, in bytes.
pub const CHUNK_FRAMING_BYTES: usize = 1024;
