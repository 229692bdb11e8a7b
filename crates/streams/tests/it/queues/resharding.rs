//! Queues follow the shards of their stream.

use std::collections::BTreeSet;

use millstream_api::ops::*;
use millstream_catalog::{CapacityCommand, Reshard};
use millstream_types::Clock;

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
        let new_start = middle.to_be_bytes();
        // Through the catalog, as the service scales on-demand streams: the operation refuses them.
        let split = CapacityCommand::BeginReshards {
            group: stream.group.0,
            reshards: vec![Reshard::Split { shard: open.id.0, new_start }],
            at: q.clock.now().0,
            shards_max: 100,
        };
        q.catalog.submit(&split.into()).await.unwrap();
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
