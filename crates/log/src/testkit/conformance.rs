//! One suite for every engine behind `Log`.
//!
//! An engine's tests implement [`Subject`] and call [`run_all`], or the checks one by one.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_types::{ManualClock, Millis};

use crate::contract::{
    Appended, Batch, Class, End, GroupId, GroupSpec, Log, LogError, LogId, Position, ReadBatch,
};
use crate::frame::{Frame, FramePool, PartSpec};
use crate::limits::{BATCH_BYTES_MAX, BATCH_OVERHEAD_BYTES_MAX};
use crate::wait::block_on;

/// An engine under test.
pub trait Subject {
    /// The engine as it is open now.
    fn log(&self) -> Arc<dyn Log>;
    /// Closes the engine and opens it again on the same storage.
    fn reopen(&mut self);
    /// The clock that gives the arrivals.
    fn clock(&self) -> Arc<ManualClock>;
}

/// The group that the checks use.
pub const GROUP: GroupId = GroupId(7);

/// Every check, each with an engine of its own.
pub fn run_all(make: &dyn Fn() -> Box<dyn Subject>) {
    for check in [
        appended_batches_read_back_in_order,
        a_read_from_inside_a_batch_gives_the_whole_batch,
        reads_stop_at_the_limit_and_go_on_from_next,
        two_appenders_on_one_log_take_turns,
        a_sealed_log_takes_nothing_more,
        a_seal_racing_two_appenders_gives_one_end,
        parts_of_one_log_keep_their_order,
        a_refused_part_refuses_the_later_ones_of_its_log,
        what_does_not_exist_is_gone,
        too_large_is_refused_and_one_large_record_is_not,
        create_grow_and_delete_are_idempotent,
        trimmed_positions_say_where_the_log_begins,
        find_gives_the_first_batch_that_arrived_late_enough,
        wait_returns_when_the_end_moves_or_the_log_is_sealed_or_gone,
        everything_is_there_after_a_reopen,
        a_replayed_writer_sees_where_the_log_ended_before,
    ] {
        check(&mut *make());
    }
}

/// The settings that the checks use.
pub fn spec() -> GroupSpec {
    GroupSpec { class: Class::Data, keep: None, record_bytes_max: 1 << 20 }
}

/// Log `index` of the checks' group.
pub fn log_id(index: u32) -> LogId {
    LogId { group: GROUP, index }
}

/// A batch of `count` records with this text.
pub fn batch(count: u32, text: &str) -> Batch {
    Batch { count, payload: Bytes::copy_from_slice(text.as_bytes()) }
}

/// A frame of these batches.
pub fn frame(parts: &[(LogId, Batch)]) -> Frame {
    let specs = parts.iter().map(|(log, batch)| PartSpec {
        log: *log,
        count: batch.count,
        payload_bytes: batch.payload.len(),
    });
    let mut frame = Frame::new(&FramePool::new(1 << 20), specs);
    let (laid, bytes) = frame.split_mut();
    for (part, (_, batch)) in laid.iter().zip(parts) {
        bytes[part.payload.clone()].copy_from_slice(&batch.payload);
    }
    frame
}

/// Appends one batch by a frame and waits for its outcome.
pub fn append(log: &dyn Log, id: LogId, batch: Batch) -> Result<Appended, LogError> {
    let mut outcomes = block_on(log.append_many(frame(&[(id, batch)]))?);
    outcomes.pop().unwrap_or(Err(LogError::Unknown("no outcome".into())))
}

/// Everything of a log from `from`, and what comes after it.
pub fn read_all(
    log: &dyn Log,
    id: LogId,
    from: Position,
) -> Result<(Vec<ReadBatch>, End), LogError> {
    let (mut all, mut next) = (Vec::new(), from);
    loop {
        let read = block_on(log.read(id, next, 1000))?;
        all.extend(read.batches);
        if read.end != End::More {
            return Ok((all, read.end));
        }
        assert!(read.next > next, "a read that says More goes on");
        next = read.next;
    }
}

fn texts(batches: &[ReadBatch]) -> Vec<String> {
    let text = |b: &ReadBatch| String::from_utf8_lossy(&b.batch.payload).into_owned();
    batches.iter().map(text).collect()
}

