//! GetRecords: a stretch of a shard, as its blocks were read.

use std::sync::Arc;

use bytes::Bytes;
use millstream_api::ops::{ChildShard, GetRecordsInput};
use millstream_api::{Error, ErrorCode, GetRecordsReply, RecordAt};
use millstream_catalog::{Shard, ShardState, Stream};
use millstream_log::{End, LogError, Position, ReadBatch};
use millstream_records::records;
use millstream_types::{Millis, SequenceNumber, ShardId, StreamArn};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::blocks::encryption_of;
use crate::caller::Caller;
use crate::errors::Refusal;
use crate::limits::{GET_BYTES_MAX, GET_RECORDS_MAX, ITERATOR_LIFE_MS, READ_STEP_BYTES};
use crate::owner::Owner;
use crate::runtime::StreamRuntime;
use crate::service::{REPLY_PERMIT_BYTES, Streams};
use crate::shard_series::Seen;
use crate::token::ShardIterator;

/// A reply, with its share of the memory for replies: to be kept until the last byte is sent.
pub struct HeldReply {
    /// The reply.
    pub reply: GetRecordsReply,
    /// The memory it takes.
    pub held: Vec<OwnedSemaphorePermit>,
}

impl Streams {
    /// Reads records.
    pub async fn get_records(
        &self,
        caller: &Caller,
        input: GetRecordsInput,
    ) -> Result<HeldReply, Error> {
        let (now, began) = (self.now(), Instant::now());
        let iterator = ShardIterator::open(&self.sealer, &input.shard_iterator)
            .map_err(|_| Error::invalid_argument("Invalid ShardIterator."))?;
        let (stream, shard) = self.iterated(caller, &iterator, input.stream_arn.as_deref()).await?;
        caller.may("kinesis:GetRecords", &stream.arn())?;
        check_age(iterator.made, now)?;
        if input.dry_run == Some(true) {
            return Err(Refusal::DryRun.into());
        }
        let runtime = self.runtimes.of(&stream, &self.limits, &*self.clock);
        runtime.counters.get_records_calls.add(1);
        let shard = &stream.shards[shard];
        let limits = runtime.limits_of(shard.id);
        if !limits.admit_read(now) {
            runtime.counters.read_throughput_exceeded.add(1);
            if let Some(series) = &runtime.series {
                series.count(shard.id, now, &Seen::throttled_read());
            }
            return Err(Refusal::ReadThroughput {
                shard: shard.id,
                stream: stream.name.clone(),
                account: stream.account,
            }
            .into());
        }
        let limit =
            input.limit.map_or(GET_RECORDS_MAX, |limit| limit as usize).min(GET_RECORDS_MAX);
        let stretch =
            self.read_stretch(&stream, shard, Position(iterator.position), limit, now).await?;
        limits.charge_read(stretch.bytes as u64, now);
        runtime.counters.get_records_latency_us.record(began.elapsed().as_micros() as u64);
        count(&runtime, shard.id, &stretch, now);
        Ok(self.reply(&stream, shard, stretch, now))
    }

    /// The stream and the index of the shard that an iterator belongs to. The caller sees its own streams only.
    async fn iterated(
        &self,
        caller: &Caller,
        iterator: &ShardIterator,
        arn: Option<&str>,
    ) -> Result<(Arc<Stream>, usize), Error> {
        let gone = || {
            Error::new(
                ErrorCode::ResourceNotFoundException,
                "The stream of the ShardIterator does not exist.",
            )
        };
        let group = millstream_log::GroupId(iterator.group);
        let stream = match self.catalog.by_group(group) {
            Some(stream) => stream,
            None => {
                self.catalog
                    .barrier()
                    .await
                    .map_err(|error| Refusal::Catalog(error.to_string()))?;
                self.catalog.by_group(group).ok_or_else(gone)?
            }
        };
        let own = stream.account == caller.account && stream.region == caller.region;
        let named =
            arn.is_none_or(|arn| arn.parse::<StreamArn>().is_ok_and(|arn| arn == stream.arn()));
        if !own || !named {
            return Err(Error::invalid_argument(
                "The ShardIterator does not belong to this stream.",
            ));
        }
        let index = iterator.shard as usize;
        match stream.shards.get(index).map(|shard| &shard.state) {
            Some(ShardState::Open | ShardState::Closing | ShardState::Closed { .. }) => {
                Ok((stream, index))
            }
            Some(ShardState::Reserved | ShardState::Expired) | None => {
                Err(Refusal::shard_not_found(&stream, millstream_types::ShardId(iterator.shard))
                    .into())
            }
        }
    }

