//! One subscription, from its first message to its last.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use millstream_api::{Error, GetRecordsReply};
use millstream_catalog::{Consumer, Shard, ShardState, Stream};
use millstream_log::{End, LogError, Position};
use millstream_types::Millis;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, Sleep};

use super::counters::ConsumerCounters;
use super::event::{Draft, EventEncoder, Held, Piece, PushEvent, continuation};
use super::outbox::{Outbox, Subscription};
use super::shard::{ConsumerKey, Cursor, Ending, Place, ShardFan, Step};
use crate::bucket::Bucket;
use crate::consumer_errors::{ConsumerRefusal, SubscriptionName};
use crate::errors::Refusal;
use crate::limits::{EVENT_BYTES_MAX, EVENT_RESERVE_BYTES, KEEP_ALIVE, PACE_LOOK};
use crate::ops::get_records::children;
use crate::owner::Owner;
use crate::service::Streams;

/// What a subscription begins with, once it is clear that it may.
pub(crate) struct FeedStart<'a> {
    pub stream: &'a Stream,
    pub shard: &'a Shard,
    pub consumer: &'a Consumer,
    pub position: Position,
    pub encoder: Arc<dyn EventEncoder>,
    pub now: Millis,
}

/// A subscription at work.
struct Feed {
    streams: Arc<Streams>,
    fan: Arc<ShardFan>,
    jumps: watch::Receiver<()>,
    changed: watch::Receiver<()>,
    outbox: Arc<Outbox>,
    encoder: Arc<dyn EventEncoder>,
    counters: Arc<ConsumerCounters>,
    pace: Arc<Bucket>,
    ending: Arc<OnceLock<Ending>>,
    name: SubscriptionName,
    consumer: ConsumerKey,
    id: u64,
    cursor: Cursor,
    /// Service time.
    ends: Millis,
    last_sent: Instant,
    timer: Pin<Box<Sleep>>,
}

/// The subscription is over; the last message, if it needs one.
struct Over(Option<Error>);

