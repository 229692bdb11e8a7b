//! On-demand streams: they scale by themselves; AUTO spreads records.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use millstream_api::ErrorCode::*;
use millstream_api::ops::*;
use millstream_api::shapes::*;
use millstream_api::{Blob, Error, PutEntry};
use millstream_streams::Limits;

use super::capacity::on_demand;
use super::fixture::*;
use crate::harness::read;

const DAY: Duration = Duration::from_secs(24 * 3600);
const KEYS: usize = 10;

/// Records whose data are a key and a counter.
struct Producer {
    next: usize,
}

impl Producer {
    async fn put(&mut self, f: &Fixture, name: &str, calls: usize) {
        for _ in 0..calls {
            let entry = |n: usize| PutRecordsRequestEntry {
                data: Blob::Raw(Cow::Owned(format!("{}:{n}", n % KEYS).into_bytes())),
                explicit_hash_key: None,
                partition_key: Some(Cow::Owned(format!("key{}", n % KEYS))),
            };
            let input = PutRecordsInput {
                records: (self.next..self.next + 500).map(entry).collect(),
                stream_name: Some(Cow::Owned(name.to_owned())),
                stream_arn: None,
                stream_id: None,
                dry_run: None,
            };
            self.next += 500;
            let reply = f.streams.put_records(&f.caller, input).await.unwrap();
            let put = |entry: &PutEntry| matches!(entry, PutEntry::Put { .. });
            assert!(reply.entries.iter().all(put));
        }
    }
}

/// Lets the lifecycle look at the traffic.
async fn look() {
    tokio::time::sleep(Duration::from_millis(2500)).await;
}