    async fn read_stretch(
        &self,
        stream: &Stream,
        shard: &Shard,
        from: Position,
        limit: usize,
        now: Millis,
    ) -> Result<Stretch, Error> {
        let log = Owner::log_of(stream.group, shard.id);
        let mut stretch = Stretch::new(from, limit, GET_BYTES_MAX, stream.horizon(now), shard);
        while !stretch.is_full() {
            let Some(permit) = self.reserve(stretch.held.is_empty()).await else { break };
            let read = match self.owner.log().read(log, stretch.next, READ_STEP_BYTES).await {
                Ok(read) => read,
                Err(LogError::Trimmed(first)) if first > stretch.next => {
                    stretch.next = first;
                    continue;
                }
                // What was read before the damage is returned; the next call names the damage.
                Err(_) if !stretch.reply.records.is_empty() => break,
                Err(error) => return Err(Refusal::Log(error).into()),
            };
            stretch.held.push(permit);
            for batch in &read.batches {
                if !self.take_batch(stream, shard, &mut stretch, batch).await? {
                    return Ok(stretch);
                }
            }
            stretch.next = stretch.next.max(read.next);
            match read.end {
                End::More => {}
                End::Tail => {
                    stretch.at_tip = true;
                    break;
                }
                End::Sealed(_) => {
                    (stretch.at_tip, stretch.at_seal) = (true, true);
                    break;
                }
            }
        }
        Ok(stretch)
    }

    /// Takes a batch's records into the reply; `false` ends the reply before or within the batch.
    pub(crate) async fn take_batch(
        &self,
        stream: &Stream,
        shard: &Shard,
        stretch: &mut Stretch,
        batch: &ReadBatch,
    ) -> Result<bool, Error> {
        if batch.arrival < stretch.oldest {
            // What has expired is not opened: its key may be gone.
            stretch.skip(batch);
            return Ok(true);
        }
        let encryption = encryption_of(batch);
        let empty = stretch.reply.records.is_empty();
        // The records of a reply are all encrypted alike: it says so once.
        if !empty && stretch.reply.encryption != encryption {
            return Ok(false);
        }
        let payload = match self.payload(stream, shard.id, batch).await {
            Ok(payload) => payload,
            // What was read before is returned; the next call tells the failure.
            Err(_) if !empty => return Ok(false),
            Err(error) => return Err(error),
        };
        stretch.reply.encryption = encryption;
        stretch.take(batch, &payload)
    }

    /// Memory for one step of a read. The first step waits for it; a later one ends the reply where it is.
    async fn reserve(&self, first: bool) -> Option<OwnedSemaphorePermit> {
        let permits = (READ_STEP_BYTES / REPLY_PERMIT_BYTES) as u32;
        if first {
            self.replies.clone().acquire_many_owned(permits).await.ok()
        } else {
            self.replies.clone().try_acquire_many_owned(permits).ok()
        }
    }

    fn reply(&self, stream: &Stream, shard: &Shard, stretch: Stretch, now: Millis) -> HeldReply {
        let Stretch { mut reply, held, next, at_tip, at_seal, last_arrival, .. } = stretch;
        // Until the catalog knows the end, a sealed shard looks as if it were still open and quiet.
        let finished = at_seal && matches!(shard.state, ShardState::Closed { .. });
        if finished {
            reply.child_shards = Some(children(stream, shard));
        } else {
            let iterator = ShardIterator {
                group: stream.group.0,
                shard: shard.id.0,
                position: next.0,
                made: now,
            };
            reply.next_shard_iterator = Some(iterator.seal(&self.sealer));
        }
        let behind =
            if at_tip { 0 } else { last_arrival.map_or(0, |at| now.since(at).as_millis() as i64) };
        reply.millis_behind_latest = behind;
        HeldReply { reply, held }
    }
}

/// What has been read so far, and how much more may be.
pub(crate) struct Stretch {
    pub(crate) reply: GetRecordsReply,
    held: Vec<OwnedSemaphorePermit>,
    pub(crate) next: Position,
    pub(crate) bytes: usize,
    limit: usize,
    bytes_max: usize,
    oldest: Millis,
    shard: millstream_types::ShardId,
    creation_second: u64,
    pub(crate) last_arrival: Option<Millis>,
    at_tip: bool,
    at_seal: bool,
}

