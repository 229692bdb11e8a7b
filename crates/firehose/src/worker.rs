//! The worker: steps that must not be done twice, or that regroup. It takes a window of the source, has the function
//! transform it, finds each record's partition, and writes what came of it to the processed log.

mod counts;
mod gate;
mod way;
mod window;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_types::Millis;
use tokio::time::Instant;

use crate::compiled::Compiled;
use crate::context::{Context, Written};
use crate::limits::{BACK_OFF_FIRST, BACK_OFF_MAX, CALLS_MAX};
use crate::machine::LaneId;
use crate::outward::{Hold, Outlet};
use crate::processed::Draft;
use crate::processing::error_document::{Failure, processing_failed};
use crate::processing::function::{self, Batch, Calls, Invocation, Next, batches};
use crate::processing::{Finished, Piece};
use crate::reader::{OnDamage, Reader};
use crate::record::{Failed, PartitionValues, Ready, RecordId};
use crate::settings::Function;
use crate::sink::Pulse;
use crate::telling::Summary;

pub use counts::Counts;
pub use gate::Gate;
use way::Transformed;
use window::{Allowance, Prepared, Reading, Window};

/// The code of records that found no place among the active partitions.
const PARTITIONS_EXCEEDED: &str = "DynamicPartitioning.ActivePartitionsLimitExceeded";
/// The code of records whose prefix cannot be evaluated.
const PREFIX_FAILED: &str = "DynamicPartitioning.PrefixEvaluationFailed";

/// A window of the source on its way through the worker.
pub struct Step {
    /// The pipeline.
    pub ctx: Arc<Context>,
    /// The configuration.
    pub compiled: Arc<Compiled>,
    /// Log, first position, position after the last.
    pub source: Vec<(u32, u64, u64)>,
    /// Bytes of its records.
    pub bytes: u64,
    /// How many they are.
    pub records: u64,
    /// When the oldest of them arrived.
    pub oldest: Millis,
    /// Partitions that are active.
    pub active: HashSet<String>,
    /// Whether the pilot may still give the window up.
    pub gate: Arc<Gate>,
}

/// What came of a window.
#[derive(Debug)]
pub struct Done {
    /// The window, or as much of it as was taken.
    pub source: Vec<(u32, u64, u64)>,
    /// Whether some of it was left.
    pub cut: bool,
    /// Its blocks.
    pub written: Written,
    /// What is counted once it counts.
    pub counts: Counts,
}

/// What the steps made of a window.
#[derive(Default)]
struct Made {
    ready: Vec<Ready>,
    /// The records as they were put, where a partition may refuse them.
    raw: HashMap<RecordId, Bytes>,
    failed: Vec<Failed>,
    dropped: u64,
}

impl Step {
    /// Does the steps and writes what came of them. A window whose records turn out to be more than expected is taken
    /// in part. What fails until the records' retention is over ends there: the window is passed, and its records are
    /// lost.
    pub async fn run(self) -> Result<Done, String> {
        let (ctx, compiled) = (self.ctx.clone(), self.compiled.clone());
        let (source, ends) = (self.source.clone(), self.ctx.ends(self.oldest));
        let why = match self.work().await {
            Err(why) if ctx.now() >= ends => why,
            done => return done,
        };
        let lost = source.iter().map(|(_, from, to)| to - from).sum();
        let name = &ctx.sender.name;
        tracing::error!(%name, records = lost, %why, "records that cannot be processed are lost");
        let message = format!("{lost} records that cannot be processed are lost: {why}");
        ctx.tell(&compiled, LaneId::Main, "InternalFailure", &message).await;
        let written = ctx.write_blocks(&[], &source).await?;
        let counts = Counts { lost, ..Counts::default() };
        Ok(Done { source, cut: false, written, counts })
    }

