//! Hostile input, case 40: what grows has a bound, and each bound is a key of `[limits]`.

use serde_json::json;

use crate::{create, server};

#[test]
fn shards_and_streams_have_quotas() {
    let limits = "[limits]\nmode = \"off\"\nshards_max = 5\nstreams_max = 2\n";
    let server = server().ephemeral().config(limits).start();
    let many = server.call("CreateStream", &json!({ "StreamName": "a", "ShardCount": 6 }));
    assert_eq!(many.code(), "LimitExceededException");
    create(&server, "a", 3);
    create(&server, "b", 2);
    for (name, shards) in [("c", 1), ("d", 0)] {
        let reply =
            server.call("CreateStream", &json!({ "StreamName": name, "ShardCount": shards }));
        assert!(reply.status == 400, "{reply:?}");
    }
    let split =
        json!({ "StreamName": "a", "ShardToSplit": crate::SHARD, "NewStartingHashKey": "5" });
    assert_eq!(server.call("SplitShard", &split).code(), "LimitExceededException");
    server.must("DeleteStream", json!({ "StreamName": "b" }));
    while server.call("DescribeStream", &json!({ "StreamName": "b" })).status == 200 {}
    create(&server, "c", 1);
}

#[test]
fn a_stream_too_many_is_refused() {
    let server = server().ephemeral().config("[limits]\nmode = \"off\"\nstreams_max = 2\n").start();
    create(&server, "a", 1);
    create(&server, "b", 1);
    let reply = server.call("CreateStream", &json!({ "StreamName": "c", "ShardCount": 1 }));
    assert_eq!(reply.code(), "LimitExceededException");
}

#[test]
fn iterators_cost_the_server_nothing() {
    let server = server().ephemeral().start();
    create(&server, "a", 1);
    let mut wire = server.connect();
    let at = json!({ "StreamName": "a", "ShardId": crate::SHARD, "ShardIteratorType": "LATEST" });
    for _ in 0..2000 {
        assert_eq!(millstream_testkit::call(&mut wire, "GetShardIterator", &at).status, 200);
    }
}

#[test]
fn active_partitions_have_a_quota() {
    let limit = |config: &str| {
        let server = server().ephemeral().config(config).start();
        let metrics = server.get("/metrics").1;
        let name = "millstream_firehose_active_partitions_limit ";
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.map(str::to_owned).expect("the limit is shown")
    };
    assert_eq!(limit(""), "500");
    assert_eq!(limit("[limits]\nmode = \"off\"\nfirehose_active_partitions_max = 7\n"), "7");
}
