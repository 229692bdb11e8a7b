//! The catalog against a model, over thousands of generated commands: outcomes, the shards' invariants, and that replay
//! and snapshots come to the same state.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_catalog::{
    CatalogMachine, Command, ConsumerStatus, Outcome, Refusal, Reshard, ResourceId, ShardState,
    State, Stream, StreamStatus, Turn, WrappedKey,
};
use millstream_replica::Machine;
use millstream_types::{
    AccountId, Millis, Random, Region, SeededRandom, SequenceNumber, StreamName,
};

/// What a stream should be, told in the fewest words.
#[derive(Clone, Debug, PartialEq)]
struct Expected {
    status: StreamStatus,
    resharding: bool,
    hours: u32,
    tags: BTreeMap<String, String>,
    open: u64,
    metrics: u8,
    kib: u32,
    policy: Option<String>,
    /// Data key in use, the one that follows (0 is none), the newest.
    encryption: (Option<u32>, Option<u32>, u32),
    consumers: BTreeMap<String, ConsumerStatus>,
}

type Place = (u64, String, String);

struct World {
    state: State,
    log: Vec<Vec<u8>>,
    expected: BTreeMap<Place, Expected>,
    /// Whose the creation seconds and numbers of each name's shards are, removed streams' too: sequence numbers of two
    /// streams must differ.
    creations: BTreeMap<Place, BTreeMap<(u64, u32), u64>>,
    random: SeededRandom,
    now: u64,
}

const SHARDS_MAX: u64 = 12;
const STREAMS_MAX: u64 = 4;
const CREATING_MAX: u64 = 2;
const TAGS_MAX: u64 = 3;
const CONSUMERS_MAX: u64 = 3;
const CREATING_CONSUMERS_MAX: u64 = 2;

impl World {
    fn new(seed: u64) -> Self {
        World {
            state: State::default(),
            log: Vec::new(),
            expected: BTreeMap::new(),
            creations: BTreeMap::new(),
            random: SeededRandom::new(seed),
            now: 1_700_000_000_000,
        }
    }

    fn below(&self, n: u64) -> u64 {
        self.random.next_u64() % n
    }

    fn place(&self) -> Place {
        let region = ["us-east-1", "eu-west-1"][self.below(2) as usize];
        (self.below(2), region.into(), ["a", "b", "c", "d", "e"][self.below(5) as usize].into())
    }

    fn find(&self, (account, region, name): &Place) -> Option<Arc<Stream>> {
        let account = AccountId::from_u64(*account).unwrap();
        let (region, name): (Region, StreamName) = (region.parse().unwrap(), name.parse().unwrap());
        self.state.lookup(account, &region, &name).cloned()
    }

    /// A command for a place; half of them make no sense at the moment.
    fn command(&self, place: &Place) -> Command {
        let at = self.now;
        let Some(stream) = self.find(place) else { return self.create(place) };
        let group = stream.group.0;
        match self.below(24) {
            0 => self.create(place),
            1 | 2 => Command::Activate { group, at },
            3 => Command::DeleteStream { group, at },
            4 => Command::RemoveStream { group },
            5 => Command::SetRetention {
                group,
                hours: 24 + self.below(4) as u32,
                at,
                from_hours: 24 + self.below(4) as u32,
            },
            6 => {
                let tags = [(format!("k{}", self.below(5)), "v".to_owned())].into();
                Command::AddTags { group, tags, tags_max: TAGS_MAX }
            }
            11 => Command::SetMonitoring {
                group,
                metrics: self.below(4) as u8,
                from: self.below(4) as u8,
                at,
            },
            12 => Command::SetMaxRecordSize { group, kib: 1024 + self.below(2) as u32, at },
            13 => {
                let tags = [(format!("k{}", self.below(5)), "w".to_owned())].into();
                let resource = ResourceId::Stream { group };
                Command::TagResource { resource, tags, tags_max: TAGS_MAX }
            }
            14 => {
                let policy = (self.below(2) == 0).then(|| "{}".to_owned());
                Command::SetPolicy { resource: ResourceId::Stream { group }, policy }
            }
            7 => Command::RemoveTags { group, keys: vec![format!("k{}", self.below(5))] },
            8 | 9 => Command::BeginReshard {
                group,
                reshard: self.reshard(&stream),
                at,
                shards_max: SHARDS_MAX,
            },
            10 => {
                let parents = stream.reshard.as_ref().map_or(0, |reshard| reshard.parents.len());
                let ends = (0..parents as u64).map(|_| self.below(1000)).collect();
                Command::FinishReshard { group, ends, at }
            }
            15 => {
                let key = WrappedKey {
                    key_id: "alias/aws/kinesis".into(),
                    master: "m".into(),
                    wrapped: vec![1, 2, 3],
                };
                Command::StartEncryption { group, key, at, starts_max: u64::MAX }
            }
            16 => {
                let from = stream.encryption.current.unwrap_or(1);
                Command::StopEncryption { group, from, at, stops_max: u64::MAX }
            }
            17..22 => self.consumer_command(&stream),
            22 => Command::DeleteStreamWithConsumers { group, at },
            _ => Command::ExpireShards { group, before: self.horizon(&stream) },
        }
    }

