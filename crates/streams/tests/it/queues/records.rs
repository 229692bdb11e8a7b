//! Receive, acknowledge, visibility.

use std::collections::BTreeSet;
use std::time::Duration;

use millstream_api::ErrorCode;
use millstream_api::ops::*;
use millstream_streams::Limits;
use millstream_types::Clock;

use super::fixture::*;

#[tokio::test]
async fn a_record_is_hidden_once_received_and_comes_again_with_a_new_handle() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let arn = q.queue(from_start("q", "s")).await;
    q.put("s", &["a", "b"]).await;
    let first = q.receive(&arn, 10).await;
    assert_eq!(data(&first), ["a", "b"]);
    q.pass(29);
    tokio::time::pause();
    assert_eq!(q.receive(&arn, 10).await, []);
    q.pass(1);
    let again = q.receive(&arn, 10).await;
    assert_eq!(data(&again), ["a", "b"]);
    for (one, two) in first.iter().zip(&again) {
        assert_eq!((&one.id, one.first, one.receives), (&two.id, two.first, two.receives - 1));
        assert_ne!(one.handle, two.handle);
    }
}

#[tokio::test]
async fn what_is_acknowledged_never_comes_again_and_other_queues_still_have_it() {
    let q = Queues::new().await;
    q.stream("s", 2).await;
    let arn = q.queue(from_start("q", "s")).await;
    let other = q.queue(from_start("other", "s")).await;
    let values: Vec<String> = (0..30).map(|n| format!("v{n:02}")).collect();
    q.put("s", &values.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut seen = BTreeSet::new();
    while seen.len() < 30 {
        let records = q.receive(&arn, 10).await;
        let handles: Vec<_> = records.iter().map(|record| record.handle.as_str()).collect();
        assert_eq!(q.acknowledge(&arn, &handles).await, [] as [String; 0]);
        for record in &records {
            assert!(seen.insert((record.data.clone(), record.id.clone())));
        }
    }
    q.pass(3600);
    tokio::time::pause();
    assert_eq!(q.receive(&arn, 10).await, []);
    let of_other = q.receive(&other, 10).await;
    assert!(of_other.iter().all(|r| seen.contains(&(r.data.clone(), r.id.clone()))));
    assert_eq!(of_other.len(), 10);
}

#[tokio::test]
async fn handles_are_refused_each_for_its_own_reason() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let arn = q.queue(from_start("q", "s")).await;
    let other = q.queue(from_start("other", "s")).await;
    q.put("s", &["a"]).await;
    let old = q.receive(&arn, 1).await.remove(0);
    q.pass(30);
    let new = q.receive(&arn, 1).await.remove(0);
    let invalid = ["InvalidArgumentException"];
    assert_eq!(q.acknowledge(&arn, &[&old.handle]).await, invalid);
    assert_eq!(q.acknowledge(&arn, &["nonsense"]).await, invalid);
    assert_eq!(q.acknowledge(&other, &[&new.handle]).await, invalid);
    assert_eq!(q.acknowledge(&arn, &[&new.handle, "x"]).await, invalid);
    // A client that did not hear the answer asks again.
    assert_eq!(q.acknowledge(&arn, &[&new.handle]).await, [] as [String; 0]);
    assert_eq!(q.hide(&arn, &new.handle, 5).await, ["ResourceNotFoundException"]);
}

#[tokio::test]
async fn visibility_is_counted_from_the_change_and_zero_shows_a_record_at_once() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let arn = q.queue(from_start("q", "s")).await;
    q.put("s", &["a"]).await;
    let got = q.receive(&arn, 1).await.remove(0);
    q.pass(20);
    assert_eq!(q.hide(&arn, &got.handle, 30).await, [] as [String; 0]);
    q.pass(29);
    tokio::time::pause();
    assert_eq!(q.receive(&arn, 1).await, []);
    assert_eq!(q.hide(&arn, &got.handle, 0).await, [] as [String; 0]);
    let again = q.receive(&arn, 1).await.remove(0);
    assert_eq!(again.receives, 2);
    q.pass(30);
    assert_eq!(q.hide(&arn, &again.handle, 5).await, ["InvalidArgumentException"]);
}

#[tokio::test]
async fn a_receive_that_waits_is_woken_by_a_put_and_by_a_record_that_becomes_visible() {
    let q = Queues::new().await;
    q.stream("s", 2).await;
    let arn = q.queue(create("q", "s", QueueStartingPositionType::Latest)).await;
    let input = ReceiveQueueRecordsInput { wait_time_seconds: Some(20), ..q.receiving(&arn, 1) };
    let (got, ()) = tokio::join!(q.received(input.clone()), async {
        tokio::task::yield_now().await;
        q.put("s", &["late"]).await;
    });
    let got = got.unwrap().remove(0);
    let (again, ()) = tokio::join!(q.received(input), async {
        tokio::task::yield_now().await;
        assert_eq!(q.hide(&arn, &got.handle, 0).await, [] as [String; 0]);
    });
    assert_eq!(again.unwrap()[0].id, got.id);
}

