//! Reset, and who may use the control API.

use serde_json::{Value, json};

use crate::{create, dev, dev_command, dev_must, put, read, server};

#[test]
fn a_reset_leaves_what_a_start_makes() {
    let server = server().variable("MILLSTREAM_STREAMS", "declared:2").start();
    put(&server, "declared", "QQ==");
    for name in ["a", "b", "c"] {
        create(&server, name, 2);
        put(&server, name, "QQ==");
    }
    server.must("DeleteStream", json!({ "StreamName": "c" }));
    server.must("CreateStream", json!({ "StreamName": "d", "ShardCount": 1 }));
    dev_must(&server, "POST", "clock/hold", Value::Null);
    dev_must(&server, "POST", "faults", json!({ "throttle": true, "operation": "PutRecord" }));
    let reset = dev_must(&server, "POST", "reset", Value::Null);
    assert_eq!((&reset["declared"], &reset["faults"]), (&json!(1), &json!(1)));
    let names = server.must("ListStreams", json!({}));
    assert_eq!(names["StreamNames"], json!(["declared"]));
    for shard in ["shardId-000000000000", "shardId-000000000001"] {
        assert_eq!(read(&server, "declared", shard), Vec::<String>::new());
    }
    put(&server, "declared", "QQ==");
    assert_eq!(dev_must(&server, "GET", "clock", Value::Null)["held"], false);
    assert_eq!(dev_must(&server, "GET", "faults", Value::Null), json!({ "faults": [] }));
}

#[test]
fn a_reset_reaches_every_account_and_region() {
    let config = "streams = \"x:1@eu-west-1\"\n[[stream]]\nname = \"y\"\nshards = 1\naccount = \"000000000042\"\n";
    let home = server().config(config).start().stop();
    // The same data, with nothing declared any more.
    let server = server().start_in(home);
    let reset = dev_must(&server, "POST", "reset", Value::Null);
    assert_eq!((&reset["deleted"], &reset["declared"]), (&json!(2), &json!(0)));
    let reply = server.call("DescribeStreamSummary", &json!({ "StreamName": "x" }));
    assert!(!reply.message().contains("eu-west-1"), "{}", reply.message());
}

#[test]
fn a_reset_frees_what_call_rates_have_counted() {
    let server = server().ephemeral().variable("MILLSTREAM_LIMITS", "aws").start();
    dev_must(&server, "POST", "clock/hold", Value::Null);
    let limits = || server.call("DescribeLimits", &json!({})).status;
    while limits() == 200 {}
    dev_must(&server, "POST", "reset", Value::Null);
    assert_eq!(limits(), 200);
}

#[test]
fn the_command_resets() {
    let server = server().ephemeral().start();
    create(&server, "a", 1);
    let (ok, said, error) = dev_command(&server, &["reset"]);
    assert!(ok, "{error}");
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["deleted"], 1);
}

#[test]
fn only_an_open_server_can_be_controlled() {
    let config = "auth = \"signed\"\n[[keys]]\nid = \"AKID\"\nsecret = \"s\"\n";
    let server = server().ephemeral().config(config).start();
    for (method, path) in [("GET", "clock"), ("POST", "reset"), ("POST", "faults"), ("GET", "x")] {
        let (status, said) = dev(&server, method, path, &json!({}));
        assert_eq!(status, 403, "{method} {path}");
        assert!(
            said["message"].as_str().is_some_and(|text| text.contains("--auth open")),
            "{said}"
        );
    }
    let (ok, _, error) = dev_command(&server, &["clock", "hold"]);
    assert!(!ok && error.contains("--auth open"), "{error}");
}

#[test]
fn pages_of_other_hosts_and_origins_cannot_control_it() {
    let server = server().ephemeral().start();
    for (header, status) in [("host: evil.example", 421), ("origin: http://evil.example", 403)] {
        let host = if header.starts_with("host") { "" } else { "host: localhost\r\n" };
        let head =
            format!("POST /dev/reset HTTP/1.1\r\n{host}{header}\r\ncontent-length: 0\r\n\r\n");
        let mut wire = server.connect();
        wire.send(head.as_bytes());
        assert_eq!(wire.read_http().map(|http| http.status), Some(status), "{header}");
    }
}

#[test]
fn what_the_control_api_does_not_know_it_says() {
    let server = server().ephemeral().start();
    for (method, path, body, status) in [
        ("GET", "nothing", json!({}), 404),
        ("GET", "reset", json!({}), 404),
        ("POST", "reset", json!({ "all": true }), 400),
        ("POST", "reset", json!([]), 400),
        ("DELETE", "faults/7", json!({}), 404),
        ("DELETE", "faults/x", json!({}), 404),
    ] {
        let (got, reply) = dev(&server, method, path, &body);
        assert_eq!(got, status, "{method} {path} {body}: {reply}");
        assert!(reply["message"].is_string(), "{reply}");
    }
}

#[test]
fn a_body_that_is_too_large_is_refused_in_json() {
    let server = server().ephemeral().start();
    let (status, said) = dev(&server, "POST", "faults", &json!({ "error": "x".repeat(70_000) }));
    assert!(status == 400 && said["message"].is_string(), "{status}: {said}");
}
