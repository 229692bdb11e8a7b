//! The state.

use std::collections::BTreeMap;
use std::sync::Arc;

use minicbor::{Decode, Encode};

use super::plan::{PROCESSED, Plan};
use crate::ranges::Ranges;

/// A lane: where records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum LaneId {
    /// The destination.
    #[n(0)]
    Main,
    /// The second place for all records.
    #[n(1)]
    Backup,
    /// The error output.
    #[n(2)]
    Errors,
}

/// All lanes.
pub const LANES: [LaneId; 3] = [LaneId::Main, LaneId::Backup, LaneId::Errors];

/// What the lane for backup gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum BackupInput {
    /// There is no such lane.
    #[default]
    #[n(0)]
    None,
    /// Records as they came in.
    #[n(1)]
    Raw,
    /// Records as they are delivered.
    #[n(2)]
    Delivered,
}

/// The lanes and stages of a configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Shape {
    /// Whether the worker stands between source and destination.
    #[n(0)]
    pub worker: bool,
    /// The lane for backup.
    #[n(1)]
    pub backup: BackupInput,
}

impl Shape {
    /// Whether a lane takes what it delivers from logs of the source. The main lane's place in them is the worker's if
    /// there is one.
    pub fn lane_reads_source(self, lane: LaneId) -> bool {
        match (lane, self.backup) {
            (LaneId::Main, _) | (LaneId::Backup, BackupInput::Raw) => true,
            (LaneId::Backup, BackupInput::Delivered) => !self.worker,
            (LaneId::Backup, BackupInput::None) | (LaneId::Errors, _) => false,
        }
    }

    /// Whether a lane takes blocks of the processed log.
    pub fn lane_reads_processed(self, lane: LaneId) -> bool {
        match (lane, self.backup) {
            (LaneId::Main | LaneId::Errors, _) | (LaneId::Backup, BackupInput::Delivered) => true,
            (LaneId::Backup, BackupInput::None | BackupInput::Raw) => false,
        }
    }
}

/// How far a lane is planned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneState {
    /// By input: what lies before is planned, or nothing of the lane's.
    pub floors: BTreeMap<u32, u64>,
    /// By input: what is planned beyond that.
    pub covered: BTreeMap<u32, Arc<Ranges>>,
}

impl LaneState {
    /// The floor of an input; the beginning if there is none.
    pub fn floor(&self, input: u32) -> u64 {
        self.floors.get(&input).copied().unwrap_or(0)
    }

    /// How far a log of the source is planned. Sources are planned in order: where a seal was cut before its last
    /// command, which raises the floor, the floor lies before that.
    pub fn reached(&self, log: u32) -> u64 {
        let covered = self.covered.get(&log).and_then(|covered| covered.end());
        self.floor(log).max(covered.unwrap_or(0))
    }

    /// Whether a position is planned.
    pub fn is_planned(&self, input: u32, position: u64) -> bool {
        let covered = self.covered.get(&input);
        position < self.floor(input) || covered.is_some_and(|covered| covered.contains(position))
    }

    pub(super) fn raise(&mut self, input: u32, floor: u64) {
        let known = self.floors.entry(input).or_default();
        *known = floor.max(*known);
        let floor = *known;
        if let Some(covered) = self.covered.get_mut(&input) {
            Arc::make_mut(covered).remove_below(floor);
            if covered.is_empty() {
                self.covered.remove(&input);
            }
        }
    }
}

/// A version of the configuration that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Its document.
    pub document: Vec<u8>,
    /// Its lanes and stages.
    pub shape: Shape,
}

/// What became of records since the delivery stream was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Totals {
    /// Records of plans of the main lane that were delivered.
    #[n(0)]
    pub delivered: u64,
    /// Records that went to the error output, at any lane.
    #[n(1)]
    pub failed: u64,
    /// Records that are lost, at any lane.
    #[n(2)]
    pub lost: u64,
}

/// Which of the streams of one name is the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct SourceState {
    /// How many were it before.
    #[n(0)]
    pub generation: u32,
    /// The number that its first log has here.
    #[n(1)]
    pub base: u32,
    /// Whether it is gone.
    #[n(2)]
    pub gone: bool,
    /// Blocks of the processed log before this were sealed with the keys of streams that are gone, if they were.
    #[n(3)]
    pub processed: u64,
}

/// What a pipeline remembers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Logs of the source that are known.
    pub logs: BTreeMap<u32, u64>,
    /// Configurations: the newest, and those that open plans name.
    pub configs: BTreeMap<u64, Arc<Config>>,
    /// The lanes.
    pub lanes: BTreeMap<LaneId, LaneState>,
    /// Plans that are not settled.
    pub plans: BTreeMap<u64, Arc<Plan>>,
    /// The number of the next plan.
    pub next_plan: u64,
    /// The blocks of the processed log that count and may still be needed.
    pub valid: Arc<Ranges>,
    /// What became of records.
    pub totals: Totals,
    /// The source.
    pub source: SourceState,
}

impl State {
    /// The newest configuration's version; 0 before there is any.
    pub fn version(&self) -> u64 {
        self.configs.keys().next_back().copied().unwrap_or(0)
    }

    /// The shape of the newest configuration.
    pub fn shape(&self) -> Shape {
        self.configs.values().next_back().map(|config| config.shape).unwrap_or_default()
    }

    /// How far a lane is planned.
    pub fn lane(&self, lane: LaneId) -> LaneState {
        self.lanes.get(&lane).cloned().unwrap_or_default()
    }

    /// The floor of a lane's input.
    pub fn floor(&self, lane: LaneId, input: u32) -> u64 {
        self.lanes.get(&lane).map_or(0, |lane| lane.floor(input))
    }

    /// The lowest position of an input that anyone still needs.
    pub fn needed_from(&self, input: u32) -> u64 {
        let shape = self.shape();
        let reads = |lane: LaneId| match input {
            PROCESSED => shape.lane_reads_processed(lane),
            _ => shape.lane_reads_source(lane),
        };
        let floors = LANES.into_iter().filter(|lane| reads(*lane));
        let floors = floors.map(|lane| self.floor(lane, input));
        let plans = self.plans.values().filter_map(|plan| plan.cover.of(input)?.first());
        floors.chain(plans).min().unwrap_or(0)
    }
}
