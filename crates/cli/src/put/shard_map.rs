//! Which shard a key will go to, as far as is known.

use std::sync::{PoisonError, RwLock};

use millstream_api::shapes::Shard;
use millstream_client::{Client, Error, StreamTarget};
use millstream_types::{HashKey, HashKeyRange};

/// The open shards by their ranges.
pub(crate) struct ShardMap {
    ranges: RwLock<Vec<(HashKeyRange, String)>>,
}

impl ShardMap {
    pub async fn load(client: &Client, target: &StreamTarget) -> Result<Self, Error> {
        let map = ShardMap { ranges: RwLock::default() };
        map.refresh(client, target).await?;
        Ok(map)
    }

    /// Asks for the shards again.
    pub async fn refresh(&self, client: &Client, target: &StreamTarget) -> Result<(), Error> {
        let shards = client.list_shards(target).await?;
        *self.ranges.write().unwrap_or_else(PoisonError::into_inner) = open_ranges(&shards);
        Ok(())
    }

    /// The shard that holds a hash key.
    pub fn shard_of(&self, key: HashKey) -> Option<String> {
        self.find(|range, _| range.contains(key)).map(|(_, shard)| shard)
    }

    /// The range of a shard.
    pub fn range_of(&self, wanted: &str) -> Option<HashKeyRange> {
        self.find(|_, shard| shard == wanted).map(|(range, _)| range)
    }

    fn find(&self, fits: impl Fn(&HashKeyRange, &str) -> bool) -> Option<(HashKeyRange, String)> {
        let ranges = self.ranges.read().unwrap_or_else(PoisonError::into_inner);
        ranges.iter().find(|(range, shard)| fits(range, shard)).cloned()
    }
}

fn open_ranges(shards: &[Shard]) -> Vec<(HashKeyRange, String)> {
    let open = |shard: &&Shard| shard.sequence_number_range.ending_sequence_number.is_none();
    let range = |shard: &Shard| {
        let start = shard.hash_key_range.starting_hash_key.parse().ok()?;
        let end = shard.hash_key_range.ending_hash_key.parse().ok()?;
        Some((HashKeyRange { start, end }, shard.shard_id.clone()))
    };
    shards.iter().filter(open).filter_map(range).collect()
}

#[cfg(test)]
impl ShardMap {
    /// A map of uniform shards `a`, `b`, …
    pub fn uniform(count: u32) -> Self {
        let name = |index: u32| char::from(b'a' + index as u8).to_string();
        let ranges = (0..count).map(|index| (HashKeyRange::uniform(index, count), name(index)));
        ShardMap { ranges: RwLock::new(ranges.collect()) }
    }
}
