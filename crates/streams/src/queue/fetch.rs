//! From what was handed out to the records themselves, read where they lie in the stream's shards.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use millstream_api::ops::{QueueRecord, ReceivedQueueRecords};
use millstream_api::{Blob, Error};
use millstream_catalog::{Queue, QueueStart, Stream};
use millstream_log::{LogError, LogId, Position, ReadBatch};
use millstream_records::records;
use millstream_types::{Millis, ShardId};
use tokio::sync::OwnedSemaphorePermit;

use super::faults::QueueFault;
use super::handed::Handed;
use super::handle::{record_id, seal};
use super::machine::{Grant, Op, Ticket};
use super::open::OpenQueue;
use crate::errors::Refusal;
use crate::limits::RECEIVE_BYTES_MAX;
use crate::owner::Owner;
use crate::service::{REPLY_PERMIT_BYTES, Streams};

/// Records that were received, with their share of the memory for replies: to be kept until the last byte is sent.
///
/// They go back into the queue, uncounted, unless [`Delivery::delivered`] is called.
#[derive(Default)]
pub struct HeldQueueRecords {
    records: Vec<Fetched>,
    /// The memory that they take.
    pub held: Vec<OwnedSemaphorePermit>,
    /// Whether they reached the consumer.
    pub delivery: Delivery,
}

/// Whether a reply reached its consumer.
#[derive(Default)]
pub struct Delivery(Option<Handed>);

impl Delivery {
    /// The consumer has the whole reply. Otherwise, as this is dropped, what it would have received goes back.
    pub fn delivered(self) {
        self.0.into_iter().for_each(Handed::delivered);
    }
}

/// A record in the block it was read with.
struct Fetched {
    ticket: Ticket,
    handle: String,
    record_id: String,
    block: Bytes,
    key: Option<Range<u32>>,
    data: Range<u32>,
    arrival: Millis,
    first_received: Millis,
    receives: u32,
}

impl HeldQueueRecords {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// The operation's output; its data is that of the blocks as they were read.
    pub fn output(&self) -> ReceivedQueueRecords<'_> {
        let records = self.records.iter().map(|record| {
            let part = |range: &Range<u32>| &record.block[range.start as usize..range.end as usize];
            let key = record.key.as_ref().map(part);
            QueueRecord {
                receipt_handle: record.handle.clone(),
                record_id: record.record_id.clone(),
                partition_key: key.map(|key| String::from_utf8_lossy(key).into_owned()),
                data: Blob::Raw(Cow::Borrowed(part(&record.data))),
                approximate_arrival_timestamp: record.arrival,
                first_receive_timestamp: record.first_received,
                receive_count: record.receives as i32,
            }
        });
        ReceivedQueueRecords { queue_records: records.collect() }
    }
}

/// What has been read of what was handed out.
struct Fetch {
    found: HeldQueueRecords,
    bytes: usize,
    /// Positions that hold nothing for this queue.
    nothing: Vec<(u32, u64, u64)>,
    /// What did not fit into the reply, or could not be read now.
    back: Vec<Grant>,
}

impl Streams {
    /// Reads what was handed out. What has expired leaves the queue, what does not fit goes back into it.
    pub(super) async fn fetch(
        &self,
        queue: &Queue,
        open: &OpenQueue,
        mut handed: Handed,
    ) -> Result<HeldQueueRecords, Error> {
        let mut grants = handed.grants().to_vec();
        if grants.is_empty() {
            return Ok(HeldQueueRecords::default());
        }
        let stream = self.catalog.by_group(queue.stream);
        let stream = stream.ok_or_else(|| QueueFault::NotFound(queue.arn().to_string()))?;
        grants.sort_by_key(|grant| grant.ticket);
        let mut fetch = Fetch {
            found: HeldQueueRecords::default(),
            bytes: 0,
            nothing: Vec::new(),
            back: Vec::new(),
        };
        let read = self.fetch_all(queue, &stream, &grants, &mut fetch).await;
        let Fetch { mut found, nothing, back, .. } = fetch;
        if !nothing.is_empty() {
            open.submit(queue, self.now(), Op::Discard { ranges: nothing }).await?;
        }
        if !back.is_empty() {
            let tickets = back.iter().map(|grant| grant.ticket).collect();
            open.submit(queue, self.now(), Op::Release { tickets }).await?;
            open.tell();
        }
        handed.keep(|ticket| found.records.iter().any(|record| record.ticket == *ticket));
        found.delivery = Delivery(Some(handed));
        match read {
            Err(error) if found.is_empty() => Err(error),
            Ok(()) | Err(_) => Ok(found),
        }
    }

