//! Firehose's PutRecordBatch and PutRecord in one pass, as `put_decode` does it for Data Streams.

use std::borrow::Cow;

use millstream_api::Error;
use millstream_api::firehose::{
    DATA, DELIVERY_STREAM_NAME, PutRecordBatchInput, PutRecordInput, Record,
};

use crate::cbor_reader::CborReader;
use crate::json_reader::JsonReader;
use crate::protocol::Protocol;
use crate::put_decode::{Unusual, blob, entries, or_by_shape, text};
use crate::reader::Reader;
use crate::unknown::Unknown;

/// Decodes PutRecordBatch. The base64 of its blobs may still be bad beyond its length: `Blob::decode_into` finds out,
/// and the answer to that is `SerializationException`.
///
/// # Errors
/// Those of [`crate::decode`].
pub fn decode_put_record_batch<'a>(
    protocol: Protocol,
    body: &'a [u8],
    unknown: &mut Unknown,
) -> Result<PutRecordBatchInput<'a>, Error> {
    let quick = match protocol {
        Protocol::Json => batch(JsonReader::new(body)),
        Protocol::Cbor => batch(CborReader::new(body)),
    };
    or_by_shape(quick, protocol, body, unknown)
}

/// Decodes Firehose's PutRecord, as [`decode_put_record_batch`] does.
///
/// # Errors
/// Those of [`crate::decode`].
pub fn decode_delivery_record<'a>(
    protocol: Protocol,
    body: &'a [u8],
    unknown: &mut Unknown,
) -> Result<PutRecordInput<'a>, Error> {
    let quick = match protocol {
        Protocol::Json => single(JsonReader::new(body)),
        Protocol::Cbor => single(CborReader::new(body)),
    };
    or_by_shape(quick, protocol, body, unknown)
}

fn batch<'a, R: Reader<'a>>(mut reader: R) -> Result<PutRecordBatchInput<'a>, Unusual> {
    let (mut records, mut name) = (None, None);
    let mut scope = reader.map()?;
    while let Some(key) = reader.plain_key(&mut scope)? {
        match key {
            b"Records" if records.is_none() => records = Some(entries(&mut reader, record)?),
            b"DeliveryStreamName" => text(&mut reader, &DELIVERY_STREAM_NAME, &mut name)?,
            _ => return Err(Unusual),
        }
    }
    reader.finish()?;
    let delivery_stream_name: Cow<'a, str> = name.ok_or(Unusual)?;
    Ok(PutRecordBatchInput { delivery_stream_name, records: records.ok_or(Unusual)? })
}

fn record<'a, R: Reader<'a>>(reader: &mut R) -> Result<Record<'a>, Unusual> {
    let mut data = None;
    let mut scope = reader.map()?;
    while let Some(key) = reader.plain_key(&mut scope)? {
        match key {
            b"Data" if data.is_none() => data = Some(blob(reader, &DATA)?),
            _ => return Err(Unusual),
        }
    }
    Ok(Record { data: data.ok_or(Unusual)? })
}

fn single<'a, R: Reader<'a>>(mut reader: R) -> Result<PutRecordInput<'a>, Unusual> {
    let (mut found, mut name) = (None, None);
    let mut scope = reader.map()?;
    while let Some(key) = reader.plain_key(&mut scope)? {
        match key {
            b"Record" if found.is_none() => found = Some(record(&mut reader)?),
            b"DeliveryStreamName" => text(&mut reader, &DELIVERY_STREAM_NAME, &mut name)?,
            _ => return Err(Unusual),
        }
    }
    reader.finish()?;
    let delivery_stream_name: Cow<'a, str> = name.ok_or(Unusual)?;
    Ok(PutRecordInput { delivery_stream_name, record: found.ok_or(Unusual)? })
}
