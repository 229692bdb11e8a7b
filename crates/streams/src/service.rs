//! The service and what it stands on.

use std::sync::Arc;

use millstream_catalog::Catalog;
use millstream_counters::Counter;
use millstream_log::{FramePool, Log};
use millstream_types::{Clock, Millis, Random};
use tokio::sync::Semaphore;

use crate::limits::{FRAME_POOL_BYTES_MAX, Limits};
use crate::owner::Owner;
use crate::queue::OpenQueues;
use crate::rates::Rates;
use crate::runtime::Runtimes;
use crate::token::TokenSealer;

/// What the service is built from.
pub struct Parts {
    /// Streams and shards.
    pub catalog: Arc<Catalog>,
    /// Records.
    pub log: Arc<dyn Log>,
    /// Service time.
    pub clock: Arc<dyn Clock>,
    /// Quotas and rates.
    pub limits: Limits,
    /// Ids of queues, sessions of their state.
    pub random: Arc<dyn Random>,
}

/// Data Streams.
pub struct Streams {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) owner: Owner,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) sealer: TokenSealer,
    pub(crate) runtimes: Runtimes,
    pub(crate) rates: Rates,
    /// Steps of the lifecycle that failed and are tried again.
    pub(crate) lifecycle_failures: Counter,
    pub(crate) frames: FramePool,
    pub(crate) replies: Arc<Semaphore>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) queues: OpenQueues,
}

/// The unit in which memory for replies is reserved.
pub(crate) const REPLY_PERMIT_BYTES: usize = 64 * 1024;

impl Streams {
    /// The service over a catalog that has its secrets (`token_key` is theirs).
    pub fn new(parts: Parts, token_key: &[u8; 32]) -> Arc<Self> {
        let reply_permits = (parts.limits.reply_bytes_max as usize / REPLY_PERMIT_BYTES).max(1);
        Arc::new(Streams {
            catalog: parts.catalog,
            owner: Owner::here(parts.log.clone()),
            log: parts.log,
            clock: parts.clock,
            limits: parts.limits,
            sealer: TokenSealer::new(token_key),
            runtimes: Runtimes::default(),
            rates: Rates::default(),
            lifecycle_failures: Counter::new(),
            frames: FramePool::new(FRAME_POOL_BYTES_MAX),
            replies: Arc::new(Semaphore::new(reply_permits.min(Semaphore::MAX_PERMITS))),
            random: parts.random,
            queues: OpenQueues::default(),
        })
    }

    /// Service time.
    pub(crate) fn now(&self) -> Millis {
        self.clock.now()
    }
}
