//! What each step makes of a record.

use std::sync::Arc;

use millstream_aggregate::{Builder, UserRecord};
use millstream_formats::compression::{Compression, compress};
use uuid::Uuid;

use super::*;
use crate::record::StreamOrigin;

const NOW: Millis = Millis(99);

fn record(data: impl Into<Bytes>) -> SourceRecord {
    SourceRecord {
        id: RecordId { log: 2, position: 7, part: 0 },
        arrival: Millis(1_425_599_507_000),
        data: data.into(),
        stream: None,
    }
}

fn of_stream(data: impl Into<Bytes>) -> SourceRecord {
    let origin = StreamOrigin {
        partition_key: Arc::from("outer"),
        sequence_number: "49".into(),
        subsequence_number: 0,
        shard_id: "shardId-000000000000".into(),
    };
    SourceRecord { stream: Some(origin), ..record(data) }
}

/// What the steps before the function yield.
#[derive(Debug, Default, PartialEq, Eq)]
struct Prepared {
    pieces: Vec<Piece>,
    failed: Vec<Failed>,
    dropped: u64,
}

fn prepare_once(processing: &Processing, record: SourceRecord) -> Prepared {
    let mut out = Prepared::default();
    Chain::new(processing).unwrap().before_function(record, NOW, &mut |before| match before {
        Before::Piece(piece) => out.pieces.push(piece),
        Before::Failed(failed) => out.failed.push(failed),
        Before::Dropped => out.dropped += 1,
    });
    out
}

fn prepare(processing: &Processing, record: SourceRecord) -> Prepared {
    let out = prepare_once(processing, record.clone());
    let again = prepare_once(processing, record);
    assert_eq!(out, again, "the same record yields the same parts");
    let parts: Vec<_> = out.pieces.iter().map(|piece| piece.record.id.part).collect();
    assert_eq!(parts, (0..parts.len() as u32).collect::<Vec<_>>());
    out
}

fn data(prepared: &Prepared) -> Vec<&str> {
    prepared.pieces.iter().map(|p| std::str::from_utf8(&p.record.data).unwrap()).collect()
}

fn document(failed: &Failed) -> &str {
    std::str::from_utf8(&failed.document).unwrap()
}

fn gzip(data: &[u8]) -> Bytes {
    compress(Compression::Gzip, &Uuid::nil(), data).unwrap().into()
}

#[test]
fn without_steps_a_record_stays_as_it_is() {
    let prepared = prepare(&Processing::default(), record("abc"));
    assert_eq!(prepared.pieces[0].record, record("abc"));
    assert_eq!(prepared.pieces[0].raw, "abc");
    let mut finished = Finished::default();
    let chain = Chain::new(&Processing::default()).unwrap();
    chain.after_function(prepared.pieces[0].clone(), NOW, &mut finished);
    assert_eq!(finished.ready[0].data, "abc");
    assert_eq!(finished.ready[0].id, record("abc").id);
}

#[test]
fn aggregates_of_a_streams_producer_are_taken_apart() {
    let mut builder = Builder::new();
    for (key, data) in [("a", b"one"), ("b", b"two")] {
        builder.add(&UserRecord { partition_key: key, explicit_hash_key: None, data });
    }
    let aggregate = builder.finish();
    let prepared = prepare(&Processing::default(), of_stream(aggregate.clone()));
    assert_eq!(data(&prepared), ["one", "two"]);
    let origins: Vec<_> = prepared
        .pieces
        .iter()
        .filter_map(|piece| piece.record.stream.as_ref())
        .map(|origin| (&*origin.partition_key, &*origin.sequence_number, origin.subsequence_number))
        .collect();
    assert_eq!(origins, [("a", "49", 0), ("b", "49", 1)]);

    let direct = prepare(&Processing::default(), record(aggregate.clone()));
    assert_eq!(direct.pieces[0].record.data, aggregate, "what was put directly is not");
    assert_eq!(data(&prepare(&Processing::default(), of_stream("raw"))), ["raw"]);
}

#[test]
fn compressed_records_are_decompressed_and_told_as_they_came() {
    let processing = Processing { decompress: true, ..Processing::default() };
    let prepared = prepare(&processing, record(gzip(b"abc")));
    assert_eq!(data(&prepared), ["abc"]);
    assert_eq!(prepared.pieces[0].raw, gzip(b"abc"));

    let bomb = gzip(&vec![0; DECOMPRESSED_BYTES_MAX + 1]);
    for bad in [Bytes::from("abc"), gzip(b"abc").slice(..10), bomb] {
        let failed = prepare(&processing, record(bad)).failed.remove(0);
        assert_eq!(failed.output_type, "decompression-failed");
        assert!(document(&failed).contains("\"errorCode\":\"Decompression.MalformedData\""));
        assert!(document(&failed).contains("\"attemptsMade\":1,"), "{}", document(&failed));
    }
}

