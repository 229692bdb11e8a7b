//! The part of the lifecycle that finishes what was begun with queues. Each step may be done twice.

use std::sync::Arc;
use std::time::Duration;

use millstream_catalog::{
    CatalogError, Command, Outcome, Queue, QueueCommand, QueueStart, QueueStatus, ShardState,
    Stream,
};
use millstream_log::LogError;
use millstream_replica::ReplicaError;
use millstream_types::Millis;

use super::faults::QueueFault;
use super::machine::{Op, State};
use crate::errors::Refusal;
use crate::owner::Owner;
use crate::service::Streams;

impl Streams {
    /// Does what is due for queues; when something is due again, if that is known.
    pub(crate) async fn pass_queues(&self, now: Millis, delay: Duration) -> Option<Duration> {
        let queues: Vec<Arc<Queue>> = self.catalog.read(|state| {
            let changing = |queue: &&Arc<Queue>| queue.status != QueueStatus::Active;
            state.queues().all().filter(changing).cloned().collect()
        });
        let mut next: Option<Duration> = None;
        for queue in queues {
            let due = queue.status_since.plus(delay);
            if now < due {
                let wait = due.since(now);
                next = Some(next.map_or(wait, |next| next.min(wait)));
                continue;
            }
            if let Err(why) = self.step_queue(&queue, now).await {
                self.lifecycle_failures.add(1);
                let (name, status) = (&queue.name, queue.status);
                tracing::warn!(queue = %name, ?status, %why, "a change is not finished yet; it is tried again");
            }
        }
        next
    }

    async fn step_queue(&self, queue: &Arc<Queue>, now: Millis) -> Result<(), String> {
        let group = queue.group.0;
        let command = match queue.status {
            QueueStatus::Active => return Ok(()),
            QueueStatus::Creating => {
                let effective = self.begin(queue).await.map_err(|why| format!("{why:?}"))?;
                let effective_start = Some(effective.0);
                QueueCommand::Activate { group, at: now.0, effective_start }.into()
            }
            QueueStatus::Updating => {
                QueueCommand::Activate { group, at: now.0, effective_start: None }.into()
            }
            QueueStatus::Deleting => {
                self.queues.forget(queue.group).await;
                self.log.delete(queue.group).await.map_err(|why| why.to_string())?;
                QueueCommand::Remove { group }.into()
            }
        };
        match self.catalog.submit(&command).await {
            Ok(Outcome::Refused(why)) => Err(format!("{why:?}")),
            Ok(
                Outcome::Stream(_)
                | Outcome::Queue(_)
                | Outcome::Channel(_)
                | Outcome::DeliveryStream(_)
                | Outcome::Done,
            ) => Ok(()),
            Err(why) => Err(why.to_string()),
        }
    }

    /// Fixes where a queue begins; the time from which it delivers.
    async fn begin(&self, queue: &Queue) -> Result<Millis, QueueFault> {
        let log_error = |why| QueueFault::State(ReplicaError::Log(why));
        let now = self.now();
        let stream = self.catalog.by_group(queue.stream);
        let stream = stream.ok_or_else(|| QueueFault::NotFound(queue.stream_arn().to_string()))?;
        let oldest = stream.horizon(now).max(stream.created);
        let effective = match queue.start {
            QueueStart::Latest => now,
            QueueStart::TrimHorizon => oldest,
            QueueStart::AtTimestamp(at) => oldest.max(at),
        };
        let open = self.open_queue(queue).await?;
        if !open.replica.read(State::begun) {
            let op = self.beginning(queue, &stream, effective).await.map_err(log_error)?;
            open.submit(queue, now, op).await?;
        }
        Ok(effective)
    }

    /// The first position of each shard that is there.
    async fn beginning(
        &self,
        queue: &Queue,
        stream: &Stream,
        effective: Millis,
    ) -> Result<Op, LogError> {
        let (mut shards, mut skipped) = (Vec::new(), Vec::new());
        for shard in &stream.shards {
            let log = Owner::log_of(stream.group, shard.id);
            let latest = queue.start == QueueStart::Latest;
            match shard.state {
                // It comes when it opens, from its start.
                ShardState::Reserved => {}
                ShardState::Expired => skipped.push(shard.id.0),
                ShardState::Closed { .. } if latest => skipped.push(shard.id.0),
                ShardState::Open | ShardState::Closing if latest => {
                    shards.push((shard.id.0, self.log.bounds(log).await?.end.0));
                }
                ShardState::Open | ShardState::Closing | ShardState::Closed { .. } => {
                    shards.push((shard.id.0, self.log.find(log, effective).await?.0));
                }
            }
        }
        Ok(Op::Init { shards, skipped })
    }

    /// Sends a command about a queue.
    pub(crate) async fn change_queue(
        &self,
        account: millstream_types::AccountId,
        command: &Command,
    ) -> Result<Arc<Queue>, Refusal> {
        match self.catalog.submit(command).await {
            Ok(Outcome::Queue(queue)) => Ok(queue),
            Ok(
                Outcome::Stream(_)
                | Outcome::Channel(_)
                | Outcome::DeliveryStream(_)
                | Outcome::Done,
            ) => Err(Refusal::Catalog("a queue's command came to something else".into())),
            Ok(Outcome::Refused(why)) => Err(Refusal::QueueChange { account, why }),
            Err(CatalogError(ReplicaError::Unknown(why))) => Err(Refusal::ChangeUnknown(why)),
            Err(CatalogError(why)) => Err(Refusal::Catalog(why.to_string())),
        }
    }
}
