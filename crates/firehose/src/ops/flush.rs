//! What people ask of a delivery stream beside AWS's operations: seal and deliver now, and what went wrong.

use std::sync::Arc;
use std::time::Duration;

use millstream_api::{Error, ErrorCode};
use millstream_streams::Caller;

use crate::journal::Logged;
use crate::runtime::{Pipeline, PipelineError, PipelineStatus};
use crate::service::Firehose;

impl From<PipelineError> for Error {
    fn from(error: PipelineError) -> Self {
        Error::new(ErrorCode::ServiceUnavailableException, error.to_string())
    }
}

impl Firehose {
    /// Seals what a delivery stream has buffered and waits until it has arrived, or was finally refused: so long at
    /// most, in I/O time.
    ///
    /// # Errors
    /// As DescribeDeliveryStream; ServiceUnavailableException if it is not done in time, with what is left.
    pub async fn flush(&self, caller: &Caller, name: &str, limit: Duration) -> Result<(), Error> {
        Ok(self.at_work(caller, name).await?.flush(limit).await?)
    }

    /// The last delivery errors of a delivery stream, oldest first.
    ///
    /// # Errors
    /// As DescribeDeliveryStream.
    pub async fn delivery_logs(
        &self,
        caller: &Caller,
        name: &str,
        limit: usize,
    ) -> Result<Vec<Logged>, Error> {
        Ok(self.at_work(caller, name).await?.logs(limit).await?)
    }

    /// What a delivery stream is at.
    ///
    /// # Errors
    /// As DescribeDeliveryStream.
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
        let pipeline = self.pipelines.pipeline(stream.data_group);
        pipeline.ok_or_else(|| Error::from(PipelineError::Unknown))
    }
}
