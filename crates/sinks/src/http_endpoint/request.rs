//! What is sent.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Uri};
use millstream_firehose::settings::HttpDestination;
use millstream_firehose::sink::{OutgoingRecord, Parcel, SinkError, Then};
use millstream_types::Millis;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use crate::progress::Left;
use crate::text::write_ascii;

/// Most records in a request (the guide's schema of the body).
const RECORDS_MAX: usize = 10_000;
/// Largest body, before compression (the guide: 64 MiB).
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The body without its records, amply.
const FRAME_BYTES: usize = 256;
/// Longest access key (the guide).
const ACCESS_KEY_BYTES_MAX: usize = 4096;
/// Values of attributes from this length on are never quoted: endpoints are given credentials this way too.
const SECRET_BYTES_MIN: usize = 6;

/// One request of a plan.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The same for each attempt.
    pub request_id: String,
    /// Which of the division it is.
    number: usize,
    /// By their index in the parcel.
    records: Vec<usize>,
}

/// How the first attempt divided a plan into requests, and how many of these were taken: one after another. A record
/// stays in its request though others expire between two attempts.
#[derive(Default)]
pub(crate) struct Division {
    /// None if one request has all: such a plan has nothing to be remembered.
    portions: Vec<Portion>,
    taken: usize,
}

/// What one of several requests has.
struct Portion {
    request_id: String,
    /// The last record of each log, by position and part: records of a log come in that order.
    ends: BTreeMap<u32, (u64, u32)>,
}

impl Division {
    pub fn of(parcel: &Parcel) -> Self {
        let ranges = ranges(parcel);
        if ranges.len() < 2 {
            return Division::default();
        }
        let portion = |range: Range<usize>| {
            let records = &parcel.records[range];
            let ends = records.iter().map(|it| (it.id.log, (it.id.position, it.id.part)));
            Portion { request_id: request_id(parcel.plan, records), ends: ends.collect() }
        };
        Division { portions: ranges.into_iter().map(portion).collect(), taken: 0 }
    }

    /// The requests that were not taken yet, with those of their records that are still there.
    pub(super) fn parts(&self, parcel: &Parcel) -> Vec<Part> {
        let portions = self.portions.iter().map(|portion| portion.request_id.clone());
        let ids = if self.portions.is_empty() {
            vec![parcel.plan.to_string()]
        } else {
            portions.collect()
        };
        let part = |(number, request_id)| Part { request_id, number, records: Vec::new() };
        let mut parts: Vec<Part> = ids.into_iter().enumerate().map(part).collect();
        let mut reached: HashMap<u32, usize> = HashMap::new();
        for (index, record) in parcel.records.iter().enumerate() {
            let at = reached.entry(record.id.log).or_default();
            let place = (record.id.position, record.id.part);
            let is_in = |portion: &Portion| {
                portion.ends.get(&record.id.log).is_some_and(|end| place <= *end)
            };
            while *at + 1 < parts.len() && !is_in(&self.portions[*at]) {
                *at += 1;
            }
            parts[*at].records.push(index);
        }
        parts.retain(|part| part.number >= self.taken && !part.records.is_empty());
        parts
    }

    /// A request was taken, and with it all before it.
    pub(super) fn take(&mut self, part: &Part) {
        self.taken = part.number + 1;
    }
}

impl Left for Division {
    fn bytes(&self) -> usize {
        self.portions.iter().map(|portion| 128 + 32 * portion.ends.len()).sum()
    }
}

/// The records of each request: one has all, unless that is larger than a request may be.
fn ranges(parcel: &Parcel) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut bytes = FRAME_BYTES;
    for (index, record) in parcel.records.iter().enumerate() {
        let more = record_bytes(record);
        if index > start && (index - start == RECORDS_MAX || bytes + more > BODY_BYTES_MAX) {
            parts.push(start..index);
            (start, bytes) = (index, FRAME_BYTES);
        }
        bytes += more;
    }
    if start < parcel.records.len() {
        parts.push(start..parcel.records.len());
    }
    parts
}

