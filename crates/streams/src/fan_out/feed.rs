//! One subscription, from its first message to its last.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use millstream_api::{Error, GetRecordsReply};
use millstream_catalog::{Consumer, Shard, ShardState, Stream};
use millstream_log::{GroupId, Position};
use millstream_types::{Millis, ShardId};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, Sleep};

use super::alone::{Alone, Found, Wanted};
use super::counters::ConsumerCounters;
use super::event::{EventEncoder, PushEvent, Sent, continuation};
use super::outbox::{Line, Outbox, Subscription};
use super::shard::{ConsumerKey, Cursor, Ending, Place, ShardFan, Step};
use super::{MayEnter, Reserved};
use crate::bucket::Bucket;
use crate::consumer_errors::{ConsumerRefusal, SubscriptionName};
use crate::errors::Refusal;
use crate::limits::{EVENT_RESERVE_BYTES, KEEP_ALIVE, PACE_LOOK, STALLED_LOOK};
use crate::ops::get_records::children;
use crate::owner::Owner;
use crate::service::Streams;
use crate::shard_series::{Seen, StreamSeries};

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
    /// Tells that `series` may not be the stream's any more.
    catalog: watch::Receiver<millstream_replica::Position>,
    series: Option<Arc<StreamSeries>>,
    outbox: Arc<Outbox>,
    encoder: Arc<dyn EventEncoder>,
    counters: Arc<ConsumerCounters>,
    pace: Arc<Bucket>,
    ending: Arc<OnceLock<Ending>>,
    name: SubscriptionName,
    consumer: ConsumerKey,
    id: u64,
    cursor: Cursor,
    /// There is more to read, as the last read has shown.
    more: bool,
    /// What must be reserved for the next event, if it is known.
    wanted: Option<Wanted>,
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
        let name = name_of(stream, shard, consumer);
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
        let ends = now.plus(Duration::from_millis(self.limits.subscription_life_ms));
        let line = Line::new(ending.clone(), ends);
        let feed = Feed {
            streams: self.clone(),
            changed: fan.changes(),
            jumps: self.jumps(),
            catalog: self.catalog.changes(),
            series: self.series_of(stream.group),
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
            more: false,
            wanted: None,
            ends,
            last_sent: began,
            timer: Box::pin(tokio::time::sleep_until(began + KEEP_ALIVE)),
        };
        // What the catalog learned since the consumer was looked up has not been seen by the shard's task.
        feed.fan.check(self.catalog.by_group(stream.group).as_deref());
        Ok(Subscription::new(self.clone(), outbox, line, feed.run()))
    }
}

impl Streams {
    /// Whether `begin_feed` would succeed.
    pub(crate) fn may_begin_feed(
        &self,
        stream: &Stream,
        shard: &Shard,
        consumer: &Consumer,
        now: Millis,
    ) -> Result<(), Refusal> {
        let key = (consumer.name.clone(), consumer.created_second);
        let log = Owner::log_of(stream.group, shard.id);
        match self.fan_out.may_enter(log, &key, &self.limits, now) {
            MayEnter::Yes => Ok(()),
            MayEnter::TooMany => {
                Err(ConsumerRefusal::SubscriptionQuota { max: self.limits.subscriptions_max }
                    .into())
            }
            MayEnter::Taken => {
                Err(ConsumerRefusal::ActiveSubscription(name_of(stream, shard, consumer)).into())
            }
        }
    }

    /// The series of a stream's shards, if any of its shard-level metrics is switched on.
    fn series_of(&self, group: GroupId) -> Option<Arc<StreamSeries>> {
        let stream = self.catalog.by_group(group)?;
        if stream.shard_metrics.is_empty() {
            return None;
        }
        self.runtimes.of(&stream, &self.limits, &*self.clock).series.clone()
    }
}