fn ready(subject: &mut dyn Subject, logs: u32) -> Arc<dyn Log> {
    let log = subject.log();
    block_on(log.create(GROUP, spec(), logs)).expect("a group can be created");
    log
}

fn appended_batches_read_back_in_order(subject: &mut dyn Subject) {
    let log = ready(subject, 2);
    let first = append(&*log, log_id(1), batch(3, "abc")).unwrap();
    let second = append(&*log, log_id(1), batch(2, "de")).unwrap();
    assert!(first.at.end <= second.at.start);
    assert_eq!(first.at.end.0 - first.at.start.0, 3);
    let (batches, end) = read_all(&*log, log_id(1), Position(0)).unwrap();
    assert_eq!((texts(&batches), end), (vec!["abc".into(), "de".into()], End::Tail));
    assert_eq!((batches[0].first, batches[0].batch.count), (first.at.start, 3));
    assert_eq!(batches[1].arrival, second.arrival);
    let (other, end) = read_all(&*log, log_id(0), Position(0)).unwrap();
    assert_eq!((other.len(), end), (0, End::Tail));
}

fn a_read_from_inside_a_batch_gives_the_whole_batch(subject: &mut dyn Subject) {
    let log = ready(subject, 1);
    append(&*log, log_id(0), batch(2, "before")).unwrap();
    let at = append(&*log, log_id(0), batch(5, "whole")).unwrap().at;
    let read = block_on(log.read(log_id(0), Position(at.start.0 + 3), 1000)).unwrap();
    assert_eq!(texts(&read.batches), ["whole"]);
    assert_eq!((read.batches[0].first, read.next), (at.start, at.end));
}

fn reads_stop_at_the_limit_and_go_on_from_next(subject: &mut dyn Subject) {
    let log = ready(subject, 1);
    for number in 0..20 {
        append(&*log, log_id(0), batch(1, &format!("{number:04}"))).unwrap();
    }
    let read = block_on(log.read(log_id(0), Position(0), 1)).unwrap();
    assert_eq!((read.batches.len(), read.end), (1, End::More), "at least one batch");
    let read = block_on(log.read(log_id(0), read.next, 40)).unwrap();
    assert!((10..20).contains(&read.batches.len()));
    assert_eq!(read.end, End::More);
    let (rest, end) = read_all(&*log, log_id(0), read.next).unwrap();
    assert_eq!((1 + read.batches.len() + rest.len(), end), (20, End::Tail));
}

fn two_appenders_on_one_log_take_turns(subject: &mut dyn Subject) {
    let log = ready(subject, 1);
    let mut one = block_on(log.open(log_id(0))).unwrap();
    let mut two = block_on(log.open(log_id(0))).unwrap();
    let mut acks = Vec::new();
    for turn in 0..10 {
        acks.push(one.append(batch(1, &format!("one {turn}"))).unwrap());
        acks.push(two.append(batch(1, &format!("two {turn}"))).unwrap());
    }
    let mut ends: Vec<_> = acks.into_iter().map(|ack| block_on(ack).unwrap().at).collect();
    ends.sort_by_key(|at| at.start);
    ends.windows(2).for_each(|w| assert!(w[0].end <= w[1].start, "positions never overlap"));
    let (batches, _) = read_all(&*log, log_id(0), Position(0)).unwrap();
    let all = texts(&batches);
    for who in ["one", "two"] {
        let own: Vec<_> = all.iter().filter(|text| text.starts_with(who)).collect();
        let expected: Vec<_> = (0..10).map(|turn| format!("{who} {turn}")).collect();
        assert_eq!(own, expected.iter().collect::<Vec<_>>(), "call order is log order");
    }
}

