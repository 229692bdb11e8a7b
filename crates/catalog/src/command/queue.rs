//! Commands about queues. `group` is that of the queue's own logs.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::Command;

/// A change of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum QueueCommand {
    /// Makes a queue on a stream of on-demand mode, CREATING.
    #[n(0)]
    Create(#[n(0)] NewQueue),
    /// A queue's CREATING or UPDATING becomes ACTIVE.
    #[n(1)]
    Activate {
        /// The queue's group.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
        /// The time from which it delivers, when it becomes ACTIVE for the first time.
        #[n(2)]
        effective_start: Option<u64>,
    },
    /// Changes an ACTIVE queue; UPDATING.
    #[n(2)]
    Update {
        /// The queue's group.
        #[n(0)]
        group: u64,
        /// How long a record is hidden; unchanged if absent.
        #[n(1)]
        visibility_seconds: Option<u32>,
        /// After how many receives a record is a dead letter, 0 for never; unchanged if absent.
        #[n(2)]
        dead_letters: Option<u32>,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// DELETING.
    #[n(3)]
    Delete {
        /// The queue's group.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
        /// Quota: queues being deleted at once in the account and region.
        #[n(2)]
        deleting_max: u64,
    },
    /// A queue that is DELETING is gone.
    #[n(4)]
    Remove {
        /// The queue's group.
        #[n(0)]
        group: u64,
    },
}

impl From<QueueCommand> for Command {
    fn from(command: QueueCommand) -> Self {
        Command::Queue(command)
    }
}

/// A queue that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NewQueue {
    /// Account, as a number.
    #[n(0)]
    pub account: u64,
    /// Region.
    #[n(1)]
    pub region: String,
    /// Name.
    #[n(2)]
    pub name: String,
    /// Generated id.
    #[n(3)]
    pub id: String,
    /// The stream's group.
    #[n(4)]
    pub stream: u64,
    /// Where to begin: 0 LATEST, 1 TRIM_HORIZON, 2 AT_TIMESTAMP; the time.
    #[n(5)]
    pub start: (u8, u64),
    /// How long a record is hidden once it is received.
    #[n(6)]
    pub visibility_seconds: u32,
    /// After how many receives a record is a dead letter; 0 for never.
    #[n(7)]
    pub receives_max: u32,
    /// Tags.
    #[n(8)]
    pub tags: BTreeMap<String, String>,
    /// When.
    #[n(9)]
    pub at: u64,
    /// Quota: consumers and queues of the stream.
    #[n(10)]
    pub readers_max: u64,
    /// Quota: queues being created at once in the account and region.
    #[n(11)]
    pub creating_max: u64,
}
