//! CreateQueue, DescribeQueue, ListQueues, UpdateQueue, DeleteQueue.

use millstream_api::ErrorCode::{self, *};
use millstream_api::ops::*;
use millstream_streams::Limits;
use millstream_types::Millis;

use super::fixture::*;
use crate::harness::START;

async fn refused(q: &Queues, input: CreateQueueInput) -> ErrorCode {
    q.streams.create_queue(&q.caller, input).await.unwrap_err().code
}

#[tokio::test]
async fn a_queue_shows_its_defaults_and_the_time_from_which_it_delivers() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let made =
        q.streams.create_queue(&q.caller, create("q", "s", QueueStartingPositionType::Latest));
    let made = made.await.unwrap().queue_description;
    assert_eq!(made.queue_status, QueueStatus::Creating);
    let start = made.stream_configuration_list[0].starting_position.clone().unwrap();
    assert_eq!((start.kind, start.timestamp), (QueueStartingPositionType::Latest, None));
    q.until(&made.queue_arn, QueueStatus::Active).await;
    let shown = q.describe(&made.queue_arn).await.unwrap();
    let start = shown.stream_configuration_list[0].starting_position.clone().unwrap();
    assert_eq!(start.timestamp, Some(START));
    let attributes = shown.queue_attributes.unwrap();
    assert_eq!(attributes.visibility_timeout_seconds, Some(30));
    let dead_letters = attributes.dead_letter_configuration.unwrap();
    assert_eq!(
        (dead_letters.target_type, dead_letters.max_receive_count),
        (TargetType::BuiltIn, Some(6))
    );
}

#[tokio::test]
async fn what_cannot_be_a_queue_is_refused() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    q.queue(from_start("taken", "s")).await;
    assert_eq!(refused(&q, from_start("taken", "s")).await, ResourceInUseException);
    assert_eq!(refused(&q, from_start("q", "none")).await, ResourceNotFoundException);
    let at_timestamp = QueueStartingPositionType::AtTimestamp;
    assert_eq!(refused(&q, create("q", "s", at_timestamp)).await, ValidationException);
    let mut timed = from_start("q", "s");
    timed.stream_configuration_list[0].starting_position.as_mut().unwrap().timestamp =
        Some(Millis(5));
    assert_eq!(refused(&q, timed).await, ValidationException);
    let mut two = from_start("q", "s");
    two.stream_configuration_list.push(two.stream_configuration_list[0].clone());
    assert_eq!(refused(&q, two).await, ValidationException);
    let nowhere =
        DeadLetterConfiguration { target_type: TargetType::BuiltIn, max_receive_count: None };
    let attributes = QueueAttributes {
        visibility_timeout_seconds: None,
        dead_letter_configuration: Some(nowhere),
    };
    let input = CreateQueueInput { queue_attributes: Some(attributes), ..from_start("q", "s") };
    assert_eq!(refused(&q, input).await, ValidationException);
}

#[tokio::test]
async fn a_stream_of_provisioned_mode_has_no_queues() {
    let q = Queues::new().await;
    let input = CreateStreamInput {
        stream_name: "p".into(),
        shard_count: Some(1),
        stream_mode_details: None,
        tags: None,
        warm_throughput_mibps: None,
        max_record_size_in_kib: None,
        record_distribution_strategy: None,
    };
    q.streams.create_stream(&q.caller, input).await.unwrap();
    q.active("p").await;
    assert_eq!(refused(&q, from_start("q", "p")).await, InvalidArgumentException);
}

#[tokio::test]
async fn queues_count_against_the_streams_quota_of_readers() {
    let limits = Limits { stream_readers_max: 2, ..Limits::default().without_rates() };
    let q = Queues::with(limits, 0).await;
    q.stream("s", 1).await;
    q.queue(from_start("a", "s")).await;
    q.queue(from_start("b", "s")).await;
    assert_eq!(refused(&q, from_start("c", "s")).await, LimitExceededException);
}

#[tokio::test]
async fn a_stream_with_queues_is_not_deleted_and_a_deleted_queue_leaves_nothing() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let before = q.groups().await;
    let arn = q.queue(from_start("q", "s")).await;
    assert_eq!(q.groups().await, before + 1);
    let delete = || DeleteStreamInput {
        stream_name: Some("s".into()),
        enforce_consumer_deletion: Some(true),
        stream_arn: None,
        stream_id: None,
    };
    let kept = q.streams.delete_stream(&q.caller, delete()).await.unwrap_err();
    assert_eq!(kept.code, ResourceInUseException);
    let input = DeleteQueueInput { queue_arn: arn.clone() };
    q.streams.delete_queue(&q.caller, input).await.unwrap();
    while q.describe(&arn).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(q.describe(&arn).await.unwrap_err().code, ResourceNotFoundException);
    assert_eq!(q.groups().await, before);
    let gone = q.received(q.receiving(&arn, 1)).await.unwrap_err();
    assert_eq!(gone.code, ResourceNotFoundException);
    q.streams.delete_stream(&q.caller, delete()).await.unwrap();
}

#[tokio::test]
async fn a_receive_that_waits_hears_that_its_queue_is_deleted() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let arn = q.queue(from_start("q", "s")).await;
    let input = ReceiveQueueRecordsInput { wait_time_seconds: Some(20), ..q.receiving(&arn, 1) };
    let (got, ()) = tokio::join!(q.received(input), async {
        tokio::task::yield_now().await;
        let input = DeleteQueueInput { queue_arn: arn.clone() };
        q.streams.delete_queue(&q.caller, input).await.unwrap();
    });
    assert_eq!(got.unwrap_err().code, ResourceNotFoundException);
}

#[tokio::test]
async fn lists_are_by_name_in_pages_and_by_stream() {
    let q = Queues::new().await;
    for stream in ["s", "t"] {
        q.stream(stream, 1).await;
    }
    for (name, stream) in [("c", "s"), ("a", "s"), ("b", "t")] {
        q.queue(from_start(name, stream)).await;
    }
    let list = async |max, token, filter: Option<&str>| {
        let filter = filter.map(|stream| {
            let stream_arn = format!("arn:aws:kinesis:us-east-1:000000000000:stream/{stream}");
            vec![QueueStreamFilter { stream_arn, stream_creation_timestamp: None }]
        });
        let input = ListQueuesInput { max_results: max, next_token: token, stream_filter: filter };
        let page = q.streams.list_queues(&q.caller, input).await.unwrap();
        let names = page.queue_summaries.iter().map(|queue| queue.queue_name.clone());
        (names.collect::<Vec<_>>(), page.next_token)
    };
    let (first, token) = list(Some(2), None, None).await;
    assert_eq!(first, ["a", "b"]);
    assert!(token.is_some());
    assert_eq!(list(Some(2), token, None).await, (vec!["c".to_owned()], None));
    assert_eq!(list(None, None, Some("s")).await, (vec!["a".to_owned(), "c".to_owned()], None));
}
