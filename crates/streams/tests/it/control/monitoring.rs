//! Shard-level metrics: the switch, what is counted, what is shown.

use std::time::Duration;

use millstream_api::Error;
use millstream_api::ErrorCode::*;
use millstream_api::ops::*;
use millstream_api::shapes::{MetricsName, StreamStatus};
use millstream_catalog::ShardMetric;
use millstream_counters::{Collect, Collector, Sample};
use millstream_log::GroupId;
use millstream_streams::{Limits, Point};
use millstream_types::{Clock, Millis, ShardId};

use super::fixture::*;

const SEVEN: [MetricsName; 7] = [
    MetricsName::IncomingBytes,
    MetricsName::IncomingRecords,
    MetricsName::OutgoingBytes,
    MetricsName::OutgoingRecords,
    MetricsName::WriteProvisionedThroughputExceeded,
    MetricsName::ReadProvisionedThroughputExceeded,
    MetricsName::IteratorAgeMilliseconds,
];

type Lists = (Vec<MetricsName>, Vec<MetricsName>);

fn lists(output: EnhancedMonitoringOutput) -> Lists {
    assert_eq!(output.stream_name.as_deref(), Some("s"));
    (output.current_shard_level_metrics.unwrap(), output.desired_shard_level_metrics.unwrap())
}

async fn enable(f: &Fixture, metrics: &[MetricsName]) -> Result<Lists, Error> {
    let input = EnableEnhancedMonitoringInput {
        stream_name: Some("s".into()),
        shard_level_metrics: metrics.to_vec(),
        stream_arn: None,
        stream_id: None,
    };
    f.streams.enable_enhanced_monitoring(&f.caller, input).await.map(lists)
}

async fn disable(f: &Fixture, metrics: &[MetricsName]) -> Result<Lists, Error> {
    let input = DisableEnhancedMonitoringInput {
        stream_name: Some("s".into()),
        shard_level_metrics: metrics.to_vec(),
        stream_arn: None,
        stream_id: None,
    };
    f.streams.disable_enhanced_monitoring(&f.caller, input).await.map(lists)
}

async fn shown(f: &Fixture) -> Vec<MetricsName> {
    let described = f.describe("s").await.unwrap().enhanced_monitoring.remove(0);
    let input = DescribeStreamSummaryInput {
        stream_name: Some("s".into()),
        stream_arn: None,
        stream_id: None,
    };
    let summary = f.streams.describe_stream_summary(&f.caller, input).await.unwrap();
    let summary = summary.stream_description_summary.enhanced_monitoring;
    assert_eq!(summary, std::slice::from_ref(&described));
    described.shard_level_metrics.unwrap()
}

#[tokio::test]
async fn the_lists_are_those_before_and_after() {
    use MetricsName::{All, IncomingBytes, IncomingRecords};
    let f = Fixture::new().await;
    f.create("s", 1).await;
    let (before, after) = enable(&f, &[IncomingRecords, IncomingBytes]).await.unwrap();
    assert_eq!((before, after), (vec![], vec![IncomingBytes, IncomingRecords]));
    f.until("s", StreamStatus::Active).await;
    let (before, after) = enable(&f, &[All]).await.unwrap();
    assert_eq!((before.len(), after), (2, SEVEN.to_vec()));
    f.until("s", StreamStatus::Active).await;
    assert_eq!(shown(&f).await, SEVEN);
    // Nothing changes: the stream stays ACTIVE.
    enable(&f, &[IncomingBytes]).await.unwrap();
    assert_eq!(f.status("s").await, Ok(StreamStatus::Active));
    let f = f.restart(Limits::default().without_rates()).await;
    let (before, after) = disable(&f, &[IncomingBytes]).await.unwrap();
    assert_eq!((before, after), (SEVEN.to_vec(), SEVEN[1..].to_vec()));
    f.until("s", StreamStatus::Active).await;
    assert_eq!(disable(&f, &[All]).await.unwrap().1, vec![]);
    f.until("s", StreamStatus::Active).await;
    assert_eq!(shown(&f).await, vec![]);
}

