//! The model: what each command makes of a stream, in the fewest words.

use std::collections::BTreeMap;

use millstream_catalog::{
    Command, ConsumerCommand, ConsumerStatus, EncryptionCommand, SettingsCommand, ShardState,
    Stream, StreamStatus, Turn,
};

use crate::world::{
    CONSUMERS_MAX, CREATING_CONSUMERS_MAX, CREATING_MAX, Place, SHARDS_MAX, STREAMS_MAX, TAGS_MAX,
    World,
};

/// What a stream should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    pub status: StreamStatus,
    pub resharding: bool,
    pub hours: u32,
    pub tags: BTreeMap<String, String>,
    pub open: u64,
    pub metrics: u8,
    pub kib: u32,
    pub policy: Option<String>,
    /// Data key in use, the one that follows (0 is none), the newest.
    pub encryption: (Option<u32>, Option<u32>, u32),
    pub consumers: BTreeMap<String, ConsumerStatus>,
}

impl World {
    /// What the model says of a command: `Some` if it must be done, `None` if it must be refused. Within, `None` says
    /// that the stream is gone.
    pub fn expect(&self, place: &Place, command: &Command) -> Option<Option<Expected>> {
        if let Command::CreateStream { shard_count, .. } = command {
            return self.expect_new(place, u64::from(*shard_count)).map(Some);
        }
        let mut next = self.expected.get(place)?.clone();
        if let Command::RemoveStream { .. } = command {
            return (next.status == StreamStatus::Deleting).then_some(None);
        }
        let stream = self.find(place)?;
        next.follow(command, &stream).then_some(Some(next))
    }

    fn expect_new(&self, place: &Place, shards: u64) -> Option<Expected> {
        let here = self.expected.iter().filter(|((a, r, _), _)| (a, r) == (&place.0, &place.1));
        let here: Vec<&Expected> = here.map(|(_, expected)| expected).collect();
        let creating = here.iter().filter(|e| e.status == StreamStatus::Creating).count() as u64;
        let alive = here.iter().filter(|e| e.status != StreamStatus::Deleting);
        let open: u64 = alive.map(|e| e.open).sum();
        let fits = !self.expected.contains_key(place)
            && (here.len() as u64) < STREAMS_MAX
            && creating < CREATING_MAX
            && open + shards <= SHARDS_MAX;
        fits.then(|| Expected {
            status: StreamStatus::Creating,
            resharding: false,
            hours: 24,
            tags: BTreeMap::new(),
            open: shards,
            metrics: 0,
            kib: 1024,
            policy: None,
            encryption: (None, None, 0),
            consumers: BTreeMap::new(),
        })
    }
}

impl Expected {
    /// What there is to be seen of a stream.
    pub fn of(stream: &Stream) -> Self {
        Expected {
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
        }
    }

    /// Follows a command. Whether it must be done; if not, what is left here means nothing. `stream` is before or after
    /// it.
    fn follow(&mut self, command: &Command, stream: &Stream) -> bool {
        use StreamStatus::{Active, Deleting, Updating};
        let before = self.status;
        match command {
            Command::Activate { .. } => {
                if !self.resharding && before != Deleting {
                    self.status = Active;
                    if let Some(turn) = self.encryption.1.take() {
                        self.encryption.0 = (turn > 0).then_some(turn);
                    }
                }
                before != Deleting
            }
            Command::DeleteStream { .. } => {
                self.status = Deleting;
                before == Active && self.consumers.is_empty()
            }
            Command::DeleteStreamWithConsumers { .. } => {
                self.status = Deleting;
                self.consumers.values_mut().for_each(|one| *one = ConsumerStatus::Deleting);
                before == Active
            }
            Command::SetRetention { hours, from_hours, .. } => {
                let known = std::mem::replace(&mut self.hours, *hours);
                self.status = Updating;
                before == Active && known == *from_hours
            }
            Command::AddTags { tags, .. } => self.add_tags(tags),
            Command::RemoveTags { keys, .. } => self.remove_tags(keys),
            Command::FinishReshard { .. } => {
                self.resharding = false;
                true
            }
            Command::ExpireShards { .. } => true,
            Command::Consumer(command) => self.follow_consumer(command, stream),
            Command::Encryption(command) => self.follow_encryption(command),
            Command::Settings(command) => self.follow_settings(command),
            Command::InitSecrets { .. }
            | Command::CreateStream { .. }
            | Command::RemoveStream { .. }
            | Command::ReturnHorizon { .. }
            | Command::BeginReshard { .. }
            | Command::Capacity(_)
            | Command::Queue(_)
            | Command::Channel(_)
            | Command::DeliveryStream(_) => {
                unreachable!("not followed here, or never sent: {command:?}")
            }
        }
    }