fn a_sealed_log_takes_nothing_more(subject: &mut dyn Subject) {
    let log = ready(subject, 1);
    let at = append(&*log, log_id(0), batch(2, "kept")).unwrap().at;
    let mut appender = block_on(log.open(log_id(0))).unwrap();
    let end = block_on(log.seal(log_id(0))).unwrap();
    assert!(end >= at.end);
    assert_eq!(block_on(appender.seal()), Ok(end), "the first seal stands");
    assert_eq!(append(&*log, log_id(0), batch(1, "no")), Err(LogError::Sealed(end)));
    let refused = appender.append(batch(1, "no")).map(|ack| block_on(ack).unwrap_err());
    assert!(matches!(refused, Err(LogError::Sealed(_)) | Ok(LogError::Sealed(_))));
    for _ in 0..2 {
        let log = subject.log();
        let (batches, last) = read_all(&*log, log_id(0), Position(0)).unwrap();
        assert_eq!((texts(&batches), last), (vec!["kept".into()], End::Sealed(end)));
        assert!(block_on(log.bounds(log_id(0))).unwrap().sealed);
        drop(log);
        subject.reopen();
    }
}

fn a_seal_racing_two_appenders_gives_one_end(subject: &mut dyn Subject) {
    let log = ready(subject, 1);
    let writers: Vec<_> = ["a", "b"]
        .into_iter()
        .map(|name| {
            let log = log.clone();
            std::thread::spawn(move || {
                let append = |n| append(&*log, log_id(0), batch(1, &format!("{name}{n}")));
                (0..1000).map_while(|n| append(n).ok()).map(|one| one.at.end).collect::<Vec<_>>()
            })
        })
        .collect();
    while block_on(log.bounds(log_id(0))).unwrap().end < Position(20) {
        std::thread::yield_now();
    }
    let end = block_on(log.seal(log_id(0))).unwrap();
    let mut acknowledged: Vec<Position> = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.join().unwrap());
    }
    assert!(acknowledged.iter().all(|at| *at <= end), "nothing is acknowledged behind the seal");
    let (batches, last) = read_all(&*log, log_id(0), Position(0)).unwrap();
    assert_eq!(last, End::Sealed(end));
    assert_eq!(batches.len(), acknowledged.len());
}

fn parts_of_one_log_keep_their_order(subject: &mut dyn Subject) {
    let log = ready(subject, 3);
    let parts: Vec<_> =
        (0..30).map(|n| (log_id(n % 3), batch(1 + n % 2, &format!("{n:02}")))).collect();
    let outcomes = block_on(log.append_many(frame(&parts)).unwrap());
    assert_eq!(outcomes.len(), 30);
    for index in 0..3 {
        let (batches, _) = read_all(&*log, log_id(index), Position(0)).unwrap();
        let expected: Vec<_> = (0..10).map(|n| format!("{:02}", n * 3 + index)).collect();
        assert_eq!(texts(&batches), expected);
    }
}

fn a_refused_part_refuses_the_later_ones_of_its_log(subject: &mut dyn Subject) {
    let log = ready(subject, 2);
    let large = Batch {
        count: 2,
        payload: vec![b'x'; BATCH_BYTES_MAX + BATCH_OVERHEAD_BYTES_MAX + 1].into(),
    };
    let parts = [
        (log_id(0), batch(1, "first")),
        (log_id(0), large),
        (log_id(1), batch(1, "other")),
        (log_id(0), batch(1, "last")),
    ];
    let outcomes = block_on(log.append_many(frame(&parts)).unwrap());
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    assert_eq!(outcomes[1], Err(LogError::TooLarge));
    assert!(outcomes[3].is_err(), "no later part of the log is acknowledged");
    let (batches, _) = read_all(&*log, log_id(0), Position(0)).unwrap();
    assert_eq!(texts(&batches), ["first"]);
    let (batches, _) = read_all(&*log, log_id(1), Position(0)).unwrap();
    assert_eq!(texts(&batches), ["other"]);
}

fn what_does_not_exist_is_gone(subject: &mut dyn Subject) {
    let log = ready(subject, 1);
    assert_eq!(append(&*log, log_id(1), batch(1, "x")), Err(LogError::Gone));
    let nowhere = LogId { group: GroupId(99), index: 0 };
    assert_eq!(append(&*log, nowhere, batch(1, "x")), Err(LogError::Gone));
    assert_eq!(block_on(log.bounds(nowhere)), Err(LogError::Gone));
    assert_eq!(block_on(log.grow(GroupId(99), 3)), Err(LogError::Gone));
    assert_eq!(block_on(log.seal(nowhere)), Err(LogError::Gone));
    assert!(block_on(log.open(nowhere)).is_err());
    assert!(block_on(log.read(nowhere, Position(0), 1)).is_err());
}

