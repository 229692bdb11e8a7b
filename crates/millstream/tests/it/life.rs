//! A process from its start to its end.

use serde_json::json;

use crate::{SHARD, create, put, read, server, wait_active};

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let mut server = server().start();
    create(&server, "s", 2);
    let mut expected = Vec::new();
    for round in 0..5 {
        for n in 0..20 {
            let data = format!("AA{round}{n:01}").chars().take(4).collect::<String>();
            let reply = server.must(
                "PutRecord",
                json!({ "StreamName": "s", "Data": data, "PartitionKey": "k", "ExplicitHashKey": "0" }),
            );
            assert_eq!(reply["ShardId"], SHARD);
            expected.push(data);
        }
        server.kill();
        server.restart();
        assert_eq!(read(&server, "s", SHARD), expected);
    }
}

#[test]
fn control_changes_survive_kill_9() {
    let mut server = server().start();
    create(&server, "s", 1);
    server.must("AddTagsToStream", json!({ "StreamName": "s", "Tags": { "a": "b" } }));
    server.must(
        "IncreaseStreamRetentionPeriod",
        json!({ "StreamName": "s", "RetentionPeriodHours": 48 }),
    );
    wait_active(&server, "s");
    server.must(
        "SplitShard",
        json!({ "StreamName": "s", "ShardToSplit": SHARD, "NewStartingHashKey": "1000" }),
    );
    wait_active(&server, "s");
    server.kill();
    server.restart();
    let summary = server.must("DescribeStreamSummary", json!({ "StreamName": "s" }));
    let summary = &summary["StreamDescriptionSummary"];
    assert_eq!(summary["RetentionPeriodHours"], 48);
    let tags = server.must("ListTagsForStream", json!({ "StreamName": "s" }));
    assert_eq!(tags["Tags"], json!([{ "Key": "a", "Value": "b" }]));
    let shards = server.must("ListShards", json!({ "StreamName": "s" }));
    assert_eq!(shards["Shards"].as_array().map(Vec::len), Some(3));
}

#[test]
fn iterators_outlive_a_restart() {
    let mut server = server().start();
    create(&server, "s", 1);
    put(&server, "s", "QQ==");
    let at = json!({ "StreamName": "s", "ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON" });
    let at = server.must("GetShardIterator", at)["ShardIterator"].clone();
    server.kill();
    server.restart();
    let reply = server.must("GetRecords", json!({ "ShardIterator": at }));
    assert_eq!(reply["Records"][0]["Data"], "QQ==");
}

#[test]
fn sigterm_ends_the_process_with_zero_and_keeps_the_data() {
    let first = server().start();
    create(&first, "s", 1);
    put(&first, "s", "QQ==");
    let home = first.stop();
    let second = server().start_in(home);
    assert_eq!(read(&second, "s", SHARD), ["QQ=="]);
}

#[test]
fn sigterm_answers_what_is_under_way_and_takes_no_new_work() {
    let mut server =
        server().config("[limits]\nmode = \"off\"\ndrain_timeout_ms = 20000\n").start();
    create(&server, "s", 1);
    let body = br#"{"StreamName":"s","Data":"QQ==","PartitionKey":"k"}"#;
    let whole = millstream_testkit::request("PutRecord", "", body);
    let (head, tail) = whole.split_at(whole.len() - 10);
    let mut under_way = server.connect();
    under_way.send(head);
    // An answer on a second connection shows that the first one's bytes are there too, in the order they were sent.
    put(&server, "s", "QUE=");
    server.terminate();
    under_way.send(tail);
    let answer = under_way.read_http();
    assert_eq!(answer.map(|http| http.status), Some(200));
    assert!(under_way.read_to_close().is_empty());
    assert!(server.wait().success());
    server.restart();
    assert_eq!(read(&server, "s", SHARD), ["QUE=", "QQ=="]);
}

#[test]
fn ephemeral_data_is_gone_after_the_process() {
    let mut server = server().ephemeral().start();
    create(&server, "s", 1);
    put(&server, "s", "QQ==");
    assert_eq!(read(&server, "s", SHARD), ["QQ=="]);
    server.kill();
    assert!(!server.data_dir().exists());
    server.restart();
    let streams = server.must("ListStreams", json!({}));
    assert_eq!(streams["StreamNames"], json!([]));
}

#[test]
fn several_addresses_are_announced_and_serve() {
    let server = server().argument("--listen").argument("127.0.0.1:0").start();
    assert_eq!(server.get("/healthz").0, 200);
    assert_eq!(server.get("/readyz").0, 200);
}
