//! Streams that the configuration declares are there once the server says that it listens.

use millstream_testkit::{Scratch, Server};
use serde_json::{Value, json};

use crate::{create, put, read, server};

fn summary(server: &Server, name: &str) -> Value {
    let summary = server.must("DescribeStreamSummary", json!({ "StreamName": name }));
    summary["StreamDescriptionSummary"].clone()
}

#[test]
fn the_file_declares_a_stream_with_all_its_settings() {
    let server = server()
        .config(
            "[limits]\nmode = \"aws\"\n[[stream]]\nname = \"orders\"\nshards = 3\nretention_hours = 48\n\
             max_record_size_kib = 2048\ntags = { team = \"checkout\" }\n[[stream]]\nname = \"audit\"\nshards = 1\n",
        )
        .start();
    let orders = summary(&server, "orders");
    assert_eq!(orders["StreamStatus"], "ACTIVE");
    assert_eq!(orders["OpenShardCount"], 3);
    assert_eq!(orders["RetentionPeriodHours"], 48);
    assert_eq!(orders["MaxRecordSizeInKiB"], 2048);
    let tags = server.must("ListTagsForStream", json!({ "StreamName": "orders" }));
    assert_eq!(tags["Tags"], json!([{ "Key": "team", "Value": "checkout" }]));
    assert_eq!(summary(&server, "audit")["RetentionPeriodHours"], 24);
}

#[test]
fn the_variable_declares_more_streams_than_call_rates_or_quotas_of_creating_allow() {
    let names: Vec<String> = (0..12).map(|n| format!("s{n}:1")).collect();
    let server = server()
        .ephemeral()
        .variable("MILLSTREAM_LIMITS", "aws")
        .variable("MILLSTREAM_STREAMS", &names.join(","))
        .start();
    for n in 0..12 {
        put(&server, &format!("s{n}"), "QQ==");
    }
}

#[test]
fn a_stream_may_be_declared_in_another_region_and_account() {
    let config = "region = \"eu-west-1\"\nstreams = \"here:1,there:2@us-west-2\"\n\
        [[stream]]\nname = \"theirs\"\nshards = 1\naccount = \"000000000042\"\n";
    let server = server().ephemeral().config(config).start();
    assert_eq!(
        summary(&server, "here")["StreamARN"],
        "arn:aws:kinesis:eu-west-1:000000000000:stream/here"
    );
    let reply = server.call("DescribeStreamSummary", &json!({ "StreamName": "there" }));
    assert!(reply.message().contains("us-west-2"), "{}", reply.message());
    let names = server.must("ListStreams", json!({}));
    assert_eq!(names["StreamNames"], json!(["here"]));
}

#[test]
fn what_is_there_is_left_as_it_is() {
    let first = server().variable("MILLSTREAM_STREAMS", "a:2,b:1").start();
    put(&first, "a", "QQ==");
    create(&first, "own", 1);
    let home = first.stop();
    let second = server().argument("--streams").argument("a:3,b:1,c:1").start_in(home);
    assert_eq!(summary(&second, "a")["OpenShardCount"], 2);
    let names = second.must("ListStreams", json!({}));
    assert_eq!(names["StreamNames"], json!(["a", "b", "c", "own"]));
    let shards = ["shardId-000000000000", "shardId-000000000001"];
    let records: Vec<_> = shards.iter().flat_map(|shard| read(&second, "a", shard)).collect();
    assert_eq!(records, ["QQ=="]);
    assert!(second.log().contains("another number of shards"), "{}", second.log());
}

#[test]
fn what_cannot_be_declared_stops_the_start() {
    let too_many =
        "[limits]\nmode = \"off\"\nshards_max = 3\n[[stream]]\nname = \"big\"\nshards = 4\n";
    for (streams, config, part) in [
        ("a", "", "name:shards"),
        ("a:0", "", "above 0"),
        ("a:1,a:2", "", "twice"),
        ("a:1,", "", "name:shards"),
        ("a:1,,b:1", "", "name:shards"),
        ("", too_many, "shard limit"),
        ("", "[[stream]]\nname = \"a\"\n", "number 1"),
    ] {
        let home = Scratch::new();
        let refused = server().config(config).variable("MILLSTREAM_STREAMS", streams);
        let (status, said) = refused.refuse_in(&home);
        assert!(!status.success() && said.contains(part), "{streams} {config}: {said}");
    }
}

#[test]
fn a_name_is_free_as_soon_as_its_stream_is_deleted() {
    let server = server().start();
    create(&server, "s", 1);
    let mut last = String::new();
    for _ in 0..10 {
        put(&server, "s", "QQ==");
        let reply = put(&server, "s", "QQ==");
        let number = reply["SequenceNumber"].as_str().expect("a number").to_owned();
        assert!(number > last, "{number} after {last}");
        last = number;
        server.must("DeleteStream", json!({ "StreamName": "s" }));
        create(&server, "s", 1);
        assert_eq!(read(&server, "s", crate::SHARD), Vec::<String>::new());
    }
}

#[test]
fn a_delay_of_transitions_keeps_the_name_taken() {
    let config = "[limits]\nmode = \"off\"\ntransition_delay_ms = 3600000\n";
    let server = server().ephemeral().config(config).start();
    server.must("CreateStream", json!({ "StreamName": "s", "ShardCount": 1 }));
    crate::dev_must(&server, "POST", "clock/advance", json!({ "by_ms": 3_600_000 }));
    crate::wait_active(&server, "s");
    server.must("DeleteStream", json!({ "StreamName": "s" }));
    let again = server.call("CreateStream", &json!({ "StreamName": "s", "ShardCount": 1 }));
    assert_eq!(again.code(), "ResourceInUseException");
}
