//! Plans that become an object.

use std::sync::Arc;

use bytes::Bytes;
use millstream_formats::columnar::{ConversionError, FailedRecord};
use millstream_formats::compression::{self, CONTENT_TYPE, Compressor};
use millstream_types::Millis;
use uuid::Uuid;

use super::gather::Gathered;
use super::{Settled, Work, internal};
use crate::compiled::Columns;
use crate::machine::{Closing, LaneId};
use crate::processing::error_document::{Failure, format_conversion_failed};
use crate::record::{Failed, Ready};
use crate::settings::ObjectTarget;
use crate::sink::{Object, Put, SinkError, StagedObject, Then};

/// The version of what makes bytes of records; see [`crate::machine::Plan::encoder`].
pub const ENCODER: u32 = compression::ENCODER_VERSION;

impl Work {
    /// Writes the plan's object, once.
    pub(super) async fn deliver_object(&self) -> Result<Settled, SinkError> {
        let mut gathered = self.gather().await?;
        let mut settled = Settled::new(Closing::Delivered);
        let target = self.compiled.target(self.plan.lane);
        let target = target.ok_or_else(|| internal("the lane has no bucket".into()))?;
        self.ctx.counters.lost_records.add(gathered.lost);
        let mut failed = std::mem::take(&mut gathered.failed);
        let (records, bytes) = (gathered.ready.len() as u64, gathered.bytes());
        if records > 0 {
            let (body, unconverted) = self.encode(target, gathered.ready).await?;
            failed.extend(unconverted);
            if let Some(body) = body {
                match self.write(target, body).await {
                    Ok(_) => {
                        (settled.records, settled.bytes, settled.objects) = (records, bytes, 1)
                    }
                    Err(error) if self.is_over(&error) => {
                        self.tell(&error).await;
                        return Ok(Settled::new(Closing::Lost));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        self.write_errors(failed, &mut settled).await?;
        Ok(settled)
    }

    /// Writes the object that a destination loads from. Whether there is anything in it.
    pub(super) async fn stage(
        &self,
        target: &ObjectTarget,
        gathered: Gathered,
    ) -> Result<(Option<StagedObject>, Vec<Failed>), SinkError> {
        let mut failed = gathered.failed;
        let (body, unconverted) = match gathered.ready.is_empty() {
            true => (None, Vec::new()),
            false => self.encode(target, gathered.ready).await?,
        };
        failed.extend(unconverted);
        let Some(body) = body else { return Ok((None, failed)) };
        self.write(target, body.clone()).await?;
        let (bucket, key) = (target.bucket.clone(), self.plan.key.clone());
        let encryption = target.encryption.clone();
        Ok((Some(StagedObject { bucket, key, body, encryption }), failed))
    }

    async fn write(&self, target: &ObjectTarget, body: Bytes) -> Result<Put, SinkError> {
        let object = Object {
            bucket: target.bucket.clone(),
            key: self.plan.key.clone(),
            body,
            content_type: CONTENT_TYPE,
            content_encoding: target.compression.content_encoding(),
            encryption: target.encryption.clone(),
            bucket_owner: target.bucket_owner.clone(),
            storage_class: target.storage_class,
        };
        let objects = self.ctx.sinks.objects();
        objects.put(self.compiled.sender(self.plan.lane), &object).await
    }

    /// Whether a failure is the last one: the records are lost.
    pub(super) fn is_over(&self, error: &SinkError) -> bool {
        let ends = Millis(self.plan.oldest).plus(self.ctx.source.retention());
        error.then == Then::Drop || self.ctx.now() >= ends
    }

    /// The object's body, and what could not be converted. No body if nothing is left.
    async fn encode(
        &self,
        target: &ObjectTarget,
        ready: Vec<Ready>,
    ) -> Result<(Option<Bytes>, Vec<Failed>), SinkError> {
        if let (Some(columns), LaneId::Main) = (&self.compiled.conversion, self.plan.lane) {
            return self.convert(columns.clone(), ready).await;
        }
        let (how, id) = (target.compression, Uuid::from_bytes(self.plan.uuid));
        let body = blocking(move || {
            let mut compressor = Compressor::new(how, &id)?;
            ready.iter().try_for_each(|record| compressor.add(&record.data))?;
            compressor.finish()
        });
        let body = body.await?.map_err(|error| internal(error.to_string()))?;
        Ok((Some(Bytes::from(body)), Vec::new()))
    }

    async fn convert(
        &self,
        columns: Arc<Columns>,
        ready: Vec<Ready>,
    ) -> Result<(Option<Bytes>, Vec<Failed>), SinkError> {
        let now = self.ctx.now();
        let attempts = self.plan.failure.as_ref().map_or(0, |failure| failure.attempts) + 1;
        let total = (ready.len() as u64, ready.iter().map(|it| it.data.len() as u64).sum::<u64>());
        let work = move || {
            let records = ready.iter().map(|record| &record.data[..]);
            let converted = columns.converter.convert(records)?;
            let failed: Vec<Failed> = converted
                .failed
                .iter()
                .map(|one| unconverted(&columns, &ready[one.index], one, attempts, now))
                .collect();
            let at = converted.failed.iter().map(|one| ready[one.index].data.len() as u64);
            let bytes: u64 = at.sum();
            Ok::<_, ConversionError>((converted.bytes.map(Bytes::from), failed, bytes))
        };
        let done = blocking(work).await?.map_err(|error| internal(error.to_string()));
        let (body, failed, failed_bytes) = done?;
        let counters = &self.ctx.counters;
        counters.converted_records.add(total.0 - failed.len() as u64);
        counters.converted_bytes.add(total.1 - failed_bytes);
        counters.conversion_failed_records.add(failed.len() as u64);
        counters.conversion_failed_bytes.add(failed_bytes);
        Ok((body, failed))
    }
}

fn unconverted(
    columns: &Columns,
    record: &Ready,
    failed: &FailedRecord,
    attempts: u32,
    ended: Millis,
) -> Failed {
    let failure = Failure {
        raw: &record.data,
        code: failed.code,
        message: &failed.message,
        attempts,
        arrival: record.arrival,
        ended,
    };
    format_conversion_failed(&failure, record.id, None, &columns.table, &columns.version)
}

/// Runs what computes for long off the threads that serve.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SinkError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| internal(format!("encoding: {error}")))
}
