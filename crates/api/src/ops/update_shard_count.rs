//! UpdateShardCount.

use crate::record::{record, text_enum};
use crate::shape::Shape;
use crate::shapes::{POSITIVE_INTEGER, STREAM_ARN, STREAM_ID, STREAM_NAME};

text_enum! {
    /// How shards are changed.
    pub enum ScalingType {
        /// Into shards of equal size.
        UniformScaling = "UNIFORM_SCALING",
    }
}

record! {
    /// What UpdateShardCount takes.
    pub struct UpdateShardCountInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// How many shards there are to be.
        target_shard_count: i32 = "TargetShardCount", required, POSITIVE_INTEGER;
        /// How shards are changed.
        scaling_type: ScalingType = "ScalingType", required, ScalingType::SHAPE;
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What UpdateShardCount returns.
    pub struct UpdateShardCountOutput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// How many shards there were before.
        current_shard_count: Option<i32> = "CurrentShardCount", optional, POSITIVE_INTEGER;
        /// How many shards there are to be.
        target_shard_count: Option<i32> = "TargetShardCount", optional, POSITIVE_INTEGER;
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
    }
}
