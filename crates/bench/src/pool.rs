//! Requests encoded before the clock starts: random bytes under random keys, sent in turn.

use memchr::memmem;

use crate::caller::Caller;
use crate::delivery::payload::{Payload, STAMP_BYTES};
use crate::limits::{POOL_BODIES_MAX, SIGNATURE_AGE_SECONDS_MAX};
use crate::random::Random;
use crate::{Error, clock};

/// What each request of a pool holds.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The stream.
    pub stream: String,
    /// PutRecords with that many records; nothing means PutRecord.
    pub batch: Option<usize>,
    /// Bytes of a record's data.
    pub record_bytes: usize,
    /// If it is a delivery stream, whose records have no key: what they hold.
    pub delivery: Option<Payload>,
}

impl Shape {
    /// The operation's name.
    pub fn operation(&self) -> &'static str {
        match (self.delivery, self.batch) {
            (Some(_), _) => "PutRecordBatch",
            (None, Some(_)) => "PutRecords",
            (None, None) => "PutRecord",
        }
    }

    /// Records in a request.
    pub fn records(&self) -> usize {
        self.batch.unwrap_or(1)
    }
}

struct Request {
    /// Head and body as they go over the wire.
    bytes: Vec<u8>,
    body_at: usize,
    signed_at: u64,
}

/// Encoded requests and what their records are recognised by.
pub struct Pool {
    requests: Vec<Request>,
    /// One per record, request by request.
    fingerprints: Vec<u64>,
    shape: Shape,
    caller: Caller,
}

/// What stands before a record's data.
const DATA_BEFORE: &[u8] = b"\"Data\":\"";
/// What stands between the data of two records of a delivery: `"},{"Data":"`.
const BETWEEN_DATA: usize = b"\"},{".len() + DATA_BEFORE.len();

