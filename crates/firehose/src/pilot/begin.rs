//! How a session begins: configuration, logs of the source, lanes, and what the processed log holds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use millstream_log::{DamagedPlace, End as LogEnd, LogError, Position, read_sound};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::gone::note_gone;
use super::{End, Pilot, Session};
use crate::compiled::{Compiled, main_destination, shape_of};
use crate::context::{Context, Told};
use crate::lane::Lane;
use crate::limits::{FUNCTION_PATIENCE, READ_BYTES};
use crate::machine::{
    BackupInput, Command, Group, LaneId, Outcome, PROCESSED, Ranges, Shape, State,
};
use crate::processed::{Block, Header, PROCESSED_LOG};
use crate::runtime::Configuration;
use crate::settings::Settings;
use crate::source::SourceError;
use crate::worker::Counts;

/// The code of a configuration that cannot be worked with.
const CONFIGURATION_REFUSED: &str = "Delivery.ConfigurationRefused";

/// A block that does not count yet.
type Loose = (u64, Header);

impl Session {
    pub(super) async fn begin(pilot: &mut Pilot) -> Result<Session, End> {
        let ctx = pilot.ctx.clone();
        let logs = prepare(&ctx, &pilot.configuration).await?;
        let version = ctx.replica.read(State::version);
        let current = compile(&ctx, &pilot.configuration, version).await?;
        let lane = |id| Lane::new(id, ctx.replica.read(|state| state.lane(id)));
        let given = &pilot.configuration;
        let is_next = is_newer(&given.settings, version, current.shape);
        let mut session = Session {
            next: is_next.then(|| given.clone()),
            compiled: HashMap::from([(version, current.clone())]),
            current,
            main: lane(LaneId::Main),
            backup: lane(LaneId::Backup),
            errors: lane(LaneId::Errors),
            logs,
            ended: BTreeMap::new(),
            worker: JoinSet::new(),
            working: None,
            gate: Arc::default(),
            patience: Some(Instant::now() + FUNCTION_PATIENCE),
            deliveries: JoinSet::new(),
            ready: Default::default(),
            at_work: HashMap::new(),
            resting: BTreeMap::new(),
            flushes: Vec::new(),
            settled_bytes: 0,
            trimmed: BTreeMap::new(),
            damaged: [0; 3],
            stands: [None; 3],
            ctx,
        };
        let left_out = session.scan_processed().await?;
        session.finish_seals().await?;
        if left_out > 0 {
            session.pass_processed(left_out).await?;
        }
        session.take_open_plans(&pilot.configuration).await?;
        Ok(session)
    }

    /// A seal of the source may have been cut before the command that says how far it came.
    async fn finish_seals(&mut self) -> Result<(), End> {
        let is_cut = |lane: &Lane| lane.planned.covered.keys().any(|input| *input != PROCESSED);
        let cut = is_cut(&self.main) || is_cut(&self.backup);
        if cut { self.raise_floors().await } else { Ok(()) }
    }

    /// Plans that are not settled are delivered again.
    async fn take_open_plans(&mut self, given: &Configuration) -> Result<(), End> {
        let open: Vec<(u64, LaneId, u64)> = self.state(|state| {
            state.plans.values().map(|plan| (plan.id, plan.lane, plan.version)).collect()
        });
        for (id, lane, version) in open {
            if !self.compiled.contains_key(&version) {
                let compiled = compile(&self.ctx, given, version).await?;
                self.compiled.insert(version, compiled);
            }
            // Plans of an older configuration do not keep those of the one that replaced it from being made.
            if version == self.current.settings.version {
                self.lane_mut(lane).open += 1;
            }
            self.ready[lane as usize].push_back(id);
        }
        Ok(())
    }

