//! Put and get.

use std::time::Duration;

use millstream_api::ops::ShardIteratorType;
use millstream_api::{ErrorCode, PutEntry};
use millstream_catalog::{Command, Reshard};
use millstream_streams::Limits;
use millstream_types::{Clock, HashKey};

use crate::harness::*;

fn off() -> Limits {
    Limits::default().without_rates()
}

#[tokio::test]
async fn records_come_back_in_order_with_the_numbers_that_the_put_returned() {
    let h = Harness::new(off()).await;
    h.stream("s", 1).await;
    let records: Vec<_> =
        (0..300u32).map(|n| (format!("key {n}"), n.to_be_bytes().to_vec())).collect();
    let borrowed: Vec<_> = records.iter().map(|(k, d)| (k.as_str(), d.as_slice())).collect();
    let reply = h.put("s", &borrowed).await.unwrap();
    let held = h.get(&h.horizon_iterator("s", 0).await, None).await.unwrap();
    let put: Vec<_> =
        reply.entries.iter().map(sequence).zip(records.into_iter().map(|(_, d)| d)).collect();
    assert_eq!(read(&held), put);
    assert_eq!(held.reply.millis_behind_latest, 0);
}

#[tokio::test]
async fn a_limit_ends_a_reply_inside_a_batch_and_the_next_goes_on_there() {
    let h = Harness::new(off()).await;
    h.stream("s", 1).await;
    let data: Vec<[u8; 1]> = (0..50).map(|n| [n]).collect();
    let records: Vec<_> = data.iter().map(|d| ("k", d.as_slice())).collect();
    h.put("s", &records).await.unwrap();
    let mut iterator = h.horizon_iterator("s", 0).await;
    let mut seen = Vec::new();
    while seen.len() < 50 {
        let held = h.get(&iterator, Some(7)).await.unwrap();
        assert!(held.reply.records.len() <= 7 && !held.reply.records.is_empty());
        seen.extend(read(&held).into_iter().map(|(_, data)| data[0]));
        iterator = held.reply.next_shard_iterator.clone().unwrap();
    }
    assert_eq!(seen, (0..50).collect::<Vec<u8>>());
}

#[tokio::test]
async fn one_call_returns_ten_mebibytes_at_most_and_one_record_at_least() {
    let h = Harness::new(off()).await;
    h.stream("s", 1).await;
    let big = vec![7; 1024 * 1024 - 1];
    for _ in 0..12 {
        h.put("s", &[("k", &big)]).await.unwrap();
    }
    let held = h.get(&h.horizon_iterator("s", 0).await, None).await.unwrap();
    assert_eq!(held.reply.records.len(), 10);
    let rest = h.get(held.reply.next_shard_iterator.as_deref().unwrap(), None);
    drop(held.held);
    assert_eq!(rest.await.unwrap().reply.records.len(), 2);
}

#[tokio::test]
async fn a_shards_limit_admits_a_prefix_and_throttles_the_rest() {
    let h = Harness::new(Limits { shard_write_records_per_second: 3, ..Limits::default() }).await;
    h.stream("s", 1).await;
    let reply = h.put("s", &[("a", b"1"), ("b", b"2"), ("c", b"3"), ("d", b"4")]).await.unwrap();
    let throttled = |entry: &PutEntry| {
        matches!(
            entry,
            PutEntry::Failed { code: ErrorCode::ProvisionedThroughputExceededException, .. }
        )
    };
    assert_eq!(
        reply.entries.iter().map(throttled).collect::<Vec<_>>(),
        [false, false, false, true]
    );
    let PutEntry::Failed { message, .. } = &reply.entries[3] else { panic!() };
    assert_eq!(
        message,
        "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000."
    );
    h.clock.advance(Duration::from_secs(1));
    assert!(!throttled(&h.put("s", &[("d", b"4")]).await.unwrap().entries[0]));
}

