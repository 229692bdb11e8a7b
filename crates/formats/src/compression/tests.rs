use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder};

use super::*;

const ID: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);

/// Lines like those of logs, and then bytes that do not compress.
fn sample(lines: usize, noise: usize) -> Vec<u8> {
    let mut data = Vec::new();
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    for line in 0..lines {
        let text = format!("{{\"line\":{line},\"user\":\"user-{}\",\"ok\":true}}\n", next() % 100);
        data.extend_from_slice(text.as_bytes());
    }
    data.extend((0..noise).map(|_| next() as u8));
    data
}

fn read_all(mut reader: impl Read) -> Vec<u8> {
    let mut out = Vec::new();
    reader.read_to_end(&mut out).unwrap();
    out
}

fn take_number(data: &mut &[u8]) -> usize {
    let (number, rest) = data.split_first_chunk::<4>().unwrap();
    *data = rest;
    u32::from_be_bytes(*number) as usize
}

/// Takes a block of raw snappy, its compressed size before it.
fn take_block(data: &mut &[u8]) -> Vec<u8> {
    let bytes = take_number(data);
    let (block, rest) = data.split_at(bytes);
    *data = rest;
    snap::raw::Decoder::new().decompress_vec(block).unwrap()
}

fn decompress(compression: Compression, object: &[u8]) -> Vec<u8> {
    let mut rest = object;
    let mut out = Vec::new();
    match compression {
        Compression::Uncompressed => return object.to_vec(),
        Compression::Gzip => return read_all(MultiGzDecoder::new(object)),
        Compression::Zstd => return zstd::stream::decode_all(object).unwrap(),
        Compression::Zip => {
            assert_eq!(&object[..4], b"PK\x03\x04");
            assert_eq!(&object[30..66], ID.as_hyphenated().to_string().as_bytes());
            return read_all(DeflateDecoder::new(&object[66..]));
        }
        Compression::Snappy => {
            rest = rest.strip_prefix(b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01").unwrap();
            while !rest.is_empty() {
                out.extend(take_block(&mut rest));
            }
        }
        Compression::HadoopSnappy => {
            while !rest.is_empty() {
                let bytes = take_number(&mut rest);
                let block = take_block(&mut rest);
                assert_eq!(block.len(), bytes);
                out.extend(block);
            }
        }
    }
    out
}

#[test]
fn what_is_compressed_comes_back() {
    for data in
        [Vec::new(), b"abc".to_vec(), sample(5000, 0), sample(10, 600_000), vec![7; 1 << 20]]
    {
        for compression in Compression::ALL {
            let object = compress(compression, &ID, &data).unwrap();
            assert!(decompress(compression, &object) == data, "{compression:?} of {}", data.len());
        }
    }
}

#[test]
fn pieces_make_the_same_object_as_the_whole() {
    let data = sample(20_000, 50_000);
    for compression in Compression::ALL {
        let whole = compress(compression, &ID, &data).unwrap();
        for piece_bytes in [1000, 32 * 1024, 300_001] {
            let mut compressor = Compressor::new(compression, &ID).unwrap();
            for piece in data.chunks(piece_bytes) {
                compressor.add(piece).unwrap();
            }
            assert!(compressor.finish().unwrap() == whole, "{compression:?} by {piece_bytes}");
        }
    }
}

#[test]
fn the_bytes_of_this_version_do_not_change() {
    assert_eq!(ENCODER_VERSION, 1, "these sums are those of version 1");
    let data = sample(3000, 3000);
    let sums = Compression::ALL.map(|compression| {
        let object = compress(compression, &ID, &data).unwrap();
        (object.len(), crc32fast::hash(&object))
    });
    // When this fails because an encoder changed: raise ENCODER_VERSION, then write down the new sums.
    assert_eq!(
        sums,
        [
            (124_596, 3_954_127_424),
            (16_901, 1_059_098_717),
            (17_053, 3_858_486_364),
            (25_634, 2_942_516_932),
            (24_758, 1_446_615_003),
            (15_476, 3_568_275_306),
        ]
    );
}

#[test]
fn small_objects_are_as_expected_to_the_byte() {
    let gzip = compress(Compression::Gzip, &ID, b"").unwrap();
    assert_eq!(gzip, b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0");
    let java = compress(Compression::Snappy, &ID, b"abc").unwrap();
    assert_eq!(java, b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0\x05\x03\x08abc");
    let hadoop = compress(Compression::HadoopSnappy, &ID, b"abc").unwrap();
    assert_eq!(hadoop, b"\0\0\0\x03\0\0\0\x05\x03\x08abc");
    assert_eq!(compress(Compression::HadoopSnappy, &ID, b"").unwrap(), b"");
}

#[test]
fn blocks_are_as_large_as_their_readers_expect() {
    let noise = sample(0, 1_000_000);
    let object = compress(Compression::HadoopSnappy, &ID, &noise).unwrap();
    let mut rest = object.as_slice();
    assert_eq!(take_number(&mut rest), 218_422);
    assert!(take_number(&mut rest) <= 256 * 1024, "fits a reader's buffer");
    let object = compress(Compression::Snappy, &ID, &noise).unwrap();
    let mut rest = &object[16..];
    assert_eq!(take_block(&mut rest).len(), 32 * 1024);
}

#[test]
fn archives_end_with_the_directory_of_their_entry() {
    let archive = compress(Compression::Zip, &ID, b"abcabcabc").unwrap();
    let end = &archive[archive.len() - 22..];
    assert_eq!(&end[..12], b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    let central_bytes = u32::from_le_bytes(end[12..16].try_into().unwrap()) as usize;
    let central_start = u32::from_le_bytes(end[16..20].try_into().unwrap()) as usize;
    assert_eq!(central_start + central_bytes, archive.len() - 22);
    let central = &archive[central_start..central_start + central_bytes];
    assert_eq!(&central[..4], b"PK\x01\x02");
    // Time, sums and sizes are the same in both headers.
    assert_eq!(central[6..32], archive[4..30]);
    assert_eq!(central[12..16], [0, 0, 0x21, 0]);
    assert_eq!(central[16..20], crc32fast::hash(b"abcabcabc").to_le_bytes());
    assert_eq!(central[24..28], 9_u32.to_le_bytes());
    assert_eq!(&central[46..], ID.as_hyphenated().to_string().as_bytes());
}

#[test]
fn gzip_of_several_members_is_one_content() {
    let mut members = compress(Compression::Gzip, &ID, b"one ").unwrap();
    members.extend(compress(Compression::Gzip, &ID, b"").unwrap());
    members.extend(compress(Compression::Gzip, &ID, b"two").unwrap());
    assert_eq!(decompress_gzip(&members, 7).unwrap(), b"one two");
    assert_eq!(decompress_gzip(&members, 6), Err(DecompressError::TooLarge { bytes_max: 6 }));
}

#[test]
fn a_bomb_is_refused_when_the_bound_is_reached() {
    let bomb = compress(Compression::Gzip, &ID, &vec![0; 16 << 20]).unwrap();
    assert!(bomb.len() < 20_000);
    let expected = DecompressError::TooLarge { bytes_max: 1 << 20 };
    assert_eq!(decompress_gzip(&bomb, 1 << 20), Err(expected));
    assert_eq!(decompress_gzip(&bomb, 16 << 20).unwrap().len(), 16 << 20);
}

#[test]
fn what_is_not_whole_gzip_is_refused() {
    for data in [&b""[..], b"\x1f", b"{}", b"PK\x03\x04"] {
        assert_eq!(decompress_gzip(data, 100), Err(DecompressError::NotGzip));
    }
    let whole = compress(Compression::Gzip, &ID, b"some content").unwrap();
    for end in 2..whole.len() {
        assert_eq!(decompress_gzip(&whole[..end], 100), Err(DecompressError::CutOff), "{end}");
    }
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(matches!(decompress_gzip(&damaged, 100), Err(DecompressError::Damaged(_))));
    let mut trailing = whole;
    trailing.extend_from_slice(b"and more that is no member");
    assert!(matches!(decompress_gzip(&trailing, 100), Err(DecompressError::Damaged(_))));
}

#[test]
fn names_and_headers_are_awss() {
    let facts = Compression::ALL.map(|one| (one.extension(), one.content_encoding()));
    assert_eq!(
        facts,
        [
            ("", None),
            (".gz", Some("gzip")),
            (".zip", None),
            (".snappy", Some("snappy-java")),
            (".snappy", Some("hadoop-snappy")),
            (".zst", Some("zstd")),
        ]
    );
    assert_eq!(CONTENT_TYPE, "application/octet-stream");
}
