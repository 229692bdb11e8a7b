//! Channels: what is let in, and their way from CREATING to gone behind a delivery that the test holds.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use millstream_api::ops::*;
use millstream_api::shapes::{StreamMode, StreamModeDetails, StreamStatus};
use millstream_api::{Error, ErrorCode::*};
use millstream_catalog::{Channel, ChannelSettings};
use millstream_streams::{Delivery, DeliveryFailure, DeliveryStep, Limits};

use super::fixture::*;

/// Notes what it is told; fails where the test says so.
#[derive(Default)]
struct Noted {
    steps: Mutex<Vec<String>>,
    fails: Mutex<Option<DeliveryFailure>>,
}

impl Noted {
    fn step(&self, what: &str, channel: &Channel) -> DeliveryStep<'_> {
        let freshness = channel.settings.freshness_seconds;
        self.steps.lock().unwrap().push(format!("{what} {} {freshness}", channel.name));
        let failed = self.fails.lock().unwrap().clone();
        Box::pin(std::future::ready(failed.map_or(Ok(()), Err)))
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.steps.lock().unwrap())
    }

    fn fail(&self, failure: Option<DeliveryFailure>) {
        *self.fails.lock().unwrap() = failure;
    }
}

impl Delivery for Noted {
    fn accepts(&self, _: &ChannelSettings) -> Result<(), Error> {
        Ok(())
    }

    fn start(&self, channel: Arc<Channel>) -> DeliveryStep<'_> {
        self.step("start", &channel)
    }

    fn update(&self, channel: Arc<Channel>) -> DeliveryStep<'_> {
        self.step("update", &channel)
    }

    fn stop(&self, channel: Arc<Channel>) -> DeliveryStep<'_> {
        self.step("stop", &channel)
    }
}

fn arn(stream: &str) -> String {
    format!("arn:aws:kinesis:us-east-1:000000000000:stream/{stream}")
}

fn create_channel(name: &str, stream: &str) -> CreateChannelInput {
    CreateChannelInput {
        channel_name: name.into(),
        service_execution_role_arn: "arn:aws:iam::000000000000:role/deliver".into(),
        stream_configuration_list: vec![ChannelStreamConfiguration {
            stream_arn: arn(stream),
            record_configuration: RecordConfiguration {
                record_format_type: RecordFormatType::Json,
                gsr_schema_arn: None,
            },
        }],
        s3_destination_configuration: Some(S3DestinationConfiguration {
            data_freshness_in_seconds: None,
            dead_letter_queue_s3_configuration: None,
            storage_configuration: S3StorageConfiguration {
                bucket_arn: "arn:aws:s3:::bucket".into(),
                expected_bucket_owner: "000000000000".into(),
                output_key_template: None,
                storage_class: None,
                compression_type: S3CompressionType::Gzip,
            },
        }),
        s3_tables_destination_configuration: None,
        encryption_configuration: None,
        tags: None,
        logging_configuration: None,
    }
}

async fn on_demand(f: &Fixture, name: &str) {
    let mut input = create(name, 1);
    input.shard_count = None;
    input.stream_mode_details = Some(StreamModeDetails { stream_mode: StreamMode::OnDemand });
    f.streams.create_stream(&f.caller, input).await.unwrap();
    f.until(name, StreamStatus::Active).await;
}

async fn describe(f: &Fixture, arn: &str) -> Result<ChannelDescription, Error> {
    let input = DescribeChannelInput { channel_arn: arn.into() };
    Ok(f.streams.describe_channel(&f.caller, input).await?.channel_description)
}

async fn until(f: &Fixture, arn: &str, status: ChannelStatus) -> ChannelDescription {
    loop {
        let described = describe(f, arn).await.unwrap();
        if described.channel_status == status {
            return described;
        }
        tokio::task::yield_now().await;
    }
}

async fn make(f: &Fixture, name: &str, stream: &str) -> String {
    let input = create_channel(name, stream);
    let made = f.streams.create_channel(&f.caller, input).await.unwrap().channel_description;
    assert_eq!(made.channel_status, ChannelStatus::Creating);
    made.channel_arn
}

async fn update(f: &Fixture, arn: &str, seconds: i32) -> Result<ChannelDescription, Error> {
    let input = UpdateChannelInput {
        channel_arn: arn.into(),
        s3_destination_configuration: Some(DestinationUpdate {
            data_freshness_in_seconds: seconds,
        }),
        s3_tables_destination_configuration: None,
        logging_configuration: None,
    };
    Ok(f.streams.update_channel(&f.caller, input).await?.channel_description)
}

async fn delete_channel(f: &Fixture, arn: &str) -> Result<(), Error> {
    f.streams.delete_channel(&f.caller, DeleteChannelInput { channel_arn: arn.into() }).await
}

