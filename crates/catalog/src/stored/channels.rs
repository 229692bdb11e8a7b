//! A channel as it is written into a snapshot.

use std::collections::BTreeMap;

use millstream_replica::GroupId;
use millstream_types::{AccountId, Millis};
use minicbor::{Decode, Encode};

use crate::channel_settings::ChannelSettings;
use crate::channels::{Channel, ChannelLogGroups, ChannelStatus};

/// A channel.
#[derive(Encode, Decode)]
pub struct StoredChannel {
    #[n(0)]
    id: String,
    #[n(1)]
    account: u64,
    #[n(2)]
    region: String,
    #[n(3)]
    name: String,
    #[n(4)]
    group: u64,
    #[n(5)]
    stream: String,
    #[n(6)]
    stream_created: u64,
    #[n(7)]
    created: u64,
    #[n(8)]
    status: ChannelStatus,
    #[n(9)]
    status_since: u64,
    #[n(10)]
    reason: Option<String>,
    #[n(11)]
    settings: ChannelSettings,
    #[n(12)]
    tags: BTreeMap<String, String>,
    #[n(13)]
    delivery: Option<ChannelLogGroups>,
    /// Absent before there was one: then the time of the status was the version.
    #[n(14)]
    version: Option<u64>,
}

impl From<&Channel> for StoredChannel {
    fn from(channel: &Channel) -> Self {
        StoredChannel {
            id: channel.id.to_string(),
            account: channel.account.as_u64(),
            region: channel.region.to_string(),
            name: channel.name.to_string(),
            group: channel.group.0,
            stream: channel.stream.to_string(),
            stream_created: channel.stream_created.0,
            created: channel.created.0,
            status: channel.status,
            status_since: channel.status_since.0,
            reason: channel.reason.clone(),
            settings: channel.settings.clone(),
            tags: channel.tags.clone(),
            delivery: channel.delivery,
            version: Some(channel.version),
        }
    }
}

impl StoredChannel {
    /// The channel; the text says what is wrong with it.
    pub fn restore(self) -> Result<Channel, String> {
        let wrong = |what: &str| format!("channel {}: {what}", self.id);
        Ok(Channel {
            id: self.id.parse().map_err(|_| wrong("id"))?,
            account: AccountId::from_u64(self.account).map_err(|_| wrong("account"))?,
            region: self.region.parse().map_err(|_| wrong("region"))?,
            name: self.name.parse().map_err(|_| wrong("name"))?,
            group: GroupId(self.group),
            stream: self.stream.parse().map_err(|_| wrong("stream"))?,
            stream_created: Millis(self.stream_created),
            created: Millis(self.created),
            status: self.status,
            status_since: Millis(self.status_since),
            reason: self.reason,
            settings: self.settings,
            version: self.version.unwrap_or(self.status_since),
            delivery: self.delivery,
            tags: self.tags,
        })
    }
}
