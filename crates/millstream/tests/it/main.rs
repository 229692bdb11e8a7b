//! The real binary, from outside: what only a whole process can show.
#![forbid(unsafe_code)]

mod commands;
mod damage;
mod declared;
mod dev_clock;
mod dev_faults;
mod dev_reset;
mod full;
mod hostile_bodies;
mod hostile_cbor;
mod hostile_files;
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
mod queues;
mod quotas;
mod refusals;
mod secrets;
mod stalled;
mod two_services;

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

/// Calls the control API: status and JSON, or the text where it is none.
fn dev(server: &Server, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = body.to_string();
    let mut wire = server.connect();
    wire.send(
        format!(
            "{method} /dev/{path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n\r\n{body}",
            server.address(),
            body.len()
        )
        .as_bytes(),
    );
    let http = wire.read_http().expect("an answer");
    let text = || Value::String(String::from_utf8_lossy(&http.body).into_owned());
    (http.status, serde_json::from_slice(&http.body).unwrap_or_else(|_| text()))
}

/// The same for what must succeed.
fn dev_must(server: &Server, method: &str, path: &str, body: Value) -> Value {
    let (status, value) = dev(server, method, path, &body);
    assert_eq!(status, 200, "{method} {path} {body}: {value}");
    value
}

/// Runs `millstream dev …` against a server: whether it succeeded, what it printed, what it said went wrong.
fn dev_command(server: &Server, arguments: &[&str]) -> (bool, String, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_millstream"));
    command.arg("dev").args(arguments).env_remove("AWS_ENDPOINT_URL");
    command.arg("--endpoint").arg(format!("http://{}", server.address()));
    let output = command.output().expect("the command runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// A value of a metric without labels; 0 if it is not there.
fn metric(server: &Server, name: &str) -> u64 {
    let (_, page) = server.get("/metrics");
    let line = page.lines().find(|line| line.split(' ').next() == Some(name));
    let value = line.and_then(|line| line.split(' ').next_back()).unwrap_or("0");
    value.parse::<f64>().unwrap_or(0.0) as u64
}
