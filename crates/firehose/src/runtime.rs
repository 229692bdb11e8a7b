//! The pipelines of a node: started, changed and stopped by the lifecycle, flushed and measured by people.

mod flush;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millstream_counters::{Collect, Collector, Counter, Sample};
use millstream_log::{Class, FramePool, GroupId, GroupSpec, Log, LogId};
use millstream_replica::{Replica, ReplicaSetup, SingleNode};
use millstream_types::{Clock, Millis, Random};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::budget::Budget;
use crate::computing::Computing;
use crate::context::{Appending, Context, RecordCheck};
use crate::discarded::Discarded;
use crate::envelope::{CountedKeys, Envelope, Keys};
use crate::intake::{Intake, frames};
use crate::journal::{Journal, Logged};
use crate::limits::{BLOCK_BYTES_MAX, DELIVERIES_MAX, PARTITIONS_MAX};
use crate::machine::{DeliveryMachine, LaneId, Totals};
use crate::metrics::{self, PipelineCounters, Shown, destination_name};
use crate::outward::{Outward, Ways};
use crate::pilot::{Order, Pilot, prepare};
use crate::processed::PROCESSED_LOG;
use crate::rebased::rebased;
use crate::settings::Settings;
use crate::sink::{Sender, Sinks};
use crate::source::Source;

/// Bytes of commands after which a snapshot is begun: there are many delivery streams, and each is replayed at the
/// node's start.
const SNAPSHOT_LOG_BYTES_MIN: u64 = 4 * 1024 * 1024;
/// Orders that may wait for a pilot.
const ORDERS_MAX: usize = 16;
/// Delivery streams whose series are shown.
const SHOWN_MAX: usize = 1000;

/// What the call of [`Documents`] returns.
pub type DocumentFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Arc<Settings>, String>> + Send + 'a>>;

/// Makes settings of documents again that were kept beside plans.
pub trait Documents: Send + Sync + 'static {
    /// The settings of a version. The text says why it has none any more.
    fn read<'a>(&'a self, version: u64, document: &'a [u8]) -> DocumentFuture<'a>;
}

/// A version of a configuration.
#[derive(Clone)]
pub struct Configuration {
    /// Ready for use.
    pub settings: Arc<Settings>,
    /// As it is kept while plans name it; secrets in it are sealed.
    pub document: Vec<u8>,
    /// What makes settings of such a document again.
    pub documents: Arc<dyn Documents>,
}

/// What a pipeline is made of.
pub struct PipelineParts {
    /// Who delivers.
    pub sender: Sender,
    /// A channel's id; empty for a delivery stream.
    pub channel_id: Arc<str>,
    /// The group of its intake, processed log and journal; made if it is not there.
    pub data_group: GroupId,
    /// The group of its machine; likewise.
    pub state_group: GroupId,
    /// The keys of its blocks.
    pub keys: Arc<dyn Keys>,
    /// Where records come from, if not from puts: with the ARN that functions are told.
    pub source: Option<(Arc<dyn Source>, Arc<str>)>,
    /// What records must be.
    pub check: Option<RecordCheck>,
    /// The configuration.
    pub configuration: Configuration,
}

/// What the pipelines of a node stand on.
pub struct RuntimeParts {
    /// The engine.
    pub log: Arc<dyn Log>,
    /// Service time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, fit for secrets.
    pub random: Arc<dyn Random>,
    /// What is outside.
    pub sinks: Arc<dyn Sinks>,
    /// Where pipelines work: threads that may wait for those that serve.
    pub background: Handle,
    /// Where they compute: the blocking threads of this runtime, as many as
    /// [`crate::computing_threads`] says.
    pub computing: Handle,
    /// Bytes of memory for deliveries and workers.
    pub memory_bytes: u64,
    /// Partitions of a delivery stream that may be active.
    pub partitions_max: usize,
}

impl RuntimeParts {
    /// Bytes of memory for deliveries and workers, unless told otherwise.
    pub const MEMORY_BYTES: u64 = 256 * 1024 * 1024;
    /// Active partitions, unless told otherwise.
    pub const PARTITIONS_MAX: usize = PARTITIONS_MAX;
}

