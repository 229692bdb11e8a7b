//! Which shard a hash key belongs to.

use millstream_types::{HashKey, ShardId};

/// The shards that take records, by the start of their ranges. The ranges tile the whole space.
///
/// The space is also cut into equal slices, at least as many as there are shards, and for each it is known where to
/// begin looking: with thousands of shards a search over all of them costs more than the hash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    starts: Vec<HashKey>,
    shards: Vec<ShardId>,
    /// For each slice the number of ranges that start at or before its first key; one more for the end.
    slices: Vec<u32>,
    /// By how much a key is shifted to give its slice.
    shift: u32,
}

/// Most slices: 256 KiB of memory.
const SLICES_MAX: usize = 1 << 16;

impl Routing {
    /// A table of `(start of range, shard)`, in any order; one of them starts at 0.
    pub fn new(mut open: Vec<(HashKey, ShardId)>) -> Self {
        open.sort_unstable();
        let (starts, shards): (Vec<HashKey>, Vec<ShardId>) = open.into_iter().unzip();
        // Two slices at least, as a shift by all bits is none.
        let count = starts.len().next_power_of_two().clamp(2, SLICES_MAX);
        let shift = u128::BITS - count.trailing_zeros();
        let until = |slice: usize| {
            let first = HashKey((slice as u128) << shift);
            starts.partition_point(|start| *start <= first) as u32
        };
        let slices = (0..count).map(until).chain([starts.len() as u32]).collect();
        Routing { starts, shards, slices, shift }
    }

    /// The shard of `key`; `None` if the table is empty.
    pub fn shard_of(&self, key: HashKey) -> Option<ShardId> {
        let slice = key.0.checked_shr(self.shift).unwrap_or(0) as usize;
        let (from, to) = (*self.slices.get(slice)? as usize, *self.slices.get(slice + 1)? as usize);
        let after = from + self.starts[from..to].partition_point(|start| *start <= key);
        after.checked_sub(1).map(|index| self.shards[index])
    }

    /// How many shards take records.
    pub fn len(&self) -> usize {
        self.shards.len()
    }

    /// A shard by its place among them, in the order of their keys, with the first of its keys.
    pub fn nth(&self, place: usize) -> Option<(ShardId, HashKey)> {
        Some((*self.shards.get(place)?, *self.starts.get(place)?))
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
        assert_eq!(Routing::new(Vec::new()).shard_of(HashKey(u128::MAX)), None);
    }

    #[test]
    fn uneven_ranges_are_found_wherever_slices_begin() {
        let starts = [0, 1, 2, 1 << 64, (1 << 127) - 1, 1 << 127, u128::MAX - 1, u128::MAX];
        let open = starts.iter().enumerate().map(|(i, start)| (HashKey(*start), ShardId(i as u32)));
        let routing = Routing::new(open.collect());
        for key in starts.iter().flat_map(|s| [s.wrapping_sub(1), *s, s.wrapping_add(1)]) {
            let last = starts.iter().rposition(|start| *start <= key).unwrap();
            assert_eq!(routing.shard_of(HashKey(key)), Some(ShardId(last as u32)), "{key}");
        }
    }
}
