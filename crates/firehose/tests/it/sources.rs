//! Streams as sources: where delivery begins, the order of shards, and what expires. Encryption of the intake.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use millstream_api::Blob;
use millstream_firehose::envelope::{KeyFuture, Keys};
use millstream_firehose::record::{RecordId, SourceRecord, StreamOrigin};
use millstream_firehose::sink::Then;
use millstream_firehose::source::*;
use millstream_log::{Log, LogId, Position};
use millstream_types::Millis;
use millstream_vault::{DataKey, KeyError, KeyFault};
use tokio::sync::watch;

use crate::harness::*;

#[derive(Default)]
struct Shard {
    parents: Vec<u32>,
    /// The first position that can be read.
    first: u64,
    records: Vec<(Millis, String)>,
    sealed: bool,
}

/// A stream in memory.
pub struct Simulated {
    shards: Mutex<BTreeMap<u32, Shard>>,
    /// Whether records cannot be read, though they are there.
    pub broken: Mutex<bool>,
    /// A position that holds so many records, and cannot be read.
    aggregate: Mutex<Option<(u64, u64)>>,
    /// Whether it was deleted, and how many of its name were before it.
    gone: Mutex<bool>,
    generation: u32,
    changed: watch::Sender<()>,
}

impl Simulated {
    pub fn new() -> Arc<Self> {
        Simulated::after(0)
    }

    /// One in the place of so many that were deleted.
    pub fn after(generation: u32) -> Arc<Self> {
        let shards = Mutex::new(BTreeMap::from([(0, Shard::default())]));
        Arc::new(Simulated {
            shards,
            broken: Mutex::default(),
            aggregate: Mutex::default(),
            gone: Mutex::default(),
            generation,
            changed: watch::Sender::new(()),
        })
    }

    pub fn delete(&self) {
        *self.gone.lock().unwrap() = true;
        self.change(BTreeMap::clear);
    }

    fn change(&self, act: impl FnOnce(&mut BTreeMap<u32, Shard>)) {
        act(&mut self.shards.lock().unwrap());
        self.changed.send_replace(());
    }

    pub fn put(&self, shard: u32, at: Millis, records: &[&str]) {
        self.change(|shards| {
            let shard = shards.get_mut(&shard).unwrap();
            shard.records.extend(records.iter().map(|record| (at, (*record).to_owned())));
        });
    }

    fn with<T>(&self, log: u32, f: impl FnOnce(&Shard) -> T) -> Result<T, SourceError> {
        self.shards.lock().unwrap().get(&log).map(f).ok_or(SourceError::Gone)
    }
}

fn ready<'a, T: Send + 'a>(value: Result<T, SourceError>) -> SourceFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Source for Simulated {
    fn logs<'a>(&'a self, known: &'a BTreeMap<u32, u64>) -> SourceFuture<'a, Vec<SourceLog>> {
        if *self.gone.lock().unwrap() {
            return ready(Err(SourceError::Gone));
        }
        let shards = self.shards.lock().unwrap();
        let logs = shards.iter().map(|(log, shard)| SourceLog {
            log: *log,
            from: if known.is_empty() { shard.records.len() as u64 } else { 0 },
            parents: shard.parents.clone(),
        });
        ready(Ok(logs.collect()))
    }

    fn scan(&self, log: u32, from: u64, _: usize) -> SourceFuture<'_, Scan> {
        ready(self.with(log, |shard| {
            let start = from.max(shard.first);
            let end = shard.records.len() as u64;
            // Two records at a time, so that there is more than one step.
            let next = end.min(start + 2).max(start);
            let found = &shard.records[start as usize..next as usize];
            let aggregate = *self.aggregate.lock().unwrap();
            let aggregate = aggregate.filter(|(at, _)| (start..next).contains(at));
            let more = aggregate.map_or(0, |(_, records)| records - 1);
            let extent = found.first().map(|first| Extent {
                from: start,
                to: next,
                records: found.len() as u64 + more,
                bytes: found.iter().map(|(_, data)| data.len() as u64).sum(),
                oldest: first.0,
                newest: found[found.len() - 1].0,
            });
            let ended = shard.sealed && next == end;
            let (records, bytes) = (found.len() as u64, extent.map_or(0, |extent| extent.bytes));
            let extents = extent.into_iter().collect();
            Scan { extents, next, ended, lost: start - from, records, bytes }
        }))
    }

    fn read(&self, log: u32, from: u64, to: u64, _: usize) -> SourceFuture<'_, Stretch> {
        if *self.broken.lock().unwrap() {
            return ready(Err(SourceError::Failed("the segment is damaged".into())));
        }
        let aggregate = *self.aggregate.lock().unwrap();
        if aggregate.is_some_and(|(at, _)| at == from) {
            let damaged = Damaged { next: from + 1, bytes: 1, what: "the aggregate".into() };
            return ready(Err(SourceError::Damaged(damaged)));
        }
        let to = aggregate.filter(|(at, _)| (from..to).contains(at)).map_or(to, |(at, _)| at);
        ready(self.with(log, |shard| {
            let start = from.max(shard.first).min(to);
            let record = |position: u64| {
                let (arrival, data) = shard.records[position as usize].clone();
                let stream = StreamOrigin {
                    partition_key: "key".into(),
                    sequence_number: position.to_string().into(),
                    subsequence_number: 0,
                    shard_id: log.to_string().into(),
                };
                let id = RecordId { log, position, part: 0 };
                SourceRecord { id, arrival, data: data.into(), stream: Some(stream) }
            };
            let records = (start..to).map(record).collect();
            Stretch { records, next: to, lost: start - from }
        }))
    }

    fn end(&self, log: u32) -> SourceFuture<'_, u64> {
        ready(self.with(log, |shard| shard.records.len() as u64))
    }

    fn wait<'a>(&'a self, _: &'a [(u32, u64)]) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        let mut changed = self.changed.subscribe();
        Box::pin(async move {
            // What changed before is seen in a while.
            let _ = tokio::time::timeout(Duration::from_millis(20), changed.changed()).await;
        })
    }

    fn retention(&self) -> Duration {
        Duration::from_secs(24 * 3600)
    }

    fn grows(&self) -> bool {
        true
    }

    fn generation(&self) -> u32 {
        self.generation
    }

    fn trim(&self, _: u32, _: u64) -> SourceFuture<'_, ()> {
        ready(Ok(()))
    }
}

