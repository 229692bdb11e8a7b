//! What every replica of a log keeps beside the machine's state, from the same entries and therefore alike: the term,
//! the sessions that no longer count, and who may snapshot and trim.

use std::collections::VecDeque;

use minicbor::{Decode, Encode};

use crate::envelope::{Body, CommandId, Envelope, SnapshotMark};
use crate::limits::{FENCED_SESSIONS_MAX, SNAPSHOT_LOG_BYTES_MIN};

/// Part of each snapshot, in its first chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Ledger {
    #[n(0)]
    term: u64,
    /// Sessions whose later entries do not count, the oldest fence first.
    #[n(1)]
    fenced: VecDeque<u64>,
    /// The session that is writing a snapshot.
    #[n(2)]
    snapshot: Option<Begun>,
    /// Bytes of log 0 since the last snapshot that was begun and finished.
    #[n(3)]
    log_bytes: u64,
    #[n(4)]
    last_snapshot_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Begun {
    #[n(0)]
    session: u64,
    #[n(1)]
    number: u64,
    /// Bytes of log 0 that came after.
    #[n(2)]
    bytes_since: u64,
}

/// What an entry means to the replica that reads it.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// A command: apply it.
    Apply(&'a [u8]),
    /// The sender's term was over.
    StaleTerm,
    /// The sender had given the session up before the entry arrived: it never happened.
    Fenced,
    /// Nothing of these sessions counts from here on.
    SessionsOver(&'a [u64]),
    /// The sender may write a snapshot of the state as it is now.
    SnapshotGranted,
    /// The sender may not: another is at it, or took over.
    SnapshotRefused,
    /// The sender's snapshot holds: it may trim.
    SnapshotHolds(SnapshotMark),
}

impl Ledger {
    /// Takes note of an entry of `bytes`.
    pub fn enter<'a>(&mut self, entry: &'a Envelope, bytes: u64) -> Verdict<'a> {
        self.log_bytes += bytes;
        if let Some(begun) = &mut self.snapshot {
            begun.bytes_since += bytes;
        }
        if entry.term < self.term {
            return Verdict::StaleTerm;
        }
        if self.fenced.contains(&entry.id.session) {
            return Verdict::Fenced;
        }
        self.term = entry.term;
        match &entry.body {
            Body::Command(command) => Verdict::Apply(command),
            Body::Fence(sessions) => {
                self.fence(sessions);
                Verdict::SessionsOver(sessions)
            }
            Body::SnapshotBegun => self.begin_snapshot(entry.id),
            Body::SnapshotDone(mark) => self.finish_snapshot(entry.id.session, *mark),
        }
    }

    fn fence(&mut self, sessions: &[u64]) {
        for session in sessions {
            if !self.fenced.contains(session) {
                self.fenced.push_back(*session);
            }
        }
        // Who gave a session up also gave up the snapshot that it was writing in it.
        self.snapshot.take_if(|begun| sessions.contains(&begun.session));
        while self.fenced.len() > FENCED_SESSIONS_MAX {
            self.fenced.pop_front();
        }
    }

    /// One snapshot at a time: two at once could each trim the other's chunks away. One that gets nowhere is overtaken.
    fn begin_snapshot(&mut self, id: CommandId) -> Verdict<'static> {
        let overdue = SNAPSHOT_LOG_BYTES_MIN.max(self.last_snapshot_bytes);
        let free = match &self.snapshot {
            Some(begun) => begun.session == id.session || begun.bytes_since > overdue,
            None => true,
        };
        if !free {
            return Verdict::SnapshotRefused;
        }
        let CommandId { session, number } = id;
        self.snapshot = Some(Begun { session, number, bytes_since: 0 });
        Verdict::SnapshotGranted
    }

    fn finish_snapshot(&mut self, session: u64, mark: SnapshotMark) -> Verdict<'static> {
        match self.snapshot.take_if(|begun| begun.session == session) {
            Some(begun) => {
                self.log_bytes = begun.bytes_since;
                self.last_snapshot_bytes = mark.bytes;
                Verdict::SnapshotHolds(mark)
            }
            None => Verdict::SnapshotRefused,
        }
    }

    /// Whether enough log has gathered for a snapshot, which is at least `bytes_min`.
    pub fn snapshot_due(&self, bytes_min: u64) -> bool {
        self.log_bytes > bytes_min.max(self.last_snapshot_bytes)
    }

    /// Bytes of log 0 that a start would replay.
    pub fn log_bytes(&self) -> u64 {
        self.log_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(session: u64, term: u64, body: Body) -> Envelope {
        let id = CommandId { session, number: 0 };
        Envelope { kind: 0, version: 1, id, time_ms: 0, term, body }
    }

    #[test]
    fn an_entry_of_an_earlier_term_is_refused() {
        let mut ledger = Ledger::default();
        let command = |term| entry(1, term, Body::Command(vec![]));
        assert_eq!(ledger.enter(&command(2), 1), Verdict::Apply(&[]));
        assert_eq!(ledger.enter(&command(1), 1), Verdict::StaleTerm);
        assert_eq!(ledger.enter(&command(2), 1), Verdict::Apply(&[]));
    }

    #[test]
    fn a_fenced_session_never_counts_again() {
        let mut ledger = Ledger::default();
        ledger.enter(&entry(2, 1, Body::Fence(vec![1])), 1);
        assert_eq!(ledger.enter(&entry(1, 1, Body::Command(vec![])), 1), Verdict::Fenced);
        assert_eq!(ledger.enter(&entry(2, 1, Body::Command(vec![])), 1), Verdict::Apply(&[]));
    }

    #[test]
    fn only_one_snapshot_holds_and_a_stuck_one_is_overtaken() {
        let mut ledger = Ledger::default();
        let mark = SnapshotMark { position: 1, chunk: 0, bytes: 10 };
        let begin = |session| entry(session, 1, Body::SnapshotBegun);
        let done = |session| entry(session, 1, Body::SnapshotDone(mark));
        assert_eq!(ledger.enter(&begin(1), 1), Verdict::SnapshotGranted);
        assert_eq!(ledger.enter(&begin(2), 1), Verdict::SnapshotRefused);
        assert_eq!(ledger.enter(&begin(2), SNAPSHOT_LOG_BYTES_MIN), Verdict::SnapshotGranted);
        assert_eq!(ledger.enter(&done(1), 1), Verdict::SnapshotRefused);
        assert_eq!(ledger.enter(&done(2), 1), Verdict::SnapshotHolds(mark));
        assert_eq!(ledger.enter(&done(2), 1), Verdict::SnapshotRefused);
        assert_eq!(ledger.log_bytes(), 3);
        assert!(!ledger.snapshot_due(0), "not before the last snapshot's size is exceeded");
    }
}