/// The pipelines of a node.
pub struct Runtimes {
    parts: RuntimeParts,
    budget: Budget,
    outward: Arc<Outward>,
    places: Arc<Semaphore>,
    computing: Computing,
    frames: FramePool,
    jumps: watch::Receiver<()>,
    started: watch::Sender<()>,
    pipelines: Mutex<HashMap<GroupId, Arc<Pipeline>>>,
    /// Kept here: the counts of a pipeline go with it.
    discarded_records: Counter,
}

/// A pipeline that is at work.
pub struct Pipeline {
    ctx: Arc<Context>,
    intake: Option<Arc<Intake>>,
    orders: mpsc::Sender<Order>,
    pilot: Mutex<Option<JoinHandle<()>>>,
    settings: Mutex<Arc<Settings>>,
}

/// What a pipeline is at, for those who measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipelineStatus {
    /// `DataFreshness`, in milliseconds.
    pub data_freshness_ms: u64,
    /// Records that are in no plan.
    pub waiting_records: u64,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// Plans that are not settled.
    pub open_plans: u64,
    /// Active partitions.
    pub partitions: u64,
    /// What became of records.
    pub totals: Totals,
}

/// Why a pipeline could not do what it was told; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipelineError {
    /// There is no such pipeline at work.
    Unknown,
    /// It was not done in time, or not at all; the text says why.
    Failed(String),
    /// It goes on, but was not done in the time that was given; the text says what is left.
    Late(String),
    /// All that there was has been delivered, and nothing more will come: the source was deleted.
    SourceDeleted(String),
}

