use millstream_catalog::{CatalogMachine, State};
use millstream_replica::Machine;
use millstream_types::{Random, SeededRandom};

use super::*;

const MB: u64 = 1_000_000;
const HOUR_MS: u64 = 3_600_000;

/// A stream whose shards take what is offered to them, up to what a shard takes.
struct World {
    state: State,
    watch: Watch,
    now: Millis,
    counted: HashMap<ShardId, u64>,
    ups: usize,
    downs: usize,
}

impl World {
    fn new() -> Self {
        let now = Millis(1_700_000_000_000);
        let mut world = World {
            state: State::default(),
            watch: Watch::new(now),
            now,
            counted: HashMap::new(),
            ups: 0,
            downs: 0,
        };
        let create = CapacityCommand::CreateOnDemandStream {
            account: 1,
            region: "us-east-1".into(),
            name: "s".into(),
            shard_count: 4,
            max_record_size_kib: 1024,
            tags: Default::default(),
            at: now.0,
            shards_max: 1000,
            streams_max: 10,
            creating_max: 10,
            on_demand_max: 10,
            warm_mibps: None,
            auto: false,
            retention_hours: None,
        };
        world.apply(&create.into());
        let group = world.stream().group.0;
        world.apply(&Command::Activate { group, at: now.0 });
        world
    }

    fn apply(&mut self, command: &Command) {
        let outcome = CatalogMachine::apply(&mut self.state, command);
        let done = !matches!(outcome, millstream_catalog::Outcome::Refused(_));
        assert!(done, "{command:?}: {outcome:?}");
    }

    fn stream(&self) -> Arc<Stream> {
        self.state.streams().next().unwrap().clone()
    }

    fn open(&self) -> usize {
        self.stream().open_shards().count()
    }

    /// Lets time pass, with bytes per second offered to each share of the key space.
    fn pass(&mut self, ms: u64, offered: impl Fn(f64, f64) -> u64) {
        self.now.0 += ms;
        let stream = self.stream();
        for shard in stream.open_shards() {
            let share = |key: u128| key as f64 / u128::MAX as f64;
            let rate = offered(share(shard.range.start.0), share(shard.range.end.0));
            let taken = rate.min(SHARD_BYTES_PER_SECOND) * ms / 1000;
            *self.counted.entry(shard.id).or_default() += taken;
        }
        let counted = self.counted.clone();
        let count = |shard: ShardId| counted.get(&shard).copied().unwrap_or(0);
        let Some(rate) = self.watch.sample(&stream, self.now, count) else { return };
        if let Some(note) = new_peak(&stream, rate, self.now) {
            self.apply(&note);
        }
        let stream = self.stream();
        let desired = desired_shards(stream.capacity.peak_kibps(day_of(self.now)), 0, 200);
        let reshards = self.watch.decide(&stream, desired, 200);
        if reshards.is_empty() {
            return;
        }
        match reshards[0] {
            Reshard::Split { .. } => self.ups += 1,
            Reshard::Merge { .. } => self.downs += 1,
        }
        let (group, at) = (stream.group.0, self.now.0);
        let begin = CapacityCommand::BeginReshards { group, reshards, at, shards_max: 1000 };
        self.apply(&begin.into());
        let ends = self.stream().reshard.as_ref().unwrap().parents.iter().map(|_| 0).collect();
        self.apply(&Command::FinishReshard { group, ends, at });
        self.apply(&Command::Activate { group, at });
        // The lifecycle looks again at once, and finds the children.
        let stream = self.stream();
        assert_eq!(self.watch.sample(&stream, self.now, count), None);
    }

    fn minutes(&mut self, minutes: u64, bytes_per_second: u64) {
        let evenly = |from: f64, to: f64| ((to - from) * bytes_per_second as f64) as u64;
        (0..minutes).for_each(|_| self.pass(60_000, evenly));
    }
}

#[test]
fn rising_traffic_finds_room_for_twice_its_peak() {
    let mut world = World::new();
    world.minutes(10, MB);
    assert_eq!((world.open(), world.ups), (4, 0));
    for rate in [3, 6, 12, 24, 48, 90] {
        world.minutes(3, rate * MB);
        let room = (2 * rate * MB).div_ceil(SHARD_BYTES_PER_SECOND) as usize;
        // Shards of double width are hot, and then split too.
        let open = world.open();
        assert!((room..=2 * room).contains(&open), "{open} at {rate} MB/s");
    }
    // The stream's own limit is where it ends.
    world.minutes(10, 180 * MB);
    assert_eq!(world.open(), 200);
}

#[test]
fn steady_traffic_with_noise_changes_nothing() {
    let mut world = World::new();
    world.minutes(60, 5 * MB);
    let (open, ups) = (world.open(), world.ups);
    let random = SeededRandom::new(5);
    for _ in 0..5 * 24 * 60 {
        world.minutes(1, 3 * MB + random.next_u64() % (2 * MB));
    }
    assert_eq!((world.open(), world.ups, world.downs), (open, ups, 0));
}

#[test]
fn traffic_that_falls_for_long_gives_shards_back_and_never_fewer_than_four() {
    let mut world = World::new();
    world.minutes(30, 10 * MB);
    let most = world.open();
    // Twice ten, and those of double width, which were hot.
    assert_eq!(most, 32);
    let ups = world.ups;
    for hour in 0..40 * 24 {
        world.pass(HOUR_MS, |from, to| ((to - from) * 200_000.0) as u64);
        if hour < 28 * 24 {
            // Room for twice the peak is remembered for 30 days; what more there was for hot shards is not.
            assert!((19..=most).contains(&world.open()), "hour {hour}");
        }
    }
    assert_eq!(world.open(), 4);
    assert!(world.downs >= 1 && world.downs <= 8, "{} times", world.downs);
    assert_eq!(world.ups, ups, "nothing that was merged is split again");
}

#[test]
fn traffic_each_day_keeps_the_shards_for_its_peak() {
    let mut world = World::new();
    world.minutes(10, 8 * MB);
    let open = world.open();
    for hour in 0..35 * 24 {
        let rate = if hour % 24 == 0 { 8_000_000.0 } else { 100_000.0 };
        world.pass(HOUR_MS, |from, to| ((to - from) * rate) as u64);
    }
    assert_eq!((world.open(), world.downs), (open, 0));
}

#[test]
fn a_hot_shard_is_split_evenly_within_fifteen_minutes() {
    let mut world = World::new();
    // Everything goes to the lowest hundredth of the keys: the first shard is hot, and after the split its lower half.
    let skewed = |from: f64, _: f64| if from < 0.01 { 700_000 } else { 0 };
    for _ in 0..6 {
        world.pass(60_000, skewed);
    }
    assert_eq!(world.open(), 5);
    let stream = world.stream();
    let first = stream.shards[0].range;
    let halves: Vec<_> = stream.shards[4..].iter().map(|shard| shard.range).collect();
    assert_eq!(halves[0].end.0, first.start.0 + (first.end.0 - first.start.0) / 2);
    assert_eq!((halves[0].start, halves[1].end), (first.start, first.end));
    // Once it is cold, the halves become one again, after a day and not before.
    for hour in 0..72 {
        world.pass(HOUR_MS, |_, _| 0);
        assert!(hour > 20 || world.downs == 0, "hour {hour}");
    }
    assert_eq!(world.open(), 4);
}

#[test]
fn records_count_like_bytes() {
    assert_eq!(1000 * RECORD_COUNTS_BYTES / 1024, 1023);
}
