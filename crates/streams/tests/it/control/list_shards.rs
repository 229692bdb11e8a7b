//! ListShards: filters, pages, and that what was open at one time covers the hash keys exactly.

use std::time::Duration;

use millstream_api::ErrorCode::*;
use millstream_api::ops::*;
use millstream_api::shapes::Shard;
use millstream_types::{Clock, Millis, Random, SeededRandom};

use super::fixture::*;

fn filter(kind: ShardFilterType, time: Option<Millis>) -> ListShardsInput {
    let mut input = list_shards("s");
    input.shard_filter = Some(ShardFilter { kind, shard_id: None, timestamp: time });
    input
}

async fn listed(f: &Fixture, input: ListShardsInput) -> Vec<Shard> {
    let page = f.streams.list_shards(&f.caller, input).await.unwrap();
    assert_eq!(page.next_token, None);
    page.shards.unwrap()
}

/// Panics unless the shards cover 0 to 2^128 - 1 without hole or overlap.
fn assert_tiles(shards: &[Shard], when: &str) {
    let key = |text: &str| text.parse::<u128>().unwrap();
    let range = |s: &Shard| {
        (key(&s.hash_key_range.starting_hash_key), key(&s.hash_key_range.ending_hash_key))
    };
    let mut ranges: Vec<_> = shards.iter().map(range).collect();
    ranges.sort_unstable();
    let mut next = Some(0u128);
    for (start, end) in ranges {
        assert_eq!(Some(start), next, "{when}: {:?}", shard_ids(shards));
        next = end.checked_add(1);
    }
    assert_eq!(next, None, "{when}: {:?}", shard_ids(shards));
}