    fn consumer_command(&self, stream: &Stream) -> Command {
        let (group, at) = (stream.group.0, self.now);
        let name = ["x", "y", "z", "w"][self.below(4) as usize].to_owned();
        let known = stream.consumers.get(&name.parse().unwrap());
        let created_second = known.map_or(7, |consumer| consumer.created_second);
        match self.below(6) {
            0 | 1 => Command::RegisterConsumer {
                group,
                name,
                tags: BTreeMap::new(),
                at,
                consumers_max: CONSUMERS_MAX,
                creating_max: CREATING_CONSUMERS_MAX,
            },
            2 => Command::ActivateConsumer { group, name, created_second, at },
            3 => Command::DeregisterConsumer { group, name, created_second, at },
            4 => Command::RemoveConsumer { group, name, created_second, at },
            _ => Command::ActivateConsumer { group, name, created_second: created_second + 1, at },
        }
    }

    /// The stream's horizon, or a moment right after one of its shards closed.
    fn horizon(&self, stream: &Stream) -> u64 {
        let closed = stream.shards.iter().filter_map(|shard| match shard.state {
            ShardState::Closed { at, .. } => Some(at.0),
            _ => None,
        });
        let closed: Vec<u64> = closed.collect();
        if closed.is_empty() || self.below(2) == 0 {
            return stream.horizon(Millis(self.now)).0;
        }
        closed[self.below(closed.len() as u64) as usize]
            + [0, 1, 500, 999, 1500][self.below(5) as usize]
    }

    fn create(&self, (account, region, name): &Place) -> Command {
        Command::CreateStream {
            account: *account,
            region: region.clone(),
            name: name.clone(),
            shard_count: 1 + self.below(5) as u32,
            max_record_size_kib: 1024,
            tags: BTreeMap::new(),
            at: self.now,
            shards_max: SHARDS_MAX,
            streams_max: STREAMS_MAX,
            creating_max: CREATING_MAX,
        }
    }

    fn reshard(&self, stream: &Stream) -> Reshard {
        let shard = self.below(stream.shards.len() as u64 + 1) as u32;
        let range = stream.shards.get(shard as usize).map(|shard| shard.range);
        if self.below(2) == 0 {
            let middle = range
                .map_or(1, |r| r.start.0 + (r.end.0 - r.start.0) / 2 + u128::from(self.below(2)));
            return Reshard::Split { shard, new_start: middle.to_be_bytes() };
        }
        let beside = |other: &&millstream_catalog::Shard| {
            other.is_open()
                && range
                    .is_some_and(|range| range.end.0.checked_add(1) == Some(other.range.start.0))
        };
        let adjacent = stream.shards.iter().find(beside).map_or(0, |shard| shard.id.0);
        Reshard::Merge { shard, adjacent }
    }

