//! Hostile input, cases 23 and 25: JSON and base64 that are no one's.

use crate::{SHARD, create, put, read, send_body, server};

#[test]
fn hostile_json_is_a_serialization_exception_and_changes_nothing() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    let nested = |open: &str, count: usize| open.repeat(count).into_bytes();
    let digits = [b"{\"Limit\":".to_vec(), vec![b'9'; 900_000], b"}".to_vec()].concat();
    let cases: Vec<Vec<u8>> = vec![
        b" ".to_vec(),
        nested("[", 10_000),
        nested("{\"a\":", 10_000),
        [b"{\"Unknown\":".to_vec(), nested("[", 10_000), nested("]", 10_000), b"}".to_vec()]
            .concat(),
        digits,
        br#"{"StreamName":"\ud800"}"#.to_vec(),
        br#"{"StreamName":"\udc00\ud800"}"#.to_vec(),
        b"\xef\xbb\xbf{\"StreamName\":\"s\"}".to_vec(),
        b"{\"StreamName\":\"\xc3\x28\"}".to_vec(),
        b"{\"StreamName\":\"\xed\xa0\x80\"}".to_vec(),
        b"{\"StreamName\":\"a\0b\"}".to_vec(),
        br#"{"Limit":NaN}"#.to_vec(),
        br#"{"Limit":Infinity}"#.to_vec(),
        br#"{"Limit":-}"#.to_vec(),
        br#"{"Limit":01}"#.to_vec(),
        br#"{"Limit":1.}"#.to_vec(),
        br#"{"StreamName":"s"}{"#.to_vec(),
        br#"{"StreamName":"s",}"#.to_vec(),
        br#"{'StreamName':'s'}"#.to_vec(),
        br#"{"StreamName":"s" "Limit":1}"#.to_vec(),
        br#"{"StreamName":true}"#.to_vec(),
        br#"[{"StreamName":"s"}]"#.to_vec(),
        br#""s""#.to_vec(),
        b"null".to_vec(),
        b"tru".to_vec(),
    ];
    for body in cases {
        let reply = send_body(&server, "DescribeStream", &body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(reply.code(), "SerializationException", "{shown}: {reply:?}");
        assert_eq!(reply.status, 400, "{shown}");
    }
    put(&server, "s", "QQ==");
    assert_eq!(read(&server, "s", SHARD), ["QQ=="]);
}

#[test]
fn members_with_strange_names_are_ignored() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    let body =
        br#"{"__proto__":{"a":1},"constructor":[],"":null,"StreamName":"s","stream_name":"x"}"#;
    assert_eq!(send_body(&server, "DescribeStream", body).status, 200);
}

#[test]
fn a_million_empty_arrays_are_skipped() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    let arrays = "[],".repeat(1_000_000);
    let body = format!(
        r#"{{"Unknown":[{arrays}[]],"StreamName":"s","Records":[{{"Data":"QQ==","PartitionKey":"k"}}]}}"#
    );
    let reply = send_body(&server, "PutRecords", body.as_bytes());
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(read(&server, "s", SHARD), ["QQ=="]);
}

#[test]
fn base64_is_taken_in_its_one_form_only() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    for good in ["", "QQ==", "QUE=", "QUFB", "+/+/"] {
        put(&server, "s", good);
    }
    let bad = [
        "Q",
        "QQ",
        "QQ=",
        "QQ===",
        "=",
        "====",
        "QQ==QQ==",
        "-_-_",
        "QR==",
        "QUF=",
        " QQ==",
        "QQ==\\n",
        "Q Q=",
        "Q\\u0000==",
        "QUE=Q",
    ];
    for data in bad {
        let one = format!(r#"{{"StreamName":"s","Data":"{data}","PartitionKey":"k"}}"#);
        let reply = send_body(&server, "PutRecord", one.as_bytes());
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "SerializationException"),
            "{data:?}"
        );
        let many = format!(
            "{{\"StreamName\":\"s\",\"Records\":[{{\"Data\":\"QQ==\",\"PartitionKey\":\"k\"}},\
             {{\"Data\":\"{data}\",\"PartitionKey\":\"k\"}}]}}"
        );
        let reply = send_body(&server, "PutRecords", many.as_bytes());
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "SerializationException"),
            "{data:?}"
        );
    }
    assert_eq!(read(&server, "s", SHARD), ["", "QQ==", "QUE=", "QUFB", "+/+/"]);
}
