//! From an operation's name to the service's method and back: the registration of Data Streams' operations.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use millstream_api::{Error, ErrorCode, Operation, Record, Service, Wire};
use millstream_firehose::Firehose;
use millstream_streams::{Caller, HeldQueueRecords, Streams};
use millstream_wire::{EVENT_STREAM_CONTENT_TYPE, Protocol, Unknown};
use tokio::sync::watch;

use crate::body::ReplyBody;
use crate::connection::Activity;
use crate::ids::RequestId;
use crate::push::{Events, PushEncoder};
use crate::reply;

/// The operation that a target names.
pub fn find(service: Service, name: &str) -> Result<&'static Operation, Error> {
    let unknown =
        || Error::new(ErrorCode::UnknownOperationException, "The operation is not known.");
    service.operation(name).ok_or_else(unknown)
}

pub(crate) fn not_registered() -> Error {
    Error::new(ErrorCode::InternalFailureException, "The operation is not registered.")
}

/// A request on its way to an operation.
pub struct Call<'a> {
    pub streams: &'a Arc<Streams>,
    /// None where the server has no Firehose.
    pub firehose: &'a Arc<Firehose>,
    pub caller: &'a Caller,
    pub protocol: Protocol,
    pub body: &'a [u8],
    pub id: &'a RequestId,
    /// Members that no model knows are noted here.
    pub unknown: Unknown,
    /// Turns true when the server stops: subscriptions end.
    pub stop: &'a watch::Receiver<bool>,
    /// How long a subscriber may not read.
    pub write_timeout: Duration,
    /// The connection's.
    pub activity: &'a Activity,
}

