//! A shard with subscribers: who they are, and the last events, encoded once for all who are at the tail.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use millstream_catalog::{ConsumerStatus, Stream, StreamStatus};
use millstream_log::{LogId, Position};
use millstream_types::{ConsumerName, Millis};
use tokio::sync::{Notify, watch};

use super::event::{ENCODINGS, EventEncoder, SharedEvent};
use crate::consumer_errors::{ConsumerRefusal, SubscriptionName};
use crate::errors::Refusal;

/// Most events that are kept for sharing, whatever their size.
const RING_EVENTS_MAX: usize = 1024;

/// A consumer's place at a shard.
pub(super) struct Place {
    pub log: LogId,
    pub consumer: ConsumerKey,
    pub name: SubscriptionName,
    pub encoder: Arc<dyn EventEncoder>,
    pub ending: Arc<OnceLock<Ending>>,
    pub take_over_after: Duration,
}

/// A consumer: its name, and the second of its registration.
pub(super) type ConsumerKey = (ConsumerName, u64);

/// Why a subscription ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    TakenOver,
    ConsumerGone,
    StreamGone,
}

/// A shard with subscribers.
pub(super) struct ShardFan {
    pub log: LogId,
    state: Mutex<State>,
    /// Wakes subscribers.
    changed: watch::Sender<()>,
    /// Wakes the shard's task.
    pub work: Notify,
}

struct Slot {
    id: u64,
    since: Millis,
    ending: Arc<OnceLock<Ending>>,
}

#[derive(Default)]
struct State {
    slots: HashMap<ConsumerKey, Slot>,
    /// Subscribers by encoding, those who were taken over but still send too.
    wanted: [(usize, Option<Arc<dyn EventEncoder>>); ENCODINGS],
    /// Subscribers who take their events from the ring.
    joined: usize,
    /// Consecutive events; the last ends at `next`.
    ring: VecDeque<Arc<SharedEvent>>,
    ring_permits: u32,
    /// Where the task reads on.
    next: Position,
    /// The log is sealed at `next`.
    sealed: bool,
    /// The log could not be read: everyone finds out why by reading.
    failed: bool,
}

/// Where a subscriber is.
pub(super) struct Cursor {
    pub position: Position,
    /// It takes its events from the ring.
    pub joined: bool,
    /// It has read the log to its end.
    pub at_tail: bool,
}

/// What a subscriber does next.
pub(super) enum Step {
    /// Sends what all send.
    Share(Arc<SharedEvent>),
    /// Reads the log by itself, at most to a position where it can join the others.
    Read { until: Option<Position> },
    /// Waits: all is sent.
    Wait,
    /// The shard is closed and all is sent.
    Sealed,
}

