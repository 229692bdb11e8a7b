//! A service to test, and short ways to call it.

use std::sync::Arc;

use millstream_api::firehose::*;
use millstream_api::{Error, ErrorCode, Record};
use millstream_catalog::{Catalog, DeliveryStream};
use millstream_firehose::{Firehose, Lifecycle, Limits, Parts};
use millstream_log::Log;
use millstream_log::testkit::MemoryLog;
use millstream_streams::Caller;
use millstream_types::{AccountId, ManualClock, Millis, Random, SeededRandom};
use millstream_vault::{DataKey, LocalKey, LocalKeys, Vault, VaultParts};
use millstream_wire::{Protocol, Unknown, decode};

use super::outside::{Outside, Told};

pub const START: Millis = Millis(1_700_000_000_400);
pub const ROLE: &str = "arn:aws:iam::000000000000:role/r";

pub struct Fixture {
    pub log: Arc<MemoryLog>,
    pub clock: Arc<ManualClock>,
    pub firehose: Arc<Firehose>,
    pub catalog: Arc<Catalog>,
    pub caller: Caller,
    pub told: Arc<Told>,
    lifecycle: Option<Lifecycle>,
}

pub fn caller(account: u64, region: &str) -> Caller {
    Caller {
        account: AccountId::from_u64(account).unwrap(),
        region: region.parse().unwrap(),
        principal: "test".into(),
        request_id: "test".into(),
    }
}

/// A request as a client sends it.
pub fn request<T: for<'a> Record<'a>>(json: &str) -> T {
    decode(Protocol::Json, json.as_bytes(), &mut Unknown::default())
        .unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// A bucket's configuration, with more members.
pub fn bucket(more: &str) -> String {
    format!(r#"{{"RoleARN": "{ROLE}", "BucketARN": "arn:aws:s3:::b"{more}}}"#)
}

/// A request for a delivery stream into a bucket, with more members of the bucket's configuration.
pub fn into_bucket(name: &str, more: &str) -> String {
    let bucket = bucket(more);
    format!(r#"{{"DeliveryStreamName": "{name}", "ExtendedS3DestinationConfiguration": {bucket}}}"#)
}

impl Fixture {
    /// A new service without rates whose lifecycle runs.
    pub async fn new() -> Self {
        let mut fixture = Self::with(Limits::default().without_rates()).await;
        fixture.start();
        fixture
    }

    /// A service whose lifecycle does not run.
    pub async fn with(limits: Limits) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let log = MemoryLog::new(clock.clone());
        Self::over(log, clock, limits).await
    }

    async fn over(log: Arc<MemoryLog>, clock: Arc<ManualClock>, limits: Limits) -> Self {
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(7));
        let catalog = Catalog::open(log.clone(), clock.clone(), random.clone()).await.unwrap();
        let catalog = Arc::new(catalog);
        let account = AccountId::ZERO;
        let own =
            LocalKey { id: "own".into(), aliases: vec![], account, usable: Default::default() };
        let masters = Arc::new(LocalKeys::new(DataKey::new([5; 32]), vec![own], random.clone()));
        let vault = Vault::open(VaultParts {
            catalog: catalog.clone(),
            masters,
            clock: clock.clone(),
            machine_clock: clock.clone(),
            random,
        });
        let told = Arc::new(Told::default());
        let firehose = Firehose::new(Parts {
            catalog: catalog.clone(),
            log: log.clone(),
            clock: clock.clone(),
            vault: vault.await.unwrap(),
            sinks: Arc::new(Outside),
            pipelines: told.clone(),
            limits,
        });
        let caller = caller(0, "us-east-1");
        Fixture { log, clock, firehose, catalog, caller, told, lifecycle: None }
    }

    pub fn start(&mut self) {
        self.lifecycle = Some(self.firehose.start_lifecycle());
    }

    /// The same data with a new service, as after a crash or a restart.
    pub async fn restart(mut self) -> Self {
        if let Some(lifecycle) = self.lifecycle.take() {
            lifecycle.stop().await;
        }
        self.catalog.stop().await;
        let limits = Limits::default().without_rates();
        let mut next = Self::over(self.log.clone(), self.clock.clone(), limits).await;
        next.start();
        next
    }

    pub async fn create(&self, json: &str) -> Result<String, Error> {
        let made = self.firehose.create_delivery_stream(&self.caller, request(json)).await?;
        Ok(made.delivery_stream_arn.unwrap())
    }

    /// A delivery stream that is ACTIVE.
    pub async fn active(&self, json: &str) {
        let input: CreateDeliveryStreamInput = request(json);
        let name = input.delivery_stream_name.clone();
        self.firehose.create_delivery_stream(&self.caller, input).await.unwrap();
        self.until(&name, DeliveryStreamStatus::Active).await;
    }

    pub async fn describe(&self, name: &str) -> Result<DeliveryStreamDescription, Error> {
        let json = format!(r#"{{"DeliveryStreamName": "{name}"}}"#);
        let output = self.firehose.describe_delivery_stream(&self.caller, request(&json)).await?;
        Ok(output.delivery_stream_description)
    }

    pub async fn destination(&self, name: &str) -> DestinationDescription {
        self.describe(name).await.unwrap().destinations.remove(0)
    }

    /// Sends an update for a version with this member.
    pub async fn update(&self, name: &str, version: &str, member: &str) -> Result<(), Error> {
        let json = format!(
            r#"{{"DeliveryStreamName": "{name}", "CurrentDeliveryStreamVersionId": "{version}",
                "DestinationId": "destinationId-000000000001", {member}}}"#
        );
        self.firehose.update_destination(&self.caller, request(&json)).await.map(drop)
    }

    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        let json = format!(r#"{{"DeliveryStreamName": "{name}"}}"#);
        self.firehose.delete_delivery_stream(&self.caller, request(&json)).await.map(drop)
    }

    /// The delivery stream in the catalog.
    pub fn stored(&self, name: &str) -> Option<Arc<DeliveryStream>> {
        let (account, region) = (self.caller.account, &self.caller.region);
        let name = name.parse().unwrap();
        self.catalog.read(|state| state.delivery_streams().lookup(account, region, &name).cloned())
    }

    /// Waits until the delivery stream has a status.
    pub async fn until(&self, name: &str, status: DeliveryStreamStatus) {
        self.wait_for(|| async {
            self.describe(name).await.is_ok_and(|shown| shown.delivery_stream_status == status)
        })
        .await;
    }

    /// Waits until the delivery stream is gone.
    pub async fn until_gone(&self, name: &str) {
        self.wait_for(|| async { self.stored(name).is_none() }).await;
    }

    /// Waits until pipelines were told this.
    pub async fn until_told(&self, call: &str) {
        while !self.told.calls().iter().any(|told| told == call) {
            tokio::task::yield_now().await;
        }
    }

    /// Looks after each change of the catalog.
    pub async fn wait_for<F: Future<Output = bool>>(&self, holds: impl Fn() -> F) {
        let mut changes = self.catalog.changes();
        loop {
            changes.mark_unchanged();
            if holds().await {
                return;
            }
            changes.changed().await.unwrap();
        }
    }

    /// Whether the log has a group.
    pub async fn has_group(&self, group: millstream_log::GroupId) -> bool {
        self.log.groups().await.unwrap().iter().any(|(known, ..)| *known == group)
    }
}

/// The error of a call that must fail.
pub fn error<T: std::fmt::Debug>(result: Result<T, Error>) -> (ErrorCode, String) {
    let error = result.unwrap_err();
    (error.code, error.message.into_owned())
}
