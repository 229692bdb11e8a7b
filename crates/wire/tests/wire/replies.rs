//! The fast encoders write what the generic encoder writes, and clients read it back.

use std::borrow::Cow;

use bytes::Bytes;
use millstream_api::ops::{
    ChildShard, GetRecordsOutput, PutRecordOutput, PutRecordsOutput, PutRecordsResultEntry, Record,
};
use millstream_api::shapes::{EncryptionType, HashKeyRange};
use millstream_api::{Blob, ErrorCode, GetRecordsReply, PutEntry, PutRecordsReply, RecordAt};
use millstream_types::{Millis, SequenceNumber, ShardId};
use millstream_wire::limits::{CHUNK_BYTES, CHUNK_FRAMING_BYTES};
use millstream_wire::{
    GetRecordsBody, Protocol, decode_output, encode, encode_put_record, encode_put_records,
};

const BOTH: [Protocol; 2] = [Protocol::Json, Protocol::Cbor];

fn number(position: u64) -> SequenceNumber {
    SequenceNumber::of_record(1_700_000_000, ShardId(3), position, Millis(1_700_000_001_000))
}

fn put_entries(kinds: &str) -> Vec<PutEntry> {
    let put = |at: usize| PutEntry::Put {
        shard: ShardId(at as u32 * 1_000_003),
        sequence: number(at as u64).digits(),
    };
    let failed =
        |code, message: &str| PutEntry::Failed { code, message: message.to_owned().into() };
    let rate = "Rate exceeded for shard \"shardId-000000000000\" — so";
    let entry = |(at, kind)| match kind {
        'p' => put(at),
        'r' => failed(ErrorCode::ProvisionedThroughputExceededException, rate),
        _ => failed(ErrorCode::InternalFailure, "Internal Service Failure"),
    };
    kinds.chars().enumerate().map(entry).collect()
}

fn generic(reply: &PutRecordsReply) -> PutRecordsOutput {
    let none = PutRecordsResultEntry {
        sequence_number: None,
        shard_id: None,
        error_code: None,
        error_message: None,
    };
    let entry = |at: usize, entry: &PutEntry| match entry {
        PutEntry::Put { shard, .. } => PutRecordsResultEntry {
            sequence_number: Some(number(at as u64).to_string()),
            shard_id: Some(shard.to_string()),
            ..none.clone()
        },
        PutEntry::Failed { code, message } => PutRecordsResultEntry {
            error_code: Some(code.as_str().into()),
            error_message: Some(message.to_string()),
            ..none.clone()
        },
    };
    let failed = reply.entries.iter().filter(|e| matches!(e, PutEntry::Failed { .. })).count();
    PutRecordsOutput {
        failed_record_count: Some(failed as i32),
        records: reply.entries.iter().enumerate().map(|(at, e)| entry(at, e)).collect(),
        encryption_type: reply.encryption,
    }
}

#[test]
fn put_replies_are_the_generic_encoders_bytes_in_a_buffer_of_their_size() {
    let many = "f".repeat(159) + &"p".repeat(341);
    for protocol in BOTH {
        for kinds in ["", "p", "pp", "r", "f", "prfp", &many] {
            for encryption in [None, Some(EncryptionType::None), Some(EncryptionType::Kms)] {
                let reply = PutRecordsReply { entries: put_entries(kinds), encryption };
                let bytes = encode_put_records(protocol, &reply);
                assert_eq!(bytes, encode(protocol, &generic(&reply)));
                assert_eq!(bytes.capacity(), bytes.len());
                let read: PutRecordsOutput = decode_output(protocol, &bytes).unwrap();
                assert_eq!(read, generic(&reply));
            }
        }
        for encryption in [None, Some(EncryptionType::Kms)] {
            let shard = ShardId(u32::MAX);
            let output = PutRecordOutput {
                shard_id: shard.to_string(),
                sequence_number: number(9).to_string(),
                encryption_type: encryption,
            };
            let bytes = encode_put_record(protocol, shard, &number(9).digits(), encryption);
            assert_eq!(bytes, encode(protocol, &output));
        }
    }
}

