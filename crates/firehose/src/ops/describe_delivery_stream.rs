//! DescribeDeliveryStream.

use millstream_api::Error;
use millstream_api::firehose::{DescribeDeliveryStreamInput, DescribeDeliveryStreamOutput};
use millstream_catalog::DeliveryStream;
use millstream_streams::Caller;

use crate::configuration::Configuration;
use crate::describe::{DESTINATION_ID, delivery_stream, destination};
use crate::destinations::secret_of;
use crate::rates::Call;
use crate::service::Firehose;

impl Firehose {
    /// Describes a delivery stream. There is one destination, so `Limit` never cuts.
    pub async fn describe_delivery_stream(
        &self,
        caller: &Caller,
        input: DescribeDeliveryStreamInput,
    ) -> Result<DescribeDeliveryStreamOutput, Error> {
        let stream = self.resolve(caller, &input.delivery_stream_name).await?;
        caller.may("firehose:DescribeDeliveryStream", &stream.arn())?;
        self.admit_call(Call::Describe, caller)?;
        let after = input.exclusive_start_destination_id.as_deref();
        let destinations = match after.is_some_and(|after| after >= DESTINATION_ID) {
            true => Vec::new(),
            false => vec![destination(self.shown(&stream).await?)],
        };
        let delivery_stream_description = delivery_stream(&stream, destinations, false);
        Ok(DescribeDeliveryStreamOutput { delivery_stream_description })
    }

    /// The configuration as it is shown.
    async fn shown(&self, stream: &DeliveryStream) -> Result<Configuration, Error> {
        let mut configuration = Configuration::of_document(&stream.destination)?;
        if !configuration.shows_secret() {
            return Ok(configuration);
        }
        match secret_of(&self.vault, stream).await {
            Ok(secret) => configuration.restore_secret(secret),
            // All else can be described without it.
            Err(why) => {
                tracing::warn!(delivery_stream = %stream.name, ?why, "a token cannot be shown")
            }
        }
        Ok(configuration)
    }
}
