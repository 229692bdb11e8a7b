//! Tags and policies of whatever an ARN names, and the size of the largest record.

use millstream_api::ErrorCode::*;
use millstream_api::ops::*;
use millstream_api::shapes::StreamStatus;
use millstream_api::{Error, ErrorCode};
use millstream_log::Log;
use millstream_streams::Limits;

use super::fixture::*;

const ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/s";

async fn tag(f: &Fixture, arn: &str, key: &str) -> Result<(), Error> {
    let tags = [(key.to_owned(), "v".to_owned())].into();
    let input = TagResourceInput { tags, resource_arn: arn.into(), stream_id: None };
    f.streams.tag_resource(&f.caller, input).await
}

async fn untag(f: &Fixture, arn: &str, key: &str) -> Result<(), Error> {
    let tag_keys = vec![key.to_owned()];
    let input = UntagResourceInput { tag_keys, resource_arn: arn.into(), stream_id: None };
    f.streams.untag_resource(&f.caller, input).await
}

async fn keys(f: &Fixture, arn: &str) -> Result<Vec<String>, Error> {
    let input = ListTagsForResourceInput { resource_arn: arn.into(), stream_id: None };
    let output = f.streams.list_tags_for_resource(&f.caller, input).await?;
    Ok(output.tags.unwrap().into_iter().map(|tag| tag.key).collect())
}

async fn put_policy(f: &Fixture, arn: &str, policy: &str) -> Result<(), Error> {
    let (resource_arn, policy) = (arn.to_owned(), policy.to_owned());
    let input = PutResourcePolicyInput { resource_arn, stream_id: None, policy };
    f.streams.put_resource_policy(&f.caller, input).await
}

async fn get_policy(f: &Fixture, arn: &str) -> Result<String, Error> {
    let input = GetResourcePolicyInput { resource_arn: arn.into(), stream_id: None };
    Ok(f.streams.get_resource_policy(&f.caller, input).await?.policy)
}

async fn delete_policy(f: &Fixture, arn: &str) -> Result<(), Error> {
    let input = DeleteResourcePolicyInput { resource_arn: arn.into(), stream_id: None };
    f.streams.delete_resource_policy(&f.caller, input).await
}

fn policy(resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"111122223333"}},
            "Action":["kinesis:GetRecords","kinesis:Describe*"],"Resource":"{resource}"}}]}}"#
    )
}

#[tokio::test]
async fn both_families_of_tag_operations_see_the_same_tags() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    tag(&f, ARN, "b").await.unwrap();
    let input = AddTagsToStreamInput {
        stream_name: Some("s".into()),
        tags: [("a".to_owned(), String::new())].into(),
        stream_arn: None,
        stream_id: None,
    };
    f.streams.add_tags_to_stream(&f.caller, input).await.unwrap();
    assert_eq!(keys(&f, ARN).await.unwrap(), ["a", "b"]);
    untag(&f, ARN, "a").await.unwrap();
    untag(&f, ARN, "absent").await.unwrap();
    assert_eq!(keys(&f, ARN).await.unwrap(), ["b"]);
    assert_eq!(code(tag(&f, ARN, "aws:x").await), InvalidArgumentException);
}

#[tokio::test]
async fn tags_wait_until_the_stream_is_made_and_end_with_it() {
    let mut limits = Limits::default().without_rates();
    limits.transition_delay_ms = 1000;
    let f = Fixture::with(limits).await;
    f.streams.create_stream(&f.caller, create("s", 1)).await.unwrap();
    assert_eq!(code(tag(&f, ARN, "a").await), ResourceInUseException);
    assert_eq!(code(untag(&f, ARN, "a").await), ResourceInUseException);
    assert_eq!(keys(&f, ARN).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn an_arn_reaches_nothing_but_what_it_names() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    let cases: [(&str, ErrorCode); 9] = [
        ("arn:aws:kinesis:us-east-1:000000000001:stream/s", AccessDeniedException),
        ("arn:aws:kinesis:eu-west-1:000000000000:stream/s", InvalidArgumentException),
        ("arn:aws-cn:kinesis:us-east-1:000000000000:stream/s", InvalidArgumentException),
        ("arn:aws:kinesis:us-east-1:000000000000:x/stream/s", InvalidArgumentException),
        ("arn:aws:kinesis:us-east-1:000000000000:stream/s/x", InvalidArgumentException),
        ("arn:aws:kinesis:us-east-1:000000000000:stream/t", ResourceNotFoundException),
        ("arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1", ResourceNotFoundException),
        ("arn:aws:kinesis:us-east-1:000000000000:queue/q", ResourceNotFoundException),
        ("arn:aws:kinesis:us-east-1:000000000000:channel/c", ResourceNotFoundException),
    ];
    for (arn, expected) in cases {
        assert_eq!(code(tag(&f, arn, "a").await), expected, "{arn}");
        assert_eq!(code(untag(&f, arn, "a").await), expected, "{arn}");
        assert_eq!(code(keys(&f, arn).await), expected, "{arn}");
        assert_eq!(code(put_policy(&f, arn, &policy(arn)).await), expected, "{arn}");
        assert_eq!(code(get_policy(&f, arn).await), expected, "{arn}");
        assert_eq!(code(delete_policy(&f, arn).await), expected, "{arn}");
    }
    assert_eq!(keys(&f, ARN).await.unwrap(), Vec::<String>::new());
    assert_eq!(get_policy(&f, ARN).await.unwrap(), "{}");
}

#[tokio::test]
async fn a_policy_is_given_back_as_it_was_put_until_it_is_deleted() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    let first = policy(ARN);
    put_policy(&f, ARN, &first).await.unwrap();
    assert_eq!(get_policy(&f, ARN).await.unwrap(), first);
    let second = policy("arn:aws:kinesis:*:*:stream/s");
    put_policy(&f, ARN, &second).await.unwrap();
    let f = f.restart(Limits::default().without_rates()).await;
    assert_eq!(get_policy(&f, ARN).await.unwrap(), second);
    delete_policy(&f, ARN).await.unwrap();
    assert_eq!(get_policy(&f, ARN).await.unwrap(), "{}");
    let error = delete_policy(&f, ARN).await.unwrap_err();
    assert_eq!(error.code, ResourceNotFoundException);
    assert_eq!(error.message, format!("No resource policy found for resource ARN {ARN}."));
}