async fn list(
    f: &Fixture,
    stream: Option<&str>,
    max_results: Option<i32>,
    next_token: Option<String>,
) -> Result<(Vec<String>, Option<String>), Error> {
    let filter = |stream| StreamFilter { stream_arn: arn(stream), stream_creation_timestamp: None };
    let stream_filter = stream.map(|stream| vec![filter(stream)]);
    let input = ListChannelsInput { stream_filter, max_results, next_token };
    let page = f.streams.list_channels(&f.caller, input).await?;
    let names = page.channel_summaries.into_iter().map(|summary| summary.channel_name);
    Ok((names.collect(), page.next_token))
}

/// A change to a request that is good on a stream of on-demand mode.
type Change = fn(&mut CreateChannelInput);

/// What cannot be meant, and a part of what the refusal says.
fn not_meant() -> [(Change, &'static str); 14] {
    fn s3(input: &mut CreateChannelInput) -> &mut S3DestinationConfiguration {
        input.s3_destination_configuration.as_mut().unwrap()
    }
    fn record(input: &mut CreateChannelInput) -> &mut RecordConfiguration {
        &mut input.stream_configuration_list[0].record_configuration
    }
    fn schema() -> Option<String> {
        Some("arn:aws:glue:us-east-1:000000000000:schema/a/b".to_owned())
    }
    [
        (|_| {}, "ON_DEMAND"),
        (|i| i.s3_destination_configuration = None, "must be specified"),
        (
            |i| i.stream_configuration_list.push(i.stream_configuration_list[0].clone()),
            "one stream",
        ),
        (|i| s3(i).data_freshness_in_seconds = Some(299), "from 300 to 900"),
        (|i| s3(i).data_freshness_in_seconds = Some(901), "from 300 to 900"),
        (|i| record(i).record_format_type = RecordFormatType::GsrJson, "needs a GSRSchemaARN"),
        (
            |i| {
                record(i).record_format_type = RecordFormatType::GsrJson;
                record(i).gsr_schema_arn = schema();
            },
            "S3 Tables",
        ),
        (|i| record(i).gsr_schema_arn = schema(), "S3 Tables"),
        (
            |i| {
                i.encryption_configuration = Some(ChannelEncryptionConfiguration {
                    encryption_type: ChannelEncryptionType::Kms,
                    key_id: "alias/aws/kinesis".into(),
                });
            },
            "aws/kinesis",
        ),
        (
            |i| s3(i).storage_configuration.output_key_template = Some("!{nonsense}".into()),
            "no expression !{nonsense}",
        ),
        (
            |i| i.service_execution_role_arn = "arn:aws:iam::000000000001:role/r".into(),
            "another account",
        ),
        (|i| i.tags = Some([("aws:x".to_owned(), String::new())].into()), "reserved"),
        (
            |i| i.stream_configuration_list[0].stream_arn.push_str("/consumer/c:1"),
            "does not name a stream",
        ),
        (
            |i| i.stream_configuration_list[0].stream_arn = arn("s").replace("us-east-1", "x"),
            "does not name a stream",
        ),
    ]
}

#[tokio::test]
async fn a_channel_that_could_not_be_meant_is_refused() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    let refused = async |change: &dyn Fn(&mut CreateChannelInput)| {
        let mut input = create_channel("c", "s");
        change(&mut input);
        f.streams.create_channel(&f.caller, input).await.unwrap_err()
    };
    for (change, text) in not_meant() {
        let error = refused(&change).await;
        assert_eq!(error.code, InvalidArgumentException, "{error}");
        assert!(error.message.contains(text), "{error}: {text}");
    }
    let other = arn("s").replace("000000000000", "000000000001");
    let error = refused(&|i| i.stream_configuration_list[0].stream_arn = other.clone()).await;
    assert_eq!(error.code, AccessDeniedException);
    let error = refused(&|i| i.stream_configuration_list[0].stream_arn = arn("t")).await;
    assert_eq!(error.code, ResourceNotFoundException);
}

#[tokio::test]
async fn arns_of_no_channel_reach_nothing() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    for (bad, expected) in [
        (
            "arn:aws:kinesis:us-east-1:000000000000:channel/none".to_owned(),
            ResourceNotFoundException,
        ),
        ("arn:aws:kinesis:us-east-1:000000000001:channel/none".to_owned(), AccessDeniedException),
        (
            "arn:aws:kinesis:eu-west-1:000000000000:channel/none".to_owned(),
            InvalidArgumentException,
        ),
        (arn("s"), InvalidArgumentException),
    ] {
        assert_eq!(code(describe(&f, &bad).await), expected, "{bad}");
        assert_eq!(code(update(&f, &bad, 300).await), expected, "{bad}");
        assert_eq!(code(delete_channel(&f, &bad).await), expected, "{bad}");
    }
    assert_eq!(list(&f, None, None, None).await.unwrap(), (vec![], None));
    assert_eq!(code(list(&f, None, None, Some("x".into())).await), InvalidArgumentException);
}

