//! Bodies made to break a decoder: each is answered with `SerializationException`, soon and in little memory.

use millstream_api::ops::*;
use millstream_api::{Error, ErrorCode, Record};
use millstream_wire::fuzz::{fuzz_cbor, fuzz_json};
use millstream_wire::{Protocol, Unknown, decode, decode_put_records};

fn refused<'a, T: Record<'a>>(protocol: Protocol, body: &'a [u8]) {
    let decoded: Result<T, Error> = decode(protocol, body, &mut Unknown::default());
    let shown = String::from_utf8_lossy(&body[..body.len().min(80)]);
    match decoded {
        Ok(_) => panic!("taken: {shown}"),
        Err(error) => {
            assert_eq!(error.code, ErrorCode::SerializationException, "{shown}: {error}");
            assert!(error.message.len() < 1024);
        }
    }
    match protocol {
        Protocol::Json => fuzz_json(body),
        Protocol::Cbor => fuzz_cbor(body),
    }
}

#[test]
fn malformed_json_is_refused() {
    let bodies: &[&[u8]] = &[
        b" ",
        b"null",
        b"1",
        b"\"x\"",
        b"[]",
        b"{",
        b"}",
        b"{]",
        b"{\"StreamName\"",
        b"{\"StreamName\":",
        b"{\"StreamName\":}",
        b"{\"StreamName\":\"a\"",
        b"{\"StreamName\":\"a",
        b"{\"StreamName\":\"a\",}",
        b"{,\"StreamName\":\"a\"}",
        b"{\"StreamName\" \"a\"}",
        b"{StreamName:\"a\"}",
        b"{'StreamName':'a'}",
        b"{\"StreamName\":\"a\"}x",
        b"{\"StreamName\":\"a\"}{}",
        b"{\"StreamName\":\"a\"}\0",
        b"\xef\xbb\xbf{\"StreamName\":\"a\"}",
        b"{\"StreamName\":\"a\"/*c*/}",
        b"{\"StreamName\":\"a\",\"StreamName\":\"b\"}",
        b"{\"StreamName\":null,\"StreamName\":\"b\"}",
        b"{\"StreamName\":\"a\",\"Stream\\u004eame\":\"b\"}",
        b"{\"StreamName\":\"a\",\"Tags\":{\"k\":\"1\",\"k\":\"2\"}}",
        b"{\"StreamName\":NaN}",
        b"{\"StreamName\":\"a\",\"ShardCount\":NaN}",
        b"{\"StreamName\":\"a\",\"ShardCount\":Infinity}",
        b"{\"StreamName\":\"a\",\"ShardCount\":-}",
        b"{\"StreamName\":\"a\",\"ShardCount\":01}",
        b"{\"StreamName\":\"a\",\"ShardCount\":+1}",
        b"{\"StreamName\":\"a\",\"ShardCount\":1.}",
        b"{\"StreamName\":\"a\",\"ShardCount\":.5}",
        b"{\"StreamName\":\"a\",\"ShardCount\":1e}",
        b"{\"StreamName\":\"a\",\"ShardCount\":0x10}",
        b"{\"StreamName\":\"a\",\"ShardCount\":tru}",
        b"{\"StreamName\":\"a\",\"ShardCount\":nul}",
        b"{\"StreamName\":\"a\nb\"}",
        b"{\"StreamName\":\"a\0\"}",
        b"{\"StreamName\":\"\\x\"}",
        b"{\"StreamName\":\"\\u12\"}",
        b"{\"StreamName\":\"\\ud800\"}",
        b"{\"StreamName\":\"\\udc00\"}",
        b"{\"StreamName\":\"\\ud800\\u0041\"}",
        b"{\"StreamName\":\"\\ud800x\"}",
        b"{\"StreamName\":\"\xff\"}",
        b"{\"StreamName\":\"\xed\xa0\x80\"}",
        b"{\"StreamName\":\"a\",\"\xc3\":1}",
        b"{\"StreamName\":\"a\",\"x\":\"\xff\"}",
        b"{\"StreamName\":\"a\",\"x\":\"\\ud800\"}",
        b"{\"StreamName\":\"a\",\"x\":[1,]}",
        b"{\"StreamName\":\"a\",\"x\":[1 2]}",
        b"{\"StreamName\":\"a\",\"x\":{\"y\"}}",
        b"{\"StreamName\":\"a\",\"x\":\"\n\"}",
    ];
    for body in bodies {
        refused::<CreateStreamInput>(Protocol::Json, body);
    }
}