    async fn work(self) -> Result<Done, String> {
        let ctx = self.ctx.clone();
        let way = ctx.ways.to(self.compiled.worker_place());
        let Transformed { window, pieces, mut made, hold: _hold } = self.transformed(&way).await?;
        let Window { source, cut, lost, .. } = window;
        if !self.gate.close() {
            return Err("the window was given up".into());
        }
        self.finish(pieces, &mut made).await?;
        let counts = Counts {
            processed: made.ready.len() as u64,
            processed_bytes: made.ready.iter().map(|it| it.data.len() as u64).sum(),
            failed: made.failed.len() as u64,
            dropped: made.dropped,
            lost,
        };
        let step = self;
        let work = move || {
            let drafts = step.drafts(made);
            (step, drafts)
        };
        let (step, (drafts, summary)) = ctx.compute(work).await?;
        let written = step.ctx.write_blocks(&drafts, &source).await?;
        summary.tell(&step.ctx, &step.compiled).await;
        Ok(Done { source, cut, written, counts })
    }

    /// Reads the window as often as it takes, for as long as records are kept: what is wrong may pass, and other
    /// deliveries go on meanwhile. Damaged places are left out sooner, since nothing goes on behind them.
    async fn read_in_time<'o>(
        &self,
        way: &'o Outlet,
        reading: &mut Reading,
    ) -> Result<(Window, Hold<'o>), String> {
        let allowance = Allowance::of(&self.compiled, self.bytes, self.records);
        let (ends, mut pause) = (self.ctx.ends(self.oldest), BACK_OFF_FIRST);
        loop {
            let reserved = way.enter(allowance.memory_bytes(), reading.gave_way).await;
            let why = match self.read(allowance, reading.on_damage()).await {
                Ok(window) => {
                    self.tell_left_out(reading.leave_out(window.left_out)).await;
                    return Ok((window, reserved));
                }
                Err(why) if self.ctx.now() >= ends => return Err(why),
                Err(why) => why,
            };
            drop(reserved);
            tracing::warn!(name = %self.ctx.sender.name, %why, "records cannot be read now");
            if !std::mem::replace(&mut reading.was_told, true) {
                let message = format!("Records cannot be read and are tried again: {why}");
                self.ctx.tell(&self.compiled, LaneId::Main, "InternalFailure", &message).await;
            }
            tokio::time::sleep(jittered(&self.ctx, pause)).await;
            pause = (pause * 2).min(BACK_OFF_MAX);
        }
    }

    async fn tell_left_out(&self, records: u64) {
        if records > 0 {
            let message = format!("{records} records are damaged and lost.");
            self.ctx.tell(&self.compiled, LaneId::Main, "InternalFailure", &message).await;
        }
    }

    /// Reads the window, and does the steps before the function, until that is enough.
    async fn read(&self, most: Allowance, on_damage: OnDamage) -> Result<Window, String> {
        let logs = self.source.iter().map(|(log, from, to)| (*log, [(*from, *to)].into()));
        let mut reader = Reader::new(&self.ctx, logs).with(on_damage);
        let (mut prepared, now) = (Prepared::default(), self.ctx.now());
        let mut left = Vec::new();
        while left.is_empty() && !prepared.is_full(most) {
            let records = reader.next().await?;
            if records.is_empty() {
                break;
            }
            let chain = self.compiled.chain.clone();
            let work = move || {
                let left = prepared.take(&chain, records, now, most);
                (prepared, left)
            };
            (prepared, left) = self.ctx.compute(work).await?;
        }
        let reached = reader.reached(&left);
        let mut cut = false;
        let taken =
            self.source.iter().zip(reached).filter_map(|((log, from, to), (_, reached))| {
                cut |= reached < *to;
                (reached > *from).then_some((*log, *from, reached))
            });
        let source = taken.collect();
        let (lost, left_out) = (reader.lost(), reader.left_out());
        Ok(Window { prepared, source, cut, lost, left_out })
    }

    /// Has the function transform the records: several calls at once, their answers in the order of the records.
    async fn transform(
        &self,
        function: &Function,
        pieces: Vec<Piece>,
        made: &mut Made,
        pulse: &Pulse,
    ) -> Vec<Piece> {
        let mut waiting = batches(pieces, function.hints.bytes).into_iter();
        let mut out = Vec::new();
        loop {
            let calls: Vec<_> = waiting
                .by_ref()
                .take(CALLS_MAX)
                .map(|batch| {
                    let call = self.call(function, batch);
                    tokio::spawn(call)
                })
                .collect();
            if calls.is_empty() {
                return out;
            }
            let calls: Vec<_> = calls.into_iter().map(Aborting).collect();
            for mut call in calls {
                match (&mut call.0).await {
                    Ok(transformed) => {
                        pulse.beat();
                        let function::Transformed { pieces, failed, dropped } = transformed;
                        out.extend(pieces);
                        made.failed.extend(failed);
                        made.dropped += dropped;
                    }
                    // A call's task ends with an answer unless the process ends.
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                }
            }
        }
    }

    fn call(
        &self,
        function: &Function,
        batch: Batch,
    ) -> impl Future<Output = function::Transformed> + Send + 'static {
        let (ctx, compiled, function) = (self.ctx.clone(), self.compiled.clone(), function.clone());
        async move { call(&ctx, &compiled, &function, batch).await }
    }

    /// The steps after the function, which compute.
    async fn finish(&self, pieces: Vec<Piece>, made: &mut Made) -> Result<(), String> {
        let (chain, now, began) = (self.compiled.chain.clone(), self.ctx.now(), Instant::now());
        if self.compiled.settings.processing.partitioned {
            made.raw = pieces.iter().map(|piece| (piece.record.id, piece.raw.clone())).collect();
        }
        let finished = self.ctx.compute(move || {
            let mut finished = Finished::default();
            for piece in pieces {
                chain.after_function(piece, now, &mut finished);
            }
            finished
        });
        let Finished { ready, failed } = finished.await?;
        if self.compiled.settings.processing.query.is_some() {
            self.ctx.counters.query_duration_us.record(began.elapsed().as_micros() as u64);
        }
        made.ready = ready;
        made.failed.extend(failed);
        Ok(())
    }

    /// Puts records into blocks, those of a partition together; and what failed.
    fn drafts(&self, made: Made) -> (Vec<Draft>, Summary) {
        let mut open: BTreeMap<String, Draft> = BTreeMap::new();
        let mut full = Vec::new();
        let mut failed = made.failed;
        let mut known = self.active.clone();
        // Records of one partition often come together.
        let mut last: Option<(PartitionValues, String)> = None;
        for record in made.ready {
            let name = match &last {
                Some((values, name)) if *values == record.partition => Ok(name.clone()),
                _ => self.partition(&record, &made.raw, &mut known),
            };
            let name = match name {
                Ok(name) => name,
                Err(document) => {
                    failed.push(document);
                    continue;
                }
            };
            let Ready { id, arrival, data, partition } = record;
            let new = || Draft::new(LaneId::Main, name.clone(), partition.clone());
            let draft = open.entry(name.clone()).or_insert_with(new);
            if draft.is_full_for(data.len()) {
                full.push(std::mem::replace(draft, new()));
            }
            draft.push(id, arrival, &data);
            last = Some((partition, name));
        }
        full.extend(open.into_values());
        let mut summary = Summary::default();
        failed.iter().for_each(|one| summary.add(one));
        full.extend(error_drafts(failed));
        (full, summary)
    }

    /// The name of a record's partition, or its error document.
    fn partition(
        &self,
        record: &Ready,
        raw: &HashMap<RecordId, Bytes>,
        known: &mut HashSet<String>,
    ) -> Result<String, Failed> {
        if !self.compiled.settings.processing.partitioned {
            return Ok(String::new());
        }
        let namer = self.compiled.namer(LaneId::Main);
        let name = namer.map_or(Ok(String::new()), |namer| namer.partition(&record.partition));
        let raw = raw.get(&record.id).unwrap_or(&record.data);
        let refused = |code, message: &str| self.refused(record, raw, code, message);
        let name = name.map_err(|error| refused(PREFIX_FAILED, &error.to_string()))?;
        if !known.contains(&name) {
            if known.len() >= self.ctx.partitions_max {
                self.ctx.counters.partitions_exceeded.add(1);
                let message = format!(
                    "The delivery stream has {} active partitions, as many as it may have.",
                    known.len()
                );
                return Err(refused(PARTITIONS_EXCEEDED, &message));
            }
            known.insert(name.clone());
        }
        Ok(name)
    }

    fn refused(&self, record: &Ready, raw: &[u8], code: &str, message: &str) -> Failed {
        let (arrival, ended) = (record.arrival, self.ctx.now());
        let failure = Failure { raw, code, message, attempts: 1, arrival, ended };
        processing_failed(&failure, None)
    }
}

