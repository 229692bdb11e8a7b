//! The replica over a log in memory: outcomes, barriers, snapshots, two replicas on one log, faults.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_log::testkit::{Fault, MemoryLog};
use millstream_log::{GroupId, Log, LogError, LogId, Position};
use millstream_replica::{
    Machine, NodeId, Placement, Replica, ReplicaError, ReplicaSetup, Route, Settings, SingleNode,
    Slice, Term,
};
use millstream_types::{ManualClock, Millis, SeededRandom};

/// Adds numbers up, by key. Its commands are `key, amount`, its outcomes the sums.
struct Sums;

type Map = BTreeMap<u64, u64>;

fn numbers(bytes: &[u8]) -> Vec<u64> {
    let words = bytes.chunks_exact(8);
    words.map(|word| u64::from_be_bytes(word.try_into().unwrap_or_default())).collect()
}

impl Machine for Sums {
    const KIND: u16 = 900;
    const NAME: &'static str = "sums";
    const VERSION: u16 = 1;
    type Command = (u64, u64);
    type Outcome = u64;
    type State = Map;
    type Frozen = Map;

    fn apply(state: &mut Map, (key, amount): &(u64, u64)) -> u64 {
        let sum = state.entry(*key).or_default();
        *sum += amount;
        *sum
    }
    fn encode((key, amount): &(u64, u64)) -> Vec<u8> {
        [key.to_be_bytes(), amount.to_be_bytes()].concat()
    }
    fn decode(bytes: &[u8], _: u16) -> Result<(u64, u64), String> {
        match numbers(bytes)[..] {
            [key, amount] => Ok((key, amount)),
            _ => Err("not two numbers".into()),
        }
    }
    fn freeze(state: &Map) -> Map {
        state.clone()
    }
    fn slice(frozen: &Map, from: Option<&[u8]>, _: usize) -> Slice {
        let from = from.map_or(0, |key| numbers(key)[0]);
        let mut rest = frozen.range(from..);
        let part: Vec<_> = rest.by_ref().take(3).collect();
        let bytes = part.iter().flat_map(|(k, v)| [k.to_be_bytes(), v.to_be_bytes()].concat());
        Slice { bytes: bytes.collect(), next: rest.next().map(|(key, _)| key.to_be_bytes().into()) }
    }
    fn restore(state: &mut Map, slice: &[u8], _: u16) -> Result<(), String> {
        state.extend(numbers(slice).chunks_exact(2).map(|pair| (pair[0], pair[1])));
        Ok(())
    }
}

/// The machine of the next release.
struct LaterSums;

impl Machine for LaterSums {
    const KIND: u16 = Sums::KIND;
    const NAME: &'static str = "sums";
    const VERSION: u16 = 2;
    type Command = (u64, u64);
    type Outcome = u64;
    type State = Map;
    type Frozen = Map;

    fn apply(state: &mut Map, command: &(u64, u64)) -> u64 {
        Sums::apply(state, command)
    }
    fn encode(command: &(u64, u64)) -> Vec<u8> {
        Sums::encode(command)
    }
    fn decode(bytes: &[u8], version: u16) -> Result<(u64, u64), String> {
        Sums::decode(bytes, version)
    }
    fn freeze(state: &Map) -> Map {
        state.clone()
    }
    fn slice(frozen: &Map, from: Option<&[u8]>, bytes_max: usize) -> Slice {
        Sums::slice(frozen, from, bytes_max)
    }
    fn restore(state: &mut Map, slice: &[u8], version: u16) -> Result<(), String> {
        Sums::restore(state, slice, version)
    }
}

const GROUP: GroupId = GroupId(7);
const COMMANDS: LogId = LogId { group: GROUP, index: 0 };
const CHUNKS: LogId = LogId { group: GROUP, index: 1 };

struct Fixture {
    log: Arc<MemoryLog>,
    clock: Arc<ManualClock>,
    random: Arc<SeededRandom>,
    snapshot_log_bytes_min: u64,
}

impl Fixture {
    fn new() -> Self {
        Self::with_gaps(0)
    }

    fn with_gaps(gap: u64) -> Self {
        let clock = Arc::new(ManualClock::new(Millis(1_700_000_000_000)));
        let log = MemoryLog::with_gaps(clock.clone(), gap);
        let random = Arc::new(SeededRandom::new(1));
        Fixture { log, clock, random, snapshot_log_bytes_min: u64::MAX }
    }

