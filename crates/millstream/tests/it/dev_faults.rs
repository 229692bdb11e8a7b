//! Faults by rule, as clients meet them.

use millstream_testkit::{Server, request};
use serde_json::{Value, json};

use crate::{SHARD, create, dev, dev_command, dev_must, metric, put, read, server, wait_active};

fn ready() -> Server {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    server
}

fn add(server: &Server, rule: Value) -> Value {
    dev_must(server, "POST", "faults", rule)["id"].clone()
}

fn try_put(server: &Server) -> millstream_testkit::Reply {
    let record = json!({ "StreamName": "s", "Data": "QQ==", "PartitionKey": "k" });
    server.call("PutRecord", &record)
}

#[test]
fn throttling_has_each_operations_own_error() {
    let server = ready();
    add(&server, json!({ "throttle": true }));
    let throughput = "ProvisionedThroughputExceededException";
    assert_eq!((try_put(&server).status, try_put(&server).code().as_str()), (400, throughput));
    let list = server.call("ListStreams", &json!({}));
    assert_eq!((list.status, list.code().as_str()), (400, "LimitExceededException"));
    dev_must(&server, "DELETE", "faults", Value::Null);
    put(&server, "s", "QQ==");
}

#[test]
fn every_nth_call_fails_by_an_error_and_is_counted() {
    let server = ready();
    let id =
        add(&server, json!({ "operation": "PutRecord", "every": 3, "times": 2, "error": 500 }));
    let failed: Vec<_> = (1..=12).filter(|_| try_put(&server).status != 200).collect();
    assert_eq!(failed, [3, 6]);
    let listed = dev_must(&server, "GET", "faults", Value::Null);
    let expected = json!({ "id": id, "operation": "PutRecord", "every": 3, "times": 2,
        "error": "InternalFailureException", "seen": 12, "hits": 2 });
    assert_eq!(listed["faults"], json!([expected]));
    assert_eq!(metric(&server, "millstream_faults_injected_total{kind=\"error\"}"), 2);
    assert_eq!(metric(&server, "millstream_fault_rules"), 1);
    assert!(server.log().contains("a fault rule is active"));
    add(&server, json!({ "error": 503, "operation": "ListStreams" }));
    assert_eq!(server.call("ListStreams", &json!({})).status, 503);
    add(&server, json!({ "error": "ResourceNotFoundException", "operation": "ListShards" }));
    let shards = server.call("ListShards", &json!({ "StreamName": "s" }));
    assert_eq!(shards.code(), "ResourceNotFoundException");
    assert_eq!(read(&server, "s", SHARD).len(), 10, "a call that fails does nothing");
}

#[test]
fn a_seeded_rate_repeats() {
    let server = ready();
    let run = |seed: u64| {
        let rule = json!({ "operation": "PutRecord", "rate": 0.5, "seed": seed, "throttle": true });
        let id = add(&server, rule);
        let outcome: Vec<_> = (0..20).map(|_| try_put(&server).status).collect();
        dev_must(&server, "DELETE", &format!("faults/{id}"), Value::Null);
        outcome
    };
    let first = run(7);
    assert_eq!(run(7), first);
    assert!(first.contains(&200) && first.contains(&400), "{first:?}");
    assert_ne!(run(8), first);
}

#[test]
fn latency_delays_a_call_in_real_time_and_lets_it_succeed() {
    let server = ready();
    let now = || dev_must(&server, "GET", "clock", Value::Null)["now_ms"].as_u64().expect("a time");
    add(&server, json!({ "operation": "PutRecord", "latency_ms": 150 }));
    let before = now();
    assert_eq!(try_put(&server).status, 200);
    assert!(now() - before >= 150);
    // Real time goes on while service time stands still.
    dev_must(&server, "POST", "clock/hold", Value::Null);
    assert_eq!(try_put(&server).status, 200);
}