/// A task that ends with whoever waits for it.
struct Aborting<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for Aborting<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Calls the function until it answers, or as often as is configured.
async fn call(
    ctx: &Context,
    compiled: &Compiled,
    function: &Function,
    batch: Batch,
) -> function::Transformed {
    let invocation = Invocation {
        id: ctx.uuid().to_string(),
        delivery_stream_arn: &ctx.sender.arn,
        source_stream_arn: ctx.source_arn.as_deref(),
        region: ctx.sender.region.as_str(),
    };
    let payload = Bytes::from(batch.request(&invocation));
    let mut sender = compiled.sender(LaneId::Main).clone();
    if let Some(role) = &function.role_arn {
        sender.role_arn = role.clone();
    }
    let functions = ctx.sinks.functions();
    let (mut calls, mut pause) = (Calls::new(function.retries), BACK_OFF_FIRST);
    loop {
        calls.begin();
        let began = Instant::now();
        let answer = functions.invoke(&sender, &function.arn, payload.clone()).await;
        ctx.counters.function_calls.add(1);
        ctx.counters.function_duration_us.record(began.elapsed().as_micros() as u64);
        let error = match answer {
            Ok(answer) => {
                ctx.counters.function_success.add(1);
                return batch.settle(&function.arn, &answer, calls.made(), ctx.now());
            }
            Err(error) => error,
        };
        tracing::warn!(name = %ctx.sender.name, code = %error.code, message = %error.message, "a function failed");
        match calls.failed(&error) {
            Next::Again => tokio::time::sleep(jittered(ctx, pause)).await,
            Next::Fail { code, message } => {
                return batch.fail(&function.arn, &code, &message, calls.made(), ctx.now());
            }
        }
        pause = (pause * 2).min(BACK_OFF_MAX);
    }
}

/// A wait that differs at random.
pub fn jittered(ctx: &Context, wait: Duration) -> Duration {
    use crate::limits::BACK_OFF_JITTER_PERCENT as JITTER;
    let percent = 100 - JITTER + ctx.random.next_u64() % (2 * JITTER + 1);
    wait * percent as u32 / 100
}

/// Error documents in blocks, by kind of failure.
pub fn error_drafts(failed: Vec<Failed>) -> Vec<Draft> {
    let mut open: BTreeMap<&'static str, Draft> = BTreeMap::new();
    let mut full = Vec::new();
    for Failed { output_type, document, arrival, .. } in failed {
        let new = || Draft::new(LaneId::Errors, output_type.into(), PartitionValues::default());
        let draft = open.entry(output_type).or_insert_with(new);
        if draft.is_full_for(document.len()) {
            full.push(std::mem::replace(draft, new()));
        }
        // Documents have no place in a source.
        let id = RecordId { log: 0, position: 0, part: 0 };
        draft.push(id, arrival, &document);
    }
    full.extend(open.into_values());
    full
}
