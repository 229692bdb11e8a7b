//! What PutRecord and PutRecords share: records are routed, admitted, laid out in one frame, appended, numbered.

mod stages;

use std::borrow::Cow;

use millstream_api::{Blob, Error, ErrorCode, PutEntry};
use millstream_catalog::StreamMode;
use millstream_log::{Appended, Frame, FramePool, LogError, PartSpec};
use millstream_records::{BlockWriter, payload_bytes};
use millstream_types::{Clock, HashKey, SequenceNumber, ShardId};

use crate::encryption::Sealing;
use crate::limits::BATCH_BYTES_MAX;
use crate::owner::Owner;
use crate::runtime::StreamRuntime;
use crate::shard_series::Seen;

#[doc(hidden)]
pub use stages::{AdmittedRecords, PutStages, RoutedRecords};

/// A record on its way into a shard.
#[derive(Clone)]
pub struct Incoming<'a> {
    pub data: Blob<'a>,
    pub key: Option<Cow<'a, str>>,
    pub hash_key: HashKey,
}

impl Incoming<'_> {
    /// Bytes that count against limits: the key's UTF-8 and the data before base64 (botocore, `PutRecords`).
    pub fn bytes(&self) -> usize {
        self.data.len() + self.key.as_ref().map_or(0, |key| key.len())
    }
}

/// A run of records of one shard that becomes one part of the frame: places in `order`.
struct Run {
    shard: ShardId,
    from: usize,
    to: usize,
}

/// What the shards' limits refused, and what became of the rest.
pub struct PutOutcome {
    /// For each record that was tried, in the order of the request: its entry, or `None` if its shard was sealed
    /// meanwhile and the record is to be tried on a child.
    pub entries: Vec<Option<PutEntry>>,
    /// Bytes of the records that were taken.
    pub bytes_taken: usize,
    /// What failed for a fault of ours.
    pub failed: Option<Failure>,
}

/// Records of one request that failed for a fault of ours.
pub struct Failure {
    /// The shard of the first.
    pub shard: ShardId,
    /// Why the first failed.
    pub error: LogError,
    /// How many they are.
    pub records: usize,
}

impl Failure {
    fn add(to: &mut Option<Failure>, shard: ShardId, error: LogError, records: usize) {
        to.get_or_insert(Failure { shard, error, records: 0 }).records += records;
    }
}

/// Puts `records` into the shards that `stream` has now.
pub async fn put(
    stream: &StreamRuntime,
    owner: &Owner,
    pool: &FramePool,
    clock: &dyn Clock,
    records: &[Incoming<'_>],
    sealing: Option<&Sealing>,
) -> Result<PutOutcome, Error> {
    let mut entries = vec![None; records.len()];
    let Admitted { order, throttled } = admit(stream, clock, records, &mut entries);
    if order.is_empty() {
        Came { order: &order, runs: &[], records, entries: &entries, throttled: &throttled }
            .count(stream, clock);
        return Ok(PutOutcome { entries, bytes_taken: 0, failed: None });
    }
    let extra_bytes = sealing.map_or(0, |_| Sealing::EXTRA_BYTES);
    let runs = runs_of(&order, records, extra_bytes);
    let frame = lay_out(stream, pool, &order, &runs, records, sealing)?;
    let outcomes = owner.append(frame).await;
    // Only on-demand streams change their shards by what these take.
    let watched = stream.stream.mode == StreamMode::OnDemand;
    let (mut bytes_taken, mut failed) = (0, None);
    for (run, outcome) in runs.iter().zip(outcomes) {
        let members = &order[run.from..run.to];
        match outcome {
            Ok(appended) => {
                let bytes: usize =
                    members.iter().map(|(_, index)| records[*index as usize].bytes()).sum();
                bytes_taken += bytes;
                if watched {
                    stream.limits_of(run.shard).count_write(bytes as u64, members.len() as u64);
                }
                number(stream, run.shard, &appended, members, &mut entries);
            }
            Err(LogError::Sealed(_)) => {}
            Err(error) => {
                let entry = refused(stream, run.shard, &error);
                if !matches!(error, LogError::Busy) {
                    Failure::add(&mut failed, run.shard, error, members.len());
                }
                members
                    .iter()
                    .for_each(|(_, index)| entries[*index as usize] = Some(entry.clone()));
            }
        }
    }
    Came { order: &order, runs: &runs, records, entries: &entries, throttled: &throttled }
        .count(stream, clock);
    Ok(PutOutcome { entries, bytes_taken, failed })
}

/// What a put came to, as the shards' metrics count it.
struct Came<'a> {
    order: &'a [(u32, u32)],
    runs: &'a [Run],
    records: &'a [Incoming<'a>],
    entries: &'a [Option<PutEntry>],
    /// Records that a shard's throughput refused, sorted by shard.
    throttled: &'a [(u32, u64)],
}

