//! Hash keys: where in the 128-bit space a record belongs.

use std::fmt;
use std::str::FromStr;

use md5::{Digest, Md5};

/// A point of the hash key space, 0 to 2^128 - 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HashKey(pub u128);

/// The text is not a decimal number without leading zeros below 2^128.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidHashKey;

impl HashKey {
    /// The highest hash key.
    pub const MAX: HashKey = HashKey(u128::MAX);

    /// The MD5 of the partition key's UTF-8, read as an unsigned big-endian number (botocore, `PutRecord`).
    pub fn of_partition_key(key: &str) -> Self {
        HashKey(u128::from_be_bytes(Md5::digest(key.as_bytes()).into()))
    }
}

impl fmt::Display for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for HashKey {
    type Err = InvalidHashKey;

    fn from_str(text: &str) -> Result<Self, InvalidHashKey> {
        let canonical = text == "0" || matches!(text.as_bytes().first(), Some(b'1'..=b'9'));
        if !canonical || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidHashKey);
        }
        text.parse().map(HashKey).map_err(|_| InvalidHashKey)
    }
}

/// A contiguous part of the hash key space, both ends included; `start <= end`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct HashKeyRange {
    /// The lowest key inside.
    pub start: HashKey,
    /// The highest key inside.
    pub end: HashKey,
}

impl HashKeyRange {
    /// The whole space.
    pub const ALL: HashKeyRange = HashKeyRange { start: HashKey(0), end: HashKey::MAX };

    /// Whether `key` lies inside.
    pub fn contains(&self, key: HashKey) -> bool {
        self.start <= key && key <= self.end
    }

    /// Range `index` of the `count` equal ranges a new stream starts with: it starts at
    /// `index × floor(2^128 / count)`, and the last ends at `2^128 - 1`. `index < count`.
    pub fn uniform(index: u32, count: u32) -> Self {
        debug_assert!(index < count);
        if count == 1 {
            return Self::ALL;
        }
        let count = u128::from(count);
        // floor(2^128 / count) without 129 bits: 2^128 = (2^128 - 1) + 1.
        let width = u128::MAX / count + u128::from(u128::MAX % count == count - 1);
        let start = width * u128::from(index);
        let last = u128::from(index) == count - 1;
        let end = if last { u128::MAX } else { start + width - 1 };
        HashKeyRange { start: HashKey(start), end: HashKey(end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_ranges_tile_the_space() {
        for count in [1, 2, 3, 5, 6, 64, 1000, 10_000] {
            let mut next = 0u128;
            for index in 0..count {
                let range = HashKeyRange::uniform(index, count);
                assert_eq!(range.start.0, next, "{index} of {count}");
                assert!(range.start <= range.end);
                next = range.end.0.wrapping_add(1);
            }
            assert_eq!(next, 0, "the last of {count} ends at 2^128 - 1");
        }
    }

    #[test]
    fn three_shards_start_where_aws_puts_them() {
        assert_eq!(
            HashKeyRange::uniform(1, 3).start.to_string(),
            "113427455640312821154458202477256070485"
        );
        assert_eq!(
            HashKeyRange::uniform(5, 6).start.to_string(),
            "283568639100782052886145506193140176210"
        );
    }

    #[test]
    fn only_canonical_decimal_parses() {
        assert_eq!("0".parse(), Ok(HashKey(0)));
        assert_eq!(u128::MAX.to_string().parse(), Ok(HashKey::MAX));
        for bad in
            ["", "-1", "+1", "00", "01", "1 ", "0x1", "340282366920938463463374607431768211456"]
        {
            assert_eq!(bad.parse::<HashKey>(), Err(InvalidHashKey), "{bad}");
        }
    }

    #[test]
    fn partition_key_hashes_as_md5() {
        assert_eq!(HashKey::of_partition_key("a").0, 0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661);
    }
}