impl Call<'_> {
    /// Runs the operation.
    pub async fn run(&mut self, operation: &Operation) -> Result<Response<ReplyBody>, Error> {
        match operation.service {
            Service::Kinesis => self.run_kinesis(operation.name).await,
            Service::Firehose => self.run_firehose(operation.name).await,
            Service::FirehoseOwn => Box::pin(self.run_firehose_own(operation.name)).await,
        }
    }

    async fn run_kinesis(&mut self, name: &str) -> Result<Response<ReplyBody>, Error> {
        match name {
            "PutRecord" => self.put_record().await,
            "PutRecords" => self.put_records().await,
            "GetRecords" => self.get_records().await,
            // Boxed, so that the requests above are not as large as the largest of these.
            _ => Box::pin(self.run_other(name)).await,
        }
    }

    async fn run_other(&mut self, name: &str) -> Result<Response<ReplyBody>, Error> {
        let (s, c) = (self.streams, self.caller);
        match name {
            "GetShardIterator" => self.call(|i| s.get_shard_iterator(c, i)).await,
            "CreateStream" => self.call(|i| s.create_stream(c, i)).await,
            "DeleteStream" => self.call(|i| s.delete_stream(c, i)).await,
            "DescribeStream" => self.call(|i| s.describe_stream(c, i)).await,
            "DescribeStreamSummary" => self.call(|i| s.describe_stream_summary(c, i)).await,
            "DescribeLimits" => self.call(|i| s.describe_limits(c, i)).await,
            "ListStreams" => self.call(|i| s.list_streams(c, i)).await,
            "ListShards" => self.call(|i| s.list_shards(c, i)).await,
            "SplitShard" => self.call(|i| s.split_shard(c, i)).await,
            "MergeShards" => self.call(|i| s.merge_shards(c, i)).await,
            "IncreaseStreamRetentionPeriod" => {
                self.call(|i| s.increase_stream_retention_period(c, i)).await
            }
            "DecreaseStreamRetentionPeriod" => {
                self.call(|i| s.decrease_stream_retention_period(c, i)).await
            }
            "AddTagsToStream" => self.call(|i| s.add_tags_to_stream(c, i)).await,
            "RemoveTagsFromStream" => self.call(|i| s.remove_tags_from_stream(c, i)).await,
            "StartStreamEncryption" => self.call(|i| s.start_stream_encryption(c, i)).await,
            "StopStreamEncryption" => self.call(|i| s.stop_stream_encryption(c, i)).await,
            "RegisterStreamConsumer" => self.call(|i| s.register_stream_consumer(c, i)).await,
            "DeregisterStreamConsumer" => self.call(|i| s.deregister_stream_consumer(c, i)).await,
            "DescribeStreamConsumer" => self.call(|i| s.describe_stream_consumer(c, i)).await,
            "ListStreamConsumers" => self.call(|i| s.list_stream_consumers(c, i)).await,
            "SubscribeToShard" => self.subscribe_to_shard().await,
            "ListTagsForStream" => self.call(|i| s.list_tags_for_stream(c, i)).await,
            "UpdateShardCount" => self.call(|i| s.update_shard_count(c, i)).await,
            "UpdateStreamMode" => self.call(|i| s.update_stream_mode(c, i)).await,
            "UpdateStreamWarmThroughput" => {
                self.call(|i| s.update_stream_warm_throughput(c, i)).await
            }
            "UpdateStreamRecordDistributionStrategy" => {
                self.call(|i| s.update_stream_record_distribution_strategy(c, i)).await
            }
            "DescribeAccountSettings" => self.call(|i| s.describe_account_settings(c, i)).await,
            "UpdateAccountSettings" => self.call(|i| s.update_account_settings(c, i)).await,
            "EnableEnhancedMonitoring" => self.call(|i| s.enable_enhanced_monitoring(c, i)).await,
            "DisableEnhancedMonitoring" => self.call(|i| s.disable_enhanced_monitoring(c, i)).await,
            "UpdateMaxRecordSize" => self.call(|i| s.update_max_record_size(c, i)).await,
            "TagResource" => self.call(|i| s.tag_resource(c, i)).await,
            "UntagResource" => self.call(|i| s.untag_resource(c, i)).await,
            "ListTagsForResource" => self.call(|i| s.list_tags_for_resource(c, i)).await,
            "PutResourcePolicy" => self.call(|i| s.put_resource_policy(c, i)).await,
            "GetResourcePolicy" => self.call(|i| s.get_resource_policy(c, i)).await,
            "DeleteResourcePolicy" => self.call(|i| s.delete_resource_policy(c, i)).await,
            "CreateChannel" => self.call(|i| s.create_channel(c, i)).await,
            "DescribeChannel" => self.call(|i| s.describe_channel(c, i)).await,
            "ListChannels" => self.call(|i| s.list_channels(c, i)).await,
            "UpdateChannel" => self.call(|i| s.update_channel(c, i)).await,
            "DeleteChannel" => self.call(|i| s.delete_channel(c, i)).await,
            "CreateQueue" => self.call(|i| s.create_queue(c, i)).await,
            "DescribeQueue" => self.call(|i| s.describe_queue(c, i)).await,
            "ListQueues" => self.call(|i| s.list_queues(c, i)).await,
            "UpdateQueue" => self.call(|i| s.update_queue(c, i)).await,
            "DeleteQueue" => self.call(|i| s.delete_queue(c, i)).await,
            name if name.contains("QueueRecords") => self.queue_records(name).await,
            _ => Err(not_registered()),
        }
    }

    /// The operations on the records of queues.
    async fn queue_records(&mut self, name: &str) -> Result<Response<ReplyBody>, Error> {
        let (s, c) = (self.streams, self.caller);
        match name {
            "ReceiveQueueRecords" => self.receive(|i| s.receive_queue_records(c, i)).await,
            "ReceiveDeadLetterQueueRecords" => {
                self.receive(|i| s.receive_dead_letter_queue_records(c, i)).await
            }
            "AcknowledgeQueueRecords" => self.call(|i| s.acknowledge_queue_records(c, i)).await,
            "AcknowledgeDeadLetterQueueRecords" => {
                self.call(|i| s.acknowledge_dead_letter_queue_records(c, i)).await
            }
            "UpdateQueueRecordsVisibility" => {
                self.call(|i| s.update_queue_records_visibility(c, i)).await
            }
            "UpdateDeadLetterQueueRecordsVisibility" => {
                self.call(|i| s.update_dead_letter_queue_records_visibility(c, i)).await
            }
            "RestoreDeadLetterQueueRecords" => {
                self.call(|i| s.restore_dead_letter_queue_records(c, i)).await
            }
            _ => Err(not_registered()),
        }
    }

    /// Receives records and encodes them from the blocks as they were read. Whoever has ended its side meanwhile gets
    /// none: it may be dead, and they would be hidden from all others.
    async fn receive<I, F>(
        &mut self,
        method: impl FnOnce(I) -> F,
    ) -> Result<Response<ReplyBody>, Error>
    where
        I: for<'v> Record<'v>,
        F: Future<Output = Result<HeldQueueRecords, Error>>,
    {
        let input = millstream_wire::decode(self.protocol, self.body, &mut self.unknown)?;
        let received = tokio::select! {
            biased;
            () = self.activity.peer_gone() => return Ok(Response::new(ReplyBody::Cut)),
            received = method(input) => received?,
        };
        let body = millstream_wire::encode(self.protocol, &received.output());
        let HeldQueueRecords { held, delivery, .. } = received;
        Ok(self.ok(ReplyBody::received(body, held, delivery)))
    }

    /// Decodes a request, runs its method and encodes what that returns.
    pub(crate) async fn call<I, O, F>(
        &mut self,
        method: impl FnOnce(I) -> F,
    ) -> Result<Response<ReplyBody>, Error>
    where
        I: for<'v> Record<'v>,
        O: Output,
        F: Future<Output = Result<O, Error>>,
    {
        let input = millstream_wire::decode(self.protocol, self.body, &mut self.unknown)?;
        let output = method(input).await?;
        Ok(self.ok(ReplyBody::whole(output.encode(self.protocol))))
    }

    async fn put_records(&mut self) -> Result<Response<ReplyBody>, Error> {
        let input =
            millstream_wire::decode_put_records(self.protocol, self.body, &mut self.unknown)?;
        let output = self.streams.put_records(self.caller, input).await?;
        Ok(self.ok(ReplyBody::whole(millstream_wire::encode_put_records(self.protocol, &output))))
    }

    async fn put_record(&mut self) -> Result<Response<ReplyBody>, Error> {
        let input =
            millstream_wire::decode_put_record(self.protocol, self.body, &mut self.unknown)?;
        let output = self.streams.put_record(self.caller, input).await?;
        Ok(self.ok(ReplyBody::whole(millstream_wire::encode_put_record(
            self.protocol,
            output.shard,
            &output.sequence,
            output.encryption,
        ))))
    }

    async fn get_records(&mut self) -> Result<Response<ReplyBody>, Error> {
        let input = millstream_wire::decode(self.protocol, self.body, &mut self.unknown)?;
        let held = self.streams.get_records(self.caller, input).await?;
        let body = millstream_wire::GetRecordsBody::new(self.protocol, held.reply);
        Ok(self.ok(ReplyBody::records(body, held.held)))
    }

    async fn subscribe_to_shard(&mut self) -> Result<Response<ReplyBody>, Error> {
        let input = millstream_wire::decode(self.protocol, self.body, &mut self.unknown)?;
        let encoder = Arc::new(PushEncoder(self.protocol));
        let subscription = self.streams.subscribe_to_shard(self.caller, input, encoder).await?;
        let events = Events::new(subscription, self.stop.clone(), self.write_timeout);
        let mut response = self.ok(ReplyBody::Events(Box::new(events)));
        let content_type = HeaderValue::from_static(EVENT_STREAM_CONTENT_TYPE);
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        Ok(response)
    }

    pub(crate) fn ok(&self, body: ReplyBody) -> Response<ReplyBody> {
        reply::reply(self.protocol, StatusCode::OK, body, self.id)
    }
}