#[tokio::test]
async fn the_switch_is_one_of_active_streams_and_makes_them_updating() {
    let mut limits = Limits::default().without_rates();
    limits.transition_delay_ms = 1000;
    let f = Fixture::with(limits.clone()).await;
    f.streams.create_stream(&f.caller, create("s", 1)).await.unwrap();
    assert_eq!(code(enable(&f, &[MetricsName::All]).await), ResourceInUseException);
    f.clock.advance(Duration::from_secs(1));
    let f = f.restart(limits).await;
    f.until("s", StreamStatus::Active).await;
    enable(&f, &[MetricsName::All]).await.unwrap();
    assert_eq!(f.status("s").await, Ok(StreamStatus::Updating));
    assert_eq!(code(disable(&f, &[MetricsName::All]).await), ResourceInUseException);
}

async fn put(f: &Fixture, records: usize) {
    let record = |_| PutRecordsRequestEntry {
        data: millstream_api::Blob::Raw(vec![7; 9].into()),
        explicit_hash_key: Some("0".into()),
        partition_key: Some("k".into()),
    };
    let input = PutRecordsInput {
        records: (0..records).map(record).collect(),
        stream_name: Some("s".into()),
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    };
    f.streams.put_records(&f.caller, input).await.unwrap();
}

async fn get(f: &Fixture) -> Result<usize, Error> {
    let input = GetShardIteratorInput {
        stream_name: Some("s".into()),
        shard_id: "shardId-000000000000".into(),
        shard_iterator_type: ShardIteratorType::TrimHorizon,
        starting_sequence_number: None,
        timestamp: None,
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    };
    let at = f.streams.get_shard_iterator(&f.caller, input).await.unwrap().shard_iterator;
    let input = GetRecordsInput {
        shard_iterator: at.unwrap(),
        limit: None,
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    };
    Ok(f.streams.get_records(&f.caller, input).await?.reply.records.len())
}

fn group(f: &Fixture) -> GroupId {
    f.catalog.read(|state| state.streams().next().unwrap().group)
}

fn series(f: &Fixture, shard: u32, metric: ShardMetric) -> Vec<Point> {
    let all = (Millis(0), Millis(u64::MAX));
    f.streams.shard_series(group(f), ShardId(shard), metric, all.0, all.1)
}

fn sums(f: &Fixture, shard: u32, metric: ShardMetric) -> Vec<u64> {
    series(f, shard, metric).iter().map(|point| point.seen.sum).collect()
}

#[tokio::test]
async fn each_shard_counts_its_own_minutes_from_when_it_is_switched_on() {
    let f = Fixture::new().await;
    f.create("s", 2).await;
    put(&f, 5).await;
    assert_eq!(f.streams.shard_metrics_of(group(&f)), None);
    enable(&f, &[MetricsName::All]).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    put(&f, 3).await;
    f.clock.advance(Duration::from_secs(60));
    put(&f, 4).await;
    put(&f, 1).await;
    assert_eq!(get(&f).await.unwrap(), 13);
    assert_eq!(sums(&f, 0, ShardMetric::IncomingRecords), [3, 5]);
    assert_eq!(sums(&f, 0, ShardMetric::IncomingBytes), [30, 50]);
    assert_eq!(sums(&f, 0, ShardMetric::OutgoingRecords), [13]);
    assert_eq!(sums(&f, 0, ShardMetric::OutgoingBytes), [130]);
    assert_eq!(sums(&f, 0, ShardMetric::IteratorAgeMilliseconds), [0]);
    assert_eq!(sums(&f, 1, ShardMetric::IncomingRecords), [0u64; 0]);
    let point = series(&f, 0, ShardMetric::IncomingRecords)[1];
    assert_eq!((point.seen.samples, point.seen.minimum, point.seen.maximum), (2, 1, 4));
    assert_eq!(point.at.0 % 60_000, 0);
    assert!(point.at <= f.clock.now() && f.clock.now().0 < point.at.0 + 60_000);
    let window = f.streams.shard_series(
        group(&f),
        ShardId(0),
        ShardMetric::IncomingRecords,
        point.at,
        Millis(point.at.0 + 1),
    );
    assert_eq!(window.len(), 1);
    f.clock.advance(Duration::from_secs(3 * 3600));
    put(&f, 2).await;
    assert_eq!(sums(&f, 0, ShardMetric::IncomingRecords), [2], "three hours are kept");
    disable(&f, &[MetricsName::IncomingRecords]).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    assert_eq!(sums(&f, 0, ShardMetric::IncomingRecords), [0u64; 0]);
    assert_eq!(sums(&f, 0, ShardMetric::IncomingBytes), [20]);
}

