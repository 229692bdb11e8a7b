//! Hostile input, cases 3 to 5 and 40: slow clients and many of them.

use serde_json::json;

use crate::{SHARD, create, metric, put, server};

#[test]
fn a_head_that_does_not_end_is_given_up() {
    let server = server().ephemeral().config("[limits]\nheader_read_timeout_ms = 100\n").start();
    let mut wire = server.connect();
    wire.send(b"POST / HTTP/1.1\r\nhost: localhost\r\nx-slow: ");
    wire.read_to_close();
    assert!(metric(&server, "millstream_http_connections_timed_out_total") >= 1);
}

#[test]
fn a_head_that_comes_byte_by_byte_does_not_win_time() {
    let server = server().ephemeral().config("[limits]\nheader_read_timeout_ms = 100\n").start();
    let mut wire = server.connect();
    // Far more than the time allows, however fast it goes; each byte is a packet of its own.
    let mut sent = 0;
    while wire.try_send(b"x") {
        sent += 1;
        assert!(sent < 50_000_000, "the head never ends");
    }
}

#[test]
fn idle_connections_are_closed_before_and_after_a_request() {
    let server = server().ephemeral().config("[limits]\nidle_timeout_ms = 100\n").start();
    assert!(server.connect().read_to_close().is_empty());
    let mut wire = server.connect();
    wire.send(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert_eq!(wire.read_http().map(|http| http.status), Some(200));
    assert!(wire.read_to_close().is_empty());
}

#[test]
fn connections_over_the_limit_are_closed_and_places_come_free() {
    let server = server().ephemeral().config("[limits]\nconnections_per_address_max = 3\n").start();
    let mut held: Vec<_> = (0..3)
        .map(|_| {
            let mut wire = server.connect();
            wire.send(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
            assert_eq!(wire.read_http().map(|http| http.status), Some(200));
            wire
        })
        .collect();
    assert!(server.connect().read_to_close().is_empty());
    held.pop();
    let again = (0..100_000).any(|_| {
        let mut wire = server.connect();
        wire.send(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
        wire.read_http().is_some()
    });
    assert!(again, "a place came free");
}

#[test]
fn slow_bodies_hold_no_more_than_their_budget_and_others_get_through() {
    let limits = "[limits]\nmode = \"off\"\nbody_read_timeout_ms = 300\nbody_bytes_in_flight_max = 4194304\n";
    let server = server().ephemeral().config(limits).start();
    create(&server, "s", 1);
    let slow: Vec<_> = (0..40)
        .map(|_| {
            let mut wire = server.connect();
            let head = "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: Kinesis_20131202.PutRecords\r\n\
                        content-type: application/x-amz-json-1.1\r\ncontent-length: 1000000\r\n\r\n{";
            wire.send(head.as_bytes());
            wire
        })
        .collect();
    for _ in 0..20 {
        put(&server, "s", "QQ==");
    }
    for mut wire in slow {
        let said = String::from_utf8_lossy(&wire.read_to_close()).into_owned();
        assert!(!said.contains(" 200 "), "{said}");
    }
}

#[test]
fn a_client_that_stops_reading_is_let_go_and_others_go_on() {
    let server =
        server().ephemeral().config("[limits]\nmode = \"off\"\nwrite_timeout_ms = 300\n").start();
    create(&server, "s", 1);
    let data = "QUFB".repeat(300_000);
    for _ in 0..10 {
        put(&server, "s", &data);
    }
    let at = json!({ "StreamName": "s", "ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON" });
    let at = server.must("GetShardIterator", at)["ShardIterator"].clone();
    let body = json!({ "ShardIterator": at }).to_string();
    let mut wire = server.connect();
    // Ten replies of 12 MB are more than the system's buffers hold.
    wire.send(&millstream_testkit::request("GetRecords", "", body.as_bytes()).repeat(10));
    let let_go =
        (0..1_000_000).any(|_| metric(&server, "millstream_http_connections_timed_out_total") > 0);
    assert!(let_go);
    let came = wire.read_to_close().len();
    assert!(came < 100_000_000, "{came} bytes came all the same");
    put(&server, "s", "QQ==");
}
