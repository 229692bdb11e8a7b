//! How streams and shards are shown.

use millstream_api::{ops, shapes};
use millstream_catalog::{Queue, QueueStart, QueueStatus, Shard, Stream, StreamMode, StreamStatus};
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

/// A queue's status as it is shown.
pub fn queue_status_of(status: QueueStatus) -> ops::QueueStatus {
    match status {
        QueueStatus::Creating => ops::QueueStatus::Creating,
        QueueStatus::Active => ops::QueueStatus::Active,
        QueueStatus::Updating => ops::QueueStatus::Updating,
        QueueStatus::Deleting => ops::QueueStatus::Deleting,
    }
}

/// A queue as it is shown. Where it begins is shown as it was asked for until it is ACTIVE, then with the time from
/// which it delivers (botocore, `QueueStartingPosition`).
pub fn queue_of(queue: &Queue) -> ops::QueueDescription {
    let (kind, asked) = match queue.start {
        QueueStart::Latest => (ops::QueueStartingPositionType::Latest, None),
        QueueStart::TrimHorizon => (ops::QueueStartingPositionType::TrimHorizon, None),
        QueueStart::AtTimestamp(at) => (ops::QueueStartingPositionType::AtTimestamp, Some(at)),
    };
    let timestamp = queue.effective_start.or(asked);
    let dead_letters = match queue.receives_max {
        Some(count) => ops::DeadLetterConfiguration {
            target_type: ops::TargetType::BuiltIn,
            max_receive_count: Some(count as i32),
        },
        None => ops::DeadLetterConfiguration {
            target_type: ops::TargetType::None,
            max_receive_count: None,
        },
    };
    ops::QueueDescription {
        queue_name: queue.name.to_string(),
        queue_arn: queue.arn().to_string(),
        queue_status: queue_status_of(queue.status),
        queue_creation_timestamp: Millis::from_seconds(queue.created.seconds()),
        stream_configuration_list: vec![ops::QueueStreamConfiguration {
            stream_arn: queue.stream_arn().to_string(),
            starting_position: Some(ops::QueueStartingPosition { kind, timestamp }),
        }],
        queue_attributes: Some(ops::QueueAttributes {
            visibility_timeout_seconds: Some(queue.visibility_seconds as i32),
            dead_letter_configuration: Some(dead_letters),
        }),
    }
}
