//! An archive of one entry. Source: PKWARE's APPNOTE, 4.3: local header, data, central directory, end record.

use std::io::Write;

use crc32fast::Hasher;
use flate2::write::DeflateEncoder;
use uuid::Uuid;

use super::CompressError;

const LOCAL_HEADER: u32 = 0x0403_4b50;
const CENTRAL_HEADER: u32 = 0x0201_4b50;
const END_RECORD: u32 = 0x0605_4b50;
/// Bytes of a local header before the name.
const LOCAL_HEADER_BYTES: usize = 30;
/// "2.0": deflate.
const VERSION: u16 = 20;
/// Deflate.
const METHOD: u16 = 8;
/// 1980-01-01 00:00, the first that there is: an archive is the same each time.
const DATE: u16 = (1 << 5) | 1;

/// Writes an archive.
pub struct ZipWriter {
    encoder: DeflateEncoder<Vec<u8>>,
    checksum: Hasher,
    bytes: u64,
    name: String,
}

impl ZipWriter {
    /// An archive whose entry has an id as its name.
    pub fn new(id: &Uuid, level: u32) -> Self {
        let name = id.as_hyphenated().to_string();
        // The header tells sizes that are known at the end only: its place is kept.
        let out = vec![0; LOCAL_HEADER_BYTES + name.len()];
        let encoder = DeflateEncoder::new(out, flate2::Compression::new(level));
        ZipWriter { encoder, checksum: Hasher::new(), bytes: 0, name }
    }

    /// Adds bytes to the entry.
    pub fn add(&mut self, data: &[u8]) -> Result<(), CompressError> {
        self.checksum.update(data);
        self.bytes += data.len() as u64;
        Ok(self.encoder.write_all(data)?)
    }

    /// The archive.
    pub fn finish(self) -> Result<Vec<u8>, CompressError> {
        let ZipWriter { encoder, checksum, bytes, name } = self;
        let mut out = encoder.finish()?;
        let narrow = |size: usize| u32::try_from(size).map_err(|_| CompressError::TooLarge);
        let data_start = LOCAL_HEADER_BYTES + name.len();
        let central_start = narrow(out.len())?;
        let compressed = narrow(out.len() - data_start)?;
        let bytes = u32::try_from(bytes).map_err(|_| CompressError::TooLarge)?;

        // What both headers say alike.
        let mut facts = Vec::new();
        for short in [VERSION, 0, METHOD, 0, DATE] {
            facts.extend_from_slice(&short.to_le_bytes());
        }
        for long in [checksum.finalize(), compressed, bytes] {
            facts.extend_from_slice(&long.to_le_bytes());
        }
        // A uuid: 36 bytes.
        facts.extend_from_slice(&(name.len() as u16).to_le_bytes());
        facts.extend_from_slice(&0_u16.to_le_bytes());

        let mut local = LOCAL_HEADER.to_le_bytes().to_vec();
        local.extend_from_slice(&facts);
        local.extend_from_slice(name.as_bytes());
        out[..data_start].copy_from_slice(&local);

        out.extend_from_slice(&CENTRAL_HEADER.to_le_bytes());
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&facts);
        // No comment, first disk, no attributes, and the local header at the very beginning.
        out.extend_from_slice(&[0; 2 + 2 + 2 + 4 + 4]);
        out.extend_from_slice(name.as_bytes());
        let central_bytes = narrow(out.len())? - central_start;

        out.extend_from_slice(&END_RECORD.to_le_bytes());
        for short in [0_u16, 0, 1, 1] {
            out.extend_from_slice(&short.to_le_bytes());
        }
        out.extend_from_slice(&central_bytes.to_le_bytes());
        out.extend_from_slice(&central_start.to_le_bytes());
        out.extend_from_slice(&0_u16.to_le_bytes());
        Ok(out)
    }
}
