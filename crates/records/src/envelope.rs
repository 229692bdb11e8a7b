//! The envelope of an encrypted block: AES-256-GCM around the table and the contents.
//!
//! No nonce repeats under a key. A [`Sealer`] derives a key of its own from the data key and a salt that its maker
//! draws at random, and counts its nonces up from 0; the proof is in `docs/decisions/0040-no-nonce-ever-repeats.md`.

use std::sync::atomic::{AtomicU64, Ordering};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, Tag, UnboundKey};
use ring::hkdf;

use crate::{HEADER_BYTES, VERSION};

/// Bytes of a stream's data key.
pub const DATA_KEY_BYTES: usize = 32;
/// Bytes of the salt that a sealer's key is derived with.
pub const SALT_BYTES: usize = 16;
/// Bytes that an encrypted block has more than the same block in the clear.
pub const SEALED_BYTES: usize = FRONT_BYTES + TAG_BYTES;
/// Blocks that one sealer seals; then it is spent and another takes over with a salt of its own.
pub const SEALS_MAX: u64 = 1 << 24;

const SEALED_VERSION: u8 = 2;
/// Where the block in the clear begins inside the envelope; its header makes room for the counter.
const FRONT_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const COUNTER_AT: usize = 24;
/// Bytes before what is encrypted.
const SEALED_HEADER_BYTES: usize = FRONT_BYTES + HEADER_BYTES;
const INFO: &[&[u8]] = &[b"millstream block key 1"];

/// What a sealed block is bound to: opened anywhere else it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The stream's log group.
    pub group: u64,
    /// The shard's number.
    pub shard: u32,
    /// How many records the block holds.
    pub count: u32,
}

/// The part of an envelope that anyone can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedHeader {
    /// Which of the stream's data keys; at least 1.
    pub key_id: u32,
    /// What the block's key is derived with.
    pub salt: [u8; SALT_BYTES],
    /// The nonce.
    pub counter: u64,
}

/// The sealer has sealed [`SEALS_MAX`] blocks: another takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent;

/// Why a sealed block cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// It is not an envelope that this release knows.
    UnknownFormat,
    /// It was not sealed with this key for this place, or it was changed since.
    NotAuthentic,
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            OpenError::UnknownFormat => "an encrypted block of records is of an unknown format",
            OpenError::NotAuthentic => "an encrypted block of records is not authentic",
        })
    }
}

impl std::error::Error for OpenError {}

/// Seals blocks, each with a nonce of its own. It has no `Debug`, since it holds a key.
pub struct Sealer {
    key: LessSafeKey,
    key_id: u32,
    salt: [u8; SALT_BYTES],
    sealed: AtomicU64,
}

impl Sealer {
    /// A sealer with the stream's data key number `key_id`. `salt` must be drawn at random for this sealer alone.
    pub fn new(data_key: &[u8; DATA_KEY_BYTES], key_id: u32, salt: [u8; SALT_BYTES]) -> Self {
        Sealer { key: block_key(data_key, &salt), key_id, salt, sealed: AtomicU64::new(0) }
    }

    /// Seals a block that was written into [`plain_part`] of `payload`.
    pub fn seal(&self, payload: &mut [u8], place: Place) -> Result<(), Spent> {
        let counter = self.sealed.fetch_add(1, Ordering::Relaxed);
        if counter >= SEALS_MAX {
            // The number only grows, so what is spent stays spent; it is far from overflowing.
            return Err(Spent);
        }
        let (front, rest) = payload.split_at_mut(SEALED_HEADER_BYTES);
        let (content, tag_place) = rest.split_at_mut(rest.len() - TAG_BYTES);
        debug_assert_eq!(front[FRONT_BYTES], VERSION, "a block in the clear lies inside");
        let codec = front[FRONT_BYTES + 1];
        front[..4].copy_from_slice(&[SEALED_VERSION, codec, 0, 0]);
        front[4..8].copy_from_slice(&self.key_id.to_le_bytes());
        front[8..FRONT_BYTES].copy_from_slice(&self.salt);
        front[COUNTER_AT..].copy_from_slice(&counter.to_le_bytes());
        let associated = associated(front, place);
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce(counter), Aad::from(associated), content)
            // Fails beyond 64 GiB only; a block has 11 MiB at most.
            .map_err(|_| Spent)?;
        tag_place.copy_from_slice(tag.as_ref());
        Ok(())
    }
}

