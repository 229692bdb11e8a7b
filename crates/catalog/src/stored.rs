//! A stream as it is written into a snapshot: CBOR with numbered fields, like commands.

mod consumers;

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_replica::{GroupId, Position};
use millstream_types::{AccountId, HashKey, HashKeyRange, Millis, ShardId};
use minicbor::{Decode, Encode};

mod capacity;
mod channels;
mod settings;

pub use capacity::{StoredCapacity, StoredCommitment};
pub use channels::StoredChannel;
use settings::StoredSettings;

use self::consumers::StoredConsumers;
use crate::delivery_streams::StoredDeliveryStream;
use crate::queues::StoredQueue;
use crate::stored_encryption::{StoredEncryption, StoredSecrets};
use crate::stream::{ReshardUnderWay, Shard, ShardState, Stream, StreamMode, StreamStatus};

/// The part of a snapshot that is not a stream; it comes with the first slice.
#[derive(Encode, Decode)]
pub struct StoredHead {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub token_key: Vec<u8>,
    #[n(1)]
    pub next_group: u64,
    #[n(2)]
    pub next_version: u64,
    /// Account, region, name, second.
    #[n(3)]
    pub retired: Vec<(u64, String, String, u64)>,
    /// Settings of accounts.
    #[n(4)]
    pub commitments: Option<Vec<StoredCommitment>>,
    #[n(5)]
    pub secrets: Option<StoredSecrets>,
}

/// A slice of a snapshot.
#[derive(Default, Encode, Decode)]
pub struct StoredSlice {
    #[n(0)]
    pub head: Option<StoredHead>,
    #[n(1)]
    pub streams: Vec<StoredStream>,
    #[n(4)]
    pub channels: Option<Vec<StoredChannel>>,
    /// Queues; they come after the last stream.
    #[n(3)]
    pub queues: Option<Vec<StoredQueue>>,
    /// Delivery streams; they come after the last channel.
    #[n(70)]
    pub delivery_streams: Option<Vec<StoredDeliveryStream>>,
}

/// A stream.
#[derive(Encode, Decode)]
pub struct StoredStream {
    #[n(0)]
    group: u64,
    #[n(1)]
    version: u64,
    #[n(2)]
    account: u64,
    #[n(3)]
    region: String,
    #[n(4)]
    name: String,
    #[n(5)]
    created: u64,
    #[n(6)]
    status: u8,
    #[n(7)]
    status_since: u64,
    #[n(8)]
    mode: u8,
    #[n(9)]
    retention_hours: u32,
    #[n(10)]
    max_record_size_kib: u32,
    #[n(11)]
    tags: BTreeMap<String, String>,
    /// Some of its shards, from number `first_shard` on.
    #[n(12)]
    shards: Vec<StoredShard>,
    /// Parents and children.
    #[n(13)]
    reshard: Option<(Vec<u32>, Vec<u32>)>,
    #[n(14)]
    expired_before: u64,
    #[n(15)]
    pub first_shard: u32,
    #[n(17)]
    capacity: Option<StoredCapacity>,
    #[n(20)]
    settings: Option<StoredSettings>,
    #[n(18)]
    encryption: Option<StoredEncryption>,
    #[n(16)]
    consumers: Option<StoredConsumers>,
}

#[derive(Encode, Decode)]
struct StoredShard {
    #[cbor(n(0), with = "minicbor::bytes")]
    start: [u8; 16],
    #[cbor(n(1), with = "minicbor::bytes")]
    end: [u8; 16],
    #[n(2)]
    parent: Option<u32>,
    #[n(3)]
    adjacent_parent: Option<u32>,
    #[n(4)]
    created: u64,
    #[n(5)]
    state: u8,
    #[n(6)]
    closed_at: Option<u64>,
    #[n(7)]
    end_position: Option<u64>,
}

const STATUSES: [StreamStatus; 4] =
    [StreamStatus::Creating, StreamStatus::Active, StreamStatus::Updating, StreamStatus::Deleting];
const MODES: [StreamMode; 2] = [StreamMode::Provisioned, StreamMode::OnDemand];
const RESERVED: u8 = 0;
const OPEN: u8 = 1;
const CLOSING: u8 = 2;
const CLOSED: u8 = 3;
const EXPIRED: u8 = 4;

fn number_of<T: PartialEq>(values: &[T], value: &T) -> u8 {
    values.iter().position(|other| other == value).unwrap_or(0) as u8
}

