//! PutRecord and PutRecordBatch: what is put is durable before the answer.

use std::sync::Arc;

use base64_simd::STANDARD_NO_PAD;
use millstream_api::firehose::{
    PutRecordBatchInput, PutRecordBatchOutput, PutRecordBatchResponseEntry, PutRecordInput,
    PutRecordOutput,
};
use millstream_api::{Blob, Error, ErrorCode};
use millstream_catalog::{DeliverySource, DeliveryStream, DeliveryStreamStatus};
use millstream_log::{Appended, LogError};
use millstream_streams::Caller;
use tokio::time::Instant;

use crate::errors::Refusal;
use crate::intake::{Intake, IntakeError, Run};
use crate::limits::PUT_BYTES_MAX;
use crate::rates::PutRates;
use crate::runtime::Pipeline;
use crate::service::Firehose;

/// What is told of what came too fast.
const SLOW_DOWN: &str = "Slow down.";
/// What is told of a fault of ours.
const INTERNAL: &str = "Internal Service Failure";

/// What became of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is at this position since then.
    Put { position: u64, arrival: u64 },
    /// It came too fast, or the log has no room for now.
    SlowDown,
    /// It failed for a fault of ours; it may be there nevertheless.
    Failed,
}

/// A delivery stream that takes puts.
struct Target {
    stream: Arc<DeliveryStream>,
    pipeline: Arc<Pipeline>,
}

impl Firehose {
    /// Puts one record.
    pub async fn put_record(
        &self,
        caller: &Caller,
        input: PutRecordInput<'_>,
    ) -> Result<PutRecordOutput, Error> {
        let began = Instant::now();
        let name = &input.delivery_stream_name;
        let target = self.put_target(caller, "firehose:PutRecord", name).await?;
        let counters = target.pipeline.counters();
        let bytes = input.record.data.len() as u64;
        counters.put_record_requests.add(1);
        counters.put_record_bytes.add(bytes);
        let fate = self.put(&target, &[input.record.data]).await?.pop();
        counters.put_record_latency_us.record(began.elapsed().as_micros() as u64);
        match fate {
            Some(Fate::Put { position, arrival }) => Ok(PutRecordOutput {
                record_id: record_id(&target.stream, position, arrival),
                encrypted: Some(is_encrypted(&target.stream)),
            }),
            Some(Fate::SlowDown) => Err(slow_down()),
            Some(Fate::Failed) | None => {
                Err(Error::new(ErrorCode::InternalFailureException, INTERNAL))
            }
        }
    }

    /// Puts records; each gets its own answer, and a failure does not stop the rest.
    pub async fn put_record_batch(
        &self,
        caller: &Caller,
        input: PutRecordBatchInput<'_>,
    ) -> Result<PutRecordBatchOutput, Error> {
        let began = Instant::now();
        let name = &input.delivery_stream_name;
        let target = self.put_target(caller, "firehose:PutRecordBatch", name).await?;
        let records: Vec<Blob<'_>> = input.records.into_iter().map(|record| record.data).collect();
        let bytes: usize = records.iter().map(Blob::len).sum();
        if bytes > PUT_BYTES_MAX {
            return Err(Error::invalid_argument("Records size exceeds 4 MB limit"));
        }
        let counters = target.pipeline.counters();
        counters.put_record_batch_requests.add(1);
        counters.put_record_batch_records.add(records.len() as u64);
        counters.put_record_batch_bytes.add(bytes as u64);
        let fates = self.put(&target, &records).await?;
        counters.put_record_batch_latency_us.record(began.elapsed().as_micros() as u64);
        let taken = |fate: &&Fate| matches!(fate, Fate::Put { .. });
        let failed = fates.len() - fates.iter().filter(taken).count();
        let entry = |fate| entry(&target.stream, fate);
        Ok(PutRecordBatchOutput {
            // A request has 500 records at most.
            failed_put_count: failed as i32,
            encrypted: Some(is_encrypted(&target.stream)),
            request_responses: fates.into_iter().map(entry).collect(),
        })
    }

    async fn put_target(
        &self,
        caller: &Caller,
        action: &'static str,
        name: &str,
    ) -> Result<Target, Error> {
        let stream = self.resolve(caller, name).await?;
        caller.may(action, &stream.arn())?;
        match stream.source {
            DeliverySource::DirectPut { .. } => {}
            DeliverySource::KinesisStream(_) => {
                let text = "This operation is not permitted on KinesisStreamAsSource delivery stream type.";
                return Err(Error::new(ErrorCode::InvalidSourceException, text));
            }
        }
        match stream.status {
            DeliveryStreamStatus::Active => {}
            // Not there yet, or not any more.
            DeliveryStreamStatus::Creating
            | DeliveryStreamStatus::CreatingFailed
            | DeliveryStreamStatus::Deleting
            | DeliveryStreamStatus::DeletingFailed => {
                let (name, account) = (stream.name.clone(), caller.account);
                return Err(Refusal::NotFound { name, account, elsewhere: Vec::new() }.into());
            }
        }
        let pipeline = self.pipeline_of(stream.data_group).await.ok_or_else(slow_down)?;
        Ok(Target { stream, pipeline })
    }

