//! What is sent.

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
    records: Range<usize>,
}

/// The requests of a plan: one, unless it is larger than a request may be. The same for each attempt.
pub(super) fn parts(parcel: &Parcel) -> Vec<Part> {
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
    let part = |(index, records)| Part { request_id: request_id(parcel.plan, index), records };
    parts.into_iter().enumerate().map(part).collect()
}

/// The plan's id, and for its further requests ids that follow from it.
fn request_id(plan: Uuid, part: usize) -> String {
    if part == 0 {
        return plan.to_string();
    }
    let named = [plan.as_bytes(), &b"/part/"[..], &(part as u64).to_be_bytes()].concat();
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
        let body = body(&part.request_id, now, &parcel.records[part.records.clone()]);
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

fn body(request_id: &str, now: Millis, records: &[OutgoingRecord]) -> Vec<u8> {
    let size = FRAME_BYTES + records.iter().map(record_bytes).sum::<usize>();
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
