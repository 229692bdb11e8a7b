//! Delivery: one attempt of one plan. What it reads, makes and hands over is a function of the plan and its
//! configuration, so that a repetition is the same.

mod failures;
mod gather;
mod object;
mod records;
mod room;
mod taken;
mod tried;

use std::sync::Arc;

use tokio::time::{Instant, timeout};

use crate::compiled::{Compiled, Recipient, bucket_arn};
use crate::context::{Context, Held, Told};
use crate::limits::{
    ATTEMPT_TIME_MAX, GROUP_MEMORY_BYTES, RECORD_MEMORY_BYTES, STRETCHES_MEMORY_BYTES,
};
use crate::machine::{Closing, LaneId, Plan};
use crate::processed::Header;
use crate::settings::ObjectTarget;
use crate::sink::{RecordSink, SinkError, Then};

pub(crate) use failures::Failures;
pub(crate) use object::{Conversions, ENCODER};
use room::{Room, Stop};
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
    /// It made room for others, and counts for nothing.
    GaveWay,
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
        let ctx = self.ctx.clone();
        let way = self.goes_outward().then(|| ctx.ways.to(self.compiled.place(self.plan.lane)));
        let mut room = self.room(&ctx, way.as_deref()).await;
        let began = Instant::now();
        let counters = self.ctx.counters.lane(self.plan.lane);
        // A destination that takes records has its own limit, within which what is given up is seen to.
        let limit = ATTEMPT_TIME_MAX + self.sink_time_max();
        let came = timeout(limit, self.deliver(&mut room)).await;
        let came = came.unwrap_or_else(|_| {
            let message = format!("The attempt took longer than {limit:?}.");
            Err(SinkError { code: "Delivery.TimedOut".into(), message, then: Then::Retry }.into())
        });
        if let Ok(Came::Settled(Settled { how: Closing::Delivered, .. })) = &came {
            room.was_taken();
        }
        let is_attempt = room.over().is_none() && !matches!(came, Err(Stop::GaveWay));
        drop(room);
        if is_attempt {
            counters.attempts.add(1);
            counters.attempted_records.add(self.plan.records);
            counters.attempted_bytes.add(self.plan.bytes);
            counters.latency_us.record(began.elapsed().as_micros() as u64);
        }
        let came = match came {
            Ok(came) => came,
            Err(Stop::GaveWay) => {
                let (name, plan) = (&self.ctx.sender.name, self.plan.id);
                tracing::info!(%name, plan, "a destination that is silent gives way to others");
                self.ctx.tried.give_way(plan);
                Came::GaveWay
            }
            // What this server itself cannot do is tried for as long as records are kept, and no longer.
            Err(Stop::Failed(error)) if self.is_over(&error) => {
                self.tell(&error).await;
                Came::Settled(Settled::new(Closing::Lost))
            }
            Err(Stop::Failed(error)) => Came::Failed(error),
        };
        match &came {
            Came::Settled(settled) => {
                counters.success.add(u64::from(settled.how == Closing::Delivered));
            }
            Came::Failed(error) => self.tell(error).await,
            Came::GaveWay => {}
        }
        came
    }

    /// Whether the plan goes to a destination that takes records.
    fn goes_to_records(&self) -> bool {
        self.compiled.recipient.is_some() && self.plan.lane == LaneId::Main
    }

    /// Whether the plan goes to a destination that may hang: one that takes records, or a bucket that is elsewhere.
    fn goes_outward(&self) -> bool {
        let target = self.compiled.target(self.plan.lane);
        self.goes_to_records() || target.is_some_and(|target| self.is_outward(target))
    }

    /// Whether a bucket is elsewhere.
    fn is_outward(&self, target: &ObjectTarget) -> bool {
        self.ctx.sinks.objects().is_outward(&target.bucket)
    }

    /// What it came to, or an error whose retries end with the records' retention.
    async fn deliver(&self, room: &mut Room<'_>) -> Result<Came, Stop> {
        if !self.goes_to_records() {
            return self.deliver_object(room).await.map(Came::Settled);
        }
        let sink = self.sink().await?;
        self.deliver_records(&sink, room).await
    }

    /// What delivers records, with its secret as it is now.
    async fn sink(&self) -> Result<Arc<dyn RecordSink>, SinkError> {
        let at_hand = self.compiled.recipient.as_ref().and_then(Recipient::at_hand);
        if let Some(sink) = at_hand {
            return Ok(sink);
        }
        let (compiled, sinks) = (self.compiled.clone(), self.ctx.sinks.clone());
        let sink = move || compiled.recipient.as_ref().map(|it| it.sink(&*sinks));
        let sink = self.ctx.compute(sink).await.map_err(internal)?;
        sink.ok_or_else(|| internal("there is no destination".into()))
    }

    /// What an attempt takes. An object's records come and go while it is made, in stretches; records for a
    /// destination that takes them are there all at once, as they are and as they are sent.
    fn memory_bytes(&self) -> u64 {
        let (records, bytes) = (self.plan.records, self.plan.bytes);
        if self.compiled.takes_whole(self.plan.lane) {
            return bytes
                .saturating_mul(3)
                .saturating_add(records.saturating_mul(RECORD_MEMORY_BYTES));
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
