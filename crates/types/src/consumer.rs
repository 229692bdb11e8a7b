//! Consumers with a throughput of their own: their names and ARNs.

use std::fmt;
use std::str::FromStr;

use crate::names::is_name_byte;
use crate::{ArnError, InvalidName, StreamArn};

/// A consumer's name: 1 to 128 of `a-z A-Z 0-9 _ . -` (botocore, `ConsumerName`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerName(std::sync::Arc<str>);

/// Longest consumer name, in bytes (botocore, `ConsumerName`).
const CONSUMER_NAME_BYTES_MAX: usize = 128;

impl ConsumerName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ConsumerName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let length_fits = (1..=CONSUMER_NAME_BYTES_MAX).contains(&text.len());
        if length_fits && text.bytes().all(is_name_byte) {
            Ok(ConsumerName(text.into()))
        } else {
            Err(InvalidName)
        }
    }
}

impl fmt::Display for ConsumerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ConsumerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `<stream ARN>/consumer/<name>:<second of registration>`: another for each registration (botocore, `Consumer`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConsumerArn {
    /// The stream.
    pub stream: StreamArn,
    /// The consumer's name, unique in the stream.
    pub name: ConsumerName,
    /// The second in which it was registered, since the epoch.
    pub created_second: u64,
}

impl FromStr for ConsumerArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let (stream, rest) = text.split_once("/consumer/").ok_or(ArnError::Malformed)?;
        let (name, second) = rest.split_once(':').ok_or(ArnError::Malformed)?;
        let plain = second.bytes().all(|b| b.is_ascii_digit())
            && (second == "0" || !second.starts_with('0'));
        let created_second = second.parse().ok().filter(|_| plain).ok_or(ArnError::Malformed)?;
        let name = name.parse().map_err(|_| ArnError::Malformed)?;
        Ok(ConsumerArn { stream: stream.parse()?, name, created_second })
    }
}

impl fmt::Display for ConsumerArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ConsumerArn { stream, name, created_second } = self;
        write!(f, "{stream}/consumer/{name}:{created_second}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_arn_reads_back_as_written() {
        let text = "arn:aws:kinesis:us-east-1:000000000042:stream/a.b/consumer/c-1:1700000000";
        let arn: ConsumerArn = text.parse().unwrap();
        assert_eq!(arn.to_string(), text);
        assert_eq!((arn.name.as_str(), arn.created_second), ("c-1", 1_700_000_000));
    }

    #[test]
    fn anything_but_a_consumer_is_refused() {
        let stream = "arn:aws:kinesis:us-east-1:000000000000:stream/a";
        for bad in [
            "",
            "/consumer/",
            "/consumer/b",
            "/consumer/b:",
            "/consumer/b:x",
            "/consumer/b:+1",
            "/consumer/b:01",
            "/consumer/:1",
            "/consumer/*:1",
            "/consumer/b/c:1",
            "/consumer/b:1:2",
            "/consumer/b:99999999999999999999",
        ] {
            assert!(format!("{stream}{bad}").parse::<ConsumerArn>().is_err(), "{bad}");
        }
    }
}
