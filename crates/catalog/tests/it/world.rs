//! A world of a few streams, and commands for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_catalog::{
    Command, ConsumerCommand, EncryptionCommand, Reshard, ResourceId, SettingsCommand, Shard,
    ShardState, State, Stream, WrappedKey,
};
use millstream_types::{AccountId, Millis, Random, Region, SeededRandom, StreamName};

use crate::model::Expected;

/// Account, region and name.
pub type Place = (u64, String, String);

/// What the catalog holds and what it should hold.
pub struct World {
    pub state: State,
    pub log: Vec<Vec<u8>>,
    pub expected: BTreeMap<Place, Expected>,
    /// Whose the creation seconds and numbers of each name's shards are, removed streams' too: sequence numbers of two
    /// streams must differ.
    pub creations: BTreeMap<Place, BTreeMap<(u64, u32), u64>>,
    pub random: SeededRandom,
    pub now: u64,
}

pub const SHARDS_MAX: u64 = 12;
pub const STREAMS_MAX: u64 = 4;
pub const CREATING_MAX: u64 = 2;
pub const TAGS_MAX: u64 = 3;
pub const CONSUMERS_MAX: u64 = 3;
pub const CREATING_CONSUMERS_MAX: u64 = 2;

impl World {
    pub fn new(seed: u64) -> Self {
        World {
            state: State::default(),
            log: Vec::new(),
            expected: BTreeMap::new(),
            creations: BTreeMap::new(),
            random: SeededRandom::new(seed),
            now: 1_700_000_000_000,
        }
    }

    pub fn below(&self, n: u64) -> u64 {
        self.random.next_u64() % n
    }

    pub fn place(&self) -> Place {
        let region = ["us-east-1", "eu-west-1"][self.below(2) as usize];
        (self.below(2), region.into(), ["a", "b", "c", "d", "e"][self.below(5) as usize].into())
    }

    pub fn find(&self, (account, region, name): &Place) -> Option<Arc<Stream>> {
        let account = AccountId::from_u64(*account).unwrap();
        let (region, name): (Region, StreamName) = (region.parse().unwrap(), name.parse().unwrap());
        self.state.lookup(account, &region, &name).cloned()
    }

    /// A command for a place; half of them make no sense at the moment.
    pub fn command(&self, place: &Place) -> Command {
        let at = self.now;
        let Some(stream) = self.find(place) else { return self.create(place) };
        let group = stream.group.0;
        match self.below(24) {
            0 => self.create(place),
            1 | 2 => Command::Activate { group, at },
            3 => Command::DeleteStream { group, at },
            4 => Command::RemoveStream { group },
            5 => {
                let (hours, from_hours) = (24 + self.below(4) as u32, 24 + self.below(4) as u32);
                Command::SetRetention { group, hours, at, from_hours }
            }
            6 => {
                let tags = [(format!("k{}", self.below(5)), "v".to_owned())].into();
                Command::AddTags { group, tags, tags_max: TAGS_MAX }
            }
            7 => Command::RemoveTags { group, keys: vec![format!("k{}", self.below(5))] },
            8 | 9 => {
                let reshard = self.reshard(&stream);
                Command::BeginReshard { group, reshard, at, shards_max: SHARDS_MAX }
            }
            10 => {
                let parents = stream.reshard.as_ref().map_or(0, |reshard| reshard.parents.len());
                let ends = (0..parents as u64).map(|_| self.below(1000)).collect();
                Command::FinishReshard { group, ends, at }
            }
            11..15 => self.settings_command(group).into(),
            15..17 => self.encryption_command(&stream).into(),
            17..22 => self.consumer_command(&stream).into(),
            22 => Command::DeleteStreamWithConsumers { group, at },
            _ => Command::ExpireShards { group, before: self.horizon(&stream) },
        }
    }

    fn settings_command(&self, group: u64) -> SettingsCommand {
        let (at, resource) = (self.now, ResourceId::Stream { group });
        match self.below(5) {
            0 => {
                let (metrics, from) = (self.below(4) as u8, self.below(4) as u8);
                SettingsCommand::SetMonitoring { group, metrics, from, at }
            }
            1 => {
                let kib = 1024 + self.below(2) as u32;
                SettingsCommand::SetMaxRecordSize { group, kib, at }
            }
            2 => {
                let tags = [(format!("k{}", self.below(5)), "w".to_owned())].into();
                SettingsCommand::TagResource { resource, tags, tags_max: TAGS_MAX }
            }
            3 => {
                let keys = vec![format!("k{}", self.below(5))];
                SettingsCommand::UntagResource { resource, keys }
            }
            _ => {
                let policy = (self.below(2) == 0).then(|| "{}".to_owned());
                SettingsCommand::SetPolicy { resource, policy }
            }
        }
    }

    fn encryption_command(&self, stream: &Stream) -> EncryptionCommand {
        let (group, at) = (stream.group.0, self.now);
        if self.below(2) == 0 {
            let from = stream.encryption.current.unwrap_or(1);
            return EncryptionCommand::Stop { group, from, at, stops_max: u64::MAX };
        }
        let (key_id, master) = ("alias/aws/kinesis".into(), "m".into());
        let key = WrappedKey { key_id, master, wrapped: vec![1, 2, 3] };
        EncryptionCommand::Start { group, key, at, starts_max: u64::MAX }
    }

    fn consumer_command(&self, stream: &Stream) -> ConsumerCommand {
        let (group, at) = (stream.group.0, self.now);
        let name = ["x", "y", "z", "w"][self.below(4) as usize].to_owned();
        let known = stream.consumers.get(&name.parse().unwrap());
        let created_second = known.map_or(7, |consumer| consumer.created_second);
        match self.below(6) {
            0 | 1 => ConsumerCommand::Register {
                group,
                name,
                tags: BTreeMap::new(),
                at,
                consumers_max: CONSUMERS_MAX,
                creating_max: CREATING_CONSUMERS_MAX,
            },
            2 => ConsumerCommand::Activate { group, name, created_second, at },
            3 => ConsumerCommand::Deregister { group, name, created_second, at },
            4 => ConsumerCommand::Remove { group, name, created_second, at },
            _ => ConsumerCommand::Activate { group, name, created_second: created_second + 1, at },
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

    pub fn create(&self, (account, region, name): &Place) -> Command {
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
            retention_hours: None,
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
        let beside = |other: &&Shard| {
            other.is_open()
                && range
                    .is_some_and(|range| range.end.0.checked_add(1) == Some(other.range.start.0))
        };
        let adjacent = stream.shards.iter().find(beside).map_or(0, |shard| shard.id.0);
        Reshard::Merge { shard, adjacent }
    }
}