impl std::fmt::Display for PipelineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PipelineError::Unknown => f.write_str("the delivery stream is not at work"),
            PipelineError::Failed(why)
            | PipelineError::Late(why)
            | PipelineError::SourceDeleted(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for PipelineError {}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(why: impl std::fmt::Display) -> PipelineError {
    PipelineError::Failed(why.to_string())
}

impl Runtimes {
    /// None yet.
    pub fn new(parts: RuntimeParts) -> Arc<Self> {
        let (jumped, jumps) = watch::channel(());
        parts.clock.on_jump(Box::new(move || jumped.send_modify(|()| {})));
        Arc::new(Runtimes {
            budget: Budget::new(parts.memory_bytes),
            outward: Outward::new(parts.memory_bytes),
            places: Arc::new(Semaphore::new(DELIVERIES_MAX)),
            computing: Computing::new(parts.computing.clone()),
            frames: frames(),
            jumps,
            started: watch::Sender::new(()),
            pipelines: Mutex::default(),
            discarded_records: Counter::new(),
            parts,
        })
    }

    /// What is outside.
    pub fn sinks(&self) -> &Arc<dyn Sinks> {
        &self.parts.sinks
    }

    /// Changes whenever a pipeline has come to work.
    pub fn started(&self) -> watch::Receiver<()> {
        self.started.subscribe()
    }

    /// A pipeline that is at work.
    pub fn pipeline(&self, data_group: GroupId) -> Option<Arc<Pipeline>> {
        lock(&self.pipelines).get(&data_group).cloned()
    }

    /// Begins to deliver, going on where delivery had come to. One that is at work gets the configuration.
    pub async fn start(&self, parts: PipelineParts) -> Result<(), PipelineError> {
        if self.pipeline(parts.data_group).is_some() {
            return self.update(parts.data_group, parts.configuration).await;
        }
        self.begin(parts, Arc::default()).await
    }

    /// Goes on with another stream in the place of a source that was deleted. What was counted stays.
    pub async fn replace(&self, parts: PipelineParts) -> Result<(), PipelineError> {
        let before = lock(&self.pipelines).remove(&parts.data_group);
        let counters = before.as_ref().map(|before| before.ctx.counters.clone());
        if let Some(before) = before {
            before.stop().await;
        }
        self.begin(parts, counters.unwrap_or_default()).await
    }

    async fn begin(
        &self,
        parts: PipelineParts,
        counters: Arc<PipelineCounters>,
    ) -> Result<(), PipelineError> {
        let group = parts.data_group;
        self.make_group(group).await?;
        let pipeline = self.open(parts, counters).await?;
        lock(&self.pipelines).insert(group, pipeline);
        self.started.send_modify(|()| {});
        Ok(())
    }

    async fn make_group(&self, group: GroupId) -> Result<(), PipelineError> {
        let groups = self.parts.log.groups().await.map_err(failed)?;
        // A log that refuses writes can still be read: nothing is written where nothing is missing.
        if groups.iter().any(|(id, _, logs)| *id == group && *logs >= 3) {
            return Ok(());
        }
        let record_bytes_max = BLOCK_BYTES_MAX as u32;
        let spec = GroupSpec { class: Class::Data, keep: None, record_bytes_max };
        self.parts.log.create(group, spec, 3).await.map_err(failed)
    }

    async fn open(
        &self,
        parts: PipelineParts,
        counters: Arc<PipelineCounters>,
    ) -> Result<Arc<Pipeline>, PipelineError> {
        let RuntimeParts { log, clock, random, sinks, partitions_max, .. } = &self.parts;
        let setup = ReplicaSetup {
            log: log.clone(),
            group: parts.state_group,
            placement: Arc::new(SingleNode),
            clock: clock.clone(),
            random: random.clone(),
            settings: millstream_replica::Settings {
                snapshot_log_bytes_min: SNAPSHOT_LOG_BYTES_MIN,
                ..millstream_replica::Settings::default()
            },
        };
        let replica = Replica::<DeliveryMachine>::open(setup).await.map_err(failed)?;
        let keys = Arc::new(CountedKeys { keys: parts.keys, counters: counters.clone() });
        let data = parts.data_group;
        let envelope = Arc::new(Envelope::new(data, keys, random.clone()));
        let direct = parts.source.is_none().then(|| {
            let frames = self.frames.clone();
            Arc::new(Intake::new(log.clone(), data, envelope.clone(), frames))
        });
        let (source, source_arn): (Arc<dyn Source>, _) = match (parts.source, &direct) {
            (Some((source, arn)), _) => (source, Some(arn)),
            (None, Some(intake)) => (intake.clone(), None),
            (None, None) => return Err(PipelineError::Unknown),
        };
        let processed = LogId { group: data, index: PROCESSED_LOG };
        let name = &parts.sender.name;
        let source = rebased(source, &replica, log, processed, name).await.map_err(failed)?;
        let ctx = Arc::new(Context {
            sender: parts.sender,
            channel_id: parts.channel_id,
            source_arn,
            log: log.clone(),
            data,
            envelope,
            source,
            replica,
            clock: clock.clone(),
            started: clock.now(),
            random: random.clone(),
            sinks: sinks.clone(),
            shares: std::array::from_fn(|_| self.budget.share()),
            ways: Ways::new(self.outward.clone()),
            places: self.places.clone(),
            computing: self.computing.clone(),
            frames: self.frames.clone(),
            counters,
            journal: Journal::new(log.clone(), data),
            partitions_max: *partitions_max,
            check: parts.check,
            appending: Arc::new(Appending::default()),
            taken: Default::default(),
            tried: Default::default(),
            patience: Default::default(),
            counted: Default::default(),
        });
        let (orders, inbox) = mpsc::channel(ORDERS_MAX);
        let settings = Mutex::new(parts.configuration.settings.clone());
        let (configuration, jumps) = (parts.configuration, self.jumps.clone());
        // Where delivery begins is written down before anyone is told that it does.
        prepare(&ctx, &configuration).await.map_err(PipelineError::Failed)?;
        let pilot = Pilot { ctx: ctx.clone(), inbox, configuration, jumps };
        let pilot = Mutex::new(Some(self.parts.background.spawn(pilot.run())));
        Ok(Arc::new(Pipeline { ctx, intake: direct, orders, pilot, settings }))
    }

    /// Goes on with another configuration.
    pub async fn update(
        &self,
        data_group: GroupId,
        configuration: Configuration,
    ) -> Result<(), PipelineError> {
        let pipeline = self.pipeline(data_group).ok_or(PipelineError::Unknown)?;
        let settings = configuration.settings.clone();
        pipeline.order(|done| Order::Update(configuration, done)).await?;
        *lock(&pipeline.settings) = settings;
        Ok(())
    }

    /// Ends a pipeline, and counts what it throws away if its delivery stream is deleted. Nothing of it uses the logs
    /// any more then.
    pub async fn stop(&self, data_group: GroupId, discard: bool) {
        let pipeline = lock(&self.pipelines).remove(&data_group);
        let Some(pipeline) = pipeline else { return };
        pipeline.end().await;
        if discard {
            let discarded = Discarded::of(&pipeline.ctx).await;
            let (records, name) = (discarded.records(), &pipeline.ctx.sender.name);
            if records > 0 {
                let Discarded { unread, processed, planned } = discarded;
                tracing::warn!(
                    %name, records, unread, processed, planned,
                    "undelivered records are thrown away with their delivery stream"
                );
            }
            self.discarded_records.add(records);
        }
        pipeline.ctx.replica.stop().await;
    }

    /// Records that were thrown away with their delivery streams since the node started.
    pub fn discarded_records(&self) -> u64 {
        self.discarded_records.get()
    }

    /// Ends all pipelines, as the node stops.
    pub async fn stop_all(&self) {
        let all: Vec<_> = lock(&self.pipelines).drain().map(|(_, pipeline)| pipeline).collect();
        let stops: Vec<_> =
            all.into_iter().map(|one| tokio::spawn(async move { one.stop().await })).collect();
        for stop in stops {
            let _ = stop.await;
        }
    }
}

impl Pipeline {
    /// How many streams were the source before the one that is it.
    pub fn source_generation(&self) -> u32 {
        self.ctx.source.generation()
    }

    /// Who delivers.
    pub fn sender(&self) -> &Sender {
        &self.ctx.sender
    }

    /// Where puts go; none if a stream is the source.
    pub fn intake(&self) -> Option<&Intake> {
        self.intake.as_deref()
    }

    /// What is counted.
    pub fn counters(&self) -> &PipelineCounters {
        &self.ctx.counters
    }

    async fn order<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<T>) -> Order,
    ) -> Result<T, PipelineError> {
        let (done, answer) = oneshot::channel();
        self.orders.send(order(done)).await.map_err(|_| PipelineError::Unknown)?;
        answer.await.map_err(|_| failed("the pipeline began again; try it once more"))
    }

    /// The last delivery errors, oldest first.
    pub async fn logs(&self, limit: usize) -> Result<Vec<Logged>, PipelineError> {
        self.ctx.journal.read(limit).await.map_err(PipelineError::Failed)
    }

    /// What it is at.
    pub fn status(&self) -> PipelineStatus {
        let counters = &self.ctx.counters;
        PipelineStatus {
            data_freshness_ms: counters.lane(LaneId::Main).data_freshness_ms(self.ctx.now()),
            waiting_records: counters.waiting_records.get(),
            waiting_bytes: counters.waiting_bytes.get(),
            open_plans: counters.open_plans.get(),
            partitions: counters.partitions.get(),
            totals: self.ctx.replica.read(|state| state.totals),
        }
    }

    async fn stop(&self) {
        self.end().await;
        self.ctx.replica.stop().await;
    }

    /// Ends the pilot: what the machine knows and what waits does not change any more.
    async fn end(&self) {
        let _ = self.order(Order::Stop).await;
        let pilot = lock(&self.pilot).take();
        if let Some(pilot) = pilot {
            let _ = pilot.await;
        }
    }
}

