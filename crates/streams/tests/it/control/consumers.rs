//! Consumers: their life, their limits, how they are named, and their stream's end.

use std::time::Duration;

use millstream_api::ErrorCode::*;
use millstream_api::ops::*;
use millstream_streams::Limits;

use super::fixture::*;

impl Fixture {
    pub async fn register(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<Consumer, millstream_api::Error> {
        let input = RegisterStreamConsumerInput {
            stream_arn: self.arn(stream),
            consumer_name: name.into(),
            stream_id: None,
            tags: None,
        };
        Ok(self.streams.register_stream_consumer(&self.caller, input).await?.consumer)
    }

    /// A consumer that can subscribe; its ARN.
    pub async fn consumer(&self, stream: &str, name: &str) -> String {
        let arn = self.register(stream, name).await.unwrap().consumer_arn;
        while self.describe_consumer(by_arn(&arn)).await.unwrap().consumer_status
            != ConsumerStatus::Active
        {
            tokio::task::yield_now().await;
        }
        arn
    }

    pub fn arn(&self, stream: &str) -> String {
        format!("arn:aws:kinesis:us-east-1:000000000000:stream/{stream}")
    }

    pub async fn describe_consumer(
        &self,
        input: DescribeStreamConsumerInput,
    ) -> Result<ConsumerDescription, millstream_api::Error> {
        let output = self.streams.describe_stream_consumer(&self.caller, input).await?;
        Ok(output.consumer_description)
    }

    pub async fn deregister(&self, arn: &str) -> Result<(), millstream_api::Error> {
        let input = DeregisterStreamConsumerInput {
            stream_arn: None,
            consumer_name: None,
            consumer_arn: Some(arn.into()),
            stream_id: None,
        };
        self.streams.deregister_stream_consumer(&self.caller, input).await
    }

    async fn list(
        &self,
        stream: &str,
        token: Option<String>,
        max: i32,
    ) -> Result<ListStreamConsumersOutput, millstream_api::Error> {
        let input = ListStreamConsumersInput {
            stream_arn: self.arn(stream),
            next_token: token,
            max_results: Some(max),
            stream_creation_timestamp: None,
            stream_id: None,
        };
        self.streams.list_stream_consumers(&self.caller, input).await
    }

    async fn consumer_count(&self, stream: &str) -> Option<i32> {
        let input = DescribeStreamSummaryInput {
            stream_name: Some(stream.into()),
            stream_arn: None,
            stream_id: None,
        };
        let output = self.streams.describe_stream_summary(&self.caller, input).await.unwrap();
        output.stream_description_summary.consumer_count
    }

    async fn until_consumers(&self, stream: &str, count: usize) {
        while self.list(stream, None, 100).await.unwrap().consumers.unwrap().len() != count {
            tokio::task::yield_now().await;
        }
    }
}

pub fn by_arn(arn: &str) -> DescribeStreamConsumerInput {
    DescribeStreamConsumerInput {
        stream_arn: None,
        consumer_name: None,
        consumer_arn: Some(arn.into()),
        stream_id: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_is_creating_then_active_then_gone() {
    let mut limits = Limits::default().without_rates();
    limits.transition_delay_ms = 1000;
    let fixture = Fixture::with(limits).await;
    fixture.streams.create_stream(&fixture.caller, create("a", 1)).await.unwrap();
    fixture.clock.advance(Duration::from_secs(1));
    fixture.until("a", millstream_api::shapes::StreamStatus::Active).await;
    let made = fixture.register("a", "c").await.unwrap();
    assert_eq!(made.consumer_status, ConsumerStatus::Creating);
    let second = START.seconds() + 1;
    assert_eq!(made.consumer_arn, format!("{}/consumer/c:{second}", fixture.arn("a")));
    assert_eq!(made.consumer_creation_timestamp.0, second * 1000);
    assert_eq!(fixture.consumer_count("a").await, Some(1));

    fixture.clock.advance(Duration::from_secs(1));
    let status = async || fixture.describe_consumer(by_arn(&made.consumer_arn)).await;
    while status().await.unwrap().consumer_status != ConsumerStatus::Active {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    fixture.deregister(&made.consumer_arn).await.unwrap();
    assert_eq!(status().await.unwrap().consumer_status, ConsumerStatus::Deleting);
    fixture.clock.advance(Duration::from_secs(1));
    while let Ok(left) = status().await {
        assert_eq!(left.consumer_status, ConsumerStatus::Deleting);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(code(status().await), ResourceNotFoundException);
}

#[tokio::test]
async fn a_name_is_taken_once_and_a_registration_again_has_an_arn_of_its_own() {
    let fixture = Fixture::new().await;
    fixture.create("a", 1).await;
    let first = fixture.consumer("a", "c").await;
    let error = fixture.register("a", "c").await.unwrap_err();
    assert_eq!(error.code, ResourceInUseException);
    assert_eq!(error.message, "Consumer c under stream a already exists for account 000000000000.");
    fixture.deregister(&first).await.unwrap();
    fixture.until_consumers("a", 0).await;
    // In the same second.
    let second = fixture.consumer("a", "c").await;
    assert_ne!(first, second);
    assert_eq!(code(fixture.describe_consumer(by_arn(&first)).await), ResourceNotFoundException);
}

#[tokio::test]
async fn all_that_names_a_consumer_must_agree() {
    let fixture = Fixture::new().await;
    fixture.create("a", 1).await;
    fixture.create("b", 1).await;
    let arn = fixture.consumer("a", "c").await;
    let ask = async |stream: Option<&str>, name: Option<&str>, arn: Option<&str>| {
        let input = DescribeStreamConsumerInput {
            stream_arn: stream.map(|stream| fixture.arn(stream)),
            consumer_name: name.map(Into::into),
            consumer_arn: arn.map(Into::into),
            stream_id: None,
        };
        fixture.describe_consumer(input).await
    };
    for (stream, name, arn) in [
        (Some("a"), Some("c"), Some(&*arn)),
        (None, None, Some(&*arn)),
        (Some("a"), Some("c"), None),
        (None, Some("c"), Some(&*arn)),
    ] {
        assert_eq!(ask(stream, name, arn).await.unwrap().consumer_name, "c");
    }
    for (stream, name, arn) in [
        (None, None, None),
        (Some("a"), None, None),
        (None, Some("c"), None),
        (Some("b"), None, Some(&*arn)),
        (None, Some("d"), Some(&*arn)),
        (None, None, Some(&*arn.replace("us-east-1", "eu-west-1"))),
    ] {
        assert_eq!(code(ask(stream, name, arn).await), InvalidArgumentException, "{name:?}");
    }
    assert_eq!(code(ask(Some("a"), Some("d"), None).await), ResourceNotFoundException);
    assert_eq!(code(ask(None, None, Some(&format!("{arn}1"))).await), ResourceNotFoundException);
    let foreign = arn.replace(":000000000000:", ":000000000001:");
    assert_eq!(code(ask(None, None, Some(&foreign)).await), AccessDeniedException);
}

#[tokio::test]
async fn quotas_count_all_consumers_and_those_that_are_creating() {
    let mut limits = Limits::default().without_rates();
    limits.stream_readers_max = 7;
    let mut fixture = Fixture::with(limits.clone()).await;
    fixture.create("a", 1).await;
    limits.transition_delay_ms = 60_000;
    fixture = fixture.restart(limits.clone()).await;
    for n in 0..5 {
        fixture.register("a", &format!("c{n}")).await.unwrap();
    }
    assert_eq!(code(fixture.register("a", "c5").await), LimitExceededException);
    limits.transition_delay_ms = 0;
    fixture = fixture.restart(limits).await;
    // What a restart found CREATING is finished by its lifecycle.
    let creating = async || {
        let all = fixture.list("a", None, 100).await.unwrap().consumers.unwrap();
        all.iter().any(|one| one.consumer_status == ConsumerStatus::Creating)
    };
    while creating().await {
        tokio::task::yield_now().await;
    }
    fixture.consumer("a", "c5").await;
    fixture.consumer("a", "c6").await;
    let error = fixture.register("a", "c7").await.unwrap_err();
    assert_eq!(error.code, LimitExceededException);
    assert!(error.message.contains("Limit: 7"), "{}", error.message);
}

#[tokio::test]
async fn pages_of_consumers_cover_all_and_their_tokens_expire() {
    let fixture = Fixture::new().await;
    fixture.create("a", 1).await;
    fixture.create("b", 1).await;
    for n in 0..5 {
        fixture.consumer("a", &format!("c{n}")).await;
    }
    let (mut names, mut token) = (Vec::new(), None);
    loop {
        let page = fixture.list("a", token, 2).await.unwrap();
        names.extend(page.consumers.unwrap().into_iter().map(|one| one.consumer_name));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names, ["c0", "c1", "c2", "c3", "c4"]);
    let token = fixture.list("a", None, 2).await.unwrap().next_token;
    assert_eq!(code(fixture.list("b", token.clone(), 2).await), InvalidArgumentException);
    assert_eq!(code(fixture.list("a", Some("AAAA".into()), 2).await), InvalidArgumentException);
    fixture.clock.advance(Duration::from_millis(300_001));
    assert_eq!(code(fixture.list("a", token, 2).await), ExpiredNextTokenException);
}

#[tokio::test]
async fn a_stream_with_consumers_is_deleted_only_if_that_is_enforced() {
    let fixture = Fixture::new().await;
    fixture.create("a", 1).await;
    let arn = fixture.consumer("a", "c").await;
    assert_eq!(code(fixture.delete("a").await), ResourceInUseException);
    let mut input = delete("a");
    input.enforce_consumer_deletion = Some(true);
    fixture.streams.delete_stream(&fixture.caller, input).await.unwrap();
    fixture.until_gone("a").await;
    assert_eq!(code(fixture.describe_consumer(by_arn(&arn)).await), ResourceNotFoundException);
    // A stream of the same name knows nothing of them.
    fixture.create("a", 1).await;
    assert_eq!(fixture.consumer_count("a").await, Some(0));
}

#[tokio::test]
async fn consumers_outlive_a_restart() {
    let fixture = Fixture::new().await;
    fixture.create("a", 1).await;
    let arn = fixture.consumer("a", "c").await;
    let fixture = fixture.restart(Limits::default().without_rates()).await;
    let found = fixture.describe_consumer(by_arn(&arn)).await.unwrap();
    assert_eq!(found.consumer_status, ConsumerStatus::Active);
}

#[tokio::test]
async fn calls_about_consumers_have_rates() {
    let fixture =
        Fixture::with(Limits { create_stream_per_second: 100, ..Limits::default() }).await;
    fixture.create("a", 1).await;
    for n in 0..5 {
        fixture.register("a", &format!("c{n}")).await.unwrap();
    }
    assert_eq!(code(fixture.register("a", "c9").await), LimitExceededException);
    for _ in 0..5 {
        fixture.list("a", None, 10).await.unwrap();
    }
    assert_eq!(code(fixture.list("a", None, 10).await), LimitExceededException);
}
