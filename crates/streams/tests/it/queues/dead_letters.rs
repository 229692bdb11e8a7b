//! Dead letters.

use millstream_api::ops::*;

use super::fixture::*;

async fn with_dead_letter(receives: i32) -> (Queues, String) {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let dead_letters = DeadLetterConfiguration {
        target_type: TargetType::BuiltIn,
        max_receive_count: Some(receives),
    };
    let attributes = QueueAttributes {
        visibility_timeout_seconds: Some(10),
        dead_letter_configuration: Some(dead_letters),
    };
    let input = CreateQueueInput { queue_attributes: Some(attributes), ..from_start("q", "s") };
    let arn = q.queue(input).await;
    q.put("s", &["poison"]).await;
    for count in 1..=receives {
        assert_eq!(q.receive(&arn, 10).await[0].receives, count);
        q.pass(10);
    }
    (q, arn)
}

#[tokio::test]
async fn a_record_received_too_often_is_a_dead_letter_with_its_data() {
    let (q, arn) = with_dead_letter(2).await;
    let dead = q.receive_dead(&arn).await.remove(0);
    assert_eq!(dead.data, "poison");
    tokio::time::pause();
    assert_eq!(q.receive(&arn, 10).await, []);
    assert_eq!(q.receive_dead(&arn).await, []);
    assert_eq!(q.acknowledge(&arn, &[&dead.handle]).await, ["ResourceNotFoundException"]);
    let input = AcknowledgeDeadLetterQueueRecordsInput {
        queue_arn: arn.clone(),
        entries: entries(&[&dead.handle]),
    };
    let outcome = q.streams.acknowledge_dead_letter_queue_records(&q.caller, input).await.unwrap();
    assert_eq!((outcome.successful.len(), outcome.failed.len()), (1, 0));
    q.pass(100);
    assert_eq!(q.receive_dead(&arn).await, []);
}

#[tokio::test]
async fn a_restored_record_may_be_received_as_often_as_a_new_one() {
    let (q, arn) = with_dead_letter(2).await;
    let dead = q.receive_dead(&arn).await.remove(0);
    let input = RestoreDeadLetterQueueRecordsInput {
        queue_arn: arn.clone(),
        entries: entries(&[&dead.handle]),
    };
    let outcome = q.streams.restore_dead_letter_queue_records(&q.caller, input).await.unwrap();
    assert_eq!(outcome.successful.len(), 1);
    for count in 1..=2 {
        let got = q.receive(&arn, 10).await.remove(0);
        assert_eq!((got.receives, &got.id), (count, &dead.id));
        q.pass(10);
    }
    assert_eq!(q.receive_dead(&arn).await[0].id, dead.id);
}

#[tokio::test]
async fn a_dead_letter_is_hidden_for_as_long_as_is_asked() {
    let (q, arn) = with_dead_letter(1).await;
    let dead = q.receive_dead(&arn).await.remove(0);
    let entry =
        VisibilityEntry { receipt_handle: dead.handle.clone(), visibility_timeout_seconds: 0 };
    let input = UpdateDeadLetterQueueRecordsVisibilityInput {
        queue_arn: arn.clone(),
        entries: vec![entry],
    };
    let changed = q.streams.update_dead_letter_queue_records_visibility(&q.caller, input).await;
    assert_eq!(changed.unwrap().failed.len(), 0);
    let again = q.receive_dead(&arn).await.remove(0);
    assert_eq!((&again.id, again.handle == dead.handle), (&dead.id, false));
}

#[tokio::test]
async fn without_dead_letters_a_record_comes_again_and_again() {
    let (q, arn) = with_dead_letter(1).await;
    let none = DeadLetterConfiguration { target_type: TargetType::None, max_receive_count: None };
    let attributes = QueueAttributes {
        visibility_timeout_seconds: Some(0),
        dead_letter_configuration: Some(none),
    };
    let input = UpdateQueueInput { queue_arn: arn.clone(), queue_attributes: attributes };
    q.streams.update_queue(&q.caller, input).await.unwrap();
    q.until(&arn, QueueStatus::Active).await;
    // It was received once under the old rule, and no command has looked at it since its time was over.
    for count in 2..20 {
        assert_eq!(q.receive(&arn, 1).await[0].receives, count);
    }
}
