//! RecordDistributionStrategy AUTO: the service chooses the shards of records.
//!
//! A request is cut into stretches, and each goes to the next shard that has throughput left: records are spread
//! evenly over the shards, a stretch keeps its order, and a request of few records stays one batch of one shard.

use std::sync::atomic::Ordering;

use millstream_types::Millis;

use crate::put::Incoming;
use crate::runtime::StreamRuntime;

/// Records of a stretch, at most: a tenth of what a shard takes in a second.
const STRETCH_RECORDS_MAX: usize = 100;
/// Bytes of a stretch, unless it is one record: a sixteenth of what a shard takes in a second.
const STRETCH_BYTES_MAX: usize = 64 * 1024;
/// Shards without throughput that are passed over before one of them gets the stretch after all.
const PASSED_OVER_MAX: usize = 16;

/// Gives each record a hash key of the shard that was chosen for it.
pub fn distribute(stream: &StreamRuntime, now: Millis, records: &mut [Incoming<'_>]) {
    let (mut left, mut bytes_left) = (0, 0);
    let mut key = None;
    for record in records {
        let bytes = record.bytes();
        if left == 0 || bytes > bytes_left {
            key = next(stream, now);
            (left, bytes_left) = (STRETCH_RECORDS_MAX, STRETCH_BYTES_MAX);
        }
        if let Some(key) = key {
            record.hash_key = key;
        }
        left -= 1;
        bytes_left = bytes_left.saturating_sub(bytes);
    }
}

fn next(stream: &StreamRuntime, now: Millis) -> Option<millstream_types::HashKey> {
    let count = stream.routing.len();
    let mut chosen = None;
    for _ in 0..count.min(PASSED_OVER_MAX) {
        let turn = stream.traffic.turn.fetch_add(1, Ordering::Relaxed);
        let (shard, key) = stream.routing.nth(turn % count)?;
        chosen = Some(key);
        if stream.limits_of(shard).has_room(now) {
            break;
        }
    }
    chosen
}
