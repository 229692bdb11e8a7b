//! What else is known of a stream, in a structure of its own that older snapshots do not have.

use std::sync::Arc;

use minicbor::{Decode, Encode};

use crate::shard_metrics::ShardMetrics;
use crate::stream::Stream;

/// Monitoring and policy; absent where there is neither.
#[derive(Encode, Decode)]
pub struct StoredSettings {
    /// The shard-level metrics that are on, a bit for each.
    #[n(0)]
    shard_metrics: u8,
    #[n(1)]
    policy: Option<String>,
}

impl StoredSettings {
    /// Of a stream.
    pub fn of(stream: &Stream) -> Option<Self> {
        let shard_metrics = stream.shard_metrics.bits();
        let policy = stream.policy.as_deref().map(str::to_owned);
        (shard_metrics != 0 || policy.is_some()).then_some(StoredSettings { shard_metrics, policy })
    }

    /// Metrics and policy.
    pub fn restore(settings: Option<Self>) -> (ShardMetrics, Option<Arc<str>>) {
        settings.map_or_else(Default::default, |settings| {
            (ShardMetrics::from_bits(settings.shard_metrics), settings.policy.map(Arc::from))
        })
    }
}
