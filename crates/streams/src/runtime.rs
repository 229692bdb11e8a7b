//! What the data plane keeps of a stream between requests: routing, limits, counts. A restart loses limits and counts
//! only; everything else is made from the catalog again.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use millstream_catalog::{ShardState, Stream};
use millstream_log::GroupId;
use millstream_types::{Clock, Millis, ShardId};

use crate::limits::Limits;
use crate::owner::{ShardLimits, StreamCounters};
use crate::routing::Routing;

/// A stream as one version of the catalog has it.
pub struct StreamRuntime {
    /// The catalog's entry.
    pub stream: Arc<Stream>,
    /// Which shard takes which key.
    pub routing: Routing,
    limits: Vec<Arc<ShardLimits>>,
    /// Whether shards limit writes at all. One look here spares one at each shard of a request.
    limits_writes: bool,
    /// The second in which each shard was created, side by side: a request touches hundreds of shards.
    created_seconds: Vec<u64>,
    /// Counts, kept from version to version.
    pub counters: Arc<StreamCounters>,
}

impl StreamRuntime {
    fn new(
        stream: Arc<Stream>,
        before: Option<&StreamRuntime>,
        limits: &Limits,
        now: Millis,
    ) -> Self {
        let takes_records =
            |state: &ShardState| matches!(state, ShardState::Open | ShardState::Closing);
        let open = stream.shards.iter().filter(|shard| takes_records(&shard.state));
        let routing = Routing::new(open.map(|shard| (shard.range.start, shard.id)).collect());
        let kept = |index: usize| before.and_then(|before| before.limits.get(index)).cloned();
        let fresh = || Arc::new(ShardLimits::new(limits, now));
        let limits: Vec<_> =
            (0..stream.shards.len()).map(|index| kept(index).unwrap_or_else(fresh)).collect();
        let limits_writes = limits.iter().any(|limits| limits.limit_writes());
        let created_seconds = stream.shards.iter().map(|shard| shard.created.seconds()).collect();
        let counters = before.map_or_else(Arc::default, |before| before.counters.clone());
        StreamRuntime { stream, routing, limits, limits_writes, created_seconds, counters }
    }

    /// The stream's log group.
    pub fn group(&self) -> GroupId {
        self.stream.group
    }

    /// The limits of a shard of this stream.
    pub fn limits_of(&self, shard: ShardId) -> &ShardLimits {
        &self.limits[shard.0 as usize]
    }

    /// The second in which a shard of this stream was created.
    pub fn creation_second_of(&self, shard: ShardId) -> u64 {
        self.created_seconds[shard.0 as usize]
    }

    /// Whether shards of this stream limit writes at all.
    pub fn limits_writes(&self) -> bool {
        self.limits_writes
    }
}

/// The runtimes of the streams in use.
#[derive(Default)]
pub struct Runtimes(RwLock<HashMap<GroupId, Arc<StreamRuntime>>>);

impl Runtimes {
    /// The runtime of a stream as the catalog has it now.
    pub fn of(
        &self,
        stream: &Arc<Stream>,
        limits: &Limits,
        clock: &dyn Clock,
    ) -> Arc<StreamRuntime> {
        let known =
            self.0.read().unwrap_or_else(PoisonError::into_inner).get(&stream.group).cloned();
        if let Some(known) = known.as_ref().filter(|known| Arc::ptr_eq(&known.stream, stream)) {
            return known.clone();
        }
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(&stream.group).cloned();
        // Another request may have been faster, and may hold a later version of the catalog than this one.
        match before {
            Some(before) if before.stream.version >= stream.version => before,
            before => {
                let before = before.as_deref();
                let runtime = StreamRuntime::new(stream.clone(), before, limits, clock.now());
                let runtime = Arc::new(runtime);
                all.insert(stream.group, runtime.clone());
                runtime
            }
        }
    }

    /// Forgets a stream that was deleted.
    pub fn forget(&self, group: GroupId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&group);
    }

    /// All runtimes, for those who show counts.
    pub fn all(&self) -> Vec<Arc<StreamRuntime>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
