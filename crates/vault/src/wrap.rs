//! Wrapping of a key by a key: AES-256-GCM under a key that is derived for this one wrapping.
//!
//! The layout is drawn in `docs/formats/keys.md`.

use millstream_types::Random;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, Tag, UnboundKey};
use ring::hkdf;

use crate::data_key::DataKey;

const VERSION: u8 = 1;
const SALT_BYTES: usize = 32;
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// Bytes of a wrapped key.
pub const WRAPPED_BYTES: usize = 1 + SALT_BYTES + KEY_BYTES + TAG_BYTES;
const INFO: &[u8] = b"millstream wrapping key 1";

/// `key` wrapped by `by`, bound to `name` (of the wrapping key) and `context`.
pub fn wrap(
    by: &DataKey,
    name: &str,
    context: &str,
    key: &DataKey,
    random: &dyn Random,
) -> Vec<u8> {
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt);
    let mut sealed = *key.bytes();
    let tag = once(by, name, &salt)
        .seal_in_place_separate_tag(nonce(), Aad::from(context.as_bytes()), &mut sealed)
        // Fails beyond 64 GiB only.
        .expect("a key is short");
    [&[VERSION][..], &salt, &sealed, tag.as_ref()].concat()
}

/// What was wrapped; `None` if it was not wrapped by this key, name and context.
pub fn unwrap(by: &DataKey, name: &str, context: &str, wrapped: &[u8]) -> Option<DataKey> {
    if wrapped.len() != WRAPPED_BYTES || wrapped[0] != VERSION {
        return None;
    }
    let (salt, rest) = wrapped[1..].split_at(SALT_BYTES);
    let (sealed, tag) = rest.split_at(KEY_BYTES);
    let mut key: [u8; KEY_BYTES] = sealed.try_into().ok()?;
    let tag = Tag::try_from(tag).ok()?;
    once(by, name, salt)
        .open_in_place_separate_tag(nonce(), Aad::from(context.as_bytes()), tag, &mut key, 0..)
        .ok()?;
    Some(DataKey::new(key))
}

/// A key for one wrapping: its salt of 256 bits is drawn for it, so that its one nonce may be zero.
fn once(by: &DataKey, name: &str, salt: &[u8]) -> LessSafeKey {
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(by.bytes());
    let info = [INFO, name.as_bytes()];
    // Fails for more than 255 hashes of output only; this asks for one.
    let derived = secret.expand(&info, &AES_256_GCM).expect("one hash of output is never too much");
    LessSafeKey::new(UnboundKey::from(derived))
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

#[cfg(test)]
mod tests {
    use millstream_types::SeededRandom;

    use super::*;

    #[test]
    fn a_wrapped_key_opens_with_its_key_name_and_context_only() {
        let random = SeededRandom::new(3);
        let (by, key) = (DataKey::random(&random), DataKey::random(&random));
        let wrapped = wrap(&by, "name", "context", &key, &random);
        assert_eq!(wrapped.len(), WRAPPED_BYTES);
        assert_eq!(unwrap(&by, "name", "context", &wrapped), Some(key.clone()));
        assert_eq!(unwrap(&by, "other", "context", &wrapped), None);
        assert_eq!(unwrap(&by, "name", "other", &wrapped), None);
        assert_eq!(unwrap(&key, "name", "context", &wrapped), None);
        for bit in 0..wrapped.len() * 8 {
            let mut changed = wrapped.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unwrap(&by, "name", "context", &changed), None, "bit {bit}");
        }
        assert_ne!(wrap(&by, "name", "context", &key, &random), wrapped);
    }
}
