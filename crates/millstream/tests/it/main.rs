//! The real binary, from outside: what only a whole process can show.
#![forbid(unsafe_code)]

mod commands;
mod hostile_bodies;
mod hostile_cbor;
mod hostile_heads;
mod hostile_http2;
mod hostile_json;
mod hostile_names;
mod hostile_pages;
mod hostile_slow;
mod hostile_tls;
mod http2_frames;
mod kept;
mod life;
mod quotas;
mod refusals;
mod secrets;

use millstream_testkit::{Reply, Server, ServerBuilder, request};
use serde_json::{Value, json};

/// A server on a free port, without limits on rates.
fn server() -> ServerBuilder {
    ServerBuilder::new(env!("CARGO_BIN_EXE_millstream"))
}

const SHARD: &str = "shardId-000000000000";

/// Makes an active stream.
fn create(server: &Server, name: &str, shards: u32) {
    server.must("CreateStream", json!({ "StreamName": name, "ShardCount": shards }));
    wait_active(server, name);
}

/// Waits until what was asked for is done.
fn wait_active(server: &Server, name: &str) {
    loop {
        let summary = server.must("DescribeStreamSummary", json!({ "StreamName": name }));
        if summary["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE" {
            return;
        }
    }
}

/// Puts a record of base64 text.
fn put(server: &Server, name: &str, data: &str) -> Value {
    server.must("PutRecord", json!({ "StreamName": name, "Data": data, "PartitionKey": "k" }))
}

/// All records of a shard: their data in base64.
fn read(server: &Server, name: &str, shard: &str) -> Vec<String> {
    let at = json!({ "StreamName": name, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
    let mut at = server.must("GetShardIterator", at)["ShardIterator"].clone();
    let mut all = Vec::new();
    loop {
        let reply = server.must("GetRecords", json!({ "ShardIterator": at }));
        let records = reply["Records"].as_array().expect("records");
        all.extend(records.iter().map(|r| r["Data"].as_str().expect("data").to_owned()));
        at = reply["NextShardIterator"].clone();
        if at.is_null() || (records.is_empty() && reply["MillisBehindLatest"] == 0) {
            return all;
        }
    }
}

/// Sends a body as it is.
fn send_body(server: &Server, operation: &str, body: &[u8]) -> Reply {
    let mut wire = server.connect();
    wire.send(&request(operation, "", body));
    let http = wire.read_http().expect("an answer");
    Reply { status: http.status, http }
}

/// A value of a metric without labels; 0 if it is not there.
fn metric(server: &Server, name: &str) -> u64 {
    let (_, page) = server.get("/metrics");
    let line = page.lines().find(|line| line.split(' ').next() == Some(name));
    let value = line.and_then(|line| line.split(' ').next_back()).unwrap_or("0");
    value.parse::<f64>().unwrap_or(0.0) as u64
}
