//! Channels: what delivers a stream's records to a destination.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use millstream_replica::GroupId;
use millstream_types::{
    AccountId, ChannelArn, ChannelId, ChannelName, Millis, Region, StreamArn, StreamName,
};
use minicbor::{Decode, Encode};

use crate::channel_settings::{ChannelLogs, ChannelSettings};
use crate::command::Command;
use crate::outcome::{Outcome, Refusal};
use crate::state::{Scope, State};
use crate::stream::{StreamMode, StreamStatus};

/// A channel. Handed out as an `Arc` that never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its identity, never reused.
    pub id: ChannelId,
    /// The owner, of the stream too.
    pub account: AccountId,
    /// The region, of the stream too.
    pub region: Region,
    /// The name, unique in account and region.
    pub name: ChannelName,
    /// The stream's group of logs.
    pub group: GroupId,
    /// The stream's name.
    pub stream: StreamName,
    /// When the stream was created: tells streams of one name apart.
    pub stream_created: Millis,
    /// When it was created, on a whole second.
    pub created: Millis,
    /// Its status.
    pub status: ChannelStatus,
    /// When the status was reached.
    pub status_since: Millis,
    /// Why it has failed.
    pub reason: Option<String>,
    /// How it delivers.
    pub settings: ChannelSettings,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A channel's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ChannelStatus {
    /// Being made.
    #[n(0)]
    Creating,
    /// Delivers.
    #[n(1)]
    Active,
    /// Delivers while a change is under way.
    #[n(2)]
    Updating,
    /// Being deleted.
    #[n(3)]
    Deleting,
    /// It cannot go on; it can only be deleted.
    #[n(4)]
    Failed,
}

/// Why a command about channels was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelRefusal {
    /// There is no such channel (any more).
    NoChannel,
    /// The name is taken.
    NameTaken,
    /// The channel's status forbids it.
    Status(ChannelStatus),
    /// The stream has a channel of this kind of destination already.
    StreamHasOne(ChannelName),
    /// The stream is not an on-demand one.
    NotOnDemand,
    /// The stream has channels that are at work.
    AtWork(ChannelName),
    /// The channels of the account and region would be more than allowed.
    Quota {
        /// The quota.
        max: u64,
    },
}

impl From<ChannelRefusal> for Refusal {
    fn from(refusal: ChannelRefusal) -> Self {
        Refusal::Channel(refusal)
    }
}

impl Channel {
    /// Its ARN.
    pub fn arn(&self) -> ChannelArn {
        ChannelArn { region: self.region.clone(), account: self.account, id: self.id.clone() }
    }

    /// The ARN of its stream.
    pub fn stream_arn(&self) -> StreamArn {
        let (region, account) = (self.region.clone(), self.account);
        StreamArn { region, account, name: self.stream.clone() }
    }

    pub(crate) fn tags_may_change(&self) -> Result<(), ChannelRefusal> {
        match self.status {
            ChannelStatus::Active | ChannelStatus::Updating | ChannelStatus::Failed => Ok(()),
            status @ (ChannelStatus::Creating | ChannelStatus::Deleting) => {
                Err(ChannelRefusal::Status(status))
            }
        }
    }

    fn set_status(&mut self, status: ChannelStatus, at: u64) {
        if self.status != status {
            self.status = status;
            self.status_since = Millis(at);
        }
    }
}

/// The channels by id, by name and by stream.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    pub(crate) by_id: BTreeMap<ChannelId, Arc<Channel>>,
    names: HashMap<Scope, BTreeMap<ChannelName, ChannelId>>,
    of_stream: HashMap<GroupId, BTreeSet<ChannelId>>,
}

impl Channels {
    pub(crate) fn insert(&mut self, channel: Channel) -> Arc<Channel> {
        let scope = (channel.account, channel.region.clone());
        let names = self.names.entry(scope).or_default();
        names.insert(channel.name.clone(), channel.id.clone());
        self.of_stream.entry(channel.group).or_default().insert(channel.id.clone());
        let channel = Arc::new(channel);
        self.by_id.insert(channel.id.clone(), channel.clone());
        channel
    }

