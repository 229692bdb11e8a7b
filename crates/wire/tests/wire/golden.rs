//! Bytes as they are on the wire, written by hand.

use millstream_api::ops::*;
use millstream_api::shapes::{StreamMode, StreamModeDetails};
use millstream_types::Millis;
use millstream_wire::{Protocol, Unknown, decode, decode_output, decode_put_records, encode};

fn create() -> CreateStreamInput {
    CreateStreamInput {
        stream_name: "a".into(),
        shard_count: Some(300),
        stream_mode_details: Some(StreamModeDetails { stream_mode: StreamMode::Provisioned }),
        tags: Some([("k".to_owned(), "ä\"".to_owned())].into()),
        warm_throughput_mibps: None,
        max_record_size_in_kib: None,
        record_distribution_strategy: None,
    }
}

#[test]
fn requests_have_these_bytes() {
    let json = concat!(
        r#"{"StreamName":"a","ShardCount":300,"StreamModeDetails":{"StreamMode":"PROVISIONED"},"#,
        r#""Tags":{"k":"ä\""}}"#
    );
    let cbor = [
        &b"\xbf\x6aStreamName\x61a\x6aShardCount\x19\x01\x2c"[..],
        b"\x71StreamModeDetails\xbf\x6aStreamMode\x6bPROVISIONED\xff",
        b"\x64Tags\xbf\x61k\x63\xc3\xa4\"\xff\xff",
    ]
    .concat();
    for (protocol, bytes) in [(Protocol::Json, json.as_bytes()), (Protocol::Cbor, &cbor)] {
        assert_eq!(encode(protocol, &create()), bytes);
        let read: CreateStreamInput = decode(protocol, bytes, &mut Unknown::default()).unwrap();
        assert_eq!(read, create());
    }
}

#[test]
fn times_are_seconds_in_json_and_tagged_milliseconds_in_cbor() {
    let at = |protocol, body: &[u8]| {
        let input: ListShardsInput = decode(protocol, body, &mut Unknown::default()).unwrap();
        input.stream_creation_timestamp.unwrap().0
    };
    for (text, ms) in [
        ("1700000000", 1_700_000_000_000),
        ("1700000000.123", 1_700_000_000_123),
        ("1700000000.1239", 1_700_000_000_124),
        ("1.7e9", 1_700_000_000_000),
        ("1.700000000123E+9", 1_700_000_000_123),
        ("0", 0),
        ("-5", 0),
        ("-0.1", 0),
    ] {
        let body = format!(r#"{{"StreamCreationTimestamp":{text}}}"#);
        assert_eq!(at(Protocol::Json, body.as_bytes()), ms, "{text}");
    }
    for (time, ms) in [
        (&b"\xc1\x1b\x00\x00\x01\x8b\xcf\xe5\x68\x7b"[..], 1_700_000_000_123),
        (b"\xc1\xfb\x41\xd9\x54\xfc\x40\x07\xdf\x3b", 1_700_000_000_123),
        (b"\x1b\x00\x00\x01\x8b\xcf\xe5\x68\x7b", 1_700_000_000_123),
        (b"\xc1\x20", 0),
        (b"\xc1\x00", 0),
        (b"\xc1\xf9\x3c\x00", 1000),
    ] {
        let body = [b"\xa1\x77StreamCreationTimestamp", time].concat();
        assert_eq!(at(Protocol::Cbor, &body), ms, "{time:x?}");
    }
    let input = ListShardsInput {
        stream_name: None,
        next_token: None,
        exclusive_start_shard_id: None,
        max_results: None,
        stream_creation_timestamp: Some(Millis(1_700_000_000_123)),
        shard_filter: None,
        stream_arn: None,
        stream_id: None,
    };
    assert_eq!(encode(Protocol::Json, &input), br#"{"StreamCreationTimestamp":1700000000.123}"#);
    assert_eq!(
        encode(Protocol::Cbor, &input),
        b"\xbf\x77StreamCreationTimestamp\xc1\x1b\x00\x00\x01\x8b\xcf\xe5\x68\x7b\xff"
    );
}

#[test]
fn cbor_of_definite_and_indefinite_length_reads_alike() {
    let definite =
        b"\xa2\x67Records\x81\xa2\x64Data\x43abc\x6cPartitionKey\x62kl\x6aStreamName\x61a";
    let indefinite = [
        &b"\xbf\x7f\x63Rec\x64ords\xff\x9f\xbf\x64Data\x5f\x41a\x40\x42bc\xff"[..],
        b"\x6cPartitionKey\x7f\x61k\x61l\xff\xff\xff\x6aStreamName\x78\x01a\xff",
    ]
    .concat();
    let mut unknown = Unknown::default();
    let expected = decode_put_records(Protocol::Cbor, definite, &mut unknown).unwrap();
    assert_eq!(expected.records[0].data.to_vec().unwrap(), b"abc");
    assert_eq!(expected.records[0].partition_key.as_deref(), Some("kl"));
    assert_eq!(decode_put_records(Protocol::Cbor, &indefinite, &mut unknown).unwrap(), expected);
}

#[test]
fn replies_are_read_leniently() {
    let body =
        br#"{"StreamNames":["a"],"HasMoreStreams":false,"Later":{"x":[1]},"NextToken":null}"#;
    let output: ListStreamsOutput = decode_output(Protocol::Json, body).unwrap();
    assert_eq!(output.stream_names, ["a"]);
    let error = decode_output::<ListStreamsOutput>(Protocol::Json, b"{}").unwrap_err();
    assert_eq!(error.to_string(), "SerializationException: A value is not a list");
    let negative = br#"{"FailedRecordCount":0,"Records":[]}"#;
    let output: PutRecordsOutput = decode_output(Protocol::Json, negative).unwrap();
    assert_eq!(output.failed_record_count, Some(0));
}
