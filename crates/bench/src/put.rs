//! PutRecords and PutRecord under load: sends the pool's bodies in turn and checks every reply.

use memchr::memmem;

use crate::delivery::payload;
use crate::delivery::turns::Turns;
use crate::error::shortened;
use crate::json::{Json, Malformed};
use crate::lanes::{Reply, Work};
use crate::ledger::Ledger;
use crate::pool::Pool;
use crate::tally::{Tally, Window};
use crate::{Error, clock};

/// The load of one thread.
pub struct Putting {
    /// What is sent.
    pub pool: Pool,
    /// What was counted.
    pub tally: Tally,
    /// What was acknowledged, when it is to be read back.
    pub ledger: Option<Ledger>,
    /// The same of a delivery stream, whose records are read back from objects.
    pub turns: Option<Turns>,
    /// Records that were acknowledged, in the whole run.
    pub taken: u64,
    /// Lanes of all threads before this one.
    pub first_lane: u32,
    /// Requests begun.
    turn: u32,
    window: Window,
    cursor: usize,
    /// The body under way on each lane.
    under_way: Vec<usize>,
}

impl Putting {
    /// Nothing sent yet.
    pub fn new(pool: Pool, window: Window, lanes: usize, verify: bool) -> Self {
        let delivers = pool.shape().delivery.is_some();
        let ledger =
            (verify && !delivers).then(|| Ledger::new(pool.len(), pool.shape().records(), lanes));
        Putting {
            pool,
            tally: Tally::default(),
            ledger,
            turns: (verify && delivers).then(|| Turns::new(lanes)),
            taken: 0,
            first_lane: 0,
            turn: 0,
            window,
            cursor: 0,
            under_way: vec![0; lanes],
        }
    }

    /// Its lanes.
    pub fn lanes(&self) -> usize {
        self.under_way.len()
    }

    /// Takes the next body that no other lane is sending, and stamps its records. A pool has a body for each lane at
    /// least.
    fn stamp(&mut self, lane: usize) -> Result<(), Error> {
        let others = |body: usize| {
            self.under_way.iter().enumerate().any(|(other, sent)| other != lane && *sent == body)
        };
        let bodies = (self.cursor..self.pool.len()).chain(0..self.cursor);
        let body = bodies.into_iter().find(|body| !others(*body)).unwrap_or(self.cursor);
        self.under_way[lane] = body;
        self.cursor = (body + 1) % self.pool.len();
        let stamp = payload::stamp(self.turn, self.first_lane + lane as u32);
        self.turn = self.turn.wrapping_add(1);
        self.pool.stamp(body, &stamp, clock::unix_seconds());
        self.turns.as_mut().map_or(Ok(()), |turns| turns.begin(lane, body))
    }

    fn put_record(&mut self, lane: usize, body: &[u8]) -> Result<u64, Error> {
        let first = entry(&mut Json::new(body))?;
        if first.failed || first.sequence_number.is_empty() {
            return Err(Error::Reply(shortened(body)));
        }
        if let Some(ledger) = &mut self.ledger {
            let place = (first.shard, first.sequence_number);
            ledger.acknowledge(lane, self.under_way[lane], Some(place));
        }
        Ok(1)
    }

