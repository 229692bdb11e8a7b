//! Names and ids of what is beside streams: consumers, queues, channels, delivery streams.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{InvalidName, Random};

/// Longest name of a consumer or channel, in bytes (botocore, `ConsumerName`, `ChannelName`).
const NAME_BYTES_MAX: usize = 128;
/// Longest name of a delivery stream, in bytes (botocore, firehose, `DeliveryStreamName`).
const DELIVERY_STREAM_NAME_BYTES_MAX: usize = 64;
/// Longest id of a queue or channel, in bytes (botocore, `ChannelId`).
const ID_BYTES_MAX: usize = 64;

fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_delivery_stream_name(text: &str) -> bool {
    text.len() <= DELIVERY_STREAM_NAME_BYTES_MAX && is_name(text)
}

/// An id is also a part of a host's name (botocore's endpoint rules), so nothing else may be in it.
fn is_id(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $valid:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if $valid(text) { Ok($name(text.into())) } else { Err(InvalidName) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type! {
    /// A consumer's name: 1 to 128 of `a-z A-Z 0-9 _ . -` (botocore, `ConsumerName`).
    ConsumerName, is_name
}
text_type! {
    /// A channel's name: 1 to 128 of `a-z A-Z 0-9 _ . -` (botocore, `ChannelName`).
    ChannelName, is_name
}
text_type! {
    /// A queue's id, which its ARN ends in: 1 to 64 of `a-z 0-9 -`.
    QueueId, is_id
}
text_type! {
    /// A queue's name: 1 to 128 of `a-z A-Z 0-9 _ . -` (botocore, `QueueName`).
    QueueName, is_name
}
text_type! {
    /// A channel's id, which its ARN ends in: 1 to 64 of `a-z 0-9 -`.
    ChannelId, is_id
}
text_type! {
    /// A delivery stream's name: 1 to 64 of `a-z A-Z 0-9 _ . -` (botocore, firehose, `DeliveryStreamName`).
    DeliveryStreamName, is_delivery_stream_name
}

/// Characters of a generated id.
const GENERATED_ID_CHARS: usize = 20;
const ID_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

impl QueueId {
    /// A new id: 100 random bits.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; GENERATED_ID_CHARS];
        random.fill(&mut bytes);
        let chars = bytes.iter().map(|byte| char::from(ID_ALPHABET[usize::from(byte % 32)]));
        QueueId(chars.collect::<String>().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_take_their_letters_only() {
        for good in ["a", "A.b-c_9", &"x".repeat(128)] {
            assert!(good.parse::<ConsumerName>().is_ok() && good.parse::<ChannelName>().is_ok());
        }
        for bad in ["", "a b", "a/b", "a:b", "ä", "a*", &"x".repeat(129)] {
            assert!(bad.parse::<ConsumerName>().is_err() && bad.parse::<ChannelName>().is_err());
        }
        assert!("x".repeat(64).parse::<DeliveryStreamName>().is_ok());
        for bad in ["", "a b", &"x".repeat(65)] {
            assert!(bad.parse::<DeliveryStreamName>().is_err());
        }
        assert_eq!("a-0".parse::<QueueId>().unwrap().as_str(), "a-0");
        for bad in ["", "A", "a.b", "a/b", "a:b", "a_b", &"x".repeat(65)] {
            assert!(bad.parse::<QueueId>().is_err() && bad.parse::<ChannelId>().is_err(), "{bad}");
        }
    }
}
