//! Delivery: one attempt of one plan. What it reads, makes and hands over is a function of the plan and its
//! configuration, so that a repetition is the same.

mod failures;
mod gather;
mod object;
mod records;
mod taken;
mod tried;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::compiled::{Compiled, bucket_arn};
use crate::context::{Context, Held, Told};
use crate::limits::{
    ATTEMPT_TIME_MAX, GROUP_MEMORY_BYTES, RECORD_MEMORY_BYTES, STRETCHES_MEMORY_BYTES,
};
use crate::machine::{Closing, LaneId, Plan};
use crate::processed::Header;
use crate::sink::{SinkError, Then};

pub(crate) use failures::Failures;
pub(crate) use object::{Conversions, ENCODER};
pub use taken::Taken;
pub use tried::Tried;

/// A plan on its way.
#[derive(Clone)]
pub struct Work {
    /// The pipeline.
    pub ctx: Arc<Context>,
    /// The configuration that the plan names.
    pub compiled: Arc<Compiled>,
    /// The plan.
    pub plan: Arc<Plan>,
}

/// What an attempt came to.
#[derive(Debug)]
pub enum Came {
    /// The plan is settled.
    Settled(Settled),
    /// It is to be tried again.
    Failed(SinkError),
}

/// How a plan was settled.
#[derive(Debug)]
pub struct Settled {
    /// How.
    pub how: Closing,
    /// Blocks with error documents, which count from now on.
    pub blocks: Vec<(u64, Header)>,
    /// Until they count.
    pub held: Vec<Held>,
    /// How many records failed.
    pub failed: u64,
    /// Records that the destination has.
    pub records: u64,
    /// Their bytes, before compression.
    pub bytes: u64,
    /// Objects that were written.
    pub objects: u64,
    /// Records that could not be read any more.
    pub lost: u64,
    /// What was converted to columns, and what could not be.
    pub conversions: Conversions,
}

impl Settled {
    fn new(how: Closing) -> Self {
        let (records, bytes, objects, failed, lost) = (0, 0, 0, 0, 0);
        let (blocks, held, conversions) = (Vec::new(), Vec::new(), Conversions::default());
        Settled { how, blocks, held, failed, records, bytes, objects, lost, conversions }
    }

    /// Records of the plan could not be read; where none could, the plan is lost.
    fn lose(&mut self, lost: u64, plan: &Plan) {
        self.lost = lost;
        if lost > 0 && lost >= plan.records {
            self.how = Closing::Lost;
        }
    }
}

impl Work {
    /// Tries to deliver the plan.
    pub async fn attempt(self) -> Came {
        let share = match self.goes_outward() {
            true => &self.ctx.outward[self.plan.lane as usize],
            false => &self.ctx.shares[self.plan.lane as usize],
        };
        let reserved = share.reserve(self.memory_bytes()).await;
        let began = Instant::now();
        let counters = self.ctx.counters.lane(self.plan.lane);
        // A destination that takes records has its own limit, within which what is given up is seen to.
        let limit = ATTEMPT_TIME_MAX + self.sink_time_max();
        let came = timeout(limit, self.deliver()).await;
        drop(reserved);
        let came = came.unwrap_or_else(|_| {
            let message = format!("The attempt took longer than {limit:?}.");
            Err(SinkError { code: "Delivery.TimedOut".into(), message, then: Then::Retry })
        });
        counters.attempts.add(1);
        counters.attempted_records.add(self.plan.records);
        counters.attempted_bytes.add(self.plan.bytes);
        counters.latency_us.record(began.elapsed().as_micros() as u64);
        let came = match came {
            Ok(came) => came,
            // What this server itself cannot do is tried for as long as records are kept, and no longer.
            Err(error) if self.is_over(&error) => {
                self.tell(&error).await;
                Came::Settled(Settled::new(Closing::Lost))
            }
            Err(error) => Came::Failed(error),
        };
        match &came {
            Came::Settled(settled) => {
                counters.success.add(u64::from(settled.how == Closing::Delivered));
            }
            Came::Failed(error) => self.tell(error).await,
        }
        came
    }

    /// Whether the plan goes to a destination that takes records.
    fn goes_to_records(&self) -> bool {
        self.compiled.sink.is_some() && self.plan.lane == LaneId::Main
    }

