//! SplitShard.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{HASH_KEY, SHARD_ID, STREAM_ARN, STREAM_ID, STREAM_ID_REFUSED, STREAM_NAME};

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
        /// Reserved by the service.
        stream_id: Option<String> = "StreamId", refused(STREAM_ID_REFUSED), Shape::Text(&STREAM_ID);
    }
}
