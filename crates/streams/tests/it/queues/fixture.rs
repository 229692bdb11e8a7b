//! A stream of on-demand mode with a queue, and short ways to call it.

use std::sync::Arc;
use std::time::Duration;

use millstream_api::ops::*;
use millstream_api::{Blob, Error};
use millstream_catalog::{CapacityCommand, Catalog, Stream};
use millstream_log::Log;
use millstream_log::testkit::MemoryLog;
use millstream_streams::{Caller, Lifecycle, Limits, NoDelivery, Parts, Streams};
use millstream_types::{Clock, ManualClock, SeededRandom};

use crate::harness::{START, caller};

pub struct Queues {
    pub log: Arc<MemoryLog>,
    pub clock: Arc<ManualClock>,
    pub catalog: Arc<Catalog>,
    pub streams: Arc<Streams>,
    pub caller: Caller,
    limits: Limits,
    lifecycle: Option<Lifecycle>,
}

/// A received record, as a test looks at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Got {
    pub data: String,
    pub handle: String,
    pub id: String,
    pub receives: i32,
    pub first: u64,
}

impl Queues {
    pub async fn new() -> Self {
        Self::with(Limits::default().without_rates(), 0).await
    }

    /// A service over an engine that leaves gaps.
    pub async fn with(limits: Limits, gap: u64) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let log = MemoryLog::with_gaps(clock.clone(), gap);
        Self::over(log, clock, limits).await
    }

    async fn over(log: Arc<MemoryLog>, clock: Arc<ManualClock>, limits: Limits) -> Self {
        let random = Arc::new(SeededRandom::new(clock.now().0));
        let catalog = Catalog::open(log.clone(), clock.clone(), random.clone()).await.unwrap();
        let catalog = Arc::new(catalog);
        let vault = crate::keys::vault(&catalog, &clock, vec![]).await;
        let streams = Streams::new(Parts {
            catalog: catalog.clone(),
            log: log.clone(),
            clock: clock.clone(),
            limits: limits.clone(),
            vault,
            random,
            delivery: Arc::new(NoDelivery),
        });
        let lifecycle = Some(streams.start_lifecycle());
        let caller = caller(0, "us-east-1");
        Queues { log, clock, catalog, streams, caller, limits, lifecycle }
    }

    /// The same data with a new service, as after a restart.
    pub async fn restart(mut self) -> Self {
        if let Some(lifecycle) = self.lifecycle.take() {
            lifecycle.stop().await;
        }
        self.catalog.stop().await;
        Self::over(self.log.clone(), self.clock.clone(), self.limits.clone()).await
    }

    /// The same data with a new service while the old one is still there, as after a crash.
    pub async fn crash(&self) -> Self {
        Self::over(self.log.clone(), self.clock.clone(), self.limits.clone()).await
    }

    pub async fn stream(&self, name: &str, shards: i32) -> Arc<Stream> {
        // Through the catalog: the operation gives an on-demand stream four shards at least.
        let command = CapacityCommand::CreateOnDemandStream {
            account: self.caller.account.as_u64(),
            region: self.caller.region.to_string(),
            name: name.into(),
            shard_count: shards as u32,
            max_record_size_kib: 1024,
            tags: Default::default(),
            at: self.clock.now().0,
            shards_max: 100,
            streams_max: 100,
            creating_max: 5,
            on_demand_max: 50,
            warm_mibps: None,
            auto: false,
            retention_hours: None,
        }
        .into();
        self.catalog.submit(&command).await.unwrap();
        self.active(name).await
    }

    pub async fn active(&self, name: &str) -> Arc<Stream> {
        let name = name.parse().unwrap();
        loop {
            let stream = self.catalog.lookup(self.caller.account, &self.caller.region, &name);
            match stream {
                Some(stream) if stream.status == millstream_catalog::StreamStatus::Active => {
                    return stream;
                }
                _ => tokio::task::yield_now().await,
            }
        }
    }

    pub async fn queue(&self, input: CreateQueueInput) -> String {
        let made = self.streams.create_queue(&self.caller, input).await.unwrap();
        let arn = made.queue_description.queue_arn;
        self.until(&arn, QueueStatus::Active).await;
        arn
    }

    pub async fn describe(&self, arn: &str) -> Result<QueueDescription, Error> {
        let input = DescribeQueueInput { queue_arn: arn.into() };
        Ok(self.streams.describe_queue(&self.caller, input).await?.queue_description)
    }

    /// Waits, without time, until the queue has a status.
    pub async fn until(&self, arn: &str, status: QueueStatus) {
        while self.describe(arn).await.unwrap().queue_status != status {
            tokio::task::yield_now().await;
        }
    }

    pub async fn put(&self, stream: &str, records: &[&str]) {
        let entry = |data: &&str| PutRecordsRequestEntry {
            data: Blob::Raw(data.as_bytes().to_vec().into()),
            explicit_hash_key: None,
            partition_key: Some((*data).to_owned().into()),
        };
        let input = PutRecordsInput {
            records: records.iter().map(entry).collect(),
            stream_name: Some(stream.to_owned().into()),
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        let reply = self.streams.put_records(&self.caller, input).await.unwrap();
        reply.entries.iter().for_each(|entry| drop(crate::harness::sequence(entry)));
    }

    pub fn receiving(&self, arn: &str, limit: i32) -> ReceiveQueueRecordsInput {
        ReceiveQueueRecordsInput {
            queue_arn: arn.into(),
            limit: Some(limit),
            wait_time_seconds: Some(1),
            visibility_timeout_seconds: None,
        }
    }

    pub async fn receive(&self, arn: &str, limit: i32) -> Vec<Got> {
        self.received(self.receiving(arn, limit)).await.unwrap()
    }

    pub async fn received(&self, input: ReceiveQueueRecordsInput) -> Result<Vec<Got>, Error> {
        let held = self.streams.receive_queue_records(&self.caller, input).await?;
        let got = held.output().queue_records.iter().map(got).collect();
        held.delivery.delivered();
        Ok(got)
    }

    pub async fn receive_dead(&self, arn: &str) -> Vec<Got> {
        let input = ReceiveDeadLetterQueueRecordsInput {
            queue_arn: arn.into(),
            limit: None,
            wait_time_seconds: Some(1),
            visibility_timeout_seconds: None,
        };
        let held = self.streams.receive_dead_letter_queue_records(&self.caller, input).await;
        let held = held.unwrap();
        let got = held.output().queue_records.iter().map(got).collect();
        held.delivery.delivered();
        got
    }

    /// Acknowledges, and says which codes failed.
    pub async fn acknowledge(&self, arn: &str, handles: &[&str]) -> Vec<String> {
        let input =
            AcknowledgeQueueRecordsInput { queue_arn: arn.into(), entries: entries(handles) };
        let outcome = self.streams.acknowledge_queue_records(&self.caller, input).await.unwrap();
        assert_eq!(outcome.successful.len() + outcome.failed.len(), handles.len());
        outcome.failed.into_iter().map(|failed| failed.error_code).collect()
    }

    pub async fn hide(&self, arn: &str, handle: &str, seconds: i32) -> Vec<String> {
        let entry =
            VisibilityEntry { receipt_handle: handle.into(), visibility_timeout_seconds: seconds };
        let input =
            UpdateQueueRecordsVisibilityInput { queue_arn: arn.into(), entries: vec![entry] };
        let outcome = self.streams.update_queue_records_visibility(&self.caller, input).await;
        outcome.unwrap().failed.into_iter().map(|failed| failed.error_code).collect()
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub async fn groups(&self) -> usize {
        self.log.groups().await.unwrap().len()
    }
}

fn got(record: &QueueRecord<'_>) -> Got {
    assert_eq!(
        record.partition_key.as_deref().map(str::as_bytes),
        Some(&record.data.to_vec().unwrap()[..])
    );
    Got {
        data: String::from_utf8(record.data.to_vec().unwrap()).unwrap(),
        handle: record.receipt_handle.clone(),
        id: record.record_id.clone(),
        receives: record.receive_count,
        first: record.first_receive_timestamp.0,
    }
}

pub fn entries(handles: &[&str]) -> Vec<HandleEntry> {
    let entry = |handle: &&str| HandleEntry { receipt_handle: (*handle).to_owned() };
    handles.iter().map(entry).collect()
}

pub fn create(name: &str, stream: &str, kind: QueueStartingPositionType) -> CreateQueueInput {
    CreateQueueInput {
        queue_name: name.into(),
        stream_configuration_list: vec![QueueStreamConfiguration {
            stream_arn: format!("arn:aws:kinesis:us-east-1:000000000000:stream/{stream}"),
            starting_position: Some(QueueStartingPosition { kind, timestamp: None }),
        }],
        queue_attributes: None,
        tags: None,
    }
}

pub fn from_start(name: &str, stream: &str) -> CreateQueueInput {
    create(name, stream, QueueStartingPositionType::TrimHorizon)
}

/// What records hold, sorted.
pub fn data(records: &[Got]) -> Vec<&str> {
    let mut data: Vec<_> = records.iter().map(|record| record.data.as_str()).collect();
    data.sort_unstable();
    data
}
