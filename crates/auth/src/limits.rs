//! Limits of authentication, each with its unit.

/// How far a request's time may be from ours, in milliseconds: 5 minutes either way.
/// Source: `InvalidSignatureException` as clients of Kinesis quote it.
pub const SKEW_MS_MAX: u64 = 5 * 60 * 1000;
/// How far the time of a request to S3 may be from ours, in milliseconds: 15 minutes either way.
/// Source: S3, "Error responses", `RequestTimeTooSkewed`.
pub const S3_SKEW_MS_MAX: u64 = 15 * 60 * 1000;
/// Longest validity of a presigned request, in seconds: 7 days (AWS, Signature Version 4 for query strings).
pub const EXPIRES_SECONDS_MAX: u64 = 7 * 24 * 60 * 60;
/// Longest access key id, in bytes (IAM, `accessKeyIdType`).
pub const ACCESS_KEY_ID_BYTES_MAX: usize = 128;
/// Most headers that a signature may name. The gateway takes 100 headers at most.
pub const SIGNED_HEADERS_MAX: usize = 100;
/// Most signing keys that are kept. A key and region need one a day.
pub const SIGNING_KEYS_MAX: usize = 1024;
/// Longest value from the request that an error text repeats, in characters.
pub const ECHO_CHARS_MAX: usize = 256;