    /// What the model says of a command: `Some` if it must be done, `None` if it must be refused.
    fn expect(&self, place: &Place, command: &Command) -> Option<Option<Expected>> {
        use StreamStatus::*;
        let known = self.expected.get(place);
        if let Command::CreateStream { shard_count, .. } = command {
            let here: Vec<_> = self
                .expected
                .iter()
                .filter(|((a, r, _), _)| (a, r) == (&place.0, &place.1))
                .collect();
            let creating = here.iter().filter(|(_, e)| e.status == Creating).count() as u64;
            let open: u64 =
                here.iter().filter(|(_, e)| e.status != Deleting).map(|(_, e)| e.open).sum();
            let fits = known.is_none()
                && (here.len() as u64) < STREAMS_MAX
                && creating < CREATING_MAX
                && open + u64::from(*shard_count) <= SHARDS_MAX;
            let (hours, tags, open) = (24, BTreeMap::new(), u64::from(*shard_count));
            return fits.then_some(Some(Expected {
                status: Creating,
                resharding: false,
                hours,
                tags,
                open,
                metrics: 0,
                kib: 1024,
                policy: None,
                encryption: (None, None, 0),
                consumers: BTreeMap::new(),
            }));
        }
        let mut next = known?.clone();
        let done = match command {
            Command::Activate { .. } => {
                if !next.resharding && next.status != Deleting {
                    next.status = Active;
                    if let Some(turn) = next.encryption.1.take() {
                        next.encryption.0 = (turn > 0).then_some(turn);
                    }
                }
                known?.status != Deleting
            }
            Command::DeleteStream { .. } => {
                next.status = Deleting;
                known?.status == Active && next.consumers.is_empty()
            }
            Command::DeleteStreamWithConsumers { .. }
            | Command::RegisterConsumer { .. }
            | Command::ActivateConsumer { .. }
            | Command::DeregisterConsumer { .. }
            | Command::RemoveConsumer { .. } => {
                expect_consumer(&mut next, self.find(place)?.as_ref(), command)
            }
            Command::RemoveStream { .. } => return (next.status == Deleting).then_some(None),
            Command::SetRetention { hours, from_hours, .. } => {
                (next.hours, next.status) = (*hours, Updating);
                known?.status == Active && known?.hours == *from_hours
            }
            Command::SetMonitoring { metrics, from, .. } => {
                if next.metrics != *metrics {
                    (next.metrics, next.status) = (*metrics, Updating);
                }
                known?.status == Active && known?.metrics == *from
            }
            Command::SetMaxRecordSize { kib, .. } => {
                if next.kib != *kib {
                    (next.kib, next.status) = (*kib, Updating);
                }
                known?.status == Active
            }
            Command::SetPolicy { policy, .. } => {
                next.policy.clone_from(policy);
                known?.status != Deleting && !(policy.is_none() && known?.policy.is_none())
            }
            Command::AddTags { tags, .. } | Command::TagResource { tags, .. } => {
                next.tags.extend(tags.clone());
                matches!(next.status, Active | Updating) && next.tags.len() as u64 <= TAGS_MAX
            }
            Command::RemoveTags { keys, .. } => {
                keys.iter().for_each(|key| drop(next.tags.remove(key)));
                matches!(next.status, Active | Updating)
            }
            Command::FinishReshard { .. } => {
                next.resharding = false;
                true
            }
            Command::ExpireShards { .. } => true,
            Command::StartEncryption { .. } => {
                next.encryption.2 += 1;
                next.encryption.1 = Some(next.encryption.2);
                next.status = Updating;
                known?.status == Active
            }
            Command::StopEncryption { from, .. } => {
                next.encryption.1 = Some(0);
                next.status = Updating;
                known?.status == Active && known?.encryption.0 == Some(*from)
            }
            Command::BeginReshard { .. }
            | Command::SealSecrets { .. }
            | Command::InitSecrets { .. }
            | Command::CreateStream { .. }
            | Command::CreateOnDemandStream { .. }
            | Command::SetMode { .. }
            | Command::SetDistribution { .. }
            | Command::BeginScaling { .. }
            | Command::ContinueScaling { .. }
            | Command::SetWarmThroughput { .. }
            | Command::BeginReshards { .. }
            | Command::NotePeak { .. }
            | Command::SetCommitment { .. }
            | Command::UntagResource { .. }
            | Command::CreateChannel { .. }
            | Command::SettleChannel { .. }
            | Command::UpdateChannel { .. }
            | Command::DeleteChannel { .. }
            | Command::RemoveChannel { .. } => return None,
            other => unreachable!("this world sends none: {other:?}"),
        };
        done.then_some(Some(next))
    }

