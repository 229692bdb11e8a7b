//! The ids that each reply carries.

use std::sync::atomic::{AtomicU64, Ordering};

use base64_simd::STANDARD;
use millstream_types::Random;

/// Makes request ids: unique, unpredictable enough, cheap. No secret hangs on them.
pub struct RequestIds {
    seed: u64,
    next: AtomicU64,
}

/// One request's ids.
#[derive(Clone, Debug)]
pub struct RequestId {
    /// `x-amzn-RequestId`, in the form of a UUID.
    pub id: String,
    words: [u64; 2],
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
/// Bytes of `x-amz-id-2` before base64: 96 characters.
const EXTENDED_BYTES: usize = 72;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl RequestIds {
    /// A sequence that begins at a random place.
    pub fn new(random: &dyn Random) -> Self {
        RequestIds { seed: random.next_u64(), next: AtomicU64::new(random.next_u64()) }
    }

    /// The ids of the next request.
    pub fn next(&self) -> RequestId {
        let n = self.next.fetch_add(STEP, Ordering::Relaxed);
        let words = [mix(n), mix(n ^ self.seed)];
        RequestId { id: uuid(words), words }
    }
}

impl RequestId {
    /// `x-amz-id-2`.
    pub fn extended(&self) -> String {
        let mut bytes = [0; EXTENDED_BYTES];
        for (index, chunk) in bytes.chunks_exact_mut(8).enumerate() {
            let word = mix(self.words[index % 2].wrapping_add(STEP.wrapping_mul(index as u64 + 1)));
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        STANDARD.encode_to_string(bytes)
    }
}

fn uuid([high, low]: [u64; 2]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let number = u128::from(high) << 64 | u128::from(low);
    let number = number & !(0xf << 76) | 0x4 << 76;
    let number = number & !(0x3 << 62) | 0x2 << 62;
    let mut text = String::with_capacity(36);
    for digit in 0..32 {
        if matches!(digit, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(HEX[(number >> (124 - digit * 4)) as usize & 0xf].into());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_types::SeededRandom;

    #[test]
    fn ids_have_the_forms_that_clients_expect() {
        let ids = RequestIds::new(&SeededRandom::new(1));
        let (first, second) = (ids.next(), ids.next());
        assert_ne!(first.id, second.id);
        assert_ne!(first.extended(), second.extended());
        assert_eq!(first.extended().len(), 96);
        let groups: Vec<_> = first.id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!(&first.id[14..15], "4");
    }
}
