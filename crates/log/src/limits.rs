//! The engine's limits, with their units.

use std::time::Duration;

/// Most bytes of payload in a batch of several records (the contract of `Log`).
pub const BATCH_BYTES_MAX: usize = 256 * 1024;

/// Bytes that an envelope (table of records, partition key, codec, tag of an encryption) may add to a batch's records.
pub const BATCH_OVERHEAD_BYTES_MAX: usize = 8 * 1024;

/// Positions stay below this (the contract of `Log`).
pub const POSITION_MAX: u64 = 1 << 63;

/// Size of the first segments, in bytes.
pub const SEGMENT_BYTES_MIN: u64 = 16 << 20;

/// Size that segments grow to as the data grows, in bytes.
pub const SEGMENT_BYTES_MAX: u64 = 128 << 20;

/// Segments are an eighth of the data, within their bounds.
pub const SEGMENTS_OF_DATA: u64 = 8;

/// Blocks after which a segment is sealed: bounds the index of an open segment to 16 MB.
pub const SEGMENT_BLOCKS_MAX: usize = 500_000;

/// Bytes of frames that may wait to be written; beyond it appends are `Busy`.
pub const QUEUE_BYTES_MAX: usize = 48 << 20;

/// Bytes gathered into one commit, unless one frame is larger.
pub const COMMIT_BYTES_MAX: usize = 8 << 20;

/// Clients at work from which the committer may wait for more of them.
pub const GATHER_CLIENTS_MIN: usize = 6;

/// Which share of the clients it waits for at most, as a fraction: one may have gone.
pub const GATHER_SHARE_MAX: (usize, usize) = (3, 4);

/// Most that it waits; as a rule no longer than a sync takes.
pub const GATHER_MAX: Duration = Duration::from_millis(1);

/// How long it waits where nothing is synced.
pub const GATHER_WITHOUT_SYNC: Duration = Duration::from_micros(50);

/// Commits of at least so many bytes are worth a sync of their own.
pub const GATHER_COMMIT_BYTES_MAX: usize = 128 << 10;

/// Bytes from which a write goes around the page cache.
pub const DIRECT_BYTES_MIN: usize = 256 << 10;

/// Bytes of such a write that go to the disk at a time; a buffer of this size is kept.
pub const DIRECT_STAGING_BYTES: usize = 4 << 20;

/// Bytes of a segment that data leaves to control records (trims, deletes) when the disk is full.
pub const CONTROL_BYTES_RESERVED: u64 = 64 << 10;

/// Bytes of the disk that the engine leaves free: it refuses appends before the disk is full.
pub const DISK_BYTES_RESERVED: u64 = 256 << 20;

/// Bytes of parsed footers kept in memory.
pub const FOOTER_CACHE_BYTES: usize = 24 << 20;

/// Threads for reads that the page cache cannot answer.
pub const READ_THREADS: usize = 4;

/// Reads that may wait for a read thread; beyond it reads are `Busy`.
pub const READ_QUEUE_MAX: usize = 4096;

/// Blocks of a cold read that are asked for ahead.
pub const READ_AHEAD_BLOCKS: usize = 64;

/// Most bytes of payload that one read returns, unless its first batch is larger.
pub const READ_BYTES_MAX: usize = 16 << 20;

/// Segments that are prepared ahead while the disk is not busy.
pub const POOL_SEGMENTS_AHEAD: usize = 3;

/// Most bytes of free segments that are kept for reuse.
pub const POOL_BYTES_MAX: u64 = 2 << 30;

/// Seconds of writing that the pool holds at most.
pub const POOL_SECONDS_MAX: u64 = 600;

/// Bytes written at a time while a segment is prepared.
pub const PREPARE_STEP_BYTES: usize = 256 << 10;

/// Bytes of commits per second up to which segments are prepared beside them.
pub const PREPARE_BESIDE_BYTES_PER_SECOND: u64 = 150 << 20;

/// A step of preparing is followed by a rest of at least so many times its own length, so that the disk is the commits'
/// for most of the time, however slow it is.
pub const PREPARE_REST_TIMES: u32 = 3;

/// Milliseconds without a commit after which the disk counts as quiet.
pub const QUIET_MS: u64 = 50;

/// Milliseconds between two rounds of maintenance when nothing else wakes it.
pub const MAINTENANCE_INTERVAL_MS: u64 = 20_000;

/// Bytes per second that the rewriter reads at most.
pub const REWRITE_BYTES_PER_SECOND: u64 = 64 << 20;

/// Milliseconds after which data may be rewritten only to sort it, unless the options say otherwise.
pub const REWRITE_AGE_MS: u64 = 3_600_000;

/// Average bytes of a run of blocks of one log below which a segment is worth sorting.
pub const REWRITE_RUN_BYTES: u64 = 64 << 10;

/// Bytes of segments that the rewriter takes at once, so that what it sorts fits its memory.
pub const REWRITE_SET_BYTES_MAX: u64 = 512 << 20;

/// Blocks that the rewriter sorts at once: 56 bytes of memory each.
pub const REWRITE_BLOCKS_MAX: usize = 400_000;

/// Segments whose rows the rewriter looks at in one round.
pub const REWRITE_LOOKS_MAX: usize = 16;

/// Small segments, as restarts leave them, that are joined as soon as so many follow each other.
pub const REWRITE_SMALL_SEGMENTS: usize = 8;

/// Whether a batch of this shape may be appended to a group whose largest record is `record_bytes_max`.
pub fn batch_fits(count: u32, payload_bytes: usize, record_bytes_max: u32) -> bool {
    let one_record = if count == 1 { record_bytes_max as usize } else { 0 };
    count > 0 && payload_bytes <= BATCH_BYTES_MAX.max(one_record) + BATCH_OVERHEAD_BYTES_MAX
}