    async fn put(&self, target: &Target, records: &[Blob<'_>]) -> Result<Vec<Fate>, Error> {
        let Target { stream, pipeline } = target;
        let intake = pipeline.intake().ok_or_else(slow_down)?;
        let counters = pipeline.counters();
        counters.incoming_puts.add(1);
        let admitted = match self.put_rates(stream) {
            None => records.len(),
            Some(rates) => admitted(&rates, records, self.now()).ok_or_else(|| {
                counters.throttled_records.add(records.len() as u64);
                slow_down()
            })?,
        };
        let mut fates = vec![Fate::SlowDown; records.len()];
        counters.throttled_records.add((records.len() - admitted) as u64);
        if admitted > 0 {
            take(intake, &records[..admitted], &mut fates).await?;
        }
        let put = records.iter().zip(&fates).filter(|(_, fate)| matches!(fate, Fate::Put { .. }));
        let (count, bytes) = put.fold((0, 0), |sum, (record, _)| (sum.0 + 1, sum.1 + record.len()));
        counters.incoming_records.add(count);
        counters.incoming_bytes.add(bytes as u64);
        Ok(fates)
    }
}

/// How many of the records, from the first on, the delivery stream's throughput allows; `None` if it does not allow the
/// request.
fn admitted(
    rates: &PutRates,
    records: &[Blob<'_>],
    now: millstream_types::Millis,
) -> Option<usize> {
    if !rates.request(now) {
        return None;
    }
    Some(records.iter().take_while(|record| rates.record(record.len() as u64, now)).count())
}

async fn take(intake: &Intake, records: &[Blob<'_>], fates: &mut [Fate]) -> Result<(), Error> {
    let runs = intake.put(records).await.map_err(|error| match error {
        IntakeError::Key(error) => Error::from(Refusal::Key(error)),
        IntakeError::NotBase64(_) => Error::serialization("Data is not valid base64."),
    })?;
    for Run { from, to, outcome } in runs {
        for (offset, fate) in fates[from..to].iter_mut().enumerate() {
            *fate = match &outcome {
                Ok(Appended { at, arrival, .. }) => {
                    Fate::Put { position: at.start.0 + offset as u64, arrival: arrival.0 }
                }
                Err(LogError::Busy) => Fate::SlowDown,
                Err(_) => Fate::Failed,
            };
        }
        if let Err(error) = &outcome
            && *error != LogError::Busy
        {
            tracing::error!(%error, records = to - from, "records could not be put");
        }
    }
    Ok(())
}

fn entry(stream: &DeliveryStream, fate: Fate) -> PutRecordBatchResponseEntry {
    let failed = |code: ErrorCode, message: &str| PutRecordBatchResponseEntry {
        record_id: None,
        error_code: Some(code.as_str().into()),
        error_message: Some(message.into()),
    };
    match fate {
        Fate::Put { position, arrival } => PutRecordBatchResponseEntry {
            record_id: Some(record_id(stream, position, arrival)),
            error_code: None,
            error_message: None,
        },
        Fate::SlowDown => failed(ErrorCode::ServiceUnavailableException, SLOW_DOWN),
        Fate::Failed => failed(ErrorCode::InternalFailure, INTERNAL),
    }
}

/// Names a record for its owner: opaque, unique, and long, as AWS's are.
fn record_id(stream: &DeliveryStream, position: u64, arrival: u64) -> String {
    let mut bytes = [0; 60];
    let numbers = [stream.data_group.0, position, arrival];
    for (chunk, number) in bytes.chunks_exact_mut(8).zip(numbers) {
        chunk.copy_from_slice(&number.to_le_bytes());
    }
    // The numbers make it unique; the rest is for length alone, and no secret.
    let mut mixed = numbers.iter().fold(0x9e37_79b9_7f4a_7c15_u64, |mixed, number| {
        (mixed ^ number).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(31)
    });
    for chunk in bytes[24..].chunks_exact_mut(4) {
        mixed = mixed.wrapping_mul(0x94d0_49bb_1331_11eb).rotate_left(29) ^ (mixed >> 32);
        for (byte, mask) in chunk.iter_mut().zip(mixed.to_le_bytes()) {
            *byte = mask;
        }
    }
    STANDARD_NO_PAD.encode_to_string(bytes)
}

fn is_encrypted(stream: &DeliveryStream) -> bool {
    stream.encryption.keys.current.is_some()
}

fn slow_down() -> Error {
    Error::new(ErrorCode::ServiceUnavailableException, SLOW_DOWN)
}
