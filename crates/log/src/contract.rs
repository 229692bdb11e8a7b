//! The `Log` trait and the rules that every engine keeps.
//!
//! - An append has three outcomes: acknowledged, certainly not in the log, unknown (it may appear, even later).
//! - Appenders are never exclusive; opening one fences nobody. The one exclusion is the seal: nothing is acknowledged
//!   after it, and nothing after it is ever readable.
//! - Callers may not assume density of positions, being the only writer, atomicity across logs, arrival in order, that
//!   a failed append is absent, or freshness without a barrier.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use millstream_types::Millis;
use tokio::sync::oneshot;

use crate::frame::Frame;
use crate::sound::DamagedPlace;

/// What the asynchronous calls of the trait return.
pub type Fut<'a, T> = Pin<Box<dyn Future<Output = Result<T, LogError>> + Send + 'a>>;

/// A group of logs that share settings and are deleted together; given by the catalog and never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GroupId(pub u64);

/// One log: a group and an index that only grows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LogId {
    /// The log's group.
    pub group: GroupId,
    /// Its number within the group, from 0.
    pub index: u32,
}

impl std::fmt::Display for LogId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "group {}, shard {}", self.group.0, self.index)
    }
}

/// A place in a log: below 2^63, increasing, dense only within a batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Position(pub u64);

/// What the logs of a group are for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Records of streams.
    Data,
    /// Small logs of state machines; an engine may pack them together.
    State,
}

/// Settings of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupSpec {
    /// What the logs are for.
    pub class: Class,
    /// How long a batch is kept after it arrived, at least; `None` keeps until `trim`.
    pub keep: Option<Duration>,
    /// Largest single record in bytes that a batch of one record may hold.
    pub record_bytes_max: u32,
}

/// Records that are appended whole or not at all. Opaque to the engine: the table of records is inside the payload.
/// At most 256 KiB of payload, or one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// How many positions the batch takes; at least 1.
    pub count: u32,
    /// The records.
    pub payload: Bytes,
}

/// The answer to an acknowledged append. Record `i` of the batch is at `at.start + i`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The positions of the batch.
    pub at: Range<Position>,
    /// The end of the log before this batch. `at.start > prev` when an engine leaves a gap or others wrote between; a
    /// machine that replays the log reads from `prev` first.
    pub prev: Position,
    /// When the batch arrived, by the engine's clock.
    pub arrival: Millis,
}

/// A stretch of a log.
#[derive(Clone, Debug)]
pub struct Read {
    /// The batches, in order. The first may begin before the position that was asked for.
    pub batches: Vec<ReadBatch>,
    /// Where to read on.
    pub next: Position,
    /// What comes at `next`.
    pub end: End,
}

/// A batch as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBatch {
    /// The position of its first record.
    pub first: Position,
    /// When it arrived.
    pub arrival: Millis,
    /// What was appended.
    pub batch: Batch,
}

/// Why a read stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// There is more to read.
    More,
    /// The end of the log for now.
    Tail,
    /// The log is sealed and ends here.
    Sealed(Position),
}

/// The extent of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// The first position that can be read.
    pub first: Position,
    /// The position after the last record.
    pub end: Position,
    /// When the last batch arrived; `None` if the log never had one.
    pub last_arrival: Option<Millis>,
    /// Whether the log is sealed.
    pub sealed: bool,
}

/// What can go wrong. `Sealed`, `TooLarge`, `Busy`, `Full` and `Gone` mean that the batch is certainly not in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogError {
    /// The log ended at this position before the batch: go to the children.
    Sealed(Position),
    /// The batch is larger than a batch may be.
    TooLarge,
    /// The queue is full: try later.
    Busy,
    /// The disk has no room left for writes; reads go on.
    Full,
    /// There is no such log, or its group was deleted.
    Gone,
    /// The batch may be in the log, now or later: answer 500, then open again.
    Unknown(String),
    /// What was asked for is before the log's first position, which is given.
    Trimmed(Position),
    /// What was asked for is there but damaged; the text names where.
    Damaged(String),
    /// The engine cannot answer; the text says why.
    Unavailable(String),
}

impl std::fmt::Display for LogError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LogError::Sealed(at) => write!(f, "the log is sealed at {}", at.0),
            LogError::TooLarge => f.write_str("the batch is too large"),
            LogError::Busy => f.write_str("too much is waiting to be written"),
            LogError::Full => f.write_str("the disk is full"),
            LogError::Gone => f.write_str("there is no such log"),
            LogError::Unknown(why) => write!(f, "the outcome is unknown: {why}"),
            LogError::Trimmed(first) => write!(f, "trimmed: the log begins at {}", first.0),
            LogError::Damaged(what) => write!(f, "damaged: {what}"),
            LogError::Unavailable(why) => write!(f, "unavailable: {why}"),
        }
    }
}

impl std::error::Error for LogError {}

