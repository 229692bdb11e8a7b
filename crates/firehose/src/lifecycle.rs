//! The background service that finishes what operations began: CREATING and DELETING end here, ENABLING and DISABLING,
//! and pipelines are told what they have to do, after a start of the node too.
//!
//! Its queue is the catalog itself: whatever is unfinished there is taken up again after a crash, and each step may be
//! done twice. For one delivery stream one step is under way at a time, for all together [`LIFECYCLE_STEPS_MAX`].

mod step;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use millstream_catalog::{
    DeliveryEncryptionStatus, DeliverySource, DeliveryStream, DeliveryStreamStatus,
};
use millstream_log::GroupId;
use millstream_types::Millis;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use self::step::{Step, StepFailure};
use crate::quotas::LIFECYCLE_STEPS_MAX;
use crate::service::Firehose;

/// How long nothing is looked at if nothing changes.
const PASS_EVERY: Duration = Duration::from_secs(1);
/// The shortest wait for a delay that the service clock decides.
const WAIT_MIN: Duration = Duration::from_millis(5);
/// After which time a step that failed is tried again, in I/O time.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The same where it will not help, unless something changes: an ACTIVE delivery stream whose pipeline cannot start.
const RETRY_FINAL_AFTER: Duration = Duration::from_secs(60);

/// The running service.
pub struct Lifecycle {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Lifecycle {
    /// Ends the steps that are under way and stops; what is unfinished goes on at the next start.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

/// What a pipeline was last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    version: u64,
    key: Option<u32>,
    generation: u32,
}

impl Told {
    fn of(stream: &DeliveryStream) -> Self {
        let generation = match &stream.source {
            DeliverySource::KinesisStream(source) => source.generation,
            DeliverySource::DirectPut { .. } => 0,
        };
        Told { version: stream.version, key: stream.encryption.keys.current, generation }
    }
}

/// What the service remembers between its passes; all of it follows from the catalog and the pipelines.
#[derive(Default)]
struct Memory {
    told: HashMap<GroupId, Told>,
    busy: HashSet<GroupId>,
    not_before: HashMap<GroupId, Instant>,
    steps: JoinSet<(Arc<DeliveryStream>, Step, Result<(), StepFailure>)>,
}

impl Firehose {
    /// Starts the service. Needs a tokio runtime.
    pub fn start_lifecycle(self: &Arc<Self>) -> Lifecycle {
        let (stop, mut stopped) = watch::channel(false);
        let firehose = self.clone();
        let task = tokio::spawn(async move {
            let (mut changes, mut jumps) = (firehose.catalog.changes(), firehose.jumps());
            let mut memory = Memory::default();
            loop {
                changes.mark_unchanged();
                jumps.mark_unchanged();
                let wait = firehose.begin_steps(&mut memory);
                tokio::select! {
                    _ = stopped.wait_for(|stop| *stop) => break,
                    Some(ended) = memory.steps.join_next() => match ended {
                        Ok((stream, step, result)) => firehose.end_step(&mut memory, &stream, step, result),
                        // Its delivery stream stays busy: a fault of ours must not run again and again.
                        Err(why) => tracing::error!(%why, "a step of a delivery stream's life failed"),
                    },
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
            while memory.steps.join_next().await.is_some() {}
        });
        Lifecycle { stop, task }
    }

    /// Begins all that is due now, and says how long nothing more will be.
    fn begin_steps(self: &Arc<Self>, memory: &mut Memory) -> Duration {
        let streams: Vec<Arc<DeliveryStream>> =
            self.catalog.read(|state| state.delivery_streams().all().cloned().collect());
        let known = |group: &GroupId| {
            streams.binary_search_by_key(group, |stream| stream.data_group).is_ok()
        };
        memory.told.retain(|group, _| known(group));
        memory.not_before.retain(|group, _| known(group));
        let (now, instant) = (self.now(), Instant::now());
        let mut wait = PASS_EVERY;
        for stream in streams {
            let group = stream.data_group;
            if memory.busy.contains(&group) {
                continue;
            }
            let Some((step, due)) = self.next_step(&stream, memory.told.get(&group)) else {
                continue;
            };
            if now < due {
                wait = wait.min(due.since(now).max(WAIT_MIN));
                continue;
            }
            if let Some(again) = memory.not_before.get(&group)
                && *again > instant
            {
                wait = wait.min((*again - instant).max(WAIT_MIN));
                continue;
            }
            if memory.steps.len() >= LIFECYCLE_STEPS_MAX {
                break;
            }
            memory.busy.insert(group);
            let firehose = self.clone();
            memory.steps.spawn(async move {
                let result = firehose.do_step(&stream, step).await;
                (stream, step, result)
            });
        }
        wait
    }

    /// What is to be done with a delivery stream, and from when on.
    fn next_step(&self, stream: &DeliveryStream, told: Option<&Told>) -> Option<(Step, Millis)> {
        let delay = Duration::from_millis(self.limits.firehose_transition_delay_ms);
        match stream.status {
            DeliveryStreamStatus::Creating => Some((Step::Create, stream.status_since.plus(delay))),
            DeliveryStreamStatus::Deleting => Some((Step::Delete, stream.status_since.plus(delay))),
            DeliveryStreamStatus::CreatingFailed | DeliveryStreamStatus::DeletingFailed => None,
            DeliveryStreamStatus::Active => match told {
                None => Some((Step::Start, Millis(0))),
                Some(told) if *told != Told::of(stream) => Some((Step::Update, Millis(0))),
                Some(_) if self.successor(stream).is_some() => Some((Step::Rebind, Millis(0))),
                Some(_) => match stream.encryption.status {
                    DeliveryEncryptionStatus::Enabling | DeliveryEncryptionStatus::Disabling => {
                        let since = stream.encryption.keys.starts.last().copied();
                        Some((Step::Encrypt, since.unwrap_or_default().plus(delay)))
                    }
                    DeliveryEncryptionStatus::Enabled | DeliveryEncryptionStatus::Disabled => None,
                },
            },
        }
    }

    /// Remembers what a step has come to.
    fn end_step(
        &self,
        memory: &mut Memory,
        stream: &DeliveryStream,
        step: Step,
        result: Result<(), StepFailure>,
    ) {
        let group = stream.data_group;
        memory.busy.remove(&group);
        memory.not_before.remove(&group);
        match result {
            Ok(()) => match step {
                Step::Create | Step::Start | Step::Update => {
                    memory.told.insert(group, Told::of(stream));
                }
                Step::Delete => {
                    memory.told.remove(&group);
                }
                Step::Encrypt | Step::Rebind => {}
            },
            Err(why) => {
                self.lifecycle_failures.add(1);
                let after = if why.is_final { RETRY_FINAL_AFTER } else { RETRY_AFTER };
                memory.not_before.insert(group, Instant::now() + after);
                let (name, text) = (&stream.name, &why.text);
                tracing::warn!(delivery_stream = %name, ?step, %text, "a step is not done yet; it is tried again");
            }
        }
    }
}