fn world() -> (World, Arc<Simulated>) {
    let stream = Simulated::new();
    let mut world = World::new(to_objects());
    world.source = Some(stream.clone());
    (world, stream)
}

#[test]
fn delivery_begins_with_what_arrives_after_it_was_started() {
    let (world, stream) = world();
    stream.put(0, START, &["before\n"]);
    world.live(async |node| {
        stream.put(0, START, &["a\n", "b\n", "c\n"]);
        node.settle().await;
    });
    stream.put(0, START, &["d\n"]);
    world.live(async |node| {
        assert!(node.pipeline().intake().is_none());
        node.flush().await;
    });
    assert_eq!(world.content("main"), "a\nb\nc\nd\n");
}

#[test]
fn shards_are_read_after_their_parents_and_new_ones_from_their_beginning() {
    let (world, stream) = world();
    world.object_acts("main", [Act::Hang]);
    world.live(async |node| {
        stream.put(0, START, &["p1\n", "p2\n"]);
        stream.change(|shards| {
            shards.insert(1, Shard { parents: vec![0], ..Shard::default() });
            shards.insert(2, Shard { parents: vec![0], ..Shard::default() });
        });
        stream.put(1, START, &["x1\n"]);
        stream.put(2, START, &["y1\n"]);
        node.advance(60).await;
        // The parent is not sealed yet: nobody knows that nothing more comes.
        assert_eq!(node.pipeline().status().waiting_records, 0);
    });
    stream.put(0, START, &["p3\n"]);
    stream.change(|shards| shards.get_mut(&0).unwrap().sealed = true);
    world.live(async |node| {
        stream.put(1, START, &["x2\n"]);
        node.flush().await;
    });
    assert_eq!(world.lines("main"), ["p1", "p2", "p3", "x1", "x2", "y1"]);
    let all = world.content("main");
    assert!(all.find("x1").unwrap() < all.find("x2").unwrap() || world.objects("main").len() > 2);
}

#[test]
fn an_object_of_several_shards_is_in_the_order_of_arrival() {
    let (world, stream) = world();
    stream.change(|shards| drop(shards.insert(1, Shard::default())));
    world.live(async |node| {
        for n in 0..10 {
            stream.put(n % 2, Millis(START.0 + u64::from(n)), &[&format!("{n}\n")]);
        }
        node.settle().await;
        node.advance(61).await;
    });
    assert_eq!(world.content("main"), "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
}

#[test]
fn what_a_stream_still_has_is_not_thrown_away() {
    let (world, stream) = world();
    world.live(async |_| {});
    world.object_always("main", Act::Fail(Then::Retry));
    world.live(async |node| {
        stream.put(0, START, &["a\n", "b\n"]);
        node.settle().await;
        node.advance(61).await;
        // Two are sealed; three are in the stream alone, where others can read them.
        let now = Millis(START.0 + 61_000);
        stream.put(0, now, &["c\n", "d\n", "e\n"]);
        node.settle().await;
        assert_eq!(node.pipeline().status().waiting_records, 3);
        node.runtimes.stop(DATA, true).await;
        assert_eq!(node.runtimes.discarded_records(), 2);
    });
}

#[test]
fn what_expired_before_it_was_read_is_counted() {
    let (world, stream) = world();
    world.live(async |_| {});
    stream.put(0, START, &["a\n", "b\n", "c\n"]);
    stream.change(|shards| shards.get_mut(&0).unwrap().first = 2);
    world.live(async |node| {
        node.flush().await;
        assert_eq!(node.pipeline().counters().lost_records.get(), 2);
    });
    assert_eq!(world.content("main"), "c\n");
}

struct OneKey(Mutex<Option<u32>>);

impl OneKey {
    fn key() -> Arc<DataKey> {
        Arc::new(DataKey::new([7; 32]))
    }
}

impl Keys for OneKey {
    fn current(&self) -> KeyFuture<'_, Option<(u32, Arc<DataKey>)>> {
        let current = self.0.lock().unwrap().map(|id| (id, OneKey::key()));
        Box::pin(std::future::ready(Ok(current)))
    }

    fn by_id(&self, _: u32) -> KeyFuture<'_, Arc<DataKey>> {
        Box::pin(std::future::ready(Ok(OneKey::key())))
    }
}

