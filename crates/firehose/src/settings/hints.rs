//! When buffers are sealed.

use std::time::Duration;

use millstream_api::firehose::BufferingHints;

use super::Hints;
use crate::errors::Refusal;

const MIB: u64 = 1024 * 1024;
/// The smallest buffer with conversion or partitions, in MiB (developer guide, "Configure buffering hints": for
/// conversion; for partitions as its users report).
const SIZE_MIB_LARGE_MIN: u64 = 64;

/// Hints as they were given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given {
    size_mib: Option<i32>,
    interval_seconds: Option<i32>,
}

impl Given {
    /// Those of a bucket.
    pub fn of(hints: Option<&BufferingHints>) -> Self {
        Given::from(hints.map(|hints| (hints.size_in_mbs, hints.interval_in_seconds)))
    }
}

impl From<Option<(Option<i32>, Option<i32>)>> for Given {
    fn from(given: Option<(Option<i32>, Option<i32>)>) -> Self {
        let (size_mib, interval_seconds) = given.unwrap_or_default();
        Given { size_mib, interval_seconds }
    }
}

/// Both or neither (botocore, `BufferingHints`); their ranges are the shape's. Backup buckets are never written at
/// once (developer guide, "Configure buffering hints"): their interval is `seconds_min` at least.
pub fn hints(member: &str, given: Given, seconds_min: u64) -> Result<Hints, Refusal> {
    let (Some(size), Some(seconds)) = (given.size_mib, given.interval_seconds) else {
        return Err(Refusal::invalid(format!(
            "{member}: SizeInMBs and IntervalInSeconds must be specified together."
        )));
    };
    let seconds = u64::try_from(seconds).unwrap_or(0);
    if seconds < seconds_min {
        return Err(Refusal::invalid(format!(
            "{member}.IntervalInSeconds must not be 0: zero buffering is not available for S3 backup."
        )));
    }
    let bytes = u64::try_from(size).unwrap_or(0) * MIB;
    Ok(Hints { bytes, interval: Duration::from_secs(seconds) })
}

/// With conversion or partitions buffers are large.
pub fn check_large(hints: Hints, partitioned: bool, converted: bool) -> Result<(), Refusal> {
    let what = match (partitioned, converted) {
        (true, _) => "Dynamic Partitioning",
        (false, true) => "data format conversion",
        (false, false) => return Ok(()),
    };
    if hints.bytes >= SIZE_MIB_LARGE_MIN * MIB {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "BufferingHints.SizeInMBs must be at least {SIZE_MIB_LARGE_MIN} when {what} is enabled."
    )))
}
