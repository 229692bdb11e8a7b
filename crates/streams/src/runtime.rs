//! What the data plane keeps of a stream between requests: routing, limits, counts. A restart loses limits and counts
//! only; everything else is made from the catalog again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::sync::{Arc, PoisonError, RwLock};

use millstream_catalog::{ShardState, Stream};
use millstream_log::GroupId;
use millstream_types::{Clock, Millis, ShardId};

use crate::limits::Limits;
use crate::owner::{ShardLimits, StreamCounters};
use crate::routing::Routing;
use crate::shard_series::{Budget, StreamSeries};

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
    /// What is known of its traffic, kept likewise.
    pub traffic: Arc<Traffic>,
    /// Series of each shard, if any shard-level metric is switched on. One look here is all that others pay.
    pub(crate) series: Option<Arc<StreamSeries>>,
}

/// What a stream's distribution and scaling keep between requests.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Whose turn it is where the service chooses the shards.
    pub turn: AtomicUsize,
    /// The highest rate of the last minutes, in KiB/s, where traffic is watched.
    pub recent_kibps: AtomicU32,
}

impl StreamRuntime {
    fn new(
        stream: Arc<Stream>,
        before: Option<&StreamRuntime>,
        budget: &Arc<Budget>,
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
        let traffic = before.map_or_else(Arc::default, |before| before.traffic.clone());
        let before = before.and_then(|before| before.series.as_deref());
        let series = StreamSeries::of(&stream, before, budget);
        StreamRuntime {
            stream,
            routing,
            limits,
            limits_writes,
            created_seconds,
            counters,
            traffic,
            series,
        }
    }

    /// The stream's log group.
    pub fn group(&self) -> GroupId {
        self.stream.group
    }

    /// The limits of a shard of this stream.
    pub fn limits_of(&self, shard: ShardId) -> &ShardLimits {
        &self.limits[shard.0 as usize]
    }

    /// The limits of a shard, unless it is newer than this runtime.
    pub fn known_limits_of(&self, shard: ShardId) -> Option<&ShardLimits> {
        self.limits.get(shard.0 as usize).map(|limits| &**limits)
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
pub struct Runtimes {
    by_group: RwLock<HashMap<GroupId, Arc<StreamRuntime>>>,
    /// What the series of all shards hold.
    pub(crate) series_budget: Arc<Budget>,
}

impl Runtimes {
    /// The runtime of a stream as the catalog has it now.
    pub fn of(
        &self,
        stream: &Arc<Stream>,
        limits: &Limits,
        clock: &dyn Clock,
    ) -> Arc<StreamRuntime> {
        let known = self
            .by_group
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&stream.group)
            .cloned();
        if let Some(known) = known.as_ref().filter(|known| Arc::ptr_eq(&known.stream, stream)) {
            return known.clone();
        }
        let mut all = self.by_group.write().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(&stream.group).cloned();
        // Another request may have been faster, and may hold a later version of the catalog than this one.
        match before {
            Some(before) if before.stream.version >= stream.version => before,
            before => {
                let (stream, budget) = (stream.clone(), &self.series_budget);
                let before = before.as_deref();
                let runtime = StreamRuntime::new(stream, before, budget, limits, clock.now());
                let runtime = Arc::new(runtime);
                all.insert(runtime.group(), runtime.clone());
                runtime
            }
        }
    }

    /// The runtime of a stream that is in use.
    pub fn known(&self, group: GroupId) -> Option<Arc<StreamRuntime>> {
        self.by_group.read().unwrap_or_else(PoisonError::into_inner).get(&group).cloned()
    }

    /// Forgets a stream that was deleted.
    pub fn forget(&self, group: GroupId) {
        self.by_group.write().unwrap_or_else(PoisonError::into_inner).remove(&group);
    }

    /// All runtimes, for those who show counts.
    pub fn all(&self) -> Vec<Arc<StreamRuntime>> {
        self.by_group.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
