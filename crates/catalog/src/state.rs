//! The state: streams by name and by group, and the secrets.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use millstream_log::GroupId;
use millstream_types::{AccountId, Region, StreamName};

use crate::stream::{ShardState, Stream, StreamStatus};

/// The first group that a stream gets: those below are for the node's own machines.
pub const FIRST_STREAM_GROUP: u64 = 16;

/// Where names live.
pub type Scope = (AccountId, Region);

/// Everything that the catalog knows.
#[derive(Debug)]
pub struct State {
    pub(crate) token_key: Option<[u8; 32]>,
    pub(crate) next_group: u64,
    pub(crate) next_version: u64,
    pub(crate) names: HashMap<Scope, BTreeMap<StreamName, GroupId>>,
    pub(crate) streams: BTreeMap<GroupId, Arc<Stream>>,
    /// The highest creation second of shards of streams deleted a moment ago: a stream of the same name starts above
    /// it, so that no sequence number means two records.
    pub(crate) retired: BTreeMap<(AccountId, Region, StreamName), u64>,
}

impl Default for State {
    fn default() -> Self {
        State {
            token_key: None,
            next_group: FIRST_STREAM_GROUP,
            next_version: 1,
            names: HashMap::new(),
            streams: BTreeMap::new(),
            retired: BTreeMap::new(),
        }
    }
}

impl State {
    /// The key of iterators and tokens, once it is made.
    pub fn token_key(&self) -> Option<[u8; 32]> {
        self.token_key
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
        self.list(account, region, None)
            .filter(|stream| stream.status != StreamStatus::Deleting)
            .flat_map(|stream| &stream.shards)
            // A closing shard's children are counted in its place.
            .map(|shard| u64::from(matches!(shard.state, ShardState::Open | ShardState::Reserved)))
            .sum()
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
        self.streams.insert(stream.group, stream.clone());
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