    fn put_records(&mut self, lane: usize, body: &[u8]) -> Result<u64, Error> {
        let records = self.pool.shape().records() as u64;
        let failed = failed_count(body).ok_or_else(|| Error::Reply(shortened(body)))?;
        if failed > records {
            return Err(Error::Reply(shortened(body)));
        }
        self.tally.failed_records += failed;
        if let Some(turns) = &mut self.turns {
            turns.take(lane);
            if failed > 0 {
                refused(body, |index| turns.refuse(lane, index))?;
            }
        }
        let Some(ledger) = &mut self.ledger else { return Ok(records - failed) };
        let index = self.under_way[lane];
        let entries = memmem::find(body, b"\"Records\"").map(|at| &body[at + 9..]);
        let entries =
            entries.and_then(|rest| rest.iter().position(|b| *b == b'[').map(|at| &rest[at..]));
        let entries = entries.ok_or_else(|| Error::Reply(shortened(body)))?;
        if failed == 0 {
            let first = entry(&mut Json::new(&entries[1..]))?;
            ledger.acknowledge(lane, index, Some((first.shard, first.sequence_number)));
            return Ok(records);
        }
        let mut position = 0;
        Json::new(entries).array::<Malformed>(|json| {
            if !entry(json)?.failed && position < records as usize {
                ledger.acknowledge_one(index, position);
            }
            position += 1;
            Ok(())
        })?;
        Ok(records - failed)
    }
}

impl Work for Putting {
    fn next(&mut self, lane: usize) -> Result<bool, Error> {
        if !self.window.admits() {
            return Ok(false);
        }
        if self.pool.shape().delivery.is_some() {
            self.stamp(lane)?;
            return Ok(true);
        }
        self.under_way[lane] = self.cursor;
        self.pool.refresh(self.cursor, clock::unix_seconds());
        self.cursor = (self.cursor + 1) % self.pool.len();
        Ok(true)
    }

    fn request(&self, lane: usize) -> &[u8] {
        self.pool.request(self.under_way[lane])
    }

    fn answered(&mut self, lane: usize, reply: &Reply<'_>) -> Result<(), Error> {
        if reply.status != 200 {
            if let Some(ledger) = &mut self.ledger {
                ledger.doubt(self.under_way[lane]);
            }
            return self
                .tally
                .fault(|| format!("HTTP {}: {}", reply.status, shortened(reply.body)));
        }
        let records = if self.pool.shape().batch.is_some() {
            self.put_records(lane, reply.body)?
        } else {
            self.put_record(lane, reply.body)?
        };
        self.taken += records;
        let bytes = records * self.pool.shape().record_bytes as u64;
        self.tally.count(&self.window, reply, records, bytes);
        Ok(())
    }

    fn lost(&mut self, lane: usize, why: std::io::Error) -> Result<(), Error> {
        if let Some(ledger) = &mut self.ledger {
            ledger.doubt(self.under_way[lane]);
        }
        self.tally.fault(|| format!("connection lost: {why}"))
    }
}

struct Entry<'a> {
    shard: &'a [u8],
    sequence_number: &'a [u8],
    failed: bool,
}