#[tokio::test]
async fn refusals_for_throughput_are_counted_where_they_happen() {
    let limits = Limits {
        shard_write_records_per_second: 3,
        shard_reads_per_second: 1,
        ..Limits::default()
    };
    let f = Fixture::with(limits).await;
    f.create("s", 1).await;
    enable(&f, &[MetricsName::All]).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    put(&f, 5).await;
    get(&f).await.unwrap();
    assert_eq!(code(get(&f).await), ProvisionedThroughputExceededException);
    assert_eq!(sums(&f, 0, ShardMetric::IncomingRecords), [3]);
    assert_eq!(sums(&f, 0, ShardMetric::WriteProvisionedThroughputExceeded), [2]);
    assert_eq!(sums(&f, 0, ShardMetric::ReadProvisionedThroughputExceeded), [1]);
}

#[derive(Default)]
struct Seen(Vec<(String, Vec<String>, u64)>);

impl Collector for Seen {
    fn sample(
        &mut self,
        name: &'static str,
        _: &'static str,
        labels: &[(&'static str, &str)],
        value: Sample<'_>,
    ) {
        if let Sample::Counter(value) | Sample::Gauge(value) = value {
            let labels = labels.iter().map(|(_, value)| (*value).to_owned()).collect();
            self.0.push((name.to_owned(), labels, value));
        }
    }
}

#[tokio::test]
async fn prometheus_sees_shards_that_are_monitored_and_not_too_many() {
    let f = Fixture::new().await;
    f.create("s", 1500).await;
    put(&f, 1).await;
    let shards = |f: &Fixture| {
        let mut seen = Seen::default();
        f.streams.collect(&mut seen);
        seen.0.retain(|(name, ..)| name == "millstream_shard_incoming_records_total");
        seen.0
    };
    assert_eq!(shards(&f), []);
    enable(&f, &[MetricsName::IncomingRecords]).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    put(&f, 2).await;
    let seen = shards(&f);
    assert_eq!(seen.len(), 1000);
    assert_eq!(seen[0].1, ["s", "us-east-1", "000000000000", "shardId-000000000000"]);
    assert_eq!(seen[0].2, 2);
}

/// Every series by name and labels.
#[derive(Default)]
struct Series(Vec<(&'static str, String)>);

impl Collector for Series {
    fn sample(
        &mut self,
        name: &'static str,
        _: &'static str,
        labels: &[(&'static str, &str)],
        _: Sample<'_>,
    ) {
        let mut labels = labels.to_vec();
        labels.sort_unstable();
        self.0.push((name, format!("{labels:?}")));
    }
}

#[tokio::test(start_paused = true)]
async fn no_series_is_shown_twice_when_accounts_have_streams_of_one_name() {
    let mut f = Fixture::new().await;
    for account in [1, 2] {
        f.caller = caller(account, "us-east-1");
        f.create("s", 2).await;
        f.streams.create_stream(&f.caller, super::capacity::on_demand("d", None)).await.unwrap();
        f.until("d", StreamStatus::Active).await;
        enable(&f, &[MetricsName::All]).await.unwrap();
        f.until("s", StreamStatus::Active).await;
        let input = PutRecordInput {
            stream_name: Some("s".into()),
            data: millstream_api::Blob::Raw(b"x".as_slice().into()),
            partition_key: Some("k".into()),
            explicit_hash_key: None,
            sequence_number_for_ordering: None,
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        f.streams.put_record(&f.caller, input).await.unwrap();
    }
    let mut all = Series::default();
    f.streams.collect(&mut all);
    let mut names: Vec<&str> = all.0.iter().map(|(name, _)| *name).collect();
    names.dedup();
    let series = all.0.len();
    assert!(all.0.iter().any(|(name, _)| *name == "millstream_shard_incoming_bytes_total"));
    assert!(all.0.iter().any(|(name, _)| *name == "millstream_on_demand_capacity_mibps"));
    all.0.sort_unstable();
    all.0.dedup();
    assert_eq!(all.0.len(), series, "a series occurs twice");
    let runs = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), runs, "samples of one name are not together");
}