impl StoredStream {
    /// The stream with at most `count` of its shards, from number `first` on.
    pub fn part(stream: &Stream, first: u32, count: usize) -> Self {
        let shards = stream.shards.iter().skip(first as usize).take(count);
        let numbers = |ids: &[ShardId]| ids.iter().map(|id| id.0).collect();
        StoredStream {
            group: stream.group.0,
            version: stream.version,
            account: stream.account.as_u64(),
            region: stream.region.to_string(),
            name: stream.name.to_string(),
            created: stream.created.0,
            status: number_of(&STATUSES, &stream.status),
            status_since: stream.status_since.0,
            mode: number_of(&MODES, &stream.mode),
            retention_hours: stream.retention_hours,
            max_record_size_kib: stream.max_record_size_kib,
            tags: stream.tags.clone(),
            shards: shards.map(StoredShard::from).collect(),
            reshard: stream.reshard.as_ref().map(|r| (numbers(&r.parents), numbers(&r.children))),
            expired_before: stream.expired_before.0,
            first_shard: first,
            capacity: StoredCapacity::of(&stream.capacity),
            settings: StoredSettings::of(stream),
            encryption: StoredEncryption::of(&stream.encryption),
            consumers: StoredConsumers::of(&stream.consumers),
        }
    }
}

impl From<&Shard> for StoredShard {
    fn from(shard: &Shard) -> Self {
        let (state, closed_at, end_position) = match shard.state {
            ShardState::Reserved => (RESERVED, None, None),
            ShardState::Open => (OPEN, None, None),
            ShardState::Closing => (CLOSING, None, None),
            ShardState::Closed { at, end } => (CLOSED, Some(at.0), Some(end.0)),
            ShardState::Expired => (EXPIRED, None, None),
        };
        StoredShard {
            start: shard.range.start.0.to_be_bytes(),
            end: shard.range.end.0.to_be_bytes(),
            parent: shard.parent.map(|id| id.0),
            adjacent_parent: shard.adjacent_parent.map(|id| id.0),
            created: shard.created.0,
            state,
            closed_at,
            end_position,
        }
    }
}

impl StoredStream {
    /// The stream with these shards only; the text says what is wrong with it.
    pub fn restore(self) -> Result<Stream, String> {
        let wrong = |what: &str| format!("stream of group {}: {what}", self.group);
        if self.first_shard > u32::MAX / 2 {
            return Err(wrong("shard numbers"));
        }
        let ids = |numbers: Vec<u32>| numbers.into_iter().map(ShardId).collect();
        let shards =
            (self.first_shard..).zip(&self.shards).map(|(index, shard)| shard.restore(index));
        let (shard_metrics, policy) = StoredSettings::restore(self.settings);
        Ok(Stream {
            group: GroupId(self.group),
            version: self.version,
            account: AccountId::from_u64(self.account).map_err(|_| wrong("account"))?,
            region: self.region.parse().map_err(|_| wrong("region"))?,
            name: self.name.parse().map_err(|_| wrong("name"))?,
            created: Millis(self.created),
            status: *STATUSES.get(usize::from(self.status)).ok_or_else(|| wrong("status"))?,
            status_since: Millis(self.status_since),
            mode: *MODES.get(usize::from(self.mode)).ok_or_else(|| wrong("mode"))?,
            retention_hours: self.retention_hours,
            expired_before: Millis(self.expired_before),
            max_record_size_kib: self.max_record_size_kib,
            shards: shards.collect::<Option<_>>().ok_or_else(|| wrong("shard"))?,
            reshard: self.reshard.map(|(parents, children)| ReshardUnderWay {
                parents: ids(parents),
                children: ids(children),
            }),
            tags: self.tags,
            capacity: self.capacity.map(StoredCapacity::restore).unwrap_or_default(),
            shard_metrics,
            policy,
            encryption: Arc::new(StoredEncryption::restore(self.encryption)),
            consumers: self.consumers.map_or_else(|| Ok(Default::default()), |c| c.restore())?,
        })
    }
}

impl StoredShard {
    fn restore(&self, index: u32) -> Option<Shard> {
        let state = match (self.state, self.closed_at, self.end_position) {
            (RESERVED, _, _) => ShardState::Reserved,
            (OPEN, _, _) => ShardState::Open,
            (CLOSING, _, _) => ShardState::Closing,
            (CLOSED, Some(at), Some(end)) => {
                ShardState::Closed { at: Millis(at), end: Position(end) }
            }
            (EXPIRED, _, _) => ShardState::Expired,
            _ => return None,
        };
        let (start, end) = (u128::from_be_bytes(self.start), u128::from_be_bytes(self.end));
        Some(Shard {
            id: ShardId(index),
            range: HashKeyRange { start: HashKey(start), end: HashKey(end) },
            parent: self.parent.map(ShardId),
            adjacent_parent: self.adjacent_parent.map(ShardId),
            created: Millis(self.created),
            state,
        })
    }
}
