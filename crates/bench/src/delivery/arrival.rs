//! After a run: reads the objects and compares their records with what was acknowledged.

use std::collections::HashMap;
use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use crate::delivery::bucket::Bucket;
use crate::delivery::payload::{Document, Payload, stamped};
use crate::delivery::turns::{Outcome, Turns};
use crate::read_back::Comparison;
use crate::{Error, clock};

/// What begins a gzip file, and a Parquet file.
const GZIP: &[u8] = &[0x1f, 0x8b];
const PARQUET: &[u8] = b"PAR1";

/// What one thread has put.
pub struct Sent<'a> {
    /// Its requests.
    pub turns: &'a Turns,
    /// What its pool's records are recognised by, body by body.
    pub fingerprints: &'a [u64],
    /// Lanes of all threads before it.
    pub first_lane: u32,
    /// Its lanes.
    pub lanes: u32,
}

/// How records lie in objects.
#[derive(Clone, Copy)]
pub struct Layout {
    /// What they hold.
    pub payload: Payload,
    /// Their length.
    pub record_bytes: usize,
    /// Records of a request.
    pub per_request: usize,
    /// Whether keys name the partition.
    pub partitions: bool,
}

/// The objects that were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Objects {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many are neither gzip nor Parquet.
    pub plain: u64,
}

struct Arrival<'a> {
    sent: &'a [Sent<'a>],
    layout: Layout,
    /// The record of a pool with this content: the thread and its number.
    known: HashMap<u64, (u32, u32)>,
    /// By thread: a bit for each record of each turn.
    seen: Vec<Vec<u64>>,
    /// By lane: what its next record in the object must be at least, as turn and place.
    next: Vec<(u32, u32)>,
    found: Comparison,
}

/// Reads all objects below a prefix and compares.
pub fn compare(
    bucket: &Bucket,
    prefix: &str,
    sent: &[Sent<'_>],
    layout: Layout,
) -> Result<(Comparison, Objects), Error> {
    let begun = clock::now();
    let mut arrival = Arrival::new(sent, layout);
    let mut objects = Objects::default();
    for key in bucket.keys(prefix)? {
        let object = bucket.object(&key)?;
        objects.count += 1;
        objects.bytes += object.len() as u64;
        arrival.next.fill((0, 0));
        if object.starts_with(PARQUET) {
            arrival.parquet(&key, object)?;
        } else if object.starts_with(GZIP) {
            arrival.lines(&key, MultiGzDecoder::new(object.as_slice()))?;
        } else {
            objects.plain += 1;
            arrival.lines(&key, object.as_slice())?;
        }
    }
    let mut found = arrival.finish();
    found.took = clock::now().duration_since(begun);
    Ok((found, objects))
}

impl<'a> Arrival<'a> {
    fn new(sent: &'a [Sent<'a>], layout: Layout) -> Self {
        let mut known = HashMap::new();
        for (thread, sent) in sent.iter().enumerate() {
            for (record, fingerprint) in sent.fingerprints.iter().enumerate() {
                known.insert(*fingerprint, (thread as u32, record as u32));
            }
        }
        let words = |sent: &Sent<'_>| (sent.turns.all().len() * layout.per_request).div_ceil(64);
        let seen = sent.iter().map(|sent| vec![0; words(sent)]).collect();
        let lanes = sent.iter().map(|sent| sent.lanes as usize).sum();
        let next = vec![(0, 0); lanes];
        Arrival { sent, layout, known, seen, next, found: Comparison::default() }
    }

    /// Records one after the other, each of the same length.
    fn lines(&mut self, key: &str, mut object: impl Read) -> Result<(), Error> {
        let mut record = vec![0; self.layout.record_bytes];
        loop {
            let mut filled = 0;
            while filled < record.len() {
                match object.read(&mut record[filled..])? {
                    0 if filled == 0 => return Ok(()),
                    // What is left is no record.
                    0 => {
                        self.found.foreign += 1;
                        return Ok(());
                    }
                    count => filled += count,
                }
            }
            self.record(key, &record);
        }
    }

    fn parquet(&mut self, key: &str, object: Vec<u8>) -> Result<(), Error> {
        let wrong = |error: parquet::errors::ParquetError| Error::Reply(format!("{key}: {error}"));
        let file = SerializedFileReader::new(Bytes::from(object)).map_err(wrong)?;
        for row in file.get_row_iter(None).map_err(wrong)? {
            let line = document(&row.map_err(wrong)?).line();
            self.record(key, line.as_bytes());
        }
        Ok(())
    }

    fn record(&mut self, key: &str, record: &[u8]) {
        self.found.read += 1;
        if self.count(key, record).is_none() {
            self.found.foreign += 1;
        }
    }

    /// Nothing when nobody sent the record, or not to this object.
    fn count(&mut self, key: &str, record: &[u8]) -> Option<()> {
        let (stamp, fingerprint) = self.layout.payload.parts(record)?;
        let (turn, lane) = stamped(stamp)?;
        let (thread, number) = *self.known.get(&fingerprint)?;
        let sent = self.sent.get(thread as usize)?;
        let per_request = self.layout.per_request as u32;
        let (body, index) = (number / per_request, number % per_request);
        let of_thread = sent.first_lane..sent.first_lane + sent.lanes;
        if sent.turns.all().get(turn as usize)?.body != body || !of_thread.contains(&lane) {
            return None;
        }
        if self.layout.partitions {
            let partition = std::str::from_utf8(Payload::partition(record)?).ok()?;
            key.contains(&format!("partition={partition}/")).then_some(())?;
        }
        let bit = u64::from(turn) * u64::from(per_request) + u64::from(index);
        let word = &mut self.seen[thread as usize][(bit / 64) as usize];
        let mask = 1 << (bit % 64);
        self.found.surplus += u64::from(*word & mask != 0 || !sent.turns.may(turn, index));
        *word |= mask;
        let next = &mut self.next[lane as usize];
        self.found.turned += u64::from((turn, index) < *next);
        *next = (turn, index + 1);
        Some(())
    }

    fn finish(mut self) -> Comparison {
        for (sent, seen) in self.sent.iter().zip(&self.seen) {
            for (turn, it) in sent.turns.all().iter().enumerate() {
                if it.outcome != Outcome::Taken {
                    continue;
                }
                for index in 0..self.layout.per_request {
                    if !sent.turns.must(turn as u32, index as u32) {
                        continue;
                    }
                    let bit = turn * self.layout.per_request + index;
                    self.found.acknowledged += 1;
                    let arrived = seen[bit / 64] >> (bit % 64) & 1;
                    self.found.missing += 1 - arrived;
                }
            }
        }
        self.found
    }
}

