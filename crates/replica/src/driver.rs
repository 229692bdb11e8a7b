//! The one task that writes to the log of commands and applies what is in it.

mod apply;
mod snapshots;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use millstream_log::limits::BATCH_BYTES_MAX;
use millstream_log::{Appended, Appender, Batch, LogError, Position};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::{error, warn};

use crate::envelope::{Body, CommandId, Envelope, SnapshotMark};
use crate::error::ReplicaError;
use crate::ledger::Ledger;
use crate::limits::{COMMAND_BYTES_MAX, FENCE_ATTEMPTS};
use crate::machine::Machine;
use crate::placement::{Route, Term};
use crate::replica::{ReplicaSetup, Request, Shared, Submit, Waiter};

/// Writes commands, applies the log, answers.
pub struct Driver<M: Machine> {
    setup: ReplicaSetup,
    shared: Arc<Shared<M>>,
    ledger: Ledger,
    /// Everything before this position is applied.
    applied: Position,
    appender: Option<Box<dyn Appender>>,
    session: u64,
    next_number: u64,
    waiting: HashMap<CommandId, Waiter<M>>,
    /// Sessions with appends of unknown outcome that are not fenced yet.
    abandoned: Vec<u64>,
    snapshot: Option<JoinHandle<Result<SnapshotMark, LogError>>>,
    /// After a failed snapshot: not before the log has grown to this.
    snapshot_not_before_bytes: u64,
    trim: Option<SnapshotMark>,
    /// Whether the log may still grow by others.
    follow: bool,
}

enum Event<M: Machine> {
    Request(Option<Request<M>>),
    Tail(Result<(), LogError>),
    Snapshot(Result<SnapshotMark, LogError>),
}

enum Written {
    Yes(Appended),
    No(ReplicaError),
    Unknown(String),
}

impl<M: Machine> Driver<M> {
    /// Replays the log to its end.
    pub(crate) async fn open(
        setup: ReplicaSetup,
        shared: Arc<Shared<M>>,
    ) -> Result<Self, ReplicaError> {
        let session = setup.random.next_u64();
        let mut driver = Driver {
            setup,
            shared,
            ledger: Ledger::default(),
            applied: Position(0),
            appender: None,
            session,
            next_number: 0,
            waiting: HashMap::new(),
            abandoned: Vec::new(),
            snapshot: None,
            snapshot_not_before_bytes: 0,
            trim: None,
            follow: true,
        };
        driver.load().await?;
        driver.announce();
        Ok(driver)
    }

