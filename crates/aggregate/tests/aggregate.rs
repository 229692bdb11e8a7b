//! The format from outside: golden bytes, hostile bytes, and whatever is written comes back.
#![forbid(unsafe_code)]

use millstream_aggregate::{Aggregate, Builder, UserRecord, fuzz_aggregate, limits};
use millstream_types::{Random, SeededRandom};

fn record<'a>(key: &'a str, explicit: Option<&'a str>, data: &'a [u8]) -> UserRecord<'a> {
    UserRecord { partition_key: key, explicit_hash_key: explicit, data }
}

fn build(records: &[UserRecord<'_>]) -> Vec<u8> {
    let mut builder = Builder::new();
    for record in records {
        builder.add(record);
    }
    builder.finish()
}

/// Seals a message as an aggregate, whatever it holds.
fn sealed(message: &[u8]) -> Vec<u8> {
    use md5::{Digest, Md5};
    [&[0xF3, 0x89, 0x9A, 0xC2], message, Md5::digest(message).as_slice()].concat()
}

#[test]
fn golden_bytes() {
    let records =
        [record("a", None, b"one"), record("b", Some("7"), b"two"), record("a", None, b"")];
    let message = [
        &b"\x0a\x01a\x0a\x01b\x12\x017"[..],
        b"\x1a\x07\x08\x00\x1a\x03one",
        b"\x1a\x09\x08\x01\x10\x00\x1a\x03two",
        b"\x1a\x04\x08\x00\x1a\x00",
    ]
    .concat();
    assert_eq!(build(&records), sealed(&message));
}

#[test]
fn what_is_written_comes_back() {
    let random = SeededRandom::new(7);
    let below = |n: u64| random.next_u64() % n;
    for _ in 0..300 {
        let keys: Vec<String> = (0..1 + below(300)).map(|n| format!("ключ-{n}")).collect();
        let mut pool = vec![0; 70_000];
        random.fill(&mut pool);
        let records: Vec<UserRecord<'_>> = (0..1 + below(400))
            .map(|_| {
                let key = &keys[below(keys.len() as u64) as usize];
                let explicit = (below(3) == 0).then(|| &**key);
                let length = if below(50) == 0 { below(70_000) } else { below(200) };
                record(key, explicit, &pool[..length as usize])
            })
            .collect();
        let mut builder = Builder::new();
        for record in &records {
            let expected = builder.encoded_bytes_with(record);
            builder.add(record);
            assert_eq!(builder.encoded_bytes(), expected);
        }
        let expected = builder.encoded_bytes();
        let bytes = builder.finish();
        assert_eq!(bytes.len(), expected);
        let aggregate = Aggregate::decode(&bytes).expect("an aggregate");
        assert_eq!(aggregate.count(), records.len());
        assert!(aggregate.records().eq(records.iter().copied()));
    }
}

#[test]
fn any_changed_byte_makes_it_raw() {
    let bytes = build(&[record("a", None, b"one"), record("b", Some("7"), b"two")]);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(Aggregate::decode(&changed).is_none(), "byte {at}");
        assert!(Aggregate::decode(&bytes[..at]).is_none(), "cut at {at}");
    }
}

#[test]
fn sealed_nonsense_is_raw() {
    for (why, message) in [
        ("no records", &b""[..]),
        ("no records but a key", b"\x0a\x01a"),
        ("key index outside the table", b"\x0a\x01a\x1a\x05\x08\x01\x1a\x01x"),
        (
            "key index of 64 bits",
            b"\x0a\x01a\x1a\x0e\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x1a\x01x",
        ),
        ("hash key index outside the table", b"\x0a\x01a\x1a\x07\x08\x00\x10\x00\x1a\x01x"),
        ("no key index", b"\x0a\x01a\x1a\x03\x1a\x01x"),
        ("no data", b"\x0a\x01a\x1a\x02\x08\x00"),
        ("data that is a number", b"\x0a\x01a\x1a\x04\x08\x00\x18\x00"),
        ("a key that is no text", b"\x0a\x01\xff\x1a\x05\x08\x00\x1a\x01x"),
        ("a record that is a number", b"\x0a\x01a\x18\x00"),
        ("a length past the end", b"\x0a\x01a\x1a\x7f\x08\x00"),
        ("a group", b"\x0a\x01a\x1a\x05\x08\x00\x1a\x01x\x23\x24"),
    ] {
        assert!(Aggregate::decode(&sealed(message)).is_none(), "{why}");
    }
}

#[test]
fn keys_may_follow_the_records_and_what_is_unknown_is_skipped() {
    let message = b"\x1a\x09\x08\x00\x1a\x01x\x22\x02\x0a\x00\x48\x05\x0a\x01a";
    let bytes = sealed(message);
    let aggregate = Aggregate::decode(&bytes).expect("an aggregate");
    assert!(aggregate.records().eq([record("a", None, b"x")]));
}

#[test]
fn a_nested_aggregate_stays_as_it_is() {
    let inner = build(&[record("a", None, b"one")]);
    let outer = build(&[record("b", None, &inner)]);
    let aggregate = Aggregate::decode(&outer).expect("an aggregate");
    assert!(aggregate.records().eq([record("b", None, &inner)]));
}

#[test]
fn a_bomb_of_tiny_records_is_raw() {
    let bomb = |records: usize| {
        let mut message = b"\x0a\x01a".to_vec();
        for _ in 0..records {
            message.extend_from_slice(b"\x1a\x04\x08\x00\x1a\x00");
        }
        sealed(&message)
    };
    assert!(Aggregate::decode(&bomb(1_000_000)).is_none());
    let most = bomb(limits::RECORDS_MAX);
    let aggregate = Aggregate::decode(&most).expect("an aggregate");
    assert_eq!(aggregate.records().count(), limits::RECORDS_MAX);
    assert!(Aggregate::decode(&sealed(&b"\x0a\x00".repeat(limits::RECORDS_MAX + 1))).is_none());
}

#[test]
fn the_fuzzed_property_holds_for_sealed_random_messages() {
    let random = SeededRandom::new(3);
    for _ in 0..2000 {
        let mut message = b"\x0a\x01a\x1a\x05\x08\x00\x1a\x01x\x12\x017".to_vec();
        let at = random.next_u64() as usize % message.len();
        message[at] = random.next_u64() as u8;
        fuzz_aggregate(&message);
    }
}
