//! The fast path and the generic path agree, on good bodies and on spoilt ones.

use std::borrow::Cow;

use millstream_api::ops::{PutRecordInput, PutRecordsInput, PutRecordsRequestEntry};
use millstream_api::{Blob, Error, ErrorCode, firehose};
use millstream_types::{Random, SeededRandom};
use millstream_wire::{
    Protocol, Unknown, decode, decode_delivery_record, decode_put_record, decode_put_record_batch,
    decode_put_records, encode,
};

const ROUNDS: usize = 3_000;

/// Numbers for generated bodies.
struct Dice(SeededRandom);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(SeededRandom::new(seed))
    }

    fn below(&mut self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        (u64::from_le_bytes(bytes) % bound as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.fill(&mut bytes);
        bytes
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    fn text(&mut self, choices: &[&'static str]) -> Option<Cow<'static, str>> {
        let choice = self.below(choices.len() + 1);
        choices.get(choice).map(|text| Cow::Borrowed(*text))
    }

    fn data(&mut self) -> Blob<'static> {
        let length = self.one_of(&[0, 1, 2, 3, 24, 255, 300]);
        Blob::Raw(Cow::Owned(self.bytes(length)))
    }
}

const NAMES: &[&str] = &["a", "stream-1", "", "bad name", "ä"];
const ARNS: &[&str] = &["arn:aws:kinesis:us-east-1:000000000000:stream/a", "arn:x", ""];
const KEYS: &[&str] = &["k", "key with \"quotes\" and \\", "ключ", "😀", "\n\u{1}", ""];
const HASH_KEYS: &[&str] = &["0", "340282366920938463463374607431768211455", "01", "", "x"];

fn put_records(dice: &mut Dice) -> PutRecordsInput<'static> {
    let count = dice.one_of(&[0, 1, 1, 2, 3, 7]);
    let entry = |dice: &mut Dice| PutRecordsRequestEntry {
        data: dice.data(),
        explicit_hash_key: if dice.below(4) == 0 { dice.text(HASH_KEYS) } else { None },
        partition_key: if dice.below(4) == 0 { dice.text(KEYS) } else { Some("k".into()) },
    };
    PutRecordsInput {
        records: (0..count).map(|_| entry(dice)).collect(),
        stream_name: if dice.below(4) == 0 { dice.text(NAMES) } else { Some("a".into()) },
        stream_arn: if dice.below(4) == 0 { dice.text(ARNS) } else { None },
        stream_id: (dice.below(20) == 0).then(|| "abcdefghij0123456789-abc".into()),
        dry_run: dice.one_of(&[None, None, None, Some(true)]),
    }
}

fn put_record(dice: &mut Dice) -> PutRecordInput<'static> {
    PutRecordInput {
        stream_name: dice.text(NAMES),
        data: dice.data(),
        partition_key: dice.text(KEYS),
        explicit_hash_key: if dice.below(3) == 0 { dice.text(HASH_KEYS) } else { None },
        sequence_number_for_ordering: if dice.below(3) == 0 { dice.text(HASH_KEYS) } else { None },
        stream_arn: if dice.below(3) == 0 { dice.text(ARNS) } else { None },
        stream_id: None,
        dry_run: dice.one_of(&[None, None, Some(false)]),
    }
}

fn put_record_batch(dice: &mut Dice) -> firehose::PutRecordBatchInput<'static> {
    let count = dice.one_of(&[0, 1, 1, 2, 3, 7]);
    firehose::PutRecordBatchInput {
        delivery_stream_name: if dice.below(4) == 0 {
            dice.one_of(NAMES).into()
        } else {
            "a".into()
        },
        records: (0..count).map(|_| firehose::Record { data: dice.data() }).collect(),
    }
}