#[test]
fn messages_of_cloudwatch_logs_come_out_of_their_envelope() {
    let processing =
        Processing { decompress: true, extract_messages: true, ..Processing::default() };
    let envelope = |kind: &str, events: &str| {
        let text = format!(
            r#"{{"messageType":"{kind}","owner":"1","logGroup":"g","logStream":"s",
                "subscriptionFilters":["f"],"logEvents":[{events}]}}"#
        );
        record(gzip(text.as_bytes()))
    };
    let events =
        r#"{"id":"1","timestamp":1,"message":"a\"b"},{"id":"2","timestamp":2,"message":"c"}"#;
    assert_eq!(data(&prepare(&processing, envelope("DATA_MESSAGE", events))), ["a\"b\nc\n"]);
    let control = prepare(&processing, envelope("CONTROL_MESSAGE", ""));
    assert_eq!((control.pieces.len(), control.dropped), (0, 1));
    let failed = prepare(&processing, record(gzip(b"abc"))).failed.remove(0);
    assert_eq!(failed.output_type, "processing-failed");
    assert!(document(&failed).contains("CloudWatchLogProcessing.MalformedData"));
}

#[test]
fn records_that_hold_several_are_taken_apart() {
    let json = Processing { deaggregate: Some(Deaggregate::Json), ..Processing::default() };
    let prepared = prepare(&json, record("{\"a\":1}{\"a\":2}\n{\"a\":3}"));
    assert_eq!(data(&prepared), ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"]);
    assert_eq!(prepared.pieces[1].raw, "{\"a\":2}");
    let failed = prepare(&json, record("[{}]")).failed.remove(0);
    assert!(document(&failed).contains("MetadataExtractionFailed"), "{}", document(&failed));

    let delimited = Deaggregate::Delimited(Arc::from(*b"##"));
    let delimited = Processing { deaggregate: Some(delimited), ..Processing::default() };
    assert_eq!(data(&prepare(&delimited, record("a##b##"))), ["a", "b"]);
    let many = "x##".repeat(501);
    assert_eq!(data(&prepare(&delimited, record(many.clone()))), [&*many]);
}

#[test]
fn parts_are_counted_through_aggregates_and_what_they_hold() {
    let mut builder = Builder::new();
    for data in [&b"{}{}"[..], b"oops", b"{}"] {
        builder.add(&UserRecord { partition_key: "k", explicit_hash_key: None, data });
    }
    let json = Processing { deaggregate: Some(Deaggregate::Json), ..Processing::default() };
    let prepared = prepare(&json, of_stream(builder.finish()));
    assert_eq!((prepared.pieces.len(), prepared.failed.len()), (3, 1));
}

#[test]
fn partition_values_come_from_the_query_and_the_function() {
    let processing = Processing {
        query: Some(Arc::from("{c: .c, at: (now | strftime(\"%Y\"))}")),
        delimiter: Some(Arc::from(*b"\n")),
        ..Processing::default()
    };
    let chain = Chain::new(&processing).unwrap();
    let mut piece = prepare(&Processing::default(), record("{\"c\":7}")).pieces.remove(0);
    piece.partition.set(PartitionSource::Lambda, "l".into(), "v".into());
    let mut out = Finished::default();
    chain.after_function(piece.clone(), NOW, &mut out);
    let ready = &out.ready[0];
    assert_eq!(ready.data, "{\"c\":7}\n");
    assert_eq!(ready.partition.named("partitionKeyFromQuery", "c"), Some("7"));
    assert_eq!(ready.partition.named("partitionKeyFromQuery", "at"), Some("2015"));
    assert_eq!(ready.partition.named("partitionKeyFromLambda", "l"), Some("v"));

    piece.record.data = Bytes::from("{}");
    chain.after_function(piece, NOW, &mut out);
    let document = document(&out.failed[0]);
    let expected = concat!(
        r#"{"rawData":"eyJjIjo3fQ==","#,
        r#""errorCode":"DynamicPartitioning.MetadataExtractionFailed","#,
        r#""errorMessage":"partitionKeys values must not be null or empty","#,
        r#""attemptsMade":1,"arrivalTimestamp":1425599507000,"attemptEndingTimestamp":99}"#,
        "\n"
    );
    assert_eq!(document, expected);
}

#[test]
fn a_query_that_does_not_compile_is_refused() {
    let processing = Processing { query: Some(Arc::from("{a: ")), ..Processing::default() };
    assert!(Chain::new(&processing).is_err());
}
