//! What all parts of one pipeline share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use millstream_log::{Frame, FramePool, GroupId, Log, LogError, LogId, PartSpec};
use millstream_replica::Replica;
use millstream_types::{Clock, Millis, Random};
use millstream_wire::json::{JsonReader, Reader};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::budget::Share;
use crate::compiled::Compiled;
use crate::computing::Computing;
use crate::deliver::{Taken, Tried};
use crate::envelope::{EXTRA_BYTES, Envelope, Sealing};
use crate::journal::{Entry, Journal};
use crate::limits::{FRAME_BYTES_MAX, START_GRACE};
use crate::machine::{DeliveryMachine, LaneId};
use crate::metrics::PipelineCounters;
use crate::outward::Ways;
use crate::patience::Patience;
use crate::processed::{Draft, Header, PROCESSED_LOG};
use crate::settings::Logging;
use crate::sink::{Sender, Sinks};
use crate::source::Source;

/// What a record must be; what is not goes to the error output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordCheck {
    /// One JSON document.
    Json,
    /// UTF-8.
    Utf8,
}

impl RecordCheck {
    /// Whether data are what they must be; else a code and a message.
    pub fn check(self, data: &[u8]) -> Result<(), (&'static str, &'static str)> {
        let fits = match self {
            RecordCheck::Json => {
                let mut reader = JsonReader::new(data);
                reader.skip().and_then(|()| reader.finish()).is_ok()
            }
            RecordCheck::Utf8 => std::str::from_utf8(data).is_ok(),
        };
        match (fits, self) {
            (true, _) => Ok(()),
            (false, RecordCheck::Json) => {
                Err(("DataFormat.InvalidJson", "The record is not a JSON document."))
            }
            (false, RecordCheck::Utf8) => {
                Err(("DataFormat.InvalidUtf8", "The record is not UTF-8."))
            }
        }
    }
}

/// What all parts of one pipeline share.
pub struct Context {
    /// Who delivers.
    pub sender: Sender,
    /// A channel's id; empty for a delivery stream.
    pub channel_id: Arc<str>,
    /// The stream that is the source, as functions are told.
    pub source_arn: Option<Arc<str>>,
    /// The engine.
    pub log: Arc<dyn Log>,
    /// The group with the intake, the processed log and the journal.
    pub data: GroupId,
    /// Encryption of that group.
    pub envelope: Arc<Envelope>,
    /// Where records come from.
    pub source: Arc<dyn Source>,
    /// What the pipeline remembers.
    pub replica: Replica<DeliveryMachine>,
    /// Service time.
    pub clock: Arc<dyn Clock>,
    /// When the pipeline came to work in this process.
    pub started: Millis,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// What is outside.
    pub sinks: Arc<dyn Sinks>,
    /// Memory for objects, by lane.
    pub shares: [Share; 3],
    /// The ways to what is elsewhere: to lanes' destinations, and to the worker's function.
    pub ways: Ways,
    /// Places for objects on their way to the built-in buckets, of all pipelines.
    pub places: Arc<Semaphore>,
    /// Idle buffers of frames.
    pub frames: FramePool,
    /// Turns to compute, of all pipelines.
    pub computing: Computing,
    /// What is counted.
    pub counters: Arc<PipelineCounters>,
    /// Delivery errors, for people.
    pub journal: Journal,
    /// Partitions that may be active.
    pub partitions_max: usize,
    /// What records must be.
    pub check: Option<RecordCheck>,
    /// Blocks that are written and do not count yet.
    pub appending: Arc<Appending>,
    /// Parcels that are taken and not settled yet.
    pub taken: Taken,
    /// Since when plans fail, and which gave way.
    pub tried: Tried,
    /// With damaged places that stop what follows.
    pub patience: Patience,
    /// Up to where records of the source are counted, by log.
    pub counted: Mutex<BTreeMap<u32, u64>>,
}

/// What an entry of the delivery log tells of a failure.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Where the records were to go.
    pub destination: &'a str,
    /// The version of the configuration.
    pub version: u64,
    /// The message.
    pub message: &'a str,
    /// The code.
    pub code: &'a str,
}

/// Blocks that are written and do not count yet: no lane's floor may pass them.
#[derive(Debug, Default)]
pub struct Appending {
    /// The position after the last block that counts.
    seen: AtomicU64,
    next: AtomicU64,
    from: Mutex<BTreeMap<u64, u64>>,
}

/// Holds the floors back until it is dropped.
#[derive(Debug)]
pub struct Held {
    appending: Arc<Appending>,
    number: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut from = self.appending.from.lock().unwrap_or_else(PoisonError::into_inner);
        from.remove(&self.number);
    }
}

impl Appending {
    /// Blocks up to before a position count.
    pub fn raise(&self, seen: u64) {
        self.seen.fetch_max(seen, Ordering::SeqCst);
    }

    /// Blocks are about to be written.
    pub fn hold(self: &Arc<Self>) -> Held {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let mut from = self.from.lock().unwrap_or_else(PoisonError::into_inner);
        from.insert(number, self.seen.load(Ordering::SeqCst));
        Held { appending: self.clone(), number }
    }

    /// The lowest position that a block may have that does not count yet.
    pub fn floor(&self) -> u64 {
        let from = self.from.lock().unwrap_or_else(PoisonError::into_inner);
        from.values().copied().min().unwrap_or(u64::MAX)
    }
}

/// Blocks that were written.
#[derive(Debug)]
pub struct Written {
    /// Their positions and headers.
    pub blocks: Vec<(u64, Header)>,
    /// Until they count.
    pub held: Held,
}

