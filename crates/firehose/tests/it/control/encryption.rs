//! Encryption of what waits for delivery.

use millstream_api::ErrorCode;
use millstream_api::firehose::*;

use super::fixture::*;

const OWN: &str = "arn:aws:kms:us-east-1:000000000000:key/own";

impl Fixture {
    async fn encrypt(&self, input: &str) -> Result<(), millstream_api::Error> {
        let json = format!(r#"{{"DeliveryStreamName": "a"{input}}}"#);
        let input = request(&json);
        self.firehose.start_delivery_stream_encryption(&self.caller, input).await.map(drop)
    }

    async fn decrypt(&self) -> Result<(), millstream_api::Error> {
        let input = request(r#"{"DeliveryStreamName": "a"}"#);
        self.firehose.stop_delivery_stream_encryption(&self.caller, input).await.map(drop)
    }

    async fn shown(&self) -> DeliveryStreamEncryptionConfiguration {
        self.describe("a").await.unwrap().delivery_stream_encryption_configuration.unwrap()
    }

    async fn until_encryption(&self, status: DeliveryStreamEncryptionStatus) {
        self.wait_for(|| async { self.shown().await.status == Some(status) }).await;
    }
}

fn own_key(arn: &str) -> String {
    format!(
        r#", "DeliveryStreamEncryptionConfigurationInput": {{"KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": "{arn}"}}"#
    )
}

#[tokio::test]
async fn encryption_is_switched_on_to_another_key_and_off() {
    use DeliveryStreamEncryptionStatus::{Disabled, Enabled};
    let fixture = Fixture::new().await;
    fixture.active(&into_bucket("a", "")).await;
    assert_eq!(fixture.shown().await.status, Some(Disabled));
    fixture.encrypt("").await.unwrap();
    fixture.until_encryption(Enabled).await;
    let shown = fixture.shown().await;
    assert_eq!((shown.key_type, shown.key_arn), (Some(KeyType::AwsOwned), None));
    fixture.encrypt(&own_key(OWN)).await.unwrap();
    fixture.until_encryption(Enabled).await;
    let shown = fixture.shown().await;
    assert_eq!(shown.key_type, Some(KeyType::CustomerManaged));
    assert_eq!(shown.key_arn.as_deref(), Some(OWN));
    // The pipeline is told of each key.
    fixture.until_told("update a").await;
    fixture.decrypt().await.unwrap();
    fixture.until_encryption(Disabled).await;
    assert_eq!(fixture.shown().await.key_type, None);
    let stored = fixture.stored("a").unwrap();
    assert_eq!(stored.encryption.keys.keys.len(), 2, "what is written can still be read");
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_refused_at_once() {
    let fixture = Fixture::new().await;
    fixture.active(&into_bucket("a", "")).await;
    let missing = own_key("arn:aws:kms:us-east-1:000000000000:key/missing");
    let (code, text) = error(fixture.encrypt(&missing).await);
    assert_eq!(code, ErrorCode::InvalidKMSResourceException, "{text}");
    let no_arn =
        r#", "DeliveryStreamEncryptionConfigurationInput": {"KeyType": "CUSTOMER_MANAGED_CMK"}"#;
    assert_eq!(error(fixture.encrypt(no_arn).await).0, ErrorCode::InvalidArgumentException);
    let create =
        into_bucket("b", "").replacen('{', &format!("{{{},", missing.trim_start_matches(", ")), 1);
    assert_eq!(error(fixture.create(&create).await).0, ErrorCode::InvalidKMSResourceException);
    assert!(fixture.stored("b").is_none());
}

#[tokio::test]
async fn a_delivery_stream_may_be_encrypted_from_the_beginning() {
    let fixture = Fixture::new().await;
    let create = into_bucket("a", "").replacen(
        '{',
        &format!("{{{},", own_key(OWN).trim_start_matches(", ")),
        1,
    );
    fixture.active(&create).await;
    let shown = fixture.shown().await;
    assert_eq!(shown.status, Some(DeliveryStreamEncryptionStatus::Enabled));
    assert_eq!(shown.key_arn.as_deref(), Some(OWN));
}
