//! SplitShard and MergeShards.

use millstream_api::ErrorCode::*;
use millstream_api::shapes::Shard;
use millstream_log::testkit::Fault;
use millstream_log::{End, Log, LogId, Position};

use super::fixture::*;

const ZERO: &str = "shardId-000000000000";
const ONE: &str = "shardId-000000000001";
const TWO: &str = "shardId-000000000002";

fn range(shard: &Shard) -> (u128, u128) {
    let range = &shard.hash_key_range;
    (range.starting_hash_key.parse().unwrap(), range.ending_hash_key.parse().unwrap())
}

#[tokio::test]
async fn a_split_closes_the_parent_and_opens_two_children() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    f.split("s", ZERO, 1000).await.unwrap();
    let shards = f.shards("s").await;
    assert_eq!(shard_ids(&shards), [0, 1, 2]);
    assert_eq!(
        shards.iter().map(range).collect::<Vec<_>>(),
        [(0, u128::MAX), (0, 999), (1000, u128::MAX)]
    );
    let parents: Vec<_> = shards.iter().map(|shard| shard.parent_shard_id.as_deref()).collect();
    assert_eq!(parents, [None, Some(ZERO), Some(ZERO)]);
    let end = shards[0].sequence_number_range.ending_sequence_number.clone().unwrap();
    for child in &shards[1..] {
        assert!(child.sequence_number_range.starting_sequence_number > end);
        assert_eq!(child.sequence_number_range.ending_sequence_number, None);
    }
    let group = f.log.groups().await.unwrap()[1].0;
    let read = f.log.read(LogId { group, index: 0 }, Position(0), 1).await.unwrap();
    assert_eq!(read.end, End::Sealed(Position(0)));
}

#[tokio::test]
async fn a_merge_has_two_parents_in_the_order_of_the_call() {
    let f = Fixture::new().await;
    f.create("s", 3).await;
    f.merge("s", ONE, ZERO).await.unwrap();
    let shards = f.shards("s").await;
    let child = &shards[3];
    assert_eq!(child.parent_shard_id.as_deref(), Some(ONE));
    assert_eq!(child.adjacent_parent_shard_id.as_deref(), Some(ZERO));
    assert_eq!(range(child), (range(&shards[0]).0, range(&shards[1]).1));
}

#[tokio::test]
async fn what_cannot_be_split_or_merged_is_refused_and_changes_nothing() {
    let f = Fixture::new().await;
    f.create("s", 3).await;
    let start_of_one = range(&f.shards("s").await[1]).0;
    let end_of_one = range(&f.shards("s").await[1]).1;
    for at in [0, start_of_one, end_of_one + 1, u128::MAX] {
        assert_eq!(code(f.split("s", ONE, at).await), InvalidArgumentException, "{at}");
    }
    assert_eq!(code(f.merge("s", ZERO, TWO).await), InvalidArgumentException);
    assert_eq!(code(f.merge("s", ZERO, ZERO).await), InvalidArgumentException);
    for missing in ["shardId-000000000003", "nonsense"] {
        let error = f.split("s", missing, 5).await.unwrap_err();
        assert_eq!(error.code, ResourceNotFoundException);
        assert_eq!(
            error.message,
            format!("Shard {missing} in stream s under account 000000000000 does not exist")
        );
    }
    assert_eq!(f.shards("s").await.len(), 3);
    f.split("s", ONE, end_of_one).await.unwrap();
    let error = f.split("s", ONE, end_of_one).await.unwrap_err();
    assert_eq!(
        error.message,
        format!(
            "Shard {ONE} in stream s under account 000000000000 has already been merged or split, and thus is not \
             eligible for merging or splitting."
        )
    );
}

#[tokio::test]
async fn a_hash_key_above_the_space_is_refused() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    let input = millstream_api::ops::SplitShardInput {
        stream_name: Some("s".into()),
        shard_to_split: ZERO.into(),
        new_starting_hash_key: "340282366920938463463374607431768211456".into(),
        stream_arn: None,
        stream_id: None,
    };
    assert_eq!(code(f.streams.split_shard(&f.caller, input).await), InvalidArgumentException);
}

#[tokio::test]
async fn a_split_is_within_the_shard_quota_and_a_merge_needs_none() {
    let mut limits = millstream_streams::Limits::default().without_rates();
    limits.shards_max = 3;
    let f = Fixture::with(limits).await;
    f.create("s", 3).await;
    assert_eq!(code(f.split("s", ZERO, 5).await), LimitExceededException);
    f.merge("s", ZERO, ONE).await.unwrap();
    f.split("s", TWO, u128::MAX).await.unwrap();
}

#[tokio::test]
async fn children_of_children_in_the_same_millisecond_keep_the_order() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    let mut open = ZERO.to_owned();
    let mut previous_end = String::new();
    for generation in 1..10u128 {
        f.split("s", &open, generation).await.unwrap();
        let shards = f.shards("s").await;
        let parent = shards.iter().find(|shard| shard.shard_id == open).unwrap();
        let numbers = &parent.sequence_number_range;
        assert!(numbers.starting_sequence_number > previous_end);
        previous_end = numbers.ending_sequence_number.clone().unwrap();
        assert!(previous_end > numbers.starting_sequence_number);
        open = shards.last().unwrap().shard_id.clone();
    }
}

#[tokio::test(start_paused = true)]
async fn a_reshard_whose_command_got_lost_is_tried_again() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    // The first command is the split itself; the next, and the fence that settles it, get lost.
    let input = millstream_api::ops::SplitShardInput {
        stream_name: Some("s".into()),
        shard_to_split: ZERO.into(),
        new_starting_hash_key: "7".into(),
        stream_arn: None,
        stream_id: None,
    };
    f.streams.split_shard(&f.caller, input).await.unwrap();
    f.log.inject([Fault::UnknownLost, Fault::UnknownKept]);
    while f.shards("s").await.len() < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    f.until("s", millstream_api::shapes::StreamStatus::Active).await;
}
