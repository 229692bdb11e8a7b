//! Which consumer a request means, how consumers are shown, and what the lifecycle does with them.

use std::sync::Arc;
use std::time::Duration;

use millstream_api::ops;
use millstream_catalog::{Consumer, ConsumerCommand, ConsumerStatus, Stream};
use millstream_types::{ConsumerArn, ConsumerName, Millis};

use crate::caller::Caller;
use crate::consumer_errors::ConsumerRefusal;
use crate::errors::Refusal;
use crate::service::Streams;

/// What a request names a consumer by.
pub(crate) struct ConsumerNamed<'a> {
    pub consumer_arn: Option<&'a str>,
    pub stream_arn: Option<&'a str>,
    pub name: Option<&'a str>,
}

impl Streams {
    /// The consumer that a request names by its ARN, or by its stream's ARN and its name; all that is given must agree
    /// (botocore, `DescribeStreamConsumer`). The patterns of the model are already checked.
    pub(crate) async fn resolve_consumer(
        &self,
        caller: &Caller,
        named: ConsumerNamed<'_>,
    ) -> Result<(Arc<Stream>, Consumer), Refusal> {
        let arn = named.consumer_arn.map(|text| parse_arn(caller, text)).transpose()?;
        let stream_of_arn = arn.as_ref().map(|arn| arn.stream.to_string());
        let stream_arn = match (named.stream_arn, &stream_of_arn) {
            (Some(given), Some(of_arn)) if given != of_arn => {
                return Err(ConsumerRefusal::NamesDisagree.into());
            }
            (Some(arn), _) => arn,
            (None, Some(arn)) => arn,
            (None, None) => return Err(ConsumerRefusal::NoneNamed.into()),
        };
        let name: Option<ConsumerName> = named
            .name
            .map(|name| name.parse().map_err(|_| Refusal::from(ConsumerRefusal::NoneNamed)))
            .transpose()?;
        let name = match (name, &arn) {
            (Some(name), Some(arn)) if name != arn.name => {
                return Err(ConsumerRefusal::NamesDisagree.into());
            }
            (Some(name), _) => name,
            (None, Some(arn)) => arn.name.clone(),
            (None, None) => return Err(ConsumerRefusal::NoneNamed.into()),
        };
        let stream = self.resolve(caller, None, Some(stream_arn)).await?;
        let second = arn.map(|arn| arn.created_second);
        if let Some(consumer) = find(&stream, &name, second) {
            return Ok((stream.clone(), consumer.clone()));
        }
        // "Not found" is said only after everything that others have written is known.
        self.catalog.barrier().await.map_err(|error| Refusal::Catalog(error.to_string()))?;
        let stream = self.resolve(caller, None, Some(stream_arn)).await?;
        match find(&stream, &name, second) {
            Some(consumer) => Ok((stream.clone(), consumer.clone())),
            None => {
                let (stream, account) = (stream.name.clone(), stream.account);
                Err(ConsumerRefusal::NotFound { consumer: name, stream, account }.into())
            }
        }
    }

    /// Finishes what is due of a stream's consumers, and says how long nothing more will be.
    pub(crate) async fn step_consumers(
        &self,
        stream: &Stream,
        now: Millis,
        delay: Duration,
    ) -> Result<Option<Duration>, Refusal> {
        let mut wait: Option<Duration> = None;
        for consumer in stream.consumers.iter() {
            let (group, name, at) = (stream.group.0, consumer.name.to_string(), now.0);
            let created_second = consumer.created_second;
            let command = match consumer.status {
                ConsumerStatus::Active => continue,
                ConsumerStatus::Creating => {
                    ConsumerCommand::Activate { group, name, created_second, at }.into()
                }
                ConsumerStatus::Deleting => {
                    ConsumerCommand::Remove { group, name, created_second, at }.into()
                }
            };
            let due = consumer.status_since.plus(delay);
            if now < due {
                let left = due.since(now);
                wait = Some(wait.map_or(left, |wait| wait.min(left)));
                continue;
            }
            self.change(stream, &command).await?;
            if consumer.status == ConsumerStatus::Deleting {
                self.fan_out.forget_consumer(stream.group, &consumer.name);
            }
        }
        Ok(wait)
    }
}

fn find<'a>(stream: &'a Stream, name: &ConsumerName, second: Option<u64>) -> Option<&'a Consumer> {
    let consumer = stream.consumers.get(name);
    consumer.filter(|consumer| second.is_none_or(|second| consumer.created_second == second))
}

/// A consumer's ARN in the caller's region and account.
fn parse_arn(caller: &Caller, text: &str) -> Result<ConsumerArn, Refusal> {
    let invalid = || Refusal::from(ConsumerRefusal::InvalidArn { arn: text.to_owned() });
    let arn: ConsumerArn = text.parse().map_err(|_| invalid())?;
    if arn.stream.region != caller.region {
        return Err(invalid());
    }
    if arn.stream.account != caller.account {
        return Err(Refusal::OtherAccount { arn: text.to_owned() });
    }
    Ok(arn)
}

/// A consumer's status as it is shown.
pub(crate) fn status_of(status: ConsumerStatus) -> ops::ConsumerStatus {
    match status {
        ConsumerStatus::Creating => ops::ConsumerStatus::Creating,
        ConsumerStatus::Active => ops::ConsumerStatus::Active,
        ConsumerStatus::Deleting => ops::ConsumerStatus::Deleting,
    }
}

/// A consumer as it is shown.
pub(crate) fn consumer_of(stream: &Stream, consumer: &Consumer) -> ops::Consumer {
    ops::Consumer {
        consumer_name: consumer.name.to_string(),
        consumer_arn: consumer.arn(stream).to_string(),
        consumer_status: status_of(consumer.status),
        consumer_creation_timestamp: Millis::from_seconds(consumer.created_second),
    }
}