    fn remove(&mut self, id: &ChannelId) {
        let Some(channel) = self.by_id.remove(id) else { return };
        let scope = (channel.account, channel.region.clone());
        if let Some(names) = self.names.get_mut(&scope) {
            names.remove(&channel.name);
            if names.is_empty() {
                self.names.remove(&scope);
            }
        }
        if let Some(ids) = self.of_stream.get_mut(&channel.group) {
            ids.remove(id);
            if ids.is_empty() {
                self.of_stream.remove(&channel.group);
            }
        }
    }
}

impl State {
    /// A channel by its id.
    pub fn channel(&self, id: &ChannelId) -> Option<&Arc<Channel>> {
        self.channels.by_id.get(id)
    }

    /// All channels, by id.
    pub fn channels(&self) -> impl Iterator<Item = &Arc<Channel>> {
        self.channels.by_id.values()
    }

    /// The channels of an account and region by name, after a name.
    pub fn list_channels(
        &self,
        account: AccountId,
        region: &Region,
        after: Option<&ChannelName>,
    ) -> impl Iterator<Item = &Arc<Channel>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let start = after.map_or(Unbounded, Excluded);
        let names = self.channels.names.get(&(account, region.clone()));
        names
            .into_iter()
            .flat_map(move |names| names.range((start, Unbounded)))
            .filter_map(|(_, id)| self.channels.by_id.get(id))
    }

    /// How many channels an account has in a region.
    pub fn channel_count(&self, account: AccountId, region: &Region) -> u64 {
        let names = self.channels.names.get(&(account, region.clone()));
        names.map_or(0, |names| names.len() as u64)
    }

    /// The channels of a stream.
    pub fn channels_of(&self, group: GroupId) -> impl Iterator<Item = &Arc<Channel>> {
        let ids = self.channels.of_stream.get(&group).into_iter().flatten();
        ids.filter_map(|id| self.channels.by_id.get(id))
    }
}

/// A stream with channels that are at work cannot be deleted; those that have failed do not hold it.
pub(crate) fn none_at_work(state: &State, group: u64) -> Result<(), Refusal> {
    let mut at_work =
        state.channels_of(GroupId(group)).filter(|channel| channel.status != ChannelStatus::Failed);
    match at_work.next() {
        Some(channel) => Err(ChannelRefusal::AtWork(channel.name.clone()).into()),
        None => Ok(()),
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

/// Commands about channels.
pub(crate) fn apply(state: &mut State, command: &Command) -> Result<Outcome, Refusal> {
    match command {
        Command::CreateChannel { .. } => create(state, command),
        Command::SettleChannel { id, failed, at } => {
            change(state, id, |channel| settle(channel, failed.as_deref(), *at))
        }
        Command::UpdateChannel { id, freshness_seconds, logs, at } => {
            change(state, id, |channel| update(channel, *freshness_seconds, logs.as_ref(), *at))
        }
        // Whatever it does becomes DELETING; a second time changes nothing.
        Command::DeleteChannel { id, at } => change(state, id, |channel| {
            channel.set_status(ChannelStatus::Deleting, *at);
            Ok(())
        }),
        Command::RemoveChannel { id } => remove(state, id),
        _ => Err(Refusal::Malformed("not about channels")),
    }
}

/// Makes a channel, CREATING.
fn create(state: &mut State, command: &Command) -> Result<Outcome, Refusal> {
    let Command::CreateChannel { group, id, name, settings, tags, at, channels_max } = command
    else {
        return Err(Refusal::Malformed("not a CreateChannel"));
    };
    let id: ChannelId = id.parse().map_err(|_| Refusal::Malformed("id"))?;
    let name: ChannelName = name.parse().map_err(|_| Refusal::Malformed("name"))?;
    let stream = state.by_group(GroupId(*group)).ok_or(Refusal::NoStream)?.clone();
    if state.channel(&id).is_some() {
        return Err(Refusal::Malformed("the id is taken"));
    }
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
    if state.channel_count(stream.account, &stream.region) >= *channels_max {
        return Err(ChannelRefusal::Quota { max: *channels_max }.into());
    }
    Ok(Outcome::Channel(state.channels.insert(Channel {
        id,
        account: stream.account,
        region: stream.region.clone(),
        name,
        group: stream.group,
        stream: stream.name.clone(),
        stream_created: stream.created,
        created: Millis::from_seconds(Millis(*at).seconds()),
        status: ChannelStatus::Creating,
        status_since: Millis(*at),
        reason: None,
        settings: (**settings).clone(),
        tags: tags.clone(),
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

#[cfg(test)]
mod tests;
