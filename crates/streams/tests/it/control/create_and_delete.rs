//! CreateStream, DeleteStream and the lifecycle between them.

use std::time::Duration;

use millstream_api::ErrorCode::*;
use millstream_api::shapes::*;
use millstream_log::{Log, LogError};
use millstream_streams::Limits;

use super::fixture::*;

#[tokio::test]
async fn a_stream_is_creating_until_its_delay_has_passed_by_the_service_clock() {
    let mut limits = Limits::default().without_rates();
    limits.transition_delay_ms = 5000;
    let f = Fixture::with(limits.clone()).await;
    f.streams.create_stream(&f.caller, create("s", 2)).await.unwrap();
    let seen = f.describe("s").await.unwrap();
    assert_eq!((seen.stream_status, seen.shards.len()), (StreamStatus::Creating, 0));
    f.clock.advance(Duration::from_millis(4999));
    let f = f.restart(limits.clone()).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(f.status("s").await, Ok(StreamStatus::Creating));
    f.clock.advance(Duration::from_millis(1));
    // What a crash interrupted goes on at the next start.
    let f = f.restart(limits).await;
    f.until("s", StreamStatus::Active).await;
    assert_eq!(f.shards("s").await.len(), 2);
}

#[tokio::test]
async fn what_a_crash_left_unfinished_is_finished_after_it() {
    let limits = Limits::default().without_rates();
    let f = Fixture::with(limits.clone()).await;
    f.create("a", 1).await;
    let f = f.restart(limits.clone()).await;
    // A service without a lifecycle: everything that it begins stays unfinished.
    let idle = Fixture::over(f.log.clone(), f.clock.clone(), limits.clone()).await;
    idle.streams.create_stream(&idle.caller, create("b", 3)).await.unwrap();
    idle.delete("a").await.unwrap();
    idle.catalog.stop().await;
    f.until("b", StreamStatus::Active).await;
    f.until_gone("a").await;
    assert_eq!(f.log.groups().await.unwrap().len(), 2, "the catalog's own group and b's");
}

#[tokio::test]
async fn the_log_group_has_the_streams_settings_and_goes_with_it() {
    let f = Fixture::new().await;
    let input = CreateStreamInputWith { max_kib: Some(2048) }.of("s", 3);
    f.streams.create_stream(&f.caller, input).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    let groups = f.log.groups().await.unwrap();
    let (group, spec, logs) = groups[1];
    assert_eq!((spec.record_bytes_max, logs), (2048 * 1024, 3));
    assert_eq!(spec.keep, Some(Duration::from_secs(24 * 3600)));
    f.delete("s").await.unwrap();
    f.until_gone("s").await;
    assert_eq!(f.log.configure(group, spec).await, Err(LogError::Gone));
}

struct CreateStreamInputWith {
    max_kib: Option<i32>,
}

impl CreateStreamInputWith {
    fn of(self, name: &str, shards: i32) -> millstream_api::ops::CreateStreamInput {
        let mut input = create(name, shards);
        input.max_record_size_in_kib = self.max_kib;
        input
    }
}

#[tokio::test]
async fn a_name_is_taken_until_its_stream_is_gone() {
    let mut limits = Limits::default().without_rates();
    limits.transition_delay_ms = 1;
    let f = Fixture::with(limits).await;
    let again = || f.streams.create_stream(&f.caller, create("s", 1));
    again().await.unwrap();
    assert_eq!(code(again().await), ResourceInUseException);
    let text = f.delete("s").await.unwrap_err();
    assert_eq!(text.code, ResourceInUseException);
    assert_eq!(
        text.message,
        "Stream s under account 000000000000 not ACTIVE, instead in state CREATING"
    );
    let elsewhere = caller(0, "eu-west-1");
    f.streams.create_stream(&elsewhere, create("s", 1)).await.unwrap();
    let other = caller(1, "us-east-1");
    f.streams.create_stream(&other, create("s", 1)).await.unwrap();
}

#[tokio::test]
async fn a_stream_made_again_in_the_same_second_has_other_sequence_numbers() {
    let f = Fixture::new().await;
    let mut before = String::new();
    for _ in 0..5 {
        f.create("s", 1).await;
        let start = f.shards("s").await[0].sequence_number_range.starting_sequence_number.clone();
        assert!(start > before, "{start} after {before}");
        before = start;
        f.delete("s").await.unwrap();
        f.until_gone("s").await;
    }
}

#[tokio::test]
async fn not_found_says_where_else_the_name_exists() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    let there = caller(0, "eu-west-1");
    let error = f.streams.delete_stream(&there, delete("s")).await.unwrap_err();
    assert_eq!(error.code, ResourceNotFoundException);
    assert!(error.message.starts_with("Stream s under account 000000000000 not found."));
    assert!(error.message.contains("us-east-1"), "{}", error.message);
    let error = f.streams.delete_stream(&caller(1, "eu-west-1"), delete("s")).await.unwrap_err();
    assert_eq!(error.message, "Stream s under account 000000000001 not found.");
}

