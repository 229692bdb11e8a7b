//! Subscriptions: where they begin, what they send, how they end. Time only passes where a test says so: the runtime's
//! clock jumps when all wait, service time is the test's.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use millstream_api::ErrorCode::*;
use millstream_api::ops::*;
use millstream_api::{Blob, Error, PutEntry};
use millstream_streams::{EventEncoder, Limits, PushEvent, Subscription};

use super::fixture::*;

mod stalled;

const FIRST: &str = "shardId-000000000000";

/// Writes events as text, so that tests can read them.
struct Text;

impl EventEncoder for Text {
    fn encoding(&self) -> usize {
        0
    }
    fn begin(&self) -> Vec<u8> {
        b"begin".to_vec()
    }
    fn event(&self, event: PushEvent) -> Vec<u8> {
        let reply = event.reply;
        let data = |record: &millstream_api::RecordAt| {
            let block = &reply.blocks[record.block as usize];
            let data = &block[record.data.start as usize..record.data.end as usize];
            String::from_utf8(data[..data.len().min(16)].to_vec()).unwrap()
        };
        let records: Vec<_> = reply.records.iter().map(data).collect();
        let children = reply.child_shards.iter().flatten();
        let children: Vec<_> = children.map(|child| child.shard_id.clone()).collect();
        let continuation = event.continuation.unwrap_or_default();
        // As large as its records, in commas, of which `event` takes no notice.
        let size = reply.records.iter().map(|record| record.data.len()).sum();
        [
            records.join(","),
            continuation,
            reply.millis_behind_latest.to_string(),
            children.join(",") + &",".repeat(size),
        ]
        .join(";")
        .into_bytes()
    }
    fn exception(&self, error: &Error) -> Vec<u8> {
        format!("!{error}").into_bytes()
    }
}

#[derive(Debug, PartialEq)]
struct Event {
    records: Vec<String>,
    continuation: Option<String>,
    behind: i64,
    children: Vec<String>,
}

async fn text(subscription: &mut Subscription) -> Option<String> {
    subscription.next().await.map(|piece| String::from_utf8(piece.to_vec()).unwrap())
}

async fn event(subscription: &mut Subscription) -> Event {
    let text = text(subscription).await.expect("the subscription ended");
    let list = |text: &str| text.split(',').filter(|one| !one.is_empty()).map(Into::into).collect();
    let parts: Vec<&str> = text.split(';').collect();
    let [records, continuation, behind, children] = parts[..] else { panic!("{text}") };
    Event {
        records: list(records),
        continuation: Some(continuation.to_owned()).filter(|text| !text.is_empty()),
        behind: behind.parse().unwrap(),
        children: list(children),
    }
}

/// The next records, however they are cut into events.
async fn records(subscription: &mut Subscription, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < count {
        all.extend(event(subscription).await.records);
    }
    all
}

fn at(kind: ShardIteratorType) -> StartingPosition {
    StartingPosition { kind, sequence_number: None, timestamp: None }
}

fn from(kind: ShardIteratorType, number: &str) -> StartingPosition {
    StartingPosition { kind, sequence_number: Some(number.into()), timestamp: None }
}

fn input(arn: &str, shard: &str, position: StartingPosition) -> SubscribeToShardInput {
    SubscribeToShardInput {
        consumer_arn: arn.into(),
        stream_id: None,
        shard_id: shard.into(),
        starting_position: position,
        dry_run: None,
    }
}

impl Fixture {
    async fn subscribe(
        &self,
        arn: &str,
        shard: &str,
        position: StartingPosition,
    ) -> Result<Subscription, Error> {
        let input = input(arn, shard, position);
        let mut subscription =
            self.streams.subscribe_to_shard(&self.caller, input, Arc::new(Text)).await?;
        assert_eq!(text(&mut subscription).await.as_deref(), Some("begin"));
        Ok(subscription)
    }

