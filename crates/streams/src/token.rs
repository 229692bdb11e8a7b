//! Shard iterators and NextTokens: opaque to clients, authenticated, expiring, and all the state there is.
//!
//! A token is `version, kind, fields, HMAC-SHA256 of what precedes cut to 16 bytes` in base64. Why it is authenticated
//! and not encrypted: `docs/decisions/0003-tokens-are-authenticated-not-encrypted.md`.

use base64_simd::STANDARD;
use millstream_types::Millis;
use ring::hmac;

const VERSION: u8 = 1;
const TAG_BYTES: usize = 16;
/// Longest token that is looked at, in characters.
const TOKEN_CHARS_MAX: usize = 1024;

/// Makes and checks tokens with the key of the catalog.
pub struct TokenSealer {
    key: hmac::Key,
}

/// What a token is for: one kind is never taken for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    /// A shard iterator.
    Iterator = 1,
    /// A NextToken of ListStreams.
    ListStreams = 2,
    /// A NextToken of ListShards.
    ListShards = 3,
    /// A NextToken of ListChannels.
    ListChannels = 8,
    /// A NextToken of ListStreamConsumers.
    ListStreamConsumers = 20,
    /// A NextToken of ListQueues.
    ListQueues = 50,
    /// A receipt handle of a queue.
    ReceiptHandle = 51,
}

/// The text is not a token of this kind made with this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidToken;

impl TokenSealer {
    /// A sealer with the catalog's key.
    pub fn new(key: &[u8; 32]) -> Self {
        TokenSealer { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// A token that holds `fields`.
    pub fn seal(&self, kind: TokenKind, fields: &[u8]) -> String {
        let mut bytes = Vec::with_capacity(2 + fields.len() + TAG_BYTES);
        bytes.extend_from_slice(&[VERSION, kind as u8]);
        bytes.extend_from_slice(fields);
        let tag = hmac::sign(&self.key, &bytes);
        bytes.extend_from_slice(&tag.as_ref()[..TAG_BYTES]);
        STANDARD.encode_to_string(bytes)
    }

    /// The fields of a token.
    pub fn open(&self, kind: TokenKind, token: &str) -> Result<Vec<u8>, InvalidToken> {
        if token.len() > TOKEN_CHARS_MAX {
            return Err(InvalidToken);
        }
        let mut bytes = STANDARD.decode_to_vec(token).map_err(|_| InvalidToken)?;
        let signed =
            bytes.len().checked_sub(TAG_BYTES).filter(|signed| *signed >= 2).ok_or(InvalidToken)?;
        let expected = hmac::sign(&self.key, &bytes[..signed]);
        let differs =
            bytes[signed..].iter().zip(expected.as_ref()).fold(0, |sum, (a, b)| sum | (a ^ b));
        if differs != 0 || bytes[0] != VERSION || bytes[1] != kind as u8 {
            return Err(InvalidToken);
        }
        bytes.truncate(signed);
        bytes.drain(..2);
        Ok(bytes)
    }
}

/// What a shard iterator holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardIterator {
    /// The stream's log group: never reused, so an iterator of a deleted stream finds nothing.
    pub group: u64,
    /// The shard's number.
    pub shard: u32,
    /// Where to read on.
    pub position: u64,
    /// When it was made.
    pub made: Millis,
}

impl ShardIterator {
    /// As a token.
    pub fn seal(&self, sealer: &TokenSealer) -> String {
        let mut fields = [0; 28];
        fields[..8].copy_from_slice(&self.group.to_be_bytes());
        fields[8..12].copy_from_slice(&self.shard.to_be_bytes());
        fields[12..20].copy_from_slice(&self.position.to_be_bytes());
        fields[20..].copy_from_slice(&self.made.0.to_be_bytes());
        sealer.seal(TokenKind::Iterator, &fields)
    }

    /// From a token.
    pub fn open(sealer: &TokenSealer, token: &str) -> Result<Self, InvalidToken> {
        let fields: [u8; 28] =
            sealer.open(TokenKind::Iterator, token)?.try_into().map_err(|_| InvalidToken)?;
        let [a, b, c, d] = [&fields[..8], &fields[8..12], &fields[12..20], &fields[20..]];
        let number =
            |bytes: &[u8]| bytes.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        Ok(ShardIterator {
            group: number(a),
            shard: number(b) as u32,
            position: number(c),
            made: Millis(number(d)),
        })
    }
}

/// Opens any text as a token; for fuzzing.
pub fn fuzz_token(input: &[u8]) {
    let sealer = TokenSealer::new(&[1; 32]);
    if let Ok(text) = std::str::from_utf8(input) {
        assert_eq!(ShardIterator::open(&sealer, text), Err(InvalidToken));
        crate::queue::fuzz_handle(&sealer, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iterator() -> ShardIterator {
        ShardIterator { group: 17, shard: 3, position: 1 << 40, made: Millis(1_700_000_000_123) }
    }

    #[test]
    fn an_iterator_reads_back_with_its_key_only() {
        let sealer = TokenSealer::new(&[7; 32]);
        let token = iterator().seal(&sealer);
        assert!(token.len() <= 512);
        assert_eq!(ShardIterator::open(&sealer, &token), Ok(iterator()));
        assert_eq!(ShardIterator::open(&TokenSealer::new(&[8; 32]), &token), Err(InvalidToken));
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let sealer = TokenSealer::new(&[7; 32]);
        let token = STANDARD.decode_to_vec(iterator().seal(&sealer)).unwrap();
        for bit in 0..token.len() * 8 {
            let mut forged = token.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let forged = STANDARD.encode_to_string(forged);
            assert_eq!(ShardIterator::open(&sealer, &forged), Err(InvalidToken), "bit {bit}");
        }
        for bad in ["", "AAAA", "not base64", &"A".repeat(4096)] {
            assert_eq!(ShardIterator::open(&sealer, bad), Err(InvalidToken));
        }
    }

    #[test]
    fn one_kind_is_not_taken_for_another() {
        let sealer = TokenSealer::new(&[7; 32]);
        let token = sealer.seal(TokenKind::ListStreams, b"x");
        assert_eq!(sealer.open(TokenKind::ListShards, &token), Err(InvalidToken));
        assert_eq!(sealer.open(TokenKind::ListStreams, &token), Ok(b"x".to_vec()));
    }
}
