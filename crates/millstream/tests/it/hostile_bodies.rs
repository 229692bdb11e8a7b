//! Hostile input, cases 1, 2 and 7: bodies that are too large, never whole, or framed in two ways.

use crate::{SHARD, create, put, read, server};

fn head(operation: &str, framing: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: Kinesis_20131202.{operation}\r\n\
         content-type: application/x-amz-json-1.1\r\n{framing}\r\n\r\n"
    )
}

#[test]
fn a_declared_body_over_the_limit_is_refused_before_it_is_read() {
    let server = server().ephemeral().start();
    for (operation, length) in [
        ("DescribeStream", "2000000"),
        ("PutRecords", "100000000"),
        ("PutRecord", "999999999999999999"),
    ] {
        let mut wire = server.connect();
        wire.send(head(operation, &format!("content-length: {length}")).as_bytes());
        let http = wire.read_http().expect("an answer without the body");
        let said = String::from_utf8_lossy(&http.body).into_owned();
        assert_eq!(http.status, 413, "{operation}: {said}");
        assert!(said.contains("SerializationException"), "{said}");
    }
    // What is beyond any number that a reader may use is no length at all.
    let mut wire = server.connect();
    wire.send(head("PutRecord", "content-length: 18446744073709551615").as_bytes());
    assert_eq!(wire.read_http().map(|http| http.status), Some(400));
}

#[test]
fn a_chunked_body_over_the_limit_is_refused_while_it_is_read() {
    let server = server().ephemeral().start();
    let mut wire = server.connect();
    wire.send(head("DescribeStream", "transfer-encoding: chunked").as_bytes());
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
    for _ in 0..40 {
        if !wire.try_send(&chunk) {
            break;
        }
    }
    // The peer may close while we still send; whether its answer then arrives is TCP's choice.
    if let Some(http) = wire.read_http() {
        assert_eq!(http.status, 413);
    }
    create(&server, "s", 1);
}

#[test]
fn the_largest_legal_request_is_taken() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    let data = "QUFB".repeat(349_525);
    let record = format!(r#"{{"Data":"{data}","PartitionKey":"k"}}"#);
    let body = format!(r#"{{"StreamName":"s","Records":[{}]}}"#, vec![record; 9].join(","));
    let reply = crate::send_body(&server, "PutRecords", body.as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.message());
    assert_eq!(read(&server, "s", SHARD).len(), 9);
}

#[test]
fn a_body_that_ends_early_changes_nothing() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    let body = br#"{"StreamName":"s","Data":"QQ==","PartitionKey":"k"}"#;
    let mut wire = server.connect();
    wire.send(head("PutRecord", &format!("content-length: {}", body.len() + 1)).as_bytes());
    wire.send(body);
    wire.finish();
    wire.read_to_close();
    let mut wire = server.connect();
    wire.send(head("PutRecord", "transfer-encoding: chunked").as_bytes());
    wire.send(&[format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat());
    wire.finish();
    wire.read_to_close();
    put(&server, "s", "QUE=");
    assert_eq!(read(&server, "s", SHARD), ["QUE="]);
}

#[test]
fn a_body_that_never_comes_is_given_up() {
    let server = server().ephemeral().config("[limits]\nbody_read_timeout_ms = 100\n").start();
    for framing in ["content-length: 100", "transfer-encoding: chunked"] {
        let mut wire = server.connect();
        wire.send(head("DescribeStream", framing).as_bytes());
        let http = wire.read_http().expect("an answer");
        assert_eq!(http.status, 408, "{framing}");
        wire.read_to_close();
    }
}

#[test]
fn framing_in_two_ways_is_refused() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    let body = r#"{"StreamName":"s","Data":"QQ==","PartitionKey":"k"}"#;
    let length = body.len();
    let chunked = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    let smuggled = head("PutRecord", &format!("content-length: {length}"));
    for (name, framing, body) in [
        (
            "both",
            format!("content-length: {length}\r\ntransfer-encoding: chunked"),
            chunked.clone(),
        ),
        (
            "both, the other way",
            format!("transfer-encoding: chunked\r\ncontent-length: {length}"),
            chunked.clone(),
        ),
        ("two lengths", format!("content-length: {length}\r\ncontent-length: 0"), body.to_owned()),
        ("a list of lengths", format!("content-length: {length}, 0"), body.to_owned()),
        ("a signed length", format!("content-length: +{length}"), body.to_owned()),
        ("a length in hexadecimal", "content-length: 0x33".to_owned(), body.to_owned()),
        ("chunked is not last", "transfer-encoding: chunked, identity".to_owned(), chunked.clone()),
        ("a strange coding", "transfer-encoding: xchunked".to_owned(), chunked.clone()),
        (
            "a chunk of no size",
            "transfer-encoding: chunked".to_owned(),
            format!("zz\r\n{body}\r\n0\r\n\r\n"),
        ),
        (
            "a negative chunk",
            "transfer-encoding: chunked".to_owned(),
            format!("-1\r\n{body}\r\n0\r\n\r\n"),
        ),
        (
            "a chunk of 2^64",
            "transfer-encoding: chunked".to_owned(),
            format!("10000000000000000\r\n{body}\r\n0\r\n\r\n"),
        ),
    ] {
        let mut wire = server.connect();
        wire.send(head("PutRecord", &framing).as_bytes());
        wire.send(body.as_bytes());
        wire.send(smuggled.as_bytes());
        wire.send(body.as_bytes());
        wire.finish();
        let said = String::from_utf8_lossy(&wire.read_to_close()).into_owned();
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{name}: {said}");
        assert!(!said.contains("HTTP/1.1 200"), "{name}: {said}");
    }
    assert!(read(&server, "s", SHARD).is_empty());
}