impl Came<'_> {
    /// Counts what each shard saw, where shard-level metrics are switched on.
    fn count(&self, stream: &StreamRuntime, clock: &dyn Clock) {
        let Some(series) = &stream.series else { return };
        let now = clock.now();
        let refused_of = |shard: u32| {
            let at = self.throttled.binary_search_by_key(&shard, |(shard, _)| *shard);
            at.map_or(0, |at| self.throttled[at].1)
        };
        for runs in self.runs.chunk_by(|a, b| a.shard == b.shard) {
            let (shard, members) = (runs[0].shard, runs[0].from..runs[runs.len() - 1].to);
            let (mut bytes, mut taken, mut throttled) = (0, 0, refused_of(shard.0));
            for (_, index) in &self.order[members] {
                match &self.entries[*index as usize] {
                    Some(PutEntry::Put { .. }) => {
                        bytes += self.records[*index as usize].bytes() as u64;
                        taken += 1;
                    }
                    Some(PutEntry::Failed {
                        code: ErrorCode::ProvisionedThroughputExceededException,
                        ..
                    }) => throttled += 1,
                    Some(PutEntry::Failed { .. }) | None => {}
                }
            }
            series.count(shard, now, &Seen::put(bytes, taken, throttled));
        }
        for (shard, throttled) in self.throttled {
            let shard = ShardId(*shard);
            if self.runs.binary_search_by_key(&shard, |run| run.shard).is_err() {
                series.count(shard, now, &Seen::put(0, 0, *throttled));
            }
        }
    }
}

/// What the shards' limits let in.
struct Admitted {
    /// The admitted records as `(shard, index)`, sorted.
    order: Vec<(u32, u32)>,
    /// How many were refused, by shard, sorted.
    throttled: Vec<(u32, u64)>,
}