/// How often a write that the log is too busy for is tried again, and how long between.
const BUSY_RETRIES: u32 = 100;
const BUSY_PAUSE: Duration = Duration::from_millis(50);

impl Context {
    /// Service time.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// When the time of records is over whose oldest arrived at an instant: what then fails once more is lost. Time in
    /// which nobody tried does not count alone.
    pub fn ends(&self, oldest: Millis) -> Millis {
        oldest.plus(self.source.retention()).max(self.started.plus(START_GRACE))
    }

    /// Whether the key of a block of the processed log went with the stream that was the source, if it was sealed.
    pub fn lost_its_key(&self, position: u64) -> bool {
        self.replica.read(|state| state.source.gone || position < state.source.processed)
    }

    /// Up to where records of a log are counted, which begin at `from` if none were before.
    pub fn counted(&self, log: u32, from: u64) -> u64 {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        *counted.entry(log).or_insert(from)
    }

    /// Records of a log are counted up to before a position.
    pub fn count_up_to(&self, log: u32, next: u64) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.insert(log, next);
    }

    /// A new random id.
    pub fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// Runs what computes for long off the threads that wait for others, when it is its turn. The text says that it
    /// died.
    pub async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        self.computing.run(work).await
    }

    /// Tells people of a failure on a lane's way, in the delivery log.
    pub async fn tell(&self, compiled: &Compiled, lane: LaneId, code: &str, message: &str) {
        let (settings, destination) = (&compiled.settings, compiled.destination(lane));
        let told = Told { destination: &destination, version: settings.version, message, code };
        self.log_error(settings.logging.as_ref(), &told).await;
    }

    /// Writes an entry of the delivery log, where the configuration has one.
    pub async fn log_error(&self, logging: Option<&Logging>, told: &Told<'_>) {
        let Some(Logging { group, stream }) = logging else { return };
        let Told { destination, version, message, code } = *told;
        let stream_arn = &*self.sender.arn;
        let entry = Entry { group, stream, stream_arn, destination, version, message, code };
        self.journal.write(&entry, self.now()).await;
    }

    /// The processed log.
    pub fn processed(&self) -> LogId {
        LogId { group: self.data, index: PROCESSED_LOG }
    }

    /// Writes drafts to the processed log as one group. They count once a command says so.
    pub async fn write_blocks(
        &self,
        drafts: &[Draft],
        source: &[(u32, u64, u64)],
    ) -> Result<Written, String> {
        let held = self.appending.hold();
        let group = *self.uuid().as_bytes();
        let drafts: Vec<&Draft> = drafts.iter().filter(|draft| !draft.is_empty()).collect();
        let parts = drafts.len() as u32;
        let with_header = |(part, draft): (usize, &Draft)| {
            let header = draft.header(group, part as u32, parts, source);
            (Draft::front(&header), header)
        };
        let mut headers: Vec<(Vec<u8>, Header)> =
            drafts.iter().copied().enumerate().map(with_header).collect();
        let mut positions = Vec::with_capacity(drafts.len());
        let mut busy = 0;
        while positions.len() < drafts.len() {
            let from = positions.len();
            let mut bytes = 0;
            let fits = |at: &usize| {
                bytes += drafts[*at].payload_bytes(&headers[*at].0);
                *at == from || bytes <= FRAME_BYTES_MAX
            };
            let to = (from..drafts.len()).take_while(fits).last().map_or(from, |last| last + 1);
            match self.write_frame(&drafts[from..to], &headers[from..to], &mut positions).await {
                Ok(()) => busy = 0,
                Err(LogError::Busy) if busy < BUSY_RETRIES => {
                    busy += 1;
                    tokio::time::sleep(BUSY_PAUSE).await;
                }
                Err(error) => return Err(format!("the processed log: {error}")),
            }
        }
        let blocks = positions.into_iter().zip(headers.drain(..).map(|(_, header)| header));
        Ok(Written { blocks: blocks.collect(), held })
    }

    /// Writes some drafts; the positions of those that were written are added, an error is that of the first that was
    /// not.
    async fn write_frame(
        &self,
        drafts: &[&Draft],
        headers: &[(Vec<u8>, Header)],
        positions: &mut Vec<u64>,
    ) -> Result<(), LogError> {
        let outcomes = {
            let unusable = |error: millstream_vault::KeyError| LogError::Unavailable(error.text);
            let sealing = self.envelope.sealing().await.map_err(unusable)?;
            let frame = self.lay_out(drafts, headers, sealing.as_ref());
            self.log.append_many(frame)?
        };
        for outcome in outcomes.await {
            positions.push(outcome?.at.start.0);
        }
        Ok(())
    }

    fn lay_out(
        &self,
        drafts: &[&Draft],
        headers: &[(Vec<u8>, Header)],
        sealing: Option<&Sealing<'_>>,
    ) -> Frame {
        let extra_bytes = sealing.map_or(0, |_| EXTRA_BYTES);
        let (log, count) = (self.processed(), 1);
        let specs = drafts.iter().zip(headers).map(|(draft, (front, _))| PartSpec {
            log,
            count,
            payload_bytes: draft.payload_bytes(front) + extra_bytes,
        });
        let mut frame = Frame::new(&self.frames, specs);
        let (parts, bytes) = frame.split_mut();
        for ((draft, (front, _)), part) in drafts.iter().zip(headers).zip(parts) {
            let payload = &mut bytes[part.payload.clone()];
            match sealing {
                Some(sealing) => {
                    draft.write(front, Sealing::plain_part(payload));
                    sealing.seal(payload, PROCESSED_LOG, count);
                }
                None => draft.write(front, payload),
            }
        }
        frame
    }
}
