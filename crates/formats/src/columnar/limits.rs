//! Limits of conversion. Those of schemas follow Glue's and Hive's; those of JSON follow Jackson's, which Firehose
//! reads with, except depth, which is bounded by the stack.

/// Bytes of a table's document.
pub const DOCUMENT_BYTES_MAX: usize = 8 << 20;
/// Bytes of one column's type, as of Glue's `Column$Type`.
pub const TYPE_BYTES_MAX: usize = 131_072;
/// How deep types may be nested.
pub const TYPE_DEPTH_MAX: usize = 32;
/// Types of a schema in all, those inside others counted too.
pub const SCHEMA_NODES_MAX: usize = 4_096;
/// Characters of `varchar(n)`.
pub const VARCHAR_MAX: u32 = 65_535;
/// Characters of `char(n)`.
pub const CHAR_MAX: u32 = 255;
/// Digits of `decimal(p,s)`.
pub const DECIMAL_DIGITS_MAX: u8 = 38;
/// How deep JSON may be nested.
pub const JSON_DEPTH_MAX: usize = 200;
/// Characters of a number in JSON.
pub const NUMBER_CHARACTERS_MAX: usize = 1_000;
/// Characters of a record's text that an error's message repeats.
pub const QUOTED_CHARACTERS_MAX: usize = 100;
/// Timestamp formats of a SerDe.
pub const TIMESTAMP_FORMATS_MAX: usize = 64;
/// Bytes of values that wait in memory for a row group or a stripe to be written: no more than the least block size
/// that may be asked for, so that no row group is ever larger than a block.
pub const GROUP_BYTES_MAX: usize = 64 << 20;
