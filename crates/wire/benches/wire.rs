//! Times of the stages that `wire` has in the hot path: `cargo bench -p millstream-wire`.
#![allow(clippy::disallowed_methods)] // a benchmark owns its clock

#[path = "../../../benches/measure.rs"]
mod measure;

use std::hint::black_box;

use base64_simd::STANDARD;
use bytes::Bytes;
use millstream_api::ops::PutRecordsInput;
use millstream_api::shapes::EncryptionType;
use millstream_api::{GetRecordsReply, PutEntry, PutRecordsReply, RecordAt};
use millstream_types::{Millis, SequenceNumber, ShardId};
use millstream_wire::{
    GetRecordsBody, Protocol, Unknown, decode, decode_put_record, decode_put_records,
    encode_put_records,
};

use crate::measure::measure;

const RECORDS: usize = 500;
const RECORD_BYTES: usize = 1024;

fn main() {
    for protocol in [Protocol::Json, Protocol::Cbor] {
        println!("{protocol:?}");
        put_records(protocol);
        put_record(protocol);
        replies(protocol);
        get_records(protocol);
    }
}

fn random_bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn put_records_body(protocol: Protocol) -> Vec<u8> {
    let record = |index: usize| {
        let data = random_bytes(RECORD_BYTES, index as u64 * 77 + 1);
        (data, format!("{index:08x}-aaaa-bbbb-cccc-0123456789ab"))
    };
    match protocol {
        Protocol::Json => {
            let entry = |(data, key): (Vec<u8>, String)| {
                let data = STANDARD.encode_to_string(data);
                format!(r#"{{"Data": "{data}", "PartitionKey": "{key}"}}"#)
            };
            let entries: Vec<String> = (0..RECORDS).map(record).map(entry).collect();
            let entries = entries.join(", ");
            format!(r#"{{"Records": [{entries}], "StreamName": "bench"}}"#).into_bytes()
        }
        Protocol::Cbor => {
            let mut body = b"\xbf\x67Records\x9f".to_vec();
            for (data, key) in (0..RECORDS).map(record) {
                body.extend_from_slice(b"\xbf\x64Data\x59");
                body.extend_from_slice(&(data.len() as u16).to_be_bytes());
                body.extend_from_slice(&data);
                body.extend_from_slice(b"\x6cPartitionKey\x78");
                body.push(key.len() as u8);
                body.extend_from_slice(key.as_bytes());
                body.push(0xff);
            }
            body.extend_from_slice(b"\xff\x6aStreamName\x65bench\xff");
            body
        }
    }
}

fn put_records(protocol: Protocol) {
    let body = put_records_body(protocol);
    let mut unknown = Unknown::default();
    measure("PutRecords 500 x 1 KiB, first pass", body.len(), || {
        black_box(decode_put_records(protocol, black_box(&body), &mut unknown).unwrap());
    });
    measure("PutRecords 500 x 1 KiB, generic decode", body.len(), || {
        let input: PutRecordsInput<'_> = decode(protocol, black_box(&body), &mut unknown).unwrap();
        black_box(input);
    });
    if protocol == Protocol::Json {
        measure("the floor: quotes and backslashes alone", body.len(), || {
            black_box(memchr::memchr2_iter(b'"', b'\\', black_box(&body)).count());
        });
    }
    let input = decode_put_records(protocol, &body, &mut unknown).unwrap();
    let mut out = vec![0; RECORDS * RECORD_BYTES];
    measure("PutRecords 500 x 1 KiB, decode_into", out.len(), || {
        for (record, place) in input.records.iter().zip(out.chunks_mut(RECORD_BYTES)) {
            record.data.decode_into(place).unwrap();
        }
        black_box(&out);
    });
}

fn put_record(protocol: Protocol) {
    let body = match protocol {
        Protocol::Json => {
            let data = STANDARD.encode_to_string(random_bytes(RECORD_BYTES, 5));
            format!(r#"{{"StreamName": "bench", "Data": "{data}", "PartitionKey": "some-key"}}"#)
                .into_bytes()
        }
        Protocol::Cbor => {
            let mut body = b"\xbf\x6aStreamName\x65bench\x64Data\x59\x04\x00".to_vec();
            body.extend_from_slice(&random_bytes(RECORD_BYTES, 5));
            body.extend_from_slice(b"\x6cPartitionKey\x68some-key\xff");
            body
        }
    };
    let mut unknown = Unknown::default();
    measure("PutRecord 1 KiB, first pass, 100 calls", body.len() * 100, || {
        for _ in 0..100 {
            black_box(decode_put_record(protocol, black_box(&body), &mut unknown).unwrap());
        }
    });
}

fn replies(protocol: Protocol) {
    let entry = |index: usize| PutEntry::Put {
        shard: ShardId(index as u32 % 64),
        sequence: SequenceNumber::of_record(1_700_000_000, ShardId(1), 7, Millis(1)).digits(),
    };
    let reply = PutRecordsReply {
        entries: (0..RECORDS).map(entry).collect(),
        encryption: Some(EncryptionType::None),
    };
    let length = encode_put_records(protocol, &reply).len();
    measure("PutRecords reply, 500 entries", length, || {
        black_box(encode_put_records(protocol, black_box(&reply)));
    });
}

fn get_records(protocol: Protocol) {
    let key = b"some-partition-key";
    let mut block = key.to_vec();
    block.extend_from_slice(&random_bytes(10_000 * RECORD_BYTES, 9));
    let number = SequenceNumber::of_record(1_700_000_000, ShardId(1), 7, Millis(1)).digits();
    let record = |index: usize| RecordAt {
        block: 0,
        data: (key.len() + index * RECORD_BYTES) as u32
            ..(key.len() + (index + 1) * RECORD_BYTES) as u32,
        partition_key: Some(0..key.len() as u32),
        sequence: number,
        arrival: Millis(1_700_000_000_123),
    };
    let reply = GetRecordsReply {
        blocks: vec![Bytes::from(block)],
        records: (0..10_000).map(record).collect(),
        next_shard_iterator: Some("AAAA".repeat(56)),
        ..GetRecordsReply::default()
    };
    let data = 10_000 * RECORD_BYTES;
    measure("GetRecords 10,000 x 1 KiB, whole (data)", data, || {
        let mut body = GetRecordsBody::new(protocol, reply.clone());
        while let Some(chunk) = body.next_chunk() {
            black_box(chunk);
        }
    });
    measure("GetRecords 10,000 x 1 KiB, content_length", data, || {
        black_box(GetRecordsBody::new(protocol, reply.clone()).content_length());
    });
}
