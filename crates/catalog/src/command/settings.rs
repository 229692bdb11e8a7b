//! Commands about monitoring, sizes, tags and policies.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::Command;
use crate::resources::ResourceId;

/// A change of a setting of a stream, or of tags and policies of whatever has them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SettingsCommand {
    /// Switches shard-level metrics on and off; UPDATING.
    #[n(0)]
    SetMonitoring {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The metrics that are on afterwards, a bit for each.
        #[n(1)]
        metrics: u8,
        /// The metrics that the sender knew to be on: if they are others by now, its reply would be wrong.
        #[n(2)]
        from: u8,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// Changes the size of the largest record; UPDATING.
    #[n(1)]
    SetMaxRecordSize {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The size.
        #[n(1)]
        kib: u32,
        /// When.
        #[n(2)]
        at: u64,
    },
    /// Adds or replaces tags.
    #[n(2)]
    TagResource {
        /// Whose.
        #[n(0)]
        resource: ResourceId,
        /// Tags.
        #[n(1)]
        tags: BTreeMap<String, String>,
        /// Quota: tags of a resource.
        #[n(2)]
        tags_max: u64,
    },
    /// Removes tags; those that are not there are no error.
    #[n(3)]
    UntagResource {
        /// Whose.
        #[n(0)]
        resource: ResourceId,
        /// Keys.
        #[n(1)]
        keys: Vec<String>,
    },
    /// Sets a policy, or takes it away.
    #[n(4)]
    SetPolicy {
        /// Whose.
        #[n(0)]
        resource: ResourceId,
        /// The document in JSON; absent to take it away.
        #[n(1)]
        policy: Option<String>,
    },
}

impl From<SettingsCommand> for Command {
    fn from(command: SettingsCommand) -> Self {
        Command::Settings(command)
    }
}