/// Spoils a body a little, or not at all.
fn spoil(dice: &mut Dice, mut body: Vec<u8>) -> Vec<u8> {
    for _ in 0..dice.below(4) {
        let at = dice.below(body.len().max(1)).min(body.len());
        match dice.below(6) {
            0 => body.truncate(at),
            1 if at < body.len() => body[at] = dice.bytes(1)[0],
            2 if at < body.len() => body[at] ^= 1 << dice.below(8),
            3 => body.insert(at, dice.one_of(b"{}[]\",:\\ \n\x00\x7f\xff\x9f\xbf\xf6\xc1=A0n")),
            4 if at < body.len() => _ = body.remove(at),
            5 => {
                let end = (at + dice.below(40)).min(body.len());
                let piece = body[at..end].to_vec();
                body.splice(at..at, piece);
            }
            _ => {}
        }
    }
    body
}

/// Equal, but that the fast path leaves bad base64 to the second pass.
fn agree<T: PartialEq + std::fmt::Debug>(
    fast: Result<T, Error>,
    slow: Result<T, Error>,
    blobs_are_good: impl Fn(&T) -> bool,
    body: &[u8],
) {
    let shown = || String::from_utf8_lossy(body).into_owned();
    match (&fast, &slow) {
        (Ok(fast), Err(error)) => {
            assert_eq!(error.code, ErrorCode::SerializationException, "{}", shown());
            assert!(!blobs_are_good(fast), "{}", shown());
        }
        _ => assert_eq!(fast, slow, "{}", shown()),
    }
}

fn check_put_records(protocol: Protocol, body: &[u8]) -> bool {
    let (mut noted, mut noted_slow) = (Unknown::default(), Unknown::default());
    let fast = decode_put_records(protocol, body, &mut noted);
    let slow = decode::<PutRecordsInput<'_>>(protocol, body, &mut noted_slow);
    let is_ok = slow.is_ok();
    agree(fast, slow, |i| i.records.iter().all(|r| r.data.check().is_ok()), body);
    if is_ok {
        assert_eq!(noted, noted_slow);
    }
    is_ok
}

fn check_put_record(protocol: Protocol, body: &[u8]) -> bool {
    let (mut noted, mut noted_slow) = (Unknown::default(), Unknown::default());
    let fast = decode_put_record(protocol, body, &mut noted);
    let slow = decode::<PutRecordInput<'_>>(protocol, body, &mut noted_slow);
    let is_ok = slow.is_ok();
    agree(fast, slow, |i| i.data.check().is_ok(), body);
    if is_ok {
        assert_eq!(noted, noted_slow);
    }
    is_ok
}

fn check_put_record_batch(protocol: Protocol, body: &[u8]) -> bool {
    let (mut noted, mut noted_slow) = (Unknown::default(), Unknown::default());
    let fast = decode_put_record_batch(protocol, body, &mut noted);
    let slow = decode::<firehose::PutRecordBatchInput<'_>>(protocol, body, &mut noted_slow);
    let is_ok = slow.is_ok();
    agree(fast, slow, |i| i.records.iter().all(|r| r.data.check().is_ok()), body);
    if is_ok {
        assert_eq!(noted, noted_slow);
    }
    is_ok
}

fn check_delivery_record(protocol: Protocol, body: &[u8]) -> bool {
    let (mut noted, mut noted_slow) = (Unknown::default(), Unknown::default());
    let fast = decode_delivery_record(protocol, body, &mut noted);
    let slow = decode::<firehose::PutRecordInput<'_>>(protocol, body, &mut noted_slow);
    let is_ok = slow.is_ok();
    agree(fast, slow, |i| i.record.data.check().is_ok(), body);
    if is_ok {
        assert_eq!(noted, noted_slow);
    }
    is_ok
}

#[test]
fn both_paths_agree_on_puts_to_delivery_streams() {
    for protocol in [Protocol::Json, Protocol::Cbor] {
        let mut dice = Dice::new(8);
        let mut good = 0;
        for _ in 0..ROUNDS {
            let batch = put_record_batch(&mut dice);
            let body = encode(protocol, &batch);
            good += usize::from(check_put_record_batch(protocol, &body));
            check_put_record_batch(protocol, &spoil(&mut dice, body));
            let Some(record) = batch.records.into_iter().next() else { continue };
            let single = firehose::PutRecordInput {
                delivery_stream_name: batch.delivery_stream_name,
                record,
            };
            let body = encode(protocol, &single);
            good += usize::from(check_delivery_record(protocol, &body));
            check_delivery_record(protocol, &spoil(&mut dice, body));
        }
        assert!(good > ROUNDS / 2, "the generator makes too few good bodies: {good}");
    }
}

