//! A world that outlives nodes: the log, the clock and the destinations. A node lives in a tokio runtime of its own;
//! dropping it is a kill -9. Time in it is paused: back-offs take none.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use millstream_api::Blob;
use millstream_firehose::envelope::{InTheClear, Keys};
use millstream_firehose::settings::*;
use millstream_firehose::sink::*;
use millstream_firehose::source::Source;
use millstream_firehose::*;
use millstream_log::testkit::MemoryLog;
use millstream_log::{GroupId, Log};
use millstream_types::{AccountId, Clock, ManualClock, Millis, SeededRandom};

pub const DATA: GroupId = GroupId(100);
pub const STATE: GroupId = GroupId(101);
/// 2026-03-01T12:00:00Z.
pub const START: Millis = Millis(1_772_366_400_000);

/// What a destination does with an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Takes it.
    Take,
    /// Takes it, and says that it did not.
    TakeAndFail,
    /// Refuses it.
    Fail(Then),
    /// Never answers.
    Hang,
    /// Takes it, and never answers.
    TakeAndHang,
    /// Refuses some records, by their index.
    Refuse(Vec<usize>),
}

/// What a function answers to its call of this number.
pub type Answer = fn(usize, &[u8]) -> Result<Vec<u8>, SinkError>;

#[derive(Default)]
pub struct Outside {
    /// Objects by bucket and key.
    pub objects: Mutex<BTreeMap<(String, String), Object>>,
    /// What happens to the next objects of a bucket; then they are taken.
    pub object_acts: Mutex<BTreeMap<String, VecDeque<Act>>>,
    /// What happens to all objects of a bucket after those.
    pub object_always: Mutex<BTreeMap<String, Act>>,
    /// Attempts to write, per bucket.
    pub object_attempts: Mutex<BTreeMap<String, usize>>,
    /// Parcels that were taken.
    pub parcels: Mutex<Vec<Parcel>>,
    pub parcel_acts: Mutex<VecDeque<Act>>,
    pub parcel_always: Mutex<Option<Act>>,
    pub parcel_attempts: Mutex<usize>,
    pub given_up: Mutex<usize>,
    /// Whether giving up fails.
    pub gave_up_fails: Mutex<bool>,
    /// Done when a parcel comes.
    pub on_parcel: Mutex<Option<Box<dyn Fn() + Send>>>,
    /// Requests to the function.
    pub calls: Mutex<Vec<Bytes>>,
    pub function: Mutex<Option<Answer>>,
    /// Calls of the function, by their number, that are never answered.
    pub unanswered: Mutex<Vec<usize>>,
    /// Buckets that are elsewhere.
    pub outward: Mutex<Vec<String>>,
}

pub struct Sim(pub Arc<Outside>);

fn error(then: Then) -> SinkError {
    SinkError { code: "Test.Failed".into(), message: "no".into(), then }
}

impl ObjectStorage for Sim {
    fn accepts(&self, _: &str, _: &Encryption) -> Result<(), String> {
        Ok(())
    }

    fn is_outward(&self, bucket: &str) -> bool {
        self.0.outward.lock().unwrap().iter().any(|name| name == bucket)
    }

    fn put<'a>(
        &'a self,
        _: &'a Sender,
        object: &'a Object,
    ) -> SinkFuture<'a, Result<Put, SinkError>> {
        let bucket = object.bucket.to_string();
        *self.0.object_attempts.lock().unwrap().entry(bucket.clone()).or_default() += 1;
        let mut acts = self.0.object_acts.lock().unwrap();
        let act = acts.get_mut(&bucket).and_then(VecDeque::pop_front);
        let always = || self.0.object_always.lock().unwrap().get(&bucket).cloned();
        let act = act.or_else(always).unwrap_or(Act::Take);
        let take = || {
            let mut objects = self.0.objects.lock().unwrap();
            let place = (bucket.clone(), object.key.clone());
            match objects.get(&place) {
                Some(there) => {
                    assert_eq!(there.body, object.body, "the same key has the same bytes");
                    Put::Existed
                }
                None => {
                    objects.insert(place, object.clone());
                    Put::Written
                }
            }
        };
        let answer = match act {
            Act::Take | Act::Refuse(_) => Some(Ok(take())),
            Act::TakeAndFail => {
                take();
                Some(Err(error(Then::Retry)))
            }
            Act::Fail(then) => Some(Err(error(then))),
            Act::Hang => None,
            Act::TakeAndHang => {
                take();
                None
            }
        };
        Box::pin(async move {
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }
}