/// The id of one of several requests: it follows from the plan and from what is in the request, so that no two that
/// differ have the same, whatever is left of the plan after a restart.
fn request_id(plan: Uuid, records: &[OutgoingRecord]) -> String {
    let mut named = [plan.as_bytes(), &b"/part/"[..]].concat();
    for record in records.first().into_iter().chain(records.last()) {
        named.extend_from_slice(crate::record_name(&record.id).as_bytes());
        named.push(b'/');
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest(&SHA256, &named).as_ref()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

fn record_bytes(record: &OutgoingRecord) -> usize {
    record.data.len().div_ceil(3) * 4 + RECORD_OPEN.len() + RECORD_CLOSE.len() + 1
}

const RECORD_OPEN: &str = "{\"data\":\"";
const RECORD_CLOSE: &str = "\"}";

/// What all requests to an endpoint have in common.
pub(super) struct Head {
    uri: Uri,
    gzip: bool,
    /// The access key, and the values of attributes.
    secrets: Vec<Arc<str>>,
    headers: HeaderMap,
}

impl Head {
    pub fn new(destination: &HttpDestination, uri: Uri) -> Result<Self, String> {
        let mut headers = HeaderMap::new();
        let mut set = |name, value| headers.insert(HeaderName::from_static(name), value);
        set("content-type", HeaderValue::from_static("application/json"));
        set("user-agent", HeaderValue::from_static("Amazon Kinesis Data Firehose Agent/1.0"));
        set("x-amz-firehose-protocol-version", HeaderValue::from_static("1.0"));
        if destination.gzip {
            set("content-encoding", HeaderValue::from_static("gzip"));
        }
        if let Some(key) = &destination.access_key {
            let fits = key.0.len() <= ACCESS_KEY_BYTES_MAX;
            let value = HeaderValue::from_bytes(key.0.as_bytes()).ok().filter(|_| fits);
            let mut value = value.ok_or_else(|| {
                format!(
                    "the access key cannot be sent: it must have at most {ACCESS_KEY_BYTES_MAX} bytes and no control \
                     characters"
                )
            })?;
            value.set_sensitive(true);
            set("x-amz-firehose-access-key", value);
        }
        if !destination.common_attributes.is_empty() {
            let mut value = HeaderValue::from_str(&attributes(destination))
                .map_err(|_| "the common attributes cannot be sent".to_owned())?;
            // Endpoints are given credentials this way too.
            value.set_sensitive(true);
            set("x-amz-firehose-common-attributes", value);
        }
        let keys = destination.access_key.iter().map(|key| key.0.clone());
        let values = destination.common_attributes.iter().map(|(_, value)| value.clone());
        let values = values.filter(|value| value.len() >= SECRET_BYTES_MIN);
        let secrets = keys.chain(values).collect();
        Ok(Head { uri, gzip: destination.gzip, secrets, headers })
    }

    /// What no message may quote.
    pub fn secrets(&self) -> Vec<&str> {
        self.secrets.iter().map(|secret| &**secret).collect()
    }

    pub fn request(
        &self,
        parcel: &Parcel,
        part: &Part,
        now: Millis,
    ) -> Result<Request<Bytes>, SinkError> {
        let records: Vec<&OutgoingRecord> =
            part.records.iter().filter_map(|index| parcel.records.get(*index)).collect();
        let body = body(&part.request_id, now, &records);
        let body = if self.gzip { compressed(&body).map_err(|e| broken(&e))? } else { body };
        let mut request = Request::post(self.uri.clone());
        if let Some(headers) = request.headers_mut() {
            headers.clone_from(&self.headers);
        }
        request
            .header("x-amz-firehose-request-id", &part.request_id)
            .header("x-amz-firehose-source-arn", &*parcel.sender.arn)
            .body(body.into())
            .map_err(|error| broken(&error))
    }
}

/// What cannot happen to valid settings; said rather than assumed.
fn broken(error: &dyn std::error::Error) -> SinkError {
    let message = format!("the request could not be made: {error}");
    SinkError { code: "InternalError".to_owned(), message, then: Then::Retry }
}

fn attributes(destination: &HttpDestination) -> String {
    let mut out = "{\"commonAttributes\":{".to_owned();
    for (index, (name, value)) in destination.common_attributes.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_ascii(name, &mut out);
        out.push(':');
        write_ascii(value, &mut out);
    }
    out + "}}"
}

fn body(request_id: &str, now: Millis, records: &[&OutgoingRecord]) -> Vec<u8> {
    let size = FRAME_BYTES + records.iter().map(|record| record_bytes(record)).sum::<usize>();
    let mut out = Vec::with_capacity(size);
    let head = format!("{{\"requestId\":\"{request_id}\",\"timestamp\":{},\"records\":[", now.0);
    out.extend_from_slice(head.as_bytes());
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(RECORD_OPEN.as_bytes());
        base64_simd::STANDARD.encode_append(&record.data, &mut out);
        out.extend_from_slice(RECORD_CLOSE.as_bytes());
    }
    out.extend_from_slice(b"]}");
    out
}

fn compressed(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}
