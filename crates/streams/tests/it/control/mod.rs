//! The control plane of Data Streams over a log in memory and a clock that stands still.

mod capacity;
mod channels;
mod consumers;
mod create_and_delete;
mod describe_and_list;
mod fan_out;
mod fixture;
mod list_shards;
mod monitoring;
mod on_demand;
mod reshard;
mod resources;
mod settings;
