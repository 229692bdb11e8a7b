//! How streams and shards are shown.

use millstream_api::shapes;
use millstream_catalog::{Shard, Stream, StreamMode, StreamStatus};
use millstream_types::Millis;

/// A status as it is shown.
pub fn status_of(status: StreamStatus) -> shapes::StreamStatus {
    match status {
        StreamStatus::Creating => shapes::StreamStatus::Creating,
        StreamStatus::Active => shapes::StreamStatus::Active,
        StreamStatus::Updating => shapes::StreamStatus::Updating,
        StreamStatus::Deleting => shapes::StreamStatus::Deleting,
    }
}

/// A stream's mode as it is shown.
pub fn mode_of(stream: &Stream) -> shapes::StreamModeDetails {
    shapes::StreamModeDetails { stream_mode: shown_mode(stream.mode) }
}

/// A mode's name.
pub fn mode_name(mode: StreamMode) -> &'static str {
    shown_mode(mode).as_str()
}

fn shown_mode(mode: StreamMode) -> shapes::StreamMode {
    match mode {
        StreamMode::Provisioned => shapes::StreamMode::Provisioned,
        StreamMode::OnDemand => shapes::StreamMode::OnDemand,
    }
}

/// A stream's distribution strategy as it is shown.
pub fn distribution_of(stream: &Stream) -> shapes::RecordDistributionStrategy {
    if stream.capacity.auto {
        shapes::RecordDistributionStrategy::Auto
    } else {
        shapes::RecordDistributionStrategy::UserPartitionKey
    }
}

/// A stream's creation in whole seconds, as AWS shows it.
pub fn creation_of(stream: &Stream) -> Millis {
    Millis::from_seconds(stream.created.seconds())
}

/// A shard as it is shown.
pub fn shard_of(shard: &Shard) -> shapes::Shard {
    shapes::Shard {
        shard_id: shard.id.to_string(),
        parent_shard_id: shard.parent.map(|id| id.to_string()),
        adjacent_parent_shard_id: shard.adjacent_parent.map(|id| id.to_string()),
        hash_key_range: shard.range.into(),
        sequence_number_range: shapes::SequenceNumberRange {
            starting_sequence_number: shard.starting_sequence_number().to_string(),
            ending_sequence_number: shard.ending_sequence_number().map(|number| number.to_string()),
        },
    }
}

/// The shards that clients see, in the order of their ids: none before the stream has been made, and none whose records
/// are all beyond the retention.
pub fn shown_shards(stream: &Stream, now: Millis) -> Vec<&Shard> {
    if stream.status == StreamStatus::Creating {
        return Vec::new();
    }
    let horizon = stream.horizon(now);
    let ends = stream.ends();
    let kept = |shard: &&Shard| ends.get(&shard.id).is_none_or(|end| *end > horizon);
    stream.listed_shards().filter(kept).collect()
}