#[tokio::test]
async fn a_document_that_could_not_be_meant_is_refused() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    let good = policy(ARN);
    for bad in [
        String::new(),
        "{}".into(),
        "[".repeat(5000),
        good.replace("kinesis:GetRecords", "s3:GetObject"),
        good.replace("stream/s", "stream/other"),
        good.replace("\"Principal\"", "\"NotPrincipal\""),
        good.replace("\"Effect\"", "\"Grant\""),
        good.replace("111122223333", &"x".repeat(21_000)),
    ] {
        let error = put_policy(&f, ARN, &bad).await.unwrap_err();
        assert_eq!(error.code, InvalidArgumentException);
        assert!(
            error.message.starts_with("The policy is not a valid policy document: "),
            "{error}"
        );
        assert!(error.message.len() < 400, "{error}");
    }
    assert_eq!(get_policy(&f, ARN).await.unwrap(), "{}");
}

async fn resize(f: &Fixture, kib: i32) -> Result<(), Error> {
    let input = UpdateMaxRecordSizeInput {
        stream_arn: Some(ARN.into()),
        stream_id: None,
        max_record_size_in_kib: kib,
    };
    f.streams.update_max_record_size(&f.caller, input).await
}

async fn put(f: &Fixture, bytes: usize) -> Result<(), Error> {
    let input = PutRecordInput {
        stream_name: Some("s".into()),
        data: millstream_api::Blob::Raw(vec![7; bytes - 1].into()),
        partition_key: Some("k".into()),
        explicit_hash_key: None,
        sequence_number_for_ordering: None,
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    };
    f.streams.put_record(&f.caller, input).await.map(drop)
}

#[tokio::test]
async fn every_limit_follows_the_size_of_the_largest_record() {
    let f = Fixture::new().await;
    f.create("s", 1).await;
    let kib = 1024;
    put(&f, 1024 * kib).await.unwrap();
    assert_eq!(code(put(&f, 1024 * kib + 1).await), ValidationException);
    resize(&f, 10_240).await.unwrap();
    // The new size holds at once, in UPDATING too.
    put(&f, 10_240 * kib).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    put(&f, 10_240 * kib).await.unwrap();
    assert_eq!(f.log.groups().await.unwrap()[1].1.record_bytes_max, 10_240 * 1024);
    resize(&f, 2048).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    assert_eq!(f.log.groups().await.unwrap()[1].1.record_bytes_max, 2048 * 1024);
    put(&f, 2048 * kib).await.unwrap();
    assert_eq!(code(put(&f, 2048 * kib + 1).await), ValidationException);
    let input = DescribeStreamSummaryInput {
        stream_name: Some("s".into()),
        stream_arn: None,
        stream_id: None,
    };
    let summary = f.streams.describe_stream_summary(&f.caller, input).await.unwrap();
    assert_eq!(summary.stream_description_summary.max_record_size_in_kib, Some(2048));
    // The present value changes nothing.
    resize(&f, 2048).await.unwrap();
    assert_eq!(f.status("s").await, Ok(StreamStatus::Active));
}

#[tokio::test]
async fn a_size_changes_on_active_streams_that_are_named_only() {
    let mut limits = Limits::default().without_rates();
    limits.transition_delay_ms = 1000;
    let f = Fixture::with(limits.clone()).await;
    f.streams.create_stream(&f.caller, create("s", 1)).await.unwrap();
    assert_eq!(code(resize(&f, 2048).await), ResourceInUseException);
    f.clock.advance(std::time::Duration::from_secs(1));
    let f = f.restart(limits).await;
    f.until("s", StreamStatus::Active).await;
    resize(&f, 2048).await.unwrap();
    assert_eq!(f.status("s").await, Ok(StreamStatus::Updating));
    assert_eq!(code(resize(&f, 4096).await), ResourceInUseException);
    let input = UpdateMaxRecordSizeInput {
        stream_arn: None,
        stream_id: None,
        max_record_size_in_kib: 2048,
    };
    let nameless = f.streams.update_max_record_size(&f.caller, input).await;
    assert_eq!(code(nameless), InvalidArgumentException);
}

#[tokio::test]
async fn each_operation_has_its_own_rate() {
    let f = Fixture::with(Limits::default()).await;
    f.create("s", 1).await;
    for _ in 0..5 {
        tag(&f, ARN, "a").await.unwrap();
        untag(&f, ARN, "a").await.unwrap();
        keys(&f, ARN).await.unwrap();
        put_policy(&f, ARN, &policy(ARN)).await.unwrap();
        get_policy(&f, ARN).await.unwrap();
    }
    assert_eq!(code(tag(&f, ARN, "a").await), LimitExceededException);
    assert_eq!(code(untag(&f, ARN, "a").await), LimitExceededException);
    assert_eq!(code(keys(&f, ARN).await), LimitExceededException);
    assert_eq!(code(put_policy(&f, ARN, &policy(ARN)).await), LimitExceededException);
    assert_eq!(code(get_policy(&f, ARN).await), LimitExceededException);
}