#[test]
fn five_hundred_records_are_taken_by_a_batch_and_one_more_is_not() {
    for (count, taken) in [(500, true), (501, false), (0, false)] {
        let entries = vec![r#"{"Data":"YQ=="}"#; count].join(",");
        let body = format!(r#"{{"DeliveryStreamName":"a","Records":[{entries}]}}"#);
        assert_eq!(check_put_record_batch(Protocol::Json, body.as_bytes()), taken);
    }
}

#[test]
fn a_batch_borrows_its_records_from_the_body() {
    let body = br#"{"DeliveryStreamName":"a","Records":[{"Data":"YQ=="},{"Data":"YWI="}]}"#;
    let input = decode_put_record_batch(Protocol::Json, body, &mut Unknown::default()).unwrap();
    assert!(matches!(input.delivery_stream_name, Cow::Borrowed("a")));
    let within = |text: &[u8]| body.as_ptr_range().contains(&text.as_ptr());
    for record in &input.records {
        assert!(matches!(record.data, Blob::Base64(text) if within(text)));
    }
    let cbor = encode(Protocol::Cbor, &input);
    let input = decode_put_record_batch(Protocol::Cbor, &cbor, &mut Unknown::default()).unwrap();
    assert!(input.records.iter().all(|r| matches!(r.data, Blob::Raw(Cow::Borrowed(_)))));
}

#[test]
fn both_paths_agree_on_generated_and_spoilt_bodies() {
    for protocol in [Protocol::Json, Protocol::Cbor] {
        let mut dice = Dice::new(7);
        let mut good = 0;
        for _ in 0..ROUNDS {
            let body = encode(protocol, &put_records(&mut dice));
            good += usize::from(check_put_records(protocol, &body));
            check_put_records(protocol, &spoil(&mut dice, body));
            let body = encode(protocol, &put_record(&mut dice));
            good += usize::from(check_put_record(protocol, &body));
            check_put_record(protocol, &spoil(&mut dice, body));
        }
        assert!(good > ROUNDS / 4, "the generator makes too few good bodies: {good}");
    }
}

#[test]
fn spaces_order_and_escaped_keys_change_nothing() {
    let plain = concat!(
        r#"{"Records":[{"Data":"YQ==","PartitionKey":"k\u00e4"},"#,
        r#"{"PartitionKey":"l","Data":""}],"StreamName":"a"}"#
    )
    .as_bytes();
    let expected = decode_put_records(Protocol::Json, plain, &mut Unknown::default()).unwrap();
    for body in [
        "\t{ \"StreamName\" : \"a\" ,\r\n\"Records\": [ {\"PartitionKey\":\"kä\", \"Data\" : \"YQ==\" } , \
            {\"Data\":\"\",\
         \"PartitionKey\":\"l\"} ] }\n ",
        r#"{"Records":[{"\u0044ata":"YQ==","PartitionKey":"kä"},{"PartitionKey":"l","Data":"","ExplicitHashKey":null}],
           "StreamName":"\u0061"}"#,
    ] {
        assert!(check_put_records(Protocol::Json, body.as_bytes()));
        let decoded =
            decode_put_records(Protocol::Json, body.as_bytes(), &mut Unknown::default()).unwrap();
        assert_eq!(decoded, expected);
    }
}

#[test]
fn five_hundred_records_are_taken_and_one_more_is_not() {
    for (count, taken) in [(500, true), (501, false)] {
        let entries = vec![r#"{"Data":"YQ==","PartitionKey":"k"}"#; count].join(",");
        let body = format!(r#"{{"Records":[{entries}],"StreamName":"a"}}"#);
        assert_eq!(check_put_records(Protocol::Json, body.as_bytes()), taken);
    }
}
