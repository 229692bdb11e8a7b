//! The background service that finishes what operations began: CREATING, UPDATING and DELETING end here, of streams and
//! of consumers, and shards whose records are all beyond the retention expire.
//!
//! Its queue is the catalog itself: whatever is unfinished there is taken up again after a crash, and each step may be
//! done twice. So its memory and its work are bounded by the quotas of streams.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use millstream_catalog::{CapacityCommand, Command, ShardState, Stream, StreamMode, StreamStatus};
use millstream_log::{Class, GroupId, GroupSpec, Log, LogError};
use millstream_types::{Millis, ShardId};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::channels::Delivering;
use crate::errors::Refusal;
use crate::owner::Owner;
use crate::scaling::Watches;
use crate::service::Streams;

/// How often expiry is looked at, and what failed is tried again.
const PASS_EVERY: Duration = Duration::from_secs(1);
/// The shortest wait for a delay that the service clock decides.
pub(crate) const WAIT_MIN: Duration = Duration::from_millis(5);

/// The running service.
pub struct Lifecycle {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Lifecycle {
    /// Ends the step that is under way and stops; what is unfinished goes on at the next start.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

/// The settings of a stream's log group.
pub(crate) fn group_spec(stream: &Stream) -> GroupSpec {
    GroupSpec {
        class: Class::Data,
        keep: Some(stream.retention()),
        record_bytes_max: stream.max_record_size_kib.saturating_mul(1024),
    }
}

impl Streams {
    /// Starts the service. Needs a tokio runtime.
    pub fn start_lifecycle(self: &Arc<Self>) -> Lifecycle {
        let (stop, mut stopped) = watch::channel(false);
        let streams = self.clone();
        let task = tokio::spawn(async move {
            let opening = tokio::spawn(streams.clone().open_known_queues());
            let mut changes = streams.catalog.changes();
            let mut jumps = streams.jumps();
            let mut configured = Configured::of(&*streams.log).await;
            loop {
                changes.mark_unchanged();
                jumps.mark_unchanged();
                let wait = streams.pass(&mut configured, &stopped).await;
                tokio::select! {
                    _ = stopped.wait_for(|stop| *stop) => break,
                    changed = changes.changed() => {
                        if changed.is_err() {
                            break;
                        }
                    }
                    // A clock that is gone is never moved again.
                    Ok(()) = jumps.changed() => {}
                    () = tokio::time::sleep(wait) => {}
                }
            }
            opening.abort();
            let _ = opening.await;
            streams.close_queues().await;
        });
        Lifecycle { stop, task }
    }

    /// Does all that is due now, and says how long nothing more will be.
    async fn pass(&self, configured: &mut Configured, stopped: &watch::Receiver<bool>) -> Duration {
        let now = self.now();
        let delay = Duration::from_millis(self.limits.transition_delay_ms);
        let streams: Vec<Arc<Stream>> =
            self.catalog.read(|state| state.streams().cloned().collect());
        configured
            .specs
            .retain(|group, _| streams.binary_search_by_key(group, |stream| stream.group).is_ok());
        configured.watches.keep(&streams);
        let channels = self.pass_channels(&mut configured.channels, now, delay).await;
        let mut wait = channels.min(PASS_EVERY);
        if let Some(due) = self.pass_queues(now, delay).await {
            wait = wait.min(due.max(WAIT_MIN));
        }
        for stream in streams {
            if *stopped.borrow() {
                break;
            }
            match self.step_consumers(&stream, now, delay).await {
                Ok(left) => wait = left.map_or(wait, |left| wait.min(left.max(WAIT_MIN))),
                Err(why) => {
                    self.lifecycle_failures.add(1);
                    tracing::warn!(stream = %stream.name, ?why, "a consumer's change is tried again");
                }
            }
            let due = stream.status_since.plus(delay);
            if stream.status != StreamStatus::Active && now < due {
                wait = wait.min(due.since(now).max(WAIT_MIN));
                continue;
            }
            if let Err(why) = self.step(&stream, configured, now).await {
                self.lifecycle_failures.add(1);
                let (name, status) = (&stream.name, stream.status);
                tracing::warn!(stream = %name, ?status, ?why, "a change is not finished yet; it is tried again");
            }
        }
        wait
    }

