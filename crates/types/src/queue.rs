//! Names of queues: the one that the user chooses and the one that the service gives.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::names::{STREAM_NAME_BYTES_MAX, is_name_byte};
use crate::{AccountId, ArnError, InvalidName, Random, Region};

/// A queue's name: 1 to 128 of `a-z A-Z 0-9 _ . -` (botocore, `QueueName`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueName(Arc<str>);

impl QueueName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for QueueName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        // botocore gives `QueueName` the length and the pattern of `StreamName`.
        let length_fits = (1..=STREAM_NAME_BYTES_MAX).contains(&text.len());
        if length_fits && text.bytes().all(is_name_byte) {
            Ok(QueueName(text.into()))
        } else {
            Err(InvalidName)
        }
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A queue's generated id: 20 of `a-z 0-9`. It is a label of a host's name where AWS addresses a queue by host.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(Arc<str>);

/// Characters of a queue's id.
const QUEUE_ID_CHARS: usize = 20;
const ID_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

impl QueueId {
    /// A new id: 100 random bits.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; QUEUE_ID_CHARS];
        random.fill(&mut bytes);
        let chars = bytes.iter().map(|byte| char::from(ID_ALPHABET[usize::from(byte % 32)]));
        QueueId(chars.collect::<String>().into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for QueueId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        if text.len() == QUEUE_ID_CHARS && text.bytes().all(plain) {
            Ok(QueueId(text.into()))
        } else {
            Err(InvalidName)
        }
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `arn:<partition>:kinesis:<region>:<account>:queue/<id>`, and nothing after the id.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct QueueArn {
    /// The queue's region; it decides the partition.
    pub region: Region,
    /// The account that owns the queue.
    pub account: AccountId,
    /// The queue's id.
    pub id: QueueId,
}

impl FromStr for QueueArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or(ArnError::Malformed);
        let (arn, partition, service) = (next()?, next()?, next()?);
        let (region, account, resource) = (next()?, next()?, next()?);
        if arn != "arn" || service != "kinesis" {
            return Err(ArnError::Malformed);
        }
        let region: Region = region.parse().map_err(|_| ArnError::Malformed)?;
        let account = account.parse().map_err(|_| ArnError::Malformed)?;
        let id = resource.strip_prefix("queue/").ok_or(ArnError::Malformed)?;
        let id = id.parse().map_err(|_| ArnError::Malformed)?;
        if partition != region.partition() {
            return Err(ArnError::WrongPartition);
        }
        Ok(QueueArn { region, account, id })
    }
}

impl fmt::Display for QueueArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let QueueArn { region, account, id } = self;
        write!(f, "arn:{}:kinesis:{region}:{account}:queue/{id}", region.partition())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRandom;

    #[test]
    fn a_generated_id_reads_back_in_an_arn() {
        let id = QueueId::generate(&SeededRandom::new(3));
        let arn = QueueArn {
            region: "eu-central-1".parse().unwrap(),
            account: AccountId::from_u64(42).unwrap(),
            id: id.clone(),
        };
        let text = arn.to_string();
        assert_eq!(text, format!("arn:aws:kinesis:eu-central-1:000000000042:queue/{id}"));
        assert_eq!(text.parse::<QueueArn>(), Ok(arn));
    }

    #[test]
    fn anything_but_a_queue_is_refused() {
        for bad in [
            "",
            "arn:aws:kinesis:us-east-1:000000000000:queue/",
            "arn:aws:kinesis:us-east-1:000000000000:queue/orders",
            "arn:aws:kinesis:us-east-1:000000000000:queue/ABCDEFGHIJKLMNOPQRST",
            "arn:aws:kinesis:us-east-1:000000000000:queue/abcdefghijklmnopqrst/x",
            "arn:aws:kinesis:us-east-1:000000000000:stream/abcdefghijklmnopqrst",
            "arn:aws:sqs:us-east-1:000000000000:queue/abcdefghijklmnopqrst",
        ] {
            assert_eq!(bad.parse::<QueueArn>(), Err(ArnError::Malformed), "{bad}");
        }
    }
}
