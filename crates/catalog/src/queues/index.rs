//! The queues that there are, found by group, id, name and stream.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use millstream_replica::GroupId;
use millstream_types::{AccountId, QueueArn, QueueName, Region};

use super::{Queue, QueueStatus};
use crate::state::Scope;

/// All queues.
#[derive(Debug, Default)]
pub struct Queues {
    by_group: BTreeMap<GroupId, Arc<Queue>>,
    // What follows is made from `by_group`.
    by_id: HashMap<String, GroupId>,
    by_name: HashMap<Scope, BTreeMap<QueueName, GroupId>>,
    of_stream: HashMap<GroupId, u64>,
}

impl Queues {
    /// A queue by its own group.
    pub fn by_group(&self, group: GroupId) -> Option<&Arc<Queue>> {
        self.by_group.get(&group)
    }

    /// A queue by its ARN.
    pub fn by_arn(&self, arn: &QueueArn) -> Option<&Arc<Queue>> {
        let queue = self.by_group.get(self.by_id.get(arn.id.as_str())?)?;
        (queue.account == arn.account && queue.region == arn.region).then_some(queue)
    }

    /// All queues, by group.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Queue>> {
        self.by_group.values()
    }

    /// The queues of an account and region by name, after a name.
    pub fn list(
        &self,
        account: AccountId,
        region: &Region,
        after: Option<&QueueName>,
    ) -> impl Iterator<Item = &Arc<Queue>> {
        let start = after.map_or(Unbounded, Excluded);
        let names = self.by_name.get(&(account, region.clone()));
        names
            .into_iter()
            .flat_map(move |names| names.range((start, Unbounded)))
            .filter_map(|(_, group)| self.by_group.get(group))
    }

    /// How many queues read a stream, in whatever status.
    pub fn count_of(&self, stream: GroupId) -> u64 {
        self.of_stream.get(&stream).copied().unwrap_or(0)
    }

    /// Whether a name is taken.
    pub(crate) fn has_name(&self, scope: &Scope, name: &QueueName) -> bool {
        self.by_name.get(scope).is_some_and(|names| names.contains_key(name))
    }

    /// How many queues of an account and region have a status. Only few pass through CREATING and DELETING at once,
    /// but an account may have many that are ACTIVE: this looks at all of the account's.
    pub(crate) fn with_status(&self, scope: &Scope, status: QueueStatus) -> u64 {
        let groups = self.by_name.get(scope).into_iter().flat_map(|names| names.values());
        let queues = groups.filter_map(|group| self.by_group.get(group));
        queues.filter(|queue| queue.status == status).count() as u64
    }

    /// Puts a queue in, or its next version.
    pub(crate) fn put(&mut self, queue: Queue) -> Arc<Queue> {
        let queue = Arc::new(queue);
        if self.by_group.insert(queue.group, queue.clone()).is_none() {
            let scope = (queue.account, queue.region.clone());
            self.by_id.insert(queue.id.to_string(), queue.group);
            self.by_name.entry(scope).or_default().insert(queue.name.clone(), queue.group);
            *self.of_stream.entry(queue.stream).or_default() += 1;
        }
        queue
    }

    /// Takes a queue out.
    pub(crate) fn remove(&mut self, group: GroupId) -> Option<Arc<Queue>> {
        let queue = self.by_group.remove(&group)?;
        self.by_id.remove(queue.id.as_str());
        let scope = (queue.account, queue.region.clone());
        if let Some(names) = self.by_name.get_mut(&scope) {
            names.remove(&queue.name);
            if names.is_empty() {
                self.by_name.remove(&scope);
            }
        }
        if let Some(count) = self.of_stream.get_mut(&queue.stream) {
            *count -= 1;
            if *count == 0 {
                self.of_stream.remove(&queue.stream);
            }
        }
        Some(queue)
    }

    /// Handles to all queues, for a snapshot.
    pub(crate) fn handles(&self) -> BTreeMap<GroupId, Arc<Queue>> {
        self.by_group.clone()
    }
}
