//! Tags and policies of whatever can have them.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_replica::GroupId;
use minicbor::{Decode, Encode};

use crate::apply::{change, not_deleting, tags_may_change};
use crate::outcome::{Outcome, Refusal};
use crate::state::State;

/// What tags and policies hang on, by an identity that is never used again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ResourceId {
    /// A stream.
    #[n(0)]
    Stream {
        /// Its group.
        #[n(0)]
        group: u64,
    },
    /// A consumer.
    #[n(1)]
    Consumer {
        /// Its stream's group.
        #[n(0)]
        group: u64,
        /// Its name.
        #[n(1)]
        name: String,
        /// The second of its creation: a consumer registered again is another.
        #[n(2)]
        created_second: u64,
    },
    /// A queue.
    #[n(2)]
    Queue {
        /// Its group.
        #[n(0)]
        group: u64,
    },
    /// A channel.
    #[n(3)]
    Channel {
        /// Its id.
        #[n(0)]
        id: String,
    },
}

/// Adds or replaces tags.
pub(crate) fn tag(
    state: &mut State,
    resource: &ResourceId,
    tags: &BTreeMap<String, String>,
    max: u64,
) -> Result<Outcome, Refusal> {
    edit_tags(state, resource, |all| add(all, tags, max))
}

/// Removes tags; those that are not there are no error.
pub(crate) fn untag(
    state: &mut State,
    resource: &ResourceId,
    keys: &[String],
) -> Result<Outcome, Refusal> {
    edit_tags(state, resource, |all| {
        keys.iter().for_each(|key| drop(all.remove(key)));
        Ok(())
    })
}

/// Adds tags to those that are there, within the quota.
pub(crate) fn add(
    all: &mut BTreeMap<String, String>,
    tags: &BTreeMap<String, String>,
    max: u64,
) -> Result<(), Refusal> {
    let fresh = tags.keys().filter(|key| !all.contains_key(*key)).count();
    if (all.len() + fresh) as u64 > max {
        return Err(Refusal::TagQuota { max });
    }
    all.extend(tags.iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(())
}

/// The one place that knows whose tags a resource's are.
fn edit_tags(
    state: &mut State,
    resource: &ResourceId,
    edit: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), Refusal>,
) -> Result<Outcome, Refusal> {
    match resource {
        ResourceId::Stream { group } => change(state, *group, |stream| {
            tags_may_change(stream)?;
            edit(&mut stream.tags)
        }),
        ResourceId::Consumer { group, name, created_second } => change(state, *group, |stream| {
            edit(&mut crate::consumers::registered(stream, name, *created_second)?.tags)
        }),
        ResourceId::Queue { group } => crate::queues::change(state, *group, |queue| {
            crate::queues::not_deleting(queue)?;
            edit(&mut queue.tags)
        }),
        ResourceId::Channel { id } => crate::channels::change(state, id, |channel| {
            channel.tags_may_change()?;
            edit(&mut channel.tags)
        }),
    }
}

/// Sets the policy, or takes it away.
pub(crate) fn set_policy(
    state: &mut State,
    resource: &ResourceId,
    policy: Option<&str>,
) -> Result<Outcome, Refusal> {
    match resource {
        ResourceId::Stream { group } => {
            let stream = state.by_group(GroupId(*group)).ok_or(Refusal::NoStream)?;
            if policy.is_none() && stream.policy.is_none() {
                return Err(Refusal::NoPolicy);
            }
            change(state, *group, |stream| {
                not_deleting(stream)?;
                stream.policy = policy.map(Arc::from);
                Ok(())
            })
        }
        ResourceId::Consumer { group, name, created_second } => change(state, *group, |stream| {
            let consumer = crate::consumers::registered(stream, name, *created_second)?;
            if policy.is_none() && consumer.policy.is_none() {
                return Err(Refusal::NoPolicy);
            }
            consumer.policy = policy.map(str::to_owned);
            Ok(())
        }),
        ResourceId::Queue { group } => crate::queues::change(state, *group, |queue| {
            crate::queues::not_deleting(queue)?;
            if policy.is_none() && queue.policy.is_none() {
                return Err(Refusal::NoPolicy);
            }
            queue.policy = policy.map(str::to_owned);
            Ok(())
        }),
        // Channels have none (botocore, `PutResourcePolicy`: a data stream, a queue, or a consumer).
        ResourceId::Channel { .. } => Err(Refusal::Malformed("a channel has no policy")),
    }
}
