//! Hostile input, case 24: CBOR that is no one's.

use millstream_testkit::{Http, Server};

use crate::{SHARD, create, put, read, server};

fn send(server: &Server, operation: &str, body: &[u8]) -> Http {
    let mut wire = server.connect();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: Kinesis_20131202.{operation}\r\n\
         content-type: application/x-amz-cbor-1.1\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    wire.send(&[head.as_bytes(), body].concat());
    wire.read_http().expect("an answer")
}

/// A map of one member.
fn map(name: &str, value: &[u8]) -> Vec<u8> {
    assert!((24..256).contains(&name.len()) || name.len() < 24);
    [&[0xa1, 0x60 | name.len() as u8][..], name.as_bytes(), value].concat()
}

#[test]
fn hostile_cbor_is_a_serialization_exception_and_changes_nothing() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    let length = [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("no map", "DescribeStream", vec![0x80]),
        ("a byte string of 2^63", "PutRecord", map("Data", &[&[0x5b][..], &length].concat())),
        ("a text of 2^63", "PutRecord", map("PartitionKey", &[&[0x7b][..], &length].concat())),
        ("an array of 2^63", "PutRecords", map("Records", &[&[0x9b][..], &length].concat())),
        ("a map of 2^63", "DescribeStream", [&[0xbb][..], &length].concat()),
        ("nested arrays", "DescribeStream", map("StreamName", &vec![0x81; 10_000])),
        ("nested arrays of no known member", "DescribeStream", map("Unknown", &vec![0x81; 10_000])),
        ("nested indefinite arrays", "DescribeStream", map("Unknown", &vec![0x9f; 10_000])),
        ("nested tags", "DescribeStream", map("Unknown", &vec![0xc1; 10_000])),
        ("a key that is no text", "DescribeStream", vec![0xa1, 0x01, 0x02]),
        ("invalid UTF-8", "DescribeStream", map("StreamName", &[0x61, 0xff])),
        ("invalid UTF-8 in a key", "DescribeStream", vec![0xa1, 0x61, 0xff, 0x01]),
        ("a tagged name", "DescribeStream", map("StreamName", &[0xc1, 0x61, 0x73])),
        ("a number as a name", "DescribeStream", map("StreamName", &[0x01])),
        ("a timestamp that is no number", "ListStreams", vec![0xa1, 0x65]),
        ("cut", "DescribeStream", map("StreamName", &[0x63, b's'])),
        (
            "something behind",
            "DescribeStream",
            [map("StreamName", &[0x61, b's']), vec![0]].concat(),
        ),
        ("a break without a beginning", "DescribeStream", map("StreamName", &[0xff])),
        ("a reserved length", "DescribeStream", map("StreamName", &[0x7c])),
        ("NaN as a timestamp", "GetShardIterator", map("Timestamp", &[0xc1, 0xf9, 0x7e, 0x00])),
        (
            "infinity as a timestamp",
            "GetShardIterator",
            map("Timestamp", &[0xc1, 0xf9, 0x7c, 0x00]),
        ),
    ];
    for (name, operation, body) in cases {
        let http = send(&server, operation, &body);
        assert_eq!(http.status, 400, "{name}");
        assert_eq!(http.header("content-type"), Some("application/x-amz-cbor-1.1"), "{name}");
        let text = String::from_utf8_lossy(&http.body).into_owned();
        assert!(text.contains("SerializationException"), "{name}: {text}");
    }
    put(&server, "s", "QQ==");
    assert_eq!(read(&server, "s", SHARD), ["QQ=="]);
}

#[test]
fn blobs_of_indefinite_length_are_put_together() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    let body = [
        &[0xbf][..],
        &map("StreamName", &[0x61, b's'])[1..],
        &map("Data", &[0x5f, 0x42, b'A', b'B', 0x41, b'C', 0xff])[1..],
        &map("PartitionKey", &[0x7f, 0x61, b'k', 0xff])[1..],
        &[0xff],
    ]
    .concat();
    let http = send(&server, "PutRecord", &body);
    assert_eq!(http.status, 200, "{}", String::from_utf8_lossy(&http.body));
    assert_eq!(read(&server, "s", SHARD), ["QUJD"]);
}
