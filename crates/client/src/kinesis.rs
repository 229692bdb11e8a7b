//! The operations that people and programs use, with their pages joined and their replies owned.

use millstream_api::ops::{
    CreateStreamInput, DeleteStreamInput, DescribeStreamSummaryInput, DescribeStreamSummaryOutput,
    GetRecordsInput, GetRecordsOutput, GetShardIteratorInput, GetShardIteratorOutput,
    ListShardsInput, ListShardsOutput, ListStreamsInput, ListStreamsOutput, MergeShardsInput,
    PutRecordsInput, PutRecordsOutput, ShardIteratorType, SplitShardInput,
    StreamDescriptionSummary, StreamSummary,
};
use millstream_api::shapes::Shard;
use millstream_types::Millis;
use millstream_wire::{Protocol, decode_output, encode};

use crate::limits::PAGES_MAX;
use crate::{Client, Error};

/// A stream by its name or its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTarget {
    name: Option<String>,
    arn: Option<String>,
}

impl StreamTarget {
    /// What begins with `arn:` is an ARN.
    pub fn new(text: &str) -> Self {
        let own = text.to_owned();
        if text.starts_with("arn:") {
            StreamTarget { name: None, arn: Some(own) }
        } else {
            StreamTarget { name: Some(own), arn: None }
        }
    }

    /// The name or the ARN, as it was given.
    pub fn as_str(&self) -> &str {
        self.name.as_deref().or(self.arn.as_deref()).unwrap_or_default()
    }

    /// The name, if it was given by its name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The ARN, if it was given by its ARN.
    pub fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRecord {
    /// Its number.
    pub sequence_number: String,
    /// When it arrived.
    pub arrival: Option<Millis>,
    /// The key it was put with.
    pub partition_key: String,
    /// What was put.
    pub data: Vec<u8>,
}

/// What GetRecords returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadReply {
    /// The records, in order.
    pub records: Vec<ReadRecord>,
    /// Where to read on; none at the end of a closed shard.
    pub next: Option<String>,
    /// How far behind the tip the reply is, in milliseconds.
    pub millis_behind_latest: Option<i64>,
    /// The shards that follow, at the end of a closed shard, with their parents.
    pub children: Vec<(String, Vec<String>)>,
}

impl Client {
    /// All streams.
    pub async fn list_streams(&self) -> Result<Vec<StreamListed>, Error> {
        let operation = "ListStreams";
        let mut streams = Vec::new();
        let mut input =
            ListStreamsInput { limit: None, exclusive_start_stream_name: None, next_token: None };
        for _ in 0..PAGES_MAX {
            let page: ListStreamsOutput = self.call(operation, &input).await?;
            let mut summaries = page.stream_summaries.unwrap_or_default();
            let last = page.stream_names.last().cloned();
            // Endpoints that are not AWS's may give names alone.
            streams.extend(page.stream_names.into_iter().map(|name| {
                let at = summaries.iter().position(|summary| summary.stream_name == name);
                StreamListed { summary: at.map(|at| summaries.swap_remove(at)), name }
            }));
            if !page.has_more_streams {
                return Ok(streams);
            }
            input.exclusive_start_stream_name = last.filter(|_| page.next_token.is_none());
            input.next_token = page.next_token;
        }
        Err(endless(operation))
    }

    /// A stream without its shards.
    pub async fn describe(&self, stream: &StreamTarget) -> Result<StreamDescriptionSummary, Error> {
        let input = DescribeStreamSummaryInput {
            stream_name: stream.name.clone(),
            stream_arn: stream.arn.clone(),
            stream_id: None,
        };
        let output: DescribeStreamSummaryOutput =
            self.call("DescribeStreamSummary", &input).await?;
        Ok(output.stream_description_summary)
    }

    /// All shards that are kept, open and closed.
    pub async fn list_shards(&self, stream: &StreamTarget) -> Result<Vec<Shard>, Error> {
        let operation = "ListShards";
        let mut shards = Vec::new();
        let mut input = ListShardsInput {
            stream_name: stream.name.clone(),
            next_token: None,
            exclusive_start_shard_id: None,
            max_results: None,
            stream_creation_timestamp: None,
            shard_filter: None,
            stream_arn: stream.arn.clone(),
            stream_id: None,
        };
        for _ in 0..PAGES_MAX {
            let page: ListShardsOutput = self.call(operation, &input).await?;
            shards.extend(page.shards.unwrap_or_default());
            if page.next_token.is_none() {
                return Ok(shards);
            }
            // A token names the stream, and excludes its name.
            input.stream_name = None;
            input.next_token = page.next_token;
        }
        Err(endless(operation))
    }

