//! What an aggregate may hold.

/// Most user records of an aggregate that is read, and most entries of either table. The format has no limit of its
/// own; a Kinesis record of 10 MiB holds this many of 14 bytes and more. What is over it is read as one raw record.
pub const RECORDS_MAX: usize = 1 << 19;

/// Largest aggregate that producers make, in bytes, by default (KPL, `AggregationMaxSize`).
pub const AGGREGATE_BYTES_MAX: usize = 51_200;
