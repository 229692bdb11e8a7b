//! Queues over real sockets: consumers that go away while they wait.

use millstream_testkit::{Server, Wire, request};
use serde_json::{Value, json};

use crate::{dev_must, metric, put, server, wait_active};

/// A server with a stream and a queue on it; the queue's ARN.
fn ready() -> (Server, String) {
    let server = server().ephemeral().start();
    let mode = json!({ "StreamMode": "ON_DEMAND" });
    server.must("CreateStream", json!({ "StreamName": "s", "StreamModeDetails": mode }));
    wait_active(&server, "s");
    let summary = server.must("DescribeStreamSummary", json!({ "StreamName": "s" }));
    let stream = &summary["StreamDescriptionSummary"]["StreamARN"];
    let made = server.must(
        "CreateQueue",
        json!({ "QueueName": "q", "StreamConfigurationList": [{ "StreamARN": stream }] }),
    );
    let arn = made["QueueDescription"]["QueueARN"].as_str().expect("an ARN").to_owned();
    loop {
        let shown = server.must("DescribeQueue", json!({ "QueueARN": arn }));
        if shown["QueueDescription"]["QueueStatus"] == "ACTIVE" {
            return (server, arn);
        }
    }
}

fn receiving(arn: &str, seconds: u64) -> Value {
    json!({ "QueueARN": arn, "WaitTimeSeconds": seconds })
}

/// A consumer that waits for records as long as it may.
fn long_poll(server: &Server, arn: &str) -> Wire {
    let mut wire = server.connect();
    let body = receiving(arn, 20).to_string();
    wire.send(&request("ReceiveQueueRecords", "", body.as_bytes()));
    wire
}

/// Receives one record that nobody has received before.
fn receives_it(server: &Server, arn: &str) {
    let got = server.must("ReceiveQueueRecords", receiving(arn, 1));
    let records = got["QueueRecords"].as_array().expect("records");
    assert_eq!(records.len(), 1, "{got}");
    assert_eq!(records[0]["ReceiveCount"], 1, "{got}");
}

#[test]
fn a_consumer_that_was_killed_while_it_waited_receives_nothing() {
    let (server, arn) = ready();
    let before = metric(&server, "millstream_http_connections");
    let polls: Vec<Wire> = (0..5).map(|_| long_poll(&server, &arn)).collect();
    while metric(&server, "millstream_http_connections") < before + 5 {}
    drop(polls);
    while metric(&server, "millstream_http_connections") > before {}
    put(&server, "s", "QQ==");
    receives_it(&server, &arn);
}

#[test]
fn a_consumer_that_has_ended_its_side_counts_as_gone() {
    let (server, arn) = ready();
    let mut poll = long_poll(&server, &arn);
    poll.finish();
    assert!(poll.read_to_close().is_empty(), "no reply is due");
    put(&server, "s", "QQ==");
    receives_it(&server, &arn);
}

#[test]
fn requests_that_were_sent_ahead_are_answered_after_a_receive() {
    let (server, arn) = ready();
    let mut poll = long_poll(&server, &arn);
    poll.send(&request("DescribeLimits", "", b"{}"));
    put(&server, "s", "QQ==");
    let received = poll.read_http().expect("records");
    assert!(String::from_utf8_lossy(&received.body).contains("ReceiptHandle"));
    assert_eq!(poll.read_http().map(|http| http.status), Some(200));
}

#[test]
fn other_operations_answer_clients_that_have_ended_their_side() {
    let (server, _) = ready();
    let mut wire = server.connect();
    let body = json!({ "StreamName": "s", "Data": "QQ==", "PartitionKey": "k" }).to_string();
    wire.send(&request("PutRecord", "", body.as_bytes()));
    wire.finish();
    assert_eq!(wire.read_http().map(|http| http.status), Some(200));
}

#[test]
fn a_fault_rule_for_a_stream_meets_its_queues_by_any_arn() {
    let (server, arn) = ready();
    dev_must(&server, "POST", "faults", json!({ "stream": "s", "throttle": true }));
    let by_resource = server.call("ListTagsForResource", &json!({ "ResourceARN": arn }));
    assert!(by_resource.message().contains("fault rule"), "{}", by_resource.message());
    let by_queue = server.call("DescribeQueue", &json!({ "QueueARN": arn }));
    assert!(by_queue.message().contains("fault rule"), "{}", by_queue.message());
}
