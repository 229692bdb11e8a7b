//! The state in slices.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_replica::Slice;
use minicbor::{Decode, Encode};

use super::plan::Plan;
use super::state::{Config, LaneId, LaneState, Shape, SourceState, State, Totals};
use crate::ranges::Ranges;

/// Ranges in one part: each takes 20 bytes at most.
const PART_RANGES_MAX: usize = 2048;

/// The state as it was at one moment.
pub struct Frozen {
    logs: BTreeMap<u32, u64>,
    configs: BTreeMap<u64, Arc<Config>>,
    lanes: BTreeMap<LaneId, LaneState>,
    plans: BTreeMap<u64, Arc<Plan>>,
    next_plan: u64,
    valid: Arc<Ranges>,
    totals: Totals,
    source: SourceState,
}

/// A part of a slice.
#[derive(Encode, Decode)]
enum Part {
    #[n(0)]
    Head {
        #[n(0)]
        next_plan: u64,
        #[n(1)]
        totals: Totals,
        /// Absent for the first source.
        #[n(2)]
        source: Option<SourceState>,
    },
    #[n(1)]
    Log {
        #[n(0)]
        log: u32,
        #[n(1)]
        from: u64,
    },
    #[n(2)]
    Config {
        #[n(0)]
        version: u64,
        #[cbor(n(1), with = "minicbor::bytes")]
        document: Vec<u8>,
        #[n(2)]
        shape: Shape,
    },
    #[n(3)]
    Floor {
        #[n(0)]
        lane: LaneId,
        #[n(1)]
        input: u32,
        #[n(2)]
        floor: u64,
    },
    #[n(4)]
    Covered {
        #[n(0)]
        lane: LaneId,
        #[n(1)]
        input: u32,
        #[n(2)]
        ranges: Ranges,
    },
    #[n(5)]
    Valid(#[n(0)] Ranges),
    #[n(6)]
    Plan(#[n(0)] Plan),
}

/// Where a part is: the state has few parts except plans and ranges, so their numbers are counted anew for each slice.
type Number = u64;

impl Frozen {
    /// Handles of the state.
    pub fn of(state: &State) -> Self {
        Frozen {
            logs: state.logs.clone(),
            configs: state.configs.clone(),
            lanes: state.lanes.clone(),
            plans: state.plans.clone(),
            next_plan: state.next_plan,
            valid: state.valid.clone(),
            totals: state.totals,
            source: state.source,
        }
    }

    /// The parts, in order, made as they are asked for.
    fn parts(&self) -> impl Iterator<Item = Box<dyn Fn() -> Part + '_>> {
        type Make<'a> = Box<dyn Fn() -> Part + 'a>;
        let source = (self.source != SourceState::default()).then_some(self.source);
        let head = move || Part::Head { next_plan: self.next_plan, totals: self.totals, source };
        let logs = self
            .logs
            .iter()
            .map(|(log, from)| Box::new(move || Part::Log { log: *log, from: *from }) as Make<'_>);
        let configs = self.configs.iter().map(|(version, config)| {
            Box::new(move || {
                let (version, shape) = (*version, config.shape);
                Part::Config { version, document: config.document.clone(), shape }
            }) as Make<'_>
        });
        let floors = self.lanes.iter().flat_map(|(lane, state)| {
            let lane = *lane;
            state.floors.iter().map(move |(input, floor)| {
                Box::new(move || Part::Floor { lane, input: *input, floor: *floor }) as Make<'_>
            })
        });
        let covered = self.lanes.iter().flat_map(|(lane, state)| {
            let lane = *lane;
            state.covered.iter().flat_map(move |(input, ranges)| {
                let input = *input;
                pieces(ranges).map(move |ranges| {
                    Box::new(move || Part::Covered { lane, input, ranges: ranges() }) as Make<'_>
                })
            })
        });
        let valid =
            pieces(&self.valid).map(|ranges| Box::new(move || Part::Valid(ranges())) as Make<'_>);
        let plans = self
            .plans
            .values()
            .map(|plan| Box::new(move || Part::Plan(Plan::clone(plan))) as Make<'_>);
        std::iter::once(Box::new(head) as Make<'_>)
            .chain(logs)
            .chain(configs)
            .chain(floors)
            .chain(covered)
            .chain(valid)
            .chain(plans)
    }

    /// The parts from a number on that fit.
    pub fn slice(&self, from: Option<&[u8]>, bytes_max: usize) -> Slice {
        let from = from.and_then(|key| key.try_into().ok()).map_or(0, Number::from_be_bytes);
        let mut bytes = Vec::new();
        for (number, part) in (from..).zip(self.parts().skip(from as usize)) {
            // Writing into a vector cannot fail.
            let part = minicbor::to_vec(part()).unwrap_or_default();
            if !bytes.is_empty() && bytes.len() + part.len() > bytes_max {
                return Slice { bytes, next: Some(number.to_be_bytes().to_vec()) };
            }
            bytes.extend(part);
        }
        Slice { bytes, next: None }
    }
}

/// A set in pieces that fit a slice.
fn pieces(ranges: &Ranges) -> impl Iterator<Item = impl Fn() -> Ranges + '_> {
    (0..ranges.len())
        .step_by(PART_RANGES_MAX)
        .map(move |from| move || ranges.part(from, from + PART_RANGES_MAX))
}

/// Puts a slice back.
pub fn restore(state: &mut State, slice: &[u8]) -> Result<(), String> {
    let mut decoder = minicbor::Decoder::new(slice);
    while decoder.position() < slice.len() {
        let part: Part = decoder.decode().map_err(|error| error.to_string())?;
        match part {
            Part::Head { next_plan, totals, source } => {
                (state.next_plan, state.totals) = (next_plan, totals);
                state.source = source.unwrap_or_default();
            }
            Part::Log { log, from } => drop(state.logs.insert(log, from)),
            Part::Config { version, document, shape } => {
                state.configs.insert(version, Arc::new(Config { document, shape }));
            }
            Part::Floor { lane, input, floor } => {
                state.lanes.entry(lane).or_default().floors.insert(input, floor);
            }
            Part::Covered { lane, input, ranges } => {
                let covered = &mut state.lanes.entry(lane).or_default().covered;
                Arc::make_mut(covered.entry(input).or_default()).insert_all(&ranges);
            }
            Part::Valid(ranges) => Arc::make_mut(&mut state.valid).insert_all(&ranges),
            Part::Plan(plan) => drop(state.plans.insert(plan.id, Arc::new(plan))),
        }
    }
    Ok(())
}
