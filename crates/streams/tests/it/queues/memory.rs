//! Which queues are in memory, and what their gauges show.

use millstream_api::ErrorCode;
use millstream_api::ops::ReceiveQueueRecordsInput;
use millstream_counters::{Collect, Collector, Sample};
use millstream_streams::Limits;

use super::fixture::*;

/// The values of one gauge.
struct Gauges(&'static str, Vec<u64>);

impl Collector for Gauges {
    fn sample(
        &mut self,
        name: &'static str,
        _help: &'static str,
        _labels: &[(&'static str, &str)],
        value: Sample<'_>,
    ) {
        if let Sample::Gauge(value) = value
            && name == self.0
        {
            self.1.push(value);
        }
    }
}

impl Queues {
    fn gauge(&self, name: &'static str) -> Vec<u64> {
        let mut gauges = Gauges(name, Vec::new());
        self.streams.collect(&mut gauges);
        gauges.1
    }
}

#[tokio::test]
async fn the_least_recently_used_queue_makes_way_and_one_in_use_does_not() {
    let limits = Limits { open_queues_max: 2, ..Limits::default().without_rates() };
    let q = Queues::with(limits, 0).await;
    q.stream("s", 1).await;
    let mut queues = Vec::new();
    for name in ["a", "b", "c"] {
        queues.push(q.queue(from_start(name, "s")).await);
    }
    q.put("s", &["1"]).await;
    for _ in 0..2 {
        for arn in &queues {
            assert_eq!(q.receive(arn, 1).await.len(), 1);
            assert!(q.gauge("millstream_in_flight_queue_records").len() <= 2);
        }
        q.pass(31);
    }
    for arn in &queues {
        q.receive(arn, 1).await;
    }
    let wait =
        |arn: &str| ReceiveQueueRecordsInput { wait_time_seconds: Some(2), ..q.receiving(arn, 1) };
    let (a, b, c) = tokio::join!(
        q.received(wait(&queues[0])),
        q.received(wait(&queues[1])),
        q.received(wait(&queues[2])),
    );
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(c.unwrap_err().code, ErrorCode::ThrottlingException);
}

#[tokio::test]
async fn gauges_count_what_is_hidden_no_longer_as_visible() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let arn = q.queue(from_start("q", "s")).await;
    q.put("s", &["1", "2"]).await;
    assert_eq!(q.receive(&arn, 2).await.len(), 2);
    assert_eq!(q.gauge("millstream_in_flight_queue_records"), [2]);
    q.pass(31);
    assert_eq!(q.gauge("millstream_in_flight_queue_records"), [0]);
    assert_eq!(q.gauge("millstream_visible_queue_records"), [2]);
}

#[tokio::test]
async fn a_queue_with_a_backlog_shows_it_after_a_restart() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    q.queue(from_start("q", "s")).await;
    q.put("s", &["1", "2"]).await;
    let q = q.restart().await;
    while q.gauge("millstream_visible_queue_records") != [2] {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_reply_that_is_dropped_gives_its_records_back_uncounted() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let arn = q.queue(from_start("q", "s")).await;
    q.put("s", &["1"]).await;
    let held = q.streams.receive_queue_records(&q.caller, q.receiving(&arn, 1)).await.unwrap();
    assert_eq!(held.len(), 1);
    drop(held);
    let got = q.receive(&arn, 1).await;
    assert_eq!((got.len(), got[0].receives), (1, 1));
}
