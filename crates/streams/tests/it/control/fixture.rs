//! A service to test, and short ways to call it.

use std::sync::Arc;

use millstream_api::ops::*;
use millstream_api::shapes::{Shard, StreamStatus};
use millstream_api::{Error, ErrorCode};
use millstream_catalog::Catalog;
use millstream_log::testkit::MemoryLog;
use millstream_streams::{Caller, Lifecycle, Limits, Parts, Streams};
use millstream_types::{AccountId, ManualClock, Millis, SeededRandom};

pub const START: Millis = Millis(1_700_000_000_400);

pub struct Fixture {
    pub log: Arc<MemoryLog>,
    pub clock: Arc<ManualClock>,
    pub streams: Arc<Streams>,
    pub catalog: Arc<Catalog>,
    pub caller: Caller,
    lifecycle: Option<Lifecycle>,
}

impl Fixture {
    /// A new service without rates whose lifecycle runs.
    pub async fn new() -> Self {
        Self::with(Limits::default().without_rates()).await
    }

    pub async fn with(limits: Limits) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let log = MemoryLog::new(clock.clone());
        let mut fixture = Self::over(log, clock, limits).await;
        fixture.start();
        fixture
    }

    /// A service over what is there already; its lifecycle does not run.
    pub async fn over(log: Arc<MemoryLog>, clock: Arc<ManualClock>, limits: Limits) -> Self {
        let random = Arc::new(SeededRandom::new(7));
        let catalog = Catalog::open(log.clone(), clock.clone(), random.clone()).await.unwrap();
        let catalog = Arc::new(catalog);
        let key = catalog.token_key();
        let parts = Parts {
            catalog: catalog.clone(),
            log: log.clone(),
            clock: clock.clone(),
            limits,
            random,
        };
        let streams = Streams::new(parts, &key);
        let caller = caller(0, "us-east-1");
        Fixture { log, clock, streams, catalog, caller, lifecycle: None }
    }

    pub fn start(&mut self) {
        self.lifecycle = Some(self.streams.start_lifecycle());
    }

    /// The same data with a new service, as after a crash or a restart.
    pub async fn restart(mut self, limits: Limits) -> Self {
        if let Some(lifecycle) = self.lifecycle.take() {
            lifecycle.stop().await;
        }
        self.catalog.stop().await;
        let mut next = Self::over(self.log.clone(), self.clock.clone(), limits).await;
        next.start();
        next
    }

    pub async fn create(&self, name: &str, shards: i32) {
        self.streams.create_stream(&self.caller, create(name, shards)).await.unwrap();
        self.until(name, StreamStatus::Active).await;
    }

    pub async fn status(&self, name: &str) -> Result<StreamStatus, Error> {
        Ok(self.describe(name).await?.stream_status)
    }

    pub async fn describe(&self, name: &str) -> Result<StreamDescription, Error> {
        let input = DescribeStreamInput {
            stream_name: Some(name.into()),
            limit: None,
            exclusive_start_shard_id: None,
            stream_arn: None,
            stream_id: None,
        };
        Ok(self.streams.describe_stream(&self.caller, input).await?.stream_description)
    }

    pub async fn shards(&self, name: &str) -> Vec<Shard> {
        self.describe(name).await.unwrap().shards
    }

    /// Waits, without time, until the stream has a status.
    pub async fn until(&self, name: &str, status: StreamStatus) {
        while self.status(name).await.unwrap() != status {
            tokio::task::yield_now().await;
        }
    }

    pub async fn until_gone(&self, name: &str) {
        while self.status(name).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    pub async fn split(&self, name: &str, shard: &str, at: u128) -> Result<(), Error> {
        let input = SplitShardInput {
            stream_name: Some(name.into()),
            shard_to_split: shard.into(),
            new_starting_hash_key: at.to_string(),
            stream_arn: None,
            stream_id: None,
        };
        self.streams.split_shard(&self.caller, input).await?;
        self.until(name, StreamStatus::Active).await;
        Ok(())
    }

    pub async fn merge(&self, name: &str, shard: &str, adjacent: &str) -> Result<(), Error> {
        let input = MergeShardsInput {
            stream_name: Some(name.into()),
            shard_to_merge: shard.into(),
            adjacent_shard_to_merge: adjacent.into(),
            stream_arn: None,
            stream_id: None,
        };
        self.streams.merge_shards(&self.caller, input).await?;
        self.until(name, StreamStatus::Active).await;
        Ok(())
    }

    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        self.streams.delete_stream(&self.caller, delete(name)).await
    }
}

pub fn caller(account: u64, region: &str) -> Caller {
    Caller {
        account: AccountId::from_u64(account).unwrap(),
        region: region.parse().unwrap(),
        principal: "anonymous".into(),
        request_id: "r".into(),
    }
}

pub fn create(name: &str, shards: i32) -> CreateStreamInput {
    CreateStreamInput {
        stream_name: name.into(),
        shard_count: Some(shards),
        stream_mode_details: None,
        tags: None,
        warm_throughput_mibps: None,
        max_record_size_in_kib: None,
        record_distribution_strategy: None,
    }
}

pub fn delete(name: &str) -> DeleteStreamInput {
    DeleteStreamInput {
        stream_name: Some(name.into()),
        enforce_consumer_deletion: None,
        stream_arn: None,
        stream_id: None,
    }
}

pub fn list_shards(name: &str) -> ListShardsInput {
    ListShardsInput {
        stream_name: Some(name.into()),
        next_token: None,
        exclusive_start_shard_id: None,
        max_results: None,
        stream_creation_timestamp: None,
        shard_filter: None,
        stream_arn: None,
        stream_id: None,
    }
}

pub fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> ErrorCode {
    outcome.unwrap_err().code
}

pub fn shard_ids(shards: &[Shard]) -> Vec<u32> {
    let number = |shard: &Shard| shard.shard_id["shardId-".len()..].parse().unwrap();
    shards.iter().map(number).collect()
}
