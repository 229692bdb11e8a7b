//! Bounds of putting.

/// Records of a PutRecords (botocore, `PutRecordsRequestEntryList`).
pub const BATCH_RECORDS_MAX: usize = 500;
/// Bytes of data and keys of a PutRecords of more than one record (AWS, "Quotas and limits").
pub const BATCH_BYTES_MAX: usize = 5 << 20;
/// Longest line, in bytes (botocore, `Data`).
pub const LINE_BYTES_MAX: usize = 10 << 20;
/// KiB of a record with its key, of a stream that names no limit of its own (AWS, "Quotas and limits").
pub const RECORD_KIB_DEFAULT: usize = 1024;
/// Longest partition key, in characters (botocore, `PartitionKey`).
pub const KEY_CHARACTERS_MAX: usize = 256;
/// Bytes that wait to be sent: no more is read beyond it.
pub const WAITING_BYTES_MAX: usize = 16 << 20;
/// Bytes of lines that are handed over at once.
pub const CHUNK_BYTES: usize = 1 << 20;
/// Chunks between the reading thread and the sender.
pub const CHUNKS_MAX: usize = 2;
/// How often a line is put again because its aggregate went to the wrong shard.
pub const PLACEMENTS_MAX: u32 = 5;
