//! DescribeDeliveryStream.

use millstream_api::Error;
use millstream_api::firehose::{DescribeDeliveryStreamInput, DescribeDeliveryStreamOutput};
use millstream_streams::Caller;

use crate::configuration::Configuration;
use crate::describe::{DESTINATION_ID, delivery_stream, destination};
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
            false => vec![destination(Configuration::of_document(&stream.destination)?)],
        };
        let delivery_stream_description = delivery_stream(&stream, destinations, false);
        Ok(DescribeDeliveryStreamOutput { delivery_stream_description })
    }
}
