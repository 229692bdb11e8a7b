//! UpdateDestination: merges, versions, and what can never change.

use millstream_api::ErrorCode;
use millstream_api::firehose::*;
use millstream_firehose::settings::{Destination, Hints, RecordDestination};

use super::fixture::*;

#[tokio::test]
async fn what_is_not_given_stays_and_the_version_grows() {
    let fixture = Fixture::new().await;
    let hints = r#", "BufferingHints": {"SizeInMBs": 7, "IntervalInSeconds": 61}, "Prefix": "p/""#;
    fixture.active(&into_bucket("a", hints)).await;
    fixture.clock.advance(std::time::Duration::from_secs(5));
    let update = r#""ExtendedS3DestinationUpdate": {"CompressionFormat": "GZIP", "Prefix": ""}"#;
    fixture.update("a", "1", update).await.unwrap();
    let shown = fixture.describe("a").await.unwrap();
    assert_eq!(shown.version_id, "2");
    assert_eq!(shown.last_update_timestamp, Some(millstream_types::Millis(START.0 + 5000)));
    let bucket = shown.destinations[0].extended_s3_destination_description.clone().unwrap();
    assert_eq!(bucket.compression_format, CompressionFormat::Gzip);
    assert_eq!(bucket.buffering_hints.size_in_mbs, Some(7));
    assert_eq!(bucket.prefix, None);
    fixture.until_told("update a").await;
    let hints = Hints { bytes: 7 << 20, interval: std::time::Duration::from_secs(61) };
    assert_eq!((fixture.told.last().version, fixture.told.last().hints), (2, hints));
}

#[tokio::test]
async fn only_the_version_that_is_may_be_updated() {
    let fixture = Fixture::new().await;
    fixture.active(&into_bucket("a", "")).await;
    let update = r#""S3DestinationUpdate": {"Prefix": "p/"}"#;
    let (code, text) = error(fixture.update("a", "2", update).await);
    assert_eq!(code, ErrorCode::ConcurrentModificationException);
    assert_eq!(
        text,
        "Cannot update firehose: a since the current version id: 1 and specified version id: 2 do not match"
    );
    fixture.update("a", "1", update).await.unwrap();
    assert_eq!(
        error(fixture.update("a", "1", update).await).0,
        ErrorCode::ConcurrentModificationException
    );
    let json = r#"{"DeliveryStreamName": "a", "CurrentDeliveryStreamVersionId": "2",
        "DestinationId": "destinationId-000000000002", "S3DestinationUpdate": {}}"#;
    let refused = fixture.firehose.update_destination(&fixture.caller, request(json)).await;
    let (_, text) = error(refused);
    assert_eq!(text, "Destination Id destinationId-000000000002 not found");
}

#[tokio::test]
async fn another_kind_needs_its_whole_configuration() {
    let fixture = Fixture::new().await;
    fixture.active(&into_bucket("a", "")).await;
    let some = r#""SplunkDestinationUpdate": {"HECEndpoint": "https://s", "HECToken": "t"}"#;
    let (code, text) = error(fixture.update("a", "1", some).await);
    assert_eq!(code, ErrorCode::InvalidArgumentException);
    assert!(text.starts_with("HECEndpointType must be specified"), "{text}");
    let all = format!(
        r#""SplunkDestinationUpdate": {{"HECEndpoint": "https://s", "HECEndpointType": "Raw",
            "HECToken": "t", "S3Update": {}}}"#,
        bucket("")
    );
    fixture.update("a", "1", &all).await.unwrap();
    let shown = fixture.destination("a").await;
    assert!(shown.extended_s3_destination_description.is_none());
    let splunk = shown.splunk_destination_description.unwrap();
    assert_eq!(splunk.hec_token.as_deref(), Some("t"));
    assert_eq!(splunk.hec_acknowledgment_timeout_in_seconds, Some(180));
    fixture.until_told("update a").await;
    let settings = fixture.told.last();
    assert!(matches!(
        settings.destination,
        Destination::Records { destination: RecordDestination::Splunk(_), .. }
    ));
    let (_, text) = error(
        fixture
            .update("a", "2", r#""AmazonopensearchserviceDestinationUpdate": {"IndexName": "i"}"#)
            .await,
    );
    assert!(text.starts_with("Switching between Amazon OpenSearch Service"), "{text}");
}

