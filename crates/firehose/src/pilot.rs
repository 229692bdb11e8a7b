//! The pilot of a pipeline: the one task that looks at the source, seals buffers, has plans delivered and settles them.
//!
//! All that it holds in memory is made from the machine's state and the logs. Whenever something does not go as it
//! should, it drops everything and begins again from there.

mod begin;
mod flush;
mod gone;
mod plans;
mod scan;
mod seal;
mod settle;
mod show;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use millstream_types::Millis;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::compiled::Compiled;
use crate::context::Context;
use crate::deliver::Came;
use crate::lane::Lane;
use crate::limits::FUNCTION_PATIENCE;
use crate::machine::{Command, LaneId, Outcome, Shape, State};
use crate::runtime::Configuration;
use crate::worker::{Done, Gate, Step};

use flush::Flush;

/// What a pilot is told.
pub enum Order {
    /// Another configuration.
    Update(Configuration, oneshot::Sender<()>),
    /// Seal and deliver what there is now.
    Flush(oneshot::Sender<Result<(), Unflushed>>),
    /// End. Deliveries under way may finish for a moment.
    Stop(oneshot::Sender<()>),
}

/// Why a flush did not end well.
#[derive(Debug)]
pub enum Unflushed {
    /// The pipeline begins again; it is to be asked for once more.
    Recovering,
    /// All was done that can be done; the text says that nothing more will come.
    SourceDeleted(String),
}

/// Why a session ended.
enum End {
    /// It was told to.
    Stopped(oneshot::Sender<()>),
    /// Something has to begin again; the text says why.
    Again(String),
    /// The configuration that holds now has other stages, which is nothing to worry about.
    Reshaped,
}

impl From<String> for End {
    fn from(why: String) -> Self {
        End::Again(why)
    }
}

/// The pilot.
pub struct Pilot {
    /// What it works with.
    pub ctx: Arc<Context>,
    /// What it is told.
    pub inbox: mpsc::Receiver<Order>,
    /// The configuration that should hold.
    pub configuration: Configuration,
    /// Changes when service time was moved by hand.
    pub jumps: watch::Receiver<()>,
}

/// Writes down the first configuration and where delivery begins, unless that was done before.
pub async fn prepare(ctx: &Context, configuration: &Configuration) -> Result<(), String> {
    match begin::prepare(ctx, configuration).await {
        Ok(_) | Err(End::Stopped(_)) => Ok(()),
        Err(End::Again(why)) => Err(why),
        Err(End::Reshaped) => Err("its configuration has other stages".into()),
    }
}

/// How long after a failure the pilot begins again, at first.
const PAUSE_FIRST: Duration = Duration::from_millis(200);
/// The longest it waits.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long deliveries under way may take when the pipeline stops.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);
/// A session that lasted this long was a good one.
const GOOD_SESSION: Duration = Duration::from_secs(60);

