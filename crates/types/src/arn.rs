//! Amazon Resource Names of streams.

use std::fmt;
use std::str::FromStr;

use crate::{AccountId, Region, StreamName};

/// `arn:<partition>:kinesis:<region>:<account>:stream/<name>`, and nothing after the name.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct StreamArn {
    /// The stream's region; it decides the partition.
    pub region: Region,
    /// The account that owns the stream.
    pub account: AccountId,
    /// The stream's name.
    pub name: StreamName,
}

/// What is wrong with an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArnError {
    /// It is not of the form of a stream's ARN.
    Malformed,
    /// Its partition is not the one of its region.
    WrongPartition,
}

impl FromStr for StreamArn {
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
        let name = resource.strip_prefix("stream/").ok_or(ArnError::Malformed)?;
        let name = name.parse().map_err(|_| ArnError::Malformed)?;
        if partition != region.partition() {
            return Err(ArnError::WrongPartition);
        }
        Ok(StreamArn { region, account, name })
    }
}

impl fmt::Display for StreamArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StreamArn { region, account, name } = self;
        write!(f, "arn:{}:kinesis:{region}:{account}:stream/{name}", region.partition())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_arn_reads_back_as_written() {
        let text = "arn:aws-cn:kinesis:cn-north-1:000000000042:stream/a.b-c";
        assert_eq!(text.parse::<StreamArn>().unwrap().to_string(), text);
    }

    #[test]
    fn anything_but_a_stream_is_refused() {
        for bad in [
            "",
            "arn:aws:kinesis:us-east-1:000000000000:stream/",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:1",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a:b",
            "arn:aws:kinesis:us-east-1:000000000000:stream/*",
            "arn:aws:firehose:us-east-1:000000000000:stream/a",
            "arn:aws:kinesis:us-east-1:12:stream/a",
            "arn:aws:kinesis::000000000000:stream/a",
            "ARN:aws:kinesis:us-east-1:000000000000:stream/a",
        ] {
            assert_eq!(bad.parse::<StreamArn>(), Err(ArnError::Malformed), "{bad}");
        }
        let foreign = "arn:aws:kinesis:cn-north-1:000000000000:stream/a".parse::<StreamArn>();
        assert_eq!(foreign, Err(ArnError::WrongPartition));
    }
}
