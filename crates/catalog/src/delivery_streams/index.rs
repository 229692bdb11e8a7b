//! The delivery streams that there are, found by group and by name.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use millstream_replica::GroupId;
use millstream_types::{AccountId, DeliveryStreamName, Region};

use super::DeliveryStream;
use crate::state::Scope;

/// All delivery streams.
#[derive(Debug, Default)]
pub struct DeliveryStreams {
    by_group: BTreeMap<GroupId, Arc<DeliveryStream>>,
    // What follows is made from `by_group`.
    by_name: HashMap<Scope, BTreeMap<DeliveryStreamName, GroupId>>,
}

impl DeliveryStreams {
    /// A delivery stream by the group of its data logs.
    pub fn by_group(&self, group: GroupId) -> Option<&Arc<DeliveryStream>> {
        self.by_group.get(&group)
    }

    /// A delivery stream by name.
    pub fn lookup(
        &self,
        account: AccountId,
        region: &Region,
        name: &DeliveryStreamName,
    ) -> Option<&Arc<DeliveryStream>> {
        self.by_name(&(account, region.clone()), name)
    }

    /// All delivery streams, by group.
    pub fn all(&self) -> impl Iterator<Item = &Arc<DeliveryStream>> {
        self.by_group.values()
    }

    /// The delivery streams of an account and region by name, after a name.
    pub fn list(
        &self,
        account: AccountId,
        region: &Region,
        after: Option<&DeliveryStreamName>,
    ) -> impl Iterator<Item = &Arc<DeliveryStream>> {
        let start = after.map_or(Unbounded, Excluded);
        let names = self.by_name.get(&(account, region.clone()));
        names
            .into_iter()
            .flat_map(move |names| names.range((start, Unbounded)))
            .filter_map(|(_, group)| self.by_group.get(group))
    }

    /// The other regions of the account in which the name exists.
    pub fn elsewhere(
        &self,
        account: AccountId,
        region: &Region,
        name: &DeliveryStreamName,
    ) -> Vec<Region> {
        let others = self.by_name.iter().filter(|((owner, other), names)| {
            *owner == account && other != region && names.contains_key(name)
        });
        let mut regions: Vec<Region> = others.map(|((_, other), _)| other.clone()).collect();
        regions.sort();
        regions
    }

    pub(super) fn by_name(
        &self,
        scope: &Scope,
        name: &DeliveryStreamName,
    ) -> Option<&Arc<DeliveryStream>> {
        self.by_group.get(self.by_name.get(scope)?.get(name)?)
    }

    /// How many an account has in a region, in whatever status.
    pub(super) fn count(&self, scope: &Scope) -> u64 {
        self.by_name.get(scope).map_or(0, |names| names.len() as u64)
    }

    /// Puts a delivery stream in, or what became of it.
    pub(super) fn put(&mut self, stream: DeliveryStream) -> Arc<DeliveryStream> {
        let stream = Arc::new(stream);
        if self.by_group.insert(stream.data_group, stream.clone()).is_none() {
            let scope = (stream.account, stream.region.clone());
            let names = self.by_name.entry(scope).or_default();
            names.insert(stream.name.clone(), stream.data_group);
        }
        stream
    }

    /// Takes a delivery stream out.
    pub(super) fn remove(&mut self, group: GroupId) {
        let Some(stream) = self.by_group.remove(&group) else { return };
        let scope = (stream.account, stream.region.clone());
        if let Some(names) = self.by_name.get_mut(&scope) {
            names.remove(&stream.name);
            if names.is_empty() {
                self.by_name.remove(&scope);
            }
        }
    }

    /// Handles to all, for a snapshot.
    pub(crate) fn handles(&self) -> BTreeMap<GroupId, Arc<DeliveryStream>> {
        self.by_group.clone()
    }
}
