//! PutRecords and PutRecord in one pass, without a tree in between.
//!
//! The pass takes what well-behaved clients send. Whatever else comes (an error of any kind, an unknown or refused
//! member, a null) is decoded again by shape, so that there is one place that words errors.

use std::borrow::Cow;

use millstream_api::ops::{PutRecordInput, PutRecordsInput, PutRecordsRequestEntry};
use millstream_api::shape::{Shape, Text};
use millstream_api::shapes::{
    DATA, HASH_KEY, PARTITION_KEY, SEQUENCE_NUMBER, STREAM_ARN, STREAM_NAME,
};
use millstream_api::{Blob, Error, Record};

use crate::cbor_reader::CborReader;
use crate::constraints::{length_fits, text_fits};
use crate::decode::decode;
use crate::fault::Fault;
use crate::json_reader::JsonReader;
use crate::limits::RECORDS_ROOM;
use crate::protocol::Protocol;
use crate::reader::{Reader, Scope};
use crate::unknown::Unknown;

/// Decodes PutRecords. The base64 of its blobs may still be bad beyond its length: `Blob::decode_into` finds out, and
/// the answer to that is `SerializationException`.
///
/// # Errors
/// Those of [`decode`].
pub fn decode_put_records<'a>(
    protocol: Protocol,
    body: &'a [u8],
    unknown: &mut Unknown,
) -> Result<PutRecordsInput<'a>, Error> {
    let quick = match protocol {
        Protocol::Json => put_records(JsonReader::new(body)),
        Protocol::Cbor => put_records(CborReader::new(body)),
    };
    or_by_shape(quick, protocol, body, unknown)
}

/// Decodes PutRecord, as [`decode_put_records`] does.
///
/// # Errors
/// Those of [`decode`].
pub fn decode_put_record<'a>(
    protocol: Protocol,
    body: &'a [u8],
    unknown: &mut Unknown,
) -> Result<PutRecordInput<'a>, Error> {
    let quick = match protocol {
        Protocol::Json => put_record(JsonReader::new(body)),
        Protocol::Cbor => put_record(CborReader::new(body)),
    };
    or_by_shape(quick, protocol, body, unknown)
}

/// What the quick pass made of a body, or what decoding it by shape makes of it.
pub(crate) fn or_by_shape<'a, T: Record<'a>>(
    quick: Result<T, Unusual>,
    protocol: Protocol,
    body: &'a [u8],
    unknown: &mut Unknown,
) -> Result<T, Error> {
    match quick {
        Ok(input) => {
            unknown.clear();
            Ok(input)
        }
        Err(Unusual) => decode(protocol, body, unknown),
    }
}

/// Not for this pass.
pub(crate) struct Unusual;

impl From<Fault> for Unusual {
    fn from(_: Fault) -> Self {
        Unusual
    }
}

fn put_records<'a, R: Reader<'a>>(mut reader: R) -> Result<PutRecordsInput<'a>, Unusual> {
    let mut records = None;
    let (mut stream_name, mut stream_arn) = (None, None);
    let mut scope = reader.map()?;
    while let Some(key) = reader.plain_key(&mut scope)? {
        match key {
            b"Records" if records.is_none() => records = Some(entries(&mut reader, entry)?),
            b"StreamName" => text(&mut reader, &STREAM_NAME, &mut stream_name)?,
            b"StreamARN" => text(&mut reader, &STREAM_ARN, &mut stream_arn)?,
            _ => return Err(Unusual),
        }
    }
    reader.finish()?;
    let records = records.ok_or(Unusual)?;
    Ok(PutRecordsInput { records, stream_name, stream_arn, stream_id: None, dry_run: None })
}

