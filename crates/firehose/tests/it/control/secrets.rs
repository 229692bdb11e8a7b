//! Secrets of destinations: used, never kept in the clear, never shown.

use millstream_api::ErrorCode;
use millstream_firehose::settings::{Destination, RecordDestination, Settings};
use millstream_wire::{Protocol, encode};

use super::fixture::*;

const SECRET: &str = "correct-horse-battery";

fn into_endpoint(endpoint: &str, more: &str) -> String {
    let bucket = bucket("");
    format!(
        r#"{{"DeliveryStreamName": "a", "HttpEndpointDestinationConfiguration": {{
            "EndpointConfiguration": {{"Url": "https://h/x"{endpoint}}}, "S3Configuration": {bucket}{more}}}}}"#
    )
}

fn access_key(settings: &Settings) -> Option<String> {
    match &settings.destination {
        Destination::Records { destination: RecordDestination::Http(http), .. } => {
            http.access_key.as_ref().map(|key| key.0.to_string())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_secret_reaches_the_pipeline_and_nothing_else() {
    let fixture = Fixture::new().await;
    fixture.active(&into_endpoint(&format!(r#", "AccessKey": "{SECRET}""#), "")).await;
    assert_eq!(access_key(&fixture.told.last()).as_deref(), Some(SECRET));
    let shown = encode(Protocol::Json, &fixture.describe("a").await.unwrap());
    assert!(!String::from_utf8(shown).unwrap().contains(SECRET));
    let stored = format!("{:?}", fixture.stored("a").unwrap());
    let document = fixture.stored("a").unwrap().destination.document.clone();
    assert!(!stored.contains(SECRET) && !String::from_utf8(document).unwrap().contains(SECRET));
    assert!(!format!("{:?}", fixture.told.last()).contains(SECRET));
}

#[tokio::test]
async fn an_update_keeps_the_secret_or_replaces_it_and_a_restart_keeps_it() {
    let fixture = Fixture::new().await;
    fixture.active(&into_endpoint(&format!(r#", "AccessKey": "{SECRET}""#), "")).await;
    let update = |endpoint: &str| {
        format!(
            r#""HttpEndpointDestinationUpdate": {{"EndpointConfiguration": {{"Url": "https://i/"{endpoint}}}}}"#
        )
    };
    fixture.update("a", "1", &update("")).await.unwrap();
    fixture.until_told("update a").await;
    assert_eq!(access_key(&fixture.told.last()).as_deref(), Some(SECRET));
    fixture.update("a", "2", &update(r#", "AccessKey": "other""#)).await.unwrap();
    let fixture = fixture.restart().await;
    fixture.until_told("start a").await;
    assert_eq!(access_key(&fixture.told.last()).as_deref(), Some("other"));
    fixture.update("a", "3", &update(r#", "AccessKey": """#)).await.unwrap();
    fixture.until_told("update a").await;
    assert_eq!(access_key(&fixture.told.last()), None);
}

#[tokio::test]
async fn a_managed_secret_comes_before_the_one_that_is_given() {
    let fixture = Fixture::new().await;
    let managed = |arn: &str| {
        let arn = format!("arn:aws:secretsmanager:us-east-1:000000000000:secret:{arn}");
        format!(r#", "SecretsManagerConfiguration": {{"Enabled": true, "SecretARN": "{arn}"}}"#)
    };
    let refused = into_endpoint("", &managed("refused"));
    let (code, text) = error(fixture.create(&refused).await);
    assert_eq!(code, ErrorCode::InvalidArgumentException);
    assert!(text.contains("SecretsManagerConfiguration.SecretARN"), "{text}");
    fixture.active(&into_endpoint(r#", "AccessKey": "given""#, &managed("s"))).await;
    assert_eq!(access_key(&fixture.told.last()).as_deref(), Some("k"));
}

#[tokio::test]
async fn of_secrets_only_those_are_described_that_the_description_has() {
    let fixture = Fixture::new().await;
    let bucket = bucket("");
    fixture
        .active(&format!(
            r#"{{"DeliveryStreamName": "s", "SplunkDestinationConfiguration": {{
                "HECEndpoint": "https://h", "HECEndpointType": "Raw", "HECToken": "{SECRET}",
                "S3Configuration": {bucket}}}}}"#
        ))
        .await;
    let stored = fixture.stored("s").unwrap().destination.document.clone();
    assert!(!String::from_utf8(stored).unwrap().contains(SECRET));
    fixture
        .active(&format!(
            r#"{{"DeliveryStreamName": "r", "RedshiftDestinationConfiguration": {{
                "RoleARN": "{ROLE}",
                "ClusterJDBCURL": "jdbc:redshift://c.abc.us-east-1.redshift.amazonaws.com:5439/dev",
                "CopyCommand": {{"DataTableName": "t"}}, "Username": "somebody",
                "Password": "{SECRET}", "S3Configuration": {bucket}}}}}"#
        ))
        .await;
    // The same after a restart: nothing of it is remembered elsewhere.
    let fixture = fixture.restart().await;
    let shown = async |name: &str| {
        let shown = encode(Protocol::Json, &fixture.describe(name).await.unwrap());
        String::from_utf8(shown).unwrap()
    };
    let splunk = shown("s").await;
    assert!(splunk.contains(&format!(r#""HECToken":"{SECRET}""#)), "{splunk}");
    let redshift = shown("r").await;
    assert!(redshift.contains(r#""Username":"somebody""#), "{redshift}");
    assert!(!redshift.contains(SECRET) && !redshift.contains("Password"), "{redshift}");
}
