//! The handle that everyone holds.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use millstream_log::{Class, GroupId, GroupSpec, Log, LogId, Position};
use millstream_types::{Clock, Random};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::counters::ReplicaCounters;
use crate::driver::Driver;
use crate::error::ReplicaError;
use crate::limits::{COMMAND_BYTES_MAX, QUEUE_COMMANDS_MAX, SNAPSHOT_LOG_BYTES_MIN};
use crate::machine::Machine;
use crate::placement::{Placement, Route};

/// Bytes of commands that may wait to be written.
const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a replica stands on.
#[derive(Clone)]
pub struct ReplicaSetup {
    /// The engine.
    pub log: Arc<dyn Log>,
    /// The group: log 0 holds commands, log 1 snapshots. Made if it is not there.
    pub group: GroupId,
    /// Who serves the group.
    pub placement: Arc<dyn Placement>,
    /// Service time, for the envelopes.
    pub clock: Arc<dyn Clock>,
    /// Session ids.
    pub random: Arc<dyn Random>,
    /// What may be tuned.
    pub settings: Settings,
}

/// What may be tuned.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes of log since the last snapshot before the next is begun; never before the last one's size is exceeded.
    pub snapshot_log_bytes_min: u64,
    /// Commands that may wait to be written.
    pub queue_commands_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            snapshot_log_bytes_min: SNAPSHOT_LOG_BYTES_MIN,
            queue_commands_max: QUEUE_COMMANDS_MAX,
        }
    }
}

impl ReplicaSetup {
    /// The log of commands.
    pub(crate) fn commands(&self) -> LogId {
        LogId { group: self.group, index: 0 }
    }

    /// The log of snapshots.
    pub(crate) fn chunks(&self) -> LogId {
        LogId { group: self.group, index: 1 }
    }

    async fn make_group(&self) -> Result<(), ReplicaError> {
        let record_bytes_max = COMMAND_BYTES_MAX as u32;
        let spec = GroupSpec { class: Class::State, keep: None, record_bytes_max };
        // A log that refuses writes can still be read: nothing is written where nothing is missing.
        let groups = self.log.groups().await?;
        if groups.iter().any(|(group, _, logs)| *group == self.group && *logs >= 2) {
            return Ok(());
        }
        Ok(self.log.create(self.group, spec, 2).await?)
    }
}

/// What the handle and the driver share.
pub(crate) struct Shared<M: Machine> {
    pub(crate) state: RwLock<M::State>,
    pub(crate) applied: watch::Sender<Position>,
    pub(crate) stopped: watch::Sender<Option<ReplicaError>>,
    pub(crate) counters: Arc<ReplicaCounters>,
}

/// A request to the driver.
pub(crate) enum Request<M: Machine> {
    Submit(Submit<M>),
    Barrier(oneshot::Sender<Result<(), ReplicaError>>),
    Stop,
}

pub(crate) struct Submit<M: Machine> {
    pub(crate) command: Vec<u8>,
    pub(crate) answer: Waiter<M>,
    /// The command's share of the queue, given back when it is dropped.
    pub(crate) _room: OwnedSemaphorePermit,
}

pub(crate) type Waiter<M> = oneshot::Sender<Result<<M as Machine>::Outcome, ReplicaError>>;

/// A machine, replayed from its log and kept up with it. Clones share it.
pub struct Replica<M: Machine> {
    inner: Arc<Inner<M>>,
}

impl<M: Machine> Clone for Replica<M> {
    fn clone(&self) -> Self {
        Replica { inner: self.inner.clone() }
    }
}

impl<M: Machine> fmt::Debug for Replica<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Replica({})", M::NAME)
    }
}

struct Inner<M: Machine> {
    shared: Arc<Shared<M>>,
    requests: mpsc::Sender<Request<M>>,
    room: Arc<Semaphore>,
    placement: Arc<dyn Placement>,
    commands: LogId,
    driver: Mutex<Option<JoinHandle<()>>>,
}

