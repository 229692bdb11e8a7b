//! From CREATING to gone.

use millstream_api::ErrorCode;
use millstream_api::firehose::*;
use millstream_catalog::{Command, Outcome};
use millstream_firehose::Limits;
use millstream_firehose::pipelines::PipelineFailure;
use millstream_firehose::settings::Source;

use super::fixture::*;

#[tokio::test]
async fn a_delivery_stream_is_active_once_its_pipeline_has_started() {
    let mut fixture = Fixture::with(Limits::default().without_rates()).await;
    let arn = fixture.create(&into_bucket("a", "")).await.unwrap();
    assert_eq!(arn, "arn:aws:firehose:us-east-1:000000000000:deliverystream/a");
    let shown = fixture.describe("a").await.unwrap();
    assert_eq!(shown.delivery_stream_status, DeliveryStreamStatus::Creating);
    assert_eq!((&*shown.version_id, shown.create_timestamp), ("1", Some(START)));
    assert!(shown.source.is_none() && shown.last_update_timestamp.is_none());
    let (code, text) = error(fixture.delete("a").await);
    assert_eq!(code, ErrorCode::ResourceInUseException, "{text}");
    fixture.start();
    fixture.until("a", DeliveryStreamStatus::Active).await;
    assert_eq!(fixture.told.calls(), ["start a"]);
    let (code, text) = error(fixture.create(&into_bucket("a", "")).await);
    assert_eq!(code, ErrorCode::ResourceInUseException);
    assert_eq!(text, "Firehose a under accountId 000000000000 already exists");
}

#[tokio::test]
async fn deletion_stops_the_pipeline_and_frees_the_name() {
    let fixture = Fixture::new().await;
    fixture.active(&into_bucket("a", "")).await;
    let before = fixture.stored("a").unwrap();
    fixture.delete("a").await.unwrap();
    fixture.until_gone("a").await;
    assert_eq!(fixture.told.calls(), ["start a", "stop a"]);
    assert!(!fixture.has_group(before.data_group).await);
    let (code, text) = error(fixture.describe("a").await);
    assert_eq!(code, ErrorCode::ResourceNotFoundException);
    assert_eq!(text, "Firehose a under account 000000000000 not found.");
    fixture.active(&into_bucket("a", "")).await;
    assert!(fixture.stored("a").unwrap().data_group > before.state_group);
}

