//! The operations, a file for each.

mod create_stream;
mod delete_stream;
mod deregister_stream_consumer;
mod describe_limits;
mod describe_stream;
mod describe_stream_consumer;
mod describe_stream_summary;
pub mod get_records;
pub(crate) mod get_shard_iterator;
mod list_shards;
mod list_stream_consumers;
mod list_streams;
mod put_record;
mod put_records;
mod register_stream_consumer;
mod reshard;
mod retention_period;
mod subscribe_to_shard;
mod tags;
