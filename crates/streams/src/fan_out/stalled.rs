//! Clients that do not read: what they hold is given back after a while, whether their reply is polled or not.
//!
//! One task for the node looks once a second. A reply over HTTP/2 is not polled while its client grants no window, so
//! neither the end of its time nor a takeover would be noticed by it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::outbox::Line;
use crate::limits::{STALLED_CUT_AT_ONCE, STALLED_GRACE, STALLED_LOOK, STALLED_LOOK_LEAST};
use crate::service::Streams;

/// Who is looked after.
#[derive(Default)]
pub(super) struct Watched {
    lines: Vec<Weak<Line>>,
    /// How often is looked; `None` while nobody does.
    every: Option<Duration>,
}

impl Streams {
    /// Looks after a subscription.
    pub(super) fn watch_line(self: &Arc<Self>, line: &Arc<Line>, write_timeout: Duration) {
        let every = (write_timeout / 4).clamp(STALLED_LOOK_LEAST, STALLED_LOOK);
        let mut watched = self.fan_out.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.lines.push(Arc::downgrade(line));
        let known = watched.every;
        watched.every = Some(known.map_or(every, |known| known.min(every)));
        drop(watched);
        if known.is_none() {
            tokio::spawn(self.clone().end_stalled());
        }
    }

    async fn end_stalled(self: Arc<Self>) {
        while let Some(every) = self.look_every() {
            tokio::time::sleep(every).await;
            self.end_stalled_now();
        }
    }

    fn look_every(&self) -> Option<Duration> {
        let mut watched = self.fan_out.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.lines.retain(|line| line.strong_count() > 0);
        if watched.lines.is_empty() {
            watched.every = None;
        }
        watched.every
    }

    fn end_stalled_now(&self) {
        let (now, service_now) = (Instant::now(), self.now());
        let watched = self.fan_out.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<_> = watched.lines.iter().filter_map(Weak::upgrade).collect();
        drop(watched);
        let mut patient = Vec::new();
        for line in lines {
            let Some((since, allowed)) = line.stalled(now) else { continue };
            if since >= allowed || line.is_over(service_now) && since >= STALLED_GRACE.min(allowed)
            {
                self.count_cut(&line);
            } else if since >= STALLED_GRACE {
                patient.push((since, line));
            }
        }
        if !self.fan_out.short.swap(false, Ordering::Relaxed) {
            return;
        }
        // Others wait for the memory that these hold: who has not read for longest goes first.
        patient.sort_by_key(|(since, _)| std::cmp::Reverse(*since));
        for (_, line) in patient.iter().take(STALLED_CUT_AT_ONCE) {
            self.count_cut(line);
        }
    }

    fn count_cut(&self, line: &Line) {
        if line.cut() {
            self.fan_out.stalled.add(1);
        }
    }
}
