//! Snapshots: chunks in log 1 of the group, written while commands go on. The format is drawn in
//! `docs/formats/replica.md`.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use millstream_log::{Batch, End, Log, LogError, LogId, Position, ReadBatch};
use minicbor::{Decode, Encode};

use crate::envelope::{CommandId, SnapshotMark};
use crate::error::ReplicaError;
use crate::ledger::Ledger;
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_HEADER_BYTES_MAX, READ_BYTES};
use crate::machine::Machine;

/// The version of a chunk's layout.
pub const CHUNK_VERSION: u16 = 1;

/// A part of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Chunk {
    #[n(0)]
    chunk_version: u16,
    #[n(1)]
    kind: u16,
    /// The version of the slice inside.
    #[n(2)]
    version: u16,
    /// The entry that began the snapshot.
    #[n(3)]
    session: u64,
    #[n(4)]
    number: u64,
    /// The first position of log 0 that is not in this chunk.
    #[n(5)]
    position: u64,
    /// Counts from 0 within the snapshot.
    #[n(6)]
    part: u32,
    #[n(7)]
    last: bool,
    /// In part 0.
    #[n(8)]
    ledger: Option<Ledger>,
    #[cbor(n(9), with = "minicbor::bytes")]
    slice: Vec<u8>,
}

/// A state as it was at one place of the log, ready to be written.
pub struct Frozen<M: Machine> {
    /// The entry that began the snapshot.
    pub id: CommandId,
    /// The first position that is not in it.
    pub position: Position,
    /// The replica's own part.
    pub ledger: Ledger,
    /// The machine's.
    pub state: M::Frozen,
}

/// Writes all chunks, each acknowledged before the next is cut. Any error gives the snapshot up: what was written of it
/// is never taken for a whole one.
pub async fn write<M: Machine>(
    log: Arc<dyn Log>,
    chunks: LogId,
    frozen: Frozen<M>,
) -> Result<SnapshotMark, LogError> {
    let mut appender = log.open(chunks).await?;
    let mut mark = SnapshotMark { position: frozen.position.0, chunk: 0, bytes: 0 };
    let (mut part, mut from) = (0, None::<Vec<u8>>);
    loop {
        let room = CHUNK_BYTES_MAX - CHUNK_HEADER_BYTES_MAX;
        let slice = M::slice(&frozen.state, from.as_deref(), room);
        let chunk = Chunk {
            chunk_version: CHUNK_VERSION,
            kind: M::KIND,
            version: M::VERSION,
            session: frozen.id.session,
            number: frozen.id.number,
            position: frozen.position.0,
            part,
            last: slice.next.is_none(),
            ledger: (part == 0).then(|| frozen.ledger.clone()),
            slice: slice.bytes,
        };
        let payload = minicbor::to_vec(&chunk)
            .map_err(|why| LogError::Unavailable(format!("a chunk does not encode: {why}")))?;
        mark.bytes += payload.len() as u64;
        let appended = appender.append(Batch { count: 1, payload: Bytes::from(payload) })?.await?;
        if part == 0 {
            mark.chunk = appended.at.start.0;
        }
        if slice.next.is_none() {
            return Ok(mark);
        }
        from = slice.next;
        part += 1;
    }
}

/// A state that was read back, and where the log goes on from it.
pub struct Restored<M: Machine> {
    /// The machine's part.
    pub state: M::State,
    /// The replica's own part.
    pub ledger: Ledger,
    /// The first position of log 0 to replay.
    pub position: Position,
}

/// Reads the latest whole snapshot; an empty state at position 0 if there is none.
pub async fn restore<M: Machine>(
    log: &dyn Log,
    chunks: LogId,
) -> Result<Restored<M>, ReplicaError> {
    let mut restored =
        Restored { state: M::State::default(), ledger: Ledger::default(), position: Position(0) };
    let Some(latest) = find_latest::<M>(log, chunks).await? else { return Ok(restored) };
    restored.position = Position(latest.position);
    let mut reader = Reader { log, chunks, next: Position(latest.first) };
    while let Some(batches) = reader.read().await? {
        for batch in batches {
            let chunk = decode::<M>(&batch)?;
            if (chunk.session, chunk.number) != latest.id {
                continue;
            }
            if let Some(ledger) = chunk.ledger {
                restored.ledger = ledger;
            }
            M::restore(&mut restored.state, &chunk.slice, chunk.version).map_err(|why| {
                let (name, at) = (M::NAME, batch.first.0);
                ReplicaError::Damaged(format!("the {name}'s snapshot chunk at {at}: {why}"))
            })?;
            if chunk.last {
                return Ok(restored);
            }
        }
    }
    Err(ReplicaError::Damaged(format!("the {}'s snapshot ended early", M::NAME)))
}

struct Found {
    id: (u64, u64),
    position: u64,
    /// Of its first chunk.
    first: u64,
}

async fn find_latest<M: Machine>(
    log: &dyn Log,
    chunks: LogId,
) -> Result<Option<Found>, ReplicaError> {
    let mut reader = Reader { log, chunks, next: log.bounds(chunks).await?.first };
    // The part that each snapshot needs next, and where its first chunk lies.
    let mut open: HashMap<(u64, u64), (u32, u64)> = HashMap::new();
    let mut latest: Option<Found> = None;
    while let Some(batches) = reader.read().await? {
        for batch in batches {
            let chunk = decode::<M>(&batch)?;
            let id = (chunk.session, chunk.number);
            if chunk.part == 0 {
                open.insert(id, (0, batch.first.0));
            }
            let Some((needed, first)) = open.get_mut(&id) else { continue };
            if *needed != chunk.part {
                open.remove(&id);
                continue;
            }
            *needed += 1;
            let newer = latest.as_ref().is_none_or(|l| l.position <= chunk.position);
            if chunk.last && newer {
                latest = Some(Found { id, position: chunk.position, first: *first });
            }
        }
    }
    Ok(latest)
}

fn decode<M: Machine>(batch: &ReadBatch) -> Result<Chunk, ReplicaError> {
    let machine = M::NAME;
    let damaged = |why: &dyn std::fmt::Display| {
        ReplicaError::Damaged(format!("the {machine}'s snapshot chunk at {}: {why}", batch.first.0))
    };
    let payload = &batch.batch.payload;
    let mut head = minicbor::Decoder::new(payload);
    let found = head.array().and_then(|_| head.u16()).map_err(|why| damaged(&why))?;
    if found > CHUNK_VERSION {
        return Err(ReplicaError::UnknownVersion { machine, found, known: CHUNK_VERSION });
    }
    let chunk: Chunk = minicbor::decode(payload).map_err(|why| damaged(&why))?;
    if chunk.kind != M::KIND {
        return Err(damaged(&format!("it is of machine {}, not {}", chunk.kind, M::KIND)));
    }
    if chunk.version > M::VERSION {
        let (found, known) = (chunk.version, M::VERSION);
        return Err(ReplicaError::UnknownVersion { machine, found, known });
    }
    Ok(chunk)
}

struct Reader<'a> {
    log: &'a dyn Log,
    chunks: LogId,
    next: Position,
}

impl Reader<'_> {
    /// The next batches; `None` at the tail.
    async fn read(&mut self) -> Result<Option<Vec<ReadBatch>>, ReplicaError> {
        let read = self.log.read(self.chunks, self.next, READ_BYTES).await?;
        let at_tail = !matches!(read.end, End::More);
        self.next = read.next;
        if read.batches.is_empty() && at_tail {
            return Ok(None);
        }
        Ok(Some(read.batches))
    }
}
