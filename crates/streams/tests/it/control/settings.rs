//! Retention and tags.

use std::collections::BTreeMap;
use std::time::Duration;

use millstream_api::Error;
use millstream_api::ErrorCode::*;
use millstream_api::ops::*;
use millstream_api::shapes::StreamStatus;
use millstream_log::Log;
use millstream_streams::Limits;

use super::fixture::*;

async fn increase(f: &Fixture, hours: i32) -> Result<(), Error> {
    let input = IncreaseStreamRetentionPeriodInput {
        stream_name: Some("s".into()),
        retention_period_hours: hours,
        stream_arn: None,
        stream_id: None,
    };
    f.streams.increase_stream_retention_period(&f.caller, input).await?;
    f.until("s", StreamStatus::Active).await;
    Ok(())
}

async fn decrease(f: &Fixture, hours: i32) -> Result<(), Error> {
    let input = DecreaseStreamRetentionPeriodInput {
        stream_name: Some("s".into()),
        retention_period_hours: hours,
        stream_arn: None,
        stream_id: None,
    };
    f.streams.decrease_stream_retention_period(&f.caller, input).await?;
    f.until("s", StreamStatus::Active).await;
    Ok(())
}

async fn hours(f: &Fixture) -> i32 {
    f.describe("s").await.unwrap().retention_period_hours
}

#[tokio::test]
async fn retention_goes_from_24_to_8760_hours_in_the_direction_that_is_asked() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    for bad in [-1, 0, 23, 8761, i32::MAX] {
        assert_eq!(code(increase(&f, bad).await), InvalidArgumentException, "{bad}");
        assert_eq!(code(decrease(&f, bad).await), InvalidArgumentException, "{bad}");
    }
    increase(&f, 24).await.unwrap();
    increase(&f, 8760).await.unwrap();
    assert_eq!(hours(&f).await, 8760);
    assert_eq!(code(increase(&f, 100).await), InvalidArgumentException);
    decrease(&f, 48).await.unwrap();
    assert_eq!(code(decrease(&f, 49).await), InvalidArgumentException);
    assert_eq!(hours(&f).await, 48);
    let keep = f.log.groups().await.unwrap()[1].1.keep;
    assert_eq!(keep, Some(Duration::from_secs(48 * 3600)));
}

#[tokio::test]
async fn what_has_expired_once_does_not_come_back() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    f.clock.advance(Duration::from_secs(30 * 3600));
    let stream = || f.catalog.read(|state| state.streams().next().cloned().unwrap());
    let now = millstream_types::Millis(START.0 + 30 * 3_600_000);
    let horizon = stream().horizon(now);
    increase(&f, 100).await.unwrap();
    assert_eq!(stream().horizon(now), horizon);
    let later = now.plus(Duration::from_secs(10 * 3600));
    assert_eq!(
        stream().horizon(later),
        horizon,
        "nothing more expires until 100 hours have passed"
    );
    decrease(&f, 24).await.unwrap();
    assert_eq!(stream().horizon(later), later.minus(Duration::from_secs(24 * 3600)));
}

fn tags(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

async fn add(f: &Fixture, tags: BTreeMap<String, String>) -> Result<(), Error> {
    let input = AddTagsToStreamInput {
        stream_name: Some("s".into()),
        tags,
        stream_arn: None,
        stream_id: None,
    };
    f.streams.add_tags_to_stream(&f.caller, input).await
}

async fn remove(f: &Fixture, keys: &[&str]) {
    let tag_keys = keys.iter().map(|key| (*key).to_owned()).collect();
    let input = RemoveTagsFromStreamInput {
        stream_name: Some("s".into()),
        tag_keys,
        stream_arn: None,
        stream_id: None,
    };
    f.streams.remove_tags_from_stream(&f.caller, input).await.unwrap();
}

async fn page(
    f: &Fixture,
    after: Option<&str>,
    limit: Option<i32>,
) -> (Vec<(String, String)>, bool) {
    let input = ListTagsForStreamInput {
        stream_name: Some("s".into()),
        exclusive_start_tag_key: after.map(Into::into),
        limit,
        stream_arn: None,
        stream_id: None,
    };
    let page = f.streams.list_tags_for_stream(&f.caller, input).await.unwrap();
    let pairs = page.tags.into_iter().map(|tag| (tag.key, tag.value.unwrap()));
    (pairs.collect(), page.has_more_tags)
}

#[tokio::test]
async fn tags_are_added_overwritten_removed_and_listed_in_pages() {
    let f = Fixture::new().await;
    let mut input = create("s", 1);
    input.tags = Some(tags(&[("b", "1"), ("a", "")]));
    f.streams.create_stream(&f.caller, input).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    add(&f, tags(&[("b", "2"), ("c", "3")])).await.unwrap();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(page(&f, None, Some(2)).await, (vec![pair("a", ""), pair("b", "2")], true));
    assert_eq!(page(&f, Some("b"), None).await, (vec![pair("c", "3")], false));
    remove(&f, &["a", "nowhere", "c"]).await;
    assert_eq!(page(&f, None, None).await, (vec![pair("b", "2")], false));
}

#[tokio::test]
async fn a_stream_has_at_most_fifty_tags() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    let many = |from: usize, count: usize| {
        (from..from + count).map(|i| (format!("k{i}"), String::new())).collect::<BTreeMap<_, _>>()
    };
    add(&f, many(0, 50)).await.unwrap();
    assert_eq!(code(add(&f, many(50, 1)).await), InvalidArgumentException);
    add(&f, many(10, 5)).await.unwrap();
    assert_eq!(code(add(&f, tags(&[("aws:x", "")])).await), InvalidArgumentException);
    assert_eq!(page(&f, None, None).await.0.len(), 50);
}

#[tokio::test]
async fn what_a_wrong_clock_left_hides_nothing_that_comes_after_it() {
    let mut f = Fixture::new().await;
    f.create("s", 1).await;
    f.clock.advance(Duration::from_secs(365 * 24 * 3600));
    increase(&f, 48).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    let stream = |f: &Fixture| f.catalog.read(|state| state.streams().next().cloned().unwrap());
    let now = START.plus(Duration::from_secs(60));
    let oldest = now.minus(Duration::from_secs(48 * 3600));
    assert!(stream(&f).expired_before > now);
    assert_eq!(stream(&f).horizon(now), oldest);
    // The clock is put right.
    f.clock = std::sync::Arc::new(millstream_types::ManualClock::new(now));
    let f = f.restart(Limits::default().without_rates()).await;
    while stream(&f).expired_before > now {
        tokio::task::yield_now().await;
    }
    assert_eq!(stream(&f).expired_before, oldest);
    f.split("s", "shardId-000000000000", 1000).await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(f.shards("s").await.len(), 3, "the parent holds what was acknowledged a moment ago");
}