    fn step(&mut self) {
        self.now += [0, 0, 1, 400, 3_000, 40_000_000][self.below(6) as usize];
        let place = self.place();
        let command = self.command(&place);
        let bytes = CatalogMachine::encode(&command);
        assert_eq!(CatalogMachine::decode(&bytes, 1).as_ref(), Ok(&command));
        self.log.push(bytes);
        let before = self.find(&place);
        let outcome = CatalogMachine::apply(&mut self.state, &command);
        let after = self.find(&place);
        match (&command, &outcome) {
            (Command::BeginReshard { .. }, outcome) => {
                self.check_begun(&place, outcome, before, after)
            }
            (_, Outcome::Refused(why)) => {
                assert_eq!(self.expect(&place, &command), None, "{command:?}: {why:?}");
                assert_eq!(before, after, "a refused command changes nothing");
            }
            (_, Outcome::Channel(_)) => panic!("{command:?} is not about channels"),
            (_, Outcome::Queue(_)) => panic!("{command:?} is about no queue"),
            (_, Outcome::Stream(_) | Outcome::Done) => {
                let expected =
                    self.expect(&place, &command).unwrap_or_else(|| panic!("{command:?} was done"));
                match expected {
                    Some(expected) => drop(self.expected.insert(place.clone(), expected)),
                    None => drop(self.expected.remove(&place)),
                }
            }
        }
        self.check_stream(&place);
    }

    fn check_begun(
        &mut self,
        place: &Place,
        outcome: &Outcome,
        before: Option<Arc<Stream>>,
        after: Option<Arc<Stream>>,
    ) {
        let (before, after) = (before.unwrap(), after.unwrap());
        match outcome {
            Outcome::Stream(_) => {
                assert_eq!(before.status, StreamStatus::Active);
                let expected = self.expected.get_mut(place).unwrap();
                (expected.status, expected.resharding) = (StreamStatus::Updating, true);
                let children = after.shards.len() - before.shards.len();
                expected.open = expected.open + children as u64
                    - after.reshard.as_ref().unwrap().parents.len() as u64;
            }
            Outcome::Refused(why) => {
                let active = before.status == StreamStatus::Active;
                assert_eq!(matches!(why, Refusal::Status(_)), !active, "{why:?}");
                assert_eq!(before, after);
            }
            Outcome::Done | Outcome::Channel(_) | Outcome::Queue(_) => {
                panic!("a reshard has a stream")
            }
        }
    }

    fn check_stream(&mut self, place: &Place) {
        let stream = self.find(place);
        let seen = stream.as_ref().map(|stream| Expected {
            status: stream.status,
            resharding: stream.reshard.is_some(),
            encryption: (
                stream.encryption.current,
                stream.encryption.turn.map(|turn| match turn {
                    Turn::To(id) => id,
                    Turn::Off => 0,
                }),
                stream.encryption.last_id,
            ),
            hours: stream.retention_hours,
            tags: stream.tags.clone(),
            metrics: stream.shard_metrics.bits(),
            kib: stream.max_record_size_kib,
            policy: stream.policy.as_deref().map(str::to_owned),
            open: stream
                .shards
                .iter()
                .filter(|s| matches!(s.state, ShardState::Open | ShardState::Reserved))
                .count() as u64,
            consumers: stream
                .consumers
                .iter()
                .map(|one| (one.name.to_string(), one.status))
                .collect(),
        });
        assert_eq!(seen.as_ref(), self.expected.get(place));
        let Some(stream) = stream else { return };
        check_shards(&stream);
        let creations = self.creations.entry(place.clone()).or_default();
        for shard in stream.shards.iter().filter(|shard| shard.state != ShardState::Reserved) {
            let group =
                *creations.entry((shard.created.seconds(), shard.id.0)).or_insert(stream.group.0);
            assert_eq!(
                group, stream.group.0,
                "two streams of one name have a shard of the same second"
            );
        }
    }
}

