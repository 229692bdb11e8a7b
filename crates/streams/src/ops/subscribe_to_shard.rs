//! SubscribeToShard: a consumer is sent what arrives in a shard, for five minutes.

use std::sync::Arc;

use millstream_api::Error;
use millstream_api::ops::SubscribeToShardInput;
use millstream_catalog::{Consumer, ConsumerStatus, Shard, Stream, StreamStatus};

use crate::caller::Caller;
use crate::consumer_errors::{ConsumerRefusal, SubscriptionName};
use crate::consumers::ConsumerNamed;
use crate::errors::Refusal;
use crate::fan_out::{EventEncoder, FeedStart, Subscription};
use crate::ops::get_shard_iterator::{Asker, Start, listed_shard};
use crate::service::Streams;

impl Streams {
    /// Subscribes a consumer to a shard. What it is sent is encoded by `encoder`.
    pub async fn subscribe_to_shard(
        self: &Arc<Self>,
        caller: &Caller,
        input: SubscribeToShardInput,
        encoder: Arc<dyn EventEncoder>,
    ) -> Result<Subscription, Error> {
        let named =
            ConsumerNamed { consumer_arn: Some(&input.consumer_arn), stream_arn: None, name: None };
        let (stream, consumer) = self.resolve_consumer(caller, named).await?;
        caller.may("kinesis:SubscribeToShard", &consumer.arn(&stream))?;
        require_active(&stream, &consumer)?;
        let shard = listed_shard(&stream, &input.shard_id)?;
        let position = &input.starting_position;
        let number = position.sequence_number.as_deref();
        let start = Start::of(Asker::SubscribeToShard, position.kind, number, position.timestamp)?;
        let dry_run = input.dry_run == Some(true);
        if !dry_run {
            self.admit_subscription(&stream, shard, &consumer)?;
        }
        let now = self.now();
        let position = self.position_of(&stream, shard, start, now).await?;
        if dry_run {
            self.may_begin_feed(&stream, shard, &consumer, now)?;
            return Err(Refusal::DryRun.into());
        }
        let (stream, consumer) = (&*stream, &consumer);
        Ok(self.begin_feed(FeedStart { stream, shard, consumer, position, encoder, now })?)
    }

    /// botocore, `SubscribeToShard`: one call a second for each consumer and shard.
    fn admit_subscription(
        &self,
        stream: &Stream,
        shard: &Shard,
        consumer: &Consumer,
    ) -> Result<(), Refusal> {
        if self.admit_subscribe_call(stream, shard.id, &consumer.name) {
            return Ok(());
        }
        self.fan_out.counters_of(stream, consumer).subscribe_rate_exceeded.add(1);
        Err(ConsumerRefusal::SubscriptionRate(SubscriptionName {
            account: stream.account,
            stream: stream.name.clone(),
            shard: shard.id,
            consumer: consumer.name.clone(),
        })
        .into())
    }
}

fn require_active(stream: &Stream, consumer: &Consumer) -> Result<(), Refusal> {
    let (name, account) = (stream.name.clone(), stream.account);
    if stream.status == StreamStatus::Deleting {
        return Err(Refusal::StreamNotFound { name, account, elsewhere: vec![] });
    }
    match consumer.status {
        ConsumerStatus::Active => Ok(()),
        ConsumerStatus::Creating | ConsumerStatus::Deleting => {
            let (consumer, created_second) = (consumer.name.clone(), consumer.created_second);
            Err(ConsumerRefusal::NotActive { consumer, created_second, stream: name, account }
                .into())
        }
    }
}
