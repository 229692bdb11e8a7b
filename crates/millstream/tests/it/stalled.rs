//! Subscribers that grant no window: they are let go, and others are served meanwhile.

use serde_json::{Value, json};

use crate::http2_frames::*;
use crate::{create, put, server};

/// A consumer's ARN, once it can subscribe.
fn consumer(server: &millstream_testkit::Server, name: &str) -> String {
    let summary = server.must("DescribeStreamSummary", json!({ "StreamName": "s" }));
    let stream = summary["StreamDescriptionSummary"]["StreamARN"].clone();
    let made =
        server.must("RegisterStreamConsumer", json!({ "StreamARN": stream, "ConsumerName": name }));
    let arn = made["Consumer"]["ConsumerARN"].clone();
    loop {
        let shown = server.must("DescribeStreamConsumer", json!({ "ConsumerARN": arn }));
        if shown["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE" {
            return arn.as_str().expect("an ARN").to_owned();
        }
    }
}

fn subscribe(arn: &str, shard: u32) -> Value {
    let shard = format!("shardId-{shard:012}");
    json!({ "ConsumerARN": arn, "ShardId": shard, "StartingPosition": { "Type": "TRIM_HORIZON" } })
}

#[test]
fn stalled_subscribers_are_reset_and_others_are_served() {
    let limits =
        "[limits]\nmode = \"off\"\nwrite_timeout_ms = 400\nsubscription_bytes_max = 1048576\n";
    let server = server().ephemeral().config(limits).start();
    create(&server, "s", 8);
    let data = "QUFB".repeat(60_000);
    for n in 0..64 {
        server.must(
            "PutRecord",
            json!({ "StreamName": "s", "Data": data, "PartitionKey": n.to_string() }),
        );
    }
    let (slow, quick) = (consumer(&server, "slow"), consumer(&server, "quick"));
    // SETTINGS_INITIAL_WINDOW_SIZE 0: no byte of an event may be sent.
    let mut stalled = connect(&server, &[(4, 0)]);
    for shard in 0..8 {
        let stream = 2 * shard + 1;
        stalled.send(&frame(HEADERS, END_HEADERS, stream, &call_block("SubscribeToShard")));
        stalled.send(&frame(
            DATA,
            END_STREAM,
            stream,
            subscribe(&slow, shard).to_string().as_bytes(),
        ));
    }
    let mut other = server.connect();
    let body = subscribe(&quick, 0).to_string();
    other.send(&millstream_testkit::request("SubscribeToShard", "", body.as_bytes()));
    assert!(other.read_exactly(100_000).is_some());
    let mut reset = 0;
    while reset < 8 {
        let (kind, ..) = read(&mut stalled).expect("a frame");
        assert_ne!(kind, GOAWAY);
        reset += u32::from(kind == RST_STREAM);
    }
    // Their places are free again.
    let metrics = server.get("/metrics").1;
    assert!(metrics.contains("millstream_subscriptions_stalled_total 8"), "{metrics}");
    put(&server, "s", "QQ==");
}
