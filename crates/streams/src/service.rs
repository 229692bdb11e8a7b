//! The service and what it stands on.

use std::sync::Arc;

use millstream_catalog::Catalog;
use millstream_counters::Counter;
use millstream_faults::Faults;
use millstream_log::{FramePool, Log};
use millstream_types::{Clock, Millis, Random};
use millstream_vault::Vault;
use tokio::sync::{Semaphore, watch};

use crate::delivery::Delivery;
use crate::encryption::Sealers;
use crate::fan_out::FanOut;
use crate::limits::{FRAME_POOL_BYTES_MAX, Limits};
use crate::owner::Owner;
use crate::put_failures::PutFailures;
use crate::queue::OpenQueues;
use crate::rates::Rates;
use crate::runtime::Runtimes;
use crate::scaling::ScalingCounters;
use crate::token::TokenSealer;

/// What the service is built from.
pub struct Parts {
    /// Streams and shards.
    pub catalog: Arc<Catalog>,
    /// Records.
    pub log: Arc<dyn Log>,
    /// Service time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, fit for secrets: ids, salts, data keys.
    pub random: Arc<dyn Random>,
    /// What delivers the records of channels; [`crate::NoDelivery`] refuses them.
    pub delivery: Arc<dyn Delivery>,
    /// Quotas and rates.
    pub limits: Limits,
    /// Keys.
    pub vault: Arc<Vault>,
}

/// Data Streams.
pub struct Streams {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) owner: Owner,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) delivery: Arc<dyn Delivery>,
    pub(crate) limits: Limits,
    pub(crate) sealer: TokenSealer,
    pub(crate) runtimes: Runtimes,
    pub(crate) rates: Rates,
    /// Steps of the lifecycle that failed and are tried again.
    pub(crate) lifecycle_failures: Counter,
    pub(crate) scaling: ScalingCounters,
    /// Held while the way to equal shards is planned.
    pub(crate) planning: tokio::sync::Mutex<()>,
    pub(crate) put_failures: PutFailures,
    pub(crate) frames: FramePool,
    pub(crate) replies: Arc<Semaphore>,
    /// Changes whenever service time was moved by hand.
    jumps: watch::Receiver<()>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) sealers: Arc<Sealers>,
    /// Subscriptions of consumers.
    pub(crate) fan_out: FanOut,
    pub(crate) queues: OpenQueues,
}

/// The unit in which memory for replies is reserved.
pub(crate) const REPLY_PERMIT_BYTES: usize = 64 * 1024;

impl Streams {
    /// The service.
    pub fn new(parts: Parts) -> Arc<Self> {
        let (jumped, jumps) = watch::channel(());
        parts.clock.on_jump(Box::new(move || jumped.send_modify(|()| {})));
        let reply_permits = reply_permits(&parts.limits);
        Arc::new(Streams {
            catalog: parts.catalog,
            owner: Owner::here(parts.log.clone()),
            log: parts.log,
            clock: parts.clock,
            random: parts.random.clone(),
            delivery: parts.delivery,
            fan_out: FanOut::new(parts.limits.subscription_bytes_max),
            limits: parts.limits,
            sealer: TokenSealer::new(parts.vault.token_key()),
            runtimes: Runtimes::default(),
            rates: Rates::default(),
            lifecycle_failures: Counter::new(),
            scaling: ScalingCounters::default(),
            planning: Default::default(),
            put_failures: PutFailures::default(),
            frames: FramePool::new(FRAME_POOL_BYTES_MAX),
            replies: Arc::new(Semaphore::new(reply_permits)),
            jumps,
            faults: Arc::default(),
            vault: parts.vault,
            sealers: Arc::new(Sealers::new(parts.random)),
            queues: OpenQueues::default(),
        })
    }

    /// Permits of [`REPLY_PERMIT_BYTES`] that all replies share.
    pub(crate) fn reply_permits(&self) -> usize {
        reply_permits(&self.limits)
    }

    /// Service time.
    pub(crate) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Changes whenever service time was moved by hand: whoever waits in real time for a moment of service time waits
    /// for this too. Marked as seen at the moment of the call.
    pub fn jumps(&self) -> watch::Receiver<()> {
        let mut jumps = self.jumps.clone();
        jumps.mark_unchanged();
        jumps
    }

    /// The faults to inject: none unless someone adds a rule.
    pub fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }
}

fn reply_permits(limits: &Limits) -> usize {
    let permits = limits.reply_bytes_max as usize / REPLY_PERMIT_BYTES;
    permits.clamp(1, Semaphore::MAX_PERMITS)
}
