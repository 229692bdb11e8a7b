//! What a command travels in. The format is drawn in `docs/formats/replica.md`.

use millstream_log::Position;
use minicbor::{Decode, Encode};

use crate::error::ReplicaError;

/// Which sending of which command: a session is one stretch of one replica's life, numbers count within it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CommandId {
    /// The sender's session, random.
    pub session: u64,
    /// The number within the session.
    pub number: u64,
}

/// One entry of log 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The machine.
    pub kind: u16,
    /// The version of what is inside.
    pub version: u16,
    /// Who sent it.
    pub id: CommandId,
    /// When it was sent, in milliseconds of service time; for people who read the log.
    pub time_ms: u64,
    /// The sender's term.
    pub term: u64,
    /// What is inside.
    pub body: Body,
}

/// What an envelope holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A command of the machine.
    Command(Vec<u8>),
    /// From here on nothing of these sessions counts.
    Fence(Vec<u64>),
    /// The sender begins a snapshot of the state at this place.
    SnapshotBegun,
    /// The sender's snapshot is whole: `position` of log 0 and the first chunk's in log 1; its bytes.
    SnapshotDone(SnapshotMark),
}

/// A snapshot: of the state before `position` of log 0, its first chunk at `chunk` of log 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SnapshotMark {
    /// The first position of log 0 that is not in the snapshot.
    #[n(0)]
    pub position: u64,
    /// Where the first chunk lies in log 1.
    #[n(1)]
    pub chunk: u64,
    /// The size of all chunks.
    #[n(2)]
    pub bytes: u64,
}

/// The envelope's own version: what surrounds the machine's commands.
pub const ENVELOPE_VERSION: u16 = 1;

#[derive(Encode, Decode)]
struct Stored {
    #[n(0)]
    envelope_version: u16,
    #[n(1)]
    kind: u16,
    #[n(2)]
    version: u16,
    #[n(3)]
    session: u64,
    #[n(4)]
    number: u64,
    #[n(5)]
    time_ms: u64,
    #[n(6)]
    term: u64,
    #[n(7)]
    what: u8,
    #[cbor(n(8), with = "minicbor::bytes")]
    body: Vec<u8>,
}

const COMMAND: u8 = 0;
const FENCE: u8 = 1;
const SNAPSHOT_BEGUN: u8 = 2;
const SNAPSHOT_DONE: u8 = 3;

fn to_vec<T: Encode<()>>(value: T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a vector cannot fail, and the types here have no failing encoders.
    let _ = minicbor::encode(value, &mut bytes);
    bytes
}

impl Envelope {
    /// Adds the envelope to a batch.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (what, body) = match &self.body {
            Body::Command(bytes) => (COMMAND, bytes.clone()),
            Body::Fence(sessions) => (FENCE, to_vec(sessions)),
            Body::SnapshotBegun => (SNAPSHOT_BEGUN, Vec::new()),
            Body::SnapshotDone(mark) => (SNAPSHOT_DONE, to_vec(mark)),
        };
        out.extend(to_vec(Stored {
            envelope_version: ENVELOPE_VERSION,
            kind: self.kind,
            version: self.version,
            session: self.id.session,
            number: self.id.number,
            time_ms: self.time_ms,
            term: self.term,
            what,
            body,
        }));
    }

    /// Reads the envelopes of a batch that begins at `first`.
    pub fn read_batch(
        payload: &[u8],
        first: Position,
        machine: &'static str,
    ) -> Result<Vec<Envelope>, ReplicaError> {
        let damaged = |why: &dyn std::fmt::Display| {
            ReplicaError::Damaged(format!("the {machine}'s batch at {}: {why}", first.0))
        };
        let mut decoder = minicbor::Decoder::new(payload);
        let mut envelopes = Vec::new();
        while decoder.position() < payload.len() {
            // The version comes first, so that a later layout is named and not taken for damage.
            let found = peek_version(&mut decoder).map_err(|why| damaged(&why))?;
            if found > ENVELOPE_VERSION {
                return Err(ReplicaError::UnknownVersion {
                    machine,
                    found,
                    known: ENVELOPE_VERSION,
                });
            }
            let stored: Stored = decoder.decode().map_err(|why| damaged(&why))?;
            envelopes.push(Envelope::of(stored).map_err(|why| damaged(&why))?);
        }
        Ok(envelopes)
    }

    fn of(stored: Stored) -> Result<Envelope, String> {
        let bad = |why: minicbor::decode::Error| why.to_string();
        let body = match stored.what {
            COMMAND => Body::Command(stored.body),
            FENCE => Body::Fence(minicbor::decode(&stored.body).map_err(bad)?),
            SNAPSHOT_BEGUN => Body::SnapshotBegun,
            SNAPSHOT_DONE => Body::SnapshotDone(minicbor::decode(&stored.body).map_err(bad)?),
            other => return Err(format!("there is no entry of kind {other}")),
        };
        Ok(Envelope {
            kind: stored.kind,
            version: stored.version,
            id: CommandId { session: stored.session, number: stored.number },
            time_ms: stored.time_ms,
            term: stored.term,
            body,
        })
    }
}

fn peek_version(decoder: &mut minicbor::Decoder<'_>) -> Result<u16, minicbor::decode::Error> {
    let mut probe = decoder.probe();
    probe.array()?;
    probe.u16()
}

/// Reads any bytes as a batch of envelopes; for fuzzing.
pub fn fuzz_envelopes(input: &[u8]) {
    if let Ok(envelopes) = Envelope::read_batch(input, Position(0), "fuzzed machine") {
        let mut again = Vec::new();
        envelopes.iter().for_each(|envelope| envelope.write(&mut again));
        assert!(Envelope::read_batch(&again, Position(0), "fuzzed machine").is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(body: Body) -> Envelope {
        let id = CommandId { session: u64::MAX, number: 7 };
        Envelope { kind: 1, version: 2, id, time_ms: 1_700_000_000_123, term: 3, body }
    }

    #[test]
    fn a_batch_of_every_kind_reads_back_as_written() {
        let mark = SnapshotMark { position: 1 << 62, chunk: 9, bytes: 1 << 40 };
        let written = [
            Body::Command(vec![1, 2, 3]),
            Body::Fence(vec![0, 5]),
            Body::SnapshotBegun,
            Body::SnapshotDone(mark),
        ]
        .map(envelope);
        let mut payload = Vec::new();
        written.iter().for_each(|e| e.write(&mut payload));
        assert_eq!(Envelope::read_batch(&payload, Position(0), "test").unwrap(), written);
    }

    #[test]
    fn the_bytes_of_version_1_stay_as_they_are() {
        let mut payload = Vec::new();
        let id = CommandId { session: 1, number: 2 };
        let body = Body::Command(vec![0xaa]);
        Envelope { kind: 1, version: 1, id, time_ms: 4, term: 5, body }.write(&mut payload);
        assert_eq!(payload, [0x89, 1, 1, 1, 1, 2, 4, 5, 0, 0x41, 0xaa]);
    }

    #[test]
    fn a_later_layout_is_named_and_garbage_is_damage() {
        let later = [0x82, 0x18, 0x63, 0xf6];
        let found = Envelope::read_batch(&later, Position(0), "test");
        let named = ReplicaError::UnknownVersion { machine: "test", found: 99, known: 1 };
        assert_eq!(found, Err(named));
        for garbage in [&[0xff][..], &[0x81, 1], &[0x89, 1, 1], b"hello"] {
            let found = Envelope::read_batch(garbage, Position(4), "test");
            assert!(matches!(found, Err(ReplicaError::Damaged(_))), "{garbage:?}");
        }
    }
}