    fn setup(&self, placement: impl Placement) -> ReplicaSetup {
        let settings =
            Settings { snapshot_log_bytes_min: self.snapshot_log_bytes_min, ..Settings::default() };
        ReplicaSetup {
            log: self.log.clone(),
            group: GROUP,
            placement: Arc::new(placement),
            clock: self.clock.clone(),
            random: self.random.clone(),
            settings,
        }
    }

    async fn open(&self) -> Replica<Sums> {
        Replica::open(self.setup(SingleNode)).await.unwrap()
    }
}

fn state(replica: &Replica<Sums>) -> Map {
    replica.read(Map::clone)
}

#[tokio::test]
async fn each_caller_gets_the_outcome_of_its_own_command() {
    let fixture = Fixture::new();
    let replica = fixture.open().await;
    let submits = (1..=100u64).map(|i| {
        let replica = replica.clone();
        tokio::spawn(async move { replica.submit(&(i % 2, 1)).await.unwrap() })
    });
    let mut outcomes = Vec::new();
    for submit in submits.collect::<Vec<_>>() {
        outcomes.push(submit.await.unwrap());
    }
    outcomes.sort_unstable();
    let twice: Vec<u64> = (1..=50).flat_map(|i| [i, i]).collect();
    assert_eq!(outcomes, twice);
    replica.stop().await;
    assert_eq!(state(&fixture.open().await), [(0, 50), (1, 50)].into());
}

#[tokio::test]
async fn commands_that_wait_together_travel_in_one_batch() {
    let fixture = Fixture::new();
    let replica = fixture.open().await;
    let submits = (0..50).map(|i| {
        let replica = replica.clone();
        tokio::spawn(async move { replica.submit(&(i, 1)).await })
    });
    for submit in submits.collect::<Vec<_>>() {
        submit.await.unwrap().unwrap();
    }
    let read = fixture.log.read(COMMANDS, Position(0), usize::MAX).await.unwrap();
    assert!(read.batches.len() < 10, "{}", read.batches.len());
}

#[tokio::test]
async fn two_replicas_on_one_log_agree_after_a_barrier() {
    for gap in [0, 3] {
        let fixture = Fixture::with_gaps(gap);
        let (a, b) = (fixture.open().await, fixture.open().await);
        for i in 0..200u64 {
            let to = if i % 3 == 0 { &a } else { &b };
            assert!(to.submit(&(i % 5, i)).await.unwrap() >= i);
        }
        a.barrier().await.unwrap();
        b.barrier().await.unwrap();
        assert_eq!(state(&a), state(&b));
        assert_eq!(state(&a), state(&fixture.open().await));
    }
}

#[tokio::test]
async fn a_replica_follows_what_another_writes_without_being_asked() {
    let fixture = Fixture::new();
    let (a, b) = (fixture.open().await, fixture.open().await);
    let mut applied = b.applied();
    a.submit(&(1, 1)).await.unwrap();
    applied.wait_for(|at| at.0 > 0).await.unwrap();
    assert_eq!(state(&b), [(1, 1)].into());
}

#[tokio::test]
async fn an_unknown_append_that_arrived_gives_its_outcome() {
    let fixture = Fixture::new();
    let replica = fixture.open().await;
    replica.submit(&(1, 1)).await.unwrap();
    fixture.log.inject([Fault::UnknownKept]);
    assert_eq!(replica.submit(&(1, 1)).await, Ok(2));
    assert_eq!(replica.submit(&(1, 1)).await, Ok(3));
}

#[tokio::test]
async fn an_unknown_append_that_was_lost_is_certainly_not_done() {
    let fixture = Fixture::new();
    let replica = fixture.open().await;
    fixture.log.inject([Fault::UnknownLost, Fault::UnknownKept, Fault::UnknownLost]);
    let outcome = replica.submit(&(1, 1)).await;
    assert!(matches!(outcome, Err(ReplicaError::NotDone(_))), "{outcome:?}");
    assert_eq!(replica.submit(&(1, 1)).await, Ok(1));
}