#[test]
fn a_rule_for_a_stream_or_shard_finds_it_however_it_is_named() {
    let server = ready();
    create(&server, "other", 2);
    let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/other";
    let other = "shardId-000000000001";
    let at = |shard: &str| json!({ "StreamName": "other", "ShardId": shard, "ShardIteratorType": "LATEST" });
    let iterator = server.must("GetShardIterator", at(other))["ShardIterator"].clone();
    add(&server, json!({ "stream": "other", "shard": other, "throttle": true }));
    let get = json!({ "ShardIterator": iterator });
    assert_eq!(server.call("GetRecords", &get).status, 400, "by the iterator");
    assert_eq!(server.call("GetShardIterator", &at(other)).status, 400);
    assert_eq!(server.call("GetShardIterator", &at(SHARD)).status, 200);
    add(&server, json!({ "stream": "other", "error": 500 }));
    for input in [json!({ "StreamName": "other" }), json!({ "StreamARN": arn })] {
        assert_eq!(server.call("DescribeStreamSummary", &input).status, 500, "{input}");
    }
    assert_eq!(server.call("DescribeStreamSummary", &json!({ "StreamName": "s" })).status, 200);
    assert_eq!(try_put(&server).status, 200);
}

#[test]
fn single_records_of_a_put_fail_and_the_others_arrive_in_order() {
    let server = ready();
    add(&server, json!({ "operation": "PutRecords", "every": 3, "record_error": "throttle" }));
    let data = ["AAAA", "BBBB", "CCCC", "DDDD", "EEEE", "FFFF", "GGGG"];
    let records: Vec<_> = data.iter().map(|d| json!({ "Data": d, "PartitionKey": "k" })).collect();
    let reply = server.must("PutRecords", json!({ "StreamName": "s", "Records": records }));
    assert_eq!(reply["FailedRecordCount"], 2);
    for (index, entry) in reply["Records"].as_array().expect("records").iter().enumerate() {
        let code = &entry["ErrorCode"];
        let throttled = code == "ProvisionedThroughputExceededException";
        assert_eq!(throttled, [2, 5].contains(&index), "{index}: {entry}");
        assert_eq!(entry["SequenceNumber"].is_string(), !throttled, "{index}: {entry}");
    }
    assert_eq!(read(&server, "s", SHARD), ["AAAA", "BBBB", "DDDD", "EEEE", "GGGG"]);
    add(&server, json!({ "operation": "PutRecord", "shard": SHARD, "record_error": "internal" }));
    assert_eq!(
        (try_put(&server).status, try_put(&server).code().as_str()),
        (500, "InternalFailureException")
    );
    assert_eq!(metric(&server, "millstream_faults_injected_total{kind=\"record-error\"}"), 4);
}

