//! How far a queue is in each shard.

use std::collections::{BTreeMap, BTreeSet};

/// A shard that still has something for the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// The first position that was never received.
    pub next: u64,
    /// How far the shard is known to reach.
    pub end: u64,
    /// Whether it reaches no further.
    pub closed: bool,
}

/// The shards of the stream, as the queue has met them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shards {
    live: BTreeMap<u32, Shard>,
    /// Shards below this were all met.
    pub met_below: u32,
    /// Shards from there on that were met.
    pub met: BTreeSet<u32>,
    /// Live shards with records that were never received: made from `live`.
    fresh: BTreeSet<u32>,
}

impl Shards {
    pub fn get(&self, shard: u32) -> Option<&Shard> {
        self.live.get(&shard)
    }

    /// The live shards, by number.
    pub fn live(&self) -> impl Iterator<Item = (u32, &Shard)> {
        self.live.iter().map(|(number, shard)| (*number, shard))
    }

    /// The live shards from a number on.
    pub fn live_from(&self, from: u32) -> impl Iterator<Item = (u32, &Shard)> {
        self.live.range(from..).map(|(number, shard)| (*number, shard))
    }

    /// Whether the queue has met the shard, be it that it is through with it.
    pub fn has_met(&self, shard: u32) -> bool {
        shard < self.met_below || self.met.contains(&shard)
    }

    pub fn meet(&mut self, shard: u32) {
        if shard >= self.met_below {
            self.met.insert(shard);
        }
        while self.met.remove(&self.met_below) {
            self.met_below += 1;
        }
    }

    /// Puts a shard in, or changes it.
    pub fn put(&mut self, number: u32, shard: Shard) {
        self.live.insert(number, shard);
        if shard.next < shard.end {
            self.fresh.insert(number);
        } else {
            self.fresh.remove(&number);
        }
    }

    pub fn remove(&mut self, number: u32) {
        self.live.remove(&number);
        self.fresh.remove(&number);
    }

    /// A shard with records that were never received: the first from `from` on, else the first of all.
    pub fn fresh_from(&self, from: u32) -> Option<u32> {
        self.fresh.range(from..).next().or_else(|| self.fresh.first()).copied()
    }

    pub fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }
}