#[tokio::test]
async fn an_append_that_arrives_after_it_was_given_up_never_counts() {
    let fixture = Fixture::new();
    let replica = fixture.open().await;
    replica.submit(&(1, 1)).await.unwrap();
    let late = fixture.log.read(COMMANDS, Position(0), usize::MAX).await.unwrap();
    fixture.log.inject([Fault::UnknownLost]);
    replica.submit(&(1, 1)).await.unwrap_err();
    // The first command's batch once more stands for the lost one: the same session, arriving late.
    let batch = late.batches[0].batch.clone();
    fixture.log.open(COMMANDS).await.unwrap().append(batch).unwrap().await.unwrap();
    replica.barrier().await.unwrap();
    assert_eq!(state(&replica), [(1, 1)].into());
    assert_eq!(state(&fixture.open().await), [(1, 1)].into());
    assert_eq!(replica.counters().refused.get(), 1);
}

#[tokio::test]
async fn an_outcome_that_stays_unknown_is_said_and_settled_later() {
    let fixture = Fixture::new();
    let replica = fixture.open().await;
    fixture.log.inject(vec![Fault::UnknownLost; 4]);
    let outcome = replica.submit(&(1, 1)).await;
    assert!(matches!(outcome, Err(ReplicaError::Unknown(_))), "{outcome:?}");
    assert_eq!(replica.submit(&(1, 1)).await, Ok(1));
}

#[tokio::test]
async fn what_the_log_refuses_at_once_is_refused() {
    let fixture = Fixture::new();
    let replica = fixture.open().await;
    let refuse = |why| fixture.log.inject([Fault::Refuse(why)]);
    refuse(LogError::Busy);
    assert_eq!(replica.submit(&(1, 1)).await, Err(ReplicaError::Busy));
    refuse(LogError::Full);
    assert_eq!(replica.submit(&(1, 1)).await, Err(ReplicaError::Full));
    refuse(LogError::Unavailable("gone fishing".into()));
    assert_eq!(replica.submit(&(1, 1)).await, Err(ReplicaError::NotDone("gone fishing".into())));
    assert_eq!(replica.submit(&(1, 1)).await, Ok(1));
}

#[tokio::test]
async fn the_queue_is_bounded() {
    let fixture = Fixture::new();
    let mut setup = fixture.setup(SingleNode);
    setup.settings.queue_commands_max = 2;
    let replica: Replica<Sums> = Replica::open(setup).await.unwrap();
    fixture.log.hold();
    let submits: Vec<_> = (0..10)
        .map(|_| {
            let replica = replica.clone();
            tokio::spawn(async move { replica.submit(&(1, 1)).await })
        })
        .collect();
    while !submits.iter().any(|submit| submit.is_finished()) {
        tokio::task::yield_now().await;
    }
    fixture.log.release();
    let mut refused = 0;
    for submit in submits {
        match submit.await.unwrap() {
            Ok(_) => {}
            Err(why) => {
                assert_eq!(why, ReplicaError::Busy);
                refused += 1;
            }
        }
    }
    assert!(refused > 0);
}

struct Fixed(Route);

impl Placement for Fixed {
    fn route(&self, _: LogId) -> Route {
        self.0
    }
}

#[tokio::test]
async fn a_command_is_written_only_where_the_log_is_served_and_in_the_latest_term() {
    let fixture = Fixture::new();
    let elsewhere = Route::At(NodeId(2));
    let away: Replica<Sums> = Replica::open(fixture.setup(Fixed(elsewhere))).await.unwrap();
    assert_eq!(away.submit(&(1, 1)).await, Err(ReplicaError::NotHere(elsewhere)));

    let first = fixture.open().await;
    first.submit(&(1, 1)).await.unwrap();
    let second = fixture.setup(Fixed(Route::Here(Term(2))));
    let second: Replica<Sums> = Replica::open(second).await.unwrap();
    second.submit(&(1, 1)).await.unwrap();
    assert_eq!(first.submit(&(1, 1)).await, Err(ReplicaError::StaleTerm));
    away.barrier().await.unwrap();
    assert_eq!(state(&away), [(1, 2)].into());
}

#[tokio::test]
async fn an_unknown_version_stops_the_node_with_a_clear_message() {
    let fixture = Fixture::new();
    let running = fixture.open().await;
    let mut failed = running.failed();
    let later: Replica<LaterSums> = Replica::open(fixture.setup(SingleNode)).await.unwrap();
    later.submit(&(1, 1)).await.unwrap();

    let named = ReplicaError::UnknownVersion { machine: "sums", found: 2, known: 1 };
    let why = failed.wait_for(Option::is_some).await.unwrap().clone();
    assert_eq!(why, Some(named.clone()));
    assert!(matches!(running.submit(&(1, 1)).await, Err(ReplicaError::Stopped(_))));
    let opened = Replica::<Sums>::open(fixture.setup(SingleNode)).await;
    assert_eq!(opened.unwrap_err(), named);
}

