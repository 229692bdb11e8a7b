//! What always holds of a stream's shards.

use millstream_catalog::{Shard, ShardState, Stream};
use millstream_types::SequenceNumber;

/// What takes records tiles the hash keys; so does what was open at the horizon; children come after their parents.
pub fn check_shards(stream: &Stream) {
    let ends = stream.ends();
    assert_tiles(stream, "open", |shard| shard.is_open());
    for at in stream.shards.iter().map(|shard| shard.created).chain([stream.expired_before]) {
        let at = at.max(stream.expired_before).max(stream.created);
        assert_tiles(stream, "at a time", |shard| {
            shard.is_listed()
                && shard.created <= at
                && ends.get(&shard.id).is_none_or(|end| *end > at)
        });
    }
    for child in stream.shards.iter().filter(|shard| shard.is_listed()) {
        for parent in child.parents() {
            assert!(parent < child.id);
            let parent = &stream.shards[parent.0 as usize];
            if let ShardState::Closed { at, .. } = parent.state {
                let second = parent.created.seconds();
                let end = SequenceNumber::end_of_shard(second, parent.id, at.seconds());
                assert!(parent.starting_sequence_number() < end);
                assert!(end < child.starting_sequence_number());
                assert!(child.created > at);
            }
        }
    }
}

/// The shards that `which` picks cover every hash key once.
pub fn assert_tiles(stream: &Stream, what: &str, which: impl Fn(&Shard) -> bool) {
    let mut ranges: Vec<_> = stream
        .shards
        .iter()
        .filter(|s| which(s))
        .map(|s| (s.range.start.0, s.range.end.0))
        .collect();
    ranges.sort_unstable();
    let mut next = Some(0u128);
    for (start, end) in ranges {
        assert_eq!(Some(start), next, "{what}: {stream:#?}");
        next = end.checked_add(1);
    }
    assert_eq!(next, None, "{what}: {stream:#?}");
}
