//! What each command does: pure functions of state and command.

use std::sync::Arc;

use millstream_replica::GroupId;
use millstream_types::Millis;

use crate::command::Command;
use crate::encryption::KEY_LIFE_AFTER_USE;
use crate::lifecycle::{NewStream, StreamQuotas, create_stream, delete_stream, remove_stream};
use crate::outcome::{Outcome, Refusal};
use crate::reshard::{begin_reshard, expire, finish_reshard};
use crate::resources::{self, ResourceId};
use crate::state::State;
use crate::stream::{Stream, StreamStatus};

/// Changes the state.
pub fn apply(state: &mut State, command: &Command) -> Outcome {
    let result = match command {
        Command::Consumer(command) => crate::consumers::apply(state, command),
        Command::Capacity(command) => crate::capacity::apply(state, command),
        Command::Encryption(command) => crate::encryption::apply(state, command),
        Command::Queue(command) => crate::queues::apply(state, command),
        Command::Settings(command) => crate::settings::apply(state, command),
        Command::Channel(command) => crate::channels::apply(state, command),
        Command::DeliveryStream(command) => crate::delivery_streams::apply(state, command),
        Command::InitSecrets { token_key } => init_secrets(state, token_key),
        &Command::CreateStream {
            account,
            ref region,
            ref name,
            shard_count,
            max_record_size_kib,
            ref tags,
            at,
            shards_max,
            streams_max,
            creating_max,
            retention_hours,
        } => {
            let quotas = StreamQuotas { shards_max, streams_max, creating_max };
            let new = NewStream {
                account,
                region,
                name,
                shard_count,
                max_record_size_kib,
                tags,
                retention_hours,
            };
            create_stream(state, &new, at, quotas).map(Outcome::Stream)
        }
        Command::Activate { group, at } => change(state, *group, |stream| activate(stream, *at)),
        Command::DeleteStream { group, at } => delete_stream(state, *group, *at, false),
        Command::DeleteStreamWithConsumers { group, at } => delete_stream(state, *group, *at, true),
        Command::RemoveStream { group } => remove_stream(state, *group),
        Command::SetRetention { group, hours, at, from_hours } => {
            change(state, *group, |stream| set_retention(stream, *hours, *at, *from_hours))
        }
        Command::AddTags { group, tags, tags_max } => {
            resources::tag(state, &ResourceId::Stream { group: *group }, tags, *tags_max)
        }
        Command::RemoveTags { group, keys } => {
            resources::untag(state, &ResourceId::Stream { group: *group }, keys)
        }
        Command::BeginReshard { group, reshard, at, shards_max } => {
            begin_reshard(state, *group, reshard, *at, *shards_max)
        }
        Command::FinishReshard { group, ends, at } => {
            change(state, *group, |stream| finish_reshard(stream, ends, *at))
        }
        Command::ReturnHorizon { group, at } => change(state, *group, |stream| {
            if stream.is_from_a_wrong_clock(Millis(*at)) {
                stream.expired_before = stream.horizon(Millis(*at));
            }
            Ok(())
        }),
        Command::ExpireShards { group, before } => change(state, *group, |stream| {
            expire(stream, Millis(*before));
            Ok(())
        }),
    };
    result.unwrap_or_else(Outcome::Refused)
}

fn init_secrets(state: &mut State, token_key: &[u8]) -> Result<Outcome, Refusal> {
    let key = token_key.try_into().map_err(|_| Refusal::Malformed("a token key has 32 bytes"))?;
    if state.sealed_secrets.is_none() {
        state.token_key.get_or_insert(key);
    }
    Ok(Outcome::Done)
}

/// Runs `act` on a copy of the stream and keeps the copy if it succeeds and differs.
pub(crate) fn change(
    state: &mut State,
    group: u64,
    act: impl FnOnce(&mut Stream) -> Result<(), Refusal>,
) -> Result<Outcome, Refusal> {
    let before = state.by_group(GroupId(group)).ok_or(Refusal::NoStream)?.clone();
    let mut stream = (*before).clone();
    act(&mut stream)?;
    if stream == *before {
        return Ok(Outcome::Stream(before));
    }
    Ok(Outcome::Stream(state.put(stream)))
}

pub(crate) fn active(stream: &Stream) -> Result<(), Refusal> {
    match stream.status {
        StreamStatus::Active => Ok(()),
        status => Err(Refusal::Status(status)),
    }
}

pub(crate) fn not_deleting(stream: &Stream) -> Result<(), Refusal> {
    match stream.status {
        StreamStatus::Deleting => Err(Refusal::Status(StreamStatus::Deleting)),
        StreamStatus::Creating | StreamStatus::Active | StreamStatus::Updating => Ok(()),
    }
}

pub(crate) fn set_status(stream: &mut Stream, status: StreamStatus, at: u64) {
    if stream.status != status {
        stream.status = status;
        stream.status_since = Millis(at);
    }
}

fn activate(stream: &mut Stream, at: u64) -> Result<(), Refusal> {
    not_deleting(stream)?;
    if stream.reshard.is_none() && stream.capacity.scaling.is_none() {
        if stream.encryption.turn.is_some() {
            Arc::make_mut(&mut stream.encryption).settle(Millis(at), KEY_LIFE_AFTER_USE);
        }
        set_status(stream, StreamStatus::Active, at);
    }
    Ok(())
}

fn set_retention(stream: &mut Stream, hours: u32, at: u64, from_hours: u32) -> Result<(), Refusal> {
    active(stream)?;
    if stream.retention_hours != from_hours {
        return Err(Refusal::Retention { hours: stream.retention_hours });
    }
    // What is beyond the shorter of the two retentions now does not come back.
    let before = stream.horizon(Millis(at));
    stream.retention_hours = hours;
    stream.expired_before = before.max(stream.horizon(Millis(at)));
    set_status(stream, StreamStatus::Updating, at);
    Ok(())
}

/// botocore, `CreateStream`: no updates to the tags until the stream is ACTIVE.
pub(crate) fn tags_may_change(stream: &Stream) -> Result<(), Refusal> {
    match stream.status {
        StreamStatus::Active | StreamStatus::Updating => Ok(()),
        status @ (StreamStatus::Creating | StreamStatus::Deleting) => Err(Refusal::Status(status)),
    }
}
