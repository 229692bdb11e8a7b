//! Snappy in the two framings that Java's readers expect. All numbers are big-endian.
//!
//! ```text
//! snappy-java   82 'SNAPPY' 00 | version 1 (4) | lowest reader 1 (4) | { compressed bytes (4) | block } …
//! Hadoop        { bytes (4) | compressed bytes (4) | block } …
//! ```
//! Source: snappy-java's `SnappyOutputStream`; Hadoop's `BlockCompressorStream` and `SnappyCodec`.

use snap::raw::{Encoder, max_compress_len};

use super::CompressError;

/// Bytes of a block of snappy-java, its default.
const JAVA_BLOCK_BYTES: usize = 32 * 1024;
/// Bytes of a Hadoop reader's buffer, its default.
const HADOOP_BUFFER_BYTES: usize = 256 * 1024;
/// Bytes of a block of Hadoop: what surely fits the buffer compressed (`SnappyCodec`: a sixth and 32 bytes less).
const HADOOP_BLOCK_BYTES: usize = HADOOP_BUFFER_BYTES - (HADOOP_BUFFER_BYTES / 6 + 32);
/// How a stream of snappy-java begins.
const JAVA_HEADER: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";

/// How blocks are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// snappy-java's.
    Java,
    /// Hadoop's.
    Hadoop,
}

/// Writes a stream of blocks.
pub struct SnappyWriter {
    framing: Framing,
    encoder: Encoder,
    block: Vec<u8>,
    out: Vec<u8>,
}

impl SnappyWriter {
    /// A stream of nothing.
    pub fn new(framing: Framing) -> Self {
        let out = match framing {
            Framing::Java => JAVA_HEADER.to_vec(),
            Framing::Hadoop => Vec::new(),
        };
        SnappyWriter { framing, encoder: Encoder::new(), block: Vec::new(), out }
    }

    /// Adds bytes. Blocks are full whatever the pieces are that come.
    pub fn add(&mut self, mut data: &[u8]) -> Result<(), CompressError> {
        let block_bytes = match self.framing {
            Framing::Java => JAVA_BLOCK_BYTES,
            Framing::Hadoop => HADOOP_BLOCK_BYTES,
        };
        while !data.is_empty() {
            let room = block_bytes - self.block.len();
            let (now, later) = data.split_at(room.min(data.len()));
            self.block.extend_from_slice(now);
            if self.block.len() == block_bytes {
                self.write_block()?;
            }
            data = later;
        }
        Ok(())
    }

    /// The stream.
    pub fn finish(mut self) -> Result<Vec<u8>, CompressError> {
        if !self.block.is_empty() {
            self.write_block()?;
        }
        Ok(self.out)
    }

    // Blocks are far below 4 GiB: their sizes are not cut by the casts.
    fn write_block(&mut self) -> Result<(), CompressError> {
        if self.framing == Framing::Hadoop {
            self.out.extend_from_slice(&(self.block.len() as u32).to_be_bytes());
        }
        let size_place = self.out.len();
        let start = size_place + 4;
        self.out.resize(start + max_compress_len(self.block.len()), 0);
        let compressed = self.encoder.compress(&self.block, &mut self.out[start..]);
        let bytes = compressed.map_err(|fault| CompressError::Encoder(fault.to_string()))?;
        self.out[size_place..start].copy_from_slice(&(bytes as u32).to_be_bytes());
        self.out.truncate(start + bytes);
        self.block.clear();
        Ok(())
    }
}
