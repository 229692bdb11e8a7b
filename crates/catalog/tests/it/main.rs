//! The catalog as those who submit commands see it.
#![forbid(unsafe_code)]

mod delivery_streams;
mod encoding;
mod model;
mod properties;
mod queues;
mod shards;
mod snapshots;
mod world;