/// The document that a row was.
fn document(row: &Row) -> Document {
    let mut document = Document::default();
    for (name, field) in row.get_column_iter() {
        match (name.as_str(), field) {
            ("stamp", Field::Str(text)) => document.stamp.clone_from(text),
            ("partition", Field::Str(text)) => document.partition.clone_from(text),
            ("text", Field::Str(text)) => document.text.clone_from(text),
            ("id", Field::Long(id)) => document.id = id.unsigned_abs(),
            ("value", Field::Double(value)) => document.value = *value,
            ("ok", Field::Bool(ok)) => document.ok = *ok,
            // Then it is not what was sent, which its fingerprint shows.
            _ => {}
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::payload::{STAMP_BYTES, stamp};
    use crate::random::Random;

    const PAYLOAD: Payload = Payload::Documents { partitions: 3 };
    const LAYOUT: Layout =
        Layout { payload: PAYLOAD, record_bytes: 300, per_request: 2, partitions: false };

    /// Two bodies of two records; three requests, of which the last got no answer.
    fn sent() -> (Turns, Vec<Vec<u8>>) {
        let mut random = Random::seeded(9);
        let records = (0..4).map(|_| PAYLOAD.record(300, &mut random)).collect();
        let mut turns = Turns::new(1);
        for (body, taken) in [(0, true), (1, true), (0, false)] {
            turns.begin(0, body).unwrap();
            if taken {
                turns.take(0);
            }
        }
        (turns, records)
    }

    fn compared(objects: &[&[(u32, usize)]], layout: Layout, key: &str) -> Comparison {
        let (turns, records) = sent();
        let fingerprints: Vec<u64> = records.iter().map(|r| PAYLOAD.parts(r).unwrap().1).collect();
        let sent = [Sent { turns: &turns, fingerprints: &fingerprints, first_lane: 0, lanes: 1 }];
        let mut arrival = Arrival::new(&sent, layout);
        for object in objects {
            let mut bytes = Vec::new();
            for (turn, number) in *object {
                let mut record = records[*number].clone();
                let at = PAYLOAD.stamp_at();
                record[at..at + STAMP_BYTES].copy_from_slice(&stamp(*turn, 0));
                bytes.extend_from_slice(&record);
            }
            arrival.next.fill((0, 0));
            arrival.lines(key, bytes.as_slice()).unwrap();
        }
        arrival.finish()
    }

    #[test]
    fn what_was_acknowledged_agrees_with_and_without_what_is_unknown() {
        let all: &[(u32, usize)] = &[(0, 0), (0, 1), (1, 2), (1, 3)];
        for objects in [&[all][..], &[all, &[(2, 0), (2, 1)]], &[&all[2..], &all[..2]]] {
            let found = compared(objects, LAYOUT, "k");
            assert!(found.agrees(), "{found:?}");
            assert_eq!(found.acknowledged, 4);
        }
    }

    #[test]
    fn missing_doubled_foreign_and_turned_records_are_told_apart() {
        for (object, expected) in [
            (&[(0, 0), (0, 1), (1, 2)][..], [1, 0, 0, 0]),
            (&[(0, 0), (0, 1), (0, 1), (1, 2), (1, 3)], [0, 1, 0, 1]),
            // The second body was never sent with turn 0.
            (&[(0, 2), (0, 0), (0, 1), (1, 2), (1, 3)], [0, 0, 1, 0]),
            (&[(1, 2), (1, 3), (0, 0), (0, 1)], [0, 0, 0, 1]),
        ] {
            let found = compared(&[object], LAYOUT, "k");
            let counts = [found.missing, found.surplus, found.foreign, found.turned];
            assert_eq!(counts, expected, "{object:?}");
        }
    }

    #[test]
    fn a_record_in_another_partitions_object_is_foreign() {
        let layout = Layout { partitions: true, ..LAYOUT };
        let records: &[&[(u32, usize)]] = &[&[(0, 0)]];
        let (_, all) = sent();
        let partition = std::str::from_utf8(Payload::partition(&all[0]).unwrap()).unwrap();
        assert_eq!(compared(records, layout, &format!("partition={partition}/k")).foreign, 0);
        assert_eq!(compared(records, layout, "partition=p9999/k").foreign, 1);
    }
}
