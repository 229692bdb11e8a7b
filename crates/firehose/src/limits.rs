//! The pipeline's limits, with their units.

use std::time::Duration;

/// Most bytes of payload in a batch of several records.
pub const BATCH_BYTES_MAX: usize = 256 * 1024;
/// Longest record before base64, in bytes: 1,000 KiB (botocore, `PutRecord`).
pub const RECORD_BYTES_MAX: usize = 1_024_000;
/// Most records of a PutRecordBatch (botocore).
pub const BATCH_RECORDS_MAX: usize = 500;
/// Most bytes of the records of a PutRecordBatch: 4 MiB (botocore).
pub const PUT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most bytes of a block of the processed log: one record that grew in processing, or its error document in base64.
pub const BLOCK_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes at which a block of the processed log is full.
pub const BLOCK_BYTES: usize = BATCH_BYTES_MAX;
/// Most bytes of a frame with blocks of the processed log, unless one block is larger.
pub const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Idle bytes that the frames of puts keep for the next.
pub const FRAME_POOL_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Batches whose extent the intake keeps for the planner, so that it does not read them.
pub const RING_BATCHES_MAX: usize = 4096;
/// Bytes asked for in one read of a log.
pub const READ_BYTES: usize = 1024 * 1024;
/// As [`READ_BYTES`], for all logs that are read together, and the least for one of them.
pub const READ_ALL_BYTES: usize = 8 * 1024 * 1024;
/// See [`READ_ALL_BYTES`].
pub const READ_BYTES_MIN: usize = 64 * 1024;

/// Plans of a lane that may be open; then it waits, and the backlog stays in the log.
pub const OPEN_PLANS_MAX: usize = 64;
/// As [`OPEN_PLANS_MAX`], with dynamic partitioning: as many as partitions, twice.
pub const OPEN_PLANS_PARTITIONED_MAX: usize = 1024;
/// Ranges of positions in one plan; a buffer that has more is sealed early. Keeps a command within its bytes.
pub const PLAN_RANGES_MAX: usize = 4096;
/// Records of a plan for a destination that takes records: a buffer that has more is sealed early.
pub const PLAN_RECORDS_MAX: u64 = 500_000;
/// Memory for a record beside its data, in bytes, where all of a plan are there at once.
pub const RECORD_MEMORY_BYTES: u64 = 128;
/// Memory for a row group or stripe in the making, in bytes.
pub const GROUP_MEMORY_BYTES: u64 = 64 * 1024 * 1024;
/// Memory for the stretches that are read and worked on while an object is made, in bytes.
pub const STRETCHES_MEMORY_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes of error documents that wait in memory until a plan has arrived; if more come, they are made again then.
pub const FAILED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Records of a stretch that are worked on at once where error documents are written as they come.
pub const FAILED_RECORDS: usize = 4096;
/// Deliveries of a lane that plans of a replaced configuration may have while newer ones wait.
pub const OLDER_DELIVERIES_MAX: usize = 2;
/// Ranges of positions in all buffers of a lane; beyond it the largest is sealed early.
pub const LANE_RANGES_MAX: usize = 64 * 1024;
/// Most bytes of plans in one command.
pub const SEAL_BYTES_MAX: usize = 96 * 1024;

/// Deliveries that a lane has at work.
pub const LANE_DELIVERIES_MAX: usize = 4;
/// As [`LANE_DELIVERIES_MAX`], with those of configurations that were replaced while they were at work.
pub const REPLACED_DELIVERIES_MAX: usize = 2 * LANE_DELIVERIES_MAX;
/// Deliveries to the built-in buckets at work in all.
pub const DELIVERIES_MAX: usize = 32;
/// Memory that an attempt to deliver to somewhere else counts for at least, in bytes: its task, its socket, its
/// buffers. It bounds the sockets too.
pub const ATTEMPT_BYTES_MIN: u64 = 1024 * 1024;
/// The part of the memory for what is on its way out that slow destinations share: one in so many.
pub const SLOW_PART: u32 = 4;
/// How long a destination may be silent until it is slow, in I/O time.
pub const PATIENCE: Duration = Duration::from_secs(3);
/// As [`PATIENCE`], of a function.
pub const PATIENCE_WITH_FUNCTIONS: Duration = Duration::from_secs(10);
/// Bytes that a destination is given a second more for.
pub const PATIENCE_BYTES: u64 = 4 * 1024 * 1024;
/// How often the one that gets memory next has one that is silent give way.
pub const PRESS_EVERY: Duration = Duration::from_millis(100);
/// How long one attempt of a delivery may take, in I/O time.
pub const ATTEMPT_TIME_MAX: Duration = Duration::from_secs(600);
/// How long a COPY may take: as long as Firehose tries one at most (botocore, `RedshiftRetryOptions`).
pub const COPY_TIME_MAX: Duration = Duration::from_secs(7200);
/// The first wait after a failed attempt; it doubles ([HTTP endpoint delivery], "Retry").
///
/// [HTTP endpoint delivery]: https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html
pub const BACK_OFF_FIRST: Duration = Duration::from_secs(1);
/// The longest wait between attempts.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(120);
/// How much a wait differs at random, either way, in percent.
pub const BACK_OFF_JITTER_PERCENT: u64 = 15;

/// How long records of puts are kept at most (developer guide, "Data delivery"): what could not be written to S3 by
/// then is lost.
pub const DIRECT_PUT_RETENTION: Duration = Duration::from_secs(24 * 3600);

/// How long what is older than its retention is still tried after a start, in service time: as long as destinations
/// are retried at most (botocore, `RetryOptions`). A server that was off for a day has not tried for a day.
pub const START_GRACE: Duration = Duration::from_secs(7200);
/// Plans of damaged places that a lane makes before it waits at further ones.
pub const DAMAGED_PLANS_MAX: usize = 16;
/// Damaged places behind each other that become one plan.
pub const DAMAGED_JOINED_MAX: usize = 256;
/// How often a lane that waits at a damaged place looks at it, in I/O time.
pub const DAMAGE_PAUSE: Duration = Duration::from_secs(30);
/// How long a damaged place keeps others waiting that cannot go past it, in I/O time; then it is left out.
pub const DAMAGE_PATIENCE: Duration = Duration::from_secs(600);

/// Bytes of a worker's window where partitions are made.
pub const WINDOW_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// As [`WINDOW_BYTES_MAX`], of compressed records.
pub const WINDOW_COMPRESSED_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Bytes of such a window once they are decompressed; what is more is left for the next.
pub const WINDOW_DECOMPRESSED_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Records of a worker's window, also once they are taken apart; what is more is left for the next.
pub const WINDOW_RECORDS_MAX: u64 = 40_000;
/// Memory for a record of a worker's window beside its data, in bytes.
pub const WINDOW_RECORD_MEMORY_BYTES: u64 = 768;
/// Calls of a function that a worker has under way (quota page: five for each shard).
pub const CALLS_MAX: usize = 5;
/// How long a new configuration waits for what a function is at, in I/O time; then its window is given up and done
/// again. An update is to be effective within a few minutes (botocore, `UpdateDestination`), a call may take five.
pub const FUNCTION_PATIENCE: Duration = Duration::from_secs(30);
/// Partitions that may be active (quota page).
pub const PARTITIONS_MAX: usize = 500;

/// Entries of the delivery log that are kept.
pub const LOG_ENTRIES_MAX: u64 = 1000;
/// Longest message of an entry, in bytes.
pub const LOG_MESSAGE_BYTES_MAX: usize = 2048;