impl Pilot {
    /// Works until it is told to stop.
    pub async fn run(mut self) {
        let mut pause = PAUSE_FIRST;
        loop {
            let began = Instant::now();
            match self.session().await {
                End::Stopped(done) => {
                    let _ = done.send(());
                    return;
                }
                End::Again(why) => {
                    self.ctx.counters.restarts.add(1);
                    tracing::warn!(name = %self.ctx.sender.name, %why, "a pipeline begins again");
                }
                End::Reshaped => {
                    self.ctx.counters.restarts.add(1);
                    let name = &self.ctx.sender.name;
                    tracing::info!(%name, "a pipeline begins again: its configuration has other stages");
                    continue;
                }
            }
            if began.elapsed() > GOOD_SESSION {
                pause = PAUSE_FIRST;
            }
            let until = Instant::now() + pause;
            pause = (pause * 2).min(PAUSE_MAX);
            loop {
                let order = tokio::select! {
                    order = self.inbox.recv() => order,
                    () = sleep_until(until) => break,
                };
                match order {
                    Some(Order::Update(configuration, done)) => {
                        self.configuration = configuration;
                        let _ = done.send(());
                    }
                    Some(Order::Flush(done)) => {
                        let _ = done.send(Err(Unflushed::Recovering));
                    }
                    Some(Order::Stop(done)) => {
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                }
            }
        }
    }

    async fn session(&mut self) -> End {
        let mut session = match Session::begin(self).await {
            Ok(session) => session,
            Err(end) => return end,
        };
        let end = session.work(self).await;
        if let End::Stopped(_) = &end {
            session.finish().await;
        }
        end
    }
}

/// One run of the pilot, from the state as the logs have it.
pub(super) struct Session {
    ctx: Arc<Context>,
    compiled: HashMap<u64, Arc<Compiled>>,
    /// The configuration that holds.
    current: Arc<Compiled>,
    /// One that is to hold.
    next: Option<Configuration>,
    main: Lane,
    backup: Lane,
    errors: Lane,
    /// Logs of the source: parents that are read first.
    logs: BTreeMap<u32, Vec<u32>>,
    /// Logs that are read to their end.
    ended: BTreeMap<u32, u64>,
    worker: JoinSet<Result<Done, String>>,
    /// When the oldest record of the worker's window arrived.
    working: Option<Millis>,
    /// The gate of the worker's window.
    gate: Arc<Gate>,
    /// Until when the next configuration waits for the function's answer.
    patience: Option<Instant>,
    deliveries: JoinSet<(u64, LaneId, Came)>,
    /// Plans that can be delivered now, by lane.
    ready: [VecDeque<u64>; 3],
    /// Plans that are being delivered: their lanes, and the versions of the configurations that they were sealed under.
    at_work: HashMap<u64, (LaneId, u64)>,
    /// Plans that failed: when they are tried again.
    resting: BTreeMap<(Instant, u64), LaneId>,
    flushes: Vec<Flush>,
    /// Bytes of plans that were settled since the logs were trimmed last.
    settled_bytes: u64,
    trimmed: BTreeMap<u32, u64>,
    /// Damaged places that were made plans of, by lane.
    damaged: [usize; 3],
    /// Where lanes wait at a damaged place, and until when; by lane.
    stands: [Option<(u64, Instant)>; 3],
}

/// What woke the pilot.
enum Event {
    Order(Option<Order>),
    Worked(Result<Done, String>),
    Came(u64, LaneId, Came),
    Source,
    Time,
}

impl Session {
    fn lane(&self, id: LaneId) -> &Lane {
        match id {
            LaneId::Main => &self.main,
            LaneId::Backup => &self.backup,
            LaneId::Errors => &self.errors,
        }
    }

    fn lane_mut(&mut self, id: LaneId) -> &mut Lane {
        match id {
            LaneId::Main => &mut self.main,
            LaneId::Backup => &mut self.backup,
            LaneId::Errors => &mut self.errors,
        }
    }

    fn shape(&self) -> Shape {
        self.current.shape
    }

    /// Looks at the state.
    fn state<T>(&self, f: impl FnOnce(&State) -> T) -> T {
        self.ctx.replica.read(f)
    }

    /// Sends a command. Whatever is not certainly done ends the session.
    async fn submit(&self, command: &Command) -> Result<(), End> {
        match self.ctx.replica.submit(command).await {
            Ok(Outcome::Done) => Ok(()),
            Ok(Outcome::Stale) => Err(End::Again("a command did not fit the state".into())),
            Err(error) => Err(End::Again(error.to_string())),
        }
    }

    async fn work(&mut self, pilot: &mut Pilot) -> End {
        loop {
            let moved = match self.turn().await {
                Ok(moved) => moved,
                Err(end) => return end,
            };
            let event = self.next_event(pilot, moved).await;
            let handled = match event {
                Event::Order(None) => return End::Again("nobody holds the pipeline".into()),
                Event::Order(Some(Order::Stop(done))) => return End::Stopped(done),
                Event::Order(Some(Order::Update(configuration, done))) => {
                    pilot.configuration = configuration.clone();
                    // One that replaces another waits no longer for it.
                    if self.next.replace(configuration).is_none() {
                        self.patience = Some(Instant::now() + FUNCTION_PATIENCE);
                    }
                    let _ = done.send(());
                    Ok(())
                }
                Event::Order(Some(Order::Flush(done))) => self.begin_flush(done).await,
                Event::Worked(done) => self.take_worked(done).await,
                Event::Came(plan, lane, came) => self.settle(plan, lane, came).await,
                Event::Source => self.discover().await,
                Event::Time => Ok(()),
            };
            if let Err(end) = handled {
                return end;
            }
        }
    }

