//! What a stream's monitoring and record size become.

use crate::apply::{active, set_status};
use crate::outcome::Refusal;
use crate::shard_metrics::ShardMetrics;
use crate::stream::{Stream, StreamStatus};

/// Switches shard-level metrics on and off; UPDATING, unless nothing changes.
pub(crate) fn set_monitoring(
    stream: &mut Stream,
    metrics: u8,
    from: u8,
    at: u64,
) -> Result<(), Refusal> {
    active(stream)?;
    if stream.shard_metrics.bits() != from {
        return Err(Refusal::Monitoring);
    }
    let metrics = ShardMetrics::from_bits(metrics);
    if stream.shard_metrics != metrics {
        stream.shard_metrics = metrics;
        set_status(stream, StreamStatus::Updating, at);
    }
    Ok(())
}

/// Changes the size of the largest record; UPDATING, unless nothing changes.
pub(crate) fn set_max_record_size(stream: &mut Stream, kib: u32, at: u64) -> Result<(), Refusal> {
    active(stream)?;
    if stream.max_record_size_kib != kib {
        stream.max_record_size_kib = kib;
        set_status(stream, StreamStatus::Updating, at);
    }
    Ok(())
}
