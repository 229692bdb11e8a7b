//! Reading the log and applying what is in it.

use std::sync::PoisonError;

use millstream_log::{End, LogError, Position};
use tracing::warn;

use super::Driver;
use crate::envelope::{CommandId, Envelope};
use crate::error::ReplicaError;
use crate::ledger::Verdict;
use crate::limits::{OPEN_ATTEMPTS, READ_BYTES};
use crate::machine::Machine;
use crate::snapshot::{self, Frozen};

impl<M: Machine> Driver<M> {
    /// Snapshot, then the log to its end. Starts again when another replica trims the log on the way.
    pub(super) async fn load(&mut self) -> Result<(), ReplicaError> {
        for _ in 0..OPEN_ATTEMPTS {
            let log = self.setup.log.clone();
            let restored = match snapshot::restore::<M>(&*log, self.setup.chunks()).await {
                Err(ReplicaError::Log(LogError::Trimmed(_))) => continue,
                restored => restored?,
            };
            *self.shared.state.write().unwrap_or_else(PoisonError::into_inner) = restored.state;
            self.ledger = restored.ledger;
            self.applied = restored.position;
            match self.read_on(Position(u64::MAX)).await {
                Err(ReplicaError::Log(LogError::Trimmed(_))) => continue,
                replayed => return replayed,
            }
        }
        let (name, at) = (M::NAME, self.applied.0);
        Err(ReplicaError::Damaged(format!(
            "the {name}'s log is trimmed beyond {at}, where its latest whole snapshot ends"
        )))
    }

    /// Reads up to `until` at least. The outer error ends the replica, the inner one is for those who wait.
    pub(super) async fn catch_up(
        &mut self,
        until: Position,
    ) -> Result<Result<(), ReplicaError>, ReplicaError> {
        if until <= self.applied {
            return Ok(Ok(()));
        }
        let caught_up = self.read_on(until).await;
        self.announce();
        match caught_up {
            Ok(()) => Ok(Ok(())),
            Err(ReplicaError::Log(LogError::Trimmed(_))) => {
                // Another replica's snapshot has overtaken this one; outcomes in the trimmed part are lost.
                self.load().await?;
                let why = "another replica's snapshot took its place before it was read";
                self.answer_all(&ReplicaError::Unknown(why.into()));
                self.announce();
                Ok(Ok(()))
            }
            Err(ReplicaError::Log(why @ LogError::Damaged(_))) => Err(ReplicaError::Log(why)),
            Err(ReplicaError::Log(why)) => Ok(Err(ReplicaError::Log(why))),
            Err(fatal) => Err(fatal),
        }
    }

    pub(super) async fn read_tail(&mut self) -> Result<(), ReplicaError> {
        if let Err(why) = self.catch_up(Position(u64::MAX)).await? {
            warn!(machine = M::NAME, %why, "cannot follow the log until the next command");
            self.follow = false;
        }
        Ok(())
    }

    pub(super) async fn read_on(&mut self, until: Position) -> Result<(), ReplicaError> {
        let log = self.setup.log.clone();
        while self.applied < until {
            let read = log.read(self.setup.commands(), self.applied, READ_BYTES).await?;
            for batch in &read.batches {
                self.apply(batch.first, &batch.batch.payload)?;
            }
            let moved = read.next > self.applied;
            self.applied = self.applied.max(read.next);
            match read.end {
                End::More if moved => {}
                End::More | End::Tail => return Ok(()),
                End::Sealed(_) => {
                    self.follow = false;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Applies the entries of a batch that are not applied yet.
    pub(super) fn apply(&mut self, first: Position, payload: &[u8]) -> Result<(), ReplicaError> {
        let entries = Envelope::read_batch(payload, first, M::NAME)?;
        let bytes = payload.len() as u64 / entries.len().max(1) as u64;
        let shared = self.shared.clone();
        let mut state = shared.state.write().unwrap_or_else(PoisonError::into_inner);
        for (place, entry) in (first.0..).zip(&entries) {
            if place >= self.applied.0 {
                self.apply_entry(Position(place), entry, bytes, &mut state)?;
            }
        }
        Ok(())
    }

    pub(super) fn apply_entry(
        &mut self,
        at: Position,
        entry: &Envelope,
        bytes: u64,
        state: &mut M::State,
    ) -> Result<(), ReplicaError> {
        let damaged = |why: &dyn std::fmt::Display| {
            ReplicaError::Damaged(format!("the {}'s command at {}: {why}", M::NAME, at.0))
        };
        if entry.kind != M::KIND {
            return Err(damaged(&format!("it is of machine {}, not {}", entry.kind, M::KIND)));
        }
        if entry.version > M::VERSION {
            let (found, known) = (entry.version, M::VERSION);
            return Err(ReplicaError::UnknownVersion { machine: M::NAME, found, known });
        }
        let counters = self.shared.counters.clone();
        let own = entry.id.session == self.session;
        match self.ledger.enter(entry, bytes) {
            Verdict::Apply(command) => {
                let command = M::decode(command, entry.version).map_err(|why| damaged(&why))?;
                let outcome = M::apply(state, &command);
                counters.applied.add(1);
                if let Some(answer) = self.waiting.remove(&entry.id) {
                    let _ = answer.send(Ok(outcome));
                }
            }
            Verdict::StaleTerm => {
                counters.refused.add(1);
                self.answer(&[entry.id], &ReplicaError::StaleTerm);
            }
            Verdict::Fenced => counters.refused.add(1),
            Verdict::SessionsOver(sessions) => {
                let over = |id: &CommandId| sessions.contains(&id.session);
                let ids: Vec<CommandId> = self.waiting.keys().copied().filter(over).collect();
                let why = "its append had no outcome and it had not arrived when that was settled";
                self.answer(&ids, &ReplicaError::NotDone(why.into()));
            }
            Verdict::SnapshotGranted if own => {
                let state = M::freeze(state);
                let ledger = self.ledger.clone();
                let position = Position(at.0 + 1);
                self.write_snapshot(Frozen { id: entry.id, position, ledger, state });
            }
            Verdict::SnapshotRefused if own => self.put_snapshot_off(),
            Verdict::SnapshotHolds(mark) if own => self.trim = Some(mark),
            Verdict::SnapshotGranted | Verdict::SnapshotRefused | Verdict::SnapshotHolds(_) => {}
        }
        counters.log_bytes.set(self.ledger.log_bytes());
        Ok(())
    }

    pub(super) fn announce(&self) {
        let applied = self.applied;
        self.shared.applied.send_if_modified(|seen| {
            let moved = *seen != applied;
            *seen = applied;
            moved
        });
    }
}
