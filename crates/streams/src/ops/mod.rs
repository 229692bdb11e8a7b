//! The operations, a file for each.

pub mod get_records;
mod get_shard_iterator;
mod put_record;
mod put_records;