/// Durable logs in groups. See the module's documentation for the rules.
pub trait Log: Send + Sync + 'static {
    /// Makes a group with `logs` logs, durably. Idempotent.
    fn create(&self, group: GroupId, spec: GroupSpec, logs: u32) -> Fut<'_, ()>;
    /// Makes the group have at least `logs` logs, durably.
    fn grow(&self, group: GroupId, logs: u32) -> Fut<'_, ()>;
    /// Changes a group's settings, durably.
    fn configure(&self, group: GroupId, spec: GroupSpec) -> Fut<'_, ()>;
    /// Deletes a group with all its logs, durably. Idempotent; deleting what never was is no error.
    fn delete(&self, group: GroupId) -> Fut<'_, ()>;
    /// The groups that exist, with their settings and numbers of logs: what a catalog compares itself with.
    fn groups(&self) -> Fut<'_, Vec<(GroupId, GroupSpec, u32)>>;
    /// Learns a log's tail. Fences nobody.
    fn open(&self, log: LogId) -> Fut<'_, Box<dyn Appender>>;
    /// One hand-over and one wait for many logs of one request; an outcome for each part in the order of the parts, no
    /// atomicity across parts. Parts of one log keep their order, and once one of them is refused or unknown no later
    /// part of that log is acknowledged. At once: `Busy`, `Full`, `Unavailable`.
    fn append_many(&self, frame: Frame) -> Result<AckMany, LogError>;
    /// Reads whole batches from `from` (which may be inside the first) until `bytes_max` of payload are exceeded;
    /// at least one batch if there is any. `Trimmed` if `from` is before the first position.
    fn read(&self, log: LogId, from: Position, bytes_max: usize) -> Fut<'_, Read>;
    /// The log's extent.
    fn bounds(&self, log: LogId) -> Fut<'_, Bounds>;
    /// The first position of the first batch that arrived at or after `at`, else the end.
    fn find(&self, log: LogId, at: Millis) -> Fut<'_, Position>;
    /// Reads where [`Log::read`] came upon damage: what is sound from `from` on, until something is damaged, or the
    /// place that is damaged if that begins at `from`. It ends where the next sound batch begins, at the log's end, or
    /// once it has about `bytes_max` bytes.
    fn read_around(
        &self,
        log: LogId,
        from: Position,
        bytes_max: usize,
    ) -> Fut<'_, Result<Read, DamagedPlace>>;
    /// Gives up what lies before a position. What lies in the same batch may stay readable.
    fn trim(&self, log: LogId, before: Position) -> Fut<'_, ()>;
    /// Seals a log after what is already queued, and returns its end. Idempotent; the lowest seal counts.
    fn seal(&self, log: LogId) -> Fut<'_, Position>;
    /// Returns once the end is past `after` or the log is sealed or gone; may return early.
    fn wait(&self, log: LogId, after: Position) -> Fut<'_, ()>;
}

/// Appends to one log. Several may exist for one log, in one process or in many.
pub trait Appender: Send {
    /// Queues a batch; call order is log order. At once: `Busy`, `TooLarge`, `Sealed`, `Full`.
    fn append(&mut self, batch: Batch) -> Result<Ack, LogError>;
    /// Ends the log after what was queued. Idempotent.
    fn seal(&mut self) -> Fut<'_, Position>;
}

/// Waits for the outcome of one part.
pub struct Ack(AckMany);

impl Ack {
    /// The acknowledgement of a frame of one part.
    pub fn of_one(many: AckMany) -> Self {
        Ack(many)
    }
}

impl Future for Ack {
    type Output = Result<Appended, LogError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|mut outcomes| {
            outcomes
                .pop()
                .unwrap_or_else(|| Err(LogError::Unknown("the engine gave no outcome".into())))
        })
    }
}

/// Waits for the outcomes of a frame's parts, in the order of the parts.
pub struct AckMany {
    outcomes: oneshot::Receiver<Vec<Result<Appended, LogError>>>,
    parts: usize,
}

/// The engine's end of an [`AckMany`]. Dropped without an answer it means `Unknown` for each part.
pub struct Outcomes(oneshot::Sender<Vec<Result<Appended, LogError>>>);

/// Both ends of the wait for a frame of `parts` parts.
pub fn ack_many(parts: usize) -> (Outcomes, AckMany) {
    let (sender, outcomes) = oneshot::channel();
    (Outcomes(sender), AckMany { outcomes, parts })
}

impl Outcomes {
    /// Answers. A caller who has stopped waiting is no error.
    pub fn send(self, outcomes: Vec<Result<Appended, LogError>>) {
        let _ = self.0.send(outcomes);
    }
}

impl Future for AckMany {
    type Output = Vec<Result<Appended, LogError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.outcomes).poll(cx).map(|answer| {
            let unknown = || Err(LogError::Unknown("the engine stopped before it answered".into()));
            answer.unwrap_or_else(|_| (0..self.parts).map(|_| unknown()).collect())
        })
    }
}
