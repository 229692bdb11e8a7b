//! Events: from batches of the log to what is sent.

use bytes::Bytes;
use millstream_api::{Error, GetRecordsReply};
use millstream_catalog::{Shard, Stream};
use millstream_log::{Position, ReadBatch};
use millstream_types::{Millis, SequenceNumber};
use tokio::sync::OwnedSemaphorePermit;

use crate::ops::get_records::Stretch;
use crate::service::Streams;

/// How many encodings of events there are.
pub(super) const ENCODINGS: usize = 2;

/// Turns events into bytes; the edge gives one for each protocol.
pub trait EventEncoder: Send + Sync + 'static {
    /// Which encoding it is, 0 or 1: two encoders of one number write the same bytes.
    fn encoding(&self) -> usize;
    /// What comes before the first event.
    fn begin(&self) -> Vec<u8>;
    /// An event.
    fn event(&self, event: PushEvent) -> Vec<u8>;
    /// What ends a subscription that failed.
    fn exception(&self, error: &Error) -> Vec<u8>;
}

/// An event.
#[derive(Clone, Debug)]
pub struct PushEvent {
    /// The records, how far behind they are, and the children at the end of a closed shard. It has no next iterator.
    pub reply: GetRecordsReply,
    /// Where to subscribe again; `None` at the end of a closed shard.
    pub continuation: Option<String>,
}

/// An event with what else is to be known of it.
pub(super) struct Draft {
    pub event: PushEvent,
    pub first: Position,
    pub next: Position,
    /// Keys and data.
    pub bytes: usize,
}

/// An event's bytes and their share of the budget, until the last who sends them is done.
pub(super) struct Held {
    pub bytes: Vec<u8>,
    /// `None` for an event that is small enough for everyone to have one.
    pub _permit: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What of a log is read at once.
pub(super) struct Piece<'a> {
    pub batches: &'a [ReadBatch],
    pub from: Position,
    /// Batches that begin here or later are left for the next event.
    pub until: Option<Position>,
    /// The batches end at the tip of the log.
    pub at_tip: bool,
    /// Most keys and data of the event, unless it is one record.
    pub bytes_max: usize,
    /// Most records of the event.
    pub records_max: usize,
}

/// What is counted of an event that is sent, and where it leads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub next: Position,
    /// Keys and data.
    pub bytes: usize,
    pub records: usize,
    pub millis_behind: i64,
    /// When the first of its records arrived.
    pub first_arrival: Option<Millis>,
    /// When the last of its records arrived.
    pub last_arrival: Option<Millis>,
}

impl Sent {
    /// Of an event without records.
    pub fn nothing(at: Position) -> Self {
        Sent {
            next: at,
            bytes: 0,
            records: 0,
            millis_behind: 0,
            first_arrival: None,
            last_arrival: None,
        }
    }
}

impl Draft {
    pub fn sent(&self) -> Sent {
        let records = &self.event.reply.records;
        Sent {
            next: self.next,
            bytes: self.bytes,
            records: records.len(),
            millis_behind: self.event.reply.millis_behind_latest,
            first_arrival: records.first().map(|record| record.arrival),
            last_arrival: records.last().map(|record| record.arrival),
        }
    }
}

/// About how many bytes an event has once it is encoded: base64, and the names and numbers around each record.
pub(super) fn encoded_bytes(draft: &Draft) -> usize {
    let records = draft.event.reply.records.len();
    draft.bytes.div_ceil(3) * 4 + records * ENCODED_RECORD_BYTES + ENCODED_EVENT_BYTES
}

/// What is around a record in JSON, which has more of it than CBOR.
const ENCODED_RECORD_BYTES: usize = 256;
/// What is around the records.
const ENCODED_EVENT_BYTES: usize = 512;

impl Streams {
    /// An event of as many of these batches as fit one.
    pub(super) async fn draft(
        &self,
        stream: &Stream,
        shard: &Shard,
        piece: Piece<'_>,
        now: Millis,
    ) -> Result<Draft, Error> {
        let oldest = stream.horizon(now);
        let mut stretch =
            Stretch::new(piece.from, piece.records_max, piece.bytes_max, oldest, shard);
        let mut all = piece.at_tip;
        for batch in piece.batches {
            if stretch.is_full() || piece.until.is_some_and(|until| batch.first >= until) {
                all = false;
                break;
            }
            if !self.take_batch(stream, shard, &mut stretch, batch).await? {
                all = false;
                break;
            }
        }
        let at = stretch.last_arrival.unwrap_or(now);
        let behind = if all { 0 } else { now.since(at).as_millis() as i64 };
        let (next, bytes) = (stretch.next, stretch.bytes);
        let mut reply = stretch.reply;
        reply.millis_behind_latest = behind;
        let continuation = Some(continuation(shard, next, at));
        Ok(Draft { event: PushEvent { reply, continuation }, first: piece.from, next, bytes })
    }
}

/// The number to subscribe again with: neither it nor what precedes it is sent twice, whether the next subscription
/// begins at it or after it.
pub(super) fn continuation(shard: &Shard, next: Position, at: Millis) -> String {
    SequenceNumber::before_record(shard.created.seconds(), shard.id, next.0, at).to_string()
}

/// An event as it is shared by all who are at the tail.
pub(super) struct SharedEvent {
    pub first: Position,
    pub next: Position,
    pub sent: Sent,
    /// Reserved for it in all.
    pub permits: u32,
    /// For each encoding that somebody wanted when it was made.
    pub encoded: [Option<Bytes>; ENCODINGS],
}
