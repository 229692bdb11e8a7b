//! RegisterStreamConsumer: the consumer is there, CREATING; the lifecycle makes it ACTIVE.

use millstream_api::Error;
use millstream_api::ops::{RegisterStreamConsumerInput, RegisterStreamConsumerOutput};
use millstream_catalog::ConsumerCommand;
use millstream_types::ConsumerName;

use crate::caller::Caller;
use crate::consumer_errors::ConsumerRefusal;
use crate::consumers::consumer_of;
use crate::errors::Refusal;
use crate::rates::Call;
use crate::service::Streams;
use crate::tags::check_tags;

impl Streams {
    /// Registers a consumer with a throughput of its own.
    pub async fn register_stream_consumer(
        &self,
        caller: &Caller,
        input: RegisterStreamConsumerInput,
    ) -> Result<RegisterStreamConsumerOutput, Error> {
        let stream = self.resolve(caller, None, Some(&input.stream_arn)).await?;
        caller.may("kinesis:RegisterStreamConsumer", &stream.arn())?;
        let tags = input.tags.unwrap_or_default();
        if !tags.is_empty() {
            caller.may("kinesis:TagResource", &stream.arn())?;
        }
        self.admit_call(Call::RegisterStreamConsumer, caller, Some(&stream))?;
        check_tags(&tags, self.limits.tags_max)?;
        // The model's pattern for names is the type's own.
        let name: ConsumerName =
            input.consumer_name.parse().map_err(|_| Refusal::from(ConsumerRefusal::NoneNamed))?;
        let command = ConsumerCommand::Register {
            group: stream.group.0,
            name: name.to_string(),
            tags,
            at: self.now().0,
            consumers_max: self.stream_readers_max(caller),
            creating_max: self.limits.creating_consumers_max,
        }
        .into();
        let stream = self.change(&stream, &command).await?;
        let consumer = stream
            .consumers
            .get(&name)
            .ok_or_else(|| Refusal::Catalog("the consumer is gone".into()))?;
        Ok(RegisterStreamConsumerOutput { consumer: consumer_of(&stream, consumer) })
    }
}
