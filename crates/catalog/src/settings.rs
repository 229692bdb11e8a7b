//! What monitoring, sizes, tags and policies become.

use crate::apply::{active, change, set_status};
use crate::command::SettingsCommand;
use crate::outcome::{Outcome, Refusal};
use crate::resources;
use crate::shard_metrics::ShardMetrics;
use crate::state::State;
use crate::stream::{Stream, StreamStatus};

/// Does one of the commands about settings.
pub(crate) fn apply(state: &mut State, command: &SettingsCommand) -> Result<Outcome, Refusal> {
    match command {
        SettingsCommand::SetMonitoring { group, metrics, from, at } => {
            change(state, *group, |stream| set_monitoring(stream, *metrics, *from, *at))
        }
        SettingsCommand::SetMaxRecordSize { group, kib, at } => {
            change(state, *group, |stream| set_max_record_size(stream, *kib, *at))
        }
        SettingsCommand::TagResource { resource, tags, tags_max } => {
            resources::tag(state, resource, tags, *tags_max)
        }
        SettingsCommand::UntagResource { resource, keys } => {
            resources::untag(state, resource, keys)
        }
        SettingsCommand::SetPolicy { resource, policy } => {
            resources::set_policy(state, resource, policy.as_deref())
        }
    }
}

/// Switches shard-level metrics on and off; UPDATING, unless nothing changes.
fn set_monitoring(stream: &mut Stream, metrics: u8, from: u8, at: u64) -> Result<(), Refusal> {
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
fn set_max_record_size(stream: &mut Stream, kib: u32, at: u64) -> Result<(), Refusal> {
    active(stream)?;
    if stream.max_record_size_kib != kib {
        stream.max_record_size_kib = kib;
        set_status(stream, StreamStatus::Updating, at);
    }
    Ok(())
}
