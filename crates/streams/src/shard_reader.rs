//! Reading a stream's shards from within the server: what delivers a stream stands on it.
//!
//! It reads from positions, not through iterators, and does not take from the shards' read limits (decision
//! 0270: what is delivered inside the server does not take from what clients may read).

use std::sync::Arc;

use bytes::Bytes;
use millstream_api::Error;
use millstream_catalog::{Shard, ShardState, Stream};
use millstream_log::{DamagedPlace, End, GroupId, LogError, Position, ReadBatch, read_sound};
use millstream_records::records;
use millstream_types::{Millis, SequenceNumber, ShardId};
use tokio::sync::watch;

use crate::owner::Owner;
use crate::service::Streams;

/// Reads the shards of one stream.
#[derive(Clone)]
pub struct ShardReader {
    streams: Arc<Streams>,
    group: GroupId,
}

/// A record of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardRecord {
    /// Its position in the shard.
    pub position: u64,
    /// When it arrived.
    pub arrival: Millis,
    /// Its data: part of the block that was read.
    pub data: Bytes,
    /// Its partition key, if it was put with one: UTF-8.
    pub partition_key: Option<Bytes>,
    /// Its sequence number.
    pub sequence: SequenceNumber,
}

/// A stretch of a shard.
#[derive(Clone, Debug)]
pub struct ShardStretch {
    /// The records, in order.
    pub records: Vec<ShardRecord>,
    /// Where to read on.
    pub next: Position,
    /// Bytes of the batches that were read, as they lie in the log.
    pub bytes_read: usize,
    /// How many records before `next` had expired: they are not in `records`.
    pub expired: u64,
    /// What comes at `next`.
    pub end: End,
}

/// Why a shard cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShardReadError {
    /// The stream, or the shard, is gone.
    Gone,
    /// The log is damaged where it was to be read.
    Damaged(DamagedPlace),
    /// Something that may pass: a key service that does not answer, a disk that is busy. The text says what.
    Failed(String),
}

impl std::fmt::Display for ShardReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ShardReadError::Gone => f.write_str("the stream or the shard is gone"),
            ShardReadError::Damaged(DamagedPlace { next, what, .. }) => {
                write!(f, "damaged: {what} (up to {})", next.0)
            }
            ShardReadError::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ShardReadError {}

impl From<LogError> for ShardReadError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Gone => ShardReadError::Gone,
            other => ShardReadError::Failed(other.to_string()),
        }
    }
}

impl From<Error> for ShardReadError {
    fn from(error: Error) -> Self {
        ShardReadError::Failed(format!("{:?}: {}", error.code, error.message))
    }
}

impl Streams {
    /// A reader of the stream whose logs are `group`.
    pub fn shard_reader(self: &Arc<Self>, group: GroupId) -> ShardReader {
        ShardReader { streams: self.clone(), group }
    }
}

impl ShardReader {
    /// The stream as it is now, with its shards and their parents; `None` once it is deleted.
    pub fn stream(&self) -> Option<Arc<Stream>> {
        self.streams.catalog.by_group(self.group)
    }

    /// Changes whenever the catalog does: shards may have come or ended.
    pub fn changes(&self) -> watch::Receiver<Position> {
        self.streams.catalog.changes()
    }

    /// Where the shards that take records end now: LATEST, for who begins to read.
    pub async fn ends(&self) -> Result<Vec<(ShardId, Position)>, ShardReadError> {
        let stream = self.stream().ok_or(ShardReadError::Gone)?;
        let mut ends = Vec::new();
        for shard in stream.open_shards() {
            let bounds = self.streams.owner.log().bounds(Owner::log_of(self.group, shard.id));
            ends.push((shard.id, bounds.await?.end));
        }
        Ok(ends)
    }

    /// Returns once a shard's end is past `after`, or it is sealed or gone; may return early.
    pub async fn wait(&self, shard: ShardId, after: Position) -> Result<(), ShardReadError> {
        Ok(self.streams.owner.log().wait(Owner::log_of(self.group, shard), after).await?)
    }

    /// Reads a shard from a position up to `to` (its end if none), about `bytes_max` bytes, at least one batch if
    /// there is one. What has expired is left out and counted.
    pub async fn read(
        &self,
        shard: ShardId,
        from: Position,
        to: Option<Position>,
        bytes_max: usize,
    ) -> Result<ShardStretch, ShardReadError> {
        let stream = self.stream().ok_or(ShardReadError::Gone)?;
        let shard = stream.shards.get(shard.0 as usize).ok_or(ShardReadError::Gone)?;
        match shard.state {
            ShardState::Open | ShardState::Closing | ShardState::Closed { .. } => {}
            ShardState::Reserved | ShardState::Expired => return Err(ShardReadError::Gone),
        }
        let to = to.unwrap_or(Position(u64::MAX));
        let mut stretch = ShardStretch {
            records: Vec::new(),
            next: from,
            bytes_read: 0,
            expired: 0,
            end: End::More,
        };
        let log = Owner::log_of(self.group, shard.id);
        let read = match read_sound(self.streams.owner.log(), log, from, bytes_max).await {
            Err(LogError::Trimmed(first)) => {
                stretch.skip_to(first.min(to));
                return Ok(stretch);
            }
            Ok(Err(place)) => {
                let next = place.next.min(to);
                return Err(ShardReadError::Damaged(DamagedPlace { next, ..place }));
            }
            Ok(Ok(read)) => read,
            Err(error) => return Err(error.into()),
        };
        let horizon = stream.horizon(self.streams.now());
        for batch in &read.batches {
            if batch.first >= to {
                return Ok(stretch);
            }
            stretch.bytes_read += batch.batch.payload.len();
            if batch.arrival < horizon {
                let after = Position(batch.first.0 + u64::from(batch.batch.count));
                stretch.skip_to(after.min(to));
                continue;
            }
            let payload = self.streams.payload(&stream, shard.id, batch).await?;
            stretch.take(shard, batch, &payload, to)?;
        }
        if stretch.next < to {
            (stretch.next, stretch.end) = (stretch.next.max(read.next.min(to)), read.end);
        }
        Ok(stretch)
    }
}

impl ShardStretch {
    fn skip_to(&mut self, to: Position) {
        self.expired += to.0.saturating_sub(self.next.0);
        self.next = self.next.max(to);
    }

    fn take(
        &mut self,
        shard: &Shard,
        batch: &ReadBatch,
        payload: &Bytes,
        to: Position,
    ) -> Result<(), ShardReadError> {
        let failed =
            |error| ShardReadError::Failed(format!("{} of {}: {error}", batch.first.0, shard.id));
        let slice =
            |range: std::ops::Range<u32>| payload.slice(range.start as usize..range.end as usize);
        let places = records(payload, batch.batch.count).map_err(failed)?;
        for (place, position) in places.zip(batch.first.0..to.0) {
            if position < self.next.0 {
                continue;
            }
            let created = shard.created.seconds();
            self.records.push(ShardRecord {
                position,
                arrival: batch.arrival,
                data: slice(place.data),
                partition_key: place.key.map(slice),
                sequence: SequenceNumber::of_record(created, shard.id, position, batch.arrival),
            });
            self.next = Position(position + 1);
        }
        Ok(())
    }
}
