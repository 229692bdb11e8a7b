//! What people ask of a delivery stream or a channel beside AWS's operations: seal and deliver now, and what went
//! wrong.

use std::sync::Arc;
use std::time::Duration;

use millstream_api::firehose::{
    DeliveryLogEvent, FlushDeliveryStreamInput, FlushDeliveryStreamOutput, GetDeliveryLogsInput,
    GetDeliveryLogsOutput,
};
use millstream_api::{Error, ErrorCode};
use millstream_catalog::{Channel, ChannelStatus};
use millstream_log::GroupId;
use millstream_streams::Caller;
use millstream_types::{ChannelName, ResourceArn};

use crate::errors::Refusal;
use crate::journal::Journal;
use crate::runtime::{Pipeline, PipelineError, PipelineStatus};
use crate::service::Firehose;

/// How long a flush is waited for, in seconds, if the request does not say.
const FLUSH_SECONDS: i32 = 60;
/// How many events are returned if the request does not say.
const EVENTS: i32 = 100;
/// What is said of a channel that has no logs.
const NEVER_DELIVERED: &str = "The channel was made by a release that did not deliver.";

impl From<PipelineError> for Error {
    fn from(error: PipelineError) -> Self {
        let code = match &error {
            PipelineError::Unknown | PipelineError::Failed(_) => {
                ErrorCode::ServiceUnavailableException
            }
            // Not one that clients try again by themselves.
            PipelineError::Late(_) => ErrorCode::ResourceInUseException,
            PipelineError::SourceDeleted(_) => ErrorCode::ResourceNotFoundException,
        };
        Error::new(code, error.to_string())
    }
}

impl Firehose {
    /// Seals what a delivery stream or channel has buffered and waits until it has arrived, or was finally refused.
    ///
    /// # Errors
    /// InvalidArgumentException unless one of the two is named; ResourceNotFoundException; ResourceInUseException if it
    /// is not done in time, with what is left; ResourceNotFoundException too once the stream that is the source was
    /// deleted.
    pub async fn flush_delivery_stream(
        &self,
        caller: &Caller,
        input: FlushDeliveryStreamInput,
    ) -> Result<FlushDeliveryStreamOutput, Error> {
        let named = (input.delivery_stream_name.as_deref(), input.channel.as_deref());
        let pipeline = self.at_work(self.named(caller, named).await?).await?;
        // The shape has refused what is less than one.
        let seconds = input.timeout_in_seconds.unwrap_or(FLUSH_SECONDS);
        let seconds = u64::try_from(seconds).unwrap_or(0);
        pipeline.flush(Duration::from_secs(seconds)).await?;
        Ok(FlushDeliveryStreamOutput {})
    }

    /// The last delivery errors of a delivery stream or channel, oldest first.
    ///
    /// # Errors
    /// InvalidArgumentException unless one of the two is named; ResourceNotFoundException.
    pub async fn get_delivery_logs(
        &self,
        caller: &Caller,
        input: GetDeliveryLogsInput,
    ) -> Result<GetDeliveryLogsOutput, Error> {
        let named = (input.delivery_stream_name.as_deref(), input.channel.as_deref());
        let limit = usize::try_from(input.limit.unwrap_or(EVENTS)).unwrap_or(0);
        let (logged, logging_enabled) = match self.named(caller, named).await? {
            // It does not deliver any more, and what it logged is there still.
            Named { group, failed: Some(_) } => {
                let journal = Journal::new(self.log.clone(), group);
                (journal.read(limit).await.map_err(PipelineError::Failed)?, None)
            }
            at_work => {
                let pipeline = self.at_work(at_work).await?;
                (pipeline.logs(limit).await?, Some(pipeline.is_logged()))
            }
        };
        let events = logged.into_iter().map(|logged| DeliveryLogEvent {
            timestamp: logged.at,
            log_group_name: logged.group,
            log_stream_name: logged.stream,
            message: logged.entry,
        });
        Ok(GetDeliveryLogsOutput { events: events.collect(), logging_enabled })
    }

    /// What a delivery stream is at.
    ///
    /// # Errors
    /// ResourceNotFoundException.
    pub async fn delivery_status(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<PipelineStatus, Error> {
        let named = self.named(caller, (Some(name), None)).await?;
        Ok(self.at_work(named).await?.status())
    }

    async fn at_work(&self, named: Named) -> Result<Arc<Pipeline>, Error> {
        if let Some(failed) = named.failed {
            return Err(Error::new(ErrorCode::ResourceInUseException, failed));
        }
        let pipeline = self.pipeline_of(named.group).await;
        pipeline.ok_or_else(|| Error::from(PipelineError::Unknown))
    }

    /// What a request names: a delivery stream by its name, or a channel.
    async fn named(
        &self,
        caller: &Caller,
        named: (Option<&str>, Option<&str>),
    ) -> Result<Named, Error> {
        match named {
            (Some(name), None) => {
                let stream = self.resolve(caller, name).await?;
                caller.may("firehose:DescribeDeliveryStream", &stream.arn())?;
                Ok(Named { group: stream.data_group, failed: None })
            }
            (None, Some(text)) => {
                let channel = self.resolve_channel(caller, text).await?;
                caller.may("kinesis:DescribeChannel", &channel.arn())?;
                let Some(groups) = channel.delivery else {
                    return Err(Error::new(ErrorCode::ResourceInUseException, NEVER_DELIVERED));
                };
                let failed = (channel.status == ChannelStatus::Failed).then(|| {
                    let reason = channel.reason.as_deref().unwrap_or("no reason is known");
                    format!("The channel {} has failed: {reason}", channel.name)
                });
                Ok(Named { group: GroupId(groups.data), failed })
            }
            (Some(_), Some(_)) | (None, None) => Err(Error::invalid_argument(
                "Either DeliveryStreamName or Channel must be specified, and not both.",
            )),
        }
    }

    /// The channel of the caller's account and region that has a name, an ARN or an id. A name comes before an id.
    async fn resolve_channel(&self, caller: &Caller, text: &str) -> Result<Arc<Channel>, Error> {
        let (account, region) = (caller.account, &caller.region);
        let id = match text.starts_with("arn:") {
            true => match text.parse() {
                Ok(ResourceArn::Channel(arn))
                    if arn.account == account && arn.region == *region =>
                {
                    Some(arn.id)
                }
                Ok(_) | Err(_) => {
                    return Err(Error::invalid_argument(format!(
                        "{text} is not the ARN of a channel of {account} in {region}."
                    )));
                }
            },
            false => text.parse().ok(),
        };
        let name: Option<ChannelName> = text.parse().ok();
        let find = || {
            self.catalog.read(|state| {
                let named = || state.channel_named(account, region, name.as_ref()?);
                let known = || {
                    let found = state.channel(id.as_ref()?)?;
                    (found.account == account && found.region == *region).then_some(found)
                };
                named().or_else(known).cloned()
            })
        };
        if let Some(channel) = find() {
            return Ok(channel);
        }
        self.catalog.barrier().await.map_err(Refusal::from)?;
        find().ok_or_else(|| {
            let text = format!("Channel {text} under account {account} not found.");
            Error::new(ErrorCode::ResourceNotFoundException, text)
        })
    }
}

/// What a request names.
struct Named {
    /// Its group of logs.
    group: GroupId,
    /// Why it does not deliver any more.
    failed: Option<String>,
}
