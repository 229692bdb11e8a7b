//! Tags, and the list of delivery streams.

use millstream_api::ErrorCode;
use millstream_firehose::Limits;

use super::fixture::*;

impl Fixture {
    async fn list(&self, json: &str) -> (Vec<String>, bool) {
        let listed =
            self.firehose.list_delivery_streams(&self.caller, request(json)).await.unwrap();
        (listed.delivery_stream_names, listed.has_more_delivery_streams)
    }

    async fn tags(&self, json: &str) -> (Vec<(String, Option<String>)>, bool) {
        let listed = self.firehose.list_tags_for_delivery_stream(&self.caller, request(json)).await;
        let listed = listed.unwrap();
        let tags = listed.tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        (tags, listed.has_more_tags)
    }
}

#[tokio::test]
async fn names_are_listed_in_pages_of_ten_in_their_order() {
    let fixture = Fixture::with(Limits::default().without_rates()).await;
    for number in (0..12).rev() {
        fixture.create(&into_bucket(&format!("d{number:02}"), "")).await.unwrap();
    }
    let (first, more) = fixture.list("{}").await;
    assert_eq!((first.len(), &*first[0], more), (10, "d00", true));
    let (rest, more) = fixture.list(r#"{"ExclusiveStartDeliveryStreamName": "d09"}"#).await;
    assert_eq!((rest, more), (vec!["d10".to_owned(), "d11".to_owned()], false));
    let (some, more) = fixture.list(r#"{"Limit": 12, "DeliveryStreamType": "DirectPut"}"#).await;
    assert_eq!((some.len(), more), (12, false));
    let none = fixture.list(r#"{"DeliveryStreamType": "KinesisStreamAsSource"}"#).await;
    assert_eq!(none, (vec![], false));
}

#[tokio::test]
async fn tags_are_set_replaced_removed_and_listed_in_pages() {
    let fixture = Fixture::with(Limits::default().without_rates()).await;
    let json = into_bucket("a", "").replacen('{', r#"{"Tags": [{"Key": "k1", "Value": "v"}],"#, 1);
    fixture.create(&json).await.unwrap();
    let tag = |tags: &str| format!(r#"{{"DeliveryStreamName": "a", "Tags": [{tags}]}}"#);
    let json = tag(r#"{"Key": "k1", "Value": "w"}, {"Key": "k2"}, {"Key": "k3", "Value": "x"}"#);
    fixture.firehose.tag_delivery_stream(&fixture.caller, request(&json)).await.unwrap();
    let page = fixture.tags(r#"{"DeliveryStreamName": "a", "Limit": 2}"#).await;
    let pair = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
    assert_eq!(page, (vec![pair("k1", "w"), pair("k2", "")], true));
    let json = r#"{"DeliveryStreamName": "a", "TagKeys": ["k1", "absent"]}"#;
    fixture.firehose.untag_delivery_stream(&fixture.caller, request(json)).await.unwrap();
    let page = fixture.tags(r#"{"DeliveryStreamName": "a", "ExclusiveStartTagKey": "k2"}"#).await;
    assert_eq!(page, (vec![pair("k3", "x")], false));
    let many: Vec<String> = (0..49).map(|n| format!(r#"{{"Key": "n{n}"}}"#)).collect();
    let json = tag(&many.join(", "));
    let refused = fixture.firehose.tag_delivery_stream(&fixture.caller, request(&json)).await;
    assert_eq!(error(refused).0, ErrorCode::LimitExceededException);
    let json = tag(r#"{"Key": "k9"}, {"Key": "k9"}"#);
    let refused = fixture.firehose.tag_delivery_stream(&fixture.caller, request(&json)).await;
    assert_eq!(error(refused).0, ErrorCode::InvalidArgumentException);
}