#[tokio::test]
async fn some_things_are_never_switched_back() {
    let fixture = Fixture::new().await;
    let backup = format!(r#", "S3BackupMode": "Enabled", "S3BackupConfiguration": {}"#, bucket(""));
    fixture.active(&into_bucket("a", &backup)).await;
    let partitions = r#", "Prefix": "!{partitionKeyFromLambda:k}/", "ErrorOutputPrefix": "e/",
        "DynamicPartitioningConfiguration": {"Enabled": true},
        "ProcessingConfiguration": {"Enabled": true, "Processors": [{"Type": "Lambda", "Parameters":
            [{"ParameterName": "LambdaArn", "ParameterValue": "arn:f"}]}]}"#;
    fixture.active(&into_bucket("p", partitions)).await;
    for (name, update, expected) in [
        ("a", r#"{"S3BackupMode": "Disabled"}"#, "S3BackupMode cannot be changed"),
        (
            "a",
            r#"{"DynamicPartitioningConfiguration": {"Enabled": true}}"#,
            "Dynamic partitioning can be enabled only when",
        ),
        (
            "p",
            r#"{"DynamicPartitioningConfiguration": {"Enabled": false}}"#,
            "Dynamic partitioning cannot be disabled",
        ),
    ] {
        let update = format!(r#""ExtendedS3DestinationUpdate": {update}"#);
        let (code, text) = error(fixture.update(name, "1", &update).await);
        assert_eq!(code, ErrorCode::InvalidArgumentException);
        assert!(text.starts_with(expected), "{text}");
    }
    let retry = r#""ExtendedS3DestinationUpdate": {"DynamicPartitioningConfiguration":
        {"RetryOptions": {"DurationInSeconds": 9}}}"#;
    fixture.update("p", "1", retry).await.unwrap();
    let shown = fixture.destination("p").await.extended_s3_destination_description.unwrap();
    let partitions = shown.dynamic_partitioning_configuration.unwrap();
    assert_eq!(partitions.enabled, Some(true));
    assert_eq!(partitions.retry_options.unwrap().duration_in_seconds, Some(9));
}

#[tokio::test]
async fn updates_speak_of_updates_and_keep_what_they_do_not_name() {
    let fixture = Fixture::new().await;
    fixture.active(&into_bucket("a", "")).await;
    for (update, expected) in [
        (
            r#"{"S3BackupUpdate": {"Prefix": "bb/"}}"#,
            "S3BackupUpdate.RoleARN must be specified: there is no backup yet",
        ),
        (r#"{"S3BackupMode": "Enabled"}"#, "S3BackupUpdate must be specified when"),
        (
            r#"{"CloudWatchLoggingOptions": {"Enabled": true}}"#,
            "ExtendedS3DestinationUpdate.CloudWatchLoggingOptions: LogGroupName",
        ),
    ] {
        let update = format!(r#""ExtendedS3DestinationUpdate": {update}"#);
        let (code, text) = error(fixture.update("a", "1", &update).await);
        assert_eq!(code, ErrorCode::InvalidArgumentException);
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains("type changes") && !text.contains("Configuration"), "{text}");
    }
    let http = format!(
        r#"{{"DeliveryStreamName": "h", "HttpEndpointDestinationConfiguration": {{
            "EndpointConfiguration": {{"Url": "https://e"}}, "RetryOptions": {{"DurationInSeconds": 5}},
            "S3Configuration": {}}}}}"#,
        bucket("")
    );
    fixture.active(&http).await;
    let update = r#""HttpEndpointDestinationUpdate": {"RetryOptions": {}}"#;
    fixture.update("h", "1", update).await.unwrap();
    let shown = fixture.destination("h").await.http_endpoint_destination_description.unwrap();
    assert_eq!(shown.retry_options.unwrap().duration_in_seconds, Some(5));
}
