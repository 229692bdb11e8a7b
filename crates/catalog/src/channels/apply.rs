//! What each command about a channel does.

use millstream_replica::GroupId;
use millstream_types::{ChannelId, ChannelName, Millis};

use super::{Channel, ChannelLogGroups, ChannelRefusal, ChannelStatus};
use crate::channel_settings::ChannelLogs;
use crate::command::{ChannelCommand, NewChannel};
use crate::outcome::{Outcome, Refusal};
use crate::state::State;
use crate::stream::{StreamMode, StreamStatus};

/// Commands about channels.
pub(crate) fn apply(state: &mut State, command: &ChannelCommand) -> Result<Outcome, Refusal> {
    match command {
        ChannelCommand::Create(new) => create(state, new),
        ChannelCommand::Settle { id, failed, at } => {
            change(state, id, |channel| settle(channel, failed.as_deref(), *at))
        }
        ChannelCommand::Update { id, freshness_seconds, logs, at } => {
            change(state, id, |channel| update(channel, *freshness_seconds, logs.as_ref(), *at))
        }
        // Whatever it does becomes DELETING; a second time changes nothing.
        ChannelCommand::Delete { id, at } => change(state, id, |channel| {
            channel.set_status(ChannelStatus::Deleting, *at);
            Ok(())
        }),
        ChannelCommand::Remove { id } => remove(state, id),
    }
}

/// Runs `act` on a copy of the channel and keeps the copy if it succeeds.
pub(crate) fn change(
    state: &mut State,
    id: &str,
    act: impl FnOnce(&mut Channel) -> Result<(), Refusal>,
) -> Result<Outcome, Refusal> {
    let found = id.parse().ok().and_then(|id| state.channel(&id));
    let mut channel = (**found.ok_or(ChannelRefusal::NoChannel)?).clone();
    act(&mut channel)?;
    Ok(Outcome::Channel(state.channels.insert(channel)))
}

/// Makes a channel, CREATING.
fn create(state: &mut State, new: &NewChannel) -> Result<Outcome, Refusal> {
    let id: ChannelId = new.id.parse().map_err(|_| Refusal::Malformed("id"))?;
    let name: ChannelName = new.name.parse().map_err(|_| Refusal::Malformed("name"))?;
    let stream = state.by_group(GroupId(new.group)).ok_or(Refusal::NoStream)?.clone();
    let scope = (stream.account, stream.region.clone());
    let names = state.channels.names.get(&scope);
    if names.is_some_and(|names| names.contains_key(&name)) {
        return Err(ChannelRefusal::NameTaken.into());
    }
    if stream.status != StreamStatus::Active {
        return Err(Refusal::Status(stream.status));
    }
    if stream.mode != StreamMode::OnDemand {
        return Err(ChannelRefusal::NotOnDemand.into());
    }
    if let Some(other) = state.channels_of(stream.group).next() {
        return Err(ChannelRefusal::StreamHasOne(other.name.clone()).into());
    }
    if state.channel_count(stream.account, &stream.region) >= new.channels_max {
        return Err(ChannelRefusal::Quota { max: new.channels_max }.into());
    }
    if state.channel(&id).is_some() {
        return Err(Refusal::Malformed("the id is taken"));
    }
    let delivery = ChannelLogGroups { data: state.next_group, state: state.next_group + 1 };
    state.next_group += 2;
    Ok(Outcome::Channel(state.channels.insert(Channel {
        id,
        account: stream.account,
        region: stream.region.clone(),
        name,
        group: stream.group,
        stream: stream.name.clone(),
        stream_created: stream.created,
        created: Millis::from_seconds(Millis(new.at).seconds()),
        status: ChannelStatus::Creating,
        status_since: Millis(new.at),
        reason: None,
        settings: new.settings.clone(),
        version: new.at,
        delivery: Some(delivery),
        tags: new.tags.clone(),
    })))
}

/// CREATING or UPDATING becomes ACTIVE; with a reason, it and ACTIVE become FAILED.
fn settle(channel: &mut Channel, failed: Option<&str>, at: u64) -> Result<(), Refusal> {
    use ChannelStatus::{Active, Creating, Deleting, Failed, Updating};
    match (channel.status, failed) {
        (status @ (Deleting | Failed), _) => return Err(ChannelRefusal::Status(status).into()),
        (Creating | Active | Updating, None) => channel.set_status(Active, at),
        (Creating | Active | Updating, Some(reason)) => {
            channel.reason = Some(reason.to_owned());
            channel.set_status(Failed, at);
        }
    }
    Ok(())
}

/// Changes what can be changed; UPDATING.
fn update(
    channel: &mut Channel,
    freshness_seconds: Option<u32>,
    logs: Option<&ChannelLogs>,
    at: u64,
) -> Result<(), Refusal> {
    if channel.status != ChannelStatus::Active {
        return Err(ChannelRefusal::Status(channel.status).into());
    }
    if let Some(seconds) = freshness_seconds {
        channel.settings.freshness_seconds = seconds;
    }
    if let Some(logs) = logs {
        channel.settings.logs = logs.clone();
    }
    // The time, or a number more: two changes within a millisecond, or a clock that went back, must not share a
    // version.
    channel.version = at.max(channel.version + 1);
    channel.set_status(ChannelStatus::Updating, at);
    Ok(())
}

/// A channel that is DELETING is gone.
fn remove(state: &mut State, id: &str) -> Result<Outcome, Refusal> {
    let id: ChannelId = id.parse().map_err(|_| Refusal::Malformed("id"))?;
    let channel = state.channel(&id).ok_or(ChannelRefusal::NoChannel)?;
    if channel.status != ChannelStatus::Deleting {
        return Err(ChannelRefusal::Status(channel.status).into());
    }
    state.channels.remove(&id);
    Ok(Outcome::Done)
}
