//! Replies of PutRecords and PutRecord, written at once into a buffer of the exact size.

use millstream_api::ops::PutRecordsOutput;
use millstream_api::shapes::EncryptionType;
use millstream_api::{PutEntry, PutRecordsReply};
use millstream_types::{SequenceDigits, ShardId};

use crate::framing::{around_records, text_length, write_text};
use crate::protocol::Protocol;

/// Encodes the reply of PutRecords; the same bytes as `encode` of a `PutRecordsOutput`.
pub fn encode_put_records(protocol: Protocol, reply: &PutRecordsReply) -> Vec<u8> {
    let failed = |entry: &&PutEntry| matches!(entry, PutEntry::Failed { .. });
    let (head, tail) = around_records(
        protocol,
        &PutRecordsOutput {
            // A request has 500 records at most.
            failed_record_count: i32::try_from(reply.entries.iter().filter(failed).count()).ok(),
            records: Vec::new(),
            encryption_type: reply.encryption,
        },
    );
    let entry = EntryFrame::of(protocol);
    let entries: usize = reply.entries.iter().map(|e| entry.length(protocol, e)).sum();
    let commas = reply.entries.len().saturating_sub(1) * entry.comma.len();
    let mut out = Vec::with_capacity(head.len() + entries + commas + tail.len());
    out.extend_from_slice(&head);
    for (index, record) in reply.entries.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(entry.comma);
        }
        entry.write(protocol, &mut out, record);
    }
    out.extend_from_slice(&tail);
    out
}

/// Encodes the reply of PutRecord; the same bytes as `encode` of a `PutRecordOutput`.
pub fn encode_put_record(
    protocol: Protocol,
    shard: ShardId,
    sequence: &SequenceDigits,
    encryption: Option<EncryptionType>,
) -> Vec<u8> {
    let frame = PutRecordFrame::of(protocol);
    let mut out = Vec::with_capacity(FRAME_BYTES_MAX);
    out.extend_from_slice(frame.shard);
    write_shard(&mut out, shard);
    out.extend_from_slice(frame.sequence);
    write_sequence(&mut out, sequence);
    out.extend_from_slice(frame.after_sequence);
    if let Some(encryption) = encryption {
        out.extend_from_slice(frame.encryption);
        write_text(protocol, &mut out, encryption.as_str());
    }
    out.extend_from_slice(frame.close);
    out
}

/// A reply of PutRecord is no longer than this, in bytes.
const FRAME_BYTES_MAX: usize = 192;
/// Length of a shard's id, in bytes.
const SHARD_ID_BYTES: usize = 20;

/// The constant parts of a PutRecords entry.
struct EntryFrame {
    comma: &'static [u8],
    sequence: &'static [u8],
    shard: &'static [u8],
    code: &'static [u8],
    message: &'static [u8],
    /// After a shard's id.
    close_put: &'static [u8],
    /// After a message.
    close_failed: &'static [u8],
}

impl EntryFrame {
    const JSON: EntryFrame = EntryFrame {
        comma: b",",
        sequence: b"{\"SequenceNumber\":\"",
        shard: b"\",\"ShardId\":\"",
        code: b"{\"ErrorCode\":",
        message: b",\"ErrorMessage\":",
        close_put: b"\"}",
        close_failed: b"}",
    };
    const CBOR: EntryFrame = EntryFrame {
        comma: b"",
        sequence: b"\xbf\x6eSequenceNumber\x78\x38",
        shard: b"\x67ShardId\x74",
        code: b"\xbf\x69ErrorCode",
        message: b"\x6cErrorMessage",
        close_put: b"\xff",
        close_failed: b"\xff",
    };

    fn of(protocol: Protocol) -> &'static EntryFrame {
        match protocol {
            Protocol::Json => &EntryFrame::JSON,
            Protocol::Cbor => &EntryFrame::CBOR,
        }
    }

    fn length(&self, protocol: Protocol, entry: &PutEntry) -> usize {
        match entry {
            PutEntry::Put { .. } => {
                let constant = self.sequence.len() + self.shard.len() + self.close_put.len();
                constant + SequenceDigits::LEN + SHARD_ID_BYTES
            }
            PutEntry::Failed { code, message } => {
                let constant = self.code.len() + self.message.len() + self.close_failed.len();
                let code = text_length(protocol, code.as_str());
                constant + code + text_length(protocol, message)
            }
        }
    }

    fn write(&self, protocol: Protocol, out: &mut Vec<u8>, entry: &PutEntry) {
        match entry {
            PutEntry::Put { shard, sequence } => {
                out.extend_from_slice(self.sequence);
                write_sequence(out, sequence);
                out.extend_from_slice(self.shard);
                write_shard(out, *shard);
                out.extend_from_slice(self.close_put);
            }
            PutEntry::Failed { code, message } => {
                out.extend_from_slice(self.code);
                write_text(protocol, out, code.as_str());
                out.extend_from_slice(self.message);
                write_text(protocol, out, message);
                out.extend_from_slice(self.close_failed);
            }
        }
    }
}

/// The constant parts of a reply of PutRecord.
struct PutRecordFrame {
    shard: &'static [u8],
    sequence: &'static [u8],
    after_sequence: &'static [u8],
    encryption: &'static [u8],
    close: &'static [u8],
}

impl PutRecordFrame {
    const JSON: PutRecordFrame = PutRecordFrame {
        shard: b"{\"ShardId\":\"",
        sequence: b"\",\"SequenceNumber\":\"",
        after_sequence: b"\"",
        encryption: b",\"EncryptionType\":",
        close: b"}",
    };
    const CBOR: PutRecordFrame = PutRecordFrame {
        shard: b"\xbf\x67ShardId\x74",
        sequence: b"\x6eSequenceNumber\x78\x38",
        after_sequence: b"",
        encryption: b"\x6eEncryptionType",
        close: b"\xff",
    };

    fn of(protocol: Protocol) -> &'static PutRecordFrame {
        match protocol {
            Protocol::Json => &PutRecordFrame::JSON,
            Protocol::Cbor => &PutRecordFrame::CBOR,
        }
    }
}

fn write_sequence(out: &mut Vec<u8>, sequence: &SequenceDigits) {
    let mut digits = [0; SequenceDigits::LEN];
    sequence.write(&mut digits);
    out.extend_from_slice(&digits);
}

fn write_shard(out: &mut Vec<u8>, shard: ShardId) {
    let mut text = *b"shardId-000000000000";
    let mut rest = shard.0;
    for digit in text[8..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&text);
}
