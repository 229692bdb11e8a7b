//! DeleteStream: the stream is DELETING; the lifecycle deletes its logs and then it is gone.

use millstream_api::Error;
use millstream_api::ops::DeleteStreamInput;
use millstream_catalog::Command;

use crate::caller::Caller;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Deletes an ACTIVE stream with all its records; with its consumers only if `EnforceConsumerDeletion` says so.
    pub async fn delete_stream(
        &self,
        caller: &Caller,
        input: DeleteStreamInput,
    ) -> Result<(), Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:DeleteStream", &stream.arn())?;
        self.admit_call(Call::DeleteStream, caller, Some(&stream))?;
        let (group, at) = (stream.group.0, self.now().0);
        let command = if input.enforce_consumer_deletion == Some(true) {
            Command::DeleteStreamWithConsumers { group, at }
        } else {
            Command::DeleteStream { group, at }
        };
        self.change(&stream, &command).await?;
        Ok(())
    }
}
