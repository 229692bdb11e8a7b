//! Back to an empty service, for tests: everything is deleted by the operations that clients use.

use millstream_api::ops::{DeleteChannelInput, DeleteQueueInput, DeleteStreamInput};
use millstream_api::{Error, ErrorCode};
use millstream_catalog::{CapacityCommand, Outcome, Stream, StreamStatus};
use millstream_log::GroupId;

use crate::caller::Caller;
use crate::errors::Refusal;
use crate::service::Streams;

impl Streams {
    /// Deletes every stream of every account and region, whatever it has, waits until all are gone, and forgets the
    /// settings of accounts and what call rates have counted. Returns how many there were. What others make meanwhile
    /// stays.
    pub async fn reset(&self) -> Result<u64, Error> {
        self.catalog.barrier().await.map_err(|error| Refusal::Catalog(error.to_string()))?;
        let groups: Vec<GroupId> =
            self.catalog.read(|state| state.streams().map(|stream| stream.group).collect());
        // All are on their way out before any is waited for: a delay of transitions passes once.
        for wait in [false, true] {
            for group in &groups {
                self.remove(*group, wait).await?;
            }
        }
        let forget = CapacityCommand::ForgetCommitments.into();
        match self.catalog.submit(&forget).await {
            Ok(Outcome::Refused(why)) => {
                return Err(Refusal::Catalog(format!("settings are left: {why:?}")).into());
            }
            Ok(_) => {}
            Err(error) => return Err(Refusal::Catalog(error.to_string()).into()),
        }
        self.rates.clear();
        Ok(groups.len() as u64)
    }

    /// Deletes a stream; with `wait`, until it is gone, and otherwise if its status allows it now.
    async fn remove(&self, group: GroupId, wait: bool) -> Result<(), Error> {
        let mut changes = self.catalog.changes();
        loop {
            changes.mark_unchanged();
            let Some(stream) = self.catalog.by_group(group) else { return Ok(()) };
            if stream.status == StreamStatus::Active {
                // Another request may have been faster: then its status is another one by now.
                let refused = self.delete_with_everything(&stream).await.err();
                let still = self.catalog.by_group(group).is_some_and(|now| now == stream);
                if let Some(error) = refused.filter(|_| still) {
                    return Err(error);
                }
                if wait {
                    continue;
                }
            }
            if !wait {
                return Ok(());
            }
            let stopped = |_| Refusal::Catalog("the catalog stopped".into());
            changes.changed().await.map_err(stopped)?;
        }
    }

    /// Deletes a stream with all that belongs to it. Queues and channels block its deletion until they are gone.
    async fn delete_with_everything(&self, stream: &Stream) -> Result<(), Error> {
        let caller = Caller::internal(stream.account, stream.region.clone());
        let mut changes = self.catalog.changes();
        loop {
            changes.mark_unchanged();
            let (queues, channels) = self.catalog.read(|state| {
                let queues = state.queues().all().filter(|queue| queue.stream == stream.group);
                let channels = state.channels_of(stream.group);
                let queues: Vec<_> = queues.map(|queue| queue.arn().to_string()).collect();
                let channels: Vec<_> = channels.map(|channel| channel.arn().to_string()).collect();
                (queues, channels)
            });
            if queues.is_empty() && channels.is_empty() {
                break;
            }
            for queue_arn in queues {
                match self.delete_queue(&caller, DeleteQueueInput { queue_arn }).await {
                    // Only some may be DELETING at once: the others follow them.
                    Err(error) if error.code == ErrorCode::LimitExceededException => break,
                    other => other?,
                }
            }
            for channel_arn in channels {
                self.delete_channel(&caller, DeleteChannelInput { channel_arn }).await?;
            }
            let stopped = |_| Refusal::Catalog("the catalog stopped".into());
            changes.changed().await.map_err(stopped)?;
        }
        let input = DeleteStreamInput {
            stream_name: Some(stream.name.to_string()),
            enforce_consumer_deletion: Some(true),
            stream_arn: None,
            stream_id: None,
        };
        self.delete_stream(&caller, input).await
    }
}
