//! The lifecycle of channels: CREATING, UPDATING and DELETING end here, and delivery begins again after each start.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use millstream_catalog::{Channel, ChannelCommand, ChannelStatus, Command};
use millstream_types::{ChannelId, Millis};

use crate::delivery::DeliveryFailure;
use crate::errors::{ChangeOf, Refusal};
use crate::lifecycle::WAIT_MIN;
use crate::service::Streams;

/// Longest reason that is kept, in characters (botocore, `ChannelStatusReason`).
const REASON_CHARS_MAX: usize = 2048;

/// The channels whose delivery was begun since the node's start.
#[derive(Default)]
pub struct Delivering(HashSet<ChannelId>);

impl Streams {
    /// Does all that is due now of channels, and says how long nothing more will be.
    pub(crate) async fn pass_channels(
        &self,
        delivering: &mut Delivering,
        now: Millis,
        delay: Duration,
    ) -> Duration {
        let channels: Vec<Arc<Channel>> =
            self.catalog.read(|state| state.channels().cloned().collect());
        delivering.0.retain(|id| channels.iter().any(|channel| channel.id == *id));
        let mut wait = Duration::MAX;
        for channel in channels {
            let due = channel.status_since.plus(delay);
            let changes = match channel.status {
                ChannelStatus::Creating | ChannelStatus::Updating | ChannelStatus::Deleting => true,
                ChannelStatus::Active | ChannelStatus::Failed => false,
            };
            if changes && now < due {
                wait = wait.min(due.since(now).max(WAIT_MIN));
                continue;
            }
            if let Err(why) = self.step_channel(&channel, delivering).await {
                self.lifecycle_failures.add(1);
                let (id, status) = (&channel.id, channel.status);
                tracing::warn!(channel = %id, ?status, ?why, "a channel's step is not done yet; it is tried again");
            }
        }
        wait
    }

    async fn step_channel(
        &self,
        channel: &Arc<Channel>,
        delivering: &mut Delivering,
    ) -> Result<(), StepFailure> {
        let id = channel.id.to_string();
        let step = match channel.status {
            ChannelStatus::Failed => return Ok(()),
            ChannelStatus::Active if delivering.0.contains(&channel.id) => return Ok(()),
            ChannelStatus::Creating | ChannelStatus::Active => {
                self.delivery.start(channel.clone()).await
            }
            // After a start of the node there is nothing yet that could be told of the change.
            ChannelStatus::Updating if !delivering.0.contains(&channel.id) => {
                self.delivery.start(channel.clone()).await
            }
            ChannelStatus::Updating => self.delivery.update(channel.clone()).await,
            ChannelStatus::Deleting => self.delivery.stop(channel.clone()).await,
        };
        let failed = match step {
            Ok(()) => None,
            // A destination that is gone does not keep its channel from being deleted.
            Err(DeliveryFailure::Final(why)) => Some(why.chars().take(REASON_CHARS_MAX).collect()),
            Err(DeliveryFailure::Retry(why)) => return Err(StepFailure::Delivery(why)),
        };
        if channel.status == ChannelStatus::Deleting {
            self.settle(channel, &ChannelCommand::Remove { id }.into()).await?;
            delivering.0.remove(&channel.id);
            return Ok(());
        }
        match &failed {
            None => delivering.0.insert(channel.id.clone()),
            Some(_) => delivering.0.remove(&channel.id),
        };
        if channel.status != ChannelStatus::Active || failed.is_some() {
            let at = self.now().0;
            self.settle(channel, &ChannelCommand::Settle { id, failed, at }.into()).await?;
        }
        Ok(())
    }

    async fn settle(&self, channel: &Channel, command: &Command) -> Result<(), StepFailure> {
        let of = ChangeOf::Other(channel.arn().to_string());
        self.submit_of(&of, command).await.map_err(StepFailure::Catalog)?;
        Ok(())
    }
}

/// Why a step is to be tried again; for the log.
#[derive(Debug)]
enum StepFailure {
    /// What delivery says.
    Delivery(#[allow(dead_code)] String), // read by Debug only
    /// The catalog's refusal.
    Catalog(#[allow(dead_code)] Refusal), // read by Debug only
}
