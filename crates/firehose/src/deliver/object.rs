//! Plans that become an object.

use std::sync::Arc;

use bytes::Bytes;
use millstream_formats::columnar::{Conversion, RecordError};
use millstream_formats::compression::{self, CONTENT_TYPE, Compressor};
use millstream_types::Millis;
use uuid::Uuid;

use super::failures::Failures;
use super::gather::{Discard, Passed, Receiver};
use super::room::{Room, Stop};
use super::{Settled, Work, internal};
use crate::compiled::Columns;
use crate::machine::Closing;
use crate::processing::error_document::{Failure, format_conversion_failed};
use crate::record::{Failed, Ready, RecordId};
use crate::settings::ObjectTarget;
use crate::sink::{Object, Put, SinkError, StagedObject, Then};
use crate::source::Source;

/// The version of what makes bytes of records; see [`crate::machine::Plan::encoder`].
pub const ENCODER: u32 = compression::ENCODER_VERSION;

/// An object's body in the making: its records come and go, what stays is what was made of them.
enum Body {
    Rows(Box<Compressor>),
    Columns(Box<InColumns>),
}

struct InColumns {
    source: Arc<dyn Source>,
    columns: Arc<Columns>,
    conversion: Conversion,
    attempts: u32,
    now: Millis,
    amounts: Conversions,
}

/// So many records, of so many bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Amount {
    /// Records.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What came of converting records to columns, in one attempt.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conversions {
    /// What was converted.
    pub converted: Amount,
    /// What could not be.
    pub failed: Amount,
}

/// What a plan's object is made of.
pub(super) struct Made {
    /// None if nothing is left.
    pub body: Option<Bytes>,
    /// Records that were read.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Records that cannot be read any more.
    pub lost: u64,
    /// What failed.
    pub failures: Failures,
    /// What converted them.
    columns: Option<Arc<Columns>>,
    /// What came of that.
    pub conversions: Conversions,
}

impl Receiver for Body {
    fn take(&mut self, record: Ready) -> Result<Result<(), Failed>, String> {
        match self {
            Body::Rows(compressor) => {
                compressor.add(&record.data).map_err(|error| error.to_string())?;
                Ok(Ok(()))
            }
            Body::Columns(columns) => columns.take(&record),
        }
    }
}

impl InColumns {
    fn take(&mut self, record: &Ready) -> Result<Result<(), Failed>, String> {
        let added = self.conversion.add(&record.data).map_err(|error| error.to_string())?;
        let Conversions { converted, failed } = &mut self.amounts;
        let amount = if added.is_ok() { converted } else { failed };
        amount.records += 1;
        amount.bytes += record.data.len() as u64;
        Ok(added.map_err(|error| self.unconverted(record, &error)))
    }

    fn unconverted(&self, record: &Ready, error: &RecordError) -> Failed {
        let failure = Failure {
            raw: &record.data,
            code: error.code,
            message: &error.message,
            attempts: self.attempts,
            arrival: record.arrival,
            ended: self.now,
        };
        let (table, version) = (&self.columns.table, self.columns.version());
        let RecordId { log, position, .. } = record.id;
        let sequence_number = self.source.sequence_number(log, position, record.arrival);
        format_conversion_failed(&failure, record.id, sequence_number.as_deref(), table, version)
    }
}

impl Work {
    /// Writes the plan's object, once.
    pub(super) async fn deliver_object(&self, room: &mut Room<'_>) -> Result<Settled, Stop> {
        let target = self.compiled.target(self.plan.lane);
        let target = target.ok_or_else(|| internal("the lane has no bucket".into()))?;
        let made = self.make(target).await?;
        let mut settled = Settled::new(Closing::Delivered);
        if let Some(body) = made.body {
            // What it was made of is not there any more.
            room.shrink(body.len() as u64);
            self.write(target, body, room).await?;
            (settled.records, settled.bytes, settled.objects) = (made.records, made.bytes, 1);
        }
        settled.conversions = made.conversions;
        settled.lose(made.lost, &self.plan);
        let failures = self.to_be_written(made.failures, made.columns, room).await?;
        self.write_errors(failures, &mut settled).await?;
        Ok(settled)
    }

