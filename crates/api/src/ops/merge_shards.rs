//! MergeShards.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{SHARD_ID, STREAM_ARN, STREAM_ID, STREAM_NAME};

record! {
    /// What MergeShards takes.
    pub struct MergeShardsInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// One shard.
        shard_to_merge: String = "ShardToMerge", required, Shape::Text(&SHARD_ID);
        /// The shard beside it.
        adjacent_shard_to_merge: String = "AdjacentShardToMerge", required, Shape::Text(&SHARD_ID);
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}