impl RecordSink for Sim {
    fn deliver<'a>(
        &'a self,
        parcel: &'a Parcel,
    ) -> SinkFuture<'a, Result<Vec<RefusedRecord>, SinkError>> {
        *self.0.parcel_attempts.lock().unwrap() += 1;
        if let Some(act) = &*self.0.on_parcel.lock().unwrap() {
            act();
        }
        let act = self.0.parcel_acts.lock().unwrap().pop_front();
        let act = act.or_else(|| self.0.parcel_always.lock().unwrap().clone()).unwrap_or(Act::Take);
        let take = || self.0.parcels.lock().unwrap().push(parcel.clone());
        let answer = match act {
            Act::Take => {
                take();
                Some(Ok(Vec::new()))
            }
            Act::Refuse(which) => {
                take();
                let refused = |index| RefusedRecord {
                    index,
                    code: "Test.Refused".into(),
                    message: "not this one".into(),
                    members: vec![("dataId", format!("id {index}"))],
                };
                Some(Ok(which.into_iter().map(refused).collect()))
            }
            Act::TakeAndFail => {
                take();
                Some(Err(error(Then::Retry)))
            }
            Act::Fail(then) => Some(Err(error(then))),
            Act::Hang => None,
            Act::TakeAndHang => {
                take();
                None
            }
        };
        Box::pin(async move {
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }

    fn gave_up<'a>(&'a self, _: &'a Parcel) -> SinkFuture<'a, Result<(), SinkError>> {
        *self.0.given_up.lock().unwrap() += 1;
        let fails = *self.0.gave_up_fails.lock().unwrap();
        let done = if fails { Err(error(Then::Retry)) } else { Ok(()) };
        Box::pin(std::future::ready(done))
    }
}

impl Functions for Sim {
    fn accepts(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn invoke<'a>(
        &'a self,
        _: &'a Sender,
        _: &'a str,
        payload: Bytes,
    ) -> SinkFuture<'a, Result<Bytes, SinkError>> {
        let mut calls = self.0.calls.lock().unwrap();
        let function = self.0.function.lock().unwrap().expect("a function is set");
        let number = calls.len();
        let answer = function(number, &payload);
        calls.push(payload);
        if self.0.unanswered.lock().unwrap().contains(&number) {
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(answer.map(Bytes::from)))
    }
}

impl Sinks for Sim {
    fn objects(&self) -> Arc<dyn ObjectStorage> {
        Arc::new(Sim(self.0.clone()))
    }

    fn records(&self, _: &Sender, _: &RecordDestination) -> Result<Arc<dyn RecordSink>, String> {
        Ok(Arc::new(Sim(self.0.clone())))
    }

    fn functions(&self) -> Arc<dyn Functions> {
        Arc::new(Sim(self.0.clone()))
    }

    fn table(&self, _: &TableName) -> Result<Arc<TableSchema>, String> {
        Err("there are no tables".into())
    }

    fn secret(&self, _: &str) -> Result<BTreeMap<String, String>, String> {
        Err("there are no secrets".into())
    }
}

pub fn target(bucket: &str, prefix: &str) -> ObjectTarget {
    ObjectTarget {
        bucket: bucket.into(),
        naming: Naming::Firehose {
            prefix: Some(prefix.into()),
            error_prefix: Some("errors/".into()),
            time_zone: None,
            extension: None,
        },
        compression: Compression::Uncompressed,
        encryption: Encryption::BucketDefault,
        conversion: None,
        bucket_owner: None,
        storage_class: None,
    }
}