fn entry<'a>(json: &mut Json<'a>) -> Result<Entry<'a>, Malformed> {
    let mut found = Entry { shard: b"", sequence_number: b"", failed: false };
    json.object::<Malformed>(|name, json| {
        match name {
            b"ShardId" => found.shard = json.optional_string()?.unwrap_or(b""),
            b"SequenceNumber" => found.sequence_number = json.optional_string()?.unwrap_or(b""),
            b"ErrorCode" => found.failed = json.optional_string()?.is_some(),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(found)
}

/// The places of the records that a reply of PutRecordBatch names as not taken.
fn refused(body: &[u8], mut refused: impl FnMut(u32)) -> Result<(), Malformed> {
    Json::new(body).object::<Malformed>(|name, json| {
        if name != b"RequestResponses" {
            return json.skip();
        }
        let mut index = 0;
        json.array(|json| {
            if entry(json)?.failed {
                refused(index);
            }
            index += 1;
            Ok(())
        })
    })
}

/// FailedRecordCount or FailedPutCount of a reply, found without walking through its 500 entries.
fn failed_count(body: &[u8]) -> Option<u64> {
    let names: [&[u8]; 2] = [b"\"FailedRecordCount\"", b"\"FailedPutCount\""];
    let after = names.iter().find_map(|name| Some(memmem::find(body, name)? + name.len()))?;
    let colon = body[after..].iter().position(|byte| *byte == b':')?;
    Json::new(&body[after + colon + 1..]).number().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Caller;
    use crate::pool::Shape;
    use crate::random::Random;
    use clap::Parser;

    fn putting(batch: Option<usize>) -> Putting {
        let args = crate::Args::parse_from(["bench", "put-record"]);
        let crate::args::Operation::PutRecord(put) = args.operation else { panic!() };
        let shape = Shape { stream: "s".to_owned(), batch, record_bytes: 10, delivery: None };
        let caller = Caller::new(&put.common, "h:1".to_owned());
        let pool = Pool::encode(shape, caller, &mut Random::seeded(3), 1, 2).unwrap();
        let window = Window { from: clock::now(), until: None, budget: None };
        Putting::new(pool, window, 1, true)
    }

    fn answer(putting: &mut Putting, status: u16, body: &str) -> Result<(), Error> {
        assert!(putting.next(0)?);
        let now = clock::now();
        putting.answered(0, &Reply { status, body: body.as_bytes(), begun: now, ended: now })
    }

    const TWO: &str = r#"{"FailedRecordCount": 0, "Records": [
        {"SequenceNumber":"7","ShardId":"a"}, {"SequenceNumber":"8","ShardId":"b"}]}"#;
    const ONE_OF_TWO: &str = r#"{"Records":[{"ErrorCode":"X","ErrorMessage":"m"},
        {"SequenceNumber":"9","ShardId":"b","ErrorCode":null}],"FailedRecordCount":1}"#;

    #[test]
    fn whole_and_partial_acknowledgements_are_told_apart() {
        let mut putting = putting(Some(2));
        answer(&mut putting, 200, TWO).unwrap();
        answer(&mut putting, 200, ONE_OF_TWO).unwrap();
        assert_eq!((putting.tally.records, putting.tally.failed_records), (3, 1));
        assert_eq!(putting.tally.payload_bytes, 30);
        let ledger = putting.ledger.unwrap();
        let bounds: Vec<_> = (0..4).map(|record| ledger.bounds(record)).collect();
        assert_eq!(bounds, [(1, 1), (1, 1), (0, 0), (1, 1)]);
        assert_eq!(ledger.samples()[0].place, crate::ledger::place(b"a", b"7"));
    }

    #[test]
    fn records_that_a_delivery_stream_refused_are_told_by_their_place() {
        let reply = br#"{"FailedPutCount":1,"Encrypted":false,"RequestResponses":[{"RecordId":"x"},
            {"ErrorCode":"ServiceUnavailableException","ErrorMessage":"m"},{"RecordId":"y"}]}"#;
        let mut places = Vec::new();
        refused(reply, |place| places.push(place)).unwrap();
        assert_eq!((places, failed_count(reply)), (vec![1], Some(1)));
    }

    #[test]
    fn a_refused_request_is_a_fault_of_unknown_outcome() {
        let mut putting = putting(Some(2));
        answer(&mut putting, 500, "no").unwrap();
        assert!(putting.next(0).unwrap());
        putting.lost(0, std::io::ErrorKind::BrokenPipe.into()).unwrap();
        assert_eq!((putting.tally.faults, putting.tally.records), (2, 0));
        assert_eq!(putting.tally.first_fault.as_deref(), Some("HTTP 500: no"));
        assert_eq!(putting.ledger.unwrap().bounds(0), (0, 1));
    }

    #[test]
    fn a_reply_without_a_count_or_a_sequence_number_ends_the_run() {
        assert!(answer(&mut putting(Some(2)), 200, "{}").is_err());
        assert!(answer(&mut putting(Some(2)), 200, r#"{"FailedRecordCount":3}"#).is_err());
        assert!(answer(&mut putting(None), 200, "{}").is_err());
        let mut single = putting(None);
        answer(&mut single, 200, r#"{"SequenceNumber":"7","ShardId":"a"}"#).unwrap();
        assert_eq!(single.tally.records, 1);
    }
}