impl Stretch {
    /// Of at most `limit` records and `bytes_max` bytes, or of one record; nothing that arrived before `oldest`.
    pub(crate) fn new(
        from: Position,
        limit: usize,
        bytes_max: usize,
        oldest: Millis,
        shard: &Shard,
    ) -> Self {
        Stretch {
            reply: GetRecordsReply::default(),
            held: Vec::new(),
            next: from,
            bytes: 0,
            limit,
            bytes_max,
            oldest,
            shard: shard.id,
            creation_second: shard.created.seconds(),
            last_arrival: None,
            at_tip: false,
            at_seal: false,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.reply.records.len() >= self.limit || self.bytes >= self.bytes_max
    }

    /// Passes over a batch that has expired.
    fn skip(&mut self, batch: &ReadBatch) {
        self.last_arrival = Some(batch.arrival);
        self.next = Position(batch.first.0 + u64::from(batch.batch.count));
    }

    /// Takes a batch's records, as many as there is room for; `false` if not all were taken.
    pub(crate) fn take(&mut self, batch: &ReadBatch, payload: &Bytes) -> Result<bool, Error> {
        self.last_arrival = Some(batch.arrival);
        let places = records(payload, batch.batch.count).map_err(|error| {
            tracing::error!(%error, shard = %self.shard, position = batch.first.0, "a block cannot be read");
            Error::new(ErrorCode::InternalFailureException, format!("Internal service failure: {error}."))
        })?;
        let skip = self.next.0.saturating_sub(batch.first.0);
        let first = SequenceNumber::of_record(
            self.creation_second,
            self.shard,
            batch.first.0 + skip,
            batch.arrival,
        );
        let mut sequence = first.digits();
        let block = self.reply.blocks.len() as u32;
        self.reply.blocks.push(payload.clone());
        for place in places.skip(skip as usize) {
            let key_bytes = place.key.as_ref().map_or(0, |key| key.len());
            let bytes = place.data.len() + key_bytes;
            let fits = self.bytes == 0 || self.bytes + bytes <= self.bytes_max;
            if self.reply.records.len() >= self.limit || !fits {
                return Ok(false);
            }
            self.bytes += bytes;
            self.next = Position(self.next.0.max(batch.first.0) + 1);
            self.reply.records.push(RecordAt {
                block,
                data: place.data,
                partition_key: place.key,
                sequence,
                arrival: batch.arrival,
            });
            sequence.advance();
        }
        Ok(true)
    }
}

fn check_age(made: Millis, now: Millis) -> Result<(), Error> {
    if now.0.saturating_sub(made.0) <= ITERATOR_LIFE_MS {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::ExpiredIteratorException,
        format!(
            "Iterator expired. The iterator was created at time {} while right now it is {} which is further in the \
             future than the tolerated delay of {ITERATOR_LIFE_MS} milliseconds.",
            crate::date::format(made),
            crate::date::format(now)
        ),
    ))
}

/// The shards that follow a closed one, each with all its parents: the KCL takes a reply without them for broken.
pub(crate) fn children(stream: &Stream, shard: &Shard) -> Vec<ChildShard> {
    let parents = |child: &Shard| {
        [child.parent, child.adjacent_parent].into_iter().flatten().collect::<Vec<_>>()
    };
    stream
        .shards
        .iter()
        .filter(|child| parents(child).contains(&shard.id))
        .map(|child| ChildShard {
            shard_id: child.id.to_string(),
            parent_shards: parents(child).iter().map(ToString::to_string).collect(),
            hash_key_range: child.range.into(),
        })
        .collect()
}

fn count(runtime: &StreamRuntime, shard: ShardId, stretch: &Stretch, now: Millis) {
    let counters = &runtime.counters;
    counters.get_records_success.add(1);
    counters.get_records_bytes.add(stretch.bytes as u64);
    counters.get_records_records.add(stretch.reply.records.len() as u64);
    let records = stretch.reply.records.len() as u64;
    let last = stretch.reply.records.last();
    let age_ms = last.map(|last| now.since(last.arrival).as_millis() as u64);
    if let Some(age_ms) = age_ms {
        counters.get_records_iterator_age_ms.record(age_ms);
    }
    if let Some(series) = &runtime.series {
        series.count(shard, now, &Seen::read(stretch.bytes as u64, records, age_ms));
    }
}
