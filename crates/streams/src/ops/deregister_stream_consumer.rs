//! DeregisterStreamConsumer: the consumer is DELETING, its subscriptions end, and then it is gone.

use millstream_api::Error;
use millstream_api::ops::DeregisterStreamConsumerInput;
use millstream_catalog::ConsumerCommand;

use crate::caller::Caller;
use crate::consumers::ConsumerNamed;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Deregisters a consumer. One that is DELETING already stays so.
    pub async fn deregister_stream_consumer(
        &self,
        caller: &Caller,
        input: DeregisterStreamConsumerInput,
    ) -> Result<(), Error> {
        let named = ConsumerNamed {
            consumer_arn: input.consumer_arn.as_deref(),
            stream_arn: input.stream_arn.as_deref(),
            name: input.consumer_name.as_deref(),
        };
        let (stream, consumer) = self.resolve_consumer(caller, named).await?;
        match input.consumer_arn {
            Some(_) => caller.may("kinesis:DeregisterStreamConsumer", &consumer.arn(&stream))?,
            None => caller.may("kinesis:DeregisterStreamConsumer", &stream.arn())?,
        }
        self.admit_call_on(Call::DeregisterStreamConsumer, caller, &stream)?;
        let command = ConsumerCommand::Deregister {
            group: stream.group.0,
            name: consumer.name.to_string(),
            created_second: consumer.created_second,
            at: self.now().0,
        }
        .into();
        self.change(&stream, &command).await?;
        Ok(())
    }
}
