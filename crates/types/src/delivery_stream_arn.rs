//! Amazon Resource Names of delivery streams.

use std::fmt;
use std::str::FromStr;

use crate::{AccountId, ArnError, DeliveryStreamName, Region};

/// `arn:<partition>:firehose:<region>:<account>:deliverystream/<name>`, and nothing after the name.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DeliveryStreamArn {
    /// The delivery stream's region; it decides the partition.
    pub region: Region,
    /// The account that owns it.
    pub account: AccountId,
    /// Its name.
    pub name: DeliveryStreamName,
}

impl FromStr for DeliveryStreamArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "firehose", region, account, resource] = parts[..] else {
            return Err(ArnError::Malformed);
        };
        let region: Region = region.parse().map_err(|_| ArnError::Malformed)?;
        let account = account.parse().map_err(|_| ArnError::Malformed)?;
        let name = resource.strip_prefix("deliverystream/").ok_or(ArnError::Malformed)?;
        let name = name.parse().map_err(|_| ArnError::Malformed)?;
        if partition != region.partition() {
            return Err(ArnError::WrongPartition);
        }
        Ok(DeliveryStreamArn { region, account, name })
    }
}

impl fmt::Display for DeliveryStreamArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DeliveryStreamArn { region, account, name } = self;
        let partition = region.partition();
        write!(f, "arn:{partition}:firehose:{region}:{account}:deliverystream/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_reads_back_as_written_and_nothing_else_is_taken_for_one() {
        let text = "arn:aws-cn:firehose:cn-north-1:000000000042:deliverystream/a.b-c";
        assert_eq!(text.parse::<DeliveryStreamArn>().unwrap().to_string(), text);
        for bad in [
            "",
            "arn:aws:firehose:us-east-1:000000000000:deliverystream/",
            "arn:aws:firehose:us-east-1:000000000000:deliverystream/a/b",
            "arn:aws:firehose:us-east-1:000000000000:deliverystream/*",
            "arn:aws:kinesis:us-east-1:000000000000:deliverystream/a",
            "arn:aws:firehose:us-east-1:12:deliverystream/a",
        ] {
            assert_eq!(bad.parse::<DeliveryStreamArn>(), Err(ArnError::Malformed), "{bad}");
        }
        let foreign = "arn:aws-cn:firehose:us-east-1:000000000000:deliverystream/a";
        assert_eq!(foreign.parse::<DeliveryStreamArn>(), Err(ArnError::WrongPartition));
    }
}