    /// Writes the object that a destination loads from, if there is anything in it.
    pub(super) async fn stage(
        &self,
        target: &ObjectTarget,
        room: &mut Room<'_>,
    ) -> Result<(Option<StagedObject>, Made), Stop> {
        let mut made = self.make(target).await?;
        let Some(body) = made.body.take() else { return Ok((None, made)) };
        // A stand-in for the destination makes rows of it.
        room.shrink(self.plan.bytes.saturating_mul(2) + body.len() as u64);
        self.write(target, body.clone(), room).await?;
        let (bucket, key) = (target.bucket.clone(), self.plan.key.clone());
        let encryption = target.encryption.clone();
        Ok((Some(StagedObject { bucket, key, body, encryption }), made))
    }

    async fn write(
        &self,
        target: &ObjectTarget,
        body: Bytes,
        room: &mut Room<'_>,
    ) -> Result<Put, Stop> {
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
        let put = objects.put(self.compiled.sender(self.plan.lane), &object);
        match self.is_outward(target) {
            true => Ok(room.outside(&self.pulse(), put).await??),
            false => Ok(put.await?),
        }
    }

    /// Whether a failure is the last one: the records are lost.
    pub(super) fn is_over(&self, error: &SinkError) -> bool {
        error.then == Then::Drop || self.is_late()
    }

    /// Whether the time of its records is over: this attempt is the last.
    pub(super) fn is_late(&self) -> bool {
        self.ctx.now() >= self.ctx.ends(Millis(self.plan.oldest))
    }

    /// Makes the object's body of the plan's records.
    async fn make(&self, target: &ObjectTarget) -> Result<Made, SinkError> {
        let (compiled, sinks) = (self.compiled.clone(), self.ctx.sinks.clone());
        let columns = match compiled.converts(self.plan.lane) {
            true => {
                let columns = self.ctx.compute(move || compiled.columns(&*sinks)).await;
                columns.flatten().map_err(internal)?
            }
            false => None,
        };
        let body = self.body(target, columns.clone()).map_err(internal)?;
        let passed = self.pass(body, Failures::default()).await?;
        let Passed { receiver, records, bytes, failures, lost, .. } = passed;
        let conversions = match &receiver {
            Body::Columns(columns) => columns.amounts,
            Body::Rows(_) => Conversions::default(),
        };
        let body = match records {
            0 => None,
            _ => self.ctx.compute(move || receiver.finish()).await.flatten().map_err(internal)?,
        };
        Ok(Made { body, records, bytes, lost, failures, columns, conversions })
    }

    /// Failures that can be written now: those that came, or, where there were too many, all of them once more.
    pub(super) async fn to_be_written(
        &self,
        failures: Failures,
        columns: Option<Arc<Columns>>,
        room: &Room<'_>,
    ) -> Result<Failures, SinkError> {
        if let Some(failures) = failures.write_from_now() {
            return Ok(failures);
        }
        let _reserved = self.room_to_read(room).await;
        let Some(columns) = columns else {
            return Ok(self.pass(Discard, Failures::written()).await?.failures);
        };
        let body = self.in_columns(columns).map_err(internal)?;
        Ok(self.pass(body, Failures::written()).await?.failures)
    }

    fn body(&self, target: &ObjectTarget, columns: Option<Arc<Columns>>) -> Result<Body, String> {
        if let Some(columns) = columns {
            return self.in_columns(columns);
        }
        let compressor = Compressor::new(target.compression, &Uuid::from_bytes(self.plan.uuid));
        let mut compressor = compressor.map_err(|error| error.to_string())?;
        compressor.expect(usize::try_from(self.plan.bytes).unwrap_or(0));
        Ok(Body::Rows(Box::new(compressor)))
    }

    fn in_columns(&self, columns: Arc<Columns>) -> Result<Body, String> {
        let conversion = columns.converter.begin().map_err(|error| error.to_string())?;
        Ok(Body::Columns(Box::new(InColumns {
            source: self.ctx.source.clone(),
            columns,
            conversion,
            attempts: self.attempts(),
            now: self.ctx.now(),
            amounts: Conversions::default(),
        })))
    }
}

impl Body {
    fn finish(self) -> Result<Option<Bytes>, String> {
        match self {
            Body::Rows(compressor) => {
                let body = compressor.finish().map_err(|error| error.to_string())?;
                Ok(Some(body.into()))
            }
            Body::Columns(columns) => {
                let body = columns.conversion.finish().map_err(|error| error.to_string())?;
                Ok(body.map(Bytes::from))
            }
        }
    }
}
