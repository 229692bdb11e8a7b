//! SplitShard and MergeShards: shards are reserved, the stream is UPDATING; the lifecycle seals the parents and opens
//! the children.

use millstream_api::Error;
use millstream_api::ops::{MergeShardsInput, SplitShardInput};
use millstream_catalog::{Command, Reshard, Stream, StreamMode};
use millstream_types::{HashKey, ShardId};

use crate::caller::Caller;
use crate::errors::Refusal;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Splits a shard in two: the lower half of its hash keys goes to the child with the lower id.
    pub async fn split_shard(&self, caller: &Caller, input: SplitShardInput) -> Result<(), Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:SplitShard", &stream.arn())?;
        self.admit_call(Call::SplitShard, caller, Some(&stream))?;
        self.require_mode(&stream, StreamMode::Provisioned)?;
        self.require_active(&stream)?;
        let shard = shard_id(&stream, &input.shard_to_split)?;
        let key: HashKey = input.new_starting_hash_key.parse().map_err(|_| {
            Error::invalid_argument(format!(
                "NewStartingHashKey {} is not in the range: [0, 2^128-1].",
                input.new_starting_hash_key
            ))
        })?;
        self.reshard(&stream, Reshard::Split { shard: shard.0, new_start: key.0.to_be_bytes() })
            .await
    }

    /// Merges two shards that lie beside each other.
    pub async fn merge_shards(
        &self,
        caller: &Caller,
        input: MergeShardsInput,
    ) -> Result<(), Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:MergeShards", &stream.arn())?;
        self.admit_call(Call::MergeShards, caller, Some(&stream))?;
        self.require_mode(&stream, StreamMode::Provisioned)?;
        self.require_active(&stream)?;
        let shard = shard_id(&stream, &input.shard_to_merge)?;
        let adjacent = shard_id(&stream, &input.adjacent_shard_to_merge)?;
        self.reshard(&stream, Reshard::Merge { shard: shard.0, adjacent: adjacent.0 }).await
    }

    async fn reshard(&self, stream: &Stream, reshard: Reshard) -> Result<(), Error> {
        let (group, shards_max) = (stream.group.0, self.limits.shards_max);
        let command = Command::BeginReshard { group, reshard, at: self.now().0, shards_max };
        self.change(stream, &command).await?;
        Ok(())
    }
}

/// The number of a shard of the stream; whether it is open is for the catalog to say.
fn shard_id(stream: &Stream, id: &str) -> Result<ShardId, Refusal> {
    let parsed = id.parse().ok().filter(|id: &ShardId| (id.0 as usize) < stream.shards.len());
    parsed.ok_or_else(|| Refusal::shard_not_found(stream, id))
}
