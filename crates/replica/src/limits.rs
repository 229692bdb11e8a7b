//! The replica's limits, with their units.

/// Commands that may wait to be written; one more is refused as `Busy`.
pub const QUEUE_COMMANDS_MAX: usize = 4096;

/// Most bytes of one command, envelope included: one batch of the log.
pub const COMMAND_BYTES_MAX: usize = 256 * 1024;

/// Most bytes of a snapshot's chunk, header included.
pub const CHUNK_BYTES_MAX: usize = 256 * 1024;

/// What a chunk's header may take of [`CHUNK_BYTES_MAX`]: the ledger's sessions are nearly all of it.
pub const CHUNK_HEADER_BYTES_MAX: usize = 32 * 1024;

/// A snapshot is begun when the log since the last one exceeds this and the last snapshot's size.
pub const SNAPSHOT_LOG_BYTES_MIN: u64 = 16 * 1024 * 1024;

/// Bytes asked for in one read of a log during replay.
pub const READ_BYTES: usize = 1024 * 1024;

/// How often an append of unknown outcome is fenced before its callers are told that the outcome stays unknown.
pub const FENCE_ATTEMPTS: u32 = 3;

/// Fenced sessions that are remembered; one is added for each append of unknown outcome.
pub const FENCED_SESSIONS_MAX: usize = 1024;

/// How often opening starts again because another replica moved the log on beneath it.
pub const OPEN_ATTEMPTS: u32 = 5;