#[tokio::test]
async fn the_sixth_read_of_a_shard_in_a_second_is_refused() {
    let h = Harness::new(Limits::default()).await;
    h.stream("s", 1).await;
    let iterator = h.horizon_iterator("s", 0).await;
    for _ in 0..5 {
        h.get(&iterator, None).await.unwrap();
    }
    let refused = h.get(&iterator, None).await.err().unwrap();
    assert_eq!(refused.code, ErrorCode::ProvisionedThroughputExceededException);
    h.clock.advance(Duration::from_millis(200));
    h.get(&iterator, None).await.unwrap();
}

#[tokio::test]
async fn an_iterator_expires_after_five_minutes() {
    let h = Harness::new(off()).await;
    h.stream("s", 1).await;
    let iterator = h.horizon_iterator("s", 0).await;
    h.clock.advance(Duration::from_secs(300));
    h.get(&iterator, None).await.unwrap();
    h.clock.advance(Duration::from_millis(1));
    let refused = h.get(&iterator, None).await.err().unwrap();
    assert_eq!(refused.code, ErrorCode::ExpiredIteratorException);
    assert_eq!(
        refused.message,
        "Iterator expired. The iterator was created at time Tue Nov 14 22:13:20 UTC 2023 while right now it is Tue Nov \
         14 22:18:20 UTC 2023 which is further in the future than the tolerated delay of 300000 milliseconds."
    );
}

#[tokio::test]
async fn expired_records_are_not_shown() {
    let h = Harness::new(off()).await;
    h.stream("s", 1).await;
    h.put("s", &[("k", b"old")]).await.unwrap();
    h.clock.advance(Duration::from_secs(24 * 3600 - 1));
    h.put("s", &[("k", b"new")]).await.unwrap();
    assert_eq!(
        h.get(&h.horizon_iterator("s", 0).await, None).await.unwrap().reply.records.len(),
        2
    );
    h.clock.advance(Duration::from_secs(2));
    let held = h.get(&h.horizon_iterator("s", 0).await, None).await.unwrap();
    assert_eq!(read(&held).into_iter().map(|(_, data)| data).collect::<Vec<_>>(), [b"new"]);
}

#[tokio::test]
async fn iterators_of_every_type_begin_where_they_say() {
    let h = Harness::new(off()).await;
    h.stream("s", 1).await;
    let first = sequence(&h.put("s", &[("k", b"1")]).await.unwrap().entries[0]);
    h.clock.advance(Duration::from_secs(10));
    let between = h.clock.now();
    h.clock.advance(Duration::from_secs(10));
    h.put("s", &[("k", b"2")]).await.unwrap();
    let mut found = Vec::new();
    for (kind, number, time) in [
        (ShardIteratorType::TrimHorizon, None, None),
        (ShardIteratorType::AtSequenceNumber, Some(&first), None),
        (ShardIteratorType::AfterSequenceNumber, Some(&first), None),
        (ShardIteratorType::AtTimestamp, None, Some(between)),
        (ShardIteratorType::Latest, None, None),
    ] {
        let mut input = at("s", 0, kind);
        input.starting_sequence_number = number.cloned();
        input.timestamp = time;
        let iterator = h.iterator(input).await.unwrap();
        found.push(h.get(&iterator, None).await.unwrap().reply.records.len());
    }
    assert_eq!(found, [2, 2, 1, 1, 0]);
}

