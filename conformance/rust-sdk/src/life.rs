//! What the SDK's user does with a stream.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::client::Waiters;
use aws_sdk_kinesis::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::RequestId;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{
    ConsumerStatus, PutRecordsRequestEntry, ShardIteratorType, StartingPosition, StreamStatus,
};

use crate::Checked;

const FIRST: &str = "shardId-000000000000";

fn told<E: std::error::Error>(error: E) -> String {
    DisplayErrorContext(error).to_string()
}

fn check(holds: bool, what: &str) -> Checked {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

async fn create(kinesis: &Client, stream: &str, shards: i32) -> Checked {
    kinesis.create_stream().stream_name(stream).shard_count(shards).send().await.map_err(told)?;
    let patience = std::time::Duration::from_secs(60);
    kinesis.wait_until_stream_exists().stream_name(stream).wait(patience).await.map_err(told)?;
    Ok(())
}

async fn begin(kinesis: &Client, stream: &str, shard: &str) -> Result<Option<String>, String> {
    let request = kinesis.get_shard_iterator().stream_name(stream).shard_id(shard);
    let reply = request.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await;
    Ok(reply.map_err(told)?.shard_iterator)
}

fn entries(count: usize) -> Vec<PutRecordsRequestEntry> {
    let entry = |n| {
        let data = Blob::new(format!("value-{n}"));
        let entry =
            PutRecordsRequestEntry::builder().data(data).partition_key(format!("κλειδί-{n}"));
        entry.build().expect("an entry is complete")
    };
    (0..count).map(entry).collect()
}

pub async fn whole(kinesis: Client, stream: &'static str) -> Checked {
    create(&kinesis, stream, 1).await?;
    let described =
        kinesis.describe_stream_summary().stream_name(stream).send().await.map_err(told)?;
    let summary = described.stream_description_summary().ok_or("a summary")?;
    check(*summary.stream_status() == StreamStatus::Active, "the stream is active")?;
    let put =
        kinesis.put_records().stream_name(stream).set_records(Some(entries(100))).send().await;
    let put = put.map_err(told)?;
    check(put.failed_record_count() == Some(0) && put.records().len() == 100, "all are put")?;
    let at = begin(&kinesis, stream, FIRST).await?;
    let got = kinesis.get_records().set_shard_iterator(at).send().await.map_err(told)?;
    check(got.records().len() == 100 && got.millis_behind_latest() == Some(0), "all are got")?;
    for (n, (record, entry)) in got.records().iter().zip(put.records()).enumerate() {
        check(record.data().as_ref() == format!("value-{n}").as_bytes(), "the data")?;
        check(Some(record.sequence_number()) == entry.sequence_number(), "the number")?;
        check(record.approximate_arrival_timestamp().is_some(), "the arrival")?;
    }
    let large = Blob::new(vec![7; 1024 * 1024 - 1]);
    let one = kinesis.put_record().stream_name(stream).partition_key("k").data(large).send().await;
    check(one.map_err(told)?.shard_id() == FIRST, "a large record")?;
    kinesis.delete_stream().stream_name(stream).send().await.map_err(told)?;
    Ok(())
}

pub async fn errors(kinesis: Client) -> Checked {
    let Err(error) = kinesis.describe_stream().stream_name("rust-absent").send().await else {
        return Err("an absent stream was described".to_owned());
    };
    check(error.request_id().is_some(), "the request id")?;
    let text = "Stream rust-absent under account 000000000000 not found.";
    check(error.message() == Some(text), "the text")?;
    let SdkError::ServiceError(error) = error else {
        return Err("not the service's error".to_owned());
    };
    check(error.err().is_resource_not_found_exception(), "the type")?;
    let Err(error) = kinesis.get_records().shard_iterator("AAAA").send().await else {
        return Err("a forged iterator was taken".to_owned());
    };
    check(error.code() == Some("InvalidArgumentException"), "the code")
}

pub async fn split(kinesis: Client) -> Checked {
    let stream = "rust-split";
    create(&kinesis, stream, 1).await?;
    let put = kinesis.put_records().stream_name(stream).set_records(Some(entries(10))).send().await;
    put.map_err(told)?;
    let split = kinesis.split_shard().stream_name(stream).shard_to_split(FIRST);
    split.new_starting_hash_key("1000").send().await.map_err(told)?;
    let mut at = begin(&kinesis, stream, FIRST).await?;
    let mut count = 0;
    loop {
        let got = kinesis.get_records().set_shard_iterator(at).send().await.map_err(told)?;
        count += got.records().len();
        at = got.next_shard_iterator;
        if at.is_none() {
            let children = got.child_shards.unwrap_or_default();
            check(children.len() == 2, "two children")?;
            check(children.iter().all(|child| child.parent_shards() == [FIRST]), "their parent")?;
            return check(count == 10, "ten records in the parent");
        }
    }
}

pub async fn subscription(kinesis: Client) -> Checked {
    let stream = "rust-fan-out";
    create(&kinesis, stream, 1).await?;
    let described = kinesis.describe_stream_summary().stream_name(stream).send().await;
    let described = described.map_err(told)?;
    let arn = described.stream_description_summary().ok_or("a summary")?.stream_arn().to_owned();
    let register = kinesis.register_stream_consumer().stream_arn(&arn).consumer_name("reader");
    let consumer = register.send().await.map_err(told)?.consumer.ok_or("a consumer")?;
    loop {
        let described = kinesis.describe_stream_consumer().consumer_arn(consumer.consumer_arn());
        let described = described.send().await.map_err(told)?.consumer_description;
        if *described.ok_or("a description")?.consumer_status() == ConsumerStatus::Active {
            break;
        }
    }
    let put = kinesis.put_records().stream_name(stream).set_records(Some(entries(50)));
    put.send().await.map_err(told)?;
    let from = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build();
    let subscribe = kinesis.subscribe_to_shard().consumer_arn(consumer.consumer_arn());
    let subscribe = subscribe.shard_id(FIRST).starting_position(from.map_err(told)?);
    let mut events = subscribe.send().await.map_err(told)?.event_stream;
    let (mut count, mut split) = (0, false);
    while let Some(event) = events.recv().await.map_err(told)? {
        let event = event.as_subscribe_to_shard_event().map_err(|_| "an event of records")?;
        count += event.records().len();
        if count == 50 && !split {
            // The subscription sees the shard end.
            split = true;
            let split = kinesis.split_shard().stream_name(stream).shard_to_split(FIRST);
            split.new_starting_hash_key("1000").send().await.map_err(told)?;
        }
        if event.child_shards.as_ref().is_some_and(|children| !children.is_empty()) {
            return check(count == 50, "fifty records before the children");
        }
    }
    Err("the subscription ended without children".to_owned())
}