pub fn hints(mib: u64, seconds: u64) -> Hints {
    Hints { bytes: mib << 20, interval: Duration::from_secs(seconds) }
}

pub fn backup(bucket: &str) -> Backup {
    Backup {
        role_arn: "role".into(),
        target: target(bucket, ""),
        hints: hints(5, 300),
        logging: None,
    }
}

/// To objects under `logs/` in the bucket `main`, errors to the bucket `errors`.
pub fn to_objects() -> Settings {
    Settings {
        version: 1,
        source: millstream_firehose::settings::Source::DirectPut,
        role_arn: "role".into(),
        processing: Processing::default(),
        destination: Destination::Objects(target("main", "logs/")),
        hints: hints(1, 60),
        backup: None,
        errors: backup("errors"),
        logging: Some(Logging { group: "g".into(), stream: "s".into() }),
    }
}

/// Older versions differ from this one in what the document says: the bucket.
struct Older(Arc<Settings>);

impl Documents for Older {
    fn read<'a>(&'a self, version: u64, document: &'a [u8]) -> DocumentFuture<'a> {
        let mut settings = (*self.0).clone();
        settings.version = version;
        if let Destination::Objects(target) = &mut settings.destination {
            target.bucket = String::from_utf8_lossy(document).into();
        }
        Box::pin(std::future::ready(Ok(Arc::new(settings))))
    }
}

pub struct World {
    pub clock: Arc<ManualClock>,
    pub log: Arc<MemoryLog>,
    pub outside: Arc<Outside>,
    pub settings: Mutex<Settings>,
    pub memory_bytes: u64,
    pub partitions_max: usize,
    pub check: Option<RecordCheck>,
    pub keys: Arc<dyn Keys>,
    pub source: Option<Arc<dyn Source>>,
    lives: Mutex<u64>,
}

/// A node.
pub struct Node<'w> {
    pub world: &'w World,
    pub runtimes: Arc<Runtimes>,
}

impl World {
    pub fn new(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        World {
            log: MemoryLog::new(clock.clone()),
            clock,
            outside: Arc::default(),
            settings: Mutex::new(settings),
            memory_bytes: RuntimeParts::MEMORY_BYTES,
            partitions_max: RuntimeParts::PARTITIONS_MAX,
            check: None,
            keys: Arc::new(InTheClear),
            source: None,
            lives: Mutex::new(0),
        }
    }

    pub fn configuration(&self) -> Configuration {
        let settings = Arc::new(self.settings.lock().unwrap().clone());
        let document = match &settings.destination {
            Destination::Objects(target) => target.bucket.as_bytes().to_vec(),
            Destination::Records { .. } => Vec::new(),
        };
        let documents = Arc::new(Older(settings.clone()));
        Configuration { settings, document, documents }
    }

    pub fn parts(&self) -> PipelineParts {
        PipelineParts {
            sender: Sender {
                account: AccountId::from_u64(0).unwrap(),
                region: "us-east-1".parse().unwrap(),
                name: "ds".into(),
                arn: "arn:aws:firehose:us-east-1:000000000000:deliverystream/ds".into(),
                role_arn: "role".into(),
            },
            channel_id: "".into(),
            data_group: DATA,
            state_group: STATE,
            keys: self.keys.clone(),
            source: self.source.clone().map(|source| (source, "arn:stream".into())),
            check: self.check,
            configuration: self.configuration(),
        }
    }

    /// Another delivery stream, of this number.
    pub fn other_parts(&self, number: u64, settings: Settings) -> PipelineParts {
        let mut parts = self.parts();
        (parts.data_group, parts.state_group) = (other(number), GroupId(other(number).0 + 1));
        parts.configuration.settings = Arc::new(settings);
        parts
    }

