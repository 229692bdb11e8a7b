//! The service over the engine in memory, with a clock that stands still.
#![forbid(unsafe_code)]

mod control;
mod data_plane;
mod encryption;
mod harness;
mod key_service;
mod keys;
mod nonces;
mod queues;
mod shard_reader;
