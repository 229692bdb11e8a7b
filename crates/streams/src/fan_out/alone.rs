//! Reading a shard alone: a task of its own, so that what is read never waits for a client to go on.

use std::sync::Arc;

use bytes::Bytes;
use millstream_log::{End, LogError, LogId, Position};
use millstream_types::Millis;
use tokio::sync::OwnedSemaphorePermit;

use super::Reserved;
use super::event::{EventEncoder, Held, Piece, Sent, encoded_bytes};
use crate::errors::Refusal;
use crate::limits::{
    EVENT_BYTES_MAX, EVENT_RECORDS_MAX, SMALL_EVENT_BYTES, SMALL_EVENT_RECORDS,
    SMALL_EVENT_RESERVE_BYTES,
};
use crate::service::Streams;

/// What is to be read.
pub(super) struct Alone {
    pub log: LogId,
    pub from: Position,
    /// Where the reader can join the others.
    pub until: Option<Position>,
    pub encoder: Arc<dyn EventEncoder>,
    /// Memory for the event; without it only a small one is read.
    pub reserved: Option<OwnedSemaphorePermit>,
}

/// What was found.
pub(super) enum Found {
    /// The log begins later.
    Trimmed(Position),
    /// There is no such log, or the catalog does not know the shard.
    Gone,
    /// Nothing.
    Nothing { at_tip: bool },
    /// All of it is beyond the retention.
    Expired { next: Position, at_tail: bool },
    /// An event for which memory must be reserved first.
    Larger(Wanted),
    /// An event.
    Event { piece: Bytes, sent: Sent, at_tail: bool },
}

/// What an event needs that was read and given up.
pub(super) struct Wanted {
    /// Bytes to reserve.
    pub bytes: usize,
    /// When its first record arrived.
    pub arrival: Option<Millis>,
}

impl Streams {
    /// Reads an event and encodes it.
    pub(super) async fn read_alone(
        self: Arc<Self>,
        job: Alone,
    ) -> Result<Found, millstream_api::Error> {
        let Alone { log, from, until, encoder, mut reserved } = job;
        // Few at a time: what a read takes before its size is known is not reserved.
        let _turn = self.fan_out.readers.acquire().await;
        let (bytes_max, records_max) = match reserved {
            Some(_) => (EVENT_BYTES_MAX, EVENT_RECORDS_MAX),
            None => (SMALL_EVENT_BYTES, SMALL_EVENT_RECORDS),
        };
        let read = match self.log.read(log, from, bytes_max).await {
            Ok(read) => read,
            Err(LogError::Trimmed(first)) if first > from => return Ok(Found::Trimmed(first)),
            Err(LogError::Gone) => return Ok(Found::Gone),
            Err(error) => return Err(Refusal::Log(error).into()),
        };
        let at_tip = !matches!(read.end, End::More);
        if read.batches.is_empty() {
            return Ok(Found::Nothing { at_tip });
        }
        let stream = self.catalog.by_group(log.group);
        let shard = stream.as_ref().and_then(|stream| stream.shards.get(log.index as usize));
        let (Some(stream), Some(shard)) = (&stream, shard) else { return Ok(Found::Gone) };
        let batches = &read.batches;
        let piece = Piece { batches, from, until, at_tip, bytes_max, records_max };
        let draft = self.draft(stream, shard, piece, self.now()).await?;
        let at_tail = at_tip && draft.next == read.next;
        if draft.event.reply.records.is_empty() {
            return Ok(Found::Expired { next: draft.next, at_tail });
        }
        let (needed, arrival) = (encoded_bytes(&draft), draft.sent().first_arrival);
        if let Some(more) = self.fan_out.missing(reserved.as_ref(), needed) {
            match (self.fan_out.try_reserve(more), &mut reserved) {
                (Reserved::Taken(more), Some(reserved)) => reserved.merge(more),
                (Reserved::Taken(more), None) => reserved = Some(more),
                (Reserved::Short, _) => {
                    return Ok(Found::Larger(Wanted { bytes: needed, arrival }));
                }
            }
        }
        drop(read);
        let sent = draft.sent();
        let bytes = encoder.event(draft.event);
        let reserved = reserved.map(|permit| self.fan_out.trimmed(permit, bytes.len()));
        let piece = Bytes::from_owner(Held { bytes, _permit: reserved });
        Ok(Found::Event { piece, sent, at_tail })
    }
}

impl super::FanOut {
    /// How many bytes are still to be reserved for an event of `needed` bytes.
    fn missing(&self, reserved: Option<&OwnedSemaphorePermit>, needed: usize) -> Option<usize> {
        let Some(reserved) = reserved else {
            return (needed > SMALL_EVENT_RESERVE_BYTES).then_some(needed);
        };
        let missing = (self.permits_of(needed) as usize).saturating_sub(reserved.num_permits());
        (missing > 0).then_some(missing * super::EVENT_PERMIT_BYTES as usize)
    }

    /// What is not needed goes back.
    fn trimmed(&self, mut permit: OwnedSemaphorePermit, bytes: usize) -> OwnedSemaphorePermit {
        permit.split(self.permits_of(bytes) as usize).unwrap_or(permit)
    }
}