    /// A node's life, which ends with a kill.
    pub fn live<T>(&self, life: impl AsyncFnOnce(Node<'_>) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let number = {
            let mut lives = self.lives.lock().unwrap();
            *lives += 1;
            *lives
        };
        let out = runtime.block_on(async {
            let runtimes = Runtimes::new(RuntimeParts {
                log: self.log.clone() as Arc<dyn Log>,
                clock: self.clock.clone() as Arc<dyn Clock>,
                random: Arc::new(SeededRandom::new(number)),
                sinks: Arc::new(Sim(self.outside.clone())),
                background: tokio::runtime::Handle::current(),
                computing: tokio::runtime::Handle::current(),
                memory_bytes: self.memory_bytes,
                partitions_max: self.partitions_max,
            });
            runtimes.start(self.parts()).await.unwrap();
            life(Node { world: self, runtimes }).await
        });
        runtime.shutdown_background();
        out
    }

    pub fn clock_now(&self) -> Millis {
        self.clock.now()
    }

    /// What objects of a bucket hold, by key.
    pub fn objects(&self, bucket: &str) -> BTreeMap<String, String> {
        let objects = self.outside.objects.lock().unwrap();
        let of_bucket = objects.iter().filter(|((of, _), _)| of == bucket);
        of_bucket
            .map(|((_, key), object)| {
                (key.clone(), String::from_utf8_lossy(&object.body).into_owned())
            })
            .collect()
    }

    /// All that objects of a bucket hold, in the order of their keys.
    pub fn content(&self, bucket: &str) -> String {
        self.objects(bucket).into_values().collect()
    }

    /// The lines in a bucket, sorted.
    pub fn lines(&self, bucket: &str) -> Vec<String> {
        let mut lines: Vec<String> = self.content(bucket).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    pub fn object_attempts(&self, bucket: &str) -> usize {
        self.outside.object_attempts.lock().unwrap().get(bucket).copied().unwrap_or(0)
    }

    pub fn object_acts(&self, bucket: &str, acts: impl IntoIterator<Item = Act>) {
        let mut all = self.outside.object_acts.lock().unwrap();
        all.entry(bucket.to_owned()).or_default().extend(acts);
    }

    pub fn object_always(&self, bucket: &str, act: Act) {
        self.outside.object_always.lock().unwrap().insert(bucket.to_owned(), act);
    }
}

/// The data group of another delivery stream.
pub fn other(number: u64) -> GroupId {
    GroupId(200 + 2 * number)
}

impl Node<'_> {
    pub fn pipeline(&self) -> Arc<Pipeline> {
        self.runtimes.pipeline(DATA).unwrap()
    }

    /// Puts records; how many were acknowledged.
    pub async fn put(&self, records: &[impl AsRef<[u8]>]) -> usize {
        self.put_to(DATA, records).await
    }

    /// Puts records to another delivery stream; how many were acknowledged.
    pub async fn put_to(&self, group: GroupId, records: &[impl AsRef<[u8]>]) -> usize {
        let blobs: Vec<Blob<'_>> =
            records.iter().map(|record| Blob::Raw(record.as_ref().into())).collect();
        let pipeline = self.runtimes.pipeline(group).unwrap();
        let runs = pipeline.intake().unwrap().put(&blobs).await.unwrap();
        runs.iter().filter(|run| run.outcome.is_ok()).map(|run| run.to - run.from).sum()
    }

    pub async fn advance(&self, seconds: u64) {
        self.world.clock.advance(Duration::from_secs(seconds));
        self.settle().await;
    }

    /// Lets everything happen that happens without time going on (but for an hour of back-offs at most).
    pub async fn settle(&self) {
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until something holds: an hour of paused time at most.
    pub async fn until(&self, holds: impl Fn(&World) -> bool) {
        for _ in 0..20_000 {
            if holds(self.world) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("it never came to that: {:?}", self.pipeline().status());
    }

    pub async fn flush(&self) {
        self.pipeline().flush(Duration::from_secs(3600)).await.unwrap();
    }
}
