//! A plan: what is delivered together, fixed before it is delivered.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::state::LaneId;
use crate::ranges::Ranges;

/// The input that is the processed log; the others are logs of the source.
pub const PROCESSED: u32 = u32::MAX;

/// What a plan delivers: positions by input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Cover(#[n(0)] pub BTreeMap<u32, Ranges>);

impl Cover {
    /// Adds positions of an input.
    pub fn insert(&mut self, input: u32, from: u64, to: u64) {
        self.0.entry(input).or_default().insert(from, to);
    }

    /// The positions of an input.
    pub fn of(&self, input: u32) -> Option<&Ranges> {
        self.0.get(&input)
    }

    /// How many ranges there are.
    pub fn ranges(&self) -> usize {
        self.0.values().map(Ranges::len).sum()
    }
}

/// A plan. Whatever its delivery depends on is in it or in the configuration that it names, so that delivering it again
/// writes the same bytes under the same key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Plan {
    /// Its number in this delivery stream, never used again.
    #[n(0)]
    pub id: u64,
    /// Its lane.
    #[n(1)]
    pub lane: LaneId,
    /// The configuration that it is delivered under.
    #[n(2)]
    pub version: u64,
    /// What destinations know it by.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub uuid: [u8; 16],
    /// When the oldest record arrived, in milliseconds: the instant in names.
    #[n(4)]
    pub oldest: u64,
    /// What it delivers.
    #[n(5)]
    pub cover: Cover,
    /// How many records that is, aggregates of producers taken apart, before other steps that make several of one.
    #[n(6)]
    pub records: u64,
    /// Their bytes.
    #[n(7)]
    pub bytes: u64,
    /// When it was sealed, in milliseconds.
    #[n(8)]
    pub created: u64,
    /// The version of what makes bytes of records: an encoder that comes to other bytes has another number.
    #[n(9)]
    pub encoder: u32,
    /// The key of its object; empty if none is written.
    #[n(10)]
    pub key: String,
    /// The kind of failure, in the errors' lane.
    #[n(11)]
    pub error_type: Option<String>,
    /// What came of earlier attempts.
    #[n(12)]
    pub failure: Option<Failure>,
    /// When the newest record arrived, in milliseconds: how fresh what is delivered is.
    #[n(13)]
    pub newest: u64,
}

/// What came of a plan's attempts so far.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Failure {
    /// How many failed.
    #[n(0)]
    pub attempts: u32,
    /// When the first failed, in milliseconds.
    #[n(1)]
    pub first: u64,
    /// When the last failed.
    #[n(2)]
    pub last: u64,
    /// The code of the last.
    #[n(3)]
    pub code: String,
    /// The message of the last.
    #[n(4)]
    pub message: String,
}
