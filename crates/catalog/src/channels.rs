//! Channels: what delivers a stream's records to a destination.

mod apply;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use millstream_replica::GroupId;
use millstream_types::{
    AccountId, ChannelArn, ChannelId, ChannelName, Millis, Region, StreamArn, StreamName,
};
use minicbor::{Decode, Encode};

pub(crate) use apply::{apply, change};

use crate::channel_settings::ChannelSettings;
use crate::outcome::Refusal;
use crate::state::{Scope, State};

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
    /// The version of the settings: grows with each change, never twice the same.
    pub version: u64,
    /// The groups of logs of its delivery; none in a channel of an earlier release.
    pub delivery: Option<ChannelLogGroups>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The groups of logs of a channel's delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ChannelLogGroups {
    /// Of what was processed, and of errors.
    #[n(0)]
    pub data: u64,
    /// Of the machine of its delivery.
    #[n(1)]
    pub state: u64,
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

    /// A channel by its name.
    pub fn channel_named(
        &self,
        account: AccountId,
        region: &Region,
        name: &ChannelName,
    ) -> Option<&Arc<Channel>> {
        let id = self.channels.names.get(&(account, region.clone()))?.get(name)?;
        self.channel(id)
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

#[cfg(test)]
mod tests;
