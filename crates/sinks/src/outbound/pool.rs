//! Connections that are kept for the next request, and how many may be in use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::connection::Sender;
use super::{CONNECTIONS_PER_TARGET_MAX, IDLE_CONNECTIONS_MAX, IDLE_TIMEOUT, Target};

#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<Vec<Idle>>,
    /// Places of targets that are in use now.
    places: Mutex<HashMap<Target, Arc<Semaphore>>>,
}

struct Idle {
    target: Target,
    sender: Sender,
    since: Instant,
}

impl Pool {
    /// Waits until one more connection to the target may be used; it is in use until the place is dropped.
    pub async fn place(&self, target: &Target) -> OwnedSemaphorePermit {
        loop {
            let places = {
                let mut all = self.places.lock().unwrap_or_else(PoisonError::into_inner);
                // Whoever waits or holds a place holds the semaphore too; the others are of targets not in use.
                all.retain(|_, places| Arc::strong_count(places) > 1);
                let fresh = || Arc::new(Semaphore::new(CONNECTIONS_PER_TARGET_MAX));
                all.entry(target.clone()).or_insert_with(fresh).clone()
            };
            // It is never closed; were it, a fresh one would take its place.
            if let Ok(place) = places.acquire_owned().await {
                return place;
            }
        }
    }

    /// A kept connection to the target.
    pub fn take(&self, target: &Target) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        retain_fresh(&mut idle);
        // The one used last is the one least likely to be closed by the server.
        let at = idle.iter().rposition(|kept| kept.target == *target && kept.sender.is_ready())?;
        Some(idle.remove(at).sender)
    }

    /// Keeps a connection whose answer was read to its end.
    pub fn give_back(&self, target: &Target, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        retain_fresh(&mut idle);
        if idle.len() >= IDLE_CONNECTIONS_MAX {
            idle.remove(0);
        }
        idle.push(Idle { target: target.clone(), sender, since: Instant::now() });
    }
}

fn retain_fresh(idle: &mut Vec<Idle>) {
    idle.retain(|kept| !kept.sender.is_closed() && kept.since.elapsed() < IDLE_TIMEOUT);
}
