//! Hostile input, cases 20 to 22: ARNs, iterators, tokens and numbers that are another's or no one's.

use millstream_types::{Millis, SequenceNumber};
use serde_json::{Value, json};

use crate::{SHARD, create, put, server};

#[test]
fn arns_that_are_not_this_streams_reach_nothing() {
    let server = server().ephemeral().start();
    create(&server, "a", 1);
    let own = "arn:aws:kinesis:us-east-1:000000000000:stream/a";
    assert_eq!(server.call("DescribeStream", &json!({ "StreamARN": own })).status, 200);
    for arn in [
        "arn:aws:kinesis:us-east-1:111111111111:stream/a",
        "arn:aws:kinesis:eu-west-1:000000000000:stream/a",
        "arn:aws:firehose:us-east-1:000000000000:stream/a",
        "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:1",
        "arn:aws:kinesis:us-east-1:000000000000:stream/a/",
        "arn:aws:kinesis:us-east-1:000000000000:stream/*",
        "arn:aws:kinesis:us-east-1:000000000000:stream/../a",
        "arn:aws:kinesis:us-east-1:000000000000:stream/a:b",
        "arn:aws:kinesis:us-east-1:000000000000:stream/",
        "arn:aws:kinesis:us-east-1:0:stream/a",
        "arn:aws:kinesis::000000000000:stream/a",
        "arn:aws:kinesis:us-east-1:000000000000:a",
        "a",
        "",
    ] {
        for operation in ["DescribeStream", "DeleteStream", "ListShards", "PutRecord"] {
            let input = json!({ "StreamARN": arn, "Data": "QQ==", "PartitionKey": "k" });
            let reply = server.call(operation, &input);
            assert_eq!(reply.status, 400, "{operation} {arn}: {reply:?}");
            let code = reply.code();
            let known = [
                "ValidationException",
                "InvalidArgumentException",
                "AccessDeniedException",
                "ResourceNotFoundException",
            ];
            assert!(known.contains(&code.as_str()), "{operation} {arn}: {code}");
        }
    }
    assert_eq!(server.call("DescribeStream", &json!({ "StreamName": "a" })).status, 200);
}

#[test]
fn a_bit_flipped_anywhere_in_an_iterator_or_token_is_noticed() {
    let server = server().ephemeral().start();
    create(&server, "a", 3);
    create(&server, "b", 1);
    put(&server, "a", "QQ==");
    let at = json!({ "StreamName": "a", "ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON" });
    let at =
        server.must("GetShardIterator", at)["ShardIterator"].as_str().expect("text").to_owned();
    let token = server.must("ListShards", json!({ "StreamName": "a", "MaxResults": 1 }));
    let token = token["NextToken"].as_str().expect("text").to_owned();
    let list = server.must("ListStreams", json!({ "Limit": 1 }))["NextToken"].clone();
    let list = list.as_str().expect("text").to_owned();
    let mut wire = server.connect();
    for (operation, member, value) in [
        ("GetRecords", "ShardIterator", &at),
        ("ListShards", "NextToken", &token),
        ("ListStreams", "NextToken", &list),
    ] {
        for place in 0..value.len() {
            let mut bytes = value.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(bytes).expect("ASCII");
            let mut input = json!({});
            input[member] = Value::from(forged);
            let reply = millstream_testkit::call(&mut wire, operation, &input);
            assert_eq!(
                reply.code(),
                "InvalidArgumentException",
                "{operation}, place {place}: {reply:?}"
            );
        }
    }
    // One kind of token is not another.
    for (operation, member, value) in [
        ("GetRecords", "ShardIterator", &token),
        ("GetRecords", "ShardIterator", &list),
        ("ListShards", "NextToken", &at),
        ("ListShards", "NextToken", &list),
        ("ListStreams", "NextToken", &token),
        ("ListStreams", "NextToken", &at),
    ] {
        let mut input = json!({});
        input[member] = Value::from(value.as_str());
        assert_eq!(
            server.call(operation, &input).code(),
            "InvalidArgumentException",
            "{operation}"
        );
    }
}

#[test]
fn an_iterator_of_a_deleted_stream_finds_nothing() {
    let server = server().ephemeral().start();
    create(&server, "a", 1);
    let at = json!({ "StreamName": "a", "ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON" });
    let at = server.must("GetShardIterator", at)["ShardIterator"].clone();
    server.must("DeleteStream", json!({ "StreamName": "a" }));
    let input = json!({ "ShardIterator": at });
    // Deletion is asynchronous.
    while server.call("DescribeStream", &json!({ "StreamName": "a" })).status == 200 {}
    assert_eq!(server.call("GetRecords", &input).code(), "ResourceNotFoundException");
    create(&server, "a", 1);
    put(&server, "a", "QQ==");
    let reply = server.call("GetRecords", &input);
    assert_eq!(reply.code(), "ResourceNotFoundException", "{reply:?}");
}

#[test]
fn sequence_numbers_that_are_none_are_refused() {
    let server = server().ephemeral().start();
    create(&server, "a", 2);
    let own = server.must(
        "PutRecord",
        json!({ "StreamName": "a", "Data": "QQ==", "PartitionKey": "k", "ExplicitHashKey": "0" }),
    );
    let own: SequenceNumber = own["SequenceNumber"].as_str().unwrap().parse().unwrap();
    let year_4000 = Millis(64_060_588_800_000);
    let future =
        SequenceNumber::of_record(own.creation_second(), own.shard(), 0, year_4000).to_string();
    let huge = "9".repeat(129);
    let other = server.must(
        "PutRecord",
        json!({ "StreamName": "a", "Data": "QQ==", "PartitionKey": "k", "ExplicitHashKey": u128::MAX.to_string() }),
    );
    assert_eq!(other["ShardId"], "shardId-000000000001");
    let other = other["SequenceNumber"].as_str().expect("text").to_owned();
    let leading_zero = format!("0{other}");
    for number in [
        "0",
        "-1",
        "",
        "x",
        "340282366920938463463374607431768211456",
        "1e5",
        " 1",
        &huge,
        &leading_zero,
        &other,
        &future,
    ] {
        let at = json!({
            "StreamName": "a", "ShardId": SHARD, "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
            "StartingSequenceNumber": number,
        });
        let reply = server.call("GetShardIterator", &at);
        let code = reply.code();
        assert!(
            code == "InvalidArgumentException" || code == "ValidationException",
            "{number}: {reply:?}"
        );
    }
    for key in ["-1", "340282366920938463463374607431768211456", "01", "x", ""] {
        let input = json!({ "StreamName": "a", "Data": "QQ==", "PartitionKey": "k", "ExplicitHashKey": key });
        let reply = server.call("PutRecord", &input);
        let code = reply.code();
        assert!(
            code == "InvalidArgumentException" || code == "ValidationException",
            "{key}: {reply:?}"
        );
    }
}
