//! Entry points of the fuzz targets: any bytes may come, nothing may panic, work and memory stay bounded.

use bytes::Bytes;
use millstream_types::Millis;

use super::Piece;
use super::function::batches;
use super::query::Query;
use crate::record::{PartitionValues, RecordId, SourceRecord};

/// Settles any bytes as a function's answer to three records: each is accounted for once.
pub fn fuzz_function_reply(input: &[u8]) {
    let piece = |position| {
        let record = SourceRecord {
            id: RecordId { log: 0, position, part: 0 },
            arrival: Millis(position),
            data: Bytes::from_static(b"data"),
            stream: None,
        };
        Piece { raw: record.data.clone(), record, partition: PartitionValues::default() }
    };
    let Some(batch) = batches((0..3).map(piece), 1000).pop() else { return };
    let settled = batch.settle("arn", input, 1, Millis(9));
    let all = settled.pieces.len() as u64 + settled.failed.len() as u64 + settled.dropped;
    assert_eq!(all, 3);
}

/// Compiles and runs a query: the text up to the first NUL, on the record behind it. Where it yields values, it yields
/// the same ones again.
pub fn fuzz_jq(input: &[u8]) {
    let (text, record) = match input.iter().position(|byte| *byte == 0) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &b"{\"a\":[1,{\"b\":\"c\"}]}"[..]),
    };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(query) = Query::compile(text) else { return };
    let arrival = Millis(1_425_599_507_250);
    let values = query.run(record, arrival);
    assert_eq!(values, query.run(record, arrival));
}