/// Keys that cannot be used, each time for the next reason.
struct NoKey(Mutex<Vec<KeyFault>>);

impl NoKey {
    fn refuse(&self) -> KeyError {
        KeyError::new(self.0.lock().unwrap().pop().unwrap(), "no")
    }
}

impl Keys for NoKey {
    fn current(&self) -> KeyFuture<'_, Option<(u32, Arc<DataKey>)>> {
        Box::pin(std::future::ready(Err(self.refuse())))
    }

    fn by_id(&self, _: u32) -> KeyFuture<'_, Arc<DataKey>> {
        Box::pin(std::future::ready(Err(self.refuse())))
    }
}

#[test]
fn each_reason_why_a_key_cannot_be_used_is_counted() {
    use KeyFault::{AccessDenied, Disabled, InvalidState, NotFound, Throttled, Unavailable};
    let faults =
        vec![AccessDenied, Disabled, Disabled, InvalidState, NotFound, Throttled, Unavailable];
    let mut world = World::new(to_objects());
    let count = faults.len();
    world.keys = Arc::new(NoKey(Mutex::new(faults)));
    world.live(async |node| {
        let pipeline = node.pipeline();
        for _ in 0..count {
            let put = pipeline.intake().unwrap().put(&[Blob::Raw(b"x".as_slice().into())]).await;
            assert!(put.is_err());
        }
        let counters = pipeline.counters();
        let [denied, disabled] = [&counters.key_access_denied, &counters.key_disabled];
        let [state, none] = [&counters.key_invalid_state, &counters.key_not_found];
        let all = [denied, disabled, state, none, &counters.key_unavailable];
        assert_eq!(all.map(|counter| counter.get()), [1, 2, 1, 1, 2]);
    });
}

#[test]
fn an_encrypted_delivery_stream_keeps_nothing_in_the_clear() {
    let mut settings = to_objects();
    settings.processing.partitioned = true;
    settings.processing.query = Some("{k:.k}".into());
    let mut world = World::new(settings);
    let keys = Arc::new(OneKey(Mutex::new(Some(3))));
    world.keys = keys.clone();
    let record = "{\"k\":\"secret\"}\n";
    world.object_acts("main", [Act::Hang]);
    world.live(async |node| {
        node.put(&[record, record]).await;
        node.advance(60).await;
        assert_eq!(in_the_clear(&world, 0).await, [false]);
        assert_eq!(in_the_clear(&world, 1).await, [false]);
    });
    *keys.0.lock().unwrap() = None;
    world.live(async |node| {
        node.put(&[record]).await;
        assert_eq!(in_the_clear(&world, 0).await, [false, true]);
        node.flush().await;
    });
    assert_eq!(world.lines("main").len(), 3);
}

/// For each batch of a log, whether it shows what was put.
async fn in_the_clear(world: &World, index: u32) -> Vec<bool> {
    let log = LogId { group: DATA, index };
    let read = world.log.read(log, Position(0), 1 << 20).await.unwrap();
    let shows = |payload: &[u8]| payload.windows(6).any(|window| window == b"secret");
    read.batches.iter().map(|batch| shows(&batch.batch.payload)).collect()
}

#[test]
fn a_lost_aggregate_counts_as_many_records_as_it_held() {
    let (world, stream) = world();
    world.live(async |node| {
        node.settle().await;
        *stream.aggregate.lock().unwrap() = Some((1, 100));
        stream.put(0, START, &["a\n", "of a hundred\n", "c\n"]);
        node.settle().await;
        node.advance(61).await;
        assert_eq!(node.pipeline().status().open_plans, 1);
        node.advance(7 * 24 * 3600).await;
        node.until(|_| node.pipeline().status().open_plans == 0).await;
        let totals = node.pipeline().status().totals;
        assert_eq!((totals.delivered, totals.lost), (2, 100));
        assert_eq!(node.pipeline().counters().lost_records.get(), 100);
    });
    assert_eq!(world.content("main"), "a\nc\n");
}
