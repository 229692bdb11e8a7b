//! The operations, a file for each.

mod create_stream;
mod delete_stream;
mod describe_limits;
mod describe_stream;
mod describe_stream_summary;
pub mod get_records;
mod get_shard_iterator;
mod list_shards;
mod list_streams;
mod put_record;
mod put_records;
mod reshard;
mod retention_period;
mod stream_encryption;
mod tags;