    /// Makes a stream.
    pub async fn create_stream(&self, input: &CreateStreamInput) -> Result<(), Error> {
        self.tell("CreateStream", input).await
    }

    /// Deletes a stream; with its registered consumers, if that is asked for.
    pub async fn delete_stream(
        &self,
        stream: &StreamTarget,
        with_consumers: bool,
    ) -> Result<(), Error> {
        let input = DeleteStreamInput {
            stream_name: stream.name.clone(),
            enforce_consumer_deletion: with_consumers.then_some(true),
            stream_arn: stream.arn.clone(),
            stream_id: None,
        };
        self.tell("DeleteStream", &input).await
    }

    /// Splits a shard.
    pub async fn split_shard(
        &self,
        stream: &StreamTarget,
        shard: &str,
        new_starting_hash_key: &str,
    ) -> Result<(), Error> {
        let input = SplitShardInput {
            stream_name: stream.name.clone(),
            shard_to_split: shard.to_owned(),
            new_starting_hash_key: new_starting_hash_key.to_owned(),
            stream_arn: stream.arn.clone(),
            stream_id: None,
        };
        self.tell("SplitShard", &input).await
    }

    /// Merges two shards that lie side by side.
    pub async fn merge_shards(
        &self,
        stream: &StreamTarget,
        shard: &str,
        adjacent: &str,
    ) -> Result<(), Error> {
        let input = MergeShardsInput {
            stream_name: stream.name.clone(),
            shard_to_merge: shard.to_owned(),
            adjacent_shard_to_merge: adjacent.to_owned(),
            stream_arn: stream.arn.clone(),
            stream_id: None,
        };
        self.tell("MergeShards", &input).await
    }

    /// Puts records; single ones may fail while the call succeeds.
    pub async fn put_records(
        &self,
        input: &PutRecordsInput<'_>,
    ) -> Result<PutRecordsOutput, Error> {
        let operation = "PutRecords";
        let output: PutRecordsOutput = self.call(operation, input).await?;
        if output.records.len() != input.records.len() {
            let reason =
                format!("{} results for {} records", output.records.len(), input.records.len());
            return Err(Error::Reply { operation, reason });
        }
        Ok(output)
    }

    /// Where to read a shard from.
    pub async fn shard_iterator(
        &self,
        stream: &StreamTarget,
        shard: &str,
        kind: ShardIteratorType,
        sequence_number: Option<&str>,
        timestamp: Option<Millis>,
    ) -> Result<String, Error> {
        let operation = "GetShardIterator";
        let input = GetShardIteratorInput {
            stream_name: stream.name.clone(),
            shard_id: shard.to_owned(),
            shard_iterator_type: kind,
            starting_sequence_number: sequence_number.map(str::to_owned),
            timestamp,
            stream_arn: stream.arn.clone(),
            stream_id: None,
            dry_run: None,
        };
        let output: GetShardIteratorOutput = self.call(operation, &input).await?;
        let missing = || Error::Reply { operation, reason: "it has no iterator".to_owned() };
        output.shard_iterator.ok_or_else(missing)
    }

    /// Reads records.
    pub async fn get_records(
        &self,
        iterator: &str,
        limit: Option<i32>,
    ) -> Result<ReadReply, Error> {
        let operation = "GetRecords";
        let input = GetRecordsInput {
            shard_iterator: iterator.to_owned(),
            limit,
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        let body = self.send(operation, encode(Protocol::Json, &input).into()).await?;
        let fault = |reason: String| Error::Reply { operation, reason };
        let output: GetRecordsOutput<'_> = decode_output(Protocol::Json, &body)
            .map_err(|error| fault(error.message.into_owned()))?;
        let owned = |record: millstream_api::ops::Record<'_>| {
            Ok(ReadRecord {
                sequence_number: record.sequence_number.into_owned(),
                arrival: record.approximate_arrival_timestamp,
                partition_key: record.partition_key.unwrap_or_default().into_owned(),
                data: record.data.to_vec().map_err(|_| fault("data that is no base64".into()))?,
            })
        };
        let children = output.child_shards.unwrap_or_default();
        Ok(ReadReply {
            records: output.records.into_iter().map(owned).collect::<Result<_, Error>>()?,
            next: output.next_shard_iterator,
            millis_behind_latest: output.millis_behind_latest,
            children: children.into_iter().map(|c| (c.shard_id, c.parent_shards)).collect(),
        })
    }
}

/// A stream in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamListed {
    /// Its name.
    pub name: String,
    /// More about it, if the endpoint says more.
    pub summary: Option<StreamSummary>,
}

fn endless(operation: &'static str) -> Error {
    Error::Reply { operation, reason: format!("more than {PAGES_MAX} pages") }
}
