//! The state: streams by name and by group, and the secrets.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use millstream_replica::GroupId;
use millstream_types::{AccountId, Region, StreamName};

use crate::channels::Channels;
use crate::commitment::Commitment;
use crate::delivery_streams::DeliveryStreams;
use crate::encryption::SealedSecrets;
use crate::queues::Queues;
use crate::stream::{Shard, ShardState, Stream, StreamMode, StreamStatus};

/// The first group that a stream gets: those below are for the node's own machines.
pub const FIRST_STREAM_GROUP: u64 = 16;

/// Where names live.
pub type Scope = (AccountId, Region);

/// Everything that the catalog knows.
#[derive(Debug)]
pub struct State {
    pub(crate) token_key: Option<[u8; 32]>,
    pub(crate) sealed_secrets: Option<Arc<SealedSecrets>>,
    pub(crate) next_group: u64,
    pub(crate) next_version: u64,
    pub(crate) names: HashMap<Scope, BTreeMap<StreamName, GroupId>>,
    pub(crate) streams: BTreeMap<GroupId, Arc<Stream>>,
    pub(crate) channels: Channels,
    /// Follows from `streams`; kept so that a new stream need not count all others.
    usage: HashMap<Scope, Usage>,
    /// The highest creation second of shards of streams deleted a moment ago: a stream of the same name starts above
    /// it, so that no sequence number means two records.
    pub(crate) retired: BTreeMap<(AccountId, Region, StreamName), u64>,
    /// Commitments to a least throughput.
    pub(crate) commitments: BTreeMap<Scope, Commitment>,
    pub(crate) queues: Queues,
    pub(crate) delivery_streams: DeliveryStreams,
}

/// What quotas count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub streams: u64,
    /// Streams that are CREATING.
    pub creating: u64,
    /// Shards that take records or will; those of streams that are DELETING are given up already.
    pub shards: u64,
    /// Shards that quotas count: those, and the short-lived ones that a scaling under way will need.
    pub claimed: u64,
    /// On-demand streams that are not DELETING.
    pub on_demand: u64,
}

impl Usage {
    pub(crate) fn of(stream: &Stream) -> Self {
        // A closing shard's children are counted in its place.
        let counted = |s: &&Shard| matches!(s.state, ShardState::Open | ShardState::Reserved);
        let shards = match stream.status {
            StreamStatus::Deleting => 0,
            StreamStatus::Creating | StreamStatus::Active | StreamStatus::Updating => {
                stream.shards.iter().filter(counted).count() as u64
            }
        };
        let creating = u64::from(stream.status == StreamStatus::Creating);
        let scaling = stream.capacity.scaling.filter(|_| stream.status != StreamStatus::Deleting);
        let claimed = shards.max(scaling.map_or(0, |scaling| scaling.open_max.into()));
        let on_demand =
            stream.mode == StreamMode::OnDemand && stream.status != StreamStatus::Deleting;
        Usage { streams: 1, creating, shards, claimed, on_demand: u64::from(on_demand) }
    }
}

impl Default for State {
    fn default() -> Self {
        State {
            token_key: None,
            sealed_secrets: None,
            next_group: FIRST_STREAM_GROUP,
            next_version: 1,
            names: HashMap::new(),
            streams: BTreeMap::new(),
            channels: Channels::default(),
            usage: HashMap::new(),
            retired: BTreeMap::new(),
            commitments: BTreeMap::new(),
            queues: Queues::default(),
            delivery_streams: DeliveryStreams::default(),
        }
    }
}

impl State {
    /// The key of iterators and tokens, where an earlier release left it in the clear.
    pub fn token_key(&self) -> Option<[u8; 32]> {
        self.token_key
    }

    /// The secrets, once they are sealed.
    pub fn sealed_secrets(&self) -> Option<&Arc<SealedSecrets>> {
        self.sealed_secrets.as_ref()
    }

    /// A stream by name.
    pub fn lookup(
        &self,
        account: AccountId,
        region: &Region,
        name: &StreamName,
    ) -> Option<&Arc<Stream>> {
        let group = self.names.get(&(account, region.clone()))?.get(name)?;
        self.streams.get(group)
    }

    /// A stream by its group.
    pub fn by_group(&self, group: GroupId) -> Option<&Arc<Stream>> {
        self.streams.get(&group)
    }

    /// All queues.
    pub fn queues(&self) -> &Queues {
        &self.queues
    }