fn too_large_is_refused_and_one_large_record_is_not(subject: &mut dyn Subject) {
    let log = ready(subject, 1);
    let of = |count, bytes| Batch { count, payload: vec![b'x'; bytes].into() };
    let limit = BATCH_BYTES_MAX + BATCH_OVERHEAD_BYTES_MAX;
    assert_eq!(append(&*log, log_id(0), of(2, limit + 1)), Err(LogError::TooLarge));
    assert!(append(&*log, log_id(0), of(1, limit + 1)).is_ok());
    assert_eq!(append(&*log, log_id(0), of(1, (1 << 20) + limit)), Err(LogError::TooLarge));
    let mut appender = block_on(log.open(log_id(0))).unwrap();
    let refused = appender.append(of(2, limit + 1)).map(|ack| block_on(ack).unwrap_err());
    assert!(matches!(refused, Err(LogError::TooLarge) | Ok(LogError::TooLarge)));
}

fn create_grow_and_delete_are_idempotent(subject: &mut dyn Subject) {
    let log = ready(subject, 2);
    append(&*log, log_id(1), batch(1, "kept")).unwrap();
    block_on(log.create(GROUP, spec(), 2)).unwrap();
    block_on(log.grow(GROUP, 4)).unwrap();
    block_on(log.grow(GROUP, 3)).unwrap();
    let keep = Some(Duration::from_secs(3600));
    let changed = GroupSpec { keep, ..spec() };
    block_on(log.configure(GROUP, changed)).unwrap();
    assert_eq!(block_on(log.groups()), Ok(vec![(GROUP, changed, 4)]));
    assert_eq!(read_all(&*log, log_id(1), Position(0)).unwrap().0.len(), 1);
    for _ in 0..2 {
        block_on(log.delete(GROUP)).unwrap();
        assert_eq!(block_on(log.groups()), Ok(Vec::new()));
        assert_eq!(append(&*log, log_id(1), batch(1, "x")), Err(LogError::Gone));
    }
    block_on(log.delete(GroupId(12345))).unwrap();
}

fn trimmed_positions_say_where_the_log_begins(subject: &mut dyn Subject) {
    let log = ready(subject, 1);
    for number in 0..10 {
        append(&*log, log_id(0), batch(2, &format!("{number}"))).unwrap();
    }
    let (batches, _) = read_all(&*log, log_id(0), Position(0)).unwrap();
    let middle = batches[5].first;
    block_on(log.trim(log_id(0), middle)).unwrap();
    block_on(log.trim(log_id(0), batches[2].first)).unwrap();
    for _ in 0..2 {
        let log = subject.log();
        assert_eq!(
            block_on(log.bounds(log_id(0))).unwrap().first,
            middle,
            "a trim never goes back"
        );
        let trimmed = block_on(log.read(log_id(0), Position(0), 100)).unwrap_err();
        assert_eq!(trimmed, LogError::Trimmed(middle));
        let (rest, _) = read_all(&*log, log_id(0), middle).unwrap();
        assert_eq!(texts(&rest), ["5", "6", "7", "8", "9"]);
        drop(log);
        subject.reopen();
    }
    let log = subject.log();
    let end = block_on(log.bounds(log_id(0))).unwrap().end;
    block_on(log.trim(log_id(0), Position(end.0 + 100))).unwrap();
    let bounds = block_on(log.bounds(log_id(0))).unwrap();
    assert_eq!((bounds.first, bounds.end), (end, end), "a trim stops at the end");
    assert!(append(&*log, log_id(0), batch(1, "on")).unwrap().at.start >= end);
}