#[tokio::test]
async fn a_pipeline_that_can_never_start_makes_it_creating_failed() {
    let fixture = Fixture::new().await;
    let why = PipelineFailure::Final("no room".into());
    fixture.told.failures.lock().unwrap().push(why);
    fixture.create(&into_bucket("a", "")).await.unwrap();
    fixture.until("a", DeliveryStreamStatus::CreatingFailed).await;
    let shown = fixture.describe("a").await.unwrap().failure_description.unwrap();
    assert_eq!((shown.kind, &*shown.details), (DeliveryStreamFailureType::UnknownError, "no room"));
    let (code, _) = error(fixture.update("a", "1", r#""ExtendedS3DestinationUpdate": {}"#).await);
    assert_eq!(code, ErrorCode::ResourceInUseException);
    fixture.delete("a").await.unwrap();
    fixture.until_gone("a").await;
}

#[tokio::test(start_paused = true)]
async fn what_may_work_later_is_tried_again() {
    let fixture = Fixture::new().await;
    let why = || PipelineFailure::Retry("not yet".into());
    fixture.told.failures.lock().unwrap().extend([why(), why()]);
    fixture.create(&into_bucket("a", "")).await.unwrap();
    fixture.until("a", DeliveryStreamStatus::Active).await;
    assert_eq!(fixture.told.calls(), ["start a", "start a", "start a"]);
}

#[tokio::test]
async fn after_a_restart_pipelines_start_again_with_the_same_settings() {
    let fixture = Fixture::new().await;
    fixture.active(&into_bucket("a", r#", "Prefix": "p/""#)).await;
    let before = fixture.told.last();
    let fixture = fixture.restart().await;
    fixture.until_told("start a").await;
    assert_eq!(fixture.told.last(), before);
    fixture.update("a", "1", r#""ExtendedS3DestinationUpdate": {"Prefix": "q/"}"#).await.unwrap();
    fixture.until_told("update a").await;
    assert_eq!(fixture.told.last().version, 2);
    assert_eq!(fixture.told.calls(), ["start a", "update a"]);
}

#[tokio::test]
async fn statuses_last_as_long_as_they_are_told_to() {
    let limits = Limits { firehose_transition_delay_ms: 5000, ..Limits::default().without_rates() };
    let mut fixture = Fixture::with(limits).await;
    fixture.start();
    fixture.create(&into_bucket("a", "")).await.unwrap();
    fixture.clock.advance(std::time::Duration::from_millis(4999));
    assert_eq!(
        fixture.describe("a").await.unwrap().delivery_stream_status,
        DeliveryStreamStatus::Creating
    );
    fixture.clock.advance(std::time::Duration::from_millis(1));
    fixture.until("a", DeliveryStreamStatus::Active).await;
}

#[tokio::test]
async fn a_stream_may_be_the_source_from_now_on() {
    let fixture = Fixture::new().await;
    let create = Command::CreateStream {
        account: 0,
        region: "us-east-1".into(),
        name: "s".into(),
        shard_count: 1,
        max_record_size_kib: 1024,
        tags: Default::default(),
        at: 1,
        shards_max: 9,
        streams_max: 9,
        creating_max: 9,
        retention_hours: None,
    };
    let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    let json = |kind: &str| {
        let bucket = bucket("");
        format!(
            r#"{{"DeliveryStreamName": "a", "DeliveryStreamType": "{kind}",
                "KinesisStreamSourceConfiguration": {{"KinesisStreamARN": "{arn}", "RoleARN": "{ROLE}"}},
                "ExtendedS3DestinationConfiguration": {bucket}}}"#
        )
    };
    let (code, text) = error(fixture.create(&json("KinesisStreamAsSource")).await);
    assert_eq!(code, ErrorCode::InvalidArgumentException, "{text}");
    let made = fixture.catalog.submit(&create).await.unwrap();
    let Outcome::Stream(stream) = made else { panic!("{made:?}") };
    let activate = Command::Activate { group: stream.group.0, at: 2 };
    fixture.catalog.submit(&activate).await.unwrap();
    let (_, text) = error(fixture.create(&json("DirectPut")).await);
    assert!(text.starts_with("KinesisSourceStreamConfig is only applicable"), "{text}");
    fixture.active(&json("KinesisStreamAsSource")).await;
    assert_eq!(fixture.told.last().source, Source::KinesisStream(arn.parse().unwrap()));
    let shown = fixture.describe("a").await.unwrap();
    assert_eq!(shown.delivery_stream_type, DeliveryStreamType::KinesisStreamAsSource);
    let source = shown.source.unwrap().kinesis_stream_source_description.unwrap();
    assert_eq!(source.kinesis_stream_arn.as_deref(), Some(arn));
    assert_eq!(source.delivery_start_timestamp, Some(START));
}

#[tokio::test]
async fn a_reset_deletes_everything_everywhere() {
    let fixture = Fixture::new().await;
    fixture.active(&into_bucket("a", "")).await;
    let elsewhere = caller(7, "eu-west-1");
    let json = into_bucket("b", "");
    fixture.firehose.create_delivery_stream(&elsewhere, request(&json)).await.unwrap();
    assert_eq!(fixture.firehose.reset().await.unwrap(), 2);
    assert_eq!(fixture.catalog.read(|state| state.delivery_streams().all().count()), 0);
}

#[tokio::test]
async fn calls_and_delivery_streams_have_quotas() {
    let limits = Limits { firehose_delivery_streams_max: 1, ..Limits::default() };
    let fixture = Fixture::with(limits).await;
    fixture.create(&into_bucket("a", "")).await.unwrap();
    let (code, text) = error(fixture.create(&into_bucket("b", "")).await);
    assert_eq!(code, ErrorCode::LimitExceededException);
    assert_eq!(text, "You have already consumed your firehose quota of 1 hoses.");
    for _ in 0..5 {
        fixture.describe("a").await.unwrap();
    }
    let (code, _) = error(fixture.describe("a").await);
    assert_eq!(code, ErrorCode::ThrottlingException);
}