/// What takes records tiles the hash keys; so does what was open at the horizon; children come after their parents.
fn check_shards(stream: &Stream) {
    let ends = stream.ends();
    assert_tiles(stream, "open", |shard| shard.is_open());
    for at in stream.shards.iter().map(|shard| shard.created).chain([stream.expired_before]) {
        let at = at.max(stream.expired_before).max(stream.created);
        assert_tiles(stream, "at a time", |shard| {
            shard.is_listed()
                && shard.created <= at
                && ends.get(&shard.id).is_none_or(|end| *end > at)
        });
    }
    for child in stream.shards.iter().filter(|shard| shard.is_listed()) {
        for parent in child.parents() {
            assert!(parent < child.id);
            let parent = &stream.shards[parent.0 as usize];
            if let ShardState::Closed { at, .. } = parent.state {
                let second = parent.created.seconds();
                let end = SequenceNumber::end_of_shard(second, parent.id, at.seconds());
                assert!(parent.starting_sequence_number() < end);
                assert!(end < child.starting_sequence_number());
                assert!(child.created > at);
            }
        }
    }
}

fn assert_tiles(stream: &Stream, what: &str, which: impl Fn(&millstream_catalog::Shard) -> bool) {
    let mut ranges: Vec<_> = stream
        .shards
        .iter()
        .filter(|s| which(s))
        .map(|s| (s.range.start.0, s.range.end.0))
        .collect();
    ranges.sort_unstable();
    let mut next = Some(0u128);
    for (start, end) in ranges {
        assert_eq!(Some(start), next, "{what}: {stream:#?}");
        next = end.checked_add(1);
    }
    assert_eq!(next, None, "{what}: {stream:#?}");
}

/// Everything that can be seen of a state.
fn picture(state: &State) -> (Option<[u8; 32]>, Vec<Arc<Stream>>) {
    (state.token_key(), state.streams().cloned().collect())
}

fn through_slices(state: &State, bytes_max: usize) -> State {
    let frozen = CatalogMachine::freeze(state);
    let (mut restored, mut from) = (State::default(), None::<Vec<u8>>);
    loop {
        let slice = CatalogMachine::slice(&frozen, from.as_deref(), bytes_max);
        CatalogMachine::restore(&mut restored, &slice.bytes, 1).unwrap();
        match slice.next {
            Some(next) => from = Some(next),
            None => return restored,
        }
    }
}

#[test]
fn generated_commands_come_to_what_the_model_says() {
    for seed in 0..20 {
        let mut world = World::new(seed);
        (0..1500).for_each(|_| world.step());
        let done = world.expected.len();
        assert!(done > 0, "seed {seed} made something");
    }
}

#[test]
fn replay_from_any_snapshot_comes_to_the_same_state() {
    for seed in 100..106 {
        let mut world = World::new(seed);
        let mut snapshots = Vec::new();
        for step in 0..800 {
            if step % 160 == 0 {
                snapshots.push((step, through_slices(&world.state, [1, 500, 1 << 18][step % 3])));
            }
            world.step();
        }
        for (from, mut state) in snapshots {
            for command in &world.log[from..] {
                CatalogMachine::apply(&mut state, &CatalogMachine::decode(command, 1).unwrap());
            }
            assert_eq!(picture(&state), picture(&world.state), "seed {seed} from {from}");
        }
    }
}

#[test]
fn a_stream_of_twenty_thousand_shards_is_cut_into_slices_within_their_limit() {
    let mut state = State::default();
    let mut tags = BTreeMap::new();
    (0..50).for_each(|i| drop(tags.insert(format!("{i:0>128}"), "ü".repeat(256))));
    for name in ["a", "b"] {
        let outcome = CatalogMachine::apply(
            &mut state,
            &Command::CreateStream {
                account: 1,
                region: "us-east-1".into(),
                name: name.into(),
                shard_count: 20_000,
                max_record_size_kib: 1024,
                tags: tags.clone(),
                at: 1_700_000_000_000,
                shards_max: 40_000,
                streams_max: 10,
                creating_max: 5,
            },
        );
        assert!(matches!(outcome, Outcome::Stream(_)));
    }
    let room = 224 * 1024;
    let frozen = CatalogMachine::freeze(&state);
    let (mut slices, mut from) = (0, None::<Vec<u8>>);
    loop {
        let slice = CatalogMachine::slice(&frozen, from.as_deref(), room);
        assert!(slice.bytes.len() <= room + 1024, "{}", slice.bytes.len());
        slices += 1;
        match slice.next {
            Some(next) => from = Some(next),
            None => break,
        }
    }
    assert!(slices > 10);
    assert_eq!(picture(&through_slices(&state, room)), picture(&state));
}