impl<M: Machine> Replica<M> {
    /// Replays the log and starts to follow it. Needs a tokio runtime. `UnknownVersion` and `Damaged` mean that the
    /// node must not serve.
    pub async fn open(setup: ReplicaSetup) -> Result<Self, ReplicaError> {
        setup.make_group().await?;
        let shared = Arc::new(Shared {
            state: RwLock::new(M::State::default()),
            applied: watch::Sender::new(Position(0)),
            stopped: watch::Sender::new(None),
            counters: Arc::new(ReplicaCounters::new(M::NAME)),
        });
        let (requests, queue) = mpsc::channel(setup.settings.queue_commands_max.max(1));
        let (placement, commands) = (setup.placement.clone(), setup.commands());
        let driver = Driver::open(setup, shared.clone()).await?;
        let driver = tokio::spawn(driver.run(queue));
        let room = Arc::new(Semaphore::new(QUEUE_BYTES_MAX));
        let driver = Mutex::new(Some(driver));
        let inner = Inner { shared, requests, room, placement, commands, driver };
        Ok(Replica { inner: Arc::new(inner) })
    }

    /// Sends a command and waits for the outcome of exactly this command. Dropping the future gives up the wait, not
    /// the command.
    pub async fn submit(&self, command: &M::Command) -> Result<M::Outcome, ReplicaError> {
        match self.inner.placement.route(self.inner.commands) {
            Route::Here(_) => {}
            elsewhere => return Err(ReplicaError::NotHere(elsewhere)),
        }
        let command = M::encode(command);
        let room = u32::try_from(command.len()).map_err(|_| ReplicaError::TooLarge)?;
        let room = self.inner.room.clone().try_acquire_many_owned(room);
        let room = room.map_err(|_| ReplicaError::Busy)?;
        let (answer, outcome) = oneshot::channel();
        self.request(Request::Submit(Submit { command, answer, _room: room }))?;
        outcome.await.unwrap_or_else(|_| Err(self.why_stopped()))
    }

    /// Waits until everything that was acknowledged to anyone before this call is in the state.
    pub async fn barrier(&self) -> Result<(), ReplicaError> {
        let (answer, done) = oneshot::channel();
        self.request(Request::Barrier(answer))?;
        done.await.unwrap_or_else(|_| Err(self.why_stopped()))
    }

    /// Looks at the state. `f` is short and does not block: commands wait meanwhile.
    pub fn read<T>(&self, f: impl FnOnce(&M::State) -> T) -> T {
        f(&self.inner.shared.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The position up to which the log is applied; changes are announced after they can be read.
    pub fn applied(&self) -> watch::Receiver<Position> {
        self.inner.shared.applied.subscribe()
    }

    /// Becomes `Some` when the replica stops by itself: the node must stop too, with this message.
    pub fn failed(&self) -> watch::Receiver<Option<ReplicaError>> {
        self.inner.shared.stopped.subscribe()
    }

    /// What was counted.
    pub fn counters(&self) -> Arc<ReplicaCounters> {
        self.inner.shared.counters.clone()
    }

    /// Finishes what was sent and stops. What is submitted later is answered with `Stopped`.
    pub async fn stop(&self) {
        let _ = self.inner.requests.send(Request::Stop).await;
        let driver = self.inner.driver.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(driver) = driver {
            let _ = driver.await;
        }
    }

    fn request(&self, request: Request<M>) -> Result<(), ReplicaError> {
        self.inner.requests.try_send(request).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => ReplicaError::Busy,
            mpsc::error::TrySendError::Closed(_) => self.why_stopped(),
        })
    }

    fn why_stopped(&self) -> ReplicaError {
        let stopped = self.inner.shared.stopped.borrow().clone();
        match stopped {
            Some(ReplicaError::Stopped(why)) => ReplicaError::Stopped(why),
            Some(why) => ReplicaError::Stopped(why.to_string()),
            None => ReplicaError::Stopped("the server is shutting down".into()),
        }
    }
}
