//! The registration of Firehose's operations.

use std::sync::Arc;

use hyper::Response;
use millstream_api::Error;
use millstream_firehose::Firehose;
use tokio::time::Instant;

use crate::body::ReplyBody;
use crate::dispatch::{Call, Output, Structure, not_registered};

impl Call<'_> {
    /// Runs an operation of Firehose.
    pub(crate) async fn run_firehose(&mut self, name: &str) -> Result<Response<ReplyBody>, Error> {
        let firehose = self.firehose;
        match name {
            "PutRecordBatch" => self.put_record_batch(firehose).await,
            "PutRecord" => self.put_delivery_record(firehose).await,
            // Boxed, so that the requests above are not as large as the largest of these.
            _ => {
                let began = Instant::now();
                let answer = Box::pin(self.run_other_firehose(firehose, name)).await;
                firehose.count_call(name, began.elapsed());
                answer
            }
        }
    }

    async fn run_other_firehose(
        &mut self,
        f: &Firehose,
        name: &str,
    ) -> Result<Response<ReplyBody>, Error> {
        let c = self.caller;
        match name {
            "CreateDeliveryStream" => self.call(|i| f.create_delivery_stream(c, i)).await,
            "DeleteDeliveryStream" => self.call(|i| f.delete_delivery_stream(c, i)).await,
            "DescribeDeliveryStream" => self.call(|i| f.describe_delivery_stream(c, i)).await,
            "ListDeliveryStreams" => self.call(|i| f.list_delivery_streams(c, i)).await,
            "UpdateDestination" => self.call(|i| f.update_destination(c, i)).await,
            "StartDeliveryStreamEncryption" => {
                self.call(|i| f.start_delivery_stream_encryption(c, i)).await
            }
            "StopDeliveryStreamEncryption" => {
                self.call(|i| f.stop_delivery_stream_encryption(c, i)).await
            }
            "TagDeliveryStream" => self.call(|i| f.tag_delivery_stream(c, i)).await,
            "UntagDeliveryStream" => self.call(|i| f.untag_delivery_stream(c, i)).await,
            "ListTagsForDeliveryStream" => {
                self.call(|i| f.list_tags_for_delivery_stream(c, i)).await
            }
            _ => Err(not_registered()),
        }
    }

    /// Runs an operation that Millstream adds to Firehose's.
    pub(crate) async fn run_firehose_own(
        &mut self,
        name: &str,
    ) -> Result<Response<ReplyBody>, Error> {
        let (c, f) = (self.caller, self.firehose);
        match name {
            "FlushDeliveryStream" => self.call(|i| f.flush_delivery_stream(c, i)).await,
            "GetDeliveryLogs" => self.call(|i| f.get_delivery_logs(c, i)).await,
            _ => Err(not_registered()),
        }
    }

    async fn put_record_batch(
        &mut self,
        firehose: &Arc<Firehose>,
    ) -> Result<Response<ReplyBody>, Error> {
        let input =
            millstream_wire::decode_put_record_batch(self.protocol, self.body, &mut self.unknown)?;
        let output = firehose.put_record_batch(self.caller, input).await?;
        Ok(self.ok(ReplyBody::whole(output.encode(self.protocol))))
    }

    async fn put_delivery_record(
        &mut self,
        firehose: &Arc<Firehose>,
    ) -> Result<Response<ReplyBody>, Error> {
        let input =
            millstream_wire::decode_delivery_record(self.protocol, self.body, &mut self.unknown)?;
        let output = firehose.put_record(self.caller, input).await?;
        Ok(self.ok(ReplyBody::whole(output.encode(self.protocol))))
    }
}

macro_rules! structures {
    ($($name:ident),* $(,)?) => { $(impl Structure for millstream_api::firehose::$name {})* };
}

structures! {
    FlushDeliveryStreamOutput, GetDeliveryLogsOutput,
    CreateDeliveryStreamOutput, DeleteDeliveryStreamOutput, DescribeDeliveryStreamOutput,
    ListDeliveryStreamsOutput, ListTagsForDeliveryStreamOutput, PutRecordBatchOutput, PutRecordOutput,
    StartDeliveryStreamEncryptionOutput, StopDeliveryStreamEncryptionOutput, TagDeliveryStreamOutput,
    UntagDeliveryStreamOutput, UpdateDestinationOutput,
}
