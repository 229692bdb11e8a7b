//! Entry points of the fuzz targets: any bytes may come, nothing may panic, work and memory stay bounded.

use bytes::Bytes;
use millstream_types::Millis;

use super::Piece;
use super::function::batches;
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
