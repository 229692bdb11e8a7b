//! Commands about consumers with a throughput of their own.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::Command;

/// A change of a consumer. A name and the second of registration tell one from a later one of that name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ConsumerCommand {
    /// Registers a consumer, CREATING.
    #[n(0)]
    Register {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Name.
        #[n(1)]
        name: String,
        /// Tags.
        #[n(2)]
        tags: BTreeMap<String, String>,
        /// When.
        #[n(3)]
        at: u64,
        /// Quota: consumers of the stream.
        #[n(4)]
        consumers_max: u64,
        /// Quota: consumers of the stream being created at once.
        #[n(5)]
        creating_max: u64,
    },
    /// A consumer that is CREATING becomes ACTIVE.
    #[n(1)]
    Activate {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Name.
        #[n(1)]
        name: String,
        /// The second of its registration.
        #[n(2)]
        created_second: u64,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// A consumer becomes DELETING.
    #[n(2)]
    Deregister {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Name.
        #[n(1)]
        name: String,
        /// The second of its registration.
        #[n(2)]
        created_second: u64,
        /// When.
        #[n(3)]
        at: u64,
    },
    /// A consumer that is DELETING is gone.
    #[n(3)]
    Remove {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Name.
        #[n(1)]
        name: String,
        /// The second of its registration.
        #[n(2)]
        created_second: u64,
        /// When.
        #[n(3)]
        at: u64,
    },
}

impl From<ConsumerCommand> for Command {
    fn from(command: ConsumerCommand) -> Self {
        Command::Consumer(command)
    }
}
