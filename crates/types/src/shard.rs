//! Shard ids: `shardId-` and a number of twelve digits.

use std::fmt;
use std::str::FromStr;

/// A shard of a stream, numbered from 0; a child's number is higher than its parents'.
///
/// Source: the KPL parses the digits as an integer and takes a child to be higher than its parent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ShardId(pub u32);

/// The text is not `shardId-` followed by twelve digits within 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidShardId;

const PREFIX: &str = "shardId-";
const DIGITS: usize = 12;

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{:0DIGITS$}", self.0)
    }
}

impl FromStr for ShardId {
    type Err = InvalidShardId;

    fn from_str(text: &str) -> Result<Self, InvalidShardId> {
        let digits = text.strip_prefix(PREFIX).ok_or(InvalidShardId)?;
        if digits.len() != DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidShardId);
        }
        digits.parse().map(ShardId).map_err(|_| InvalidShardId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_text_parses() {
        assert_eq!("shardId-000000000007".parse(), Ok(ShardId(7)));
        assert_eq!(ShardId(7).to_string(), "shardId-000000000007");
        for bad in [
            "",
            "7",
            "shardId-7",
            "shardId-0000000000070",
            "shardId-+00000000007",
            "shardid-000000000007",
        ] {
            assert_eq!(bad.parse::<ShardId>(), Err(InvalidShardId), "{bad}");
        }
        assert_eq!("shardId-999999999999".parse::<ShardId>(), Err(InvalidShardId));
    }
}
