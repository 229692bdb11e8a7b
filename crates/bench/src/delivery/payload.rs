//! Records for delivery streams: all of one length, each with a stamp that says which request brought it, so that
//! each can be told from all others in an object.

use std::fmt::Write;

use crate::pool::fingerprint;
use crate::random::Random;

/// Bytes of a stamp: the request's number in its thread and the lane that sent it, as 8 and 4 hexadecimal digits.
pub const STAMP_BYTES: usize = 12;
/// What stands before the stamp of a document: as long as three bytes of base64 want it.
const BEFORE_STAMP: &str = "{ \"stamp\": \"";
/// Where a document's partition stands, and how long it is: `p0123`.
const PARTITION_AT: usize = BEFORE_STAMP.len() + STAMP_BYTES + "\",\"partition\":\"".len();
const PARTITION_BYTES: usize = 5;
/// The least length of a document; members without the text take up to 140.
const DOCUMENT_BYTES_MIN: usize = 192;
/// The least length of random bytes: the stamp, and enough that no two are the same.
const RANDOM_BYTES_MIN: usize = STAMP_BYTES + 20;
/// What texts are made of, a number behind each: they compress about as documents do that programs write.
const PHRASES: [&str; 24] = [
    "request answered in ",
    "bytes sent to client ",
    "user agent Mozilla/5.0 (X11; Linux x86_64) ",
    "path /api/v1/items/",
    "status 200 ",
    "status 404 ",
    "upstream 10.0.0.12:8080 took ",
    "session ",
    "cache hit for key item:",
    "cache miss for key item:",
    "retry of attempt ",
    "queue depth ",
    "host web-07.internal ",
    "trace ",
    "connection reset by peer after ",
    "level=info msg=delivered count=",
    "level=warn msg=delayed count=",
    "region eu-central-1 zone ",
    "flight departed gate ",
    "carrier delay minutes ",
    "sensor temperature ",
    "battery percent ",
    "order total cents ",
    "page viewed seconds ",
];

/// What records hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// Random bytes.
    Random,
    /// JSON documents, a line each.
    Documents {
        /// Distinct values of `partition`.
        partitions: u64,
    },
}

impl Payload {
    /// Where a record's stamp begins; a multiple of three, so that it is whole in base64.
    pub fn stamp_at(self) -> usize {
        match self {
            Payload::Random => 0,
            Payload::Documents { .. } => BEFORE_STAMP.len(),
        }
    }

    /// The least length of a record.
    pub fn bytes_min(self) -> usize {
        match self {
            Payload::Random => RANDOM_BYTES_MIN,
            Payload::Documents { .. } => DOCUMENT_BYTES_MIN,
        }
    }

    /// A record of that many bytes with a stamp of zeros.
    pub fn record(self, bytes: usize, random: &mut Random) -> Vec<u8> {
        let Payload::Documents { partitions } = self else {
            let mut record = vec![0; bytes];
            random.fill(&mut record);
            return record;
        };
        let mut document = Document {
            stamp: "0".repeat(STAMP_BYTES),
            partition: format!("p{:04}", random.next() % partitions),
            id: 100_000_000 + random.next() % 900_000_000,
            value: (random.next() % 1_000_000) as f64 / 1000.0,
            ok: random.next().is_multiple_of(2),
            text: String::new(),
        };
        let room = bytes.saturating_sub(document.line().len());
        while document.text.len() < room {
            let phrase = PHRASES[(random.next() % PHRASES.len() as u64) as usize];
            // Writing to a String cannot fail.
            let _ = write!(document.text, "{phrase}{} ", random.next() % 100_000);
        }
        document.text.truncate(room);
        document.line().into_bytes()
    }

    /// A record's stamp, and what it is recognised by: all but the stamp.
    pub fn parts(self, record: &[u8]) -> Option<(&[u8], u64)> {
        let from = self.stamp_at();
        let stamp = record.get(from..from + STAMP_BYTES)?;
        let rest = &record[from + STAMP_BYTES..];
        let half = rest.len() / 2;
        Some((stamp, fingerprint(&rest[..half], &rest[half..])))
    }

    /// The partition of a document.
    pub fn partition(record: &[u8]) -> Option<&[u8]> {
        record.get(PARTITION_AT..PARTITION_AT + PARTITION_BYTES)
    }
}

/// The stamp of a request.
pub fn stamp(turn: u32, lane: u32) -> [u8; STAMP_BYTES] {
    let mut stamp = [0; STAMP_BYTES];
    let digits = format!("{turn:08x}{:04x}", lane & 0xffff);
    stamp.copy_from_slice(digits.as_bytes());
    stamp
}

/// Turn and lane of a stamp.
pub fn stamped(stamp: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(stamp).ok()?;
    let turn = u32::from_str_radix(text.get(..8)?, 16).ok()?;
    Some((turn, u32::from_str_radix(text.get(8..)?, 16).ok()?))
}

/// A JSON document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// See [`stamp`].
    pub stamp: String,
    /// `p` and four digits.
    pub partition: String,
    /// Nine digits.
    pub id: u64,
    /// Thousandths.
    pub value: f64,
    /// Either.
    pub ok: bool,
    /// Phrases and numbers.
    pub text: String,
}

impl Document {
    /// As it is put, with its line feed.
    pub fn line(&self) -> String {
        let Document { stamp, partition, id, value, ok, text } = self;
        format!(
            "{BEFORE_STAMP}{stamp}\",\"partition\":\"{partition}\",\"id\":{id},\"value\":{value},\
             \"ok\":{ok},\"text\":\"{text}\"}}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTS: Payload = Payload::Documents { partitions: 500 };

    #[test]
    fn records_have_the_length_asked_for_and_differ() {
        let mut random = Random::seeded(5);
        for payload in [Payload::Random, DOCUMENTS] {
            let records: Vec<_> = (0..50).map(|_| payload.record(1024, &mut random)).collect();
            assert!(records.iter().all(|record| record.len() == 1024));
            let mut known: Vec<_> =
                records.iter().map(|record| payload.parts(record).unwrap().1).collect();
            known.sort_unstable();
            known.dedup();
            assert_eq!(known.len(), 50);
            assert_eq!(payload.record(payload.bytes_min(), &mut random).len(), payload.bytes_min());
            assert_eq!(payload.stamp_at() % 3, 0);
        }
    }

    #[test]
    fn a_stamp_is_read_where_it_was_written() {
        let mut record = DOCUMENTS.record(300, &mut Random::seeded(5));
        let (_, before) = DOCUMENTS.parts(&record).unwrap();
        let at = DOCUMENTS.stamp_at();
        record[at..at + STAMP_BYTES].copy_from_slice(&stamp(70_000, 7));
        let (found, after) = DOCUMENTS.parts(&record).unwrap();
        assert_eq!((stamped(found), after), (Some((70_000, 7)), before));
        let partition = std::str::from_utf8(Payload::partition(&record).unwrap()).unwrap();
        assert!(partition.starts_with('p') && partition[1..].parse::<u32>().unwrap() < 500);
        let text = std::str::from_utf8(&record).unwrap();
        assert!(text.contains(&format!("\"partition\":\"{partition}\"")), "{text}");
        assert_eq!(stamped(b"0000zzzz0000"), None);
    }
}
