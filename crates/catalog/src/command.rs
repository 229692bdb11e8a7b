//! Commands: everything that changes the catalog. Times and ids are in them; limits too, so that a replay decides the
//! same whatever the configuration says by then.
//!
//! The encoding is CBOR with numbered fields: new fields get new numbers, old ones are never reused.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

/// A change. Times are milliseconds of service time; `group` names a stream.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Command {
    /// Makes the secrets, once; a second one changes nothing.
    #[n(0)]
    InitSecrets {
        /// Key of iterators and tokens.
        #[cbor(n(0), with = "minicbor::bytes")]
        token_key: Vec<u8>,
    },
    /// Makes a stream, CREATING.
    #[n(1)]
    CreateStream {
        /// Account, as a number.
        #[n(0)]
        account: u64,
        /// Region.
        #[n(1)]
        region: String,
        /// Name.
        #[n(2)]
        name: String,
        /// How many shards.
        #[n(3)]
        shard_count: u32,
        /// Largest record.
        #[n(4)]
        max_record_size_kib: u32,
        /// Tags.
        #[n(5)]
        tags: BTreeMap<String, String>,
        /// When.
        #[n(6)]
        at: u64,
        /// Quota: open shards of the account and region.
        #[n(7)]
        shards_max: u64,
        /// Quota: streams of the account and region.
        #[n(8)]
        streams_max: u64,
        /// Quota: streams being created at once in the account and region.
        #[n(9)]
        creating_max: u64,
    },
    /// CREATING or UPDATING becomes ACTIVE. Does nothing while shards are being changed.
    #[n(2)]
    Activate {
        /// The stream.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// ACTIVE becomes DELETING.
    #[n(3)]
    DeleteStream {
        /// The stream.
        #[n(0)]
        group: u64,
        /// When.
        #[n(1)]
        at: u64,
    },
    /// A stream that is DELETING is gone.
    #[n(4)]
    RemoveStream {
        /// The stream.
        #[n(0)]
        group: u64,
    },
    /// Changes the retention; UPDATING.
    #[n(5)]
    SetRetention {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Hours.
        #[n(1)]
        hours: u32,
        /// When.
        #[n(2)]
        at: u64,
        /// The retention that the sender knew, in hours: if it is another by now, the direction may be wrong.
        #[n(3)]
        from_hours: u32,
    },
    /// Adds or replaces tags.
    #[n(6)]
    AddTags {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Tags.
        #[n(1)]
        tags: BTreeMap<String, String>,
        /// Quota: tags of a stream.
        #[n(2)]
        tags_max: u64,
    },
    /// Removes tags; those that are not there are no error.
    #[n(7)]
    RemoveTags {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Keys.
        #[n(1)]
        keys: Vec<String>,
    },
    /// Begins to change shards: parents are closing, children are reserved; UPDATING.
    #[n(8)]
    BeginReshard {
        /// The stream.
        #[n(0)]
        group: u64,
        /// What is changed.
        #[n(1)]
        reshard: Reshard,
        /// When.
        #[n(2)]
        at: u64,
        /// Quota: open shards of the account and region.
        #[n(3)]
        shards_max: u64,
    },
    /// The parents are sealed: their ends, in the order of `BeginReshard`. The children open.
    #[n(9)]
    FinishReshard {
        /// The stream.
        #[n(0)]
        group: u64,
        /// Positions after the parents' last records.
        #[n(1)]
        ends: Vec<u64>,
        /// When.
        #[n(2)]
        at: u64,
    },
    /// Closed shards whose children started at or before `before` hold nothing any more.
    #[n(10)]
    ExpireShards {
        /// The stream.
        #[n(0)]
        group: u64,
        /// The oldest time that the retention still shows.
        #[n(1)]
        before: u64,
    },
    /// Makes a queue on a stream of on-demand mode, CREATING.
    #[n(50)]
    CreateQueue {
        /// Account, as a number.
        #[n(0)]
        account: u64,
        /// Region.
        #[n(1)]
        region: String,
        /// Name.
        #[n(2)]
        name: String,
        /// Generated id.
        #[n(3)]
        id: String,
        /// The stream's group.
        #[n(4)]
        stream: u64,
        /// Where to begin: 0 LATEST, 1 TRIM_HORIZON, 2 AT_TIMESTAMP; the time.
        #[n(5)]
        start: (u8, u64),
        /// How long a record is hidden once it is received.
        #[n(6)]
        visibility_seconds: u32,
        /// After how many receives a record is a dead letter; 0 for never.
        #[n(7)]
        receives_max: u32,
        /// Tags.
        #[n(8)]
        tags: BTreeMap<String, String>,
        /// When.
        #[n(9)]
        at: u64,
        /// Quota: consumers and queues of the stream.
        #[n(10)]
        readers_max: u64,
        /// Quota: queues being created at once in the account and region.
        #[n(11)]
        creating_max: u64,
    },
    /// A queue's CREATING or UPDATING becomes ACTIVE.
    #[n(51)]
    ActivateQueue {
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
    #[n(52)]
    UpdateQueue {
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
    #[n(53)]
    DeleteQueue {
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
    #[n(54)]
    RemoveQueue {
        /// The queue's group.
        #[n(0)]
        group: u64,
    },
    /// Removes tags of a queue, then adds or replaces some.
    #[n(55)]
    TagQueue {
        /// The queue's group.
        #[n(0)]
        group: u64,
        /// Tags to set.
        #[n(1)]
        add: BTreeMap<String, String>,
        /// Keys to remove.
        #[n(2)]
        remove: Vec<String>,
        /// Quota: tags of a queue.
        #[n(3)]
        tags_max: u64,
    },
    /// Sets or removes a queue's resource policy.
    #[n(56)]
    SetQueuePolicy {
        /// The queue's group.
        #[n(0)]
        group: u64,
        /// The policy; none removes it.
        #[n(1)]
        policy: Option<String>,
    },
    /// Makes a stream one of on-demand mode. Only tests of queues send it.
    #[cfg(feature = "testkit")]
    #[n(59)]
    TestOnDemand {
        /// The stream.
        #[n(0)]
        group: u64,
    },
}

/// A change of shards.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reshard {
    /// One becomes two.
    #[n(0)]
    Split {
        /// The shard.
        #[n(0)]
        shard: u32,
        /// Where the upper child begins: big-endian.
        #[cbor(n(1), with = "minicbor::bytes")]
        new_start: [u8; 16],
    },
    /// Two become one.
    #[n(1)]
    Merge {
        /// One.
        #[n(0)]
        shard: u32,
        /// The one beside it.
        #[n(1)]
        adjacent: u32,
    },
}
