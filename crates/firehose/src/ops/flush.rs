//! What people ask of a delivery stream beside AWS's operations: seal and deliver now, and what went wrong.

use std::sync::Arc;
use std::time::Duration;

use millstream_api::firehose::{
    DeliveryLogEvent, FlushDeliveryStreamInput, FlushDeliveryStreamOutput, GetDeliveryLogsInput,
    GetDeliveryLogsOutput,
};
use millstream_api::{Error, ErrorCode};
use millstream_streams::Caller;

use crate::runtime::{Pipeline, PipelineError, PipelineStatus};
use crate::service::Firehose;

/// How long a flush is waited for, in seconds, if the request does not say.
const FLUSH_SECONDS: i32 = 60;
/// How many events are returned if the request does not say.
const EVENTS: i32 = 100;

impl From<PipelineError> for Error {
    fn from(error: PipelineError) -> Self {
        let code = match &error {
            PipelineError::Unknown | PipelineError::Failed(_) => {
                ErrorCode::ServiceUnavailableException
            }
            // Not one that clients try again by themselves.
            PipelineError::Late(_) => ErrorCode::ResourceInUseException,
        };
        Error::new(code, error.to_string())
    }
}

impl Firehose {
    /// Seals what a delivery stream has buffered and waits until it has arrived, or was finally refused.
    ///
    /// # Errors
    /// ResourceNotFoundException; ResourceInUseException if it is not done in time, with what is left.
    pub async fn flush_delivery_stream(
        &self,
        caller: &Caller,
        input: FlushDeliveryStreamInput,
    ) -> Result<FlushDeliveryStreamOutput, Error> {
        let pipeline = self.at_work(caller, &input.delivery_stream_name).await?;
        // The shape has refused what is less than one.
        let seconds = input.timeout_in_seconds.unwrap_or(FLUSH_SECONDS);
        let seconds = u64::try_from(seconds).unwrap_or(0);
        pipeline.flush(Duration::from_secs(seconds)).await?;
        Ok(FlushDeliveryStreamOutput {})
    }

    /// The last delivery errors of a delivery stream, oldest first.
    ///
    /// # Errors
    /// ResourceNotFoundException.
    pub async fn get_delivery_logs(
        &self,
        caller: &Caller,
        input: GetDeliveryLogsInput,
    ) -> Result<GetDeliveryLogsOutput, Error> {
        let pipeline = self.at_work(caller, &input.delivery_stream_name).await?;
        let limit = usize::try_from(input.limit.unwrap_or(EVENTS)).unwrap_or(0);
        let events = pipeline.logs(limit).await?.into_iter().map(|logged| DeliveryLogEvent {
            timestamp: logged.at,
            log_group_name: logged.group,
            log_stream_name: logged.stream,
            message: logged.entry,
        });
        Ok(GetDeliveryLogsOutput { events: events.collect() })
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
        Ok(self.at_work(caller, name).await?.status())
    }

    async fn at_work(&self, caller: &Caller, name: &str) -> Result<Arc<Pipeline>, Error> {
        let stream = self.resolve(caller, name).await?;
        caller.may("firehose:DescribeDeliveryStream", &stream.arn())?;
        let pipeline = self.pipeline_of(&stream).await;
        pipeline.ok_or_else(|| Error::from(PipelineError::Unknown))
    }
}