    async fn step(
        &self,
        stream: &Arc<Stream>,
        configured: &mut Configured,
        now: Millis,
    ) -> Result<(), Refusal> {
        let group = stream.group.0;
        match stream.status {
            StreamStatus::Creating => {
                self.log
                    .create(stream.group, group_spec(stream), stream.shards.len() as u32)
                    .await?;
                configured.specs.insert(stream.group, group_spec(stream));
                self.change(stream, &Command::Activate { group, at: now.0 }).await?;
            }
            StreamStatus::Updating => {
                self.configure(stream, configured).await?;
                let changed = match &stream.reshard {
                    Some(_) => self.finish_reshard(stream).await?,
                    None => stream.clone(),
                };
                // One step at a time: each is a change that brings the next pass, and others have their turn between.
                let next = match changed.capacity.scaling {
                    Some(_) => CapacityCommand::ContinueScaling { group }.into(),
                    None => Command::Activate { group, at: now.0 },
                };
                self.change(stream, &next).await?;
            }
            StreamStatus::Active => {
                self.configure(stream, configured).await?;
                // Before service time reaches it, or it would hide what arrives from now on after all.
                if stream.is_from_a_wrong_clock(now) {
                    self.change(stream, &Command::ReturnHorizon { group, at: now.0 }).await?;
                }
                self.expire_shards(stream, now).await?;
                if stream.mode == StreamMode::OnDemand {
                    self.scale_by_traffic(stream, &mut configured.watches, now).await?;
                }
            }
            StreamStatus::Deleting => {
                self.log.delete(stream.group).await?;
                self.submit(&stream.name, stream.account, &Command::RemoveStream { group }).await?;
                self.runtimes.forget(stream.group);
                self.sealers.forget(stream.group);
                self.vault.forget(group);
                self.fan_out.forget(stream.group);
                configured.specs.remove(&stream.group);
            }
        }
        Ok(())
    }

    /// Seals the parents; their children open with the command that knows the ends.
    async fn finish_reshard(&self, stream: &Arc<Stream>) -> Result<Arc<Stream>, Refusal> {
        let Some(reshard) = &stream.reshard else { return Ok(stream.clone()) };
        self.log.grow(stream.group, stream.shards.len() as u32).await?;
        // All are asked for before the first is waited for, so that they share their commits.
        let seal = |parent: &ShardId| self.log.seal(Owner::log_of(stream.group, *parent));
        let sealed: Vec<_> = reshard.parents.iter().map(seal).collect();
        let mut ends = Vec::with_capacity(sealed.len());
        for end in sealed {
            ends.push(end.await?.0);
        }
        // The time comes after the seals, so that it is not before the last record's arrival.
        let (group, at) = (stream.group.0, self.now().0);
        self.change(stream, &Command::FinishReshard { group, ends, at }).await
    }

    /// Makes the log's settings those of the catalog, where they differ.
    async fn configure(
        &self,
        stream: &Stream,
        configured: &mut Configured,
    ) -> Result<(), LogError> {
        let spec = group_spec(stream);
        if configured.specs.get(&stream.group) != Some(&spec) {
            self.log.configure(stream.group, spec).await?;
            configured.specs.insert(stream.group, spec);
        }
        Ok(())
    }

    async fn expire_shards(&self, stream: &Stream, now: Millis) -> Result<(), Refusal> {
        let closed =
            stream.shards.iter().any(|shard| matches!(shard.state, ShardState::Closed { .. }));
        if !closed {
            return Ok(());
        }
        let horizon = stream.horizon(now);
        let ends = stream.ends();
        let over = |shard: &millstream_catalog::Shard| {
            matches!(shard.state, ShardState::Closed { .. })
                && ends.get(&shard.id).is_some_and(|end| *end <= horizon)
        };
        if stream.shards.iter().any(over) {
            let command = Command::ExpireShards { group: stream.group.0, before: horizon.0 };
            self.change(stream, &command).await?;
        }
        Ok(())
    }
}

/// What the log groups' settings are known to be, what is known of the traffic of on-demand streams, and which channels
/// are known to deliver.
struct Configured {
    specs: HashMap<GroupId, GroupSpec>,
    watches: Watches,
    channels: Delivering,
}

impl Configured {
    /// What the log says of itself; nothing if it cannot, and then each group is configured once more.
    async fn of(log: &dyn Log) -> Self {
        let groups = log.groups().await.unwrap_or_default();
        let specs = groups.into_iter().map(|(group, spec, _)| (group, spec)).collect();
        Configured { specs, watches: Watches::default(), channels: Delivering::default() }
    }
}
