//! Firehose and the delivery of channels, put together.

use std::sync::Arc;

use millstream_catalog::Catalog;
use millstream_firehose::{
    Deliveries, DeliveryParts, Firehose, Lifecycle, Limits, Parts, RuntimeParts, Runtimes,
};
use millstream_log::Log;
use millstream_sinks::Outside;
use millstream_streams::Streams;
use millstream_types::{Clock, Random};
use millstream_vault::Vault;

use crate::background::Handles;

/// What every service stands on.
pub struct Foundation {
    pub catalog: Arc<Catalog>,
    pub log: Arc<dyn Log>,
    pub vault: Arc<Vault>,
}

/// What delivers, before there is a service that tells it to.
pub struct Delivering {
    pub deliveries: Arc<Deliveries>,
    foundation: Foundation,
    outside: Arc<Outside>,
    runtimes: Arc<Runtimes>,
    clock: Arc<dyn Clock>,
}

/// Firehose at work.
pub struct Serving {
    pub service: Arc<Firehose>,
    pub runtimes: Arc<Runtimes>,
    lifecycle: Lifecycle,
}

impl Delivering {
    /// Nothing is delivered yet.
    pub fn new(
        foundation: Foundation,
        outside: Outside,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        background: Handles,
    ) -> Self {
        let outside = Arc::new(outside);
        let runtimes = Runtimes::new(RuntimeParts {
            log: foundation.log.clone(),
            clock: clock.clone(),
            random,
            sinks: outside.clone(),
            background: background.work,
            computing: background.computing,
            memory_bytes: RuntimeParts::MEMORY_BYTES,
            partitions_max: RuntimeParts::PARTITIONS_MAX,
        });
        let deliveries = Deliveries::new(DeliveryParts {
            catalog: foundation.catalog.clone(),
            log: foundation.log.clone(),
            vault: foundation.vault.clone(),
            sinks: outside.clone(),
            runtimes: runtimes.clone(),
        });
        Delivering { deliveries, foundation, outside, runtimes, clock }
    }

    /// Starts the service; `streams` are the sources of delivery streams, and have channels.
    pub fn serve(self, streams: &Arc<Streams>, limits: Limits) -> Serving {
        self.deliveries.attach(streams);
        let Foundation { catalog, log, vault } = self.foundation;
        let service = Firehose::new(Parts {
            catalog,
            log,
            clock: self.clock,
            vault,
            sinks: self.outside,
            pipelines: self.deliveries,
            limits,
        });
        let lifecycle = service.start_lifecycle();
        Serving { service, runtimes: self.runtimes, lifecycle }
    }
}

impl Serving {
    /// Ends what is under way; it goes on at the next start.
    pub async fn stop(self) {
        self.lifecycle.stop().await;
        self.runtimes.stop_all().await;
    }
}