impl Collect for Runtimes {
    fn collect(&self, to: &mut dyn Collector) {
        let mut all: Vec<_> = lock(&self.pipelines).values().cloned().collect();
        all.sort_by_key(|pipeline| pipeline.ctx.data);
        all.truncate(SHOWN_MAX);
        let accounts: Vec<String> =
            all.iter().map(|pipeline| pipeline.ctx.sender.account.to_string()).collect();
        let shown = all.iter().zip(&accounts).map(|(pipeline, account)| Shown {
            kind: match pipeline.ctx.channel_id.is_empty() {
                true => "delivery_stream",
                false => "channel",
            },
            name: &pipeline.ctx.sender.name,
            account,
            region: pipeline.ctx.sender.region.as_str(),
            destination: destination_name(&lock(&pipeline.settings)),
            counters: &pipeline.ctx.counters,
        });
        let shown: Vec<Shown<'_>> = shown.collect();
        let now: Millis = self.parts.clock.now();
        metrics::collect(&shown, now, to);
        let help = "Memory for deliveries that is free.";
        let free = Sample::Gauge(self.budget.free_bytes());
        to.sample("millstream_firehose_memory_free_bytes", help, &[], free);
        let help = "ActivePartitionsLimit: partitions of a delivery stream that may be active.";
        let partitions = Sample::Gauge(self.parts.partitions_max as u64);
        to.sample("millstream_firehose_active_partitions_limit", help, &[], partitions);
        let help = "Records thrown away with their delivery streams, since the node started.";
        let discarded = Sample::Counter(self.discarded_records.get());
        to.sample("millstream_firehose_discarded_records_total", help, &[], discarded);
    }
}