async fn read_shard(f: &Fixture, name: &str, shard: &str) -> Vec<(String, Vec<u8>)> {
    let input = GetShardIteratorInput {
        stream_name: Some(name.to_owned()),
        shard_id: shard.to_owned(),
        shard_iterator_type: ShardIteratorType::TrimHorizon,
        starting_sequence_number: None,
        timestamp: None,
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    };
    let output = f.streams.get_shard_iterator(&f.caller, input).await.unwrap();
    let mut iterator = output.shard_iterator;
    let mut records = Vec::new();
    while let Some(at) = iterator {
        let input = GetRecordsInput {
            shard_iterator: at,
            limit: None,
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        let held = f.streams.get_records(&f.caller, input).await.unwrap();
        let some = read(&held);
        iterator = held.reply.next_shard_iterator.clone().filter(|_| !some.is_empty());
        records.extend(some);
    }
    records
}

/// Reads parents before children, as the order of the ids has it: the counters of each key as they come.
async fn follow(f: &Fixture, name: &str) -> HashMap<String, Vec<usize>> {
    let mut found: HashMap<String, Vec<usize>> = HashMap::new();
    for shard in f.shards(name).await {
        for (_, data) in read_shard(f, name, &shard.shard_id).await {
            let text = String::from_utf8(data).unwrap();
            let (key, counter) = text.split_once(':').unwrap();
            found.entry(key.to_owned()).or_default().push(counter.parse().unwrap());
        }
    }
    found
}

#[tokio::test(start_paused = true)]
async fn traffic_splits_shards_keeps_the_order_of_keys_and_its_end_merges_them() {
    let f = Fixture::new().await;
    f.streams.create_stream(&f.caller, on_demand("s", None)).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    look().await;
    let mut producer = Producer { next: 0 };
    // 2,500 records a second are room for 5,000: five shards.
    for _ in 0..2 {
        producer.put(&f, "s", 300).await;
        f.clock.advance(Duration::from_secs(60));
        look().await;
        f.until("s", StreamStatus::Active).await;
    }
    assert_eq!(f.open_ranges("s").len(), 5);
    producer.put(&f, "s", 2).await;
    let found = follow(&f, "s").await;
    for key in 0..KEYS {
        let counters: Vec<usize> = (key..producer.next).step_by(KEYS).collect();
        assert_eq!(found[&key.to_string()], counters, "key {key}");
    }
    for days in [1, 31, 1, 1] {
        assert_eq!(f.open_ranges("s").len(), 5, "before {days} more");
        f.clock.advance(days * DAY);
        look().await;
        if f.open_ranges("s").len() == 4 {
            break;
        }
    }
    assert_eq!(f.open_ranges("s").len(), 4);
    let metrics = metrics(&f);
    assert!(metrics.contains(&("millstream_on_demand_scale_ups_total".to_owned(), 1)));
    assert!(metrics.contains(&("millstream_on_demand_scale_downs_total".to_owned(), 1)));
    assert!(metrics.contains(&("millstream_on_demand_capacity_mibps".to_owned(), 4)));
}

fn metrics(f: &Fixture) -> Vec<(String, u64)> {
    use millstream_counters::{Collect, Collector, Sample};
    struct Numbers(Vec<(String, u64)>);
    impl Collector for Numbers {
        fn sample(&mut self, name: &str, _: &str, _: &[(&str, &str)], value: Sample<'_>) {
            if let Sample::Counter(number) | Sample::Gauge(number) = value {
                self.0.push((name.to_owned(), number));
            }
        }
    }
    let mut numbers = Numbers(Vec::new());
    f.streams.collect(&mut numbers);
    numbers.0
}

#[tokio::test(start_paused = true)]
async fn a_peak_is_remembered_over_a_restart() {
    let f = Fixture::new().await;
    f.streams.create_stream(&f.caller, on_demand("s", None)).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    look().await;
    Producer { next: 0 }.put(&f, "s", 300).await;
    f.clock.advance(Duration::from_secs(60));
    look().await;
    assert_eq!(f.open_ranges("s").len(), 5);
    let f = f.restart(Limits::default().without_rates()).await;
    for _ in 0..5 {
        look().await;
        f.clock.advance(DAY);
    }
    assert_eq!(f.open_ranges("s").len(), 5);
}

async fn put_one(
    f: &Fixture,
    key: Option<&str>,
    hash_key: Option<&str>,
    floor: Option<String>,
) -> Result<(u32, String), Error> {
    let input = PutRecordInput {
        stream_name: Some("s".into()),
        data: Blob::Raw(Cow::Borrowed(b"x")),
        partition_key: key.map(|key| Cow::Owned(key.to_owned())),
        explicit_hash_key: hash_key.map(|key| Cow::Owned(key.to_owned())),
        sequence_number_for_ordering: floor.map(Cow::Owned),
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    };
    let reply = f.streams.put_record(&f.caller, input).await?;
    let mut digits = [0; millstream_types::SequenceDigits::LEN];
    reply.sequence.write(&mut digits);
    Ok((reply.shard.0, String::from_utf8(digits.to_vec()).unwrap()))
}

#[tokio::test]
async fn auto_spreads_records_evenly_and_ignores_keys() {
    let f = Fixture::new().await;
    f.streams.create_stream(&f.caller, on_demand("s", None)).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    assert_eq!(code(put_one(&f, None, None, None).await), InvalidArgumentException);
    f.distribution("s", RecordDistributionStrategy::Auto).await.unwrap();
    let mut counts = [0; 4];
    let mut last = None;
    for _ in 0..100 {
        let (shard, sequence) = put_one(&f, Some("same"), Some("0"), None).await.unwrap();
        counts[shard as usize] += 1;
        last = Some((shard, sequence));
    }
    assert_eq!(counts, [25; 4]);
    put_one(&f, None, None, None).await.unwrap();
    let (shard, sequence) = last.unwrap();
    let (same, above) = put_one(&f, None, None, Some(sequence.clone())).await.unwrap();
    assert_eq!(same, shard);
    assert!(above > sequence);
    // A request keeps its order within a shard, and is spread over several if it is large.
    let mut producer = Producer { next: 0 };
    producer.put(&f, "s", 4).await;
    let mut total = 0;
    for shard in f.shards("s").await {
        let records = read_shard(&f, "s", &shard.shard_id).await;
        let counters: Vec<usize> = records
            .iter()
            .filter_map(|(_, data)| std::str::from_utf8(data).unwrap().split_once(':'))
            .map(|(_, counter)| counter.parse().unwrap())
            .collect();
        assert_eq!(counters.len(), 500);
        assert!(counters.is_sorted());
        total += counters.len();
    }
    assert_eq!(total, producer.next);
    f.distribution("s", RecordDistributionStrategy::UserPartitionKey).await.unwrap();
    let shards: std::collections::HashSet<u32> = [
        put_one(&f, Some("same"), None, None).await.unwrap().0,
        put_one(&f, Some("same"), None, None).await.unwrap().0,
    ]
    .into();
    assert_eq!(shards.len(), 1);
}

#[tokio::test]
async fn auto_passes_over_shards_without_throughput() {
    let mut limits = Limits::default().without_rates();
    limits.shard_write_records_per_second = 10;
    let f = Fixture::with(limits).await;
    let mut input = on_demand("s", None);
    input.record_distribution_strategy = Some(RecordDistributionStrategy::Auto);
    f.streams.create_stream(&f.caller, input).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    let mut taken = 0;
    while put_one(&f, None, None, None).await.is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 40, "all of what four shards take");
}