/// Where in a payload that will be sealed the block in the clear is laid out first.
pub fn plain_part(payload: &mut [u8]) -> &mut [u8] {
    let end = payload.len() - TAG_BYTES;
    &mut payload[FRONT_BYTES..end]
}

/// The envelope's header; `None` for a block in the clear.
pub fn sealed_header(payload: &[u8]) -> Option<SealedHeader> {
    if payload.len() < SEALED_HEADER_BYTES + TAG_BYTES || payload[0] != SEALED_VERSION {
        return None;
    }
    let key_id = u32::from_le_bytes(payload[4..8].try_into().ok()?);
    let salt = payload[8..FRONT_BYTES].try_into().ok()?;
    let counter = u64::from_le_bytes(payload[COUNTER_AT..SEALED_HEADER_BYTES].try_into().ok()?);
    Some(SealedHeader { key_id, salt, counter })
}

/// The block in the clear that a payload was sealed from.
pub fn open(
    data_key: &[u8; DATA_KEY_BYTES],
    payload: &[u8],
    place: Place,
) -> Result<Vec<u8>, OpenError> {
    let header = sealed_header(payload).ok_or(OpenError::UnknownFormat)?;
    if payload[2..4] != [0, 0] {
        return Err(OpenError::UnknownFormat);
    }
    let key = block_key(data_key, &header.salt);
    let associated = associated(&payload[..SEALED_HEADER_BYTES], place);
    let (sealed, tag) = payload.split_at(payload.len() - TAG_BYTES);
    let tag = Tag::try_from(tag).map_err(|_| OpenError::UnknownFormat)?;
    // The copy opens with the header of a block in the clear, where the counter was.
    let mut block = sealed[COUNTER_AT..].to_vec();
    block[..HEADER_BYTES].copy_from_slice(&[VERSION, payload[1], 0, 0, 0, 0, 0, 0]);
    key.open_in_place_separate_tag(
        nonce(header.counter),
        Aad::from(associated),
        tag,
        &mut block[HEADER_BYTES..],
        0..,
    )
    .map_err(|_| OpenError::NotAuthentic)?;
    Ok(block)
}

fn block_key(data_key: &[u8; DATA_KEY_BYTES], salt: &[u8; SALT_BYTES]) -> LessSafeKey {
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(data_key);
    // Fails for more than 255 hashes of output only; this asks for one.
    let derived = secret.expand(INFO, &AES_256_GCM).expect("one hash of output is never too much");
    LessSafeKey::new(UnboundKey::from(derived))
}

fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[NONCE_LEN - 8..].copy_from_slice(&counter.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

/// The envelope's header and the place, as the tag covers them.
fn associated(header: &[u8], place: Place) -> [u8; SEALED_HEADER_BYTES + 16] {
    let mut bytes = [0; SEALED_HEADER_BYTES + 16];
    bytes[..SEALED_HEADER_BYTES].copy_from_slice(header);
    let rest = &mut bytes[SEALED_HEADER_BYTES..];
    rest[..8].copy_from_slice(&place.group.to_le_bytes());
    rest[8..12].copy_from_slice(&place.shard.to_le_bytes());
    rest[12..].copy_from_slice(&place.count.to_le_bytes());
    bytes
}

/// Opens any bytes as a sealed block; for fuzzing.
pub fn fuzz_sealed(input: &[u8]) {
    let place = Place { group: 1, shard: 2, count: 3 };
    // Without the key nothing can be made that opens.
    assert!(open(&[7; DATA_KEY_BYTES], input, place).is_err());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BlockWriter, payload_bytes, records};

    const KEY: [u8; 32] = [3; 32];
    const SALT: [u8; 16] = [9; 16];
    const PLACE: Place = Place { group: 17, shard: 4, count: 2 };

    fn plain(data: &[&[u8]]) -> Vec<u8> {
        let content = data.iter().map(|data| data.len() + 1).sum();
        let mut payload = vec![0xee; payload_bytes(data.len(), content)];
        let mut writer = BlockWriter::new(&mut payload, data.len());
        for data in data {
            writer.push(Some(b"k"), data.len()).copy_from_slice(data);
        }
        payload
    }

    fn sealed(sealer: &Sealer, plain: &[u8], place: Place) -> Vec<u8> {
        let mut payload = vec![0xee; plain.len() + SEALED_BYTES];
        plain_part(&mut payload).copy_from_slice(plain);
        sealer.seal(&mut payload, place).unwrap();
        payload
    }

    #[test]
    fn a_sealed_block_opens_to_what_it_was_whatever_its_size() {
        let sealer = Sealer::new(&KEY, 5, SALT);
        for size in [0, 1, 7, 15, 16, 17, 100, 4096, 300_000] {
            let block = plain(&[&vec![0xab; size], b""]);
            let payload = sealed(&sealer, &block, PLACE);
            assert_eq!(payload.len(), block.len() + SEALED_BYTES);
            let opened = open(&KEY, &payload, PLACE).unwrap();
            assert_eq!(opened, block);
            assert_eq!(records(&opened, 2).unwrap().count(), 2);
            assert!(records(&payload, 2).is_err(), "it is no block in the clear");
        }
    }

    #[test]
    fn the_layout_is_the_drawn_one() {
        let sealer = Sealer::new(&KEY, 0x0102_0304, SALT);
        sealed(&sealer, &plain(&[b"a", b"b"]), PLACE);
        let payload = sealed(&sealer, &plain(&[b"a", b"b"]), PLACE);
        assert_eq!(payload[..8], [2, 0, 0, 0, 4, 3, 2, 1]);
        assert_eq!(payload[8..24], SALT);
        assert_eq!(payload[24..32], [1, 0, 0, 0, 0, 0, 0, 0]);
        let header = SealedHeader { key_id: 0x0102_0304, salt: SALT, counter: 1 };
        assert_eq!(sealed_header(&payload), Some(header));
        assert_eq!(sealed_header(&plain(&[b"a", b"b"])), None);
        assert_eq!(payload.len(), 32 + 2 * 8 + 4 + 16);
    }

    #[test]
    fn any_flipped_bit_is_refused() {
        let payload = sealed(&Sealer::new(&KEY, 1, SALT), &plain(&[b"secret", b""]), PLACE);
        for bit in 0..payload.len() * 8 {
            let mut changed = payload.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&KEY, &changed, PLACE).is_err(), "bit {bit}");
        }
        for end in 0..payload.len() {
            assert!(open(&KEY, &payload[..end], PLACE).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_block_opens_with_its_key_at_its_place_only() {
        let payload = sealed(&Sealer::new(&KEY, 1, SALT), &plain(&[b"secret", b""]), PLACE);
        assert_eq!(open(&[4; 32], &payload, PLACE), Err(OpenError::NotAuthentic));
        for elsewhere in
            [Place { group: 18, ..PLACE }, Place { shard: 5, ..PLACE }, Place { count: 1, ..PLACE }]
        {
            assert_eq!(open(&KEY, &payload, elsewhere), Err(OpenError::NotAuthentic));
        }
        assert!(open(&KEY, &payload, PLACE).is_ok());
    }

    #[test]
    fn a_spent_sealer_seals_no_more() {
        let sealer = Sealer::new(&KEY, 1, SALT);
        sealer.sealed.store(SEALS_MAX - 1, Ordering::Relaxed);
        let block = plain(&[b"a", b"b"]);
        let payload = sealed(&sealer, &block, PLACE);
        assert_eq!(sealed_header(&payload).unwrap().counter, SEALS_MAX - 1);
        for _ in 0..3 {
            let mut payload = vec![0; block.len() + SEALED_BYTES];
            plain_part(&mut payload).copy_from_slice(&block);
            assert_eq!(sealer.seal(&mut payload, PLACE), Err(Spent));
            assert_eq!(plain_part(&mut payload), block, "what was not sealed is untouched");
        }
    }

    #[test]
    fn equal_blocks_look_different_each_time() {
        let sealer = Sealer::new(&KEY, 1, SALT);
        let block = plain(&[b"the same", b""]);
        let (one, other) = (sealed(&sealer, &block, PLACE), sealed(&sealer, &block, PLACE));
        assert_ne!(one[32..], other[32..]);
        assert!(!one.windows(8).any(|window| window == b"the same"));
    }
}
