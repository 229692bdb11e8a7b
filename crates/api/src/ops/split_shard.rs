//! SplitShard.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{HASH_KEY, SHARD_ID, STREAM_ARN, STREAM_ID, STREAM_NAME};

record! {
    /// What SplitShard takes.
    pub struct SplitShardInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// The shard to split.
        shard_to_split: String = "ShardToSplit", required, Shape::Text(&SHARD_ID);
        /// Where the upper child begins.
        new_starting_hash_key: String = "NewStartingHashKey", required, Shape::Text(&HASH_KEY);
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}