/// Length in base64, padding and all.
fn base64_bytes(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// What a record is recognised by when it comes back: checksums of its data in base64 and of its key.
pub fn fingerprint(data: &[u8], key: &[u8]) -> u64 {
    u64::from(crc32c::crc32c(data)) << 32 | u64::from(crc32c::crc32c(key))
}

impl Pool {
    /// As many requests as fit into `bytes`, at least `requests_min`.
    pub fn encode(
        shape: Shape,
        caller: Caller,
        random: &mut Random,
        bytes: usize,
        requests_min: usize,
    ) -> Result<Self, Error> {
        let mut pool = Pool { requests: Vec::new(), fingerprints: Vec::new(), shape, caller };
        let seconds = clock::unix_seconds();
        let mut used = 0;
        while pool.requests.len() < requests_min
            || (used < bytes && pool.requests.len() < POOL_BODIES_MAX)
        {
            let body = pool.body(random)?;
            let mut encoded = Vec::with_capacity(body.len() + 640);
            pool.caller.write_head(&mut encoded, pool.shape.operation(), &body, seconds);
            let body_at = encoded.len();
            encoded.extend_from_slice(&body);
            used += encoded.len();
            pool.requests.push(Request { bytes: encoded, body_at, signed_at: seconds });
        }
        Ok(pool)
    }

    /// Requests in the pool.
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// What the requests hold.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Fingerprints of all records, request by request.
    pub fn fingerprints(&self) -> &[u64] {
        &self.fingerprints
    }

    /// A request as it goes over the wire.
    pub fn request(&self, index: usize) -> &[u8] {
        &self.requests[index].bytes
    }

    /// Stamps all records of a request to a delivery stream.
    pub fn stamp(&mut self, index: usize, stamp: &[u8; STAMP_BYTES], unix_seconds: u64) {
        let Some(payload) = self.shape.delivery else { return };
        let stamp = base64_simd::STANDARD.encode_to_string(stamp);
        let stride = base64_bytes(self.shape.record_bytes) + BETWEEN_DATA;
        let within = payload.stamp_at() / 3 * 4;
        let request = &mut self.requests[index];
        let first = memmem::find(&request.bytes[request.body_at..], DATA_BEFORE);
        let mut at = request.body_at + first.unwrap_or(0) + DATA_BEFORE.len() + within;
        for _ in 0..self.shape.records() {
            request.bytes[at..at + stamp.len()].copy_from_slice(stamp.as_bytes());
            at += stride;
        }
        // A signature holds for these bytes only.
        request.signed_at = 0;
        self.refresh(index, unix_seconds);
    }

    /// Signs a request anew when its signature is getting old.
    pub fn refresh(&mut self, index: usize, unix_seconds: u64) {
        let request = &mut self.requests[index];
        if !self.caller.signed()
            || unix_seconds.saturating_sub(request.signed_at) < SIGNATURE_AGE_SECONDS_MAX
        {
            return;
        }
        let body = request.bytes.split_off(request.body_at);
        request.bytes.clear();
        let operation = self.shape.operation();
        self.caller.write_head(&mut request.bytes, operation, &body, unix_seconds);
        request.body_at = request.bytes.len();
        request.bytes.extend_from_slice(&body);
        request.signed_at = unix_seconds;
    }

    fn body(&mut self, random: &mut Random) -> Result<Vec<u8>, Error> {
        let base64_bytes = base64_bytes(self.shape.record_bytes);
        let mut body = Vec::with_capacity(self.shape.records() * (base64_bytes + 64) + 128);
        let name: &[u8] = match self.shape.delivery {
            Some(_) => b"{\"DeliveryStreamName\":\"",
            None => b"{\"StreamName\":\"",
        };
        body.extend_from_slice(name);
        body.extend_from_slice(self.shape.stream.as_bytes());
        body.push(b'"');
        match self.shape.batch {
            None => {
                body.push(b',');
                self.record(&mut body, random);
            }
            Some(records) => {
                body.extend_from_slice(b",\"Records\":[");
                for index in 0..records {
                    body.extend_from_slice(if index == 0 { b"{" } else { b",{" });
                    self.record(&mut body, random);
                    body.push(b'}');
                }
                body.push(b']');
            }
        }
        body.push(b'}');
        Ok(body)
    }

    fn record(&mut self, body: &mut Vec<u8>, random: &mut Random) {
        if let Some(payload) = self.shape.delivery {
            let data = payload.record(self.shape.record_bytes, random);
            body.extend_from_slice(DATA_BEFORE);
            body.extend_from_slice(base64_simd::STANDARD.encode_to_string(&data).as_bytes());
            body.push(b'"');
            self.fingerprints.push(payload.parts(&data).map_or(0, |(_, known)| known));
            return;
        }
        let mut data = vec![0; self.shape.record_bytes];
        random.fill(&mut data);
        let data = base64_simd::STANDARD.encode_to_string(&data);
        let key = format!("{:016x}", random.next());
        body.extend_from_slice(DATA_BEFORE);
        body.extend_from_slice(data.as_bytes());
        body.extend_from_slice(b"\",\"PartitionKey\":\"");
        body.extend_from_slice(key.as_bytes());
        body.push(b'"');
        self.fingerprints.push(fingerprint(data.as_bytes(), key.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Args, Operation};
    use crate::json::{Json, Malformed};

    fn pool(batch: Option<usize>, signed: bool) -> Pool {
        let options = ["bench", "put-record", "--signed"];
        let args = Args::parse_from(&options[..if signed { 3 } else { 2 }]);
        let Operation::PutRecord(put) = args.operation else { panic!() };
        let shape = Shape { stream: "s".to_owned(), batch, record_bytes: 100, delivery: None };
        let caller = Caller::new(&put.common, "h:1".to_owned());
        Pool::encode(shape, caller, &mut Random::seeded(7), 50_000, 2).unwrap()
    }

    #[test]
    fn every_record_of_a_body_is_known_by_its_fingerprint() {
        let pool = pool(Some(5), false);
        let request = &pool.requests[3];
        let mut found = Vec::new();
        let mut json = Json::new(&request.bytes[request.body_at..]);
        json.object::<Malformed>(|name, json| match name {
            b"Records" => json.array(|json| {
                let mut values = Vec::new();
                json.object::<Malformed>(|_, json| {
                    values.push(json.string()?);
                    Ok(())
                })?;
                found.push(fingerprint(values[0], values[1]));
                Ok(())
            }),
            _ => json.skip(),
        })
        .unwrap();
        assert_eq!(found, pool.fingerprints()[15..20]);
    }

    #[test]
    fn all_records_of_a_delivery_are_stamped_in_place() {
        let args = Args::parse_from(["bench", "put-record"]);
        let Operation::PutRecord(put) = args.operation else { panic!() };
        for (payload, record_bytes) in
            [(Payload::Random, 100), (Payload::Documents { partitions: 2 }, 301)]
        {
            let caller = Caller::new(&put.common, "h:1".to_owned());
            let (stream, delivery) = ("s".to_owned(), Some(payload));
            let shape = Shape { stream, batch: Some(3), record_bytes, delivery };
            let mut pool = Pool::encode(shape, caller, &mut Random::seeded(7), 1, 1).unwrap();
            pool.stamp(0, b"0000000a0003", 0);
            let request = &pool.requests[0];
            let mut json = Json::new(&request.bytes[request.body_at..]);
            let mut found = Vec::new();
            json.object::<Malformed>(|name, json| match name {
                b"Records" => json.array(|json| {
                    json.object(|_, json| {
                        let data = base64_simd::STANDARD.decode_to_vec(json.string()?).unwrap();
                        let (stamp, known) = payload.parts(&data).unwrap();
                        assert_eq!((stamp, data.len()), (&b"0000000a0003"[..], record_bytes));
                        found.push(known);
                        Ok(())
                    })
                }),
                _ => json.skip(),
            })
            .unwrap();
            assert_eq!(found, pool.fingerprints());
        }
    }

    #[test]
    fn a_pool_is_bounded_and_its_bodies_differ() {
        let pool = pool(None, false);
        let used: usize = pool.requests.iter().map(|r| r.bytes.len()).sum();
        assert!(used < 51_000 && pool.len() > 50);
        let mut fingerprints = pool.fingerprints().to_vec();
        fingerprints.sort_unstable();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), pool.len());
    }

    #[test]
    fn only_an_old_signature_is_renewed() {
        let mut pool = pool(Some(2), true);
        let before = pool.request(0).to_vec();
        let signed_at = pool.requests[0].signed_at;
        pool.refresh(0, signed_at + SIGNATURE_AGE_SECONDS_MAX - 1);
        assert_eq!(pool.request(0), before);
        pool.refresh(0, signed_at + SIGNATURE_AGE_SECONDS_MAX);
        assert_ne!(pool.request(0), before);
        assert_eq!(pool.request(0).len(), before.len());
    }
}
