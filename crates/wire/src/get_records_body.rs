//! The reply of GetRecords, written in pieces straight from the blocks as they were read.

use std::borrow::Cow;

use base64_simd::STANDARD;
use bytes::Bytes;
use millstream_api::ops::GetRecordsOutput;
use millstream_api::{GetRecordsReply, RecordAt};
use millstream_types::SequenceDigits;

use crate::cbor_sink;
use crate::framing::{around_records, text_length, write_text};
use crate::json_sink;
use crate::limits::{CHUNK_BYTES, CHUNK_FRAMING_BYTES};
use crate::protocol::Protocol;

/// A reply of GetRecords on its way out; the same bytes as `encode` of a `GetRecordsOutput`.
///
/// The ranges of a [`RecordAt`] must lie within its block, and a partition key must be UTF-8 (else it is sent with
/// replacement characters).
#[derive(Debug)]
pub struct GetRecordsBody {
    protocol: Protocol,
    reply: GetRecordsReply,
    head: Vec<u8>,
    tail: Vec<u8>,
    part: Part,
    remaining_bytes: usize,
    length_bytes: usize,
    chunk_bytes: usize,
}

/// What is written next.
#[derive(Debug, Clone, Copy)]
enum Part {
    Head,
    /// What comes before a record's data.
    Open(usize),
    /// A record's data, from this offset.
    Data(usize, usize),
    /// What comes after a record's data.
    Close(usize),
    Tail,
    Done,
}

impl GetRecordsBody {
    /// Computes the length; encodes nothing of the records yet.
    pub fn new(protocol: Protocol, mut reply: GetRecordsReply) -> Self {
        let around = GetRecordsOutput {
            records: Vec::new(),
            next_shard_iterator: reply.next_shard_iterator.take(),
            millis_behind_latest: Some(reply.millis_behind_latest),
            child_shards: reply.child_shards.take(),
        };
        let around = around_records(protocol, &around);
        Self::around(protocol, reply, around)
    }

    /// The records of a reply between what comes before and after them.
    pub(crate) fn around(
        protocol: Protocol,
        reply: GetRecordsReply,
        (head, tail): (Vec<u8>, Vec<u8>),
    ) -> Self {
        let mut body = GetRecordsBody {
            protocol,
            reply,
            head,
            tail,
            part: Part::Head,
            remaining_bytes: 0,
            length_bytes: 0,
            chunk_bytes: CHUNK_BYTES,
        };
        let records: usize = body.reply.records.iter().map(|r| body.record_length(r)).sum();
        let commas = body.reply.records.len().saturating_sub(1) * body.frame().comma.len();
        body.length_bytes = body.head.len() + records + commas + body.tail.len();
        body.remaining_bytes = body.length_bytes;
        body
    }

    /// The length of the whole, in bytes.
    pub fn content_length(&self) -> usize {
        self.length_bytes
    }

    /// The next piece, of about `CHUNK_BYTES` at most; `None` after the last.
    pub fn next_chunk(&mut self) -> Option<Bytes> {
        if matches!(self.part, Part::Done) {
            return None;
        }
        let room = self.remaining_bytes.min(CHUNK_BYTES + CHUNK_FRAMING_BYTES);
        let mut out = Vec::with_capacity(room);
        while out.len() < CHUNK_BYTES && !matches!(self.part, Part::Done) {
            self.part = self.write_part(&mut out);
        }
        debug_assert!(out.len() <= self.remaining_bytes);
        self.remaining_bytes -= out.len();
        Some(Bytes::from(out))
    }

    /// Writes the whole at once.
    pub(crate) fn write_all(mut self, out: &mut Vec<u8>) {
        self.chunk_bytes = usize::MAX;
        while !matches!(self.part, Part::Done) {
            self.part = self.write_part(out);
        }
    }