    /// Reads the headers of the processed log from the lowest floor on: lanes get their blocks back, and a group whose
    /// command was never written is taken up, so that nothing is done twice that is already there. Damaged blocks are
    /// waited for, for a while. The position after the last that was left out.
    async fn scan_processed(&mut self) -> Result<u64, End> {
        let lanes = [&self.main, &self.backup, &self.errors];
        let shape = self.shape();
        let reading = lanes.into_iter().filter(|lane| shape.lane_reads_processed(lane.id));
        let mut at = reading.map(|lane| lane.planned.floor(PROCESSED)).min().unwrap_or(0);
        let valid = self.state(|state| state.valid.clone());
        let (id, mut loose, mut left_out) = (self.ctx.processed(), Vec::new(), 0);
        loop {
            let read = match read_sound(&*self.ctx.log, id, Position(at), READ_BYTES).await {
                Err(LogError::Trimmed(first)) => {
                    at = first.0;
                    continue;
                }
                Ok(Err(place)) if self.ctx.patience.is_over() => {
                    self.leave_blocks(at, &place, &valid).await;
                    (at, left_out) = (place.next.0, place.next.0);
                    continue;
                }
                Ok(Err(place)) => return Err(End::Again(place.what)),
                read => read.map_err(|error| End::Again(error.to_string()))?,
            };
            // What is damaged was taken out above.
            let Ok(read) = read else { continue };
            for batch in &read.batches {
                let payload = match self.ctx.envelope.open(PROCESSED_LOG, batch).await {
                    // With the stream its keys are gone.
                    Err(what) if self.ctx.lost_its_key(batch.first.0) => {
                        let next = Position(batch.first.0 + u64::from(batch.batch.count));
                        let place = DamagedPlace { next, bytes: 0, what };
                        self.leave_blocks(batch.first.0, &place, &valid).await;
                        left_out = next.0;
                        continue;
                    }
                    payload => payload?,
                };
                let header = Block::read(&payload)?.header;
                match valid.contains(batch.first.0) {
                    true => self.take_block(batch.first.0, &header),
                    false => loose.push((batch.first.0, header)),
                }
            }
            at = read.next.0.max(at);
            if read.end != LogEnd::More {
                break;
            }
        }
        self.adopt(loose).await?;
        self.see_processed(at);
        Ok(left_out)
    }

    /// Sees to it that no later session comes upon blocks again that were left out: what lies before them is sealed
    /// as soon as possible, and the floors rise behind them.
    async fn pass_processed(&mut self, left_out: u64) -> Result<(), End> {
        for lane in [&mut self.main, &mut self.backup, &mut self.errors] {
            let forced = lane.forced.entry(PROCESSED).or_default();
            *forced = left_out.max(*forced);
        }
        self.raise_floors().await
    }

    /// Blocks that count and cannot be read: their records are lost, and nobody knows how many.
    async fn leave_blocks(&self, from: u64, place: &DamagedPlace, valid: &Ranges) {
        let DamagedPlace { next, what, .. } = place;
        let unplanned = |position: &u64| {
            let planned = [&self.main, &self.backup, &self.errors];
            let is_planned = |lane: &&Lane| lane.planned.is_planned(PROCESSED, *position);
            valid.contains(*position) && !planned.iter().any(is_planned)
        };
        let blocks = (from..next.0).filter(unplanned).count();
        self.ctx.counters.damaged_places.add(1);
        tracing::error!(name = %self.ctx.sender.name, blocks, %what, "processed records are lost");
        let message = format!("{blocks} blocks of processed records cannot be read: {what}");
        self.ctx.tell(&self.current, LaneId::Main, "InternalFailure", &message).await;
    }

