//! Reading shards from within the server.

use std::sync::Arc;
use std::time::Duration;

use millstream_log::testkit::MemoryLog;
use millstream_log::{DamagedPlace, End, LogId, Position};
use millstream_streams::{Limits, ShardReadError, ShardRecord};
use millstream_types::{ManualClock, ShardId};

use crate::harness::*;

const SHARD: ShardId = ShardId(0);

fn off() -> Limits {
    Limits::default().without_rates()
}

fn data(records: &[ShardRecord]) -> Vec<&[u8]> {
    records.iter().map(|record| &record.data[..]).collect()
}

#[tokio::test]
async fn a_reader_sees_what_get_records_sees_and_stops_where_it_is_told() {
    let h = Harness::new(off()).await;
    let stream = h.stream("s", 1).await;
    let put = h.put("s", &[("a", b"1"), ("b", b"2"), ("c", b"3")]).await.unwrap();
    h.put("s", &[("d", b"4")]).await.unwrap();
    let reader = h.streams.shard_reader(stream.group);
    let all = reader.read(SHARD, Position(0), None, 1 << 20).await.unwrap();
    assert_eq!(data(&all.records), [b"1", b"2", b"3", b"4"]);
    assert_eq!(all.end, End::Tail);
    assert_eq!(all.records[1].sequence.to_string(), sequence(&put.entries[1]));
    assert_eq!(all.records[2].partition_key.as_deref(), Some(&b"c"[..]));
    let first = all.records[0].position;
    let some = reader.read(SHARD, Position(first + 1), Some(Position(first + 3)), 1).await.unwrap();
    assert_eq!(data(&some.records), [b"2", b"3"]);
    assert_eq!((some.next, some.expired), (Position(first + 3), 0));
}

#[tokio::test]
async fn what_has_expired_is_left_out_and_counted() {
    let h = Harness::new(off()).await;
    let stream = h.stream("s", 1).await;
    h.put("s", &[("a", b"old"), ("b", b"old")]).await.unwrap();
    h.clock.advance(Duration::from_secs(25 * 3600));
    h.put("s", &[("c", b"new")]).await.unwrap();
    let reader = h.streams.shard_reader(stream.group);
    let stretch = reader.read(SHARD, Position(0), None, 1 << 20).await.unwrap();
    assert_eq!(data(&stretch.records), [b"new"]);
    assert_eq!(stretch.expired, 2);
}

#[tokio::test]
async fn latest_is_the_end_of_the_open_shards_and_a_sealed_one_says_so() {
    let h = Harness::new(off()).await;
    let stream = h.stream("s", 2).await;
    h.put("s", &[("a", b"1"), ("b", b"2")]).await.unwrap();
    let reader = h.streams.shard_reader(stream.group);
    let ends = reader.ends().await.unwrap();
    assert_eq!(ends.iter().map(|(shard, _)| shard.0).collect::<Vec<_>>(), [0, 1]);
    h.seal(&stream, 0).await;
    let stretch = reader.read(SHARD, ends[0].1, None, 1 << 20).await.unwrap();
    assert_eq!((stretch.records.len(), stretch.end), (0, End::Sealed(ends[0].1)));
    assert_eq!(
        reader.read(ShardId(7), Position(0), None, 1).await.err(),
        Some(ShardReadError::Gone)
    );
}

#[tokio::test]
async fn a_damaged_place_is_told_with_where_to_go_on() {
    let clock = Arc::new(ManualClock::new(START));
    let log = MemoryLog::new(clock.clone());
    let h = Harness::over(log.clone(), clock, off()).await;
    let stream = h.stream("s", 1).await;
    for record in [&b"1"[..], b"2", b"3", b"4"] {
        h.put("s", &[("a", record)]).await.unwrap();
    }
    let id = LogId { group: stream.group, index: 0 };
    let reader = h.streams.shard_reader(stream.group);
    let all = reader.read(SHARD, Position(0), None, 1 << 20).await.unwrap();
    let at = |record: usize| Position(all.records[record].position);
    log.damage(id, at(1), true);
    log.damage(id, at(2), true);
    // What lies before is read first.
    let before = reader.read(SHARD, Position(0), None, 1 << 20).await.unwrap();
    assert_eq!((data(&before.records), before.next), (vec![&b"1"[..]], at(1)));
    match reader.read(SHARD, at(1), None, 1 << 20).await {
        Err(ShardReadError::Damaged(DamagedPlace { next, what, .. })) => {
            assert_eq!(next, at(3));
            assert!(what.contains("the batch at"), "{what}");
        }
        other => panic!("{other:?}"),
    }
    let behind = reader.read(SHARD, at(3), None, 1 << 20).await.unwrap();
    assert_eq!(data(&behind.records), [b"4"]);
}
