//! DescribeStreamConsumer: a consumer and its stream.

use millstream_api::Error;
use millstream_api::ops::{
    ConsumerDescription, DescribeStreamConsumerInput, DescribeStreamConsumerOutput,
};

use crate::caller::Caller;
use crate::consumers::{ConsumerNamed, consumer_of};
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Describes a consumer.
    pub async fn describe_stream_consumer(
        &self,
        caller: &Caller,
        input: DescribeStreamConsumerInput,
    ) -> Result<DescribeStreamConsumerOutput, Error> {
        let named = ConsumerNamed {
            consumer_arn: input.consumer_arn.as_deref(),
            stream_arn: input.stream_arn.as_deref(),
            name: input.consumer_name.as_deref(),
        };
        let (stream, consumer) = self.resolve_consumer(caller, named).await?;
        match input.consumer_arn {
            Some(_) => caller.may("kinesis:DescribeStreamConsumer", &consumer.arn(&stream))?,
            None => caller.may("kinesis:DescribeStreamConsumer", &stream.arn())?,
        }
        self.admit_call_on(Call::DescribeStreamConsumer, caller, &stream)?;
        let shown = consumer_of(&stream, &consumer);
        Ok(DescribeStreamConsumerOutput {
            consumer_description: ConsumerDescription {
                consumer_name: shown.consumer_name,
                consumer_arn: shown.consumer_arn,
                consumer_status: shown.consumer_status,
                consumer_creation_timestamp: shown.consumer_creation_timestamp,
                stream_arn: stream.arn().to_string(),
            },
        })
    }
}