#[test]
fn deep_wide_and_long_json_is_bounded() {
    let within = |value: &str| format!(r#"{{"StreamName":"a","x":{value}}}"#);
    for (open, close) in [("[", "]"), (r#"{"x":"#, "}")] {
        let deep =
            |depth: usize| within(&format!("{}1{}", open.repeat(depth), close.repeat(depth)));
        refused::<CreateStreamInput>(Protocol::Json, deep(128).as_bytes());
        refused::<CreateStreamInput>(Protocol::Json, deep(10_000).as_bytes());
        refused::<CreateStreamInput>(Protocol::Json, within(&open.repeat(100_000)).as_bytes());
        let mut unknown = Unknown::default();
        let deepest = deep(127);
        assert!(
            decode::<CreateStreamInput>(Protocol::Json, deepest.as_bytes(), &mut unknown).is_ok()
        );
    }
    let digits = format!(r#"{{"StreamName":"a","ShardCount":{}}}"#, "9".repeat(10 << 20));
    refused::<CreateStreamInput>(Protocol::Json, digits.as_bytes());
    refused::<CreateStreamInput>(Protocol::Json, within(&"9".repeat(10 << 20)).as_bytes());

    // Skipped, however many there are; in a list that the model knows they are of the wrong type.
    let wide = vec!["[]"; 1_000_000].join(",");
    let skipped = within(&format!("[{wide}]"));
    let mut unknown = Unknown::default();
    assert!(decode::<CreateStreamInput>(Protocol::Json, skipped.as_bytes(), &mut unknown).is_ok());
    refused::<PutRecordsInput<'_>>(Protocol::Json, format!(r#"{{"Records":[{wide}]}}"#).as_bytes());

    // Structures that lack everything are kept up to one past the model's most.
    let wide = vec!["{}"; 1_000_000].join(",");
    let body = format!(r#"{{"Records":[{wide}]}}"#);
    let error = decode_put_records(Protocol::Json, body.as_bytes(), &mut unknown).unwrap_err();
    assert_eq!(error.code, ErrorCode::ValidationException);
}

#[test]
fn malformed_cbor_is_refused() {
    let name = b"\x6aStreamName";
    let with = |parts: &[&[u8]]| parts.concat();
    let bodies: Vec<Vec<u8>> = vec![
        b"\xf6".to_vec(),
        b"\x80".to_vec(),
        b"\xff".to_vec(),
        b"\xa1".to_vec(),
        b"\xbf".to_vec(),
        b"\x1c".to_vec(),
        b"\xa0\x00".to_vec(),
        b"\xbf\xff\xff".to_vec(),
        with(&[b"\xd9\xd9\xf7\xa1", name, b"\x61a"]),
        with(&[b"\xa1", name]),
        with(&[b"\xa1", name, b"\x62a"]),
        with(&[b"\xa1", name, b"\x7b\x80\x00\x00\x00\x00\x00\x00\x00"]),
        with(&[b"\xa1", name, b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff"]),
        with(&[b"\xa1", name, b"\x41a"]),
        with(&[b"\xa1", name, b"\x01"]),
        with(&[b"\xa1", name, b"\x61\xff"]),
        with(&[b"\xa1", name, b"\x7f\x61\xc3\x61\xa4\xff"]),
        with(&[b"\xa1", name, b"\x7f\x41a\xff"]),
        with(&[b"\xa1", name, b"\x7f\x7f\x61a\xff\xff"]),
        with(&[b"\xa1", name, b"\x7f\x61a"]),
        with(&[b"\xa1", name, b"\xc1\x61a"]),
        with(&[b"\xa2", name, b"\x61a", name, b"\x61a"]),
        with(&[b"\xa2", name, b"\x61a\x01\x01"]),
        with(&[b"\xa2", name, b"\x61a\x41x\x01"]),
        with(&[b"\xa2", name, b"\x61a\xf6\x01"]),
        with(&[b"\xa2", name, b"\x61a\x61x\x5b\x80\x00\x00\x00\x00\x00\x00\x00"]),
        with(&[b"\xa2", name, b"\x61a\x61x\x61\xff"]),
        with(&[b"\xa2", name, b"\x61a\x61x\xf8\x20"]),
        with(&[b"\xa2", name, b"\x61a\x61x\xe0"]),
        with(&[b"\xa2", name, b"\x61a\x61x\xff"]),
        with(&[b"\xa2", name, b"\x61a\x61x\x1f"]),
        with(&[b"\xa2", name, b"\x61a\x61x\xdf\x01"]),
        with(&[b"\xa2", name, b"\x61a\x6aShardCount\xf9\x7e\x00"]),
        with(&[b"\xa2", name, b"\x61a\x6aShardCount\xf9\x7c\x00"]),
        with(&[b"\xa2", name, b"\x61a\x6aShardCount\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00"]),
        with(&[b"\xa2", name, b"\x61a\x6aShardCount\x1b\xff\xff\xff\xff\xff\xff\xff\xff"]),
        with(&[b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", name, b"\x61a"]),
    ];
    for body in &bodies {
        refused::<CreateStreamInput>(Protocol::Cbor, body);
    }
}

#[test]
fn deep_and_boundless_cbor_is_bounded() {
    for (open, close) in
        [(&b"\x81"[..], &b""[..]), (b"\x9f", b"\xff"), (b"\xc2", b""), (b"\xa1\x61x", b"")]
    {
        for depth in [128, 10_000, 100_000] {
            let body = [b"\xa1\x61x", open.repeat(depth).as_slice(), b"\x01", &close.repeat(depth)]
                .concat();
            refused::<CreateStreamInput>(Protocol::Cbor, &body);
        }
    }
    // A list that says it has 2^63 records.
    let body = b"\xa1\x67Records\x9b\x80\x00\x00\x00\x00\x00\x00\x00\xa1\x64Data\x40";
    refused::<PutRecordsInput<'_>>(Protocol::Cbor, body);
    let body = b"\xa1\x67Records\x81\xa1\x64Data\x5b\x80\x00\x00\x00\x00\x00\x00\x00ab";
    refused::<PutRecordsInput<'_>>(Protocol::Cbor, body);
}

#[test]
fn times_that_are_none_are_refused() {
    let cbor = |time: &[u8]| [b"\xa1\x69Timestamp", time].concat();
    for time in [
        &b"\xc1\xf9\x7e\x00"[..],
        b"\xc1\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00",
        b"\xc1\x61a",
        b"\xc1\xc1\x01",
        b"\xc2\x01",
        b"\xc0\x61a",
        b"\xc1\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xc1\x9f\xff",
        b"\xc1",
    ] {
        refused::<GetShardIteratorInput>(Protocol::Cbor, &cbor(time));
    }
    for time in ["1e400", "1e18", "-", "9223372036854775807", "{}", "\"1\""] {
        let body = format!(r#"{{"Timestamp":{time}}}"#);
        refused::<GetShardIteratorInput>(Protocol::Json, body.as_bytes());
    }
}

#[test]
fn base64_is_taken_only_in_its_canonical_form() {
    let body = |data: &str| format!(r#"{{"Records":[{{"Data":"{data}","PartitionKey":"k"}}]}}"#);
    let take = |data: &str| {
        let body = body(data);
        let input = decode_put_records(Protocol::Json, body.as_bytes(), &mut Unknown::default())?;
        let bytes = input.records[0].data.to_vec();
        bytes.map_err(|_| Error::serialization("found by the second pass"))
    };
    for (data, bytes) in [
        ("", &b""[..]),
        ("YQ==", b"a"),
        ("YWI=", b"ab"),
        ("YWJj", b"abc"),
        ("+/+/", b"\xfb\xff\xbf"),
        ("+\\/+\\/", b"\xfb\xff\xbf"),
        ("YQ\\u003d\\u003d", b"a"),
    ] {
        assert_eq!(take(data).unwrap(), bytes, "{data}");
    }
    for data in [
        "YQ",
        "YQ=",
        "Y===",
        "====",
        "=",
        "YR==",
        "YWJ=",
        "YQ==YQ==",
        "YW-_",
        "YWJj ",
        " YWJj",
        "YW Jj",
        "YWJjYQ",
        "YQ\\n==",
        "YQ==\\n",
        "ääää",
        "YW\\u0000j",
        "Y\\",
        "YWJ\\x",
        "YWJ\u{1}",
        "YQ==\n\n\n\n",
    ] {
        let error = take(data).unwrap_err();
        assert_eq!(error.code, ErrorCode::SerializationException, "{data}: {error}");
        refused::<PutRecordsInput<'_>>(Protocol::Json, body(data).as_bytes());
    }
}
