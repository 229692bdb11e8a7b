//! After a run: reads the stream from beginning to end and compares it with what was acknowledged.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::control::Control;
use crate::lanes::drive;
use crate::ledger::{Ledger, Sample, place};
use crate::limits::READ_BACK_CONNECTIONS;
use crate::pool::fingerprint;
use crate::put::Putting;
use crate::read::{Plan, Reading, Record, Sink};
use crate::tally::Window;
use crate::{Error, clock};

/// How what was read compares with what was acknowledged. All but the first three and the last two should be 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// Records that were acknowledged.
    pub acknowledged: u64,
    /// Records that were read.
    pub read: u64,
    /// Acknowledged sequence numbers that were looked for.
    pub samples: u64,
    /// Acknowledged records that did not come back.
    pub missing: u64,
    /// Records that came back more often than they were sent and not refused.
    pub surplus: u64,
    /// Records whose content nobody sent.
    pub foreign: u64,
    /// Records whose sequence number is not above that of the one before in its shard.
    pub out_of_order: u64,
    /// Acknowledged sequence numbers that no record bears.
    pub samples_missing: u64,
    /// Acknowledged sequence numbers that bear another record's content.
    pub samples_wrong: u64,
    /// Records that come before one that the same lane was acknowledged earlier.
    pub turned: u64,
    /// Fewest and most records of a shard.
    pub per_shard: (u64, u64),
    /// How long reading took.
    pub took: Duration,
}

impl Comparison {
    /// Whether everything acknowledged came back, once, in order, and nothing else.
    pub fn agrees(&self) -> bool {
        self.missing
            + self.surplus
            + self.foreign
            + self.out_of_order
            + self.samples_missing
            + self.samples_wrong
            + self.turned
            == 0
    }
}

struct Comparing {
    /// Number of the record with this content, over all threads.
    known: HashMap<u64, u32>,
    seen: Vec<u32>,
    /// The sample at this place, with the number of its record.
    samples: HashMap<u64, (Sample, u32, bool)>,
    lanes: Vec<ReadLane>,
    per_shard: Vec<u64>,
    found: Comparison,
}

/// What one reading lane remembers of the shard it reads.
#[derive(Clone, Default)]
struct ReadLane {
    sequence_number: Vec<u8>,
    /// The next turn to be expected at least, per lane of the load.
    turns: Vec<u32>,
}

impl Comparing {
    fn new(loads: &[(&Ledger, &[u64])], shards: usize) -> Self {
        let (mut known, mut samples) = (HashMap::new(), HashMap::new());
        let (mut records, mut lanes) = (0, 0);
        for (ledger, fingerprints) in loads {
            for (index, fingerprint) in fingerprints.iter().enumerate() {
                known.insert(*fingerprint, (records + index) as u32);
            }
            for sample in ledger.samples() {
                let record = records + ledger.first_record(sample.body);
                let sample = Sample { lane: sample.lane + lanes, ..*sample };
                samples.insert(sample.place, (sample, record as u32, false));
            }
            records += ledger.records();
            lanes += ledger.lanes() as u32;
        }
        let lane = ReadLane { sequence_number: Vec::new(), turns: vec![0; lanes as usize] };
        Comparing {
            known,
            seen: vec![0; records],
            samples,
            lanes: vec![lane; READ_BACK_CONNECTIONS],
            per_shard: vec![0; shards],
            found: Comparison::default(),
        }
    }

    fn finish(mut self, loads: &[(&Ledger, &[u64])], took: Duration) -> Comparison {
        let mut offset = 0;
        for (ledger, _) in loads {
            for record in 0..ledger.records() {
                let seen = self.seen[offset + record];
                let (least, most) = ledger.bounds(record);
                self.found.acknowledged += u64::from(least);
                self.found.missing += u64::from(least.saturating_sub(seen));
                self.found.surplus += u64::from(seen.saturating_sub(most));
            }
            offset += ledger.records();
        }
        self.found.samples = self.samples.len() as u64;
        self.found.samples_missing = self.samples.values().filter(|s| !s.2).count() as u64;
        let least = self.per_shard.iter().min().copied().unwrap_or(0);
        self.found.per_shard = (least, self.per_shard.iter().max().copied().unwrap_or(0));
        self.found.took = took;
        self.found
    }
}

impl Sink for Comparing {
    fn begin(&mut self, lane: usize) {
        self.lanes[lane].sequence_number.clear();
        self.lanes[lane].turns.fill(0);
    }

    fn record(&mut self, lane: usize, record: &Record<'_>) {
        let (found, lane) = (&mut self.found, &mut self.lanes[lane]);
        found.read += 1;
        self.per_shard[record.shard] += 1;
        let (number, last) = (record.sequence_number, lane.sequence_number.as_slice());
        found.out_of_order += u64::from((number.len(), number) <= (last.len(), last));
        lane.sequence_number.clear();
        lane.sequence_number.extend_from_slice(number);
        let Some(index) = self.known.get(&fingerprint(record.data, record.key)) else {
            found.foreign += 1;
            return;
        };
        self.seen[*index as usize] += 1;
    }
}

impl Comparing {
    /// The samples' half of a record's check, apart because it needs the shard's id.
    fn sample(&mut self, lane: usize, shard: &str, record: &Record<'_>) {
        let place = place(shard.as_bytes(), record.sequence_number);
        let Some((sample, index, seen)) = self.samples.get_mut(&place) else { return };
        *seen = true;
        let content = fingerprint(record.data, record.key);
        self.found.samples_wrong += u64::from(self.known.get(&content) != Some(index));
        let expected = &mut self.lanes[lane].turns[sample.lane as usize];
        self.found.turned += u64::from(sample.turn < *expected);
        *expected = sample.turn + 1;
    }
}

