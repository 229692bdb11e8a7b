//! Queues follow the shards of their stream.

use std::collections::BTreeSet;

use millstream_api::ops::*;

use super::fixture::*;

#[tokio::test]
async fn records_of_parents_and_children_all_come_once() {
    let q = Queues::new().await;
    q.stream("s", 1).await;
    let arn = q.queue(create("q", "s", QueueStartingPositionType::Latest)).await;
    let mut put = BTreeSet::new();
    for round in 0..4u32 {
        let values: Vec<String> = (0..20).map(|n| format!("{round}-{n}")).collect();
        q.put("s", &values.iter().map(String::as_str).collect::<Vec<_>>()).await;
        put.extend(values);
        let stream = q.active("s").await;
        let open = stream.open_shards().next().unwrap();
        let middle = open.range.start.0 / 2 + open.range.end.0 / 2;
        let input = SplitShardInput {
            stream_name: Some("s".into()),
            shard_to_split: open.id.to_string(),
            new_starting_hash_key: middle.to_string(),
            stream_arn: None,
            stream_id: None,
        };
        q.streams.split_shard(&q.caller, input).await.unwrap();
        q.active("s").await;
    }
    let mut seen = BTreeSet::new();
    while seen.len() < put.len() {
        let records = q.receive(&arn, 10).await;
        let handles: Vec<_> = records.iter().map(|record| record.handle.as_str()).collect();
        q.acknowledge(&arn, &handles).await;
        for record in records {
            assert!(seen.insert(record.data), "each once");
        }
    }
    assert_eq!(seen, put);
    q.pass(3600);
    tokio::time::pause();
    assert_eq!(q.receive(&arn, 10).await, []);
}
