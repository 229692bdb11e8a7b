//! Which shard a hash key belongs to.

use millstream_types::{HashKey, ShardId};

/// The shards that take records, by the start of their ranges. The ranges tile the whole space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    starts: Vec<HashKey>,
    shards: Vec<ShardId>,
}

impl Routing {
    /// A table of `(start of range, shard)`, in any order; one of them starts at 0.
    pub fn new(mut open: Vec<(HashKey, ShardId)>) -> Self {
        open.sort_unstable();
        let (starts, shards) = open.into_iter().unzip();
        Routing { starts, shards }
    }

    /// The shard of `key`; `None` if the table is empty.
    pub fn shard_of(&self, key: HashKey) -> Option<ShardId> {
        let after = self.starts.partition_point(|start| *start <= key);
        after.checked_sub(1).map(|index| self.shards[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_types::HashKeyRange;

    #[test]
    fn both_ends_of_each_range_belong_to_its_shard() {
        for count in [1, 2, 3, 64, 1000] {
            let ranges: Vec<_> = (0..count).map(|i| HashKeyRange::uniform(i, count)).collect();
            let open = ranges.iter().enumerate().rev().map(|(i, r)| (r.start, ShardId(i as u32)));
            let routing = Routing::new(open.collect());
            for (index, range) in ranges.iter().enumerate() {
                assert_eq!(routing.shard_of(range.start), Some(ShardId(index as u32)));
                assert_eq!(routing.shard_of(range.end), Some(ShardId(index as u32)));
            }
        }
        assert_eq!(Routing::default().shard_of(HashKey(0)), None);
    }
}
