//! The task of a shard with subscribers: reads new batches once, encodes them once, and watches the catalog for all.
//!
//! It starts with the first subscriber and ends with the last. Its queue is the log; what it keeps is bounded by the
//! ring's share of the budget.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use millstream_catalog::{Shard, Stream};
use millstream_log::{End, LogError};
use tokio::time::Instant;

use super::Reserved;
use super::event::{Draft, ENCODINGS, Held, Piece, SharedEvent};
use super::shard::ShardFan;
use crate::limits::{EVENT_BYTES_MAX, EVENT_RECORDS_MAX};
use crate::service::Streams;

impl Streams {
    pub(super) async fn run_tail(self: Arc<Self>, fan: Arc<ShardFan>) {
        let mut changes = self.catalog.changes();
        loop {
            changes.mark_unchanged();
            let stream = self.catalog.by_group(fan.log.group);
            fan.check(stream.as_deref());
            if self.fan_out.close_if_empty(&fan) {
                return;
            }
            let shard =
                stream.as_ref().and_then(|stream| stream.shards.get(fan.log.index as usize));
            let read = async {
                match (&stream, shard) {
                    (Some(stream), Some(shard)) => self.follow(&fan, stream, shard).await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = fan.work.notified() => {}
                changed = changes.changed() => {
                    if changed.is_err() {
                        fan.check(None);
                        return;
                    }
                }
                () = read => {}
            }
        }
    }

    /// Publishes what arrives; returns when the end or a fault is found, and never while there is nothing to read.
    async fn follow(&self, fan: &ShardFan, stream: &Stream, shard: &Shard) {
        while let Some(from) = fan.reads_from() {
            let read = match self.log.read(fan.log, from, EVENT_BYTES_MAX).await {
                Ok(read) => read,
                Err(LogError::Trimmed(first)) if first > from => {
                    fan.publish(from, first, None, 0);
                    continue;
                }
                Err(_) => return fan.fail(),
            };
            if read.batches.is_empty() {
                match read.end {
                    End::Sealed(at) if from >= at => fan.seal(from),
                    End::Sealed(_) | End::More => {}
                    End::Tail => {
                        if self.log.wait(fan.log, from).await.is_err() {
                            fan.fail();
                        }
                    }
                }
                continue;
            }
            let at_tip = !matches!(read.end, End::More);
            let piece = Piece {
                batches: &read.batches,
                from,
                until: None,
                at_tip,
                bytes_max: EVENT_BYTES_MAX,
                records_max: EVENT_RECORDS_MAX,
            };
            match self.draft(stream, shard, piece, self.now()).await {
                Ok(draft) => {
                    self.publish(fan, draft);
                    let active = self.fan_out.active.load(Ordering::Relaxed);
                    let wait = self.fan_out.gather.delivered(fan.joined(), active, Instant::now());
                    if let Some(wait) = wait.filter(|_| at_tip) {
                        tokio::time::sleep(wait).await;
                    }
                }
                Err(_) => return fan.fail(),
            }
        }
        std::future::pending::<()>().await;
    }

    fn publish(&self, fan: &ShardFan, draft: Draft) {
        let sent = draft.sent();
        let Draft { event, first, next, .. } = draft;
        let mut encoded = [const { None }; ENCODINGS];
        let mut permits = 0;
        for (index, encoder) in fan.encoders().into_iter().enumerate() {
            let Some(encoder) = encoder else { continue };
            let piece = encoder.event(event.clone());
            let needed = self.fan_out.permits_of(piece.len());
            let Some(permit) = self.reserve_shared(fan, piece.len()) else {
                return fan.publish(first, next, None, 0);
            };
            permits += needed;
            encoded[index] = Some(Bytes::from_owner(Held { bytes: piece, _permit: Some(permit) }));
        }
        let event = SharedEvent { first, next, sent, permits, encoded };
        fan.publish(first, next, Some(event), self.fan_out.ring_permits_max());
    }

    /// Memory for an event that is shared: what is kept for those who are late goes first.
    fn reserve_shared(
        &self,
        fan: &ShardFan,
        bytes: usize,
    ) -> Option<tokio::sync::OwnedSemaphorePermit> {
        if let Reserved::Taken(permit) = self.fan_out.try_reserve(bytes) {
            return Some(permit);
        }
        fan.clear_ring();
        match self.fan_out.try_reserve(bytes) {
            Reserved::Taken(permit) => Some(permit),
            Reserved::Short => None,
        }
    }
}