#[tokio::test]
async fn numbers_of_another_shard_or_stream_are_refused_with_the_services_words() {
    let h = Harness::new(off()).await;
    let stream = h.stream("s", 2).await;
    let mut input = at("s", 0, ShardIteratorType::AtSequenceNumber);
    let of = |shard: u32, second: u64, position: u64| {
        let shard = millstream_types::ShardId(shard);
        millstream_types::SequenceNumber::of_record(second, shard, position, START).to_string()
    };
    let created = stream.created.seconds();
    for (number, text) in [
        (
            of(1, created, 0),
            "Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to \
                shardId-000000000000",
        ),
        (of(0, created - 1, 0), "because it did not come from this stream."),
        (of(0, created, 99), "because it did not come from this stream."),
        ("12".into(), "is invalid."),
    ] {
        input.starting_sequence_number = Some(number);
        let refused = h.iterator(input.clone()).await.err().unwrap();
        assert_eq!(refused.code, ErrorCode::InvalidArgumentException);
        assert!(refused.message.ends_with(text), "{refused}");
    }
    input.starting_sequence_number = None;
    let refused = h.iterator(input).await.err().unwrap();
    assert!(
        refused
            .message
            .ends_with("Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber.")
    );
}

#[tokio::test]
async fn a_put_that_races_a_seal_lands_on_the_child_and_the_parent_names_its_children() {
    let h = Harness::new(off()).await;
    let stream = h.stream("s", 1).await;
    h.put("s", &[("k", b"before")]).await.unwrap();
    let group = stream.group.0;
    let split = Reshard::Split { shard: 0, new_start: HashKey(1 << 127).0.to_be_bytes() };
    let now = h.clock.now().0;
    h.submit(Command::BeginReshard { group, reshard: split, at: now, shards_max: 100 }).await;
    h.log.grow(stream.group, 3).await.unwrap();
    let end = h.seal(&stream, 0).await;
    // The log is sealed, the catalog does not know it yet: the put waits for the children inside the call.
    let put = h.put("s", &[("k", b"after")]);
    let finish = h.submit(Command::FinishReshard { group, ends: vec![end], at: now });
    let (put, _) = tokio::join!(put, finish);
    let PutEntry::Put { shard, .. } = put.unwrap().entries[0].clone() else { panic!() };
    assert!(shard.0 == 1 || shard.0 == 2);
    let held = h.get(&h.horizon_iterator("s", 0).await, None).await.unwrap();
    assert_eq!((held.reply.records.len(), &held.reply.next_shard_iterator), (1, &None));
    let children = held.reply.child_shards.unwrap();
    assert_eq!(
        children.iter().map(|child| child.shard_id.as_str()).collect::<Vec<_>>(),
        ["shardId-000000000001", "shardId-000000000002"]
    );
    assert!(children.iter().all(|child| child.parent_shards == ["shardId-000000000000"]));
}

#[tokio::test]
async fn another_accounts_iterator_is_refused() {
    let mut h = Harness::new(off()).await;
    h.stream("s", 1).await;
    let iterator = h.horizon_iterator("s", 0).await;
    h.caller = caller(42, "us-east-1");
    assert_eq!(
        h.get(&iterator, None).await.err().unwrap().code,
        ErrorCode::InvalidArgumentException
    );
    h.caller = caller(0, "eu-west-1");
    assert_eq!(
        h.get(&iterator, None).await.err().unwrap().code,
        ErrorCode::InvalidArgumentException
    );
    let refused = h.put("s", &[("k", b"x")]).await.err().unwrap();
    assert_eq!(refused.code, ErrorCode::ResourceNotFoundException);
    assert!(
        refused.message.starts_with("Stream s under account 000000000000 not found."),
        "{refused}"
    );
    assert!(refused.message.contains("us-east-1"), "{refused}");
}

#[tokio::test]
async fn a_record_over_the_streams_limit_fails_the_whole_call() {
    let h = Harness::new(off()).await;
    h.stream("s", 1).await;
    let big = vec![0; 1024 * 1024];
    let refused = h.put("s", &[("k", b"fits"), ("k", &big)]).await.err().unwrap();
    assert_eq!(refused.code, ErrorCode::ValidationException);
    assert!(refused.message.contains("'records.2.member.data'"), "{refused}");
    assert!(h.get(&h.horizon_iterator("s", 0).await, None).await.unwrap().reply.records.is_empty());
}