fn name_of(stream: &Stream, shard: &Shard, consumer: &Consumer) -> SubscriptionName {
    SubscriptionName {
        account: stream.account,
        stream: stream.name.clone(),
        shard: shard.id,
        consumer: consumer.name.clone(),
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.fan.leave(&self.consumer, self.id, self.encoder.encoding(), &mut self.cursor);
        self.streams.fan_out.active.fetch_sub(1, Ordering::Relaxed);
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
                    let sent = event.sent;
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
            self.keep_alive(sent.first_arrival).await;
            tokio::time::sleep(PACE_LOOK).await;
        }
        self.hand_over(piece, sent).await;
        Ok(())
    }

    async fn hand_over(&mut self, piece: Bytes, sent: Sent) {
        self.outbox.put(piece).await;
        let now = self.streams.now();
        self.pace.charge(sent.bytes as u64, now);
        self.cursor.position = sent.next;
        self.last_sent = Instant::now();
        self.counters.event_success.add(1);
        self.counters.event_bytes.add(sent.bytes as u64);
        self.counters.event_records.add(sent.records as u64);
        self.counters.event_millis_behind.record(sent.millis_behind.max(0) as u64);
        if self.catalog.has_changed().unwrap_or(false) {
            self.catalog.mark_unchanged();
            self.series = self.streams.series_of(self.fan.log.group);
        }
        if let Some(series) = &self.series {
            let age_ms = sent.last_arrival.map(|at| now.since(at).as_millis() as u64);
            let seen = Seen::read(sent.bytes as u64, sent.records as u64, age_ms);
            series.count(ShardId(self.fan.log.index), now, &seen);
        }
    }

    /// Says that it is still there, if nothing was said for long. `waiting` is when the first record arrived that is
    /// still to be sent: so far behind is the consumer.
    async fn keep_alive(&mut self, waiting: Option<Millis>) {
        if Instant::now() < self.last_sent + KEEP_ALIVE {
            return;
        }
        let Some((stream, shard)) = self.shard() else { return };
        let now = self.streams.now();
        let millis_behind = waiting.map_or(0, |at| now.since(at).as_millis() as i64);
        let at = waiting.unwrap_or(now);
        let continuation = Some(continuation(&stream.shards[shard], self.cursor.position, at));
        let reply =
            GetRecordsReply { millis_behind_latest: millis_behind, ..GetRecordsReply::default() };
        let piece = self.encoder.event(PushEvent { reply, continuation }).into();
        self.hand_over(piece, Sent { millis_behind, ..Sent::nothing(self.cursor.position) }).await;
    }

    /// Reads the log alone, and sends what was read.
    async fn read(&mut self, until: Option<Position>) -> Result<(), Over> {
        let streams = self.streams.clone();
        let (log, from) = (self.fan.log, self.cursor.position);
        // Who has nothing to read needs no memory.
        if !std::mem::take(&mut self.more)
            && let Ok(bounds) = streams.log.bounds(log).await
            && from >= bounds.end
        {
            self.cursor.at_tail = true;
            return Ok(());
        }
        // Before anything is read: a thousand readers that wait for memory must not hold what they have read.
        let reserved = match self.wanted.take() {
            Some(wanted) => Some(self.reserve(wanted).await?),
            None => match streams.fan_out.try_reserve(EVENT_RESERVE_BYTES) {
                Reserved::Taken(permit) => Some(permit),
                Reserved::Short => None,
            },
        };
        let job = Alone { log, from, until, encoder: self.encoder.clone(), reserved };
        let found = tokio::spawn(streams.read_alone(job)).await.map_err(|_| Over(None))?;
        match found.map_err(|error| Over(Some(error)))? {
            Found::Trimmed(first) => self.cursor.position = first,
            Found::Gone => return self.wait().await,
            Found::Nothing { at_tip } => self.cursor.at_tail = at_tip,
            Found::Expired { next, at_tail } => {
                (self.cursor.position, self.cursor.at_tail) = (next, at_tail);
            }
            Found::Larger(wanted) => {
                self.wanted = Some(wanted);
                self.more = true;
            }
            Found::Event { piece, sent, at_tail } => {
                (self.cursor.at_tail, self.more) = (at_tail, !at_tail);
                return self.send(piece, sent).await;
            }
        }
        Ok(())
    }

    /// Waits for memory, with nothing in hand, and says meanwhile that it is still there.
    async fn reserve(&mut self, wanted: Wanted) -> Result<OwnedSemaphorePermit, Over> {
        let streams = self.streams.clone();
        let mut reserved = std::pin::pin!(streams.fan_out.reserve(wanted.bytes));
        loop {
            self.changed.mark_unchanged();
            self.jumps.mark_unchanged();
            if let Some(over) = self.over() {
                return Err(over);
            }
            tokio::select! {
                permit = &mut reserved => return permit.map_err(|_| Over(None)),
                changed = self.changed.changed() => changed.map_err(|_| Over(None))?,
                Ok(()) = self.jumps.changed() => {}
                () = tokio::time::sleep(STALLED_LOOK) => {
                    streams.fan_out.short.store(true, Ordering::Relaxed);
                    self.keep_alive(wanted.arrival).await;
                }
            }
        }
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
        self.keep_alive(None).await;
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