#[tokio::test]
async fn waits_end_with_the_service_clock_and_when_the_server_stops() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let arn = q.queue(from_start("q", "s")).await;
    let input = ReceiveQueueRecordsInput { wait_time_seconds: Some(20), ..q.receiving(&arn, 1) };
    let began = q.clock.now();
    let (got, ()) = tokio::join!(q.received(input.clone()), async {
        q.pass(20);
    });
    assert_eq!(got.unwrap(), []);
    let (got, ()) = tokio::join!(q.received(input), async {
        tokio::task::yield_now().await;
        q.streams.end_waits();
    });
    assert_eq!(got.unwrap(), []);
    assert_eq!(q.clock.now().since(began), Duration::from_secs(20));
}

#[tokio::test]
async fn an_unacknowledged_record_survives_a_crash_hidden_and_an_acknowledged_one_is_gone() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let arn = q.queue(from_start("q", "s")).await;
    q.put("s", &["done", "lost"]).await;
    let got = q.receive(&arn, 10).await;
    let done = got.iter().find(|record| record.data == "done").unwrap();
    let lost = got.iter().find(|record| record.data == "lost").unwrap().clone();
    q.acknowledge(&arn, &[&done.handle]).await;
    let after = q.crash().await;
    tokio::time::pause();
    assert_eq!(after.receive(&arn, 10).await, []);
    after.pass(30);
    let again = after.receive(&arn, 10).await;
    assert_eq!(data(&again), ["lost"]);
    assert_eq!((again[0].receives, again[0].first), (2, lost.first));
    let after = after.restart().await;
    assert_eq!(after.acknowledge(&arn, &[&again[0].handle]).await, [] as [String; 0]);
}

#[tokio::test]
async fn what_is_beyond_the_retention_vanishes() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let arn = q.queue(from_start("q", "s")).await;
    q.put("s", &["old", "older"]).await;
    let old = q.receive(&arn, 1).await.remove(0);
    q.pass(24 * 3600 + 1);
    q.put("s", &["new"]).await;
    assert_eq!(data(&q.receive(&arn, 10).await), ["new"]);
    assert_eq!(q.hide(&arn, &old.handle, 5).await.len(), 1);
}

#[tokio::test]
async fn an_engine_that_leaves_gaps_loses_nothing() {
    let q = Queues::with(Limits::default().without_rates(), 3).await;
    q.stream("s", 1).await;
    let arn = q.queue(from_start("q", "s")).await;
    for value in ["a", "b", "c"] {
        q.put("s", &[value]).await;
    }
    let mut all = Vec::new();
    while all.len() < 3 {
        all.extend(q.receive(&arn, 10).await);
    }
    assert_eq!(data(&all), ["a", "b", "c"]);
}

#[tokio::test]
async fn more_in_flight_than_allowed_is_throttled() {
    let limits = Limits { queue_in_flight_max: 3, ..Limits::default().without_rates() };
    let q = Queues::with(limits, 0).await;
    q.stream("s", 1).await;
    let arn = q.queue(from_start("q", "s")).await;
    q.put("s", &["a", "b", "c", "d"]).await;
    assert_eq!(q.receive(&arn, 10).await.len(), 3);
    let refused = q.received(q.receiving(&arn, 10)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ThrottlingException);
    q.pass(30);
    assert_eq!(q.receive(&arn, 10).await.len(), 3);
}

#[tokio::test]
async fn what_there_is_no_memory_for_goes_back_and_does_not_count() {
    let limits = Limits { reply_bytes_max: 3 * 1024 * 1024, ..Limits::default().without_rates() };
    let q = Queues::with(limits, 0).await;
    q.stream("s", 1).await;
    let arn = q.queue(from_start("q", "s")).await;
    for _ in 0..5 {
        let data = vec![b'x'; 1024 * 1024 - 1];
        let input = PutRecordInput {
            data: millstream_api::Blob::Raw(data.into()),
            partition_key: Some("k".to_owned().into()),
            ..put_record("s")
        };
        q.streams.put_record(&q.caller, input).await.unwrap();
    }
    let (mut calls, mut counts) = (0, Vec::new());
    while counts.len() < 5 {
        let input = q.receiving(&arn, 10);
        let held = q.streams.receive_queue_records(&q.caller, input).await.unwrap();
        counts.extend(held.output().queue_records.iter().map(|record| record.receive_count));
        held.delivery.delivered();
        calls += 1;
    }
    assert_eq!((counts, calls), (vec![1; 5], 3));
}

fn put_record(stream: &str) -> PutRecordInput<'static> {
    PutRecordInput {
        stream_name: Some(stream.to_owned().into()),
        data: millstream_api::Blob::Raw(Vec::new().into()),
        partition_key: None,
        explicit_hash_key: None,
        sequence_number_for_ordering: None,
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    }
}