    async fn fetch_all(
        &self,
        queue: &Queue,
        stream: &Stream,
        grants: &[Grant],
        fetch: &mut Fetch,
    ) -> Result<(), Error> {
        let mut rest = grants;
        while let Some(first) = rest.first() {
            let shard = first.ticket.shard;
            match self.fetch_batch(queue, stream, rest, fetch).await {
                // What was granted up to this position of the shard is dealt with.
                Ok(upto) => {
                    let done =
                        |grant: &Grant| grant.ticket.shard == shard && grant.ticket.position < upto;
                    let count = rest.iter().take_while(|grant| done(grant)).count().max(1);
                    rest = &rest[count..];
                }
                Err(error) => {
                    fetch.back.extend(rest);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Reads the batch of the first of `grants` and takes from it what was granted; the position after it.
    async fn fetch_batch(
        &self,
        queue: &Queue,
        stream: &Stream,
        grants: &[Grant],
        fetch: &mut Fetch,
    ) -> Result<u64, Error> {
        let (shard, from) = (grants[0].ticket.shard, grants[0].ticket.position);
        let log: LogId = Owner::log_of(stream.group, ShardId(shard));
        let read = match self.owner.log().read(log, Position(from), 1).await {
            Ok(read) => read,
            Err(LogError::Trimmed(first)) if first.0 > from => {
                fetch.nothing.push((shard, from, first.0));
                return Ok(first.0);
            }
            Err(error) => return Err(Refusal::Log(error).into()),
        };
        let Some(batch) = read.batches.first() else {
            let upto = read.next.0.max(from + 1);
            fetch.nothing.push((shard, from, upto));
            return Ok(upto);
        };
        let after = batch.first.0 + u64::from(batch.batch.count);
        if batch.first.0 > from {
            // Nothing lies before the batch: an engine may leave gaps.
            fetch.nothing.push((shard, from, batch.first.0));
            return Ok(batch.first.0);
        }
        if batch.arrival < oldest(queue, stream, self.now()) {
            fetch.nothing.push((shard, from, after));
            return Ok(after);
        }
        let payload = self.payload(stream, ShardId(shard), batch).await?;
        let of_batch: Vec<Grant> = grants
            .iter()
            .take_while(|grant| grant.ticket.shard == shard && grant.ticket.position < after)
            .copied()
            .collect();
        let Some(permit) = self.reserve_for(payload.len(), fetch.found.is_empty()).await else {
            fetch.back.extend(of_batch);
            return Ok(after);
        };
        fetch.found.held.push(permit);
        self.take(queue, batch, &payload, &of_batch, fetch)?;
        Ok(after)
    }

    /// Memory for a block. The first waits for it; a later one stays in the queue if there is none.
    async fn reserve_for(&self, bytes: usize, first: bool) -> Option<OwnedSemaphorePermit> {
        let most = (self.limits.reply_bytes_max as usize / REPLY_PERMIT_BYTES).max(1);
        let permits = bytes.div_ceil(REPLY_PERMIT_BYTES).clamp(1, most) as u32;
        if first {
            self.replies.clone().acquire_many_owned(permits).await.ok()
        } else {
            self.replies.clone().try_acquire_many_owned(permits).ok()
        }
    }

    fn take(
        &self,
        queue: &Queue,
        batch: &ReadBatch,
        payload: &Bytes,
        grants: &[Grant],
        fetch: &mut Fetch,
    ) -> Result<(), Error> {
        let places = records(payload, batch.batch.count).map_err(|error| {
            tracing::error!(%error, position = batch.first.0, "a block cannot be read");
            Refusal::Log(LogError::Damaged(error.to_string()))
        })?;
        let mut wanted = grants.iter().peekable();
        for (position, place) in (batch.first.0..).zip(places) {
            let Some(grant) = wanted.next_if(|grant| grant.ticket.position == position) else {
                continue;
            };
            let bytes = place.data.len() + place.key.as_ref().map_or(0, |key| key.len());
            if fetch.bytes > 0 && fetch.bytes + bytes > RECEIVE_BYTES_MAX {
                fetch.back.push(*grant);
                continue;
            }
            fetch.bytes += bytes.max(1);
            fetch.found.records.push(Fetched {
                ticket: grant.ticket,
                handle: seal(&self.sealer, queue.group, &grant.ticket),
                record_id: record_id(grant.ticket.shard, position),
                block: payload.clone(),
                key: place.key,
                data: place.data,
                arrival: batch.arrival,
                first_received: Millis(grant.first_received),
                receives: grant.receives,
            });
        }
        Ok(())
    }
}

/// What arrived before this is not the queue's: it is beyond the retention, or before the queue begins.
fn oldest(queue: &Queue, stream: &Stream, now: Millis) -> Millis {
    let horizon = stream.horizon(now);
    match queue.start {
        QueueStart::AtTimestamp(at) => horizon.max(at),
        QueueStart::Latest | QueueStart::TrimHorizon => horizon,
    }
}
