//! The chain of steps before and after the function.

use bytes::Bytes;
use millstream_aggregate::Aggregate;
use millstream_types::Millis;

use super::Piece;
use super::error_document::{Failure, processing_failed};
use super::query::{Query, QueryError};
use crate::record::{Failed, PartitionSource, PartitionValues, Ready, SourceRecord};
use crate::settings::Processing;

/// The code of records whose partition values could not be found.
const EXTRACTION_FAILED: &str = "DynamicPartitioning.MetadataExtractionFailed";

/// The steps of one version of a configuration. Cheap to share, never changes.
#[derive(Debug)]
pub struct Chain {
    query: Option<Query>,
    delimiter: Option<Bytes>,
}

/// What the steps before the function yield.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Prepared {
    /// What goes on, in order.
    pub pieces: Vec<Piece>,
    /// What failed.
    pub failed: Vec<Failed>,
    /// How many records were left out on purpose: control messages of CloudWatch Logs.
    pub dropped: u64,
}

/// What the steps after the function yield.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// What is to be delivered, in order.
    pub ready: Vec<Ready>,
    /// What failed.
    pub failed: Vec<Failed>,
}

impl Chain {
    /// Prepares the steps. The text says what cannot be done, for the client: a query that does not compile.
    pub fn new(processing: &Processing) -> Result<Self, String> {
        Ok(Chain {
            query: processing.query.as_deref().map(Query::compile).transpose()?,
            delimiter: processing.delimiter.as_deref().map(Bytes::copy_from_slice),
        })
    }

    /// The steps before the function. Parts are counted from 0 in the order in which they come out, so that a record
    /// yields the same ids each time. `now` is told in error objects.
    pub fn before_function(&self, record: SourceRecord, now: Millis, out: &mut Prepared) {
        let mut parts = Parts { id: record.id, next: 0 };
        for record in disaggregated(record) {
            self.prepare(record, now, &mut parts, out);
        }
    }

    /// The steps after the function.
    pub fn after_function(&self, piece: Piece, now: Millis, out: &mut Finished) {
        let Piece { record, raw, mut partition } = piece;
        if let Some(query) = &self.query {
            match query.run(&record.data, record.arrival) {
                Ok(values) => {
                    for (key, value) in values {
                        partition.set(PartitionSource::Query, key, value);
                    }
                }
                Err(error) => {
                    out.failed.push(extraction_failed(&raw, &error, record.arrival, now));
                    return;
                }
            }
        }
        let data = self.delimited(record.data);
        out.ready.push(Ready { id: record.id, arrival: record.arrival, data, partition });
    }

    /// The data with the delimiter after it.
    fn delimited(&self, data: Bytes) -> Bytes {
        let Some(delimiter) = &self.delimiter else { return data };
        let mut longer = Vec::with_capacity(data.len() + delimiter.len());
        longer.extend_from_slice(&data);
        longer.extend_from_slice(delimiter);
        longer.into()
    }

    fn prepare(&self, record: SourceRecord, _now: Millis, parts: &mut Parts, out: &mut Prepared) {
        let raw = record.data.clone();
        let record = SourceRecord { id: parts.take(), ..record };
        out.pieces.push(Piece { record, raw, partition: PartitionValues::default() });
    }
}

/// Hands out the ids of a record's parts.
struct Parts {
    id: crate::record::RecordId,
    next: u32,
}

impl Parts {
    fn take(&mut self) -> crate::record::RecordId {
        let part = self.next;
        self.next += 1;
        crate::record::RecordId { part, ..self.id }
    }
}

/// The user records of a record that a stream's producer aggregated; the record itself otherwise. What was put to a
/// delivery stream directly is never taken apart.
fn disaggregated(record: SourceRecord) -> Vec<SourceRecord> {
    let Some(origin) = &record.stream else { return vec![record] };
    let Some(aggregate) = Aggregate::decode(&record.data) else { return vec![record] };
    let part = |(index, user): (usize, millstream_aggregate::UserRecord<'_>)| {
        let mut origin = origin.clone();
        origin.partition_key = user.partition_key.into();
        origin.subsequence_number = index as u64;
        SourceRecord {
            data: record.data.slice_ref(user.data),
            stream: Some(origin),
            ..record.clone()
        }
    };
    aggregate.records().enumerate().map(part).collect()
}

fn extraction_failed(raw: &[u8], error: &QueryError, arrival: Millis, now: Millis) -> Failed {
    let failure = Failure {
        raw,
        code: EXTRACTION_FAILED,
        message: &error.0,
        attempts: 1,
        arrival,
        ended: now,
    };
    processing_failed(&failure, None)
}
