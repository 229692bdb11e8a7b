//! The room that an attempt has: a place and memory here, or memory on its lane's way out.

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::Work;
use crate::budget::Reserved;
use crate::context::Context;
use crate::limits::{PATIENCE, PATIENCE_BYTES, STRETCHES_MEMORY_BYTES};
use crate::outward::{GaveWay, Hold, Outlet};
use crate::sink::{Pulse, SinkError, Then};

/// How often those that wait for room look whether the time of retries is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The room of an attempt.
pub(super) enum Room<'c> {
    /// Among those that end here.
    Here { _place: Option<OwnedSemaphorePermit>, _reserved: Reserved },
    /// Among those that may hang.
    Outside(Hold<'c>),
    /// None was found before the time of retries was over: as [`Room::Here`], for what is to be done then.
    Over { _reserved: Reserved, error: SinkError },
}

/// Why an attempt ended before its plan was settled.
#[derive(Debug)]
pub(super) enum Stop {
    /// It failed.
    Failed(SinkError),
    /// It made room for others.
    GaveWay,
}

impl From<SinkError> for Stop {
    fn from(error: SinkError) -> Self {
        Stop::Failed(error)
    }
}

impl From<GaveWay> for Stop {
    fn from(_: GaveWay) -> Self {
        Stop::GaveWay
    }
}

impl Room<'_> {
    /// Waits for what is outside, for as long as there is room.
    pub async fn outside<T>(
        &mut self,
        pulse: &Pulse,
        work: impl Future<Output = T>,
    ) -> Result<T, GaveWay> {
        match self {
            Room::Outside(hold) => hold.outside(pulse, work).await,
            Room::Here { .. } | Room::Over { .. } => Ok(work.await),
        }
    }

    /// From now on the attempt needs so many bytes at most.
    pub fn shrink(&mut self, bytes: u64) {
        match self {
            Room::Outside(hold) => hold.shrink(bytes),
            Room::Here { .. } | Room::Over { .. } => {}
        }
    }

    /// The destination took what it was given.
    pub fn was_taken(&mut self) {
        match self {
            Room::Outside(hold) => hold.was_taken(),
            Room::Here { .. } | Room::Over { .. } => {}
        }
    }

    /// The error that the attempts before this one ended with, if there may be none more.
    pub fn over(&self) -> Option<&SinkError> {
        match self {
            Room::Over { error, .. } => Some(error),
            Room::Here { .. } | Room::Outside(_) => None,
        }
    }
}

impl Work {
    /// Waits for room: on the way to what is elsewhere, if it goes there.
    pub(super) async fn room<'w>(&self, ctx: &Context, way: Option<&'w Outlet>) -> Room<'w> {
        let (lane, bytes) = (self.plan.lane as usize, self.memory_bytes());
        let Some(way) = way else {
            let place = ctx.places.clone().acquire_owned().await.ok();
            return Room::Here { _place: place, _reserved: ctx.shares[lane].reserve(bytes).await };
        };
        let error = tokio::select! {
            biased;
            hold = way.enter(bytes, ctx.tried.gave_way(self.plan.id)) => return Room::Outside(hold),
            error = self.time_of_retries() => error,
        };
        // With what it takes to read once more: whoever waits for more of a share that it has may wait for itself.
        let bytes = bytes + STRETCHES_MEMORY_BYTES;
        Room::Over { _reserved: ctx.shares[lane].reserve(bytes).await, error }
    }

    /// Waits until the time of retries is over: the last error, which is final then. Never where the destination was
    /// not tried.
    async fn time_of_retries(&self) -> SinkError {
        // What is to be done then ends here, but for those that load from objects.
        let ends_here = self.compiled.takes_whole(self.plan.lane);
        let was_tried = self.ctx.tried.first(self.plan.id).is_some();
        let Some(failure) = self.plan.failure.as_ref().filter(|_| ends_here && was_tried) else {
            return std::future::pending().await;
        };
        let (code, message) = (failure.code.clone(), failure.message.clone());
        let error = SinkError { code, message, then: Then::Retry };
        while !self.is_given_up(&error) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        SinkError { then: Then::GiveUp, ..error }
    }

    /// How the destination's signs of life are watched: larger parcels and objects take longer.
    pub(super) fn pulse(&self) -> Pulse {
        Pulse::new(PATIENCE + Duration::from_secs(self.plan.bytes / PATIENCE_BYTES))
    }

    /// Memory to read the plan's records once more where the room may have shrunk to what is on its way.
    pub(super) async fn room_to_read(&self, room: &Room<'_>) -> Option<Reserved> {
        let own = &self.ctx.shares[self.plan.lane as usize];
        match room {
            Room::Outside(_) => Some(own.reserve(STRETCHES_MEMORY_BYTES).await),
            Room::Here { .. } | Room::Over { .. } => None,
        }
    }
}