/// Records of these sizes over two blocks, some with a key and some without.
fn reply(sizes: &[usize]) -> GetRecordsReply {
    const KEYS: [&str; 3] = ["key", "ключ \"q\"\n", ""];
    let mut blocks: [Vec<u8>; 2] = Default::default();
    let mut records = Vec::new();
    for (index, size) in sizes.iter().enumerate() {
        let block = &mut blocks[index % 2];
        let start = block.len() as u32;
        block.extend((0..*size).map(|at| (at * 31 + index) as u8));
        let end = block.len() as u32;
        block.extend_from_slice(KEYS[index % 3].as_bytes());
        let key = end..block.len() as u32;
        records.push(RecordAt {
            block: (index % 2) as u32,
            data: start..end,
            partition_key: (!key.is_empty()).then_some(key),
            sequence: number(index as u64).digits(),
            arrival: Millis(1_700_000_000_000 + index as u64 * 55),
        });
    }
    GetRecordsReply {
        blocks: blocks.map(Bytes::from).into(),
        records,
        next_shard_iterator: Some("AAAA\"Records\":[".into()),
        millis_behind_latest: 5,
        child_shards: None,
        encryption: None,
    }
}

fn generic_records(reply: &GetRecordsReply) -> GetRecordsOutput<'_> {
    let slice = |record: &RecordAt, range: &std::ops::Range<u32>| {
        reply.blocks[record.block as usize].slice(range.start as usize..range.end as usize)
    };
    let record = |(index, record): (usize, &RecordAt)| Record {
        sequence_number: number(index as u64).to_string().into(),
        approximate_arrival_timestamp: Some(record.arrival),
        data: Blob::Raw(Cow::Owned(slice(record, &record.data).to_vec())),
        partition_key: record
            .partition_key
            .as_ref()
            .map(|range| Cow::Owned(String::from_utf8(slice(record, range).to_vec()).unwrap())),
        encryption_type: reply.encryption,
    };
    GetRecordsOutput {
        records: reply.records.iter().enumerate().map(record).collect(),
        next_shard_iterator: reply.next_shard_iterator.clone(),
        millis_behind_latest: Some(reply.millis_behind_latest),
        child_shards: reply.child_shards.clone(),
    }
}

#[test]
fn get_replies_are_the_generic_encoders_bytes_in_bounded_pieces() {
    let mut closed = reply(&[1, 2]);
    closed.next_shard_iterator = None;
    closed.encryption = Some(EncryptionType::Kms);
    closed.child_shards = Some(vec![ChildShard {
        shard_id: "shardId-000000000001".into(),
        parent_shards: vec!["shardId-000000000000".into()],
        hash_key_range: HashKeyRange { starting_hash_key: "0".into(), ending_hash_key: "1".into() },
    }]);
    let replies = [
        reply(&[]),
        reply(&[0, 1, 2, 3, 4, 5, 100]),
        reply(&[1_000_000, 3, 0, 262_143, 262_144, 196_605, 196_608]),
        reply(&vec![40; 5000]),
        reply(&vec![1024; 600]),
        closed,
    ];
    for reply in &replies {
        for protocol in BOTH {
            let mut body = GetRecordsBody::new(protocol, reply.clone());
            let length = body.content_length();
            let mut whole = Vec::new();
            while let Some(chunk) = body.next_chunk() {
                assert!(!chunk.is_empty() && chunk.len() <= CHUNK_BYTES + CHUNK_FRAMING_BYTES);
                whole.extend_from_slice(&chunk);
            }
            assert!(body.next_chunk().is_none());
            assert_eq!(whole.len(), length);
            let expected = generic_records(reply);
            assert!(whole == encode(protocol, &expected));
            let read: GetRecordsOutput<'_> = decode_output(protocol, &whole).unwrap();
            assert_eq!(read.records.len(), expected.records.len());
            for (read, expected) in read.records.iter().zip(&expected.records) {
                assert_eq!(read.data.to_vec(), expected.data.to_vec());
                assert_eq!(read.partition_key, expected.partition_key);
                assert_eq!(
                    read.approximate_arrival_timestamp,
                    expected.approximate_arrival_timestamp
                );
            }
        }
    }
}