    /// Serves until it is told to stop, or cannot go on.
    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Request<M>>) {
        let why = match self.serve(&mut queue).await {
            Ok(()) => ReplicaError::Stopped("the server is shutting down".into()),
            Err(why) => {
                error!(machine = M::NAME, %why, "a replica cannot go on");
                why
            }
        };
        if let Some(snapshot) = self.snapshot.take() {
            snapshot.abort();
        }
        self.shared.stopped.send_replace(Some(why));
    }

    async fn serve(&mut self, queue: &mut mpsc::Receiver<Request<M>>) -> Result<(), ReplicaError> {
        loop {
            let event = self.next_event(queue).await;
            match event {
                Event::Request(None) => return Ok(()),
                Event::Request(Some(first)) => {
                    if self.serve_requests(first, queue).await? {
                        return Ok(());
                    }
                }
                Event::Tail(Ok(())) => self.read_tail().await?,
                Event::Tail(Err(why)) => {
                    warn!(machine = M::NAME, %why, "cannot follow the log until the next command");
                    self.follow = false;
                }
                Event::Snapshot(done) => self.finish_snapshot(done).await?,
            }
            self.begin_snapshot_if_due().await?;
            self.trim().await;
        }
    }

    async fn next_event(&mut self, queue: &mut mpsc::Receiver<Request<M>>) -> Event<M> {
        let (log, commands) = (self.setup.log.clone(), self.setup.commands());
        let (applied, follow) = (self.applied, self.follow);
        let tail = async move {
            match follow {
                true => log.wait(commands, applied).await,
                false => std::future::pending().await,
            }
        };
        let snapshot = &mut self.snapshot;
        let written = async move {
            match snapshot {
                Some(task) => {
                    let lost = |_| Err(LogError::Unavailable("the snapshot's task died".into()));
                    task.await.unwrap_or_else(lost)
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            request = queue.recv() => Event::Request(request),
            done = written => Event::Snapshot(done),
            woken = tail => Event::Tail(woken),
        }
    }

    /// Serves what waits in the queue, in as few batches as it fits. Whether to stop.
    async fn serve_requests(
        &mut self,
        first: Request<M>,
        queue: &mut mpsc::Receiver<Request<M>>,
    ) -> Result<bool, ReplicaError> {
        self.follow = true;
        let (mut submits, mut barriers, mut stop) = (VecDeque::new(), Vec::new(), false);
        let mut next = Some(first);
        while let Some(request) = next {
            match request {
                Request::Submit(submit) => submits.push_back(submit),
                Request::Barrier(answer) => barriers.push(answer),
                Request::Stop => {
                    queue.close();
                    stop = true;
                }
            }
            next = queue.try_recv().ok();
        }
        while !submits.is_empty() {
            self.write_commands(&mut submits).await?;
        }
        if !barriers.is_empty() {
            self.pass_barrier(barriers).await?;
        }
        Ok(stop)
    }

    async fn pass_barrier(
        &mut self,
        barriers: Vec<oneshot::Sender<Result<(), ReplicaError>>>,
    ) -> Result<(), ReplicaError> {
        let log = self.setup.log.clone();
        let passed = match log.bounds(self.setup.commands()).await {
            Ok(bounds) => self.catch_up(bounds.end).await?,
            Err(why) => Err(ReplicaError::Log(why)),
        };
        barriers.into_iter().for_each(|answer| {
            let _ = answer.send(passed.clone());
        });
        Ok(())
    }

    /// Writes one batch of commands and applies it.
    async fn write_commands(
        &mut self,
        submits: &mut VecDeque<Submit<M>>,
    ) -> Result<(), ReplicaError> {
        let term = match self.setup.placement.route(self.setup.commands()) {
            Route::Here(term) => term,
            elsewhere => {
                let refuse = |s: Submit<M>| s.answer.send(Err(ReplicaError::NotHere(elsewhere)));
                submits.drain(..).for_each(|submit| drop(refuse(submit)));
                return Ok(());
            }
        };
        if !self.abandoned.is_empty() {
            self.fence(term).await?;
        }
        let (mut payload, mut ids, mut rooms) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(submit) = submits.front() {
            if !payload.is_empty() && payload.len() + submit.command.len() > BATCH_BYTES_MAX / 2 {
                break;
            }
            let Some(submit) = submits.pop_front() else { break };
            let envelope = self.envelope(term, Body::Command(submit.command));
            let start = payload.len();
            envelope.write(&mut payload);
            if payload.len() - start > COMMAND_BYTES_MAX {
                payload.truncate(start);
                let _ = submit.answer.send(Err(ReplicaError::TooLarge));
                continue;
            }
            ids.push(envelope.id);
            rooms.push(submit._room);
            self.waiting.insert(envelope.id, submit.answer);
        }
        if ids.is_empty() {
            return Ok(());
        }
        match self.append(&payload, ids.len() as u32).await {
            Written::Yes(appended) => self.take_own(&appended, &payload).await,
            Written::No(why) => {
                self.answer(&ids, &why);
                Ok(())
            }
            Written::Unknown(why) => self.resolve(term, &ids, why).await,
        }
    }

    fn envelope(&mut self, term: Term, body: Body) -> Envelope {
        let id = CommandId { session: self.session, number: self.next_number };
        self.next_number += 1;
        let time_ms = self.setup.clock.now().0;
        Envelope { kind: M::KIND, version: M::VERSION, id, time_ms, term: term.0, body }
    }

    async fn append(&mut self, payload: &[u8], count: u32) -> Written {
        let batch = Batch { count, payload: Bytes::copy_from_slice(payload) };
        let log = self.setup.log.clone();
        let appender = match &mut self.appender {
            Some(appender) => appender,
            None => match log.open(self.setup.commands()).await {
                Ok(appender) => self.appender.insert(appender),
                Err(why) => return Written::No(ReplicaError::NotDone(why.to_string())),
            },
        };
        let outcome = match appender.append(batch) {
            Ok(ack) => ack.await,
            // Refused at once: whatever the reason, the batch was not queued.
            Err(LogError::Unavailable(why)) => return Written::No(ReplicaError::NotDone(why)),
            Err(why) => Err(why),
        };
        match outcome {
            Ok(appended) => Written::Yes(appended),
            Err(LogError::Busy) => Written::No(ReplicaError::Busy),
            Err(LogError::Full) => Written::No(ReplicaError::Full),
            Err(LogError::TooLarge) => Written::No(ReplicaError::TooLarge),
            Err(why @ (LogError::Sealed(_) | LogError::Gone)) => {
                self.appender = None;
                Written::No(ReplicaError::NotDone(why.to_string()))
            }
            Err(LogError::Unknown(why)) => Written::Unknown(why),
            Err(why @ (LogError::Trimmed(_) | LogError::Damaged(_) | LogError::Unavailable(_))) => {
                Written::Unknown(why.to_string())
            }
        }
    }

    /// Applies what was just written; what others wrote before it comes first.
    async fn take_own(&mut self, appended: &Appended, payload: &[u8]) -> Result<(), ReplicaError> {
        if appended.at.start > self.applied {
            if let Err(why) = self.catch_up(appended.at.end).await? {
                // The commands are in the log and will be applied, but the callers cannot wait for that.
                let why = format!("written, but the log cannot be read: {why}");
                self.answer_all(&ReplicaError::Unknown(why));
            }
            return Ok(());
        }
        self.apply(appended.at.start, payload)?;
        self.applied = self.applied.max(appended.at.end);
        self.announce();
        Ok(())
    }

    /// Finds out what became of an append: gives up the session, so that what has not arrived by the time the fence is
    /// in the log never counts.
    async fn resolve(
        &mut self,
        term: Term,
        ids: &[CommandId],
        why: String,
    ) -> Result<(), ReplicaError> {
        self.shared.counters.unknown.add(1);
        warn!(machine = M::NAME, %why, "the outcome of an append is unknown");
        self.abandoned.push(self.session);
        self.fence(term).await?;
        self.answer(ids, &ReplicaError::Unknown(why));
        Ok(())
    }

    async fn fence(&mut self, term: Term) -> Result<(), ReplicaError> {
        for _ in 0..FENCE_ATTEMPTS {
            self.appender = None;
            self.session = self.setup.random.next_u64();
            let mut payload = Vec::new();
            self.envelope(term, Body::Fence(self.abandoned.clone())).write(&mut payload);
            match self.append(&payload, 1).await {
                Written::Yes(appended) => {
                    self.abandoned.clear();
                    return self.take_own(&appended, &payload).await;
                }
                Written::No(_) => {}
                // The fence itself may appear later, which does no harm: it says the same.
                Written::Unknown(_) => {}
            }
        }
        Ok(())
    }

    /// Answers those of `ids` that still wait.
    fn answer(&mut self, ids: &[CommandId], why: &ReplicaError) {
        for id in ids {
            if let Some(answer) = self.waiting.remove(id) {
                let _ = answer.send(Err(why.clone()));
            }
        }
    }

    fn answer_all(&mut self, why: &ReplicaError) {
        for (_, answer) in self.waiting.drain() {
            let _ = answer.send(Err(why.clone()));
        }
    }
}
