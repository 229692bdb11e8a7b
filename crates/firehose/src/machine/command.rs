//! Commands and what they come to. Times and ids are in the command, so that a replay decides the same.

use minicbor::{Decode, Encode};

use super::plan::Plan;
use super::state::{LaneId, Shape};
use crate::ranges::Ranges;

/// A change of a pipeline's state.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Command {
    /// Logs of the source that the pipeline did not know: each with the position where it begins. Known ones stay.
    #[n(0)]
    Begin {
        /// Log and position.
        #[n(0)]
        logs: Vec<(u32, u64)>,
    },
    /// A configuration holds from now on.
    #[n(1)]
    Configure {
        /// Its version; an older one than the newest changes nothing.
        #[n(0)]
        version: u64,
        /// Its document: opaque here.
        #[cbor(n(1), with = "minicbor::bytes")]
        document: Vec<u8>,
        /// The lanes and stages that it has.
        #[n(2)]
        shape: Shape,
    },
    /// Buffers become plans.
    #[n(2)]
    Seal(#[n(0)] Seal),
    /// Blocks of the processed log count from now on, instead of what they were made of.
    #[n(3)]
    Group(#[n(0)] Group),
    /// An attempt to deliver a plan failed.
    #[n(4)]
    Attempted {
        /// The plan.
        #[n(0)]
        plan: u64,
        /// When, in milliseconds.
        #[n(1)]
        at: u64,
        /// The code.
        #[n(2)]
        code: String,
        /// The message.
        #[n(3)]
        message: String,
    },
    /// A plan is settled.
    #[n(5)]
    Close {
        /// The plan.
        #[n(0)]
        plan: u64,
        /// How.
        #[n(1)]
        how: Closing,
        /// Blocks of the processed log with the documents of records that failed: they count from now on.
        #[n(2)]
        errors: Ranges,
        /// How many records failed.
        #[n(3)]
        failed: u64,
        /// How many of a plan that is not lost as a whole are lost; none if absent.
        #[n(4)]
        lost: Option<u64>,
    },
    /// The stream that is the source is gone.
    #[n(6)]
    SourceGone,
    /// Another stream of its name is the source from now on. Its logs have numbers of their own.
    #[n(7)]
    Rebind {
        /// How many streams were the source before.
        #[n(0)]
        generation: u32,
        /// Blocks of the processed log before this were sealed with the keys of those.
        #[n(1)]
        processed: u64,
    },
}

/// Buffers that become plans, all of them or none.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Seal {
    /// The plans, of one lane. Their numbers go on where the state's end.
    #[n(0)]
    pub plans: Vec<Plan>,
    /// The lane.
    #[n(1)]
    pub lane: LaneId,
    /// By input: what lies before this is planned, or nothing of the lane's.
    #[n(2)]
    pub floors: Vec<(u32, u64)>,
}

/// What one step of the worker came to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Group {
    /// What it was made of: log, first position, position after the last. It counts only if each first position is
    /// where the worker had come to.
    #[n(0)]
    pub source: Vec<(u32, u64, u64)>,
    /// Its blocks.
    #[n(1)]
    pub blocks: Ranges,
}

/// How a plan is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Closing {
    /// Its destination has it.
    #[n(0)]
    Delivered,
    /// Its destination would not have it: it went to the error output.
    #[n(1)]
    ToErrors,
    /// It is lost: its time was over, or its destination says so.
    #[n(2)]
    Lost,
}

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Nothing was done: the command does not fit the state (any more).
    Stale,
}
