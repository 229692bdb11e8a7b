//! ListShards.

use millstream_types::Millis;

use crate::record::{record, text_enum};
use crate::shape::Shape;
use crate::shapes::{
    NEXT_TOKEN, PAGE_LIMIT, SHARD_ID, SHARD_LIST, STREAM_ARN, STREAM_ID, STREAM_NAME, Shard,
};

text_enum! {
    /// Which shards a list holds.
    pub enum ShardFilterType {
        /// Those with a higher id than one.
        AfterShardId = "AFTER_SHARD_ID",
        /// Those that were open at the trim horizon.
        AtTrimHorizon = "AT_TRIM_HORIZON",
        /// All that are kept.
        FromTrimHorizon = "FROM_TRIM_HORIZON",
        /// Those that are open now.
        AtLatest = "AT_LATEST",
        /// Those that were open at a time.
        AtTimestamp = "AT_TIMESTAMP",
        /// Those that were open at a time or later.
        FromTimestamp = "FROM_TIMESTAMP",
    }
}

record! {
    /// Which shards to list.
    pub struct ShardFilter {
        /// The kind of filter.
        kind: ShardFilterType = "Type", required, ShardFilterType::SHAPE;
        /// For `AFTER_SHARD_ID`.
        shard_id: Option<String> = "ShardId", optional, Shape::Text(&SHARD_ID);
        /// For `AT_TIMESTAMP` and `FROM_TIMESTAMP`.
        timestamp: Option<Millis> = "Timestamp", optional, Shape::Timestamp;
    }
}

record! {
    /// What ListShards takes.
    pub struct ListShardsInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// Where an earlier page ended; excludes everything else but `MaxResults`.
        next_token: Option<String> = "NextToken", optional, Shape::Text(&NEXT_TOKEN);
        /// Shards after this one.
        exclusive_start_shard_id: Option<String> = "ExclusiveStartShardId", optional, Shape::Text(&SHARD_ID);
        /// How many; 1000 if absent or more.
        max_results: Option<i32> = "MaxResults", optional, PAGE_LIMIT;
        /// Tells streams of one name apart.
        stream_creation_timestamp: Option<Millis> = "StreamCreationTimestamp", optional, Shape::Timestamp;
        /// Which shards.
        shard_filter: Option<ShardFilter> = "ShardFilter", optional, Shape::Structure(ShardFilter::SHAPE);
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What ListShards returns.
    pub struct ListShardsOutput {
        /// A page of shards.
        shards: Option<Vec<Shard>> = "Shards", optional, Shape::List(&SHARD_LIST);
        /// Where the next page begins.
        next_token: Option<String> = "NextToken", optional, Shape::Text(&NEXT_TOKEN);
    }
}