/// What an operation returns: a structure, or nothing where the model has no output.
pub(crate) trait Output {
    fn encode(&self, protocol: Protocol) -> Vec<u8>;
}

impl Output for () {
    fn encode(&self, _protocol: Protocol) -> Vec<u8> {
        Vec::new()
    }
}

impl<T: for<'v> Wire<'v> + Structure> Output for T {
    fn encode(&self, protocol: Protocol) -> Vec<u8> {
        millstream_wire::encode(protocol, self)
    }
}

/// Marks what is encoded as a structure; keeps `()` apart from the blanket implementation.
pub(crate) trait Structure {}

macro_rules! structures {
    ($($name:ident),* $(,)?) => { $(impl Structure for millstream_api::ops::$name {})* };
}

structures! {
    CreateChannelOutput, DescribeAccountSettingsOutput, DescribeChannelOutput, DescribeLimitsOutput,
    DescribeStreamConsumerOutput, DescribeStreamOutput, DescribeStreamSummaryOutput, EnhancedMonitoringOutput,
    GetResourcePolicyOutput, GetShardIteratorOutput, ListChannelsOutput, ListShardsOutput, ListStreamConsumersOutput,
    ListStreamsOutput, ListTagsForResourceOutput, ListTagsForStreamOutput, RegisterStreamConsumerOutput,
    UpdateAccountSettingsOutput, UpdateChannelOutput, UpdateShardCountOutput, UpdateStreamWarmThroughputOutput,
    CreateQueueOutput, DescribeQueueOutput, ListQueuesOutput, QueueRecordsOutcome, UpdateQueueOutput,
}