    fn frame(&self) -> &'static Frame {
        match self.protocol {
            Protocol::Json => &Frame::JSON,
            Protocol::Cbor => &Frame::CBOR,
        }
    }

    /// Writes a part and says which comes next.
    fn write_part(&self, out: &mut Vec<u8>) -> Part {
        let record_or_tail = |index| {
            if index < self.reply.records.len() { Part::Open(index) } else { Part::Tail }
        };
        match self.part {
            Part::Head => {
                out.extend_from_slice(&self.head);
                record_or_tail(0)
            }
            Part::Open(index) => {
                if index > 0 {
                    out.extend_from_slice(self.frame().comma);
                }
                self.open(out, &self.reply.records[index]);
                Part::Data(index, 0)
            }
            Part::Data(index, from) => {
                let rest = &self.data(&self.reply.records[index])[from..];
                let room = self.chunk_bytes.saturating_sub(out.len());
                let now = &rest[..rest.len().min(self.data_bytes(room))];
                match self.protocol {
                    Protocol::Json => STANDARD.encode_append(now, out),
                    Protocol::Cbor => out.extend_from_slice(now),
                }
                let all = now.len() == rest.len();
                if all { Part::Close(index) } else { Part::Data(index, from + now.len()) }
            }
            Part::Close(index) => {
                self.close(out, &self.reply.records[index]);
                record_or_tail(index + 1)
            }
            Part::Tail => {
                out.extend_from_slice(&self.tail);
                Part::Done
            }
            Part::Done => Part::Done,
        }
    }

    /// How much data fits `room`, at least a little: base64 can be cut after three bytes only.
    fn data_bytes(&self, room: usize) -> usize {
        match self.protocol {
            Protocol::Json => (room / 4 * 3).max(3),
            Protocol::Cbor => room.max(1),
        }
    }

    fn data(&self, record: &RecordAt) -> &[u8] {
        let range = record.data.start as usize..record.data.end as usize;
        &self.reply.blocks[record.block as usize][range]
    }

    fn partition_key(&self, record: &RecordAt) -> Option<Cow<'_, str>> {
        let range = record.partition_key.as_ref()?;
        let range = range.start as usize..range.end as usize;
        let bytes = &self.reply.blocks[record.block as usize][range];
        // The common case first: `from_utf8_lossy` alone takes three times as long.
        Some(
            std::str::from_utf8(bytes)
                .map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed),
        )
    }

    fn open(&self, out: &mut Vec<u8>, record: &RecordAt) {
        let frame = self.frame();
        let mut digits = [0; SequenceDigits::LEN];
        record.sequence.write(&mut digits);
        out.extend_from_slice(frame.sequence);
        out.extend_from_slice(&digits);
        out.extend_from_slice(frame.arrival);
        match self.protocol {
            Protocol::Json => json_sink::write_timestamp(out, record.arrival),
            Protocol::Cbor => cbor_sink::write_timestamp(out, record.arrival),
        }
        out.extend_from_slice(frame.data);
        if self.protocol == Protocol::Cbor {
            cbor_sink::write_head(out, cbor_sink::BYTES, record.data.len() as u64);
        }
    }

    fn close(&self, out: &mut Vec<u8>, record: &RecordAt) {
        let frame = self.frame();
        out.extend_from_slice(frame.after_data);
        if let Some(key) = self.partition_key(record) {
            out.extend_from_slice(frame.partition_key);
            write_text(self.protocol, out, &key);
        }
        if let Some(encryption) = self.reply.encryption {
            out.extend_from_slice(frame.encryption);
            write_text(self.protocol, out, encryption.as_str());
        }
        out.extend_from_slice(frame.close);
    }

    fn record_length(&self, record: &RecordAt) -> usize {
        let frame = self.frame();
        let (arrival, data) = match self.protocol {
            Protocol::Json => (
                json_sink::timestamp_length(record.arrival),
                STANDARD.encoded_length(record.data.len()),
            ),
            Protocol::Cbor => (
                cbor_sink::timestamp_length(record.arrival),
                cbor_sink::head_length(record.data.len() as u64) + record.data.len(),
            ),
        };
        let key = self
            .partition_key(record)
            .map_or(0, |key| frame.partition_key.len() + text_length(self.protocol, &key));
        let encryption = self.reply.encryption.map_or(0, |encryption| {
            frame.encryption.len() + text_length(self.protocol, encryption.as_str())
        });
        let constant = frame.sequence.len()
            + SequenceDigits::LEN
            + frame.arrival.len()
            + frame.data.len()
            + frame.after_data.len()
            + frame.close.len();
        constant + arrival + data + key + encryption
    }
}

/// The constant parts of a record.
struct Frame {
    comma: &'static [u8],
    sequence: &'static [u8],
    arrival: &'static [u8],
    data: &'static [u8],
    after_data: &'static [u8],
    partition_key: &'static [u8],
    encryption: &'static [u8],
    close: &'static [u8],
}

impl Frame {
    const JSON: Frame = Frame {
        comma: b",",
        sequence: b"{\"SequenceNumber\":\"",
        arrival: b"\",\"ApproximateArrivalTimestamp\":",
        data: b",\"Data\":\"",
        after_data: b"\"",
        partition_key: b",\"PartitionKey\":",
        encryption: b",\"EncryptionType\":",
        close: b"}",
    };
    const CBOR: Frame = Frame {
        comma: b"",
        sequence: b"\xbf\x6eSequenceNumber\x78\x38",
        arrival: b"\x78\x1bApproximateArrivalTimestamp",
        data: b"\x64Data",
        after_data: b"",
        partition_key: b"\x6cPartitionKey",
        encryption: b"\x6eEncryptionType",
        close: b"\xff",
    };
}