#[tokio::test]
async fn quotas_hold() {
    let mut limits = Limits::default().without_rates();
    (limits.shards_max, limits.creating_streams_max) = (10, 2);
    limits.transition_delay_ms = 1;
    let f = Fixture::with(limits).await;
    assert_eq!(
        code(f.streams.create_stream(&f.caller, create("big", 11)).await),
        LimitExceededException
    );
    f.streams.create_stream(&f.caller, create("a", 4)).await.unwrap();
    assert_eq!(
        code(f.streams.create_stream(&f.caller, create("b", 7)).await),
        LimitExceededException
    );
    f.streams.create_stream(&f.caller, create("b", 6)).await.unwrap();
    f.streams.create_stream(&caller(1, "us-east-1"), create("a", 4)).await.unwrap();
    assert_eq!(
        code(f.streams.create_stream(&f.caller, create("c", 1)).await),
        LimitExceededException
    );
}

#[tokio::test]
async fn what_is_not_implemented_is_refused_by_name() {
    let f = Fixture::new().await;
    let mut on_demand = create("s", 1);
    on_demand.stream_mode_details = Some(StreamModeDetails { stream_mode: StreamMode::OnDemand });
    let mut auto = create("s", 1);
    auto.record_distribution_strategy = Some(RecordDistributionStrategy::Auto);
    let mut none = create("s", 1);
    none.shard_count = None;
    for (input, named) in [(on_demand, "ON_DEMAND"), (auto, "AUTO"), (none, "ShardCount")] {
        let error = f.streams.create_stream(&f.caller, input).await.unwrap_err();
        assert_eq!(error.code, InvalidArgumentException);
        assert!(error.message.contains(named), "{}", error.message);
    }
    assert_eq!(code(f.status("s").await), ResourceNotFoundException);
}

#[tokio::test]
async fn calls_have_rates_per_account() {
    let f = Fixture::with(Limits::default()).await;
    let call = |account| {
        let streams = &f.streams;
        async move { streams.delete_stream(&caller(account, "us-east-1"), delete("s")).await }
    };
    for account in [0, 1] {
        f.streams.create_stream(&caller(account, "us-east-1"), create("s", 1)).await.unwrap();
    }
    while f
        .catalog
        .read(|state| state.streams().any(|s| s.status != millstream_catalog::StreamStatus::Active))
    {
        tokio::task::yield_now().await;
    }
    // The resource comes before the rate, so only calls that name one count.
    call(0).await.unwrap();
    let mut create_codes = Vec::new();
    for i in 0..6 {
        let outcome = f.streams.create_stream(&f.caller, create(&format!("x{i}"), 1)).await;
        create_codes.push(outcome.err().map(|error| error.code));
    }
    assert_eq!(create_codes.last(), Some(&Some(LimitExceededException)));
    call(1).await.unwrap();
}

#[tokio::test]
async fn a_name_is_free_at_once_unless_a_delay_keeps_it() {
    let f = Fixture::new().await;
    for _ in 0..20 {
        f.create("s", 1).await;
        f.delete("s").await.unwrap();
    }
    let mut limits = Limits::default().without_rates();
    limits.transition_delay_ms = 1;
    let f = Fixture::with(limits).await;
    f.streams.create_stream(&f.caller, create("s", 1)).await.unwrap();
    f.clock.advance(Duration::from_millis(1));
    f.until("s", StreamStatus::Active).await;
    f.delete("s").await.unwrap();
    let again = f.streams.create_stream(&f.caller, create("s", 1)).await;
    assert_eq!(code(again), ResourceInUseException);
}

#[tokio::test(start_paused = true)]
async fn the_lifecycle_notices_a_jump_of_the_time_at_once() {
    let mut limits = Limits::default().without_rates();
    limits.transition_delay_ms = 900;
    let f = Fixture::with(limits).await;
    let began = tokio::time::Instant::now();
    f.streams.create_stream(&f.caller, create("s", 1)).await.unwrap();
    f.clock.advance(Duration::from_millis(900));
    // While tasks are busy the runtime's time stands still: only the jump itself can wake the lifecycle.
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(f.status("s").await, Ok(StreamStatus::Active));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_reset_waits_until_everything_is_gone() {
    let f = Fixture::new().await;
    f.create("a", 2).await;
    f.streams.create_stream(&caller(1, "eu-west-1"), create("b", 1)).await.unwrap();
    f.delete("a").await.unwrap();
    f.streams.create_stream(&f.caller, create("c", 1)).await.unwrap();
    assert!(f.streams.reset().await.unwrap() >= 2);
    assert_eq!(f.catalog.read(|state| state.streams().count()), 0);
    assert_eq!(f.log.groups().await.unwrap().len(), 1, "the catalog's own group");
}

#[tokio::test]
async fn a_declared_retention_is_there_even_if_the_start_does_not_end() {
    let limits = Limits::default().without_rates();
    let clock = std::sync::Arc::new(millstream_types::ManualClock::new(START));
    let log = millstream_log::testkit::MemoryLog::new(clock.clone());
    let f = Fixture::over(log, clock, limits.clone()).await;
    let wanted = [millstream_streams::Declaration {
        account: f.caller.account,
        region: f.caller.region.clone(),
        create: create("s", 1),
        retention_hours: Some(48),
    }];
    let made = async {
        while f.status("s").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    // Without the lifecycle the stream stays CREATING.
    tokio::select! {
        _ = f.streams.declare(&wanted) => panic!("it cannot be ACTIVE"),
        () = made => {}
    }
    let f = f.restart(limits).await;
    f.streams.declare(&wanted).await.unwrap();
    assert_eq!(f.describe("s").await.unwrap().retention_period_hours, 48);
}
