//! Consumers with a throughput of their own: they live and end with their stream.

use std::collections::BTreeMap;

use millstream_replica::GroupId;
use millstream_types::{ConsumerArn, ConsumerName, Millis};

use crate::apply::{active, change};
use crate::command::ConsumerCommand;
use crate::outcome::{Outcome, Refusal};
use crate::state::State;
use crate::stream::Stream;

/// Names of removed consumers whose seconds are remembered, for each stream.
const RETIRED_CONSUMERS_MAX: usize = 100;

/// The consumers of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consumers {
    pub(crate) by_name: BTreeMap<ConsumerName, Consumer>,
    /// The second of registration of consumers removed a moment ago: the next one of that name is registered above it,
    /// so that no ARN means two consumers.
    pub(crate) retired: BTreeMap<ConsumerName, u64>,
}

/// A consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// Its name, unique in the stream.
    pub name: ConsumerName,
    /// The second in which it was registered: with the name, its identity.
    pub created_second: u64,
    /// Its status.
    pub status: ConsumerStatus,
    /// When the status was reached.
    pub status_since: Millis,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The policy of the resource, as it was given.
    pub policy: Option<String>,
}

/// A consumer's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsumerStatus {
    /// Being made; cannot subscribe yet.
    Creating,
    /// At work.
    Active,
    /// Being deleted; cannot subscribe any more.
    Deleting,
}

impl Consumers {
    /// How many there are, those that are DELETING too.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Consumer> {
        self.by_name.values()
    }

    /// Those whose names come after `name`, by name; all for `None`.
    pub fn after(&self, name: Option<&ConsumerName>) -> impl Iterator<Item = &Consumer> {
        use std::ops::Bound::{Excluded, Unbounded};
        let start = name.map_or(Unbounded, Excluded);
        self.by_name.range::<ConsumerName, _>((start, Unbounded)).map(|(_, consumer)| consumer)
    }

    /// The consumer of a name.
    pub fn get(&self, name: &ConsumerName) -> Option<&Consumer> {
        self.by_name.get(name)
    }

    /// The consumer of a name, to be changed by a command.
    pub(crate) fn get_mut(&mut self, name: &ConsumerName) -> Option<&mut Consumer> {
        self.by_name.get_mut(name)
    }

    fn creating(&self) -> usize {
        self.iter().filter(|consumer| consumer.status == ConsumerStatus::Creating).count()
    }

    /// The second of a registration now: above that of the last consumer of the name.
    fn creation_second(&mut self, name: &ConsumerName, now: u64) -> u64 {
        let retired = self.retired.remove(name);
        self.retired.retain(|_, second| *second >= now);
        retired.map_or(now, |second| now.max(second + 1))
    }
}

impl Consumer {
    /// Its ARN; `stream` is its stream.
    pub fn arn(&self, stream: &Stream) -> ConsumerArn {
        ConsumerArn {
            stream: stream.arn(),
            name: self.name.clone(),
            created_second: self.created_second,
        }
    }
}

/// Does one of the commands about consumers.
pub(crate) fn apply(state: &mut State, command: &ConsumerCommand) -> Result<Outcome, Refusal> {
    match command {
        ConsumerCommand::Register { group, name, tags, at, consumers_max, creating_max } => {
            // Queues are readers too: the quota is for both.
            let queues = state.queues.count_of(GroupId(*group));
            let quotas = (consumers_max.saturating_sub(queues), *creating_max);
            change(state, *group, |stream| register(stream, name, tags, *at, quotas))
        }
        ConsumerCommand::Activate { group, name, created_second, at } => {
            change(state, *group, |stream| {
                let consumer = registered(stream, name, *created_second)?;
                if consumer.status == ConsumerStatus::Creating {
                    set_status(consumer, ConsumerStatus::Active, *at);
                }
                Ok(())
            })
        }
        ConsumerCommand::Deregister { group, name, created_second, at } => {
            change(state, *group, |stream| {
                let consumer = registered(stream, name, *created_second)?;
                set_status(consumer, ConsumerStatus::Deleting, *at);
                Ok(())
            })
        }
        ConsumerCommand::Remove { group, name, created_second, at } => {
            change(state, *group, |stream| remove(stream, name, *created_second, *at))
        }
    }
}

/// botocore, `DeleteStream`: a stream with consumers is deleted only if their deletion is enforced.
pub(crate) fn none(stream: &Stream) -> Result<(), Refusal> {
    if stream.consumers.is_empty() { Ok(()) } else { Err(Refusal::HasConsumers) }
}

/// They go with their stream.
pub(crate) fn deregister_all(stream: &mut Stream, at: u64) {
    for consumer in stream.consumers.by_name.values_mut() {
        set_status(consumer, ConsumerStatus::Deleting, at);
    }
}

fn set_status(consumer: &mut Consumer, status: ConsumerStatus, at: u64) {
    if consumer.status != status {
        consumer.status = status;
        consumer.status_since = Millis(at);
    }
}

fn parse(name: &str) -> Result<ConsumerName, Refusal> {
    name.parse().map_err(|_| Refusal::Malformed("consumer name"))
}

/// The consumer that was registered by this name in that second.
pub(crate) fn registered<'a>(
    stream: &'a mut Stream,
    name: &str,
    created_second: u64,
) -> Result<&'a mut Consumer, Refusal> {
    let name = parse(name)?;
    let consumer = stream.consumers.get_mut(&name);
    consumer
        .filter(|consumer| consumer.created_second == created_second)
        .ok_or(Refusal::NoConsumer(name))
}

fn register(
    stream: &mut Stream,
    name: &str,
    tags: &BTreeMap<String, String>,
    at: u64,
    (consumers_max, creating_max): (u64, u64),
) -> Result<(), Refusal> {
    let name = parse(name)?;
    if stream.consumers.get(&name).is_some() {
        return Err(Refusal::ConsumerNameTaken(name));
    }
    active(stream)?;
    if stream.consumers.len() as u64 >= consumers_max {
        return Err(Refusal::ConsumerQuota { max: consumers_max });
    }
    if stream.consumers.creating() as u64 >= creating_max {
        return Err(Refusal::CreatingConsumerQuota { max: creating_max });
    }
    let created_second = stream.consumers.creation_second(&name, Millis(at).seconds());
    let consumer = Consumer {
        name: name.clone(),
        created_second,
        status: ConsumerStatus::Creating,
        status_since: Millis(at),
        tags: tags.clone(),
        policy: None,
    };
    stream.consumers.by_name.insert(name, consumer);
    Ok(())
}

fn remove(stream: &mut Stream, name: &str, created_second: u64, at: u64) -> Result<(), Refusal> {
    let consumer = registered(stream, name, created_second)?;
    if consumer.status != ConsumerStatus::Deleting {
        return Err(Refusal::Malformed("the consumer is not DELETING"));
    }
    let name = consumer.name.clone();
    let consumers = &mut stream.consumers;
    consumers.by_name.remove(&name);
    consumers.retired.retain(|_, second| *second >= Millis(at).seconds());
    consumers.retired.insert(name, created_second);
    // The earliest are the least likely to matter.
    while consumers.retired.len() > RETIRED_CONSUMERS_MAX {
        let earliest = consumers.retired.iter().min_by_key(|(_, second)| **second);
        let Some(name) = earliest.map(|(name, _)| name.clone()) else { break };
        consumers.retired.remove(&name);
    }
    Ok(())
}
