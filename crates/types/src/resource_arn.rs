//! Amazon Resource Names of whatever can have tags and policies, each parsed once into what it names.

use std::fmt;
use std::str::FromStr;

use crate::{AccountId, ArnError, ChannelId, ConsumerName, Millis, QueueId, Region, StreamArn};

/// `<stream's ARN>/consumer/<name>:<second of creation>`: a consumer registered again has another ARN.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConsumerArn {
    /// The stream's ARN.
    pub stream: StreamArn,
    /// The consumer's name.
    pub name: ConsumerName,
    /// When it was registered, in seconds since 1970.
    pub created_second: u64,
}

/// `arn:<partition>:kinesis:<region>:<account>:queue/<id>`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct QueueArn {
    /// The queue's region; it decides the partition.
    pub region: Region,
    /// The account that owns the queue.
    pub account: AccountId,
    /// The queue's id.
    pub id: QueueId,
}

/// `arn:<partition>:kinesis:<region>:<account>:channel/<id>`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ChannelArn {
    /// The channel's region; it decides the partition.
    pub region: Region,
    /// The account that owns the channel.
    pub account: AccountId,
    /// The channel's id.
    pub id: ChannelId,
}

/// The ARN of any resource of the service.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ResourceArn {
    /// A stream's.
    Stream(StreamArn),
    /// A consumer's.
    Consumer(ConsumerArn),
    /// A queue's.
    Queue(QueueArn),
    /// A channel's.
    Channel(ChannelArn),
}

impl ResourceArn {
    /// The account that owns the resource.
    pub fn account(&self) -> AccountId {
        match self {
            ResourceArn::Stream(arn) => arn.account,
            ResourceArn::Consumer(arn) => arn.stream.account,
            ResourceArn::Queue(arn) => arn.account,
            ResourceArn::Channel(arn) => arn.account,
        }
    }

    /// The resource's region.
    pub fn region(&self) -> &Region {
        match self {
            ResourceArn::Stream(arn) => &arn.region,
            ResourceArn::Consumer(arn) => &arn.stream.region,
            ResourceArn::Queue(arn) => &arn.region,
            ResourceArn::Channel(arn) => &arn.region,
        }
    }
}

/// Region, account and resource of an ARN of this service whose partition is its region's.
fn parts_of(text: &str) -> Result<(Region, AccountId, &str), ArnError> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts[..] else {
        return Err(ArnError::Malformed);
    };
    if arn != "arn" || service != "kinesis" {
        return Err(ArnError::Malformed);
    }
    let region: Region = region.parse().map_err(|_| ArnError::Malformed)?;
    let account = account.parse().map_err(|_| ArnError::Malformed)?;
    if partition != region.partition() {
        return Err(ArnError::WrongPartition);
    }
    Ok((region, account, resource))
}

impl FromStr for ResourceArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let (region, account, resource) = parts_of(text)?;
        let malformed = |_| ArnError::Malformed;
        let (kind, rest) = resource.split_once('/').ok_or(ArnError::Malformed)?;
        match kind {
            "queue" => {
                let id = rest.parse().map_err(malformed)?;
                Ok(ResourceArn::Queue(QueueArn { region, account, id }))
            }
            "channel" => {
                let id = rest.parse().map_err(malformed)?;
                Ok(ResourceArn::Channel(ChannelArn { region, account, id }))
            }
            "stream" => match rest.split_once('/') {
                None => {
                    let name = rest.parse().map_err(malformed)?;
                    Ok(ResourceArn::Stream(StreamArn { region, account, name }))
                }
                Some((name, consumer)) => {
                    let name = name.parse().map_err(malformed)?;
                    let stream = StreamArn { region, account, name };
                    consumer_of(stream, consumer).map(ResourceArn::Consumer)
                }
            },
            _ => Err(ArnError::Malformed),
        }
    }
}

/// `consumer/<name>:<second>` after the stream's ARN.
fn consumer_of(stream: StreamArn, rest: &str) -> Result<ConsumerArn, ArnError> {
    let named = rest.strip_prefix("consumer/").and_then(|rest| rest.split_once(':'));
    let (name, second) = named.ok_or(ArnError::Malformed)?;
    let name = name.parse().map_err(|_| ArnError::Malformed)?;
    // One way to write each ARN: neither a sign nor zeros in front.
    let plain = second.bytes().all(|b| b.is_ascii_digit()) && !second.starts_with('0');
    let parsed = second.parse().ok().filter(|_| plain || second == "0");
    let created_second: u64 = parsed.ok_or(ArnError::Malformed)?;
    if Millis::from_seconds(created_second).seconds() != created_second {
        return Err(ArnError::Malformed);
    }
    Ok(ConsumerArn { stream, name, created_second })
}

