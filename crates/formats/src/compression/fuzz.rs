//! The entry point for fuzzing.

use flate2::read::GzDecoder;
use std::io::Read;
use uuid::Uuid;

use super::{Compression, Compressor, decompress_gzip};

/// Bytes that any input may become.
const BYTES_MAX: usize = 64 * 1024;

/// Decompresses any bytes, within a bound; compresses them, whole and in pieces alike, and reads gzip back.
pub fn fuzz_decompress(input: &[u8]) {
    for bytes_max in [0, input.len(), BYTES_MAX] {
        if let Ok(content) = decompress_gzip(input, bytes_max) {
            assert!(content.len() <= bytes_max);
        }
    }
    for compression in Compression::ALL {
        let whole = compress_by(compression, input, input.len().max(1));
        assert_eq!(whole, compress_by(compression, input, 7), "{compression:?}");
        if compression == Compression::Gzip {
            let whole = whole.expect("memory takes what is written");
            assert_eq!(decompress_gzip(&whole, input.len()).as_deref(), Ok(input));
            let mut content = Vec::new();
            let read = GzDecoder::new(whole.as_slice()).read_to_end(&mut content);
            assert!(read.is_ok() && content == input);
        }
    }
}

fn compress_by(
    compression: Compression,
    data: &[u8],
    piece_bytes: usize,
) -> Result<Vec<u8>, super::CompressError> {
    let mut compressor = Compressor::new(compression, &Uuid::nil())?;
    for piece in data.chunks(piece_bytes) {
        compressor.add(piece)?;
    }
    compressor.finish()
}
