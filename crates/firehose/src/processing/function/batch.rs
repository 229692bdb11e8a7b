//! Batches: as much as a function is sent at once.

use super::request::{FRAME_BYTES_MAX, encoded_bytes_max};
use crate::processing::Piece;
use crate::processing::limits::{BATCH_RECORDS_MAX, PAYLOAD_BYTES_MAX};

/// The records of one call. Never empty when made by [`batches`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub(super) pieces: Vec<Piece>,
    /// Bytes of the records' data.
    data_bytes: u64,
    /// Bytes of the request at most.
    payload_bytes: usize,
}

impl Batch {
    /// The records.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Whether a record fits: the data within the buffer's size, the request within what a call may carry. A batch
    /// takes one record whatever its size.
    fn fits(&self, piece: &Piece, data_bytes_max: u64) -> bool {
        let data_bytes = self.data_bytes + piece.record.data.len() as u64;
        let payload_bytes = self.payload_bytes + encoded_bytes_max(piece);
        self.pieces.is_empty()
            || self.pieces.len() < BATCH_RECORDS_MAX
                && data_bytes <= data_bytes_max
                && payload_bytes <= PAYLOAD_BYTES_MAX - FRAME_BYTES_MAX
    }

    fn push(&mut self, piece: Piece) {
        self.data_bytes += piece.record.data.len() as u64;
        self.payload_bytes += encoded_bytes_max(&piece);
        self.pieces.push(piece);
    }
}

/// Splits records into batches, in order. `data_bytes_max` is `BufferSizeInMBs`, in bytes.
pub fn batches(pieces: impl IntoIterator<Item = Piece>, data_bytes_max: u64) -> Vec<Batch> {
    let mut all = Vec::new();
    let mut batch = Batch::default();
    for piece in pieces {
        if !batch.fits(&piece, data_bytes_max) {
            all.push(std::mem::take(&mut batch));
        }
        batch.push(piece);
    }
    if !batch.pieces.is_empty() {
        all.push(batch);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::request::Invocation;
    use super::super::settle::tests::piece;
    use super::*;

    #[test]
    fn a_batch_ends_before_its_data_exceed_the_buffer() {
        let pieces = [4, 3, 3, 20, 1].map(|bytes| piece(0, &vec![b'x'; bytes]));
        let sizes: Vec<_> = batches(pieces, 7)
            .iter()
            .map(|batch| batch.pieces().iter().map(|p| p.record.data.len()).collect::<Vec<_>>())
            .collect();
        assert_eq!(sizes, [vec![4, 3], vec![3], vec![20], vec![1]]);
        assert!(batches([], 7).is_empty());
    }

    #[test]
    fn no_request_is_longer_than_a_call_may_carry() {
        let pieces: Vec<_> =
            (0..9).map(|n| piece(n, &vec![b'x'; 1_000_000])).chain([piece(9, b"")]).collect();
        let invocation = Invocation {
            id: "0".repeat(36),
            delivery_stream_arn: "arn",
            source_stream_arn: None,
            region: "r",
        };
        let all = batches(pieces, u64::MAX);
        let counts: Vec<_> = all.iter().map(|batch| batch.pieces().len()).collect();
        assert_eq!(counts, [4, 4, 2]);
        for batch in &all {
            assert!(batch.request(&invocation).len() <= PAYLOAD_BYTES_MAX);
        }
    }

    #[test]
    fn a_batch_has_a_most_number_of_records() {
        let pieces = (0..BATCH_RECORDS_MAX as u64 + 1).map(|n| piece(n, b""));
        let counts: Vec<_> = batches(pieces, 1).iter().map(|b| b.pieces().len()).collect();
        assert_eq!(counts, [BATCH_RECORDS_MAX, 1]);
    }
}