#[tokio::test]
async fn a_snapshot_bounds_the_log_and_keeps_the_state() {
    let mut fixture = Fixture::new();
    fixture.snapshot_log_bytes_min = 2000;
    let replica = fixture.open().await;
    let mut expected = Map::new();
    for i in 0..2000u64 {
        *expected.entry(i % 20).or_default() += i;
        assert_eq!(replica.submit(&(i % 20, i)).await, Ok(expected[&(i % 20)]));
    }
    let counters = replica.counters();
    while counters.snapshots.get() < 10 {
        assert!(replica.submit(&(0, 0)).await.is_ok());
    }
    replica.stop().await;
    let commands = fixture.log.bounds(COMMANDS).await.unwrap();
    assert!(commands.end.0 - commands.first.0 < 300, "{commands:?}");
    let chunks = fixture.log.bounds(CHUNKS).await.unwrap();
    assert!(chunks.first.0 > 0 && chunks.end.0 - chunks.first.0 < 20, "{chunks:?}");

    let reopened = fixture.open().await;
    assert_eq!(state(&reopened), expected);
    assert!(reopened.counters().applied.get() < 300);
}

#[tokio::test]
async fn a_snapshot_that_was_cut_short_is_ignored() {
    let mut fixture = Fixture::new();
    fixture.snapshot_log_bytes_min = 1000;
    let replica = fixture.open().await;
    let mut expected = Map::new();
    for i in 0..100u64 {
        *expected.entry(i % 20).or_default() += i;
        // Whatever meets the fault, a command or a chunk: what is refused is sent again.
        if i % 7 == 0 {
            fixture.log.inject([Fault::Refuse(LogError::Full)]);
        }
        while replica.submit(&(i % 20, i)).await.is_err() {}
        assert_eq!(state(&replica), expected);
        assert_eq!(state(&fixture.open().await), expected);
    }
}

#[tokio::test]
async fn a_replica_that_fell_behind_a_trim_goes_on_from_the_snapshot() {
    let mut fixture = Fixture::new();
    let slow = fixture.open().await;
    fixture.snapshot_log_bytes_min = 500;
    let fast = fixture.open().await;
    // The test's runtime has one thread: `slow` gets no turn unless something is awaited that is not ready.
    for round in 0..50 {
        for i in 0..40u64 {
            fast.submit(&(i % 10, 1)).await.unwrap();
        }
        assert!(slow.submit(&(99, 1)).await.unwrap() > round);
        fast.barrier().await.unwrap();
        slow.barrier().await.unwrap();
        assert_eq!(state(&slow), state(&fast));
    }
    assert!(fast.counters().snapshots.get() > 5);
}

#[tokio::test]
async fn two_replicas_that_both_snapshot_lose_nothing() {
    let mut fixture = Fixture::new();
    fixture.snapshot_log_bytes_min = 700;
    let (a, b) = (fixture.open().await, fixture.open().await);
    let mut expected = Map::new();
    for i in 0..1000u64 {
        *expected.entry(i % 30).or_default() += i;
        let to = if i % 2 == 0 { &a } else { &b };
        assert_eq!(to.submit(&(i % 30, i)).await, Ok(expected[&(i % 30)]));
        if i % 50 == 0 {
            assert_eq!(state(&fixture.open().await), expected);
        }
    }
    assert!(a.counters().snapshots.get() + b.counters().snapshots.get() > 5);
}

#[tokio::test]
async fn another_machines_log_is_refused() {
    let fixture = Fixture::new();
    let log: Arc<dyn Log> = fixture.log.clone();
    let batch = millstream_log::Batch {
        count: 1,
        payload: vec![0x89, 1, 5, 1, 1, 1, 1, 1, 0, 0x40].into(),
    };
    let first = fixture.open().await;
    first.stop().await;
    log.open(COMMANDS).await.unwrap().append(batch).unwrap().await.unwrap();
    let opened = Replica::<Sums>::open(fixture.setup(SingleNode)).await.unwrap_err();
    let ReplicaError::Damaged(why) = opened else { panic!("{opened:?}") };
    assert!(why.contains("it is of machine 5, not 900"), "{why}");
}