#[test]
fn a_cut_connection_ends_before_after_or_during_the_reply() {
    let server = ready();
    let body = br#"{"StreamName":"s","Data":"QQ==","PartitionKey":"k"}"#;
    let mut arrived = 0;
    for (cut, done, some_bytes) in
        [("before", false, false), ("after", true, false), ("during", true, true)]
    {
        let id = add(&server, json!({ "operation": "PutRecord", "cut": cut }));
        let mut wire = server.connect();
        wire.send(&request("PutRecord", "", body));
        let bytes = wire.read_to_close();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(!bytes.is_empty(), some_bytes, "{cut}: {text}");
        if some_bytes {
            let (head, body) = text.split_once("\r\n\r\n").expect("a whole head");
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            assert!(body.starts_with('{') && !body.ends_with('}'), "{body}");
        }
        dev_must(&server, "DELETE", &format!("faults/{id}"), Value::Null);
        arrived += usize::from(done);
        assert_eq!(read(&server, "s", SHARD).len(), arrived, "{cut}");
    }
    // A reply without a body ends before its first byte.
    add(&server, json!({ "operation": "CreateStream", "cut": "during" }));
    let mut wire = server.connect();
    wire.send(&request("CreateStream", "", br#"{"StreamName":"t","ShardCount":1}"#));
    assert!(wire.read_to_close().is_empty());
    wait_active(&server, "t");
}

#[test]
fn a_subscription_that_is_cut_ends_after_its_first_event() {
    let server = ready();
    put(&server, "s", "QQ==");
    let stream = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    let input = json!({ "StreamARN": stream, "ConsumerName": "c" });
    let consumer = server.must("RegisterStreamConsumer", input)["Consumer"]["ConsumerARN"].clone();
    while server.must("DescribeStreamConsumer", json!({ "ConsumerARN": consumer }))["ConsumerDescription"]
        ["ConsumerStatus"]
        != "ACTIVE"
    {}
    add(&server, json!({ "operation": "SubscribeToShard", "cut": "during" }));
    let body = json!({ "ConsumerARN": consumer, "ShardId": SHARD,
        "StartingPosition": { "Type": "TRIM_HORIZON" } });
    let mut wire = server.connect();
    wire.send(&request("SubscribeToShard", "", body.to_string().as_bytes()));
    let text = String::from_utf8_lossy(&wire.read_to_close()).into_owned();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert_eq!(text.matches("MillisBehindLatest").count(), 1, "{text}");
    assert!(text.contains("\"Data\":\"QQ==\""), "{text}");
    assert!(!text.ends_with("0\r\n\r\n"), "the reply has no end: {text}");
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let server = ready();
    for rule in [
        json!({}),
        json!({ "throttle": true, "cut": "before" }),
        json!({ "operation": "SubscribeToShards", "throttle": true }),
        json!({ "operation": "GetRecords", "record_error": "throttle" }),
        json!({ "operation": "PutRecords", "shard": SHARD, "throttle": true }),
        json!({ "throttle": true, "rate": 2, "seed": 1 }),
    ] {
        let (status, reply) = dev(&server, "POST", "faults", &rule);
        assert!(status == 400 && reply["message"].is_string(), "{rule}: {reply}");
    }
    for _ in 0..100 {
        add(&server, json!({ "throttle": true, "operation": "DescribeLimits" }));
    }
    let full = dev(&server, "POST", "faults", &json!({ "throttle": true }));
    assert_eq!(full.0, 409, "{}", full.1);
    assert_eq!(dev_must(&server, "DELETE", "faults", Value::Null), json!({ "removed": 100 }));
}

#[test]
fn the_command_adds_lists_and_removes_rules() {
    let server = ready();
    for arguments in [
        "--operation PutRecord --stream s --every 2 --throttle",
        "--operation GetRecords --shard shardId-000000000000 --rate 0.5 --seed 7 --times 3 --error 500",
        "--latency 200ms",
        "--operation PutRecord --cut",
        "--operation PutRecord --cut during",
        "--operation PutRecords --record-error internal",
    ] {
        let words: Vec<_> = ["fault", "add"].into_iter().chain(arguments.split(' ')).collect();
        let (ok, said, error) = dev_command(&server, &words);
        assert!(ok && said.contains("id"), "{arguments}: {error}");
    }
    let (_, said, _) = dev_command(&server, &["fault", "list"]);
    let listed: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(listed["faults"].as_array().map(Vec::len), Some(6));
    assert_eq!(listed["faults"][1]["shard"], SHARD);
    assert_eq!(
        (&listed["faults"][2]["latency_ms"], &listed["faults"][3]["cut"]),
        (&json!(200), &json!("before"))
    );
    assert!(dev_command(&server, &["fault", "remove", "1"]).0);
    let (ok, _, error) = dev_command(&server, &["fault", "remove", "1"]);
    assert!(!ok && error.contains("no rule 1"), "{error}");
    assert!(dev_command(&server, &["fault", "remove", "--all"]).0);
    for bad in [
        &["fault", "add", "--operation", "PutRecords"][..],
        &["fault", "add", "--throttle", "--cut"],
        &["fault", "add", "--throttle", "--rate", "0.5"],
        &["fault", "remove"],
        &["fault", "remove", "1", "--all"],
    ] {
        assert!(!dev_command(&server, bad).0, "{bad:?}");
    }
    for rate in ["nan", "0", "1.5", "inf", "x"] {
        let words = ["fault", "add", "--throttle", "--rate", rate, "--seed", "1"];
        let (ok, _, error) = dev_command(&server, &words);
        assert!(!ok && error.contains(&format!("{rate} is not above 0")), "{error}");
    }
    assert_eq!(dev_must(&server, "GET", "faults", Value::Null), json!({ "faults": [] }));
}
