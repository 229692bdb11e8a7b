//! What each command does to the state.

use std::sync::Arc;

use super::command::{Closing, Command, Group, Outcome, Seal};
use super::plan::{Failure, PROCESSED};
use super::state::{BackupInput, Config, LaneId, Shape, SourceState, State};
use crate::ranges::Ranges;

/// Changes the state.
pub fn apply(state: &mut State, command: &Command) -> Outcome {
    match command {
        Command::Begin { logs } => {
            for (log, from) in logs {
                begin(state, *log, *from);
            }
            Outcome::Done
        }
        Command::Configure { version, document, shape } => {
            configure(state, *version, document, *shape)
        }
        Command::Seal(seal) => apply_seal(state, seal),
        Command::Group(group) => apply_group(state, group),
        Command::Attempted { plan, at, code, message } => {
            let Some(plan) = state.plans.get_mut(plan) else { return Outcome::Stale };
            let plan = Arc::make_mut(plan);
            let before = plan.failure.take();
            let (attempts, first) = before.map_or((0, *at), |it| (it.attempts, it.first));
            let (code, message) = (code.clone(), message.clone());
            let attempts = attempts.saturating_add(1);
            plan.failure = Some(Failure { attempts, first, last: *at, code, message });
            Outcome::Done
        }
        Command::Close { plan, how, errors, failed, lost } => {
            let lost = lost.unwrap_or(0);
            close(state, *plan, &Closed { how: *how, errors, failed: *failed, lost })
        }
        Command::SourceGone if state.source.gone => Outcome::Stale,
        Command::SourceGone => {
            state.source.gone = true;
            Outcome::Done
        }
        Command::Rebind { generation, processed } => rebind(state, *generation, *processed),
    }
}

/// Nothing of the logs of the stream that is gone can be read any more; plans that name them are settled as lost.
fn rebind(state: &mut State, generation: u32, processed: u64) -> Outcome {
    if generation <= state.source.generation {
        return Outcome::Stale;
    }
    let next = state.logs.keys().next_back().map_or(0, |last| last.saturating_add(1));
    let base = next.max(state.source.base);
    state.source = SourceState { generation, base, gone: false, processed };
    state.logs.clear();
    for lane in state.lanes.values_mut() {
        lane.floors.retain(|input, _| *input == PROCESSED);
        lane.covered.retain(|input, _| *input == PROCESSED);
    }
    Outcome::Done
}

/// What became of a plan.
struct Closed<'a> {
    how: Closing,
    errors: &'a Ranges,
    failed: u64,
    lost: u64,
}

fn begin(state: &mut State, log: u32, from: u64) {
    if log == PROCESSED || state.logs.contains_key(&log) {
        return;
    }
    state.logs.insert(log, from);
    for lane in [LaneId::Main, LaneId::Backup] {
        state.lanes.entry(lane).or_default().raise(log, from);
    }
}

fn configure(state: &mut State, version: u64, document: &[u8], shape: Shape) -> Outcome {
    let before = state.shape();
    // The newest version may come again with other stages: another build makes others of the same configuration.
    let fits = version > state.version() || version == state.version() && shape != before;
    if !fits && !state.configs.is_empty() {
        return Outcome::Stale;
    }
    let begins = before.backup == BackupInput::None || before.backup != shape.backup;
    let leaves_worker = before.worker && !shape.worker && shape.backup == BackupInput::Delivered;
    let main = state.lane(LaneId::Main);
    let backup = state.lanes.entry(LaneId::Backup).or_default();
    for (input, floor) in &main.floors {
        // A lane that begins gets what is not planned yet; one that read blocks goes on where the worker left off.
        if begins || (leaves_worker && *input != PROCESSED) {
            backup.raise(*input, *floor);
        }
    }
    let config = Config { document: document.to_vec(), shape };
    state.configs.insert(version, Arc::new(config));
    forget_configs(state);
    Outcome::Done
}

fn forget_configs(state: &mut State) {
    let newest = state.version();
    let plans = &state.plans;
    let is_named = |version: u64| plans.values().any(|plan| plan.version == version);
    if state.configs.len() > 1 {
        state.configs.retain(|version, _| *version == newest || is_named(*version));
    }
}

fn apply_seal(state: &mut State, seal: &Seal) -> Outcome {
    let fits = seal.plans.iter().enumerate().all(|(index, plan)| {
        let expected = state.next_plan.checked_add(index as u64);
        Some(plan.id) == expected
            && plan.lane == seal.lane
            && state.configs.contains_key(&plan.version)
    });
    let lane = state.lane(seal.lane);
    let planned_twice = seal.plans.iter().any(|plan| {
        plan.cover
            .0
            .iter()
            .any(|(input, ranges)| ranges.iter().any(|(from, _)| lane.is_planned(*input, from)))
    });
    if !fits || planned_twice {
        return Outcome::Stale;
    }
    let lane = state.lanes.entry(seal.lane).or_default();
    for plan in &seal.plans {
        for (input, ranges) in &plan.cover.0 {
            let covered = lane.covered.entry(*input).or_default();
            Arc::make_mut(covered).insert_all(ranges);
        }
        state.plans.insert(plan.id, Arc::new(plan.clone()));
        state.next_plan = plan.id.saturating_add(1);
    }
    seal.floors.iter().for_each(|(input, floor)| lane.raise(*input, *floor));
    forget_blocks(state);
    Outcome::Done
}

fn apply_group(state: &mut State, group: &Group) -> Outcome {
    let main = state.lanes.entry(LaneId::Main).or_default();
    let base = state.source.base;
    let fits = group
        .source
        .iter()
        .all(|(log, from, to)| *log >= base && main.floor(*log) == *from && from <= to);
    if !fits {
        return Outcome::Stale;
    }
    group.source.iter().for_each(|(log, _, to)| main.raise(*log, *to));
    Arc::make_mut(&mut state.valid).insert_all(&group.blocks);
    Outcome::Done
}

fn close(state: &mut State, id: u64, closed: &Closed<'_>) -> Outcome {
    let Some(plan) = state.plans.remove(&id) else { return Outcome::Stale };
    let Closed { how, errors, failed, lost } = *closed;
    let totals = &mut state.totals;
    totals.failed = totals.failed.saturating_add(failed);
    if how != Closing::Lost {
        totals.lost = totals.lost.saturating_add(lost);
    }
    match how {
        Closing::Delivered if plan.lane == LaneId::Main => {
            let delivered = plan.records.saturating_sub(lost);
            totals.delivered = totals.delivered.saturating_add(delivered);
        }
        Closing::Delivered | Closing::ToErrors => {}
        Closing::Lost => totals.lost = totals.lost.saturating_add(plan.records),
    }
    if !errors.is_empty() {
        Arc::make_mut(&mut state.valid).insert_all(errors);
    }
    forget_configs(state);
    forget_blocks(state);
    Outcome::Done
}

/// Forgets blocks that nobody needs any more.
fn forget_blocks(state: &mut State) {
    let needed = state.needed_from(PROCESSED);
    if state.valid.first().is_some_and(|first| first < needed) {
        Arc::make_mut(&mut state.valid).remove_below(needed);
    }
}
