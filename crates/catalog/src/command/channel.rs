//! Commands about channels.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::Command;
use crate::channel_settings::{ChannelLogs, ChannelSettings};

/// A change of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ChannelCommand {
    /// Makes a channel, CREATING.
    #[n(0)]
    Create(#[n(0)] Box<NewChannel>),
    /// A channel that is CREATING or UPDATING becomes ACTIVE; or it fails.
    #[n(1)]
    Settle {
        /// The channel.
        #[n(0)]
        id: String,
        /// Why it cannot go on; absent if it can.
        #[n(1)]
        failed: Option<String>,
        /// When.
        #[n(2)]
        at: u64,
    },
    /// Changes an ACTIVE channel; UPDATING.
    #[n(2)]
    Update {
        /// The channel.
        #[n(0)]
        id: String,
        /// How old records may be when they are delivered; absent to leave it.
        #[n(1)]
        freshness_seconds: Option<u32>,
        /// Where errors are logged; absent to leave it.
        #[n(2)]
        logs: Option<ChannelLogs>,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// A channel becomes DELETING.
    #[n(3)]
    Delete {
        /// The channel.
        #[n(0)]
        id: String,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// A channel that is DELETING is gone.
    #[n(4)]
    Remove {
        /// The channel.
        #[n(0)]
        id: String,
    },
}

impl From<ChannelCommand> for Command {
    fn from(command: ChannelCommand) -> Self {
        Command::Channel(command)
    }
}

/// A channel that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NewChannel {
    /// The stream.
    #[n(0)]
    pub group: u64,
    /// The channel's id.
    #[n(1)]
    pub id: String,
    /// Its name.
    #[n(2)]
    pub name: String,
    /// How it delivers.
    #[n(3)]
    pub settings: ChannelSettings,
    /// Tags.
    #[n(4)]
    pub tags: BTreeMap<String, String>,
    /// When.
    #[n(5)]
    pub at: u64,
    /// Quota: channels of the account and region.
    #[n(6)]
    pub channels_max: u64,
}