async fn reshard_at_random(f: &Fixture, random: &SeededRandom) {
    let open = listed(f, filter(ShardFilterType::AtLatest, None)).await;
    let mut open = open;
    open.sort_by_key(|shard| shard.hash_key_range.starting_hash_key.parse::<u128>().unwrap());
    let at = (random.next_u64() % open.len() as u64) as usize;
    if open.len() > 3 && random.next_u64().is_multiple_of(2) {
        let at = at.min(open.len() - 2);
        f.merge("s", &open[at].shard_id, &open[at + 1].shard_id).await.unwrap();
    } else {
        let range = &open[at].hash_key_range;
        let (start, end): (u128, u128) =
            (range.starting_hash_key.parse().unwrap(), range.ending_hash_key.parse().unwrap());
        f.split("s", &open[at].shard_id, start + (end - start) / 2 + 1).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_open_at_any_time_tiles_the_hash_keys() {
    for seed in 0..6 {
        let random = SeededRandom::new(seed);
        let f = Fixture::new().await;
        f.create("s", 2).await;
        let mut times = vec![Millis(0), START];
        for _ in 0..25 {
            // Often the clock stands still between two changes.
            f.clock.advance(Duration::from_millis(
                [0, 0, 1, 700, 5000][random.next_u64() as usize % 5],
            ));
            reshard_at_random(&f, &random).await;
            times.push(f.clock.now());
        }
        let stream = f.catalog.read(|state| state.streams().next().cloned().unwrap());
        times.extend(stream.shards.iter().map(|shard| shard.created));
        for jump_hours in [0, 23, 24, 25] {
            f.clock.advance(Duration::from_secs(jump_hours * 1800));
            for time in &times {
                for off in [-1i64, 0, 1] {
                    let at = Millis(time.0.saturating_add_signed(off));
                    let shards = listed(&f, filter(ShardFilterType::AtTimestamp, Some(at))).await;
                    assert_tiles(
                        &shards,
                        &format!("seed {seed}, at {at:?}, now {:?}", f.clock.now()),
                    );
                }
            }
            assert_tiles(&listed(&f, filter(ShardFilterType::AtLatest, None)).await, "latest");
            assert_tiles(
                &listed(&f, filter(ShardFilterType::AtTrimHorizon, None)).await,
                "horizon",
            );
        }
    }
}

#[tokio::test]
async fn the_trim_horizon_tiles_at_each_moment_around_expiry() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    f.split("s", "shardId-000000000000", 7).await.unwrap();
    f.split("s", "shardId-000000000002", 9).await.unwrap();
    let stream = f.catalog.read(|state| state.streams().next().cloned().unwrap());
    let retention = Duration::from_secs(24 * 3600);
    let mut seen = Vec::new();
    for child in [1, 3] {
        let passes = stream.shards[child].created.plus(retention);
        f.clock.advance(passes.minus(Duration::from_millis(2)).since(f.clock.now()));
        for _ in 0..4 {
            f.clock.advance(Duration::from_millis(1));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            let shards = listed(&f, filter(ShardFilterType::AtTrimHorizon, None)).await;
            assert_tiles(&shards, "horizon");
            seen.push(shard_ids(&shards));
        }
    }
    seen.dedup();
    assert_eq!(seen, [vec![0], vec![1, 2], vec![1, 3, 4]]);
    let kept = listed(&f, filter(ShardFilterType::FromTrimHorizon, None)).await;
    assert_eq!(shard_ids(&kept), [1, 3, 4], "the shards that are over are not listed");
}

#[tokio::test]
async fn filters_show_what_they_say() {
    let f = Fixture::new().await;
    f.create("s", 2).await;
    f.clock.advance(Duration::from_secs(100));
    f.split("s", "shardId-000000000000", 5).await.unwrap();
    let ids = |input| async { shard_ids(&listed(&f, input).await) };
    use ShardFilterType::*;
    assert_eq!(ids(list_shards("s")).await, [0, 1, 2, 3]);
    assert_eq!(ids(filter(FromTrimHorizon, None)).await, [0, 1, 2, 3]);
    assert_eq!(ids(filter(AtTrimHorizon, None)).await, [0, 1]);
    assert_eq!(ids(filter(AtLatest, None)).await, [1, 2, 3]);
    assert_eq!(ids(filter(FromTimestamp, Some(START))).await, [0, 1, 2, 3]);
    let later = f.clock.advance(Duration::from_secs(10));
    assert_eq!(ids(filter(FromTimestamp, Some(later))).await, [1, 2, 3]);
    assert_eq!(ids(filter(AtTimestamp, Some(Millis(u64::MAX)))).await, [1, 2, 3]);
    let mut after = filter(AfterShardId, None);
    after.shard_filter.as_mut().unwrap().shard_id = Some("shardId-000000000001".into());
    assert_eq!(ids(after.clone()).await, [2, 3]);
    after.exclusive_start_shard_id = Some("shardId-000000000002".into());
    assert_eq!(ids(after).await, [3]);
}

#[tokio::test]
async fn pages_go_on_by_token_alone() {
    let f = Fixture::new().await;
    f.create("s", 2500).await;
    let (mut seen, mut token) = (Vec::new(), None);
    for _ in 0..3 {
        let mut input = filter(ShardFilterType::AtLatest, None);
        if let Some(token) = token.take() {
            input = list_shards("s");
            (input.stream_name, input.next_token) = (None, Some(token));
        }
        let page = f.streams.list_shards(&f.caller, input).await.unwrap();
        seen.extend(shard_ids(&page.shards.unwrap()));
        token = page.next_token;
    }
    assert_eq!(token, None);
    assert_eq!(seen, (0..2500).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_token_excludes_what_it_holds_and_is_its_callers_own() {
    let f = Fixture::new().await;
    f.create("s", 3).await;
    let mut first = list_shards("s");
    first.max_results = Some(1);
    let token = f.streams.list_shards(&f.caller, first).await.unwrap().next_token.unwrap();
    let mut input = list_shards("s");
    input.next_token = Some(token.clone());
    let error = f.streams.list_shards(&f.caller, input.clone()).await.unwrap_err();
    assert_eq!(error.message, "NextToken and StreamName cannot be provided together.");
    input.stream_name = None;
    assert_eq!(shard_ids(&listed(&f, input.clone()).await), [1, 2]);
    let other = caller(1, "us-east-1");
    assert_eq!(code(f.streams.list_shards(&other, input.clone()).await), InvalidArgumentException);
    f.clock.advance(Duration::from_millis(300_001));
    assert_eq!(code(f.streams.list_shards(&f.caller, input).await), ExpiredNextTokenException);
}

#[tokio::test]
async fn members_that_do_not_fit_the_filter_are_refused() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    use ShardFilterType::*;
    let mut with_id = filter(AtLatest, None);
    with_id.shard_filter.as_mut().unwrap().shard_id = Some("shardId-000000000000".into());
    for input in [
        filter(AtTimestamp, None),
        filter(FromTimestamp, None),
        filter(AfterShardId, None),
        filter(AtLatest, Some(START)),
        with_id,
    ] {
        assert_eq!(code(f.streams.list_shards(&f.caller, input).await), InvalidArgumentException);
    }
    let mut other_creation = list_shards("s");
    other_creation.stream_creation_timestamp = Some(Millis(START.0 - 5000));
    assert_eq!(
        code(f.streams.list_shards(&f.caller, other_creation).await),
        ResourceNotFoundException
    );
    let mut this_creation = list_shards("s");
    this_creation.stream_creation_timestamp = Some(Millis::from_seconds(START.seconds()));
    assert_eq!(shard_ids(&listed(&f, this_creation).await), [0]);
}