#[tokio::test]
async fn without_a_delivery_everything_is_checked_and_then_refused() {
    let f = Fixture::new().await;
    on_demand(&f, "s").await;
    let error = f.streams.create_channel(&f.caller, create_channel("c", "s")).await.unwrap_err();
    assert_eq!(error.code, InvalidArgumentException);
    assert!(error.message.contains("not implemented"), "{error}");
    assert_eq!(list(&f, None, None, None).await.unwrap().0, [""; 0]);
}

#[tokio::test]
async fn a_channel_is_made_changed_and_deleted_with_its_delivery() {
    let delivery = Arc::new(Noted::default());
    let limits = Limits::default().without_rates();
    let f = Fixture::delivering(limits.clone(), delivery.clone()).await;
    on_demand(&f, "s").await;
    let channel = make(&f, "c", "s").await;
    let seen = until(&f, &channel, ChannelStatus::Active).await;
    assert_eq!(delivery.taken(), ["start c 300"]);
    let id = seen.channel_id;
    assert_eq!(channel, format!("arn:aws:kinesis:us-east-1:000000000000:channel/{id}"));
    let logs = seen.logging_configuration.cloud_watch_logs;
    assert_eq!((logs.enabled, logs.log_group_name), (false, Some(format!("/aws/kinesis/c/{id}"))));
    assert_eq!(logs.log_stream_name.as_deref(), Some("DestinationDelivery"));
    let s3 = seen.s3_destination_configuration.unwrap();
    assert_eq!(s3.data_freshness_in_seconds, 300);
    assert_eq!(s3.dead_letter_queue_s3_configuration.bucket_arn, "arn:aws:s3:::bucket");
    assert_eq!(code(f.delete("s").await), ResourceInUseException);
    assert_eq!(code(update(&f, &channel, 100).await), InvalidArgumentException);
    assert_eq!(update(&f, &channel, 900).await.unwrap().channel_status, ChannelStatus::Updating);
    until(&f, &channel, ChannelStatus::Active).await;
    assert_eq!(delivery.taken(), ["update c 900"]);
    // Delivery begins again with the node.
    let f = f.restart(limits).await;
    f.create("other", 1).await;
    assert_eq!(delivery.taken(), ["start c 900"]);
    let taken = f.streams.create_channel(&f.caller, create_channel("c", "s")).await;
    assert_eq!(code(taken), ResourceInUseException);
    let second = f.streams.create_channel(&f.caller, create_channel("d", "s")).await;
    assert_eq!(code(second), LimitExceededException);
    delete_channel(&f, &channel).await.unwrap();
    while describe(&f, &channel).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(delivery.taken(), ["stop c 900"]);
    f.delete("s").await.unwrap();
    f.until_gone("s").await;
}

#[tokio::test]
async fn a_channel_that_cannot_deliver_has_failed_and_says_why() {
    let delivery = Arc::new(Noted::default());
    let limits = Limits::default().without_rates();
    let f = Fixture::delivering(limits, delivery.clone()).await;
    on_demand(&f, "s").await;
    delivery.fail(Some(DeliveryFailure::Final("no such bucket".into())));
    let channel = make(&f, "c", "s").await;
    let seen = until(&f, &channel, ChannelStatus::Failed).await;
    assert_eq!(seen.channel_status_reason.as_deref(), Some("no such bucket"));
    assert_eq!(code(update(&f, &channel, 900).await), ResourceInUseException);
    f.delete("s").await.unwrap();
    f.until_gone("s").await;
    delivery.fail(None);
    delete_channel(&f, &channel).await.unwrap();
    while describe(&f, &channel).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn channels_are_listed_in_pages_whose_tokens_belong_to_their_filter() {
    let f =
        Fixture::delivering(Limits::default().without_rates(), Arc::new(Noted::default())).await;
    for number in 0..3 {
        on_demand(&f, &format!("s{number}")).await;
        make(&f, &format!("c{number}"), &format!("s{number}")).await;
    }
    let (names, token) = list(&f, None, Some(2), None).await.unwrap();
    assert_eq!(names, ["c0", "c1"]);
    let (rest, end) = list(&f, None, Some(2), token.clone()).await.unwrap();
    assert_eq!((rest, end), (vec!["c2".to_owned()], None));
    assert_eq!(list(&f, Some("s1"), None, None).await.unwrap().0, ["c1"]);
    assert_eq!(code(list(&f, Some("s1"), None, token.clone()).await), InvalidArgumentException);
    let other = caller(1, "us-east-1");
    let input =
        ListChannelsInput { stream_filter: None, max_results: None, next_token: token.clone() };
    assert_eq!(code(f.streams.list_channels(&other, input).await), InvalidArgumentException);
    let input = DescribeStreamSummaryInput {
        stream_name: Some("s1".into()),
        stream_arn: None,
        stream_id: None,
    };
    let summary = f.streams.describe_stream_summary(&f.caller, input).await.unwrap();
    assert_eq!(summary.stream_description_summary.channel_count, Some(1));
    f.clock.advance(Duration::from_secs(301));
    assert_eq!(code(list(&f, None, None, token).await), ExpiredNextTokenException);
}
