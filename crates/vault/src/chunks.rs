//! The cipher of a file that is sealed in chunks: AES-256-GCM under a key of the file's own, each chunk by its number,
//! and at the end what the file says of itself.
//!
//! No nonce repeats: a [`ChunkSealer`] draws a salt of 256 bits, has a key that nobody else has, and counts. Which
//! bytes are a chunk and where they lie is the caller's; decision 0330 has the reasons.

use millstream_types::Random;
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};

use crate::data_key::DataKey;
use crate::wrap::derive;

/// Bytes of a file's salt.
pub const FILE_SALT_BYTES: usize = 32;
/// Bytes that a sealed chunk has more than the same chunk in the clear.
pub const TAG_BYTES: usize = 16;

const INFO: &[u8] = b"millstream file key 1";
/// First bytes of nonces: what is sealed under it.
const CHUNK: u8 = 0;
const END: u8 = 1;

/// Seals one file, from its first chunk to its end. It has no `Debug`, since it holds a key.
pub struct ChunkSealer {
    key: LessSafeKey,
    salt: [u8; FILE_SALT_BYTES],
    sealed: u64,
}

impl ChunkSealer {
    /// For one new file, which opens only under the same identity.
    pub fn new(by: &DataKey, identity: &str, random: &dyn Random) -> Self {
        let mut salt = [0; FILE_SALT_BYTES];
        random.fill(&mut salt);
        ChunkSealer { key: file_key(by, identity, &salt), salt, sealed: 0 }
    }

    /// What the file's key is derived with: to be kept with the file.
    pub fn salt(&self) -> [u8; FILE_SALT_BYTES] {
        self.salt
    }

    /// Seals the next chunk; its tag is appended.
    pub fn seal(&mut self, chunk: &mut Vec<u8>) {
        let nonce = nonce(CHUNK, self.sealed);
        self.sealed += 1;
        self.append_tag(nonce, &[], chunk);
    }

    /// Seals the end: `said` is what the file says openly and may not be changed, `secret` what only its readers are
    /// told.
    pub fn finish(self, said: &[u8], mut secret: Vec<u8>) -> Vec<u8> {
        self.append_tag(nonce(END, 0), said, &mut secret);
        secret
    }

    fn append_tag(&self, nonce: Nonce, associated: &[u8], bytes: &mut Vec<u8>) {
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(associated), bytes)
            // Fails beyond 64 GiB only.
            .expect("what is sealed is short");
    }
}

/// Opens the chunks of one file, in any order. It has no `Debug`, since it holds a key.
pub struct ChunkOpener {
    key: LessSafeKey,
}

impl ChunkOpener {
    /// For the file of this salt and identity.
    pub fn new(by: &DataKey, identity: &str, salt: &[u8; FILE_SALT_BYTES]) -> Self {
        ChunkOpener { key: file_key(by, identity, salt) }
    }

    /// Opens chunk `number` in its place; `None` if it is not what was sealed there.
    pub fn open<'a>(&self, number: u64, chunk: &'a mut [u8]) -> Option<&'a [u8]> {
        let opened = self.key.open_in_place(nonce(CHUNK, number), Aad::empty(), chunk).ok()?;
        Some(opened)
    }

    /// The secret of the end; `None` if it or what the file says is not what was sealed.
    pub fn open_end(&self, said: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut secret = sealed.to_vec();
        let length =
            self.key.open_in_place(nonce(END, 0), Aad::from(said), &mut secret).ok()?.len();
        secret.truncate(length);
        Some(secret)
    }
}

fn file_key(by: &DataKey, identity: &str, salt: &[u8; FILE_SALT_BYTES]) -> LessSafeKey {
    derive(by, salt, &[INFO, identity.as_bytes()])
}

fn nonce(kind: u8, number: u64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[0] = kind;
    bytes[NONCE_LEN - 8..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use millstream_types::SeededRandom;

    use super::*;

    /// A file of two chunks and its end.
    fn sealed(by: &DataKey) -> ([u8; FILE_SALT_BYTES], Vec<Vec<u8>>, Vec<u8>) {
        let mut sealer = ChunkSealer::new(by, "a", &SeededRandom::new(2));
        let salt = sealer.salt();
        let mut chunks = vec![b"same".to_vec(), b"same".to_vec()];
        chunks.iter_mut().for_each(|chunk| sealer.seal(chunk));
        (salt, chunks, sealer.finish(b"said", b"secret".to_vec()))
    }

    fn opened(opener: &ChunkOpener, number: u64, chunk: &[u8]) -> Option<Vec<u8>> {
        let mut chunk = chunk.to_vec();
        opener.open(number, &mut chunk).map(<[u8]>::to_vec)
    }

    #[test]
    fn a_chunk_opens_in_its_place_only() {
        let by = DataKey::new([1; 32]);
        let (salt, chunks, end) = sealed(&by);
        assert_ne!(chunks[0], chunks[1]);
        let opener = ChunkOpener::new(&by, "a", &salt);
        for (number, chunk) in (0..).zip(&chunks) {
            assert_eq!(opened(&opener, number, chunk), Some(b"same".to_vec()));
            assert_eq!(opened(&opener, number + 1, chunk), None);
            assert_eq!(opened(&opener, number, &chunk[..chunk.len() - 1]), None);
            for bit in 0..chunk.len() * 8 {
                let mut changed = chunk.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(opened(&opener, number, &changed), None, "bit {bit}");
            }
        }
        assert_eq!(opener.open_end(b"said", &end), Some(b"secret".to_vec()));
        assert_eq!(opener.open_end(b"Said", &end), None);
        // Chunk and end of the same bytes are told apart, though both are the first of their kind.
        assert_eq!(opened(&opener, 0, &end), None);
        assert_eq!(opener.open_end(b"", &chunks[0]), None);
    }

    #[test]
    fn another_identity_salt_or_key_opens_nothing() {
        let by = DataKey::new([1; 32]);
        let (salt, chunks, end) = sealed(&by);
        let mut other = salt;
        other[31] ^= 1;
        for opener in [
            ChunkOpener::new(&by, "b", &salt),
            ChunkOpener::new(&by, "a", &other),
            ChunkOpener::new(&DataKey::new([2; 32]), "a", &salt),
        ] {
            assert_eq!(opened(&opener, 0, &chunks[0]), None);
            assert_eq!(opener.open_end(b"said", &end), None);
        }
    }

    #[test]
    fn two_files_of_one_key_share_nothing() {
        let (by, random) = (DataKey::new([1; 32]), SeededRandom::new(3));
        let files = [0, 1].map(|_| {
            let mut sealer = ChunkSealer::new(&by, "a", &random);
            let mut chunk = b"same".to_vec();
            sealer.seal(&mut chunk);
            (sealer.salt(), chunk)
        });
        assert_ne!(files[0].0, files[1].0);
        assert_ne!(files[0].1, files[1].1);
    }
}
