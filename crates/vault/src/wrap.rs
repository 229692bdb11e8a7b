//! Wrapping of a key, or of another short secret, by a key: AES-256-GCM under a key that is derived for this one
//! wrapping.
//!
//! The layout is drawn in `docs/formats/keys.md`.

use millstream_types::Random;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, Tag, UnboundKey};
use ring::hkdf;

use crate::data_key::DataKey;

const VERSION: u8 = 1;
const SALT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const INFO: &[u8] = b"millstream wrapping key 1";

/// `key` wrapped by `by`, bound to `name` (of the wrapping key) and `context`.
pub fn wrap(
    by: &DataKey,
    name: &str,
    context: &str,
    key: &DataKey,
    random: &dyn Random,
) -> Vec<u8> {
    seal(by, name, context, key.bytes(), random)
}

/// Any short text of bytes, sealed as a key is wrapped.
pub fn seal(by: &DataKey, name: &str, context: &str, clear: &[u8], random: &dyn Random) -> Vec<u8> {
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt);
    let mut sealed = clear.to_vec();
    let tag = once(by, name, &salt)
        .seal_in_place_separate_tag(nonce(), Aad::from(context.as_bytes()), &mut sealed)
        // Fails beyond 64 GiB only.
        .expect("what is sealed is short");
    [&[VERSION][..], &salt, &sealed, tag.as_ref()].concat()
}

/// What was wrapped; `None` if it was not wrapped by this key, name and context.
pub fn unwrap(by: &DataKey, name: &str, context: &str, wrapped: &[u8]) -> Option<DataKey> {
    let key = unseal(by, name, context, wrapped)?;
    key.try_into().ok().map(DataKey::new)
}

/// What was sealed; `None` if it was not sealed by this key, name and context.
pub fn unseal(by: &DataKey, name: &str, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (version, rest) = sealed.split_first()?;
    let (salt, rest) = rest.split_at_checked(SALT_BYTES)?;
    let (sealed, tag) = rest.split_at_checked(rest.len().checked_sub(TAG_BYTES)?)?;
    if *version != VERSION {
        return None;
    }
    let mut clear = sealed.to_vec();
    let tag = Tag::try_from(tag).ok()?;
    once(by, name, salt)
        .open_in_place_separate_tag(nonce(), Aad::from(context.as_bytes()), tag, &mut clear, 0..)
        .ok()?;
    Some(clear)
}

/// A key for one wrapping: its salt of 256 bits is drawn for it, so that its one nonce may be zero.
fn once(by: &DataKey, name: &str, salt: &[u8]) -> LessSafeKey {
    derive(by, salt, &[INFO, name.as_bytes()])
}

/// A key of a key, for the use that `info` says.
pub(crate) fn derive(by: &DataKey, salt: &[u8], info: &[&[u8]]) -> LessSafeKey {
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(by.bytes());
    // Fails for more than 255 hashes of output only; this asks for one.
    let derived = secret.expand(info, &AES_256_GCM).expect("one hash of output is never too much");
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
        assert_eq!(wrapped.len(), 1 + SALT_BYTES + 32 + TAG_BYTES);
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

    #[test]
    fn what_is_sealed_is_not_taken_for_a_key_unless_it_has_its_length() {
        let random = SeededRandom::new(4);
        let by = DataKey::random(&random);
        for length in [0, 1, 31, 33, 4096] {
            let sealed = seal(&by, "name", "context", &vec![7; length], &random);
            assert_eq!(unseal(&by, "name", "context", &sealed), Some(vec![7; length]));
            assert_eq!(unwrap(&by, "name", "context", &sealed), None);
            assert_eq!(unseal(&by, "name", "context", &sealed[..sealed.len() - 1]), None);
        }
        assert_eq!(unseal(&by, "name", "context", &[]), None);
    }
}
