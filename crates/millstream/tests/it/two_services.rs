//! Data Streams and Firehose on one port: each call reaches the service that its target names.

use millstream_testkit::{Reply, Server};

use crate::server;

const JSON: &str = "application/x-amz-json-1.1";
const CBOR: &str = "application/x-amz-cbor-1.1";

fn head(target: &str, content_type: &str, length: usize) -> Vec<u8> {
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: {target}\r\ncontent-type: {content_type}\r\n\
         content-length: {length}\r\n\r\n"
    )
    .into_bytes()
}

fn call(server: &Server, target: &str, content_type: &str, body: &[u8]) -> Reply {
    let mut wire = server.connect();
    wire.send(&[head(target, content_type, body.len()), body.to_vec()].concat());
    let http = wire.read_http().expect("an answer");
    Reply { status: http.status, http }
}

#[test]
fn an_operation_is_known_to_its_own_service_only() {
    let server = server().ephemeral().start();
    for target in [
        "Firehose_20150804.PutRecords",
        "Firehose_20150804.CreateStream",
        "Firehose_20150804.",
        "Firehose_20150804.putRecord",
        "Kinesis_20131202.PutRecordBatch",
        "Kinesis_20131202.CreateDeliveryStream",
        "Firehose_20131202.PutRecord",
        "Kinesis_20150804.PutRecord",
    ] {
        let reply = call(&server, target, JSON, b"{}");
        assert_eq!(reply.status, 400, "{target}: {reply:?}");
        assert_eq!(reply.code(), "UnknownOperationException", "{target}: {reply:?}");
        // CBOR's error is CBOR; its texts are in the body as they are.
        let reply = call(&server, target, CBOR, b"\xa0");
        assert_eq!(reply.status, 400, "{target}: {reply:?}");
        assert_eq!(reply.http.body[0], 0xbf, "{target}: {reply:?}");
        let text = String::from_utf8_lossy(&reply.http.body).into_owned();
        assert!(text.contains("UnknownOperationException"), "{target}: {text}");
    }
}

#[test]
fn an_operation_of_one_name_has_each_services_own_limit() {
    let server = server().ephemeral().start();
    let serialization = "SerializationException";
    for (target, length, code, said) in [
        // What Firehose says of records that are too large, whether or not the body is too.
        ("Firehose_20150804.PutRecord", 1_500_000, "ValidationException", "or equal to 1024000"),
        ("Kinesis_20131202.PutRecord", 1_500_000, "", ""),
        (
            "Firehose_20150804.PutRecordBatch",
            6_200_000,
            "InvalidArgumentException",
            "Records size exceeds 4 MB limit",
        ),
        (
            "Firehose_20150804.CreateDeliveryStream",
            1_200_000,
            serialization,
            "The body of CreateDeliveryStream may have",
        ),
    ] {
        let taken = code.is_empty();
        let mut wire = server.connect();
        wire.send(&head(target, JSON, length));
        if taken {
            wire.send(&vec![b' '; length]);
        }
        let http = wire.read_http().expect("an answer");
        let text = String::from_utf8_lossy(&http.body).into_owned();
        if taken {
            assert_eq!(http.status, 400, "{target}: {text}");
            continue;
        }
        assert_eq!(http.status, 413, "{target}: {text}");
        assert!(text.contains(code) && text.contains(said), "{text}");
    }
}

#[test]
fn both_protocols_reach_firehose() {
    let server = server().ephemeral().start();
    let list = "Firehose_20150804.ListDeliveryStreams";
    let reply = call(&server, list, JSON, b"{}");
    assert_eq!(reply.status, 200, "{reply:?}");
    let none = br#"{"DeliveryStreamNames":[],"HasMoreDeliveryStreams":false}"#;
    assert_eq!(reply.http.body, none);
    let reply = call(&server, list, CBOR, b"\xa0");
    assert_eq!(reply.status, 200, "{reply:?}");
    let none = b"\xbf\x73DeliveryStreamNames\x9f\xff\x76HasMoreDeliveryStreams\xf4\xff";
    assert_eq!(reply.http.body, none);

    let put = "Firehose_20150804.PutRecordBatch";
    let records = br#"{"DeliveryStreamName":"none","Records":[{"Data":"YQ=="}]}"#;
    assert_eq!(call(&server, put, JSON, records).code(), "ResourceNotFoundException");
    let records = b"\xa2\x72DeliveryStreamName\x64none\x67Records\x81\xa1\x64Data\x41a";
    let reply = call(&server, put, CBOR, records);
    let text = String::from_utf8_lossy(&reply.http.body).into_owned();
    assert!(reply.status == 400 && text.contains("ResourceNotFoundException"), "{text}");
}

#[test]
fn what_firehose_is_sent_is_checked_by_its_own_model() {
    let server = server().ephemeral().start();
    for (operation, body, code) in [
        ("PutRecordBatch", "{}", "ValidationException"),
        (
            "PutRecord",
            r#"{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}"#,
            "ValidationException",
        ),
        (
            "PutRecord",
            r#"{"DeliveryStreamName":"s","Record":{"Data":1}}"#,
            "SerializationException",
        ),
        ("DescribeDeliveryStream", r#"{"DeliveryStreamName":"a b"}"#, "ValidationException"),
        ("ListDeliveryStreams", r#"{"DeliveryStreamType":"Other"}"#, "ValidationException"),
        (
            "UpdateDestination",
            r#"{"DeliveryStreamName":"s","CurrentDeliveryStreamVersionId":"1","DestinationId":"d",
                "SnowflakeDestinationUpdate":{}}"#,
            "InvalidArgumentException",
        ),
    ] {
        let reply = call(&server, &format!("Firehose_20150804.{operation}"), JSON, body.as_bytes());
        assert_eq!((reply.status, reply.code()), (400, code.to_owned()), "{operation} {body}");
    }
}
