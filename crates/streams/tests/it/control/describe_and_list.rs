//! DescribeStream, DescribeStreamSummary, ListStreams, DescribeLimits.

use std::time::Duration;

use millstream_api::ErrorCode::*;
use millstream_api::ops::*;
use millstream_api::shapes::*;
use millstream_types::Millis;

use super::fixture::*;

#[tokio::test]
async fn a_stream_is_described_in_pages_of_shards() {
    let f = Fixture::new().await;
    f.create("s", 250).await;
    let page = |after: Option<String>, limit| DescribeStreamInput {
        stream_name: Some("s".into()),
        limit,
        exclusive_start_shard_id: after,
        stream_arn: Some("arn:aws:kinesis:us-east-1:000000000000:stream/s".into()),
        stream_id: None,
    };
    let (mut seen, mut after) = (Vec::new(), None);
    for expected in [100, 100, 50] {
        let input = page(after.take(), Some(10_000));
        let found = f.streams.describe_stream(&f.caller, input).await.unwrap().stream_description;
        assert_eq!((found.shards.len(), found.has_more_shards), (expected, expected == 100));
        after = found.shards.last().map(|shard| shard.shard_id.clone());
        seen.extend(shard_ids(&found.shards));
    }
    assert_eq!(seen, (0..250).collect::<Vec<_>>());
    let found =
        f.streams.describe_stream(&f.caller, page(None, Some(1))).await.unwrap().stream_description;
    assert_eq!((found.shards.len(), found.has_more_shards), (1, true));
    assert_eq!(found.stream_creation_timestamp, Millis::from_seconds(START.seconds()));
    assert_eq!(found.retention_period_hours, 24);
    assert_eq!(found.encryption_type, Some(EncryptionType::None));
    assert_eq!(found.stream_mode_details.unwrap().stream_mode, StreamMode::Provisioned);
}

#[tokio::test]
async fn name_and_arn_must_agree() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    let summary = |name: Option<&str>, arn: Option<&str>| {
        let input = DescribeStreamSummaryInput {
            stream_name: name.map(Into::into),
            stream_arn: arn.map(Into::into),
            stream_id: None,
        };
        let streams = &f.streams;
        let caller = &f.caller;
        async move { streams.describe_stream_summary(caller, input).await }
    };
    let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    for (name, arn) in [(Some("s"), None), (None, Some(arn)), (Some("s"), Some(arn))] {
        let found = summary(name, arn).await.unwrap().stream_description_summary;
        assert_eq!((found.open_shard_count, found.consumer_count), (1, Some(0)));
        assert_eq!((found.stream_arn.as_str(), found.stream_id), (self::arn(), None));
        assert_eq!(found.max_record_size_in_kib, Some(1024));
    }
    let other = "arn:aws:kinesis:us-east-1:000000000000:stream/t";
    assert_eq!(code(summary(Some("s"), Some(other)).await), InvalidArgumentException);
    assert_eq!(code(summary(None, None).await), InvalidArgumentException);
    let foreign = "arn:aws:kinesis:us-east-1:000000000001:stream/s";
    assert_eq!(code(summary(None, Some(foreign)).await), AccessDeniedException);
    assert_eq!(code(summary(None, Some(other)).await), ResourceNotFoundException);
}

fn arn() -> &'static str {
    "arn:aws:kinesis:us-east-1:000000000000:stream/s"
}

fn list(limit: Option<i32>, after: Option<&str>, token: Option<String>) -> ListStreamsInput {
    ListStreamsInput {
        limit,
        exclusive_start_stream_name: after.map(Into::into),
        next_token: token,
    }
}

#[tokio::test]
async fn streams_are_listed_by_name_in_pages_by_token_and_by_name() {
    let f = Fixture::new().await;
    let names: Vec<String> = (0..25).map(|i| format!("s{:02}", (i * 7) % 25)).collect();
    for name in &names {
        f.create(name, 1).await;
    }
    f.streams.create_stream(&caller(0, "eu-west-1"), create("elsewhere", 1)).await.unwrap();
    let mut sorted = names.clone();
    sorted.sort();
    let (mut by_token, mut by_name, mut token, mut after) = (vec![], vec![], None, None::<String>);
    for last in [false, false, true] {
        let input = list(Some(10), None, token.take());
        let page = f.streams.list_streams(&f.caller, input).await.unwrap();
        assert_eq!((page.has_more_streams, page.next_token.is_some()), (!last, !last));
        by_token.extend(page.stream_names);
        token = page.next_token;
        let page = f
            .streams
            .list_streams(&f.caller, list(Some(10), after.as_deref(), None))
            .await
            .unwrap();
        after = page.stream_names.last().cloned();
        by_name
            .extend(page.stream_summaries.unwrap().into_iter().map(|summary| summary.stream_name));
    }
    assert_eq!((&by_token, &by_name), (&sorted, &sorted));
}

#[tokio::test]
async fn a_token_of_streams_is_its_callers_own_and_expires() {
    let f = Fixture::new().await;
    for name in ["a", "b"] {
        f.create(name, 1).await;
    }
    let page = f.streams.list_streams(&f.caller, list(Some(1), None, None)).await.unwrap();
    let token = page.next_token.unwrap();
    let call = |caller, token: &str, after| {
        let input = list(None, after, Some(token.to_owned()));
        let streams = &f.streams;
        async move { streams.list_streams(&caller, input).await }
    };
    let own = || f.caller.clone();
    assert_eq!(call(own(), &token, None).await.unwrap().stream_names, ["b"]);
    assert_eq!(code(call(own(), &token, Some("a")).await), InvalidArgumentException);
    assert_eq!(code(call(caller(1, "us-east-1"), &token, None).await), InvalidArgumentException);
    assert_eq!(code(call(caller(0, "eu-west-1"), &token, None).await), InvalidArgumentException);
    assert_eq!(code(call(own(), &token.replace('A', "B"), None).await), InvalidArgumentException);
    f.clock.advance(Duration::from_secs(300));
    assert!(call(own(), &token, None).await.is_ok());
    f.clock.advance(Duration::from_millis(1));
    assert_eq!(code(call(own(), &token, None).await), ExpiredNextTokenException);
}

#[tokio::test]
async fn limits_count_what_is_used_in_account_and_region() {
    let f = Fixture::new().await;
    f.create("a", 3).await;
    f.create("b", 4).await;
    f.merge("b", "shardId-000000000000", "shardId-000000000001").await.unwrap();
    let limits = f.streams.describe_limits(&f.caller, DescribeLimitsInput {}).await.unwrap();
    assert_eq!((limits.open_shard_count, limits.shard_limit), (6, 20_000));
    assert_eq!((limits.on_demand_stream_count, limits.on_demand_stream_count_limit), (0, 50));
    let other = caller(0, "eu-west-1");
    let limits = f.streams.describe_limits(&other, DescribeLimitsInput {}).await.unwrap();
    assert_eq!(limits.open_shard_count, 0);
}