    /// Takes up groups that are whole and begin where the worker had come to.
    async fn adopt(&mut self, loose: Vec<Loose>) -> Result<(), End> {
        let mut groups: BTreeMap<[u8; 16], Vec<Loose>> = BTreeMap::new();
        for (position, header) in loose {
            if !header.source.is_empty() {
                groups.entry(header.group).or_default().push((position, header));
            }
        }
        groups.retain(|_, blocks| {
            let mut parts: Vec<u32> = blocks.iter().map(|(_, header)| header.part).collect();
            parts.sort_unstable();
            parts.dedup();
            parts.len() == blocks[0].1.parts as usize && parts.len() == blocks.len()
        });
        loop {
            let floors = self.state(|state| state.lane(LaneId::Main));
            let fits = |blocks: &Vec<Loose>| {
                blocks[0].1.source.iter().all(|(log, from, _)| floors.floor(*log) == *from)
            };
            let found = groups.iter().find(|(_, blocks)| fits(blocks)).map(|(group, _)| *group);
            let Some(blocks) = found.and_then(|group| groups.remove(&group)) else { break };
            let mut ranges = Ranges::default();
            blocks.iter().for_each(|(position, _)| ranges.insert(*position, position + 1));
            let group = Group { source: blocks[0].1.source.clone(), blocks: ranges };
            let outcome = self.ctx.replica.submit(&Command::Group(group)).await;
            match outcome.map_err(|error| End::Again(error.to_string()))? {
                Outcome::Done => {}
                Outcome::Stale => continue,
            }
            self.main.planned = self.state(|state| state.lane(LaneId::Main));
            self.main.forget_source();
            for (position, header) in &blocks {
                Counts::of_block(header).add_to(&self.ctx.counters);
                self.take_block(*position, header);
            }
        }
        Ok(())
    }

    /// A block counts: the lanes that deliver it take it.
    pub(super) fn take_block(&mut self, position: u64, header: &Header) {
        let shape = self.shape();
        let copies = shape.backup == BackupInput::Delivered && header.lane == LaneId::Main;
        let copies = copies && shape.lane_reads_processed(LaneId::Backup);
        let lanes = [Some(header.lane), copies.then_some(LaneId::Backup)];
        for id in lanes.into_iter().flatten() {
            let full = self.current.full(id);
            self.lane_mut(id).take_block(position, header, full);
        }
    }

    /// Every block before a position was looked at.
    pub(super) fn see_processed(&mut self, end: u64) {
        for lane in [&mut self.main, &mut self.backup, &mut self.errors] {
            lane.pass(PROCESSED, end);
        }
        self.ctx.appending.raise(end);
    }

    /// Learns of logs that the source has now.
    pub(super) async fn discover(&mut self) -> Result<(), End> {
        if !self.ctx.source.grows() {
            return Ok(());
        }
        let logs = learn_logs(&self.ctx, &self.current.settings).await?;
        for log in logs.keys().filter(|log| !self.logs.contains_key(log)) {
            let from = self.state(|state| state.logs.get(log).copied().unwrap_or(0));
            self.main.seen.insert(*log, from);
            self.backup.seen.insert(*log, from);
        }
        self.main.planned = self.state(|state| state.lane(LaneId::Main));
        self.backup.planned = self.state(|state| state.lane(LaneId::Backup));
        self.logs = logs;
        self.give_up_source();
        Ok(())
    }

    /// Whether the lanes have to come to one place before the next configuration: a backup of what is delivered would
    /// otherwise get records twice, or never, when the worker comes between.
    pub(super) fn aligns(&self) -> bool {
        let Some(next) = &self.next else { return false };
        let shape = shape_of(&next.settings);
        let delivered = self.shape().backup == BackupInput::Delivered;
        delivered && shape.backup == BackupInput::Delivered && shape.worker != self.shape().worker
    }