struct WithShards {
    comparing: Comparing,
    shards: Arc<Vec<String>>,
}

impl Sink for WithShards {
    fn begin(&mut self, lane: usize) {
        self.comparing.begin(lane);
    }

    fn record(&mut self, lane: usize, record: &Record<'_>) {
        self.comparing.record(lane, record);
        self.comparing.sample(lane, &self.shards[record.shard], record);
    }
}

/// Reads everything back and compares.
pub fn compare(control: &Control, loads: &[Putting]) -> Result<Comparison, Error> {
    let shards = Arc::new(control.shards()?);
    let expected: Vec<(&Ledger, &[u64])> = loads
        .iter()
        .filter_map(|load| load.ledger.as_ref().map(|ledger| (ledger, load.pool.fingerprints())))
        .collect();
    let chosen = (0..shards.len()).collect();
    let plan = Plan {
        shards: Arc::clone(&shards),
        chosen: Arc::new(chosen),
        handed: Arc::default(),
        once: true,
    };
    let comparing = Comparing::new(&expected, shards.len());
    let begun = clock::now();
    let window = Window { from: begun, until: None, budget: None };
    let (caller, stream) = (control.caller.clone(), control.stream.clone());
    let sink = WithShards { comparing, shards };
    let mut reading = Reading::new(plan, window, caller, stream, READ_BACK_CONNECTIONS, sink);
    drive(control.address, READ_BACK_CONNECTIONS, &mut reading)?;
    let took = clock::now().duration_since(begun);
    Ok(reading.sink.comparing.finish(&expected, took))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: [&[u8]; 4] = [b"AAAA", b"BBBB", b"CCCC", b"DDDD"];

    /// Two bodies of two records: (A, B) sent twice, (C, D) once, all acknowledged in shard `s`.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(2, 2, 1);
        ledger.acknowledge(0, 0, Some((b"s", b"1")));
        ledger.acknowledge(0, 1, Some((b"s", b"3")));
        ledger.acknowledge(0, 0, Some((b"s", b"5")));
        ledger
    }

    fn compared(records: &[(usize, &str)]) -> Comparison {
        let ledger = ledger();
        let fingerprints: Vec<u64> = DATA.iter().map(|data| fingerprint(data, b"k")).collect();
        let loads = [(&ledger, fingerprints.as_slice())];
        let comparing = Comparing::new(&loads, 1);
        let mut sink = WithShards { comparing, shards: Arc::new(vec!["s".to_owned()]) };
        sink.begin(0);
        for (data, number) in records {
            let data = DATA.get(*data).copied().unwrap_or(b"ZZZZ");
            let sequence_number = number.as_bytes();
            sink.record(0, &Record { shard: 0, data, key: b"k", sequence_number });
        }
        sink.comparing.finish(&loads, Duration::ZERO)
    }

    const ALL: [(usize, &str); 6] = [(0, "1"), (1, "2"), (2, "3"), (3, "4"), (0, "5"), (1, "10")];

    #[test]
    fn what_was_acknowledged_agrees() {
        let found = compared(&ALL);
        assert!(found.agrees(), "{found:?}");
        assert_eq!((found.acknowledged, found.read, found.samples), (6, 6, 3));
        assert_eq!(found.per_shard, (6, 6));
    }

    #[test]
    fn a_lost_record_is_missing() {
        let found = compared(&ALL[..5]);
        assert_eq!(found, Comparison { missing: 1, read: 5, per_shard: (5, 5), ..compared(&ALL) });
    }

    #[test]
    fn a_record_twice_is_surplus_and_a_stranger_is_foreign() {
        let mut records = ALL.to_vec();
        records.extend([(3, "11"), (9, "12")]);
        let found = compared(&records);
        assert_eq!((found.surplus, found.foreign, found.missing), (1, 1, 0));
        assert!(!found.agrees());
    }

    #[test]
    fn numbers_that_do_not_rise_are_out_of_order() {
        let mut records = ALL;
        records.swap(1, 3);
        assert_eq!(compared(&records).out_of_order, 2);
    }

    #[test]
    fn an_acknowledged_number_with_other_content_is_wrong_and_without_any_missing() {
        let found = compared(&[(0, "1"), (1, "2"), (0, "3"), (3, "4"), (2, "6"), (1, "10")]);
        assert_eq!((found.samples_wrong, found.samples_missing, found.missing), (1, 1, 0));
    }

    #[test]
    fn a_lane_s_later_record_before_an_earlier_one_is_turned() {
        let ledger = {
            let mut ledger = Ledger::new(1, 1, 1);
            ledger.acknowledge(0, 0, Some((b"s", b"5")));
            ledger.acknowledge(0, 0, Some((b"s", b"4")));
            ledger
        };
        let fingerprints = [fingerprint(b"AAAA", b"k")];
        let loads = [(&ledger, &fingerprints[..])];
        let comparing = Comparing::new(&loads, 1);
        let mut sink = WithShards { comparing, shards: Arc::new(vec!["s".to_owned()]) };
        sink.begin(0);
        for sequence_number in [b"4", b"5"] {
            sink.record(0, &Record { shard: 0, data: b"AAAA", key: b"k", sequence_number });
        }
        let found = sink.comparing.finish(&loads, Duration::ZERO);
        assert_eq!((found.turned, found.missing, found.out_of_order), (1, 0, 0));
    }
}