    /// Whether the plan goes to a destination that may hang: one that takes records, or a bucket that is elsewhere.
    fn goes_outward(&self) -> bool {
        let is_outward = |bucket: &str| self.ctx.sinks.objects().is_outward(bucket);
        let target = self.compiled.target(self.plan.lane);
        self.goes_to_records() || target.is_some_and(|target| is_outward(&target.bucket))
    }

    /// The places that the plan needs one of.
    pub fn places(&self) -> &Arc<Semaphore> {
        match self.goes_outward() {
            true => &self.ctx.outward_places,
            false => &self.ctx.places,
        }
    }

    /// What it came to, or an error whose retries end with the records' retention.
    async fn deliver(&self) -> Result<Came, SinkError> {
        match (&self.compiled.sink, self.plan.lane) {
            (Some(sink), LaneId::Main) => self.deliver_records(sink).await,
            (None, _) | (Some(_), LaneId::Backup | LaneId::Errors) => {
                self.deliver_object().await.map(Came::Settled)
            }
        }
    }

    /// What an attempt takes. An object's records come and go while it is made, in stretches; records for a
    /// destination that takes them are there all at once, as they are and as they are sent.
    fn memory_bytes(&self) -> u64 {
        let (records, bytes) = (self.plan.records, self.plan.bytes);
        if self.compiled.takes_whole(self.plan.lane) {
            return bytes.saturating_mul(3).saturating_add(records * RECORD_MEMORY_BYTES);
        }
        match self.compiled.converts(self.plan.lane) {
            true => bytes + GROUP_MEMORY_BYTES + STRETCHES_MEMORY_BYTES,
            false => bytes + STRETCHES_MEMORY_BYTES,
        }
    }

    /// Writes error documents; they count once the plan is settled.
    async fn write_errors(
        &self,
        failures: Failures,
        settled: &mut Settled,
    ) -> Result<(), SinkError> {
        let count = failures.count();
        let error = match failures.finish(&self.ctx, &self.compiled).await {
            Ok(written) => {
                (settled.failed, settled.blocks, settled.held) = written;
                return Ok(());
            }
            Err(why) => internal(why),
        };
        if !self.is_over(&error) {
            return Err(error);
        }
        self.lose_errors(settled, count, &error).await;
        Ok(())
    }

    /// Error documents are lost; what has arrived has arrived all the same.
    async fn lose_errors(&self, settled: &mut Settled, count: u64, error: &SinkError) {
        self.tell(error).await;
        match settled.how {
            // All of its records were to become documents.
            Closing::ToErrors => settled.how = Closing::Lost,
            Closing::Delivered => {
                self.ctx.counters.lost_records.add(count);
                let (name, plan) = (&self.ctx.sender.name, self.plan.id);
                tracing::error!(%name, plan, records = count, "error documents are lost");
            }
            Closing::Lost => {}
        }
    }

    /// Tells people of a failed attempt.
    async fn tell(&self, error: &SinkError) {
        let (plan, code, message) = (self.plan.id, &error.code, &error.message);
        let (name, lane) = (&self.ctx.sender.name, self.plan.lane);
        tracing::warn!(%name, plan, ?lane, %code, %message, "an attempt to deliver failed");
        let settings = &self.compiled.settings;
        let logging = match lane {
            LaneId::Main if self.is_of_staging(error) => settings.errors.logging.as_ref(),
            LaneId::Main => settings.logging.as_ref(),
            LaneId::Backup => settings.backup.as_ref().and_then(|backup| backup.logging.as_ref()),
            LaneId::Errors => settings.errors.logging.as_ref().or(settings.logging.as_ref()),
        };
        let destination = match self.staging() {
            Some(target) if self.is_of_staging(error) => bucket_arn(&target.bucket),
            Some(_) | None => self.compiled.destination(lane),
        };
        let told = Told { destination: &destination, version: self.plan.version, message, code };
        self.ctx.log_error(logging, &told).await;
    }

    /// Whether it is the object that could not be written which the destination loads from.
    fn is_of_staging(&self, error: &SinkError) -> bool {
        let stages = self.plan.lane == LaneId::Main && self.staging().is_some();
        stages && error.code.starts_with("S3.")
    }
}

/// A failure that is this server's own, and may pass.
fn internal(message: String) -> SinkError {
    SinkError { code: "InternalFailure".into(), message, then: Then::Retry }
}