    /// Puts a record; its sequence number.
    async fn put(&self, stream: &str, data: &str) -> String {
        let entry = PutRecordsRequestEntry {
            data: Blob::Raw(Cow::Owned(data.as_bytes().to_vec())),
            explicit_hash_key: None,
            partition_key: Some("k".into()),
        };
        let input = PutRecordsInput {
            records: vec![entry],
            stream_name: Some(stream.to_owned().into()),
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        let reply = self.streams.put_records(&self.caller, input).await.unwrap();
        match &reply.entries[0] {
            PutEntry::Put { sequence, .. } => {
                let mut digits = [0; millstream_types::SequenceDigits::LEN];
                sequence.write(&mut digits);
                String::from_utf8(digits.to_vec()).unwrap()
            }
            failed => panic!("{failed:?}"),
        }
    }
}

async fn ready() -> (Fixture, String) {
    let fixture = Fixture::new().await;
    fixture.create("a", 1).await;
    let arn = fixture.consumer("a", "c").await;
    (fixture, arn)
}

#[tokio::test(start_paused = true)]
async fn every_position_begins_where_it_says() {
    for (kind, expected) in [
        (ShardIteratorType::TrimHorizon, &["one", "two", "new"][..]),
        (ShardIteratorType::Latest, &["new"]),
        (ShardIteratorType::AtTimestamp, &["two", "new"]),
        (ShardIteratorType::AtSequenceNumber, &["two", "new"]),
        (ShardIteratorType::AfterSequenceNumber, &["new"]),
    ] {
        let (fixture, arn) = ready().await;
        fixture.put("a", "one").await;
        let between = fixture.clock.advance(Duration::from_secs(5));
        fixture.clock.advance(Duration::from_secs(5));
        let two = fixture.put("a", "two").await;
        let name = kind.as_str();
        let position = StartingPosition {
            kind,
            sequence_number: name.contains("SEQUENCE").then_some(two),
            timestamp: name.contains("TIME").then_some(between),
        };
        let mut subscription = fixture.subscribe(&arn, FIRST, position).await.unwrap();
        let before = records(&mut subscription, expected.len() - 1).await;
        assert_eq!(before, expected[..expected.len() - 1], "{name}");
        let new = fixture.put("a", "new").await;
        let last = event(&mut subscription).await;
        assert_eq!((last.records, last.behind), (vec!["new".to_owned()], 0), "{name}");
        assert!(last.continuation.unwrap() > new);
    }
}

#[tokio::test(start_paused = true)]
async fn a_continuation_leads_on_without_a_gap_and_without_a_record_twice() {
    let (fixture, arn) = ready().await;
    fixture.put("a", "one").await;
    let mut subscription =
        fixture.subscribe(&arn, FIRST, at(ShardIteratorType::TrimHorizon)).await.unwrap();
    let first = event(&mut subscription).await;
    assert_eq!(first.records, ["one"]);
    // Nothing arrives: an empty event says where it is, and advances.
    fixture.clock.advance(Duration::from_secs(5));
    let idle = event(&mut subscription).await;
    assert!(idle.records.is_empty() && idle.continuation > first.continuation);
    drop(subscription);
    fixture.put("a", "two").await;
    for kind in [ShardIteratorType::AtSequenceNumber, ShardIteratorType::AfterSequenceNumber] {
        for continuation in [&first.continuation, &idle.continuation] {
            let position = from(kind, continuation.as_deref().unwrap());
            let mut next = fixture.subscribe(&arn, FIRST, position).await.unwrap();
            assert_eq!(event(&mut next).await.records, ["two"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_shard_ends_with_its_children_and_no_continuation() {
    let (fixture, arn) = ready().await;
    fixture.put("a", "one").await;
    let mut early =
        fixture.subscribe(&arn, FIRST, at(ShardIteratorType::TrimHorizon)).await.unwrap();
    assert_eq!(event(&mut early).await.records, ["one"]);
    fixture.split("a", FIRST, 1000).await.unwrap();
    let other = fixture.consumer("a", "d").await;
    let mut late = fixture.subscribe(&other, FIRST, at(ShardIteratorType::Latest)).await.unwrap();
    for subscription in [&mut early, &mut late] {
        let last = event(subscription).await;
        assert_eq!(last.children, ["shardId-000000000001", "shardId-000000000002"]);
        assert_eq!((last.continuation, last.records.len(), last.behind), (None, 0, 0));
        assert_eq!(text(subscription).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_subscription_is_refused_and_later_takes_over() {
    let (fixture, arn) = ready().await;
    let latest = || at(ShardIteratorType::Latest);
    let mut old = fixture.subscribe(&arn, FIRST, latest()).await.unwrap();
    fixture.clock.advance(Duration::from_millis(4999));
    let error = fixture.subscribe(&arn, FIRST, latest()).await.err().unwrap();
    assert_eq!(error.code, ResourceInUseException);
    let expected = "Another active subscription exists for this consumer: 000000000000:a:shardId-000000000000:c";
    assert_eq!(error.message, expected);
    fixture.clock.advance(Duration::from_millis(1));
    let mut new = fixture.subscribe(&arn, FIRST, latest()).await.unwrap();
    let last = text(&mut old).await.unwrap();
    assert_eq!(last, format!("!ResourceInUseException: {expected}"));
    assert_eq!(text(&mut old).await, None);
    drop(old);
    fixture.put("a", "one").await;
    assert_eq!(event(&mut new).await.records, ["one"]);
    // One that has ended is in nobody's way.
    drop(new);
    fixture.subscribe(&arn, FIRST, latest()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_subscription_lives_five_minutes_of_service_time() {
    let (fixture, arn) = ready().await;
    let mut subscription =
        fixture.subscribe(&arn, FIRST, at(ShardIteratorType::Latest)).await.unwrap();
    fixture.clock.advance(Duration::from_millis(299_999));
    assert!(event(&mut subscription).await.records.is_empty());
    fixture.clock.advance(Duration::from_millis(1));
    assert_eq!(text(&mut subscription).await, None);
}

#[tokio::test(start_paused = true)]
async fn deregistration_and_deletion_end_subscriptions() {
    let (fixture, arn) = ready().await;
    let other = fixture.consumer("a", "d").await;
    let latest = || at(ShardIteratorType::Latest);
    let mut one = fixture.subscribe(&arn, FIRST, latest()).await.unwrap();
    let mut two = fixture.subscribe(&other, FIRST, latest()).await.unwrap();
    fixture.deregister(&arn).await.unwrap();
    let last = text(&mut one).await.unwrap();
    assert!(last.starts_with("!ResourceNotFoundException: Consumer c under stream a"), "{last}");
    assert_eq!(text(&mut one).await, None);
    fixture.put("a", "still").await;
    assert_eq!(event(&mut two).await.records, ["still"]);
    let input = DeleteStreamInput { enforce_consumer_deletion: Some(true), ..delete("a") };
    fixture.streams.delete_stream(&fixture.caller, input).await.unwrap();
    let last = text(&mut two).await.unwrap();
    assert!(last.starts_with("!ResourceNotFoundException: Stream a under account"), "{last}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_subscribed_to_is_refused() {
    let (fixture, arn) = ready().await;
    let mut limits = Limits::default().without_rates();
    limits.transition_delay_ms = 60_000;
    let latest = || at(ShardIteratorType::Latest);
    let refused = async |arn: &str, shard: &str, position| {
        fixture.subscribe(arn, shard, position).await.err().unwrap()
    };
    let absent = refused(&format!("{arn}9"), FIRST, latest()).await;
    assert_eq!(absent.code, ResourceNotFoundException);
    let absent = refused(&arn, "shardId-000000000009", latest()).await;
    assert_eq!(absent.code, ResourceNotFoundException);
    let none = refused(&arn, FIRST, at(ShardIteratorType::AtSequenceNumber)).await;
    assert_eq!(none.code, InvalidArgumentException);
    fixture.split("a", FIRST, 1000).await.unwrap();
    let number =
        fixture.shards("a").await[1].sequence_number_range.starting_sequence_number.clone();
    let foreign = refused(&arn, FIRST, from(ShardIteratorType::AtSequenceNumber, &number)).await;
    assert_eq!(
        foreign.message,
        "Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to a shard \
         with shardId-000000000000"
    );
    let mut dry = input(&arn, FIRST, latest());
    dry.dry_run = Some(true);
    let dry = fixture.streams.subscribe_to_shard(&fixture.caller, dry, Arc::new(Text)).await;
    assert_eq!(dry.err().unwrap().code, DryRunOperationException);

    let fixture = fixture.restart(limits).await;
    let made = fixture.register("a", "young").await.unwrap();
    let error = fixture.subscribe(&made.consumer_arn, FIRST, latest()).await.err().unwrap();
    assert_eq!(error.code, ResourceInUseException);
    let second = made.consumer_creation_timestamp.seconds();
    assert_eq!(
        error.message,
        format!(
            "Consumer young with creation timestamp {second} under stream: a , account 000000000000 is not in ACTIVE \
             status."
        )
    );
}

#[tokio::test(start_paused = true)]
async fn one_call_a_second_and_two_mebibytes_a_second() {
    let fixture = Fixture::with(Limits {
        shard_write_bytes_per_second: u64::MAX,
        shard_write_records_per_second: u64::MAX,
        describe_stream_per_second: u64::MAX,
        describe_stream_consumer_per_second: u64::MAX,
        ..Limits::default()
    })
    .await;
    fixture.create("a", 1).await;
    let arn = fixture.consumer("a", "c").await;
    for n in 0..10 {
        fixture.put("a", &format!("{n}{}", "x".repeat(512 * 1024))).await;
    }
    let horizon = || at(ShardIteratorType::TrimHorizon);
    let mut subscription = fixture.subscribe(&arn, FIRST, horizon()).await.unwrap();
    let error = fixture.subscribe(&arn, FIRST, horizon()).await.err().unwrap();
    assert_eq!(error.code, LimitExceededException);
    // A burst of a second's worth, and then nothing until time passes, save that it is still there: no error.
    assert_eq!(records(&mut subscription, 4).await.len(), 4);
    let mut pending = Box::pin(subscription.next());
    for _ in 0..4 {
        assert!(tokio::time::timeout(Duration::from_secs(1), &mut pending).await.is_err());
    }
    fixture.clock.advance(Duration::from_secs(1));
    assert!(pending.await.is_some());
}

#[tokio::test(start_paused = true)]
async fn all_consumers_get_all_records_in_order_whether_fast_or_slow() {
    let fixture = Fixture::with(Limits {
        subscription_bytes_max: 64 * 1024,
        ..Limits::default().without_rates()
    })
    .await;
    fixture.create("a", 1).await;
    let mut tasks = Vec::new();
    for name in ["c0", "c1", "c2", "c3"] {
        let arn = fixture.consumer("a", name).await;
        let mut subscription =
            fixture.subscribe(&arn, FIRST, at(ShardIteratorType::Latest)).await.unwrap();
        let pause = Duration::from_millis(if name == "c3" { 50 } else { 0 });
        tasks.push(tokio::spawn(async move {
            let mut all = Vec::new();
            while all.len() < 300 {
                all.extend(event(&mut subscription).await.records);
                tokio::time::sleep(pause).await;
            }
            all
        }));
    }
    for n in 0..300 {
        fixture.put("a", &format!("{n:03}{}", "x".repeat(n * 7))).await;
        tokio::time::sleep(Duration::from_millis(n as u64 % 3)).await;
    }
    for task in tasks {
        let all = task.await.unwrap();
        for (n, data) in all.iter().enumerate() {
            assert!(data.starts_with(&format!("{n:03}")), "{n}: {data}");
        }
        assert_eq!(all.len(), 300);
    }
}
