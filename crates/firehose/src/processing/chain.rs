//! The chain of steps before and after the function.

use bytes::Bytes;
use millstream_aggregate::Aggregate;
use millstream_formats::compression::decompress_gzip;
use millstream_formats::deaggregate;
use millstream_formats::logs_message::LogsMessage;
use millstream_types::Millis;

use super::Piece;
use super::error_document::{Failure, decompression_failed, processing_failed};
use super::limits::DECOMPRESSED_BYTES_MAX;
use super::query::Query;
use crate::record::{Failed, PartitionSource, PartitionValues, Ready, RecordId, SourceRecord};
use crate::settings::{Deaggregate, Processing};

/// The code of records whose partition values could not be found.
const EXTRACTION_FAILED: &str = "DynamicPartitioning.MetadataExtractionFailed";
/// The code of records that could not be decompressed. Sources tell none.
const DECOMPRESSION_FAILED: &str = "Decompression.MalformedData";
/// The code of records that hold no messages of CloudWatch Logs. Sources tell none.
const NOT_LOGS: &str = "CloudWatchLogProcessing.MalformedData";

/// The steps of one version of a configuration. Cheap to share, never changes.
#[derive(Debug)]
pub struct Chain {
    decompress: bool,
    extract_messages: bool,
    deaggregate: Option<Deaggregate>,
    query: Option<Query>,
    delimiter: Option<Bytes>,
}

/// What the steps before the function yield, one after the other.
#[derive(Debug, PartialEq, Eq)]
pub enum Before {
    /// What goes on.
    Piece(Piece),
    /// What failed.
    Failed(Failed),
    /// A record was left out on purpose: a control message of CloudWatch Logs.
    Dropped,
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
        let query = processing.query.as_deref().map(Query::compile).transpose();
        Ok(Chain {
            decompress: processing.decompress,
            extract_messages: processing.extract_messages,
            deaggregate: processing.deaggregate.clone(),
            query: query.map_err(|why| format!("MetadataExtractionQuery: {why}"))?,
            delimiter: processing.delimiter.as_deref().map(Bytes::copy_from_slice),
        })
    }

    /// The steps before the function. Parts are counted from 0 in the order in which they come out, so that a record
    /// yields the same ids each time. `now` is told in error objects.
    pub fn before_function(&self, record: SourceRecord, now: Millis, out: &mut dyn FnMut(Before)) {
        let mut parts = Parts { id: record.id, next: 0 };
        disaggregated(record, &mut |record| self.prepare(record, now, &mut parts, out));
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
                    let failure = failure(&raw, EXTRACTION_FAILED, &error.0, record.arrival, now);
                    out.failed.push(processing_failed(&failure, None));
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

    /// The steps on one record of the source.
    fn prepare(
        &self,
        record: SourceRecord,
        now: Millis,
        parts: &mut Parts,
        out: &mut dyn FnMut(Before),
    ) {
        let data = match self.unpacked(&record, now) {
            Ok(Some(data)) => data,
            Ok(None) => return out(Before::Dropped),
            Err(failed) => return out(Before::Failed(failed)),
        };
        let pieces = match &self.deaggregate {
            None => vec![&data[..]],
            Some(Deaggregate::Delimited(delimiter)) => deaggregate::delimited(&data, delimiter),
            Some(Deaggregate::Json) => match deaggregate::json(&data) {
                Ok(pieces) => pieces,
                Err(error) => {
                    let (raw, text) = (&record.data, error.to_string());
                    let failure = failure(raw, EXTRACTION_FAILED, &text, record.arrival, now);
                    return out(Before::Failed(processing_failed(&failure, None)));
                }
            },
        };
        let whole = pieces.len() == 1;
        for piece in pieces {
            let piece = data.slice_ref(piece);
            // What was compressed is told as it came; a part of a record by itself, so that putting it again repeats
            // no other part.
            let raw = if self.decompress && whole { record.data.clone() } else { piece.clone() };
            let record = SourceRecord { id: parts.take(), data: piece, ..record.clone() };
            out(Before::Piece(Piece { record, raw, partition: PartitionValues::default() }));
        }
    }

    /// The data without compression, and without the envelope of CloudWatch Logs; `None` if nothing is to be delivered.
    fn unpacked(&self, record: &SourceRecord, now: Millis) -> Result<Option<Bytes>, Failed> {
        let mut data = record.data.clone();
        if self.decompress {
            let content = decompress_gzip(&data, DECOMPRESSED_BYTES_MAX).map_err(|error| {
                let (raw, text) = (&record.data, error.to_string());
                let failure = failure(raw, DECOMPRESSION_FAILED, &text, record.arrival, now);
                decompression_failed(&failure)
            })?;
            data = content.into();
        }
        if self.extract_messages {
            let message = LogsMessage::parse(&data).map_err(|error| {
                let (raw, text) = (&record.data, error.to_string());
                processing_failed(&failure(raw, NOT_LOGS, &text, record.arrival, now), None)
            })?;
            match message {
                LogsMessage::Control | LogsMessage::Data { count: 0, .. } => return Ok(None),
                LogsMessage::Data { lines, .. } => data = lines.into(),
            }
        }
        Ok(Some(data))
    }
}

/// What is said of a record that failed in a step of ours: one attempt, which ends now.
fn failure<'a>(
    raw: &'a [u8],
    code: &'a str,
    message: &'a str,
    arrival: Millis,
    now: Millis,
) -> Failure<'a> {
    Failure { raw, code, message, attempts: 1, arrival, ended: now }
}

/// Hands out the ids of a record's parts.
struct Parts {
    id: RecordId,
    next: u32,
}

impl Parts {
    fn take(&mut self) -> RecordId {
        let part = self.next;
        self.next += 1;
        RecordId { part, ..self.id }
    }
}

/// Hands on the user records of a record that a stream's producer aggregated; the record itself otherwise. What was put
/// to a delivery stream directly is never taken apart.
fn disaggregated(record: SourceRecord, each: &mut dyn FnMut(SourceRecord)) {
    let Some(origin) = record.stream.clone() else { return each(record) };
    let data = record.data.clone();
    let Some(aggregate) = Aggregate::decode(&data) else { return each(record) };
    for (index, user) in aggregate.records().enumerate() {
        let mut origin = origin.clone();
        origin.partition_key = user.partition_key.into();
        origin.subsequence_number = index as u64;
        let data = record.data.slice_ref(user.data);
        each(SourceRecord { data, stream: Some(origin), ..record.clone() });
    }
}

#[cfg(test)]
mod tests;