macro_rules! only_of_its_kind {
    ($type:ident, $variant:ident) => {
        impl FromStr for $type {
            type Err = ArnError;

            fn from_str(text: &str) -> Result<Self, ArnError> {
                match text.parse()? {
                    ResourceArn::$variant(arn) => Ok(arn),
                    _ => Err(ArnError::Malformed),
                }
            }
        }
    };
}

only_of_its_kind!(ConsumerArn, Consumer);
only_of_its_kind!(QueueArn, Queue);
only_of_its_kind!(ChannelArn, Channel);

impl fmt::Display for ConsumerArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/consumer/{}:{}", self.stream, self.name, self.created_second)
    }
}

impl fmt::Display for QueueArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let QueueArn { region, account, id } = self;
        write!(f, "arn:{}:kinesis:{region}:{account}:queue/{id}", region.partition())
    }
}

impl fmt::Display for ChannelArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ChannelArn { region, account, id } = self;
        write!(f, "arn:{}:kinesis:{region}:{account}:channel/{id}", region.partition())
    }
}

impl fmt::Display for ResourceArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResourceArn::Stream(arn) => arn.fmt(f),
            ResourceArn::Consumer(arn) => arn.fmt(f),
            ResourceArn::Queue(arn) => arn.fmt(f),
            ResourceArn::Channel(arn) => arn.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_every_kind_read_back_as_written() {
        for text in [
            "arn:aws:kinesis:us-east-1:000000000042:stream/a.b-c",
            "arn:aws-cn:kinesis:cn-north-1:000000000042:stream/a/consumer/b.c:1700000000",
            "arn:aws:kinesis:us-east-1:000000000042:stream/a/consumer/b:0",
            "arn:aws:kinesis:eu-west-1:123456789012:queue/0a-b",
            "arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:channel/abc0",
        ] {
            let arn: ResourceArn = text.parse().unwrap();
            assert_eq!(arn.to_string(), text);
            assert!(text.contains(arn.region().as_str()));
            assert!(text.contains(&arn.account().to_string()));
        }
    }

    #[test]
    fn one_kind_is_never_taken_for_another() {
        let consumer = "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:1";
        let queue = "arn:aws:kinesis:us-east-1:000000000000:queue/a";
        let channel = "arn:aws:kinesis:us-east-1:000000000000:channel/a";
        assert_eq!(consumer.parse::<ConsumerArn>().unwrap().to_string(), consumer);
        assert_eq!(queue.parse::<QueueArn>().unwrap().to_string(), queue);
        assert_eq!(channel.parse::<ChannelArn>().unwrap().to_string(), channel);
        assert_eq!(queue.parse::<ChannelArn>(), Err(ArnError::Malformed));
        assert_eq!(channel.parse::<QueueArn>(), Err(ArnError::Malformed));
        assert_eq!(channel.parse::<ConsumerArn>(), Err(ArnError::Malformed));
        assert_eq!(consumer.parse::<StreamArn>(), Err(ArnError::Malformed));
    }

    #[test]
    fn hostile_arns_are_refused() {
        for bad in [
            "",
            "arn:aws:kinesis:us-east-1:000000000000",
            "arn:aws:kinesis:us-east-1:000000000000:stream",
            "arn:aws:kinesis:us-east-1:000000000000:stream/",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a:b",
            "arn:aws:kinesis:us-east-1:000000000000:stream/*",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a/b",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:x",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:01",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:+1",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:1:2",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b/c:1",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/*:1",
            "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:99999999999999999999",
            "arn:aws:kinesis:us-east-1:000000000000:x/stream/a",
            "arn:aws:kinesis:us-east-1:000000000000:queue/a/b",
            "arn:aws:kinesis:us-east-1:000000000000:channel/A",
            "arn:aws:firehose:us-east-1:000000000000:stream/a",
            "arn:aws:kinesis:us-east-1:12:stream/a",
            "arn:aws:kinesis::000000000000:stream/a",
        ] {
            assert_eq!(bad.parse::<ResourceArn>(), Err(ArnError::Malformed), "{bad}");
        }
        let foreign = "arn:aws-cn:kinesis:us-east-1:000000000000:stream/a".parse::<ResourceArn>();
        assert_eq!(foreign, Err(ArnError::WrongPartition));
    }
}
