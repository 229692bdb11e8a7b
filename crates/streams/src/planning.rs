//! The way to equal shards, followed in advance for the command that begins it.

use std::sync::Arc;

use millstream_catalog::{ScalingPlan, Stream, plan_scaling};

use crate::errors::Refusal;
use crate::service::Streams;

impl Streams {
    /// The plan of a stream's way to `target` equal shards; what has no room is refused here, before the catalog hears
    /// of it. Thousands of shards take a good part of a second: off the runtime, and one plan at a time, so that those
    /// who ask again and again take one core at most.
    pub(crate) async fn plan_scaling(
        &self,
        stream: &Arc<Stream>,
        target: u32,
    ) -> Result<ScalingPlan, Refusal> {
        let shards_max = self.limits.shards_max;
        let _alone = self.planning.lock().await;
        let room = self.catalog.read(|state| state.room(stream, shards_max));
        let planned = stream.clone();
        let plan = move || plan_scaling(&planned, target, room, shards_max);
        let plan = tokio::task::spawn_blocking(plan).await;
        let plan = plan.map_err(|error| Refusal::Catalog(error.to_string()))?;
        plan.map_err(|why| self.refused(stream, why))
    }

    /// A refusal of a command about a stream.
    pub(crate) fn refused(&self, stream: &Stream, why: millstream_catalog::Refusal) -> Refusal {
        Refusal::Change { stream: stream.name.clone(), account: stream.account, why }
    }
}
