//! Readers that stall, and the memory that subscriptions have.

use super::*;

fn roomy(subscription_bytes_max: u64) -> Limits {
    Limits { subscription_bytes_max, ..Limits::default().without_rates() }
}

async fn pause(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_stalled_reader_is_ended_and_gives_its_place_and_memory_back() {
    let fixture = Fixture::with(roomy(64 * 1024)).await;
    fixture.create("a", 1).await;
    let arn = fixture.consumer("a", "c").await;
    fixture.put("a", &"x".repeat(100_000)).await;
    let mut stalled =
        fixture.subscribe(&arn, FIRST, at(ShardIteratorType::TrimHorizon)).await.unwrap();
    let (told, ended) = tokio::sync::oneshot::channel();
    stalled.end_when_stalled(Duration::from_secs(30), move || told.send(()).unwrap());
    let held = stalled.next().await.unwrap();
    tokio::time::timeout(Duration::from_secs(29), pause(29)).await.ok();
    let latest = || at(ShardIteratorType::Latest);
    let refused = fixture.subscribe(&arn, FIRST, latest()).await.err().unwrap();
    assert_eq!(refused.code, ResourceInUseException);
    ended.await.unwrap();
    // What was handed over is the caller's; all else is free again.
    drop(held);
    let mut next = fixture.subscribe(&arn, FIRST, latest()).await.unwrap();
    fixture.put("a", "new").await;
    assert_eq!(event(&mut next).await.records, ["new"]);
    let why = std::future::poll_fn(|cx| stalled.poll_next(cx)).await;
    assert!(matches!(why, Some(Err(_))));
    assert_eq!(stalled.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_reader_ends_with_its_time_or_its_consumer() {
    for deregistered in [true, false] {
        let (fixture, arn) = ready().await;
        fixture.put("a", "one").await;
        let mut stalled =
            fixture.subscribe(&arn, FIRST, at(ShardIteratorType::TrimHorizon)).await.unwrap();
        let (told, mut ended) = tokio::sync::oneshot::channel();
        stalled.end_when_stalled(Duration::from_secs(3000), move || told.send(()).unwrap());
        assert!(stalled.next().await.is_some());
        pause(100).await;
        assert!(ended.try_recv().is_err());
        match deregistered {
            true => fixture.deregister(&arn).await.unwrap(),
            false => drop(fixture.clock.advance(Duration::from_secs(300))),
        }
        tokio::time::timeout(Duration::from_secs(5), ended).await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn readers_go_on_while_others_hold_all_memory() {
    let fixture = Fixture::with(roomy(400 * 1024)).await;
    fixture.create("a", 1).await;
    fixture.put("a", &"x".repeat(250_000)).await;
    let hog = fixture.consumer("a", "hog").await;
    let mut stalled =
        fixture.subscribe(&hog, FIRST, at(ShardIteratorType::TrimHorizon)).await.unwrap();
    stalled.end_when_stalled(Duration::from_secs(3000), || ());
    let held = stalled.next().await.unwrap();
    let arn = fixture.consumer("a", "c").await;
    // Nothing to read: no memory is needed, and it says that it is there.
    let mut idle = fixture.subscribe(&arn, FIRST, at(ShardIteratorType::Latest)).await.unwrap();
    assert!(event(&mut idle).await.records.is_empty());
    fixture.put("a", "small").await;
    assert_eq!(event(&mut idle).await.records, ["small"]);
    // A large record waits, with keep-alives, until memory is given back.
    let other = fixture.consumer("a", "d").await;
    let mut large =
        fixture.subscribe(&other, FIRST, at(ShardIteratorType::TrimHorizon)).await.unwrap();
    assert!(event(&mut large).await.records.is_empty());
    drop(held);
    assert_eq!(records(&mut large, 2).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn large_records_are_sent_one_at_a_time_where_the_budget_holds_one() {
    let fixture = Fixture::with(roomy(1024 * 1024)).await;
    fixture.create("a", 1).await;
    fixture.put("a", &"x".repeat(700_000)).await;
    let first = fixture.consumer("a", "c").await;
    let second = fixture.consumer("a", "d").await;
    let horizon = || at(ShardIteratorType::TrimHorizon);
    let mut one = fixture.subscribe(&first, FIRST, horizon()).await.unwrap();
    let mut two = fixture.subscribe(&second, FIRST, horizon()).await.unwrap();
    let held = one.next().await.unwrap();
    assert!(held.len() > 700_000);
    assert!(event(&mut two).await.records.is_empty());
    drop(held);
    assert_eq!(records(&mut two, 1).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_looks_at_the_place_and_costs_no_call() {
    let (fixture, arn) = ready().await;
    let dry = async |expected| {
        let input = SubscribeToShardInput {
            dry_run: Some(true),
            ..input(&arn, FIRST, at(ShardIteratorType::Latest))
        };
        let outcome =
            fixture.streams.subscribe_to_shard(&fixture.caller, input, Arc::new(Text)).await;
        assert_eq!(outcome.err().unwrap().code, expected);
    };
    dry(DryRunOperationException).await;
    dry(DryRunOperationException).await;
    let open = fixture.subscribe(&arn, FIRST, at(ShardIteratorType::Latest)).await.unwrap();
    dry(ResourceInUseException).await;
    drop(open);
    dry(DryRunOperationException).await;
}

#[tokio::test(start_paused = true)]
async fn a_paced_subscription_says_how_far_behind_it_is() {
    let fixture = Fixture::with(Limits {
        consumer_read_bytes_per_second: 1000,
        ..Limits::default().without_rates()
    })
    .await;
    fixture.create("a", 1).await;
    let arn = fixture.consumer("a", "c").await;
    let mut paced = fixture.subscribe(&arn, FIRST, at(ShardIteratorType::Latest)).await.unwrap();
    fixture.put("a", &"x".repeat(100_000)).await;
    let first = event(&mut paced).await;
    assert_eq!(first.records.len(), 1);
    let second = fixture.put("a", "second").await;
    fixture.clock.advance(Duration::from_millis(7000));
    let waiting = event(&mut paced).await;
    assert_eq!((waiting.records.len(), waiting.behind), (0, 7000));
    assert!(waiting.continuation >= first.continuation && waiting.continuation < Some(second));
    fixture.clock.advance(Duration::from_secs(100));
    assert_eq!(event(&mut paced).await.records, ["second"]);
}
