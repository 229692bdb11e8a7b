//! Limits of the store, with their units. Those that S3 has are S3's ("Amazon S3 multipart upload limits", "Creating
//! object key names", "General purpose bucket naming rules").

/// Longest key, in bytes of UTF-8.
pub const KEY_BYTES_MAX: usize = 1024;
/// Largest object that is written at once, and largest part, in bytes: 5 GiB.
pub const PUT_BYTES_MAX: u64 = 5 << 30;
/// Least size of a part that is not the last, in bytes: 5 MiB.
pub const PART_BYTES_MIN: u64 = 5 << 20;
/// Parts of an upload, numbered from 1.
pub const PARTS_MAX: u32 = 10_000;
/// Largest object of parts, in bytes: 50 TB as S3 has it since 2025.
pub const OBJECT_BYTES_MAX: u64 = 50 << 40;
/// Names and values of user metadata together, in bytes: 2 KiB.
pub const METADATA_BYTES_MAX: usize = 2 * 1024;
/// Entries of a page of a listing.
pub const LIST_ENTRIES_MAX: usize = 1000;
/// Buckets of a server: S3's default quota of an account.
pub const BUCKETS_MAX: usize = 10_000;
/// Uploads in parts that are open in a bucket. S3 has no such limit; here each is a directory.
pub const UPLOADS_MAX: usize = 10_000;
/// Largest record of an object: more in a file is damage, in bytes.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;
/// Bytes that copies are made by.
pub const COPY_BYTES: usize = 1 << 20;
