//! UpdateStreamRecordDistributionStrategy.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{RecordDistributionStrategy, STREAM_ARN, STREAM_ID};

record! {
    /// What UpdateStreamRecordDistributionStrategy takes.
    pub struct UpdateStreamRecordDistributionStrategyInput {
        /// The stream's ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
        /// Who chooses a record's shard.
        record_distribution_strategy: RecordDistributionStrategy = "RecordDistributionStrategy", required,
            RecordDistributionStrategy::SHAPE;
    }
}
