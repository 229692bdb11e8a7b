//! What the server has acknowledged, so that everything can be compared once it is read back.
//!
//! Bodies are sent in turn, so a record's content comes back as often as its body was acknowledged. A reply that is
//! lost or refused leaves its body's outcome unknown: it may come back that often more. In addition the first
//! record of each request is remembered by its shard and sequence number, with its lane and its turn, which shows
//! whether the numbers that were acknowledged are those that readers see, and whether each lane's records kept
//! their order.

use std::collections::HashMap;

use crate::limits::SAMPLES_MAX;

/// The first record of one acknowledged request.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// See [`place`].
    pub place: u64,
    /// The lane's number of this request, from 0.
    pub turn: u32,
    /// The body that was sent.
    pub body: u32,
    /// The lane that sent it.
    pub lane: u32,
}

/// What one thread's requests came to.
pub struct Ledger {
    records_per_body: usize,
    acknowledged: Vec<u32>,
    unknown: Vec<u32>,
    /// Acknowledgements of single records, where others of their request failed.
    single: HashMap<usize, u32>,
    turns: Vec<u32>,
    samples: Vec<Sample>,
}

/// A shard and a sequence number in one number (FNV-1a).
pub fn place(shard: &[u8], sequence_number: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in shard.iter().chain(b"/").chain(sequence_number) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

impl Ledger {
    /// Nothing sent yet, of `bodies` bodies over `lanes` lanes.
    pub fn new(bodies: usize, records_per_body: usize, lanes: usize) -> Self {
        Ledger {
            records_per_body,
            acknowledged: vec![0; bodies],
            unknown: vec![0; bodies],
            single: HashMap::new(),
            turns: vec![0; lanes],
            samples: Vec::new(),
        }
    }

    /// A body was acknowledged whole; its first record got this shard and sequence number.
    pub fn acknowledge(&mut self, lane: usize, body: usize, first: Option<(&[u8], &[u8])>) {
        self.acknowledged[body] += 1;
        let turn = self.turns[lane];
        self.turns[lane] += 1;
        if let Some((shard, sequence_number)) = first.filter(|_| self.samples.len() < SAMPLES_MAX) {
            let place = place(shard, sequence_number);
            self.samples.push(Sample { place, turn, body: body as u32, lane: lane as u32 });
        }
    }

    /// One record of a body was acknowledged, others of it failed.
    pub fn acknowledge_one(&mut self, body: usize, index: usize) {
        *self.single.entry(body * self.records_per_body + index).or_default() += 1;
    }

    /// The body's outcome is not known.
    pub fn doubt(&mut self, body: usize) {
        self.unknown[body] += 1;
    }

    /// How often a record must come back at least and at most; records are counted body by body.
    pub fn bounds(&self, record: usize) -> (u32, u32) {
        let body = record / self.records_per_body;
        let single = self.single.get(&record).copied().unwrap_or(0);
        let least = self.acknowledged[body] + single;
        (least, least + self.unknown[body])
    }

    /// Records in the pool.
    pub fn records(&self) -> usize {
        self.acknowledged.len() * self.records_per_body
    }

    /// First records of acknowledged requests, as many as were kept.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Lanes of this thread.
    pub fn lanes(&self) -> usize {
        self.turns.len()
    }

    /// The number of a body's first record.
    pub fn first_record(&self, body: u32) -> usize {
        body as usize * self.records_per_body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_follow_what_was_acknowledged_and_what_is_unknown() {
        let mut ledger = Ledger::new(2, 3, 1);
        ledger.acknowledge(0, 0, None);
        ledger.acknowledge(0, 0, Some((b"shardId-0", b"1")));
        ledger.acknowledge_one(1, 2);
        ledger.doubt(1);
        let bounds: Vec<_> = (0..ledger.records()).map(|record| ledger.bounds(record)).collect();
        assert_eq!(bounds, [(2, 2), (2, 2), (2, 2), (0, 1), (0, 1), (1, 2)]);
        assert_eq!(ledger.samples().len(), 1);
        assert_eq!((ledger.samples()[0].turn, ledger.first_record(1)), (1, 3));
    }

    #[test]
    fn places_differ_by_shard_and_by_number() {
        let places = [place(b"a", b"1"), place(b"a", b"2"), place(b"b", b"1"), place(b"a/1", b"")];
        for (index, place) in places.iter().enumerate() {
            assert!(!places[..index].contains(place));
        }
    }
}
