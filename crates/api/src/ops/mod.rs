//! Shapes of the operations, a file for each (or for a few that are one thing).

mod create_stream;
mod delete_stream;
mod describe_limits;
mod describe_stream;
mod describe_stream_summary;
mod get_records;
mod get_shard_iterator;
mod list_shards;
mod list_streams;
mod merge_shards;
mod put_record;
mod put_records;
mod retention_period;
mod split_shard;
mod tags;

pub use create_stream::*;
pub use delete_stream::*;
pub use describe_limits::*;
pub use describe_stream::*;
pub use describe_stream_summary::*;
pub use get_records::*;
pub use get_shard_iterator::*;
pub use list_shards::*;
pub use list_streams::*;
pub use merge_shards::*;
pub use put_record::*;
pub use put_records::*;
pub use retention_period::*;
pub use split_shard::*;
pub use tags::*;
