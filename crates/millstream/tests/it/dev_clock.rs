//! The service clock of an open server: held, moved forward, never back.

use millstream_testkit::Server;
use serde_json::{Value, json};

use crate::{SHARD, create, dev, dev_command, dev_must, put, read, server, wait_active};

const HOUR_MS: u64 = 3_600_000;

fn now_ms(server: &Server) -> u64 {
    dev_must(server, "GET", "clock", Value::Null)["now_ms"].as_u64().expect("a time")
}

fn advance(server: &Server, by_ms: u64) {
    dev_must(server, "POST", "clock/advance", json!({ "by_ms": by_ms }));
}

fn iterator(server: &Server, kind: &str) -> Value {
    let at = json!({ "StreamName": "s", "ShardId": SHARD, "ShardIteratorType": kind });
    server.must("GetShardIterator", at)["ShardIterator"].clone()
}

#[test]
fn it_stands_still_and_goes_on_from_where_it_stood() {
    let server = server().ephemeral().start();
    let held = dev_must(&server, "POST", "clock/hold", Value::Null);
    assert_eq!(held["held"], true);
    create(&server, "s", 1);
    let arrival = |server: &Server| {
        put(server, "s", "QQ==");
        let at = iterator(server, "TRIM_HORIZON");
        let reply = server.must("GetRecords", json!({ "ShardIterator": at }));
        let records = reply["Records"].as_array().expect("records");
        let last = records.last().expect("a record");
        last["ApproximateArrivalTimestamp"].as_f64().expect("a time")
    };
    let first = arrival(&server);
    assert_eq!(arrival(&server), first);
    assert_eq!(now_ms(&server), (first * 1000.0).round() as u64);
    advance(&server, 1500);
    assert!((arrival(&server) - first - 1.5).abs() < 1e-6);
    let running = dev_must(&server, "POST", "clock/run", Value::Null);
    assert_eq!(running["held"], false);
    let started = now_ms(&server);
    while now_ms(&server) == started {}
}

#[test]
fn an_iterator_expires_five_minutes_later() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    dev_must(&server, "POST", "clock/hold", Value::Null);
    let at = iterator(&server, "LATEST");
    advance(&server, 300_000);
    assert_eq!(server.call("GetRecords", &json!({ "ShardIterator": at })).status, 200);
    advance(&server, 1);
    let reply = server.call("GetRecords", &json!({ "ShardIterator": at }));
    assert_eq!(reply.code(), "ExpiredIteratorException");
}

#[test]
fn records_are_hidden_once_their_retention_is_over() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    put(&server, "s", "QUE=");
    advance(&server, 23 * HOUR_MS);
    put(&server, "s", "QkI=");
    assert_eq!(read(&server, "s", SHARD), ["QUE=", "QkI="]);
    advance(&server, HOUR_MS + 1000);
    assert_eq!(read(&server, "s", SHARD), ["QkI="]);
}

#[test]
fn a_closed_shard_leaves_the_list_when_its_records_are_too_old() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    server.must(
        "SplitShard",
        json!({ "StreamName": "s", "ShardToSplit": SHARD, "NewStartingHashKey": "1000" }),
    );
    wait_active(&server, "s");
    let shards = |server: &Server| {
        let reply = server.must("ListShards", json!({ "StreamName": "s" }));
        reply["Shards"].as_array().expect("shards").len()
    };
    assert_eq!(shards(&server), 3);
    advance(&server, 25 * HOUR_MS);
    assert_eq!(shards(&server), 2);
}

#[test]
fn what_waits_for_a_moment_goes_on_when_it_comes() {
    let config = "[limits]\nmode = \"off\"\ntransition_delay_ms = 3600000\n";
    let server = server().ephemeral().config(config).start();
    dev_must(&server, "POST", "clock/hold", Value::Null);
    for round in 0..5 {
        let name = format!("s{round}");
        server.must("CreateStream", json!({ "StreamName": name, "ShardCount": 1 }));
        advance(&server, HOUR_MS);
        wait_active(&server, &name);
    }
}

#[test]
fn it_never_goes_back() {
    let server = server().ephemeral().start();
    let now = now_ms(&server);
    for (path, body, part) in [
        ("clock/set", json!({ "to_ms": now - 1000 }), "never goes back"),
        ("clock/set", json!({ "to_ms": u64::MAX }), "up to 4000"),
        ("clock/advance", json!({ "by_ms": u64::MAX }), "up to 4000"),
        ("clock/advance", json!({ "by_ms": -5 }), "by_ms"),
        ("clock/advance", json!({}), "by_ms is missing"),
        ("clock/set", json!({ "to_ms": now, "x": 1 }), "x is not known"),
    ] {
        let (status, reply) = dev(&server, "POST", path, &body);
        let message = reply["message"].as_str().expect("a message");
        assert!([400, 409].contains(&status) && message.contains(part), "{path} {body}: {message}");
    }
    assert!(now_ms(&server) < now + 60_000);
}

#[test]
fn a_restart_does_not_go_back_before_what_has_arrived() {
    let mut server = server().start();
    create(&server, "s", 1);
    advance(&server, 1000 * HOUR_MS);
    let first = put(&server, "s", "QUE=");
    let advanced = now_ms(&server);
    server.kill();
    server.restart();
    assert!(now_ms(&server) + 5000 >= advanced, "the last arrival is a floor");
    let second = put(&server, "s", "QkI=");
    assert!(second["SequenceNumber"].as_str() > first["SequenceNumber"].as_str());
    assert_eq!(read(&server, "s", SHARD), ["QUE=", "QkI="]);
    assert!(server.log().contains("ahead of the machine"), "{}", server.log());
}

#[test]
fn the_command_shows_and_moves_the_clock() {
    let server = server().ephemeral().start();
    let (ok, shown, error) = dev_command(&server, &["clock"]);
    assert!(ok, "{error}");
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!((&shown["held"], &shown["ahead_ms"]), (&json!(false), &json!(0)));
    for (arguments, held) in [
        (&["clock", "hold"][..], true),
        (&["clock", "advance", "1h30m"], true),
        (&["clock", "set", "2101-02-03T04:05:06Z"], true),
        (&["clock", "run"], false),
        (&["clock", "show"], false),
    ] {
        let (ok, said, error) = dev_command(&server, arguments);
        assert!(ok, "{arguments:?}: {error}");
        let said: Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!(said["held"], held, "{arguments:?}");
    }
    assert!(now_ms(&server) >= 4_136_760_306_000);
    let (ok, _, error) = dev_command(&server, &["clock", "set", "2020-01-01T00:00:00Z"]);
    assert!(!ok && error.contains("never goes back"), "{error}");
    let (ok, _, error) = dev_command(&server, &["clock", "advance", "soon"]);
    assert!(!ok && error.contains("duration"), "{error}");
}

#[test]
fn the_command_moves_the_clock_forward_only() {
    let server = server().start();
    for back in [["clock", "advance", "-5m"], ["clock", "advance", "-1"]] {
        let (ok, _, said) = dev_command(&server, &back);
        assert!(!ok && said.contains("the clock never goes back"), "{said}");
    }
    let (ok, said, error) = dev_command(&server, &["clock", "advance", "5m"]);
    assert!(ok && said.contains("now_ms"), "{error}");
    let (ok, help, _) = dev_command(&server, &["clock", "advance", "--help"]);
    assert!(ok && help.contains("never goes back"), "{help}");
}