impl Streams {
    /// Takes the consumer's place at the shard and begins to send.
    pub(crate) fn begin_feed(
        self: &Arc<Self>,
        start: FeedStart<'_>,
    ) -> Result<Subscription, Refusal> {
        let FeedStart { stream, shard, consumer, position, encoder, now } = start;
        let name = SubscriptionName {
            account: stream.account,
            stream: stream.name.clone(),
            shard: shard.id,
            consumer: consumer.name.clone(),
        };
        let key = (consumer.name.clone(), consumer.created_second);
        let ending = Arc::new(OnceLock::new());
        let pace = Arc::new(Bucket::new(self.limits.consumer_read_bytes_per_second, now));
        let place = Place {
            log: Owner::log_of(stream.group, shard.id),
            consumer: key.clone(),
            name: name.clone(),
            encoder: encoder.clone(),
            ending: ending.clone(),
            take_over_after: Duration::from_millis(self.limits.subscription_take_over_ms),
        };
        let (fan, id, is_new) = self.fan_out.enter(place, now, self.limits.subscriptions_max)?;
        if is_new {
            tokio::spawn(self.clone().run_tail(fan.clone()));
        }
        let counters = self.fan_out.counters_of(stream, consumer);
        counters.subscribe_success.add(1);
        let outbox = Arc::new(Outbox::default());
        let began = Instant::now();
        let feed = Feed {
            streams: self.clone(),
            changed: fan.changes(),
            jumps: self.jumps(),
            fan,
            outbox: outbox.clone(),
            encoder,
            counters,
            pace,
            ending,
            name,
            consumer: key,
            id,
            cursor: Cursor { position, joined: false, at_tail: false },
            ends: now.plus(Duration::from_millis(self.limits.subscription_life_ms)),
            last_sent: began,
            timer: Box::pin(tokio::time::sleep_until(began + KEEP_ALIVE)),
        };
        // What the catalog learned since the consumer was looked up has not been seen by the shard's task.
        feed.fan.check(self.catalog.by_group(stream.group).as_deref());
        Ok(Subscription::new(outbox, feed.run()))
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.fan.leave(&self.consumer, self.id, self.encoder.encoding(), &mut self.cursor);
        self.streams.fan_out.active.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Feed {
    async fn run(mut self) {
        self.outbox.put(self.encoder.begin().into()).await;
        let Over(why) = self.deliver().await;
        if let Some(error) = why {
            self.outbox.put(self.encoder.exception(&error).into()).await;
        }
    }

    async fn deliver(&mut self) -> Over {
        loop {
            self.changed.mark_unchanged();
            self.jumps.mark_unchanged();
            if let Some(over) = self.over() {
                return over;
            }
            let done = match self.fan.step(&mut self.cursor, self.encoder.encoding()) {
                Step::Share(event) => {
                    let piece = event.encoded[self.encoder.encoding()].clone();
                    let sent = Sent {
                        next: event.next,
                        bytes: event.bytes,
                        records: event.records,
                        millis_behind: event.millis_behind,
                    };
                    drop(event);
                    self.send(piece.unwrap_or_default(), sent).await
                }
                Step::Read { until } => self.read(until).await,
                Step::Wait => self.wait().await,
                Step::Sealed => self.finish().await,
            };
            if let Err(over) = done {
                return over;
            }
        }
    }

    /// Whether it is over: its time, or what somebody did.
    fn over(&self) -> Option<Over> {
        let Some(ending) = self.ending.get() else {
            return (self.streams.now() >= self.ends).then_some(Over(None));
        };
        let SubscriptionName { account, stream, consumer, .. } = self.name.clone();
        let refusal: Refusal = match ending {
            Ending::TakenOver => ConsumerRefusal::ActiveSubscription(self.name.clone()).into(),
            Ending::ConsumerGone => ConsumerRefusal::NotFound { consumer, stream, account }.into(),
            Ending::StreamGone => {
                Refusal::StreamNotFound { name: stream, account, elsewhere: vec![] }
            }
        };
        Some(Over(Some(refusal.into())))
    }

    /// Sends an event, once the consumer's throughput allows it.
    async fn send(&mut self, piece: Bytes, sent: Sent) -> Result<(), Over> {
        while sent.bytes > 0 && !self.pace.has_any(self.streams.now()) {
            if let Some(over) = self.over() {
                return Err(over);
            }
            tokio::time::sleep(PACE_LOOK).await;
        }
        self.outbox.put(piece).await;
        self.pace.charge(sent.bytes as u64, self.streams.now());
        self.cursor.position = sent.next;
        self.last_sent = Instant::now();
        self.counters.event_success.add(1);
        self.counters.event_bytes.add(sent.bytes as u64);
        self.counters.event_records.add(sent.records as u64);
        self.counters.event_millis_behind.record(sent.millis_behind.max(0) as u64);
        Ok(())
    }

    /// Reads the log alone, and sends what was read.
    async fn read(&mut self, until: Option<Position>) -> Result<(), Over> {
        let streams = self.streams.clone();
        let (log, from) = (self.fan.log, self.cursor.position);
        // Before anything is read: a thousand readers that wait for memory must not hold what they have read.
        let permit = streams.fan_out.reserve(EVENT_RESERVE_BYTES).await.ok_or(Over(None))?;
        let read = match streams.log.read(log, from, EVENT_BYTES_MAX).await {
            Ok(read) => read,
            Err(LogError::Trimmed(first)) if first > from => {
                self.cursor.position = first;
                return Ok(());
            }
            Err(LogError::Gone) => {
                drop(permit);
                return self.wait().await;
            }
            Err(error) => return Err(Over(Some(Refusal::Log(error).into()))),
        };
        let at_tip = !matches!(read.end, End::More);
        if read.batches.is_empty() {
            self.cursor.at_tail = at_tip;
            return Ok(());
        }
        let Some((stream, shard)) = self.shard() else {
            drop(permit);
            return self.wait().await;
        };
        let piece = Piece { batches: &read.batches, from, until, at_tip };
        let draft = streams.draft(&stream, &stream.shards[shard], piece, streams.now()).await;
        let draft = draft.map_err(|error| Over(Some(error)))?;
        self.cursor.at_tail = at_tip && draft.next == read.next;
        if draft.event.reply.records.is_empty() {
            // All of it is beyond the retention.
            self.cursor.position = draft.next;
            return Ok(());
        }
        drop(read);
        self.send_alone(draft, permit).await
    }

    async fn send_alone(
        &mut self,
        draft: Draft,
        mut permit: OwnedSemaphorePermit,
    ) -> Result<(), Over> {
        let Draft { event, next, bytes, .. } = draft;
        let sent = Sent {
            next,
            bytes,
            records: event.reply.records.len(),
            millis_behind: event.reply.millis_behind_latest,
        };
        let bytes = self.encoder.event(event);
        let needed = self.streams.fan_out.permits_of(bytes.len());
        // What is not needed goes back; what one large record needs beyond it is waited for with nothing in hand.
        let exact = permit.split(needed as usize);
        drop(permit);
        let permit = match exact {
            Some(permit) => permit,
            None => self.streams.fan_out.reserve(bytes.len()).await.ok_or(Over(None))?,
        };
        self.send(Bytes::from_owner(Held { bytes, _permit: permit }), sent).await
    }

    fn shard(&self) -> Option<(Arc<Stream>, usize)> {
        let index = self.fan.log.index as usize;
        let stream = self.streams.catalog.by_group(self.fan.log.group)?;
        (index < stream.shards.len()).then_some((stream, index))
    }

    /// Waits until there may be something to do; says meanwhile that it is still there.
    async fn wait(&mut self) -> Result<(), Over> {
        tokio::select! {
            changed = self.changed.changed() => {
                return changed.map_err(|_| Over(None));
            }
            // The service clock was moved: the subscription's time may be over.
            Ok(()) = self.jumps.changed() => return Ok(()),
            () = self.timer.as_mut() => {}
        }
        self.on_timer().await
    }

    /// The timer is only set again when it has fired, so that an event costs none.
    async fn on_timer(&mut self) -> Result<(), Over> {
        if let Some(over) = self.over() {
            return Err(over);
        }
        if Instant::now() >= self.last_sent + KEEP_ALIVE
            && let Some((stream, shard)) = self.shard()
        {
            let now = self.streams.now();
            let shard = &stream.shards[shard];
            let continuation = Some(continuation(shard, self.cursor.position, now));
            let event = PushEvent { reply: GetRecordsReply::default(), continuation };
            let piece = self.encoder.event(event).into();
            self.send(piece, Sent::nothing(self.cursor.position)).await?;
        }
        let left = self.ends.since(self.streams.now()) + Duration::from_millis(1);
        let next = (self.last_sent + KEEP_ALIVE).min(Instant::now() + left);
        let soon = Instant::now() + Duration::from_millis(1);
        self.timer.as_mut().reset(next.max(soon));
        Ok(())
    }

    /// All records of a closed shard are sent: says which shards follow, once the catalog knows them.
    async fn finish(&mut self) -> Result<(), Over> {
        let mut changes = self.streams.catalog.changes();
        loop {
            changes.mark_unchanged();
            if let Some(over) = self.over() {
                return Err(over);
            }
            if let Some((stream, shard)) = self.shard()
                && matches!(
                    stream.shards[shard].state,
                    ShardState::Closed { .. } | ShardState::Expired
                )
            {
                let child_shards = Some(children(&stream, &stream.shards[shard]));
                let reply = GetRecordsReply { child_shards, ..GetRecordsReply::default() };
                let piece = self.encoder.event(PushEvent { reply, continuation: None }).into();
                self.send(piece, Sent::nothing(self.cursor.position)).await?;
                return Err(Over(None));
            }
            tokio::select! {
                changed = changes.changed() => {
                    if changed.is_err() {
                        return Err(Over(None));
                    }
                }
                done = self.wait() => done?,
            }
            self.changed.mark_unchanged();
        }
    }
}

/// What is counted of an event that is sent, and where it leads.
struct Sent {
    next: Position,
    bytes: usize,
    records: usize,
    millis_behind: i64,
}

impl Sent {
    fn nothing(at: Position) -> Self {
        Sent { next: at, bytes: 0, records: 0, millis_behind: 0 }
    }
}
