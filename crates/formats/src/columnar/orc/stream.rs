//! Streams of a stripe: compressed in chunks, with the places that a row index points to.

use std::io::Write;

use flate2::Compression as Level;
use flate2::write::DeflateEncoder;

use super::rle::{self, Version};

/// Bytes of a chunk before it is compressed, as ORC's own default.
pub(super) const CHUNK_BYTES: usize = 256 << 10;

/// How chunks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    Zlib,
    Snappy,
}

/// What a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Present = 0,
    Data = 1,
    Length = 2,
    DictionaryData = 3,
    Secondary = 5,
    RowIndex = 6,
}

/// A stream that is encoded but not yet compressed.
pub(super) struct Stream {
    pub(super) kind: Kind,
    bytes: Vec<u8>,
    /// Where each part of the row index begins.
    places: Vec<Place>,
}

/// A place within a stream.
struct Place {
    /// In the bytes before they are compressed.
    offset: usize,
    /// What is skipped after that: values of a run, and bits of a byte. Zero or more numbers.
    within: &'static [u64],
    /// Bits of the byte that are skipped, for streams of bits.
    bits: Option<u64>,
}

impl Stream {
    /// Bytes as they are, with parts that begin at `starts`.
    pub(super) fn raw(kind: Kind, bytes: Vec<u8>, starts: impl Iterator<Item = usize>) -> Self {
        let places = starts.map(|offset| Place { offset, within: &[], bits: None }).collect();
        Self { kind, bytes, places }
    }

    /// Whole numbers.
    pub(super) fn integers(
        kind: Kind,
        values: &[i64],
        starts: impl Iterator<Item = usize>,
        version: Version,
        signed: bool,
    ) -> Self {
        Self::runs(kind, values, starts, |to, part| rle::integers(to, part, version, signed))
    }

    /// Bytes in runs.
    pub(super) fn bytes(values: &[u8], starts: impl Iterator<Item = usize>) -> Self {
        Self::runs(Kind::Data, values, starts, rle::bytes)
    }

    /// Bits in runs of bytes. A part may begin within a byte, whose run begins there.
    pub(super) fn bits(kind: Kind, values: &[bool], starts: impl Iterator<Item = usize>) -> Self {
        let starts: Vec<_> = starts.collect();
        let packed = rle::pack_bits(values);
        let mut stream =
            Self::runs(kind, &packed, starts.iter().map(|start| start / 8), rle::bytes);
        for (place, start) in stream.places.iter_mut().zip(starts) {
            place.bits = Some((start % 8) as u64);
        }
        stream
    }

    fn runs<T>(
        kind: Kind,
        values: &[T],
        starts: impl Iterator<Item = usize>,
        encode: impl Fn(&mut Vec<u8>, &[T]),
    ) -> Self {
        let (mut bytes, mut places, mut done) = (Vec::new(), Vec::new(), 0);
        for start in starts {
            encode(&mut bytes, &values[done..start]);
            done = start;
            places.push(Place { offset: bytes.len(), within: &[0], bits: None });
        }
        encode(&mut bytes, &values[done..]);
        Self { kind, bytes, places }
    }

    /// The stream as it is written, and the numbers of each place.
    pub(super) fn compressed(self, codec: Codec) -> (Vec<u8>, Vec<Vec<u64>>) {
        let Some(chunks) = Chunks::new(&self.bytes, codec) else {
            let places = self.places.iter().map(|place| place.numbers(&[place.offset as u64]));
            let places = places.collect();
            return (self.bytes, places);
        };
        let places = self.places.iter().map(|place| {
            let chunk = place.offset / CHUNK_BYTES;
            place.numbers(&[chunks.starts[chunk], (place.offset % CHUNK_BYTES) as u64])
        });
        let places = places.collect();
        (chunks.bytes, places)
    }
}

impl Place {
    fn numbers(&self, offset: &[u64]) -> Vec<u64> {
        offset.iter().chain(self.within).copied().chain(self.bits).collect()
    }
}

struct Chunks {
    bytes: Vec<u8>,
    /// Where each chunk begins, and where one after the last would.
    starts: Vec<u64>,
}

impl Chunks {
    /// `None` without compression.
    fn new(input: &[u8], codec: Codec) -> Option<Self> {
        let (mut bytes, mut starts) = (Vec::with_capacity(input.len() / 2), vec![0]);
        for chunk in input.chunks(CHUNK_BYTES) {
            let compressed = match codec {
                Codec::None => return None,
                Codec::Zlib => deflate(chunk),
                Codec::Snappy => snap::raw::Encoder::new().compress_vec(chunk).ok(),
            };
            match compressed.filter(|compressed| compressed.len() < chunk.len()) {
                Some(compressed) => {
                    header(&mut bytes, compressed.len(), false);
                    bytes.extend_from_slice(&compressed);
                }
                None => {
                    header(&mut bytes, chunk.len(), true);
                    bytes.extend_from_slice(chunk);
                }
            }
            starts.push(bytes.len() as u64);
        }
        (codec != Codec::None).then_some(Self { bytes, starts })
    }
}

/// A message or a stream as it is written, without places.
pub(super) fn compress(input: Vec<u8>, codec: Codec) -> Vec<u8> {
    match Chunks::new(&input, codec) {
        Some(chunks) => chunks.bytes,
        None => input,
    }
}

/// Deflate without a header.
fn deflate(chunk: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(chunk.len() / 2), Level::default());
    encoder.write_all(chunk).ok()?;
    encoder.finish().ok()
}

fn header(to: &mut Vec<u8>, length: usize, original: bool) {
    let header = (length as u32) << 1 | u32::from(original);
    to.extend_from_slice(&header.to_le_bytes()[..3]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_headed_by_their_length() {
        // The examples of ORC's specification: 100,000 bytes compressed, five bytes as they are.
        let mut to = Vec::new();
        header(&mut to, 100_000, false);
        header(&mut to, 5, true);
        assert_eq!(to, [0x40, 0x0d, 0x03, 0x0b, 0x00, 0x00]);
        assert_eq!(compress(vec![1, 2, 3], Codec::Snappy), [7, 0, 0, 1, 2, 3]);
        assert_eq!(compress(vec![1, 2, 3], Codec::None), [1, 2, 3]);
    }

    #[test]
    fn places_name_chunk_offset_run_and_bit() {
        let bits = vec![true; 20];
        let (_, places) =
            Stream::bits(Kind::Present, &bits, [0, 11].into_iter()).compressed(Codec::None);
        assert_eq!(places, [vec![0, 0, 0], vec![2, 0, 3]]);
        let bytes = vec![7; CHUNK_BYTES + 10];
        let stream = Stream::raw(Kind::Data, bytes, [0, CHUNK_BYTES + 4].into_iter());
        let (bytes, places) = stream.compressed(Codec::Zlib);
        assert_eq!(places[0], [0, 0]);
        assert_eq!(places[1][1], 4);
        assert_eq!(bytes.len() as u64 - places[1][0], 3 + 5, "the last chunk is short");
    }
}
