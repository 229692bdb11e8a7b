//! The KPL's aggregated record format: many user records in one Kinesis record.
//!
//! Owns: `Aggregate` (reading), `Builder` (writing), their limits. Format: magic `F3 89 9A C2`, a protobuf message with
//! tables of partition keys and explicit hash keys and the records, and the MD5 of that message.
//! Must never: do I/O, expand an aggregate within an aggregate, or allocate for a record that is only declared.
//!
//! Source: `aggregation-format.md` of the Kinesis Producer Library.
#![forbid(unsafe_code)]

mod aggregate;
mod builder;
mod fuzz;
pub mod limits;
mod protobuf;

pub use aggregate::{Aggregate, Records, UserRecord};
pub use builder::Builder;
pub use fuzz::fuzz_aggregate;

/// What every aggregate begins with.
const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];
/// Bytes of the MD5 at the end.
const DIGEST_BYTES: usize = 16;

/// Numbers of the message's fields.
mod field {
    /// `AggregatedRecord.partition_key_table`.
    pub const PARTITION_KEY_TABLE: u32 = 1;
    /// `AggregatedRecord.explicit_hash_key_table`.
    pub const EXPLICIT_HASH_KEY_TABLE: u32 = 2;
    /// `AggregatedRecord.records`.
    pub const RECORDS: u32 = 3;
    /// `Record.partition_key_index`.
    pub const PARTITION_KEY_INDEX: u32 = 1;
    /// `Record.explicit_hash_key_index`.
    pub const EXPLICIT_HASH_KEY_INDEX: u32 = 2;
    /// `Record.data`.
    pub const DATA: u32 = 3;
}

fn digest(message: &[u8]) -> [u8; DIGEST_BYTES] {
    use md5::{Digest, Md5};
    Md5::digest(message).into()
}