fn find_gives_the_first_batch_that_arrived_late_enough(subject: &mut dyn Subject) {
    let log = ready(subject, 1);
    let mut appended = Vec::new();
    for number in 0..10 {
        subject.clock().advance(Duration::from_millis(10));
        appended.push(append(&*log, log_id(0), batch(2, &format!("{number}"))).unwrap());
    }
    let end = appended[9].at.end;
    for _ in 0..2 {
        let log = subject.log();
        for one in &appended {
            assert_eq!(block_on(log.find(log_id(0), one.arrival)), Ok(one.at.start));
            let before = Millis(one.arrival.0 - 5);
            assert_eq!(block_on(log.find(log_id(0), before)), Ok(one.at.start));
        }
        let after = appended[9].arrival.plus(Duration::from_millis(1));
        assert_eq!(block_on(log.find(log_id(0), after)), Ok(end));
        assert_eq!(block_on(log.find(log_id(0), Millis(0))), Ok(appended[0].at.start));
        drop(log);
        subject.reopen();
    }
}

fn wait_returns_when_the_end_moves_or_the_log_is_sealed_or_gone(subject: &mut dyn Subject) {
    let log = ready(subject, 2);
    block_on(log.wait(log_id(9), Position(0))).unwrap();
    let end = append(&*log, log_id(0), batch(1, "x")).unwrap().at.end;
    block_on(log.wait(log_id(0), Position(0))).unwrap();
    let waiter = |id: LogId, after: Position| {
        let log = log.clone();
        std::thread::spawn(move || block_on(log.wait(id, after)))
    };
    let waiting = waiter(log_id(0), end);
    append(&*log, log_id(0), batch(1, "y")).unwrap();
    waiting.join().unwrap().unwrap();
    let waiting = waiter(log_id(0), Position(end.0 + 100));
    block_on(log.seal(log_id(0))).unwrap();
    waiting.join().unwrap().unwrap();
    let waiting = waiter(log_id(1), Position(0));
    block_on(log.delete(GROUP)).unwrap();
    waiting.join().unwrap().unwrap();
}

fn everything_is_there_after_a_reopen(subject: &mut dyn Subject) {
    ready(subject, 3);
    let mut expected = vec![Vec::new(); 3];
    for round in 0..4 {
        let log = subject.log();
        for number in 0..9 {
            let text = format!("{round}.{number}");
            append(&*log, log_id(number % 3), batch(1 + number % 2, &text)).unwrap();
            expected[number as usize % 3].push(text);
        }
        let before: Vec<_> =
            (0..3).map(|index| block_on(log.bounds(log_id(index))).unwrap()).collect();
        drop(log);
        subject.reopen();
        let log = subject.log();
        assert_eq!(block_on(log.groups()), Ok(vec![(GROUP, spec(), 3)]));
        for index in 0..3 {
            let (batches, end) = read_all(&*log, log_id(index), Position(0)).unwrap();
            assert_eq!((texts(&batches), end), (expected[index as usize].clone(), End::Tail));
            let bounds = block_on(log.bounds(log_id(index))).unwrap();
            assert_eq!(bounds, before[index as usize]);
        }
    }
}

fn a_replayed_writer_sees_where_the_log_ended_before(subject: &mut dyn Subject) {
    let log = ready(subject, 1);
    let first = append(&*log, log_id(0), batch(2, "a")).unwrap();
    let second = append(&*log, log_id(0), batch(2, "b")).unwrap();
    assert_eq!(second.prev, first.at.end);
    drop(log);
    subject.reopen();
    let third = append(&*subject.log(), log_id(0), batch(1, "c")).unwrap();
    assert_eq!(third.prev, second.at.end);
    assert!(third.arrival >= second.arrival);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::MemoryLog;

    struct InMemory(Arc<MemoryLog>, Arc<ManualClock>);

    impl Subject for InMemory {
        fn log(&self) -> Arc<dyn Log> {
            self.0.clone()
        }

        fn reopen(&mut self) {}

        fn clock(&self) -> Arc<ManualClock> {
            self.1.clone()
        }
    }

    #[test]
    fn the_engine_in_memory_conforms() {
        for gap in [0, 3] {
            run_all(&|| {
                let clock = Arc::new(ManualClock::new(Millis(1_000_000)));
                Box::new(InMemory(MemoryLog::with_gaps(clock.clone(), gap), clock))
            });
        }
    }
}
