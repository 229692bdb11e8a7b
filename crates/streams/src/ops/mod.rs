//! The operations, a file for each.

mod acknowledge_queue_records;
mod create_queue;
mod create_stream;
mod delete_queue;
mod delete_stream;
mod describe_limits;
mod describe_queue;
mod describe_stream;
mod describe_stream_summary;
pub mod get_records;
mod get_shard_iterator;
mod list_queues;
mod list_shards;
mod list_streams;
mod put_record;
mod put_records;
mod receive_queue_records;
mod reshard;
mod restore_dead_letter_queue_records;
mod retention_period;
mod tags;
mod update_queue;
mod update_queue_records_visibility;
