//! Compression of objects, and decompression with a bound.
//!
//! What AWS writes in the place of each format, observed: developer guide, "Amazon S3 settings", and
//! `docs/decisions/0222-how-objects-are-compressed.md`. Bytes depend on nothing but the records and the id that is
//! given: no time, no name of a machine, no feature of a processor.

mod decompress;
mod fuzz;
mod snappy;
mod zip;

use std::fmt;
use std::io::{self, Write};

use flate2::GzBuilder;
use flate2::write::GzEncoder;
use uuid::Uuid;

use self::snappy::{Framing, SnappyWriter};
use self::zip::ZipWriter;

pub use decompress::{DecompressError, decompress_gzip};
pub use fuzz::fuzz_decompress;

/// Which encoders these are. It grows whenever the bytes of the same records may change: with a level, a framing or a
/// version of a crate. A plan keeps it, so that who delivers the plan again knows whether the bytes are the same.
pub const ENCODER_VERSION: u32 = 1;
/// Content-Type of every object, whatever is in it.
pub const CONTENT_TYPE: &str = "application/octet-stream";

/// What an encoder is given at once. Deflate finds other matches when its input comes in other pieces: so it always
/// comes in these, whatever pieces the caller adds.
const BLOCK_BYTES: usize = 64 * 1024;
/// zlib's own default, which Java's streams take too.
const DEFLATE_LEVEL: u32 = 6;
/// Zstandard's own default.
const ZSTD_LEVEL: i32 = 3;

/// How an object is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    Uncompressed,
    /// gzip, one member.
    Gzip,
    /// An archive of one entry, whose name is the object's id.
    Zip,
    /// Snappy as snappy-java's streams frame it.
    Snappy,
    /// Snappy as Hadoop's streams frame it.
    HadoopSnappy,
    /// Zstandard, one frame (channels).
    Zstd,
}

impl Compression {
    /// All of them.
    pub const ALL: [Compression; 6] = [
        Compression::Uncompressed,
        Compression::Gzip,
        Compression::Zip,
        Compression::Snappy,
        Compression::HadoopSnappy,
        Compression::Zstd,
    ];

    /// How the names of objects end, with the dot; empty if they end with nothing.
    pub fn extension(self) -> &'static str {
        match self {
            Compression::Uncompressed => "",
            Compression::Gzip => ".gz",
            Compression::Zip => ".zip",
            Compression::Snappy | Compression::HadoopSnappy => ".snappy",
            Compression::Zstd => ".zst",
        }
    }

    /// Content-Encoding of objects. An archive is no encoding.
    pub fn content_encoding(self) -> Option<&'static str> {
        match self {
            Compression::Uncompressed | Compression::Zip => None,
            Compression::Gzip => Some("gzip"),
            Compression::Snappy => Some("snappy-java"),
            Compression::HadoopSnappy => Some("hadoop-snappy"),
            Compression::Zstd => Some("zstd"),
        }
    }
}

/// Compresses what is added to it, as it comes: beside the result it holds a block and the encoder's window.
pub struct Compressor {
    encoder: Encoder,
    /// What was added and not yet given to the encoder.
    block: Vec<u8>,
}

enum Encoder {
    Uncompressed(Vec<u8>),
    Gzip(GzEncoder<Vec<u8>>),
    Zip(ZipWriter),
    Snappy(Box<SnappyWriter>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Compressor {
    /// A compressor of an object; `id` names the entry of an archive.
    ///
    /// # Errors
    /// [`CompressError::Encoder`] if an encoder finds no memory.
    pub fn new(compression: Compression, id: &Uuid) -> Result<Self, CompressError> {
        let encoder = match compression {
            Compression::Uncompressed => Encoder::Uncompressed(Vec::new()),
            // No name and no time: the header is the same each time.
            Compression::Gzip => Encoder::Gzip(
                GzBuilder::new()
                    .mtime(0)
                    .write(Vec::new(), flate2::Compression::new(DEFLATE_LEVEL)),
            ),
            Compression::Zip => Encoder::Zip(ZipWriter::new(id, DEFLATE_LEVEL)),
            Compression::Snappy => Encoder::Snappy(Box::new(SnappyWriter::new(Framing::Java))),
            Compression::HadoopSnappy => {
                Encoder::Snappy(Box::new(SnappyWriter::new(Framing::Hadoop)))
            }
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Encoder::Zstd(encoder)
            }
        };
        Ok(Compressor { encoder, block: Vec::new() })
    }

    /// Makes room for so many bytes in all where they stay as they are, so that they are not moved again and again.
    pub fn expect(&mut self, bytes: usize) {
        if let Encoder::Uncompressed(out) = &mut self.encoder {
            out.reserve_exact(bytes);
        }
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// [`CompressError::Encoder`] if the encoder fails.
    pub fn add(&mut self, mut data: &[u8]) -> Result<(), CompressError> {
        match &mut self.encoder {
            Encoder::Uncompressed(out) => out.extend_from_slice(data),
            // It makes blocks of its own.
            Encoder::Snappy(writer) => writer.add(data)?,
            Encoder::Gzip(_) | Encoder::Zip(_) | Encoder::Zstd(_) => {
                while !data.is_empty() {
                    let room = BLOCK_BYTES - self.block.len();
                    let (now, later) = data.split_at(room.min(data.len()));
                    self.block.extend_from_slice(now);
                    if self.block.len() == BLOCK_BYTES {
                        self.encode_block()?;
                    }
                    data = later;
                }
            }
        }
        Ok(())
    }

    fn encode_block(&mut self) -> Result<(), CompressError> {
        match &mut self.encoder {
            Encoder::Gzip(encoder) => encoder.write_all(&self.block)?,
            Encoder::Zip(writer) => writer.add(&self.block)?,
            Encoder::Zstd(encoder) => encoder.write_all(&self.block)?,
            Encoder::Uncompressed(_) | Encoder::Snappy(_) => {}
        }
        self.block.clear();
        Ok(())
    }

    /// The object.
    ///
    /// # Errors
    /// [`CompressError::TooLarge`] for an archive of 4 GiB; [`CompressError::Encoder`] if the encoder fails.
    pub fn finish(mut self) -> Result<Vec<u8>, CompressError> {
        self.encode_block()?;
        match self.encoder {
            Encoder::Uncompressed(out) => Ok(out),
            Encoder::Gzip(encoder) => Ok(encoder.finish()?),
            Encoder::Zip(writer) => writer.finish(),
            Encoder::Snappy(writer) => writer.finish(),
            Encoder::Zstd(encoder) => Ok(encoder.finish()?),
        }
    }
}

/// Compresses bytes that are there whole.
///
/// # Errors
/// As [`Compressor::finish`].
pub fn compress(
    compression: Compression,
    id: &Uuid,
    data: &[u8],
) -> Result<Vec<u8>, CompressError> {
    let mut compressor = Compressor::new(compression, id)?;
    compressor.add(data)?;
    compressor.finish()
}

/// Why something cannot be compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompressError {
    /// More than an archive's 32 bits can count.
    TooLarge,
    /// The encoder failed; it says why.
    Encoder(String),
}

impl From<io::Error> for CompressError {
    fn from(fault: io::Error) -> Self {
        CompressError::Encoder(fault.to_string())
    }
}

impl fmt::Display for CompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompressError::TooLarge => f.write_str("an archive cannot hold 4 GiB"),
            CompressError::Encoder(why) => write!(f, "the encoder failed: {why}"),
        }
    }
}

impl std::error::Error for CompressError {}

#[cfg(test)]
mod tests;
