//! Streams and shards as the catalog knows them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use millstream_replica::{GroupId, Position};
use millstream_types::{
    AccountId, HashKeyRange, Millis, Region, SequenceNumber, ShardId, StreamArn, StreamName,
};

use crate::capacity::Capacity;

use crate::shard_metrics::ShardMetrics;

use crate::encryption::Encryption;

use crate::consumers::Consumers;

/// A stream. Handed out as an `Arc` that never changes: a change makes a new one with a higher version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Its logs' group; its identity, never reused.
    pub group: GroupId,
    /// Grows with each change.
    pub version: u64,
    /// The owner.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The name, unique in account and region.
    pub name: StreamName,
    /// When it was created, on a whole second.
    pub created: Millis,
    /// Its status, and since when.
    pub status: StreamStatus,
    /// When the status was reached.
    pub status_since: Millis,
    /// Its mode.
    pub mode: StreamMode,
    /// How long records are kept.
    pub retention_hours: u32,
    /// What arrived before this was once beyond the retention, and never comes back whatever the retention is now.
    pub expired_before: Millis,
    /// The largest record.
    pub max_record_size_kib: u32,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The shard-level metrics that are switched on.
    pub shard_metrics: ShardMetrics,
    /// Its resource policy, a document in JSON.
    pub policy: Option<Arc<str>>,
    /// Its shards; a shard's number is its index.
    pub shards: Vec<Shard>,
    /// The change of shards that is under way.
    pub reshard: Option<ReshardUnderWay>,
    /// What belongs to the mode and the number of shards.
    pub capacity: Capacity,
    /// Its encryption.
    pub encryption: Arc<Encryption>,
    /// Its consumers with a throughput of their own.
    pub consumers: Consumers,
}

/// Splits and merges between their two commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReshardUnderWay {
    /// The shards to seal.
    pub parents: Vec<ShardId>,
    /// The shards that open once they are.
    pub children: Vec<ShardId>,
}

impl Stream {
    /// Its ARN.
    pub fn arn(&self) -> StreamArn {
        StreamArn { region: self.region.clone(), account: self.account, name: self.name.clone() }
    }

    /// How long records are kept.
    pub fn retention(&self) -> Duration {
        Duration::from_secs(u64::from(self.retention_hours) * 3600)
    }

    /// What arrived before this is not shown at `now`: it is beyond the retention, or once was. What a clock that was
    /// wrong left above `now` says nothing: records that arrive now would be hidden as soon as they are acknowledged.
    pub fn horizon(&self, now: Millis) -> Millis {
        let oldest = now.minus(self.retention());
        if self.is_from_a_wrong_clock(now) { oldest } else { oldest.max(self.expired_before) }
    }

    /// Whether `expired_before` was reckoned by a clock that was a retention and more ahead of `now`.
    pub fn is_from_a_wrong_clock(&self, now: Millis) -> bool {
        self.expired_before > now
    }

    /// When each shard that has children ended for those who ask what was open at a time: when its children start.
    pub fn ends(&self) -> HashMap<ShardId, Millis> {
        let born = self.shards.iter().filter(|child| child.state != ShardState::Reserved);
        let ends = born.flat_map(|child| child.parents().map(|parent| (parent, child.created)));
        ends.collect()
    }

    /// The shards that take records.
    pub fn open_shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter().filter(|shard| shard.is_open())
    }

    /// The shards that are shown: not those that are reserved, nor those whose records have all expired.
    pub fn listed_shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter().filter(|shard| shard.is_listed())
    }
}

/// A shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its number.
    pub id: ShardId,
    /// Its hash keys.
    pub range: HashKeyRange,
    /// The shard it came from.
    pub parent: Option<ShardId>,
    /// The other shard it came from, after a merge.
    pub adjacent_parent: Option<ShardId>,
    /// When it was created, on a whole second; above its parents'.
    pub created: Millis,
    /// What it does.
    pub state: ShardState,
}

impl Shard {
    /// Its parents: none, one, or two after a merge.
    pub fn parents(&self) -> impl Iterator<Item = ShardId> + use<> {
        [self.parent, self.adjacent_parent].into_iter().flatten()
    }

    /// Below the numbers of all its records.
    pub fn starting_sequence_number(&self) -> SequenceNumber {
        SequenceNumber::start_of_shard(self.created.seconds(), self.id)
    }

    /// Above the numbers of all its records, once it is closed.
    pub fn ending_sequence_number(&self) -> Option<SequenceNumber> {
        match self.state {
            ShardState::Closed { at, .. } => {
                Some(SequenceNumber::end_of_shard(self.created.seconds(), self.id, at.seconds()))
            }
            ShardState::Reserved | ShardState::Open | ShardState::Closing | ShardState::Expired => {
                None
            }
        }
    }

    /// Whether it takes records.
    pub fn is_open(&self) -> bool {
        matches!(self.state, ShardState::Open | ShardState::Closing)
    }

    /// Whether it is shown.
    pub fn is_listed(&self) -> bool {
        match self.state {
            ShardState::Open | ShardState::Closing | ShardState::Closed { .. } => true,
            ShardState::Reserved | ShardState::Expired => false,
        }
    }
}

/// What a shard does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardState {
    /// Waits for its parents' end.
    Reserved,
    /// Takes records.
    Open,
    /// Takes records until its log is sealed.
    Closing,
    /// Its log is sealed.
    Closed {
        /// When.
        at: Millis,
        /// After the last record.
        end: Position,
    },
    /// Closed, and all its records are older than the retention.
    Expired,
}

/// A stream's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamStatus {
    /// Being made; takes no records yet.
    Creating,
    /// At work.
    Active,
    /// At work while a change is under way.
    Updating,
    /// Being deleted.
    Deleting,
}

/// A stream's mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamMode {
    /// A number of shards that the user sets.
    Provisioned,
    /// Shards follow the traffic.
    OnDemand,
}
