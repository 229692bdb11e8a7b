//! The operations, a file for each.

mod account_settings;
mod channels;
mod create_stream;
mod delete_stream;
mod describe_limits;
mod describe_stream;
mod describe_stream_summary;
pub(crate) mod enhanced_monitoring;
pub mod get_records;
mod get_shard_iterator;
mod list_channels;
mod list_shards;
mod list_streams;
mod put_record;
mod put_records;
mod reshard;
mod resource_policy;
mod resource_tags;
mod retention_period;
mod stream_encryption;
mod tags;
mod update_max_record_size;
mod update_shard_count;
mod update_stream_mode;
mod update_stream_record_distribution_strategy;
mod update_stream_warm_throughput;
