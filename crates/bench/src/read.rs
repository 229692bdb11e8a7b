//! GetRecords in loops: each lane takes a shard, reads it from its oldest record to its end, and takes the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::caller::Caller;
use crate::error::shortened;
use crate::json::Json;
use crate::lanes::{Reply, Work};
use crate::limits::{FAULTS_MAX, GET_RECORDS_LIMIT};
use crate::tally::{Tally, Window};
use crate::{Error, clock};

/// A record as it came, nothing decoded.
pub struct Record<'a> {
    /// The shard's number in the order of ListShards.
    pub shard: usize,
    /// Data in base64.
    pub data: &'a [u8],
    /// The partition key.
    pub key: &'a [u8],
    /// The sequence number.
    pub sequence_number: &'a [u8],
}

/// What is done with the records that come.
pub trait Sink {
    /// A lane begins to read a shard from its oldest record.
    fn begin(&mut self, lane: usize);
    /// The next record of the lane's shard.
    fn record(&mut self, lane: usize, record: &Record<'_>);
}

/// Counts only.
pub struct Discard;

impl Sink for Discard {
    fn begin(&mut self, _: usize) {}
    fn record(&mut self, _: usize, _: &Record<'_>) {}
}

/// Which shards are read.
#[derive(Clone)]
pub struct Plan {
    /// Ids, in the order of ListShards.
    pub shards: Arc<Vec<String>>,
    /// Numbers of those that are read.
    pub chosen: Arc<Vec<usize>>,
    /// How many were handed to lanes so far, over all threads.
    pub handed: Arc<AtomicUsize>,
    /// Ends after each was read once.
    pub once: bool,
}

impl Plan {
    fn hand_out(&self) -> Option<usize> {
        let turn = self.handed.fetch_add(1, Ordering::Relaxed);
        if self.once {
            return self.chosen.get(turn).copied();
        }
        self.chosen.get(turn % self.chosen.len().max(1)).copied()
    }
}

#[derive(Default)]
struct Lane {
    shard: Option<usize>,
    /// Nothing until GetShardIterator has answered.
    iterator: Option<Vec<u8>>,
    request: Vec<u8>,
    empty_pages: u64,
}

/// The readers of one thread.
pub struct Reading<S> {
    /// What was counted.
    pub tally: Tally,
    /// Where the records went.
    pub sink: S,
    window: Window,
    plan: Plan,
    caller: Caller,
    stream: String,
    lanes: Vec<Lane>,
    body: Vec<u8>,
}

impl<S: Sink> Reading<S> {
    /// Nothing read yet.
    pub fn new(
        plan: Plan,
        window: Window,
        caller: Caller,
        stream: String,
        lanes: usize,
        sink: S,
    ) -> Self {
        let lanes = (0..lanes).map(|_| Lane::default()).collect();
        let (tally, body) = (Tally::default(), Vec::new());
        Reading { tally, sink, window, plan, caller, stream, lanes, body }
    }

    fn encode(&mut self, lane: usize, shard: usize) {
        let state = &mut self.lanes[lane];
        self.body.clear();
        let operation = match &state.iterator {
            None => {
                let (stream, shard) = (&self.stream, &self.plan.shards[shard]);
                let text = format!(
                    "{{\"StreamName\":\"{stream}\",\"ShardId\":\"{shard}\",\
                     \"ShardIteratorType\":\"TRIM_HORIZON\"}}"
                );
                self.body.extend_from_slice(text.as_bytes());
                "GetShardIterator"
            }
            Some(iterator) => {
                self.body.extend_from_slice(b"{\"ShardIterator\":\"");
                self.body.extend_from_slice(iterator);
                let limit = format!("\",\"Limit\":{GET_RECORDS_LIMIT}}}");
                self.body.extend_from_slice(limit.as_bytes());
                "GetRecords"
            }
        };
        state.request.clear();
        let seconds = clock::unix_seconds();
        self.caller.write_head(&mut state.request, operation, &self.body, seconds);
        state.request.extend_from_slice(&self.body);
    }