/// The records of a batch, each read by `entry`; none, or more than there is room for, are not for this pass.
pub(crate) fn entries<'a, R: Reader<'a>, T>(
    reader: &mut R,
    entry: impl Fn(&mut R) -> Result<T, Unusual>,
) -> Result<Vec<T>, Unusual> {
    let mut scope = reader.list()?;
    let mut entries = Vec::new();
    while reader.element(&mut scope)? {
        if entries.is_empty() {
            entries.reserve_exact(room(&scope));
        }
        if entries.len() == RECORDS_ROOM {
            return Err(Unusual);
        }
        entries.push(entry(reader)?);
    }
    if entries.is_empty() { Err(Unusual) } else { Ok(entries) }
}

/// What is declared is believed up to the model's most.
pub(crate) fn room(scope: &Scope) -> usize {
    let declared = scope.left.map_or(RECORDS_ROOM, |left| {
        usize::try_from(left).unwrap_or(RECORDS_ROOM).saturating_add(1)
    });
    declared.min(RECORDS_ROOM)
}

fn entry<'a, R: Reader<'a>>(reader: &mut R) -> Result<PutRecordsRequestEntry<'a>, Unusual> {
    let mut data = None;
    let (mut explicit_hash_key, mut partition_key) = (None, None);
    let mut scope = reader.map()?;
    while let Some(key) = reader.plain_key(&mut scope)? {
        match key {
            b"Data" if data.is_none() => data = Some(blob(reader, &DATA)?),
            b"PartitionKey" => text(reader, &PARTITION_KEY, &mut partition_key)?,
            b"ExplicitHashKey" => text(reader, &HASH_KEY, &mut explicit_hash_key)?,
            _ => return Err(Unusual),
        }
    }
    Ok(PutRecordsRequestEntry { data: data.ok_or(Unusual)?, explicit_hash_key, partition_key })
}

fn put_record<'a, R: Reader<'a>>(mut reader: R) -> Result<PutRecordInput<'a>, Unusual> {
    let mut data = None;
    let (mut stream_name, mut stream_arn, mut partition_key) = (None, None, None);
    let (mut explicit_hash_key, mut sequence_number_for_ordering) = (None, None);
    let mut scope = reader.map()?;
    while let Some(key) = reader.plain_key(&mut scope)? {
        let reader = &mut reader;
        match key {
            b"StreamName" => text(reader, &STREAM_NAME, &mut stream_name)?,
            b"StreamARN" => text(reader, &STREAM_ARN, &mut stream_arn)?,
            b"Data" if data.is_none() => data = Some(blob(reader, &DATA)?),
            b"PartitionKey" => text(reader, &PARTITION_KEY, &mut partition_key)?,
            b"ExplicitHashKey" => text(reader, &HASH_KEY, &mut explicit_hash_key)?,
            b"SequenceNumberForOrdering" => {
                text(reader, &SEQUENCE_NUMBER, &mut sequence_number_for_ordering)?;
            }
            _ => return Err(Unusual),
        }
    }
    reader.finish()?;
    Ok(PutRecordInput {
        stream_name,
        data: data.ok_or(Unusual)?,
        partition_key,
        explicit_hash_key,
        sequence_number_for_ordering,
        stream_arn,
        stream_id: None,
        dry_run: None,
    })
}

/// Reads a blob that fits its constraints.
#[inline]
pub(crate) fn blob<'a, R: Reader<'a>>(reader: &mut R, shape: &Shape) -> Result<Blob<'a>, Unusual> {
    let Shape::Blob(range) = *shape else { return Err(Unusual) };
    let blob = reader.blob()?;
    if length_fits(range, blob.len()) { Ok(blob) } else { Err(Unusual) }
}

/// Reads a member that is not there yet and fits its constraints.
#[inline]
pub(crate) fn text<'a, R: Reader<'a>>(
    reader: &mut R,
    constraints: &Text,
    member: &mut Option<Cow<'a, str>>,
) -> Result<(), Unusual> {
    let text = reader.text()?;
    if !text_fits(constraints, &text) || member.is_some() {
        return Err(Unusual);
    }
    *member = Some(text);
    Ok(())
}