    /// Lets the next configuration hold, once nothing is in its way.
    pub(super) async fn reconfigure(&mut self) -> Result<bool, End> {
        let Some(next) = self.next.clone() else { return Ok(false) };
        let version = self.state(State::version);
        if !is_newer(&next.settings, version, self.shape()) {
            self.next = None;
            return Ok(false);
        }
        let reshapes = next.settings.version == version;
        self.give_up_window().await;
        if !self.worker.is_empty() {
            return Ok(false);
        }
        if self.aligns() && !self.shape().worker && !self.come_together().await? {
            return Ok(false);
        }
        let compiled = compile(&self.ctx, &next, next.settings.version).await?;
        configure(&self.ctx, &next).await?;
        self.next = None;
        if reshapes || compiled.shape != self.shape() {
            // What the lanes hold may be another lane's now.
            return Err(End::Reshaped);
        }
        self.compiled.insert(compiled.settings.version, compiled.clone());
        self.current = compiled;
        self.main.planned = self.state(|state| state.lane(LaneId::Main));
        self.backup.planned = self.state(|state| state.lane(LaneId::Backup));
        self.main.forget_source();
        self.backup.forget_source();
        for lane in [LaneId::Main, LaneId::Backup, LaneId::Errors] {
            self.lane_mut(lane).open = 0;
        }
        Ok(true)
    }

    /// When the worker's window is given up for the next configuration; `None` if nothing waits for its function.
    pub(super) fn gives_up_at(&self) -> Option<Instant> {
        let waits = self.next.is_some() && !self.worker.is_empty() && self.gate.is_open();
        self.patience.filter(|_| waits)
    }

    /// Gives the worker's window up if its function keeps the next configuration waiting for too long. Nothing of it
    /// is written: the next configuration begins with its first record.
    async fn give_up_window(&mut self) {
        let late = self.gives_up_at().is_some_and(|at| at <= Instant::now());
        if !late || !self.gate.give_up() {
            return;
        }
        let name = &self.ctx.sender.name;
        tracing::warn!(%name, "a new configuration does not wait any longer for a function's answer");
        self.worker.abort_all();
        while self.worker.join_next().await.is_some() {}
        self.working = None;
        self.main.forget_source();
    }

    /// Whether main and backup are planned up to the same positions. What is not is forced.
    async fn come_together(&mut self) -> Result<bool, End> {
        let logs: Vec<u32> = self.logs.keys().copied().collect();
        let (mut together, mut behind) = (true, Vec::new());
        for log in logs {
            let target = self.main.seen(log).max(self.backup.seen(log));
            for id in [LaneId::Main, LaneId::Backup] {
                self.lane_mut(id).forced.insert(log, target);
                together &= self.lane(id).planned.floor(log) == target;
                if self.lane(id).seen(log) < target {
                    behind.push((id, log, target));
                }
            }
        }
        for (id, log, target) in behind {
            self.scan_to(id, log, target).await?;
        }
        Ok(together)
    }

    async fn scan_to(&mut self, id: LaneId, log: u32, target: u64) -> Result<(), End> {
        let from = self.lane(id).seen(log);
        if self.stands(id) {
            return Ok(());
        }
        let scan = self.ctx.source.scan(log, from, READ_BYTES).await;
        if let Err(SourceError::Damaged(damaged)) = scan {
            return self.take_damaged(id, log, from, target, damaged).await.map(drop);
        }
        let scan = scan.map_err(|error| End::Again(error.to_string()))?;
        self.count_read(id, log, from, &scan).await;
        let full = self.source_full(id);
        let lane = self.lane_mut(id);
        for extent in scan.extents.iter().filter(|extent| extent.from < target) {
            lane.take(log, extent, full);
        }
        // What has expired has no extent, and is passed all the same.
        lane.pass(log, scan.next.min(target));
        Ok(())
    }
}

/// Whether a configuration is another than the one that holds: a later version, or the same with other stages, which an
/// older build may have had for it.
fn is_newer(settings: &Settings, version: u64, shape: Shape) -> bool {
    settings.version > version || settings.version == version && shape_of(settings) != shape
}

/// Writes down the first configuration and the logs of the source.
pub(super) async fn prepare(
    ctx: &Context,
    configuration: &Configuration,
) -> Result<BTreeMap<u32, Vec<u32>>, End> {
    ctx.replica.barrier().await.map_err(|error| End::Again(error.to_string()))?;
    if ctx.replica.read(|state| state.configs.is_empty()) {
        configure(ctx, configuration).await?;
    }
    learn_logs(ctx, &configuration.settings).await
}