impl ShardFan {
    pub fn new(log: LogId) -> Self {
        ShardFan {
            log,
            state: Mutex::default(),
            changed: watch::Sender::new(()),
            work: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A receiver that is woken whenever there may be something to do.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Takes the consumer's place, from another subscription if that is old enough.
    pub fn enter(&self, place: Place, id: u64, now: Millis) -> Result<(), Refusal> {
        let mut state = self.state();
        if let Some(other) = state.slots.get(&place.consumer) {
            if now < other.since.plus(place.take_over_after) {
                return Err(ConsumerRefusal::ActiveSubscription(place.name).into());
            }
            let _ = other.ending.set(Ending::TakenOver);
            self.changed.send_replace(());
        }
        let wanted = &mut state.wanted[place.encoder.encoding() % ENCODINGS];
        wanted.0 += 1;
        wanted.1.get_or_insert(place.encoder);
        state.slots.insert(place.consumer, Slot { id, since: now, ending: place.ending });
        Ok(())
    }

    /// Whether the consumer's place could be taken now.
    pub fn is_free(&self, consumer: &ConsumerKey, take_over_after: Duration, now: Millis) -> bool {
        let state = self.state();
        state.slots.get(consumer).is_none_or(|other| now >= other.since.plus(take_over_after))
    }

    /// Gives a place back.
    pub fn leave(&self, consumer: &ConsumerKey, id: u64, encoding: usize, cursor: &mut Cursor) {
        let mut state = self.state();
        state.part(cursor);
        let wanted = &mut state.wanted[encoding % ENCODINGS];
        wanted.0 -= 1;
        if wanted.0 == 0 {
            wanted.1 = None;
        }
        if state.slots.get(consumer).is_some_and(|slot| slot.id == id) {
            state.slots.remove(consumer);
        }
        if state.slots.is_empty() {
            self.work.notify_one();
        }
    }

    /// How many take their events from the ring.
    pub fn joined(&self) -> usize {
        self.state().joined
    }

    pub fn is_empty(&self) -> bool {
        self.state().slots.is_empty()
    }

    /// Ends the subscriptions of consumers that are not there any more.
    pub fn check(&self, stream: Option<&Stream>) {
        let state = self.state();
        let mut any = false;
        for ((name, second), slot) in &state.slots {
            let ending = match stream {
                None => Ending::StreamGone,
                Some(stream) if stream.status == StreamStatus::Deleting => Ending::StreamGone,
                Some(stream) => match stream.consumers.get(name) {
                    Some(consumer)
                        if consumer.created_second == *second
                            && consumer.status == ConsumerStatus::Active =>
                    {
                        continue;
                    }
                    Some(_) | None => Ending::ConsumerGone,
                },
            };
            any |= slot.ending.set(ending).is_ok();
        }
        if any {
            self.changed.send_replace(());
        }
    }

    /// What a subscriber does next.
    pub fn step(&self, cursor: &mut Cursor, encoding: usize) -> Step {
        let mut state = self.state();
        if state.failed {
            state.part(cursor);
            return Step::Read { until: None };
        }
        if !cursor.joined {
            if state.joined == 0 {
                if !cursor.at_tail {
                    return Step::Read { until: None };
                }
                state.restart(cursor.position);
                self.work.notify_one();
            } else if cursor.position < state.next
                && state.event_at(cursor.position, encoding).is_none()
            {
                return Step::Read { until: Some(state.boundary(cursor.position)) };
            }
            state.joined += 1;
            cursor.joined = true;
        }
        if cursor.position >= state.next {
            return if state.sealed { Step::Sealed } else { Step::Wait };
        }
        match state.event_at(cursor.position, encoding) {
            Some(event) => Step::Share(event),
            None => {
                let until = state.boundary(cursor.position);
                state.part(cursor);
                Step::Read { until: Some(until) }
            }
        }
    }

    /// What the shard's task does next: reads on from here, or rests.
    pub fn reads_from(&self) -> Option<Position> {
        let state = self.state();
        (state.joined > 0 && !state.sealed && !state.failed).then_some(state.next)
    }

    /// The encoders of those who are subscribed.
    pub fn encoders(&self) -> [Option<Arc<dyn EventEncoder>>; ENCODINGS] {
        let state = self.state();
        std::array::from_fn(|index| state.wanted[index].1.clone())
    }

    /// Gives an event to all who are at the tail. `None` for the event moves on without it: everyone reads it alone.
    pub fn publish(&self, from: Position, next: Position, event: Option<SharedEvent>, max: u32) {
        let mut state = self.state();
        // The task may have been told to begin elsewhere meanwhile.
        if state.next != from || state.joined == 0 {
            return;
        }
        match event {
            Some(event) => {
                state.ring_permits += event.permits;
                state.ring.push_back(Arc::new(event));
                while state.ring.len() > 1
                    && (state.ring_permits > max || state.ring.len() > RING_EVENTS_MAX)
                {
                    state.forget_oldest();
                }
            }
            None => state.clear_ring(),
        }
        state.next = next;
        drop(state);
        self.changed.send_replace(());
    }

    /// Gives memory back: what is kept only for those who are late.
    pub fn clear_ring(&self) {
        self.state().clear_ring();
    }

    /// The log is sealed where the task has come to.
    pub fn seal(&self, at: Position) {
        let mut state = self.state();
        state.sealed |= state.next == at;
        drop(state);
        self.changed.send_replace(());
    }

    /// The log cannot be read.
    pub fn fail(&self) {
        let mut state = self.state();
        // Without anyone at the tail there would be nobody to take it back.
        state.failed = state.joined > 0;
        drop(state);
        self.changed.send_replace(());
    }
}

impl State {
    /// Begins anew for the first who is at the tail.
    fn restart(&mut self, position: Position) {
        self.clear_ring();
        self.next = position;
        self.sealed = false;
    }

    /// A subscriber takes no more from the ring.
    fn part(&mut self, cursor: &mut Cursor) {
        if std::mem::take(&mut cursor.joined) {
            self.joined -= 1;
            cursor.at_tail = false;
        }
        if self.joined == 0 {
            self.clear_ring();
            self.failed = false;
        }
    }

    fn clear_ring(&mut self) {
        self.ring.clear();
        self.ring_permits = 0;
    }

    fn forget_oldest(&mut self) {
        if let Some(event) = self.ring.pop_front() {
            self.ring_permits -= event.permits;
        }
    }

    fn event_at(&self, position: Position, encoding: usize) -> Option<Arc<SharedEvent>> {
        let index = self.ring.binary_search_by_key(&position, |event| event.first).ok()?;
        let event = &self.ring[index];
        event.encoded[encoding % ENCODINGS].is_some().then(|| event.clone())
    }

    /// The first position after `position` where an event begins or will.
    fn boundary(&self, position: Position) -> Position {
        let index = self.ring.partition_point(|event| event.next <= position);
        match self.ring.get(index) {
            Some(event) if event.first > position => event.first,
            Some(event) => event.next,
            None => self.next,
        }
    }
}
