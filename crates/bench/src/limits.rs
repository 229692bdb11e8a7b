//! What the generator allows itself, with units.

use std::time::Duration;

/// Bodies encoded before the clock starts, bytes by default; `--pool-mib` changes it.
pub const POOL_MIB_DEFAULT: u64 = 64;
/// Most bytes of data and keys in one PutRecords: the service's own limit.
pub const PUT_REQUEST_BYTES_MAX: u64 = 10 << 20;
/// Bytes of each record's key.
pub const PARTITION_KEY_BYTES: u64 = 16;
/// Distinct bodies in the pools at most, so that small records do not make millions of them.
pub const POOL_BODIES_MAX: usize = 65_536;
/// Bytes of one reply at most; GetRecords answers with up to 10 MiB of payload, 14 MiB in base64.
pub const REPLY_BYTES_MAX: usize = 64 << 20;
/// Bytes of an object at most that is read back: a buffer of 128 MiB, what went over it, and compression that failed.
pub const OBJECT_BYTES_MAX: usize = 512 << 20;
/// Objects that are read back at most.
pub const LISTED_MAX: usize = 1_000_000;
/// Requests of a thread at most that are remembered to be read back as objects; 8 bytes each.
pub const TURNS_MAX: usize = 50_000_000;
/// Bytes of a reply's head at most.
pub const REPLY_HEAD_BYTES_MAX: usize = 64 << 10;
/// Bytes of a connection's inbox at first.
pub const INBOX_BYTES: usize = 256 << 10;
/// Replies that a run may lose or be refused before it gives up.
pub const FAULTS_MAX: u64 = 1_000;
/// How long a connection may stay silent with a request under way.
pub const REPLY_WAIT: Duration = Duration::from_secs(120);
/// How long a new stream may take to become ACTIVE.
pub const ACTIVE_WAIT: Duration = Duration::from_secs(120);
/// Pause between two looks at a stream that is not ACTIVE yet.
pub const ACTIVE_POLL: Duration = Duration::from_millis(50);
/// How old a signature may get before a body is signed anew, seconds (AWS takes 5 minutes).
pub const SIGNATURE_AGE_SECONDS_MAX: u64 = 120;
/// Acknowledged sequence numbers kept for the check after the run, per thread; 24 bytes each.
pub const SAMPLES_MAX: usize = 1_000_000;
/// Records that one GetRecords call asks for: the service's own maximum.
pub const GET_RECORDS_LIMIT: usize = 10_000;
/// Connections that read everything back after a run.
pub const READ_BACK_CONNECTIONS: usize = 4;
/// How long nothing may arrive at subscribers that still miss records.
pub const ARRIVAL_WAIT: Duration = Duration::from_secs(10);
/// Flow-control window of a subscription: what the KCL opens.
pub const STREAM_WINDOW_BYTES: u32 = 512 * 1024;
/// Records asked for in one receive from a queue, and acknowledged in one request: the service's most.
pub const QUEUE_RECORDS: u64 = 10;
/// How long received records stay hidden, in seconds: the service's most, so that none comes again in a run.
pub const QUEUE_HIDDEN_SECONDS: u64 = 43_200;
