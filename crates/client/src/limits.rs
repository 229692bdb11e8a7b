//! Bounds of a call.

use std::time::Duration;

/// How long a connection may take to be made, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an attempt may take from its first byte to the answer's last.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a metadata service may take for an answer: where there is none, nothing answers.
pub const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a `credential_process` may take: it may ask a person.
pub const PROCESS_TIMEOUT: Duration = Duration::from_secs(60);
/// Largest answer, in bytes: 10 MiB of data (GetRecords) in base64, with keys and framing, and room.
pub const REPLY_BYTES_MAX: usize = 64 << 20;
/// Largest answer of a metadata service or of a `credential_process`, in bytes.
pub const CREDENTIALS_BYTES_MAX: usize = 64 << 10;
/// Largest shared file, in bytes.
pub const PROFILE_BYTES_MAX: u64 = 1 << 20;
/// Idle connections that are kept.
pub const IDLE_CONNECTIONS_MAX: usize = 32;
/// Attempts of a call, the first one included, unless options or AWS_MAX_ATTEMPTS say otherwise.
pub const ATTEMPTS_MAX: u32 = 5;
/// Pages of a list: more means an endpoint that never ends it.
pub const PAGES_MAX: usize = 10_000;
/// How long before their end credentials are fetched anew.
pub const REFRESH_BEFORE: Duration = Duration::from_secs(120);