/// Routes each record and asks its shard's limits, which admit a prefix of the shard's part. What is admitted
/// stays in the order of the request within its shard.
fn admit(
    stream: &StreamRuntime,
    clock: &dyn Clock,
    records: &[Incoming<'_>],
    entries: &mut [Option<PutEntry>],
) -> Admitted {
    let mut order = Vec::with_capacity(records.len());
    for (index, record) in records.iter().enumerate() {
        match stream.routing.shard_of(record.hash_key) {
            Some(shard) => order.push((shard.0, index as u32)),
            None => entries[index] = Some(internal_failure()),
        }
    }
    order.sort_unstable();
    let mut refused: Vec<(u32, u64)> = Vec::new();
    if !stream.limits_writes() {
        return Admitted { order, throttled: refused };
    }
    let now = clock.now();
    let mut throttled_shard = None;
    order.retain(|(shard, index)| {
        let index = *index as usize;
        let limits = stream.limits_of(ShardId(*shard));
        let admitted = throttled_shard != Some(*shard)
            && limits.admit_write(records[index].bytes() as u64, now);
        if !admitted {
            throttled_shard = Some(*shard);
            entries[index] = Some(throttled(stream, ShardId(*shard)));
            match refused.last_mut() {
                Some((last, records)) if last == shard => *records += 1,
                _ => refused.push((*shard, 1)),
            }
        }
        admitted
    });
    Admitted { order, throttled: refused }
}

/// Cuts the admitted records into batches: of one shard, and of at most [`BATCH_BYTES_MAX`] or one record.
fn runs_of(order: &[(u32, u32)], records: &[Incoming<'_>], extra_bytes: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::with_capacity(order.len().min(64));
    let mut bytes = 0;
    for (at, (shard, index)) in order.iter().enumerate() {
        let more = payload_bytes(1, records[*index as usize].bytes());
        match runs.last_mut() {
            Some(run) if run.shard.0 == *shard && bytes + more <= BATCH_BYTES_MAX => {
                run.to = at + 1;
                bytes += more;
            }
            _ => {
                runs.push(Run { shard: ShardId(*shard), from: at, to: at + 1 });
                bytes = more + extra_bytes;
            }
        }
    }
    runs
}

fn lay_out(
    stream: &StreamRuntime,
    pool: &FramePool,
    order: &[(u32, u32)],
    runs: &[Run],
    records: &[Incoming<'_>],
    sealing: Option<&Sealing>,
) -> Result<Frame, Error> {
    let members =
        |run: &Run| order[run.from..run.to].iter().map(|(_, index)| &records[*index as usize]);
    let specs = runs.iter().map(|run| PartSpec {
        log: Owner::log_of(stream.group(), run.shard),
        count: (run.to - run.from) as u32,
        payload_bytes: payload_bytes(run.to - run.from, members(run).map(Incoming::bytes).sum())
            + sealing.map_or(0, |_| Sealing::EXTRA_BYTES),
    });
    let mut frame = Frame::new(pool, specs);
    let (parts, bytes) = frame.split_mut();
    for (run, part) in runs.iter().zip(parts) {
        let payload = &mut bytes[part.payload.clone()];
        let block = match sealing {
            Some(_) => Sealing::plain_part(payload),
            None => &mut *payload,
        };
        let mut writer = BlockWriter::new(block, run.to - run.from);
        for record in members(run) {
            let place =
                writer.push(record.key.as_ref().map(|key| key.as_bytes()), record.data.len());
            record
                .data
                .decode_into(place)
                .map_err(|_| Error::serialization("Data is not valid base64."))?;
        }
        debug_assert!(writer.is_complete());
        if let Some(sealing) = sealing {
            sealing.seal(payload, run.shard.0, part.count);
        }
    }
    Ok(frame)
}

fn number(
    stream: &StreamRuntime,
    shard: ShardId,
    appended: &Appended,
    members: &[(u32, u32)],
    entries: &mut [Option<PutEntry>],
) {
    let created = stream.creation_second_of(shard);
    let first = SequenceNumber::of_record(created, shard, appended.at.start.0, appended.arrival);
    let mut sequence = first.digits();
    for (_, index) in members {
        entries[*index as usize] = Some(PutEntry::Put { shard, sequence });
        sequence.advance();
    }
}

/// The entry of a record that its shard's throughput refused.
pub fn throttled(stream: &StreamRuntime, shard: ShardId) -> PutEntry {
    PutEntry::Failed {
        code: ErrorCode::ProvisionedThroughputExceededException,
        message: Cow::Owned(format!(
            "Rate exceeded for shard {shard} in stream {} under account {}.",
            stream.stream.name, stream.stream.account
        )),
    }
}

/// The entry of a record that failed for a fault of ours.
pub fn internal_failure() -> PutEntry {
    PutEntry::Failed {
        code: ErrorCode::InternalFailure,
        message: Cow::Borrowed("Internal Service Failure"),
    }
}

/// Busy is a matter of speed; everything else is a fault of ours (botocore, `PutRecordsResultEntry`: two codes).
fn refused(stream: &StreamRuntime, shard: ShardId, error: &LogError) -> PutEntry {
    match error {
        LogError::Busy => throttled(stream, shard),
        LogError::Sealed(_)
        | LogError::TooLarge
        | LogError::Full
        | LogError::Gone
        | LogError::Unknown(_)
        | LogError::Trimmed(_)
        | LogError::Damaged(_)
        | LogError::Unavailable(_) => internal_failure(),
    }
}