    fn tags_may_change(&self) -> bool {
        matches!(self.status, StreamStatus::Active | StreamStatus::Updating)
    }

    fn add_tags(&mut self, tags: &BTreeMap<String, String>) -> bool {
        self.tags.extend(tags.clone());
        self.tags_may_change() && self.tags.len() as u64 <= TAGS_MAX
    }

    fn remove_tags(&mut self, keys: &[String]) -> bool {
        keys.iter().for_each(|key| drop(self.tags.remove(key)));
        self.tags_may_change()
    }

    fn follow_consumer(&mut self, command: &ConsumerCommand, stream: &Stream) -> bool {
        use ConsumerStatus::{Active, Creating, Deleting};
        let creating = self.consumers.values().filter(|status| **status == Creating).count() as u64;
        match command {
            ConsumerCommand::Register { name, .. } => {
                let fits = self.status == StreamStatus::Active
                    && (self.consumers.len() as u64) < CONSUMERS_MAX
                    && creating < CREATING_CONSUMERS_MAX;
                fits && self.consumers.insert(name.clone(), Creating).is_none()
            }
            ConsumerCommand::Activate { name, created_second, .. } => {
                let known = stream.consumers.get(&name.parse().unwrap());
                let is_same = known.is_some_and(|known| known.created_second == *created_second);
                if let Some(status @ Creating) = self.consumers.get_mut(name)
                    && is_same
                {
                    *status = Active;
                }
                is_same
            }
            ConsumerCommand::Deregister { name, .. } => {
                self.consumers.get_mut(name).map(|status| *status = Deleting).is_some()
            }
            ConsumerCommand::Remove { name, .. } => self.consumers.remove(name) == Some(Deleting),
        }
    }

    fn follow_encryption(&mut self, command: &EncryptionCommand) -> bool {
        let before = std::mem::replace(&mut self.status, StreamStatus::Updating);
        let allowed = match command {
            EncryptionCommand::Start { .. } => {
                self.encryption.2 += 1;
                self.encryption.1 = Some(self.encryption.2);
                true
            }
            EncryptionCommand::Stop { from, .. } => {
                self.encryption.1 = Some(0);
                self.encryption.0 == Some(*from)
            }
            EncryptionCommand::SealSecrets { .. } => unreachable!("never sent"),
        };
        before == StreamStatus::Active && allowed
    }

    fn follow_settings(&mut self, command: &SettingsCommand) -> bool {
        let before = self.status;
        match command {
            SettingsCommand::SetMonitoring { metrics, from, .. } => {
                let known = std::mem::replace(&mut self.metrics, *metrics);
                if known != *metrics {
                    self.status = StreamStatus::Updating;
                }
                before == StreamStatus::Active && known == *from
            }
            SettingsCommand::SetMaxRecordSize { kib, .. } => {
                if std::mem::replace(&mut self.kib, *kib) != *kib {
                    self.status = StreamStatus::Updating;
                }
                before == StreamStatus::Active
            }
            SettingsCommand::SetPolicy { policy, .. } => {
                let known = std::mem::replace(&mut self.policy, policy.clone());
                before != StreamStatus::Deleting && (policy.is_some() || known.is_some())
            }
            SettingsCommand::TagResource { tags, .. } => self.add_tags(tags),
            SettingsCommand::UntagResource { keys, .. } => self.remove_tags(keys),
        }
    }
}
