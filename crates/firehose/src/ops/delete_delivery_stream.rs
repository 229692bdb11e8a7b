//! DeleteDeliveryStream: DELETING at once; the lifecycle removes it with all that is undelivered.

use millstream_api::Error;
use millstream_api::firehose::{DeleteDeliveryStreamInput, DeleteDeliveryStreamOutput};
use millstream_catalog::DeliveryStreamCommand;
use millstream_streams::Caller;

use crate::rates::Call;
use crate::service::Firehose;

impl Firehose {
    /// Deletes a delivery stream, unless it is CREATING.
    ///
    /// `AllowForceDelete` asks to delete even where a grant on the master key cannot be given back; no grants are taken
    /// here, so that a deletion never depends on one, with or without it.
    pub async fn delete_delivery_stream(
        &self,
        caller: &Caller,
        input: DeleteDeliveryStreamInput,
    ) -> Result<DeleteDeliveryStreamOutput, Error> {
        let stream = self.resolve(caller, &input.delivery_stream_name).await?;
        caller.may("firehose:DeleteDeliveryStream", &stream.arn())?;
        self.admit_call(Call::Delete, caller)?;
        let (group, at) = (stream.data_group.0, self.now().0);
        let delete = DeliveryStreamCommand::Delete { group, at };
        self.change(&stream.name, stream.account, delete).await?;
        Ok(DeleteDeliveryStreamOutput {})
    }
}