#[test]
fn a_scaling_goes_on_from_a_snapshot_at_any_step_and_tiles_at_each() {
    let at = 1_700_000_000_000;
    let (shards_max, per_day_max) = (100, 5);
    for (from, target) in [(10, 7), (5, 10), (9, 5), (1, 2)] {
        let mut world = World::new(1);
        let place = (1, "us-east-1".to_owned(), "s".to_owned());
        let mut create = world.create(&place);
        if let Command::CreateStream { shard_count, shards_max, .. } = &mut create {
            (*shard_count, *shards_max) = (from, 100);
        }
        CatalogMachine::apply(&mut world.state, &create);
        let group = world.find(&place).unwrap().group.0;
        let commands = [
            Command::Activate { group, at },
            Command::BeginScaling { group, target, at, per_day_max, shards_max },
            Command::SetCommitment { account: 1, region: place.1.clone(), enabled: true, at },
        ];
        for command in &commands {
            let outcome = CatalogMachine::apply(&mut world.state, command);
            assert!(!matches!(outcome, Outcome::Refused(_)), "{command:?}: {outcome:?}");
        }
        while let Some(stream) = world.find(&place).filter(|s| s.capacity.scaling.is_some()) {
            check_shards(&stream);
            world.state = through_slices(&world.state, 500);
            assert_eq!(world.find(&place), Some(stream.clone()));
            let next = match &stream.reshard {
                Some(reshard) => {
                    Command::FinishReshard { group, ends: vec![0; reshard.parents.len()], at }
                }
                None => Command::ContinueScaling { group },
            };
            CatalogMachine::apply(&mut world.state, &Command::Activate { group, at });
            assert_eq!(world.find(&place).unwrap().status, StreamStatus::Updating);
            CatalogMachine::apply(&mut world.state, &next);
        }
        let stream = world.find(&place).unwrap();
        assert_eq!(stream.open_shards().count() as u32, target);
        assert!(world.state.commitment(stream.account, &stream.region).is_some());
        assert_tiles(&stream, "after", |shard| shard.is_open());
    }
}

/// Whether a command about a consumer must be done, by the stream before or after it; `next` is what it then is.
fn expect_consumer(next: &mut Expected, stream: &Stream, command: &Command) -> bool {
    use ConsumerStatus::*;
    let creating = next.consumers.values().filter(|status| **status == Creating).count() as u64;
    match command {
        Command::RegisterConsumer { name, .. } => {
            let fits = next.status == StreamStatus::Active
                && (next.consumers.len() as u64) < CONSUMERS_MAX
                && creating < CREATING_CONSUMERS_MAX;
            fits && next.consumers.insert(name.clone(), Creating).is_none()
        }
        Command::ActivateConsumer { name, created_second, .. } => {
            let known = stream.consumers.get(&name.parse().unwrap());
            if let Some(status @ Creating) = next.consumers.get_mut(name)
                && known.is_some_and(|known| known.created_second == *created_second)
            {
                *status = Active;
            }
            known.is_some_and(|known| known.created_second == *created_second)
        }
        Command::DeregisterConsumer { name, .. } => {
            next.consumers.get_mut(name).map(|status| *status = Deleting).is_some()
        }
        Command::RemoveConsumer { name, .. } => next.consumers.remove(name) == Some(Deleting),
        Command::DeleteStreamWithConsumers { .. } => {
            next.consumers.values_mut().for_each(|status| *status = Deleting);
            std::mem::replace(&mut next.status, StreamStatus::Deleting) == StreamStatus::Active
        }
        _ => false,
    }
}
