//! Decompression of records, with a bound: a few bytes may claim to be gigabytes.

use std::fmt;
use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The content of gzip, of one member or of several behind each other; `bytes_max` bytes of it at most.
///
/// # Errors
/// What is not gzip, is damaged or cut off, or would be longer.
pub fn decompress_gzip(data: &[u8], bytes_max: usize) -> Result<Vec<u8>, DecompressError> {
    if !data.starts_with(&GZIP_MAGIC) {
        return Err(DecompressError::NotGzip);
    }
    let mut out = Vec::new();
    // One byte more is asked for: whether it comes tells whether that was all.
    let mut reader = MultiGzDecoder::new(data).take((bytes_max as u64).saturating_add(1));
    reader.read_to_end(&mut out).map_err(|fault| match fault.kind() {
        io::ErrorKind::UnexpectedEof => DecompressError::CutOff,
        _ => DecompressError::Damaged(fault.to_string()),
    })?;
    if out.len() > bytes_max {
        return Err(DecompressError::TooLarge { bytes_max });
    }
    Ok(out)
}

/// Why something cannot be decompressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecompressError {
    /// It does not begin as gzip does.
    NotGzip,
    /// It ends too early.
    CutOff,
    /// It is not as gzip must be; the decoder says why.
    Damaged(String),
    /// Its content is longer than allowed.
    TooLarge {
        /// What is allowed, in bytes.
        bytes_max: usize,
    },
}

impl fmt::Display for DecompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecompressError::NotGzip => f.write_str("the data is not in gzip format"),
            DecompressError::CutOff => f.write_str("the gzip data ends too early"),
            DecompressError::Damaged(why) => write!(f, "the gzip data is damaged: {why}"),
            DecompressError::TooLarge { bytes_max } => {
                write!(f, "the content of the gzip data has more than {bytes_max} bytes")
            }
        }
    }
}

impl std::error::Error for DecompressError {}