/// Makes a configuration hold.
async fn configure(ctx: &Context, configuration: &Configuration) -> Result<(), End> {
    let Configuration { settings, document, .. } = configuration;
    let (version, document, shape) = (settings.version, document.clone(), shape_of(settings));
    let command = Command::Configure { version, document, shape };
    let outcome = ctx.replica.submit(&command).await;
    outcome.map(drop).map_err(|error| End::Again(error.to_string()))
}

/// Prepares a version that the state has.
async fn compile(ctx: &Context, given: &Configuration, version: u64) -> Result<Arc<Compiled>, End> {
    let settings = match given.settings.version == version {
        true => given.settings.clone(),
        false => older(ctx, given, version).await,
    };
    let of = |settings| Compiled::new(settings, &ctx.sender, &ctx.channel_id, &*ctx.sinks);
    let compiled = match of(settings) {
        Err(why) if given.settings.version != version => of(newest(ctx, given, version, &why)),
        compiled => compiled,
    };
    let mut compiled = match compiled {
        Ok(compiled) => compiled,
        Err(why) => {
            tell_refused(ctx, &given.settings, &why).await;
            return Err(End::Again(why));
        }
    };
    // What the state says of a version counts, even where its settings cannot be read any more.
    let known = ctx.replica.read(|state| state.configs.get(&version).map(|config| config.shape));
    compiled.shape = known.unwrap_or(compiled.shape);
    Ok(Arc::new(compiled))
}

/// The settings of an older version, from its document. If they cannot be read any more its plans are delivered under
/// the newest: their keys stay.
async fn older(ctx: &Context, given: &Configuration, version: u64) -> Arc<Settings> {
    let document = ctx.replica.read(|state| state.configs.get(&version).cloned());
    let why = match &document {
        Some(config) => match given.documents.read(version, &config.document).await {
            Ok(settings) => return settings,
            Err(why) => why,
        },
        None => "it was forgotten".into(),
    };
    newest(ctx, given, version, &why)
}

fn newest(ctx: &Context, given: &Configuration, version: u64, why: &str) -> Arc<Settings> {
    tracing::warn!(name = %ctx.sender.name, version, %why, "a configuration cannot be used");
    Arc::new(Settings { version, ..(*given.settings).clone() })
}

/// Tells people that nothing is delivered: the configuration was taken once, and cannot be worked with now.
async fn tell_refused(ctx: &Context, settings: &Settings, why: &str) {
    let (destination, version) = (main_destination(settings), settings.version);
    let told =
        Told { destination: &destination, version, message: why, code: CONFIGURATION_REFUSED };
    ctx.log_error(settings.logging.as_ref(), &told).await;
}

/// The logs of the source with their parents; new ones are written down.
async fn learn_logs(ctx: &Context, settings: &Settings) -> Result<BTreeMap<u32, Vec<u32>>, End> {
    let known = ctx.replica.read(|state| state.logs.clone());
    let logs = match ctx.source.logs(&known).await {
        Ok(logs) => logs,
        // What was read stays to be delivered.
        Err(SourceError::Gone) => {
            note_gone(ctx, settings).await?;
            return Ok(known.keys().map(|log| (*log, Vec::new())).collect());
        }
        Err(error) => return Err(End::Again(error.to_string())),
    };
    let is_new = |log: &&crate::source::SourceLog| !known.contains_key(&log.log);
    let new: Vec<(u32, u64)> = logs.iter().filter(is_new).map(|it| (it.log, it.from)).collect();
    if !new.is_empty() {
        let begun = ctx.replica.submit(&Command::Begin { logs: new }).await;
        begun.map_err(|error| End::Again(error.to_string()))?;
    }
    Ok(logs.into_iter().map(|log| (log.log, log.parents)).collect())
}