    /// All delivery streams.
    pub fn delivery_streams(&self) -> &DeliveryStreams {
        &self.delivery_streams
    }

    /// How many registered readers a stream has: queues count as consumers do (botocore, `CreateQueue`).
    pub(crate) fn readers_of(&self, stream: GroupId) -> u64 {
        let consumers = self.streams.get(&stream).map_or(0, |stream| stream.consumers.len());
        self.queues.count_of(stream) + consumers as u64
    }

    /// All streams, by group.
    pub fn streams(&self) -> impl Iterator<Item = &Arc<Stream>> {
        self.streams.values()
    }

    /// The streams of an account and region by name, after a name.
    pub fn list(
        &self,
        account: AccountId,
        region: &Region,
        after: Option<&StreamName>,
    ) -> impl Iterator<Item = &Arc<Stream>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let start = after.map_or(Unbounded, Excluded);
        let names = self.names.get(&(account, region.clone()));
        names
            .into_iter()
            .flat_map(move |names| names.range((start, Unbounded)))
            .filter_map(|(_, group)| self.streams.get(group))
    }

    /// The other regions of the account in which the name exists.
    pub fn elsewhere(&self, account: AccountId, region: &Region, name: &StreamName) -> Vec<Region> {
        let mut regions: Vec<Region> = self
            .names
            .iter()
            .filter(|((owner, other), names)| {
                *owner == account && other != region && names.contains_key(name)
            })
            .map(|((_, other), _)| other.clone())
            .collect();
        regions.sort();
        regions
    }

    /// How many shards of an account and region take records or will.
    pub fn open_shards(&self, account: AccountId, region: &Region) -> u64 {
        self.usage(account, region).shards
    }

    /// How many on-demand streams an account and region have.
    pub fn on_demand_streams(&self, account: AccountId, region: &Region) -> u64 {
        self.usage(account, region).on_demand
    }

    /// What an account has in a region, of what quotas count.
    pub(crate) fn usage(&self, account: AccountId, region: &Region) -> Usage {
        self.usage.get(&(account, region.clone())).copied().unwrap_or_default()
    }

    fn count(&mut self, stream: &Stream, add: bool) {
        let scope = (stream.account, stream.region.clone());
        let total = self.usage.entry(scope.clone()).or_default();
        let one = Usage::of(stream);
        for (sum, part) in [
            (&mut total.streams, one.streams),
            (&mut total.creating, one.creating),
            (&mut total.shards, one.shards),
            (&mut total.claimed, one.claimed),
            (&mut total.on_demand, one.on_demand),
        ] {
            *sum = if add { *sum + part } else { sum.saturating_sub(part) };
        }
        if total.streams == 0 {
            self.usage.remove(&scope);
        }
    }

    /// Puts a stream in, or its next version.
    pub(crate) fn put(&mut self, mut stream: Stream) -> Arc<Stream> {
        stream.version = self.next_version;
        self.next_version += 1;
        self.insert(stream)
    }

    /// Puts a stream in as it is.
    pub(crate) fn insert(&mut self, stream: Stream) -> Arc<Stream> {
        let scope = (stream.account, stream.region.clone());
        self.names.entry(scope).or_default().insert(stream.name.clone(), stream.group);
        let stream = Arc::new(stream);
        if let Some(before) = self.streams.insert(stream.group, stream.clone()) {
            self.count(&before, false);
        }
        self.count(&stream, true);
        stream
    }

    /// Puts a stream in with some of its shards, which follow those that are there.
    pub(crate) fn insert_part(&mut self, first_shard: u32, mut part: Stream) -> Result<(), String> {
        if let Some(stream) = self.streams.get(&part.group).filter(|_| first_shard > 0) {
            part.shards.splice(0..0, stream.shards.iter().cloned());
        }
        let dense = part.shards.iter().zip(0..).all(|(shard, number)| shard.id.0 == number);
        if !dense {
            return Err(format!("stream of group {}: shards are missing", part.group.0));
        }
        self.insert(part);
        Ok(())
    }

    /// Takes a stream out.
    pub(crate) fn remove(&mut self, group: GroupId) -> Option<Arc<Stream>> {
        let stream = self.streams.remove(&group)?;
        self.count(&stream, false);
        let scope = (stream.account, stream.region.clone());
        if let Some(names) = self.names.get_mut(&scope) {
            names.remove(&stream.name);
            if names.is_empty() {
                self.names.remove(&scope);
            }
        }
        Some(stream)
    }
}