    /// Does what can be done now, a bit of each. Whether there may be more.
    async fn turn(&mut self) -> Result<bool, End> {
        let mut moved = self.reconfigure().await?;
        moved |= self.scan(LaneId::Main).await?;
        moved |= self.scan(LaneId::Backup).await?;
        moved |= self.start_worker();
        for lane in [LaneId::Main, LaneId::Backup, LaneId::Errors] {
            moved |= self.seal(lane).await?;
        }
        // Whoever is told that a flush has ended finds it measured.
        self.show();
        moved |= self.advance_flushes().await?;
        self.launch()?;
        self.trim().await?;
        Ok(moved)
    }

    async fn next_event(&mut self, pilot: &mut Pilot, moved: bool) -> Event {
        let now = self.ctx.now();
        let wait = match (moved, self.next_due()) {
            (true, _) => Duration::ZERO,
            (false, Some(due)) => due.since(now).max(Duration::from_millis(1)),
            (false, None) => Duration::from_secs(3600),
        };
        let after = self.wanted();
        let rested = self.resting.keys().next().map(|(at, _)| *at);
        let rested =
            [rested, self.gives_up_at(), self.looks_again_at()].into_iter().flatten().min();
        let ctx = self.ctx.clone();
        let source = async {
            // When every log is read to its end, only other logs can come.
            match after.is_empty() && !ctx.source.grows() {
                true => std::future::pending().await,
                false => ctx.source.wait(&after).await,
            }
        };
        let rest = async {
            match rested {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            order = pilot.inbox.recv() => Event::Order(order),
            Some(came) = self.deliveries.join_next() => match came {
                Ok((plan, lane, came)) => Event::Came(plan, lane, came),
                Err(error) => Event::Worked(Err(format!("a delivery's task died: {error}"))),
            },
            Some(done) = self.worker.join_next() => {
                Event::Worked(done.unwrap_or_else(|error| Err(error.to_string())))
            }
            _ = pilot.jumps.changed() => Event::Time,
            () = source => Event::Source,
            () = rest => Event::Time,
            () = sleep(wait) => Event::Time,
        }
    }

    /// Lets deliveries under way finish for a moment.
    async fn finish(&mut self) {
        self.worker.abort_all();
        let until = Instant::now() + STOP_TIME_MAX;
        while !self.deliveries.is_empty() {
            tokio::select! {
                came = self.deliveries.join_next() => {
                    let Some(Ok((plan, lane, came))) = came else { continue };
                    if self.settle(plan, lane, came).await.is_err() {
                        return;
                    }
                }
                () = sleep_until(until) => return,
            }
        }
    }

    /// Gives the worker a window that is due.
    fn start_worker(&mut self) -> bool {
        if !self.shape().worker || !self.worker.is_empty() || self.is_crowded() {
            return false;
        }
        let (hints, now) = (self.current.window(), self.ctx.now());
        let Some(window) = self.main.source_due(hints, now) else { return false };
        let planned = &self.main.planned;
        let source = window
            .cover
            .0
            .iter()
            .filter_map(|(log, ranges)| Some((*log, planned.floor(*log), ranges.end()?)));
        let step = Step {
            ctx: self.ctx.clone(),
            compiled: self.current.clone(),
            source: source.collect(),
            bytes: window.bytes,
            records: window.records,
            oldest: window.oldest,
            active: self.main.partitions().map(str::to_owned).collect(),
            gate: Arc::default(),
        };
        self.gate = step.gate.clone();
        self.working = Some(window.oldest);
        self.worker.spawn(step.run());
        true
    }

    /// When something becomes due by itself; only what can be done then.
    fn next_due(&self) -> Option<Millis> {
        let mut due: Option<Millis> = None;
        let mut add = |at: Option<Millis>| due = [due, at].into_iter().flatten().min();
        for id in [LaneId::Main, LaneId::Backup, LaneId::Errors] {
            let (lane, interval) = (self.lane(id), self.current.hints(id).interval);
            let works = id == LaneId::Main && self.shape().worker;
            if works && self.worker.is_empty() && !self.is_crowded() {
                add(lane.next_source_due(self.current.window().interval));
            }
            if lane.open < self.open_max(id) {
                if !works {
                    add(lane.next_source_due(interval));
                }
                add(lane.next_blocks_due(interval));
            }
        }
        due
    }
}