    fn page(&mut self, lane: usize, shard: usize, reply: &Reply<'_>) -> Result<(), Error> {
        let (mut next, mut behind, mut records, mut bytes) = (None, 0, 0u64, 0u64);
        let sink = &mut self.sink;
        Json::new(reply.body).object::<Error>(|name, json| {
            match name {
                b"NextShardIterator" => next = json.optional_string()?,
                b"MillisBehindLatest" => behind = json.number()?,
                b"Records" => json.array::<Error>(|json| {
                    let record = record(json, shard)?;
                    records += 1;
                    bytes += decoded_bytes(record.data);
                    sink.record(lane, &record);
                    Ok(())
                })?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        let state = &mut self.lanes[lane];
        state.empty_pages = if records == 0 { state.empty_pages + 1 } else { 0 };
        if state.empty_pages > FAULTS_MAX {
            return Err(Error::Reply("GetRecords stays behind and returns nothing".to_owned()));
        }
        match next {
            Some(iterator) if records > 0 || behind > 0 => state.iterator = Some(iterator.to_vec()),
            _ => *state = Lane::default(),
        }
        if records > 0 {
            self.tally.count(&self.window, reply, records, bytes);
        }
        Ok(())
    }
}

impl<S: Sink> Work for Reading<S> {
    fn next(&mut self, lane: usize) -> Result<bool, Error> {
        if !self.window.admits() {
            return Ok(false);
        }
        let shard = match self.lanes[lane].shard {
            Some(shard) => shard,
            None => {
                let Some(shard) = self.plan.hand_out() else { return Ok(false) };
                self.lanes[lane].shard = Some(shard);
                self.sink.begin(lane);
                shard
            }
        };
        self.encode(lane, shard);
        Ok(true)
    }

    fn request(&self, lane: usize) -> &[u8] {
        &self.lanes[lane].request
    }

    fn answered(&mut self, lane: usize, reply: &Reply<'_>) -> Result<(), Error> {
        let Some(shard) = self.lanes[lane].shard else { return Ok(()) };
        if reply.status != 200 {
            return self
                .tally
                .fault(|| format!("HTTP {}: {}", reply.status, shortened(reply.body)));
        }
        if self.lanes[lane].iterator.is_some() {
            return self.page(lane, shard, reply);
        }
        let state = &mut self.lanes[lane];
        Json::new(reply.body).object::<Error>(|name, json| {
            if name == b"ShardIterator" {
                state.iterator = Some(json.string()?.to_vec());
                return Ok(());
            }
            Ok(json.skip()?)
        })?;
        if state.iterator.is_none() {
            return Err(Error::Reply(shortened(reply.body)));
        }
        Ok(())
    }

    fn lost(&mut self, _: usize, why: std::io::Error) -> Result<(), Error> {
        self.tally.fault(|| format!("connection lost: {why}"))
    }
}

fn record<'a>(json: &mut Json<'a>, shard: usize) -> Result<Record<'a>, Error> {
    let mut found = Record { shard, data: b"", key: b"", sequence_number: b"" };
    json.object::<Error>(|name, json| {
        match name {
            b"Data" => found.data = json.string()?,
            b"PartitionKey" => found.key = json.string()?,
            b"SequenceNumber" => found.sequence_number = json.string()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(found)
}

/// Bytes that a padded base64 text stands for.
pub fn decoded_bytes(base64: &[u8]) -> u64 {
    let padding = base64.iter().rev().take(2).filter(|byte| **byte == b'=').count();
    (base64.len() / 4 * 3).saturating_sub(padding) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    struct Keep(Vec<String>);

    impl Sink for Keep {
        fn begin(&mut self, _: usize) {
            self.0.push("begin".to_owned());
        }
        fn record(&mut self, _: usize, record: &Record<'_>) {
            let (shard, key) = (record.shard, String::from_utf8_lossy(record.key));
            self.0.push(format!("{shard}:{key}"));
        }
    }

    fn reading(once: bool) -> Reading<Keep> {
        let args = crate::Args::parse_from(["bench", "put-record"]);
        let crate::args::Operation::PutRecord(put) = args.operation else { panic!() };
        let plan = Plan {
            shards: Arc::new(vec!["a".to_owned(), "b".to_owned()]),
            chosen: Arc::new(vec![0, 1]),
            handed: Arc::default(),
            once,
        };
        let window = Window { from: clock::now(), until: None, budget: None };
        let caller = Caller::new(&put.common, "h:1".to_owned());
        Reading::new(plan, window, caller, "s".to_owned(), 1, Keep(Vec::new()))
    }

    fn answer(reading: &mut Reading<Keep>, body: &str) {
        assert!(reading.next(0).unwrap());
        let now = clock::now();
        let reply = Reply { status: 200, body: body.as_bytes(), begun: now, ended: now };
        reading.answered(0, &reply).unwrap();
    }

    #[test]
    fn a_shard_is_read_to_its_end_and_then_the_next() {
        let mut reading = reading(true);
        answer(&mut reading, r#"{"ShardIterator":"i1"}"#);
        assert!(reading.next(0).unwrap());
        let sent = String::from_utf8_lossy(reading.request(0)).into_owned();
        assert!(sent.ends_with(r#"{"ShardIterator":"i1","Limit":10000}"#), "{sent}");
        answer(
            &mut reading,
            r#"{"Records":[{"Data":"aGVsbG8=","PartitionKey":"k","SequenceNumber":"1"}],
                "NextShardIterator":"i2","MillisBehindLatest":0}"#,
        );
        answer(&mut reading, r#"{"Records":[],"NextShardIterator":"i3","MillisBehindLatest":5}"#);
        answer(&mut reading, r#"{"Records":[],"NextShardIterator":"i3","MillisBehindLatest":0}"#);
        answer(&mut reading, r#"{"ShardIterator":"j1"}"#);
        answer(&mut reading, r#"{"Records":[],"NextShardIterator":null,"ChildShards":[]}"#);
        assert!(!reading.next(0).unwrap());
        assert_eq!(reading.sink.0, ["begin", "0:k", "begin"]);
        assert_eq!((reading.tally.records, reading.tally.payload_bytes), (1, 5));
    }

    #[test]
    fn without_once_the_shards_come_round_again() {
        let mut reading = reading(false);
        for _ in 0..5 {
            answer(&mut reading, r#"{"ShardIterator":"i"}"#);
            answer(
                &mut reading,
                r#"{"Records":[],"NextShardIterator":"i","MillisBehindLatest":0}"#,
            );
        }
        assert_eq!(reading.sink.0.len(), 5);
    }

    #[test]
    fn base64_lengths() {
        for (text, bytes) in [("", 0), ("aA==", 1), ("aGg=", 2), ("aGho", 3)] {
            assert_eq!(decoded_bytes(text.as_bytes()), bytes);
        }
    }
}
