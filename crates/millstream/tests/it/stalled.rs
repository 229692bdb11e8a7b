//! Subscribers and readers of objects that grant no window: they are let go, and others are served meanwhile.

use millstream_testkit::Wire;
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

/// The header block of a GET without a body.
fn get_block(path: &str) -> Vec<u8> {
    [
        literal(":method", "GET"),
        literal(":scheme", "http"),
        literal(":path", path),
        literal(":authority", "localhost"),
    ]
    .concat()
}

#[test]
fn readers_of_objects_that_stall_leave_their_places_to_others() {
    const STREAMS: u32 = 128;
    let server = server().ephemeral().start();
    let mut wire = server.connect();
    for head in ["PUT /bucket HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n", PUT_OBJECT]
    {
        wire.send(head.as_bytes());
        assert_eq!(wire.read_http().expect("an answer").status, 200);
    }
    // As many as there are places, none of which may be sent a byte.
    let mut stalled: Vec<_> = (0..4).map(|_| connect(&server, &[(4, 0)])).collect();
    for wire in &mut stalled {
        for stream in 0..STREAMS {
            let head = get_block("/bucket/k");
            wire.send(&frame(HEADERS, END_HEADERS | END_STREAM, 2 * stream + 1, &head));
        }
        let mut begun = 0;
        while begun < STREAMS {
            begun += u32::from(read(wire).expect("a frame").0 == HEADERS);
        }
    }
    wire.send(b"GET /bucket/k HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let reply = wire.read_http().expect("an answer");
    assert_eq!((reply.status, reply.body.len()), (200, 10));
    // One of them had to go, and its connection stays for the others. It may be told of it after a ping or two.
    let mut pings = 0;
    let mut resets = 0;
    while resets == 0 {
        pings += 1;
        assert!(pings < 10_000, "nobody was told to go");
        resets += stalled.iter_mut().map(resets_before_ping).sum::<u32>();
    }
    assert_eq!(resets, 1);
}

/// How many streams were reset before a ping came back.
fn resets_before_ping(wire: &mut Wire) -> u32 {
    wire.send(&frame(PING, 0, 0, &[7; 8]));
    let mut resets = 0;
    loop {
        match read(wire).expect("a frame") {
            (PING, ..) => return resets,
            (RST_STREAM, ..) => resets += 1,
            _ => {}
        }
    }
}

const PUT_OBJECT: &str =
    "PUT /bucket/k HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n0123456789";
