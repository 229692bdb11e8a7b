//! When snapshots begin, how they end, and what they make superfluous.

use millstream_log::{LogError, Position};
use tracing::{info, warn};

use super::{Driver, Written};
use crate::envelope::{Body, SnapshotMark};
use crate::error::ReplicaError;
use crate::machine::Machine;
use crate::placement::Route;
use crate::snapshot::{self, Frozen};

impl<M: Machine> Driver<M> {
    pub(super) async fn begin_snapshot_if_due(&mut self) -> Result<(), ReplicaError> {
        let due = self.ledger.snapshot_due(self.setup.settings.snapshot_log_bytes_min)
            && self.ledger.log_bytes() >= self.snapshot_not_before_bytes;
        if !due || self.snapshot.is_some() {
            return Ok(());
        }
        // Put off until the entry is read: if its append fails it is tried again after as much log.
        self.put_snapshot_off();
        self.write_entry(Body::SnapshotBegun).await
    }

    pub(super) fn put_snapshot_off(&mut self) {
        let min = self.setup.settings.snapshot_log_bytes_min;
        self.snapshot_not_before_bytes = self.ledger.log_bytes().saturating_add(min);
    }

    pub(super) async fn write_entry(&mut self, body: Body) -> Result<(), ReplicaError> {
        let Route::Here(term) = self.setup.placement.route(self.setup.commands()) else {
            return Ok(());
        };
        let mut payload = Vec::new();
        self.envelope(term, body).write(&mut payload);
        match self.append(&payload, 1).await {
            Written::Yes(appended) => self.take_own(&appended, &payload).await,
            Written::No(why) => {
                warn!(machine = M::NAME, %why, "an entry about a snapshot was not written");
                Ok(())
            }
            Written::Unknown(why) => self.resolve(term, &[], why).await,
        }
    }

    pub(super) fn write_snapshot(&mut self, frozen: Frozen<M>) {
        let (log, chunks) = (self.setup.log.clone(), self.setup.chunks());
        info!(machine = M::NAME, position = frozen.position.0, "a snapshot begins");
        self.snapshot = Some(tokio::spawn(snapshot::write(log, chunks, frozen)));
    }

    pub(super) async fn finish_snapshot(
        &mut self,
        done: Result<SnapshotMark, LogError>,
    ) -> Result<(), ReplicaError> {
        self.snapshot = None;
        match done {
            Ok(mark) => self.write_entry(Body::SnapshotDone(mark)).await,
            Err(why) => {
                warn!(machine = M::NAME, %why, "a snapshot was given up");
                self.shared.counters.snapshots_failed.add(1);
                self.put_snapshot_off();
                Ok(())
            }
        }
    }

    /// Gives up what the last snapshot made superfluous. What a failure leaves goes with the next snapshot.
    pub(super) async fn trim(&mut self) {
        let Some(mark) = self.trim.take() else { return };
        self.shared.counters.snapshots.add(1);
        self.snapshot_not_before_bytes = 0;
        let log = self.setup.log.clone();
        let commands = log.trim(self.setup.commands(), Position(mark.position)).await;
        let chunks = log.trim(self.setup.chunks(), Position(mark.chunk)).await;
        for trimmed in [commands, chunks] {
            if let Err(why) = trimmed {
                warn!(machine = M::NAME, %why, "a log was not trimmed");
            }
        }
    }
}
